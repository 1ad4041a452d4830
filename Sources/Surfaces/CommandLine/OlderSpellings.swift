import Diagnostics
import WorkflowModel

/// Rewrites what Argo Workflows 3 and 2 wrote differently as version 4 wants it.
///
/// The rules hang on object types, not on paths, so they hold wherever such an object stands: a lock of a workflow, of a template, of an
/// inline template. What is not old stays as it is, keys in their order.
struct OlderSpellings {
    /// One thing that was rewritten.
    struct Change: Equatable {
        /// Where the old spelling stands.
        var path: FieldPath
        /// What became of it.
        var message: String
    }

    private let schema: Schema
    private(set) var changes: [Change] = []

    init(schema: Schema = .argo) { self.schema = schema }

    /// - Returns: the object as Argo Workflows 4 reads it. Kinds that are not known are returned as they are.
    mutating func converted(_ value: JSONValue, kind: String) -> JSONValue {
        guard self.schema.type(kind) != nil else { return value }
        return self.converted(value, as: .object(kind), at: FieldPath())
    }

    private mutating func converted(_ value: JSONValue, as type: Schema.FieldType, at path: FieldPath) -> JSONValue {
        switch (type, value) {
        case (.object(let name), .object(let object)): return .object(self.converted(object, as: name, at: path))
        case (.list(let item), .array(let items)):
            return .array(items.enumerated().map { self.converted($1, as: item, at: path.index($0)) })
        case (.map(let element), .object(let object)):
            var result = JSONObject()
            for (key, value) in object { result[key] = self.converted(value, as: element, at: path.field(key)) }
            return .object(result)
        default: return value
        }
    }

    private mutating func converted(_ object: JSONObject, as name: String, at path: FieldPath) -> JSONObject {
        guard let type = self.schema.type(name) else { return object }
        var result = JSONObject()
        for (key, value) in object {
            result[key] = type.field(key).map { self.converted(value, as: $0.type, at: path.field(key)) } ?? value
        }
        for rule in Self.rules where rule.type == name && result[rule.field] != nil { self.apply(rule, to: &result, at: path) }
        return result
    }

    // MARK: Rules

    /// What becomes of an old field.
    struct Rule {
        enum Successor {
            /// The first item of this list.
            case list(String)
            /// This field of this object, unless it is written there.
            case field(of: String, String)
            /// Nothing: no version that is still around reads it.
            case none
        }
        let type: String
        let field: String
        let successor: Successor

        var message: String {
            switch self.successor {
            case .list(let list): "'\(self.field)' is now the list '\(list)'"
            case .field(let object, let field): "'\(self.field)' is now '\(object).\(field)'"
            case .none: "'\(self.field)' has no effect since Argo Workflows 4.0"
            }
        }
    }

    static let rules = [
        Rule(type: "Synchronization", field: "mutex", successor: .list("mutexes")),
        Rule(type: "Synchronization", field: "semaphore", successor: .list("semaphores")),
        Rule(type: "CronWorkflowSpec", field: "schedule", successor: .list("schedules")),
        Rule(type: "WorkflowSpec", field: "ttlSecondsAfterFinished", successor: .field(of: "ttlStrategy", "secondsAfterCompletion")),
        Rule(type: "WorkflowSpec", field: "podPriority", successor: .none),
        Rule(type: "Template", field: "priority", successor: .none),
    ]

    private mutating func apply(_ rule: Rule, to object: inout JSONObject, at path: FieldPath) {
        guard let value = object[rule.field] else { return }
        switch rule.successor {
        case .list(let list):
            let others = object[list]?.array ?? []
            object = object.replacing(rule.field, with: list, value.isNull ? .array(others) : .array([value] + others))
        case .field(let owner, let field):
            var fields = object[owner]?.object ?? JSONObject()
            if fields[field]?.isNull ?? true { fields[field] = value }
            object = object.replacing(rule.field, with: owner, .object(fields))
        case .none: object[rule.field] = nil
        }
        let verb = if case .none = rule.successor { ", and is left out" } else { "" }
        self.changes.append(Change(path: path.field(rule.field), message: rule.message + verb))
    }
}

extension JSONObject {
    /// The object with `old` taken out and `new` in its place; where `new` was there already it stays where it is.
    fileprivate func replacing(_ old: String, with new: String, _ value: JSONValue) -> JSONObject {
        let isThere = self[new] != nil
        var result = JSONObject()
        for (key, item) in self {
            if key == new || (key == old && !isThere) {
                result[new] = value
            } else if key != old {
                result[key] = item
            }
        }
        return result
    }
}
