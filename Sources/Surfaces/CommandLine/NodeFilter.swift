import WorkflowModel

/// Which nodes of a run are shown: those in one of the phases that match all of the requirements.
public struct NodeFilter: Sendable, Equatable {
    struct Requirement: Sendable, Equatable {
        var field: String
        var value: String
        var isNegated: Bool
    }

    /// Empty for every phase.
    var phases: Set<String> = []
    var requirements: [Requirement] = []

    public static let all = NodeFilter()

    /// - Parameters:
    ///   - phases: `Failed,Error`; nil for all.
    ///   - selector: `phase=Failed,templateName!=main`: fields of a node with `=`, `==` or `!=`, all of which must hold.
    /// - Throws: `SelectorFault`, with what is wrong.
    public init(phases: String? = nil, selector: String? = nil) throws {
        self.phases = try phases.map { try PhaseList.parse($0, allowed: PhaseList.nodePhases) } ?? []
        for part in (selector ?? "").split(separator: ",") {
            self.requirements.append(try Self.requirement(String(part)))
        }
    }

    private init() {}

    private static func requirement(_ text: String) throws -> Requirement {
        guard let equals = text.firstIndex(of: "=") else {
            throw SelectorFault("'\(text)' is not a selector, expected field=value, field==value or field!=value")
        }
        var field = text[..<equals]
        var value = text[text.index(after: equals)...]
        let isNegated = field.last == "!"
        if isNegated {
            field = field.dropLast()
        } else if value.first == "=" {
            value = value.dropFirst()
        }
        guard Self.isKnown(String(field)) else {
            throw SelectorFault(
                "'\(field)' is not a field that nodes are selected by, expected displayName, templateName, phase, name, id, templateRef.name, "
                    + "templateRef.template or inputs.parameters.<name>.value")
        }
        return Requirement(field: String(field), value: String(value), isNegated: isNegated)
    }

    private static func isKnown(_ field: String) -> Bool {
        ["displayName", "templateName", "phase", "name", "id", "templateRef.name", "templateRef.template"].contains(field)
            || Self.parameterName(field) != nil
    }

    private static func parameterName(_ field: String) -> String? {
        let (start, end) = ("inputs.parameters.", ".value")
        guard field.hasPrefix(start), field.hasSuffix(end), field.count > start.count + end.count else { return nil }
        return String(field.dropFirst(start.count).dropLast(end.count))
    }

    func matches(_ node: NodeView) -> Bool {
        if !self.phases.isEmpty, !self.phases.contains(node.phase) { return false }
        return self.requirements.allSatisfy { (Self.value(of: $0.field, in: node) == $0.value) != $0.isNegated }
    }

    private static func value(of field: String, in node: NodeView) -> String {
        if let parameter = Self.parameterName(field) {
            let parameters = node.object["inputs"]?["parameters"]?.array ?? []
            return parameters.first { $0["name"]?.string == parameter }?["value"]?.scalarText ?? ""
        }
        switch field {
        case "displayName": return node.displayName
        case "templateRef.name": return node.object["templateRef"]?["name"]?.string ?? ""
        case "templateRef.template": return node.object["templateRef"]?["template"]?.string ?? ""
        default: return node.object[field]?.string ?? ""
        }
    }
}

/// `Running,Failed`.
enum PhaseList {
    static let workflowPhases = ["Pending", "Running", "Succeeded", "Failed", "Error"]
    static let nodePhases = ["Pending", "Running", "Succeeded", "Skipped", "Failed", "Error", "Omitted"]

    static func parse(_ text: String, allowed: [String]) throws -> Set<String> {
        var phases: Set<String> = []
        for part in text.split(separator: ",") {
            let word = part.filter { $0 != " " }
            guard let phase = allowed.first(where: { $0.lowercased() == word.lowercased() }) else {
                throw SelectorFault("'\(word)' is not a status, expected one of \(allowed.joined(separator: ", "))")
            }
            phases.insert(phase)
        }
        return phases
    }
}
