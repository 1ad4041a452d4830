import Planning
import WorkflowModel

/// Changes of an object as `kubectl patch` takes them.
enum ObjectPatch {
    /// - Parameter strategy: `strategic`, `merge` (RFC 7386) or `json` (RFC 6902).
    /// - Throws: `ResourceFault`.
    static func apply(_ patch: JSONValue, to object: JSONValue, strategy: String) throws(ResourceFault) -> JSONValue {
        switch strategy {
        case "strategic", "":
            guard patch.object != nil else { throw ResourceFault("a strategic patch is an object") }
            return Self.strategic(patch, object, field: "")
        case "merge":
            guard patch.object != nil else { throw ResourceFault("a merge patch is an object") }
            return Self.merged(patch, object)
        case "json":
            guard let steps = patch.array else { throw ResourceFault("a JSON patch is a list of operations") }
            var object = object
            for (at, step) in steps.enumerated() {
                do { try Self.carryOut(step, on: &object) } catch { throw ResourceFault("operation \(at + 1) of the patch: \(error)") }
            }
            return object
        default:
            throw ResourceFault(final: "mergeStrategy '\(strategy)' is none of strategic, merge and json")
        }
    }

    // MARK: merge and strategic

    /// null removes a field; objects merge, everything else is replaced.
    private static func merged(_ patch: JSONValue, _ base: JSONValue) -> JSONValue {
        guard case .object(let fields) = patch else { return patch }
        var result = base.object ?? JSONObject()
        for (name, value) in fields {
            if value.isNull { result[name] = nil } else { result[name] = Self.merged(value, result[name] ?? .null) }
        }
        return .object(result)
    }

    /// As `merged`, but lists whose elements have names are merged by them, and `$patch: delete` removes an element or an object.
    private static func strategic(_ patch: JSONValue, _ base: JSONValue, field: String) -> JSONValue {
        switch (patch, base) {
        case (.object(let fields), _):
            if fields["$patch"]?.string == "replace" { return Self.without("$patch", fields) }
            var result = base.object ?? JSONObject()
            for (name, value) in fields {
                if value.isNull || value["$patch"]?.string == "delete" {
                    result[name] = nil
                } else {
                    result[name] = Self.strategic(value, result[name] ?? .null, field: name)
                }
            }
            return .object(result)
        case (.array(let changes), .array(let items)):
            guard let key = StrategicMerge.mergeKey(of: field) else { return patch }
            var result = items
            for change in changes {
                let place = result.firstIndex { $0[key] != nil && $0[key] == change[key] }
                if change["$patch"]?.string == "delete" {
                    if let place { result.remove(at: place) }
                } else if let place {
                    result[place] = Self.strategic(change, result[place], field: "")
                } else {
                    result.append(change)
                }
            }
            return .array(result)
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _): return patch
        }
    }

    private static func without(_ name: String, _ fields: JSONObject) -> JSONValue {
        var fields = fields
        fields[name] = nil
        return .object(fields)
    }

    // MARK: json

    private static func carryOut(_ step: JSONValue, on object: inout JSONValue) throws(ResourceFault) {
        let path = try Self.pointer(step["path"], "path")
        switch step["op"]?.string ?? "" {
        case "add": try Self.change(&object, path[...], .insert(try Self.value(of: step)))
        case "replace": try Self.change(&object, path[...], .set(try Self.value(of: step)))
        case "remove": try Self.change(&object, path[...], .remove)
        case "test":
            guard try Self.value(at: path, in: object) == Self.value(of: step) else { throw ResourceFault("the test fails") }
        case "copy": try Self.change(&object, path[...], .insert(try Self.value(at: try Self.pointer(step["from"], "from"), in: object)))
        case "move":
            let from = try Self.pointer(step["from"], "from")
            let value = try Self.value(at: from, in: object)
            try Self.change(&object, from[...], .remove)
            try Self.change(&object, path[...], .insert(value))
        case let other: throw ResourceFault("'\(other)' is none of add, remove, replace, move, copy and test")
        }
    }

    private static func value(of step: JSONValue) throws(ResourceFault) -> JSONValue {
        guard let value = step["value"] else { throw ResourceFault("'value' is missing") }
        return value
    }

    /// `/metadata/labels/a~1b` names the fields `metadata`, `labels`, `a/b`.
    private static func pointer(_ text: JSONValue?, _ field: String) throws(ResourceFault) -> [String] {
        guard let text = text?.string else { throw ResourceFault("'\(field)' is missing") }
        if text.isEmpty { return [] }
        guard text.hasPrefix("/") else { throw ResourceFault("'\(field)' is '\(text)', and begins with no '/'") }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { Self.unescaped($0) }
    }

    private static func unescaped(_ name: Substring) -> String {
        var result = ""
        var rest = name
        while let tilde = rest.firstIndex(of: "~") {
            result += rest[..<tilde]
            rest = rest[rest.index(after: tilde)...]
            if rest.first == "1" { result += "/" } else if rest.first == "0" { result += "~" } else { result += "~\(rest.prefix(1))" }
            rest = rest.dropFirst()
        }
        return result + rest
    }

    private static func value(at path: [String], in object: JSONValue) throws(ResourceFault) -> JSONValue {
        var value = object
        for name in path {
            let inner: JSONValue? =
                if let items = value.array { Int(name).flatMap { items.indices.contains($0) ? items[$0] : nil } } else { value[name] }
            guard let inner else { throw ResourceFault("there is nothing at '/\(path.joined(separator: "/"))'") }
            value = inner
        }
        return value
    }

    private enum Change {
        case insert(JSONValue)
        case set(JSONValue)
        case remove
    }

    private static func change(_ value: inout JSONValue, _ path: ArraySlice<String>, _ change: Change) throws(ResourceFault) {
        guard let name = path.first else {
            switch change {
            case .insert(let new), .set(let new): value = new
            case .remove: throw ResourceFault("the whole object cannot be removed")
            }
            return
        }
        switch value {
        case .object(var fields):
            try Self.change(&fields, name, path.dropFirst(), change)
            value = .object(fields)
        case .array(var items):
            try Self.change(&items, name, path.dropFirst(), change)
            value = .array(items)
        case .null, .bool, .number, .string: throw ResourceFault("there is nothing at '\(name)' to look into")
        }
    }

    private static func change(
        _ fields: inout JSONObject, _ name: String, _ rest: ArraySlice<String>, _ change: Change
    ) throws(ResourceFault) {
        if case .insert(let new) = change, rest.isEmpty {
            fields[name] = new
            return
        }
        guard var inner = fields[name] else { throw ResourceFault("there is no '\(name)'") }
        if case .remove = change, rest.isEmpty {
            fields[name] = nil
            return
        }
        try Self.change(&inner, rest, change)
        fields[name] = inner
    }

    private static func change(
        _ items: inout [JSONValue], _ name: String, _ rest: ArraySlice<String>, _ change: Change
    ) throws(ResourceFault) {
        if case .insert(let new) = change, rest.isEmpty {
            guard let place = name == "-" ? items.count : Int(name), (0...items.count).contains(place) else {
                throw ResourceFault("'\(name)' is no place in a list of \(items.count)")
            }
            return items.insert(new, at: place)
        }
        guard let place = Int(name), items.indices.contains(place) else {
            throw ResourceFault("'\(name)' is no place in a list of \(items.count)")
        }
        if case .remove = change, rest.isEmpty {
            items.remove(at: place)
            return
        }
        try Self.change(&items[place], rest, change)
    }
}
