import Diagnostics
import Engine
import HTTPCalls
import LocalOperations
import Ports
import WorkflowModel
import Yams

/// Reads the text of the file and gathers what is wrong with it.
struct ConfigurationReading {
    typealias Node = Yams.Node

    let file: String
    let lines: [Substring]
    private(set) var diagnostics: [Diagnostic] = []

    init(file: String, lines: [Substring]) {
        self.file = file
        self.lines = lines
    }

    private static let ownKeys = ["images", "retention", "http", "plugins"]

    mutating func settings(_ text: String) -> RunSettings {
        var settings = RunSettings()
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch {
            self.add("not-yaml", "", nil, "this is not YAML: \(error)")
            return settings
        }
        guard let root, root != Node("", Tag(.null)) else { return settings }
        guard let fields = root.mapping else {
            self.add("wrong-type", "", root, "the configuration is not a map", hint: "write 'images:' and the images below it")
            return settings
        }
        var policy: [RunPhase: Int] = [:]
        for (key, value) in fields {
            switch key.string {
            case "retentionPolicy": policy = self.retentionPolicy(value)
            case "images": settings.images = self.images(value)
            case "retention": settings.retention = self.retention(value)
            case "http": self.http(value, &settings.calls)
            case "plugins": settings.calls.plugins = self.plugins(value)
            default: if !self.readArgo(key, value, &settings) { self.unknown(key, "", among: Self.ownKeys + Self.argoKeys) }
            }
        }
        // Beside 'retention', wherever that stands.
        settings.retention.runsByPhase = policy
        return settings
    }

    private mutating func retention(_ node: Node) -> Retention {
        var retention = Retention.standard
        guard let fields = node.mapping else {
            self.add("wrong-type", "retention", node, "'retention' is not a map of 'runs' and 'age'", hint: "write 'runs: 1000'")
            return retention
        }
        for (key, value) in fields {
            let text = value.scalar?.string ?? ""
            switch key.string {
            case "runs":
                retention.runs = Int(text)
                if text != "all", retention.runs.map({ $0 < 0 }) ?? true {
                    self.add("bad-value", "retention.runs", value, "'retention.runs' is a number of runs, or 'all'")
                }
            case "age":
                retention.age = Self.age(text)
                if text != "forever", retention.age == nil {
                    self.add("bad-value", "retention.age", value, "'retention.age' is a length of time like 90d or 12h, or 'forever'")
                }
            default: self.unknown(key, "retention", among: ["runs", "age"])
            }
        }
        return retention
    }

    /// Days, as in Argo's `archiveTTL`, or a Go duration; nil for anything else, and for a time that does not fit.
    private static func age(_ text: String) -> Span? {
        let span =
            text.hasSuffix("d") ? Int64(text.dropLast()).flatMap { $0 < 1 << 20 ? .seconds($0 * 86400) : nil } : Span(goDuration: text)
        return span.flatMap { $0.milliseconds >= 0 ? $0 : nil }
    }

    private mutating func http(_ node: Node, _ calls: inout CallSettings) {
        guard let fields = node.mapping else {
            self.add(
                "wrong-type", "http", node, "'http' is not a map of 'allow' and 'deny'", hint: "write 'allow: [10.0.0.0/8, example.com]'")
            return
        }
        for (key, value) in fields {
            switch key.string {
            case "allow": calls.allowed = self.addresses(value, "http.allow")
            case "deny": calls.denied = self.addresses(value, "http.deny")
            default: self.unknown(key, "http", among: ["allow", "deny"])
            }
        }
    }

    private mutating func addresses(_ node: Node, _ path: String) -> [String] {
        guard let items = node.sequence else {
            self.add("wrong-type", path, node, "'\(path)' is not a list", hint: "write '[10.0.0.0/8, example.com]'")
            return []
        }
        var entries: [String] = []
        for item in items {
            guard let text = item.scalar?.string, AddressRules.isEntry(text) else {
                self.add(
                    "bad-value", path, item,
                    "an entry of '\(path)' is an address, a range like 10.0.0.0/8, a host name, or names below one like *.example.com")
                continue
            }
            entries.append(text)
        }
        return entries
    }

    private mutating func plugins(_ node: Node) -> [CallSettings.Plugin] {
        guard let items = node.sequence else {
            self.add("wrong-type", "plugins", node, "'plugins' is not a list", hint: "write '- name: hello' and its 'address'")
            return []
        }
        var plugins: [CallSettings.Plugin] = []
        for (at, item) in items.enumerated() {
            guard let plugin = self.plugin(item, "plugins[\(at)]") else { continue }
            if plugins.contains(where: { $0.name == plugin.name }) {
                self.add("bad-value", "plugins[\(at)].name", item, "two plugins are called '\(plugin.name)'")
            }
            plugins.append(plugin)
        }
        return plugins
    }

    private mutating func plugin(_ node: Node, _ path: String) -> CallSettings.Plugin? {
        guard let fields = node.mapping else {
            self.add("wrong-type", path, node, "a plugin is described by 'name', 'address' and 'token'")
            return nil
        }
        var plugin = CallSettings.Plugin(name: "", address: "", token: nil)
        for (key, value) in fields {
            let text = value.scalar?.string ?? ""
            switch key.string {
            case "name": plugin.name = text
            case "address":
                plugin.address = text
                if !PluginService.isAddress(text) {
                    self.add("bad-value", "\(path).address", value, "the address of a plugin is a URL like http://127.0.0.1:4355")
                }
            case "token": plugin.token = text
            default: self.unknown(key, path, among: ["name", "address", "token"])
            }
        }
        if plugin.name.isEmpty { self.add("missing-field", "\(path).name", node, "a plugin needs a name", hint: "add 'name: hello'") }
        if plugin.address.isEmpty {
            self.add("missing-field", "\(path).address", node, "a plugin needs an address", hint: "add 'address: http://127.0.0.1:4355'")
        }
        return plugin
    }

    private mutating func images(_ node: Node) -> JSONValue {
        var images = JSONObject()
        guard let entries = node.mapping else {
            self.add("wrong-type", "images", node, "'images' is not a map from image names to what they run")
            return .object(images)
        }
        for (name, entry) in entries { if let name = name.string { images[name] = self.image(entry, "images.\(name)") } }
        return .object(images)
    }

    private mutating func image(_ node: Node, _ path: String) -> JSONValue {
        var image = JSONObject()
        guard let fields = node.mapping else {
            self.add(
                "wrong-type", path, node, "an image is described by 'entrypoint', 'cmd' and 'rootfs'", hint: "write 'entrypoint: [program]'"
            )
            return .object(image)
        }
        for (key, value) in fields {
            let field = key.string ?? ""
            switch field {
            case "entrypoint", "cmd":
                guard let words = value.sequence?.map(\.scalar?.string), !words.contains(nil) else {
                    self.add(
                        "wrong-type", "\(path).\(field)", value, "'\(field)' is not a list of words",
                        hint: "write '\(field): [program, argument]'")
                    continue
                }
                image[field] = .array(words.compactMap { $0.map { .string($0) } })
            case "rootfs":
                guard let directory = value.scalar?.string, directory.hasPrefix("/") else {
                    self.add("wrong-type", "\(path).rootfs", value, "'rootfs' is not the absolute path of a directory")
                    continue
                }
                image[field] = .string(directory)
            default: self.unknown(key, path, among: ["entrypoint", "cmd", "rootfs"])
            }
        }
        return .object(image)
    }

    mutating func unknown(_ key: Node, _ path: String, among known: [String]) {
        let name = key.string ?? ""
        let guess = Spelling.closest(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
        self.add(
            "unknown-field", path.isEmpty ? name : "\(path).\(name)", key, "unknown key '\(name)'",
            hint: "\(guess)known: \(known.joined(separator: ", "))",
            length: name.count)
    }

    mutating func add(
        _ code: String, _ path: String, _ node: Node?, _ message: String, hint: String? = nil, length: Int = 1, severity: Severity = .error
    ) {
        let position = node?.mark.map { SourcePosition(line: $0.line, column: $0.column) }
        self.diagnostics.append(
            Diagnostic(
                DiagnosticCode(code), severity, file: self.file, path: FieldPath(path), position: position, length: max(1, length),
                message: message,
                hint: hint))
    }
}
