import Diagnostics
import WorkflowModel

/// Secrets and ConfigMaps that are named and not given.
///
/// Nothing is said unless at least one of the kind is given: without any they are in the cluster, where nobody looks.
extension Linter {
    mutating func checkResources() {
        let resources = self.input.resources
        guard !resources.secrets.isEmpty || !resources.configMaps.isEmpty else { return }
        let secrets = resources.secrets.keys.sorted()
        let configMaps = resources.configMaps.keys.sorted()
        var walk = ResourceWalk()
        walk.visit(self.spec.raw, key: "spec")
        for mention in walk.found {
            let known = mention.isSecret ? secrets : configMaps
            guard !known.isEmpty else { continue }
            let keys = mention.isSecret ? resources.secrets[mention.name] : resources.configMaps[mention.name].map { Set($0.data.keys) }
            self.report(mention, known: known, keys: keys)
        }
    }

    private mutating func report(_ mention: ResourceWalk.Mention, known: [String], keys: Set<String>?) {
        let kind = mention.isSecret ? "Secret" : "ConfigMap"
        let code = mention.isSecret ? DiagnosticCode.unknownSecret : .unknownConfigMap
        let origin = Origin(document: self.input.workflow, path: mention.path)
        guard let keys else {
            let guess = self.faults.question(mention.name, among: known)
            self.faults.add(
                code, .warning, at: origin.field(mention.nameField), word: mention.name,
                "\(kind) '\(mention.name)' is not among the files given",
                hint: "\(guess)given: \(LintFaults.listed(known))")
            return
        }
        guard let key = mention.key, !keys.contains(key) else { return }
        let guess = self.faults.question(key, among: keys.sorted())
        self.faults.add(
            code, .warning, at: origin.field("key"), word: key, "\(kind) '\(mention.name)' has no key '\(key)'",
            hint: keys.isEmpty ? "it has no keys at all" : "\(guess)keys: \(LintFaults.listed(keys.sorted()))")
    }
}

/// Finds the Secrets and ConfigMaps that a manifest names.
private struct ResourceWalk {
    struct Mention {
        var isSecret: Bool
        var name: String
        var key: String?
        /// Of the object that names it, and the field in which it does.
        var path: FieldPath
        var nameField: String
    }

    private(set) var found: [Mention] = []
    private var steps: [Step] = []

    private enum Step {
        case field(String)
        case index(Int)
    }

    mutating func visit(_ value: JSONValue, key: String) {
        self.steps.append(.field(key))
        defer { self.steps.removeLast() }
        switch value {
        case .object(let object):
            self.note(value, key)
            for (name, item) in object {
                // A default is there for what is not.
                if key == "valueFrom", object["default"] != nil, name == "configMapKeyRef" { continue }
                self.visit(item, key: name)
            }
        case .array(let items):
            for (at, item) in items.enumerated() {
                guard let object = item.object else { continue }
                self.steps.append(.index(at))
                for (name, inner) in object { self.visit(inner, key: name) }
                self.steps.removeLast()
            }
        case .null, .bool, .number, .string: break
        }
    }

    private mutating func note(_ value: JSONValue, _ key: String) {
        guard value["optional"]?.bool != true else { return }
        switch key {
        case "secretKeyRef", "secretRef": self.add(value, isSecret: true)
        case "configMapKeyRef", "configMapRef": self.add(value, isSecret: false)
        case "secret": self.add(value, isSecret: true, nameField: value["secretName"] == nil ? "name" : "secretName")
        case "configMap" where value["name"] != nil && !self.isCache: self.add(value, isSecret: false)
        default:
            // An artifact's credentials: accessKeySecret, passwordSecret, ….
            if key.hasSuffix("Secret"), value["key"] != nil { self.add(value, isSecret: true) }
        }
    }

    /// A cache is made when it is first needed.
    private var isCache: Bool {
        guard self.steps.count > 1, case .field("cache") = self.steps[self.steps.count - 2] else { return false }
        return true
    }

    private mutating func add(_ value: JSONValue, isSecret: Bool, nameField: String = "name") {
        guard let name = value[nameField]?.string, !name.isEmpty, !name.hasTag else { return }
        var path = FieldPath()
        for step in self.steps {
            switch step {
            case .field(let name): path = path.field(name)
            case .index(let index): path = path.index(index)
            }
        }
        let key = value["key"]?.string.flatMap { $0.isEmpty || $0.hasTag ? nil : $0 }
        self.found.append(Mention(isSecret: isSecret, name: name, key: key, path: path, nameField: nameField))
    }
}
