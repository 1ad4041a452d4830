import Diagnostics
import Glibc
import LocalOperations
import Operations
import Ports
import WorkflowModel
import Yams

/// The configuration file: `--config`, else `config.yaml` in the data directory when there is one.
///
///     images:
///       python:3.12:
///         entrypoint: [python3]     # what runs when a container gives no command, as in the settings of Argo's controller
///         cmd: []                   # its arguments when a container gives none
///         rootfs: /srv/images/py    # a directory that stands in for the image's files (sandbox only)
///     retention:
///       runs: 1000                  # how many finished runs are kept, the newest ones; or 'all'
///       age: 90d                    # how long each is kept after its end: 90d, 12h, 30m; or 'forever'
struct ConfigurationFile: Sendable {
    private static let largest = 1 << 20

    let path: String
    private let isRequired: Bool

    init(path: String?, dataDirectory: String) {
        self.path = path ?? dataDirectory + "/config.yaml"
        self.isRequired = path != nil
    }

    /// - Throws: `ManifestFault` with everything that is wrong with the file.
    func settings() throws -> RunSettings {
        guard let text = try self.text() else { return RunSettings() }
        var reading = Reading(file: self.path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        let settings = reading.settings(text)
        if reading.diagnostics.isEmpty { return settings }
        throw ManifestFault(diagnostics: reading.diagnostics, excerpts: [self.path: reading.lines])
    }

    private func text() throws -> String? {
        let descriptor = open(self.path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT || errno == ENOTDIR, !self.isRequired { return nil }
        guard descriptor >= 0 else { throw self.unreadable(String(cString: strerror(errno)).lowercased()) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { break }
            guard count > 0 else { throw self.unreadable(String(cString: strerror(errno)).lowercased()) }
            bytes += buffer[..<count]
            if bytes.count > Self.largest { throw self.unreadable("it is larger than \(Self.largest >> 20) MiB") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw self.unreadable("it is not UTF-8 text") }
        return text
    }

    private func unreadable(_ reason: String) -> OperationError {
        OperationError(.invalid, "configuration file '\(self.path)' cannot be read: \(reason)", hint: "name another with --config")
    }
}

/// Reads the text of the file and gathers what is wrong with it.
private struct Reading {
    let file: String
    let lines: [Substring]
    private(set) var diagnostics: [Diagnostic] = []

    init(file: String, lines: [Substring]) {
        self.file = file
        self.lines = lines
    }

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
        for (key, value) in fields {
            switch key.string {
            case "images": settings.images = self.images(value)
            case "retention": settings.retention = self.retention(value)
            default: self.unknown(key, "", among: ["images", "retention"])
            }
        }
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

    private mutating func unknown(_ key: Node, _ path: String, among known: [String]) {
        let name = key.string ?? ""
        let guess = Spelling.closest(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
        self.add(
            "unknown-field", path.isEmpty ? name : "\(path).\(name)", key, "unknown key '\(name)'",
            hint: "\(guess)known: \(known.joined(separator: ", "))",
            length: name.count)
    }

    private mutating func add(_ code: String, _ path: String, _ node: Node?, _ message: String, hint: String? = nil, length: Int = 1) {
        let position = node?.mark.map { SourcePosition(line: $0.line, column: $0.column) }
        self.diagnostics.append(
            Diagnostic(
                DiagnosticCode(code), file: self.file, path: FieldPath(path), position: position, length: max(1, length), message: message,
                hint: hint))
    }
}
