/// Spellings of Argo Workflows 2 and 3 that version 4 no longer has, and what they are there. The one place that knows them.
///
/// | older | now |
/// |---|---|
/// | `synchronization.mutex`, `synchronization.semaphore` | an item of `mutexes`, `semaphores` |
/// | `schedule` of a CronWorkflow | an item of `schedules` |
/// | `ttlSecondsAfterFinished` | `ttlStrategy.secondsAfterCompletion` |
/// | `podPriority`, `priority` of a template | left out: they have no effect |
public enum OlderSpelling {
    /// What was rewritten.
    public struct Change: Sendable, Hashable {
        /// Where the older spelling stands in the object as it was: `spec.synchronization.mutex`.
        public var path: String
        /// Where it went in the object as it is now: `spec.synchronization.mutexes[0]`; nil for what was left out.
        public var newPath: String?

        /// In words: `'mutex' is now an item of 'mutexes'`.
        public var message: String
    }

    /// The object in the spelling of version 4. Nothing else changes: fields keep their order and their values.
    /// - Parameter object: of any kind; one that holds no workflow comes back as it is.
    /// - Returns: the changes in the order of the text.
    public static func normalised(_ object: JSONValue, schema: Schema = .argo) -> (object: JSONValue, changes: [Change]) {
        guard let kind = object["kind"]?.string, ManifestKind.named(kind)?.isRead ?? false, schema.type(kind) != nil else {
            return (object, [])
        }
        var rewriter = Rewriter(schema: schema)
        let rewritten = rewriter.rewritten(object, as: .object(kind), oldPath: "", newPath: "")
        return (rewritten ?? object, rewriter.changes)
    }

    /// The older names by type and field.
    static let fields: [String: Rewrite] = [
        "Synchronization.mutex": .item(of: "mutexes"),
        "Synchronization.semaphore": .item(of: "semaphores"),
        "CronWorkflowSpec.schedule": .item(of: "schedules"),
        "WorkflowSpec.ttlSecondsAfterFinished": .member("secondsAfterCompletion", of: "ttlStrategy"),
        "WorkflowSpec.podPriority": .leftOut,
        "Template.priority": .leftOut,
    ]

    /// What to write instead, in words, by type and field: `Synchronization.mutex`.
    public static var successors: [String: String] {
        Dictionary(
            uniqueKeysWithValues: Self.fields.map { name, rewrite in
                (name, rewrite.message(for: String(name.split(separator: ".").last ?? "")))
            })
    }

    enum Rewrite {
        /// One value becomes the first item of a list.
        case item(of: String)
        /// It moves into a map, unless the map has it already.
        case member(String, of: String)
        case leftOut

        func message(for field: String) -> String {
            switch self {
            case .item(let list): "'\(field)' is now an item of '\(list)'"
            case .member(let member, let owner): "'\(field)' is now '\(member)' of '\(owner)'"
            case .leftOut: "'\(field)' has no effect any more and is left out"
            }
        }
    }
}

/// Follows an object along its schema and replaces older spellings on the way.
private struct Rewriter {
    let schema: Schema
    var changes: [OlderSpelling.Change] = []

    /// - Returns: nil when nothing changes.
    mutating func rewritten(_ value: JSONValue, as type: Schema.FieldType, oldPath: String, newPath: String) -> JSONValue? {
        switch (type, value) {
        case (.object(let name), .object(let object)):
            guard let type = self.schema.type(name) else { return nil }
            return self.rewritten(object, as: type, oldPath: oldPath, newPath: newPath).map(JSONValue.object)
        case (.list(let item), .array(var items)):
            var isChanged = false
            for index in items.indices {
                guard let item = self.rewritten(items[index], as: item, oldPath: "\(oldPath)[\(index)]", newPath: "\(newPath)[\(index)]")
                else { continue }
                items[index] = item
                isChanged = true
            }
            return isChanged ? .array(items) : nil
        case (.map(let element), .object(var object)):
            var isChanged = false
            for (key, child) in object {
                guard let child = self.rewritten(child, as: element, oldPath: "\(oldPath).\(key)", newPath: "\(newPath).\(key)") else {
                    continue
                }
                object[key] = child
                isChanged = true
            }
            return isChanged ? .object(object) : nil
        default: return nil
        }
    }

    private mutating func rewritten(_ object: JSONObject, as type: Schema.ObjectType, oldPath: String, newPath: String) -> JSONObject? {
        let changesBefore = self.changes.count
        var result = JSONObject()
        result.reserveCapacity(object.count)
        for (key, child) in object {
            let path = oldPath.isEmpty ? key : "\(oldPath).\(key)"
            let base = newPath.isEmpty ? "" : "\(newPath)."
            if let rewrite = OlderSpelling.fields["\(type.name).\(key)"], !child.isNull {
                self.apply(rewrite, key, child, to: &result, of: object, oldPath: path, base: base)
            } else if result[key] == nil {
                let changed = type.field(key).flatMap { self.rewritten(child, as: $0.type, oldPath: path, newPath: base + key) }
                result[key] = changed ?? child
            }
        }
        return self.changes.count > changesBefore ? result : nil
    }

    private mutating func apply(
        _ rewrite: OlderSpelling.Rewrite, _ key: String, _ value: JSONValue, to result: inout JSONObject, of object: JSONObject,
        oldPath: String, base: String
    ) {
        let newPath: String?
        switch rewrite {
        case .item(let list):
            let items = object[list]?.array ?? []
            let isThere = items.contains(value)
            result[list] = .array(isThere ? items : [value] + items)
            newPath = "\(base)\(list)[\(items.firstIndex(of: value) ?? 0)]"
        case .member(let member, let owner):
            var inner = object[owner]?.object ?? JSONObject()
            if inner[member]?.isNull ?? true { inner[member] = value }
            result[owner] = .object(inner)
            newPath = "\(base)\(owner).\(member)"
        case .leftOut:
            newPath = nil
        }
        self.changes.append(OlderSpelling.Change(path: oldPath, newPath: newPath, message: rewrite.message(for: key)))
    }
}
