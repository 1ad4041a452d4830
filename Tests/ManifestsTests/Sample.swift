import Manifests
import WorkflowModel

/// Objects made from the schema.
enum Sample {
    /// An object of a kind with every field of every type it can hold; a type is not put into itself.
    static func full(_ kind: String) -> JSONValue {
        guard case .object(var object) = self.full(.object(kind), allowed: [], within: []) else { preconditionFailure("no type \(kind)") }
        object["kind"] = .string(kind)
        object["apiVersion"] = .string(ManifestKind.named(kind)!.apiVersion)
        return .object(object)
    }

    private static func full(_ type: Schema.FieldType, allowed: [String], within: [String]) -> JSONValue {
        switch type {
        case .list(let item): return [self.full(item, allowed: allowed, within: within)]
        case .map(let element): return ["a.b/c-d": self.full(element, allowed: [], within: within)]
        case .object(let name):
            var object = JSONObject()
            for field in Schema.argo.type(name)!.fields
            where !within.contains(where: { self.holds(field.type, $0) }) && !self.holds(field.type, name) {
                object[field.name] = self.full(field.type, allowed: field.allowedValues, within: within + [name])
            }
            return .object(object)
        default: return self.scalar(type, allowed: allowed)
        }
    }

    private static func holds(_ type: Schema.FieldType, _ name: String) -> Bool {
        switch type {
        case .list(let inner), .map(let inner): self.holds(inner, name)
        case .object(let other): other == name
        default: false
        }
    }

    private static func scalar(_ type: Schema.FieldType, allowed: [String]) -> JSONValue {
        switch type {
        case .integer: 3
        case .number: .number("1.5")
        case .boolean: true
        case .integerOrString: 5
        case .quantity: "1.5Gi"
        case .time: "2026-11-21T04:32:00Z"
        case .base64: "YQ=="
        case .any: ["free": [1, .number("12345678901234567890"), .null, "{{tag}}", ["x": []]]]
        case .plugin: ["hello": [:]]
        case .duration: "90"
        case .goDuration: "1m30s"
        case .string, .anyScalar: .string(allowed.first ?? "text: # 'with' \"signs\"")
        case .list, .map, .object: preconditionFailure("\(type) is no scalar")
        }
    }

    /// What must be written, and nothing else.
    private static func minimal(_ type: Schema.FieldType, allowed: [String] = []) -> JSONValue {
        switch type {
        case .list(let item): return [self.minimal(item, allowed: allowed)]
        case .map(let element): return ["key": self.minimal(element)]
        case .object(let name):
            var object = JSONObject()
            for field in Schema.argo.type(name)!.fields where field.isRequired {
                object[field.name] = self.minimal(field.type, allowed: field.allowedValues)
            }
            if name == "CronWorkflowSpec" { object["schedules"] = ["@daily"] }
            return .object(object)
        default: return self.scalar(type, allowed: allowed)
        }
    }

    // MARK: Places of fields

    /// One place for each field of each type, the nearest to the top of an object.
    static func sites() -> [FieldTests.Site] {
        var sites: [FieldTests.Site] = []
        var seen: Set<String> = []
        var queue: [(type: String, path: String, document: JSONValue)] = FieldTests.kinds.map { kind in
            guard case .object(var object) = self.minimal(.object(kind.name)) else { preconditionFailure() }
            object["apiVersion"] = .string(kind.apiVersion)
            object["kind"] = .string(kind.name)
            return (kind.name, "", .object(object))
        }
        var next = 0
        while next < queue.count {
            let (name, path, document) = queue[next]
            next += 1
            guard seen.insert(name).inserted, let type = Schema.argo.type(name) else { continue }
            for field in type.fields where !["kind", "apiVersion"].contains(field.name) {
                let here = path.isEmpty ? field.name : "\(path).\(field.name)"
                let whole = self.replacing(document, at: here, by: self.minimal(field.type, allowed: field.allowedValues))
                sites.append(FieldTests.Site(type: type, field: field, document: whole, path: here))
                if let (inner, below) = self.object(in: field.type) { queue.append((inner, here + below, whole)) }
            }
        }
        return sites
    }

    /// The object type that a type comes down to, and the way to it.
    private static func object(in type: Schema.FieldType) -> (String, String)? {
        switch type {
        case .list(let item): self.object(in: item).map { ($0.0, "[0]" + $0.1) }
        case .map(let element): self.object(in: element).map { ($0.0, ".key" + $0.1) }
        case .object(let name): (name, "")
        default: nil
        }
    }

    // MARK: Changing

    /// `spec.templates[0].name` gives `spec.templates[0].`.
    static func parent(_ path: String) -> String { path.lastIndex(of: ".").map { String(path[...$0]) } ?? "" }

    static func replacing(_ value: JSONValue, at path: String, by new: JSONValue) -> JSONValue {
        self.changing(value, at: self.steps(path)[...]) { object, name in object[name] = new }
    }

    static func renaming(_ value: JSONValue, at path: String, to name: String) -> JSONValue {
        self.changing(value, at: self.steps(path)[...]) { object, old in
            object[name] = object[old]
            object[old] = nil
        }
    }

    private static func steps(_ path: String) -> [String] {
        path.split(separator: ".").flatMap { part in
            part.split(separator: "[").map { $0.hasSuffix("]") ? "[" + $0.dropLast() : String($0) }
        }
    }

    private static func changing(_ value: JSONValue, at steps: ArraySlice<String>, _ change: (inout JSONObject, String) -> Void)
        -> JSONValue
    {
        let step = steps.first!
        switch value {
        case .object(var object):
            if steps.count == 1 {
                change(&object, step)
            } else {
                object[step] = self.changing(object[step]!, at: steps.dropFirst(), change)
            }
            return .object(object)
        case .array(var items):
            let index = Int(step.dropFirst())!
            items[index] = self.changing(items[index], at: steps.dropFirst(), change)
            return .array(items)
        default: preconditionFailure("nothing at \(steps)")
        }
    }

    /// The name with a letter too few, or too many for a short one, that is no other field.
    static func misspelt(_ name: String, in type: Schema.ObjectType) -> String {
        let middle = name.index(name.startIndex, offsetBy: name.count / 2)
        var shorter = name
        shorter.remove(at: middle)
        let longer = name + name.suffix(1)
        return name.count > 5 && type.field(shorter) == nil ? shorter : longer
    }

    // MARK: Comparing

    /// Where two values differ first, in words; nil when they are the same. Names a place where the whole would fill pages.
    static func difference(_ left: JSONValue, _ right: JSONValue, at path: String = "") -> String? {
        switch (left, right) {
        case (.object(let a), .object(let b)):
            guard a.keys == b.keys else { return "\(path): keys \(a.keys) and \(b.keys)" }
            for (key, value) in a { if let found = self.difference(value, b[key]!, at: "\(path).\(key)") { return found } }
            return nil
        case (.array(let a), .array(let b)) where a.count == b.count:
            for (index, pair) in zip(a, b).enumerated() {
                if let found = self.difference(pair.0, pair.1, at: "\(path)[\(index)]") { return found }
            }
            return nil
        default: return left == right ? nil : "\(path): \(left.json) and \(right.json)"
        }
    }

    // MARK: Writing

    /// The value as YAML in blocks, texts in double quotes.
    static func yaml(_ value: JSONValue) -> String {
        var out = ""
        self.write(value, indent: 0, into: &out)
        return out
    }

    private static func write(_ value: JSONValue, indent: Int, into out: inout String) {
        let blanks = String(repeating: " ", count: indent)
        switch value {
        case .object(let object) where !object.isEmpty:
            out += "\n"
            for (key, child) in object {
                let isPlain = key.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) }
                out += "\(blanks)\(isPlain ? key : JSONValue.string(key).json):"
                self.write(child, indent: indent + 2, into: &out)
            }
        case .array(let items) where !items.isEmpty:
            out += "\n"
            for item in items {
                out += "\(blanks)-"
                self.write(item, indent: indent + 2, into: &out)
            }
        default: out += " \(value.json)\n"
        }
    }
}
