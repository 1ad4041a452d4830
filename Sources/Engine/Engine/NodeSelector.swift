import Planning

/// Argo's node field selector: `displayName=approve,phase!=Succeeded`, every part of which must hold.
///
/// - Source: Argo's command line, `--node-field-selector`.
public struct NodeSelector: Sendable, Equatable {
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    struct Requirement: Sendable, Equatable {
        var field: String
        var isEqual: Bool
        var value: String
    }

    static let fields = ["displayName", "templateName", "phase", "name", "id", "templateRef.name", "templateRef.template"]

    /// As it was written.
    public let text: String
    let requirements: [Requirement]

    /// - Throws: a `Failure` that names the part that cannot be read and what could stand there.
    public init(_ text: String) throws(Failure) {
        self.text = text
        var requirements: [Requirement] = []
        for part in text.split(separator: ",") {
            guard let sign = part.firstIndex(of: "=") else {
                throw Failure(description: "'\(part)' is no field selector: write FIELD=VALUE or FIELD!=VALUE")
            }
            var field = part[..<sign]
            var value = part[part.index(after: sign)...]
            let isEqual = field.last != "!"
            if !isEqual { field = field.dropLast() } else if value.first == "=" { value = value.dropFirst() }
            let name = Self.trimmed(field)
            guard Self.fields.contains(name) || Self.parameter(name) != nil else {
                throw Failure(
                    description: "unknown field '\(name)' in a node selector: there are \(Self.fields.joined(separator: ", ")) and "
                        + "inputs.parameters.NAME.value")
            }
            requirements.append(Requirement(field: name, isEqual: isEqual, value: Self.trimmed(value)))
        }
        guard !requirements.isEmpty else {
            throw Failure(description: "the node selector is empty: write FIELD=VALUE, for example displayName=approve")
        }
        self.requirements = requirements
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }

    /// The name in `inputs.parameters.NAME.value`.
    static func parameter(_ field: String) -> String? {
        guard field.hasPrefix("inputs.parameters."), field.hasSuffix(".value"), field.utf8.count > 24 else { return nil }
        return String(field.dropFirst(18).dropLast(6))
    }
}

extension RunMachine {
    func matches(_ selector: NodeSelector, _ node: Node) -> Bool {
        selector.requirements.allSatisfy { (self.value(of: $0.field, node) == $0.value) == $0.isEqual }
    }

    private func value(of field: String, _ node: Node) -> String? {
        switch field {
        case "displayName": return self.displayName(of: node)
        case "name": return node.name
        case "id": return ArgoNames.nodeID(node.name, workflow: self.plan.name)
        case "phase": return node.phase.shown
        case "templateName": return node.template.map { self.plan.templates[$0].key.name }
        case "templateRef.template": return self.libraryName(of: node) == nil ? nil : node.template.map { self.plan.templates[$0].key.name }
        case "templateRef.name": return self.libraryName(of: node)
        default:
            guard let name = NodeSelector.parameter(field) else { return nil }
            return node.inputs.parameters.first { $0.name == name }?.value
        }
    }

    private func libraryName(of node: Node) -> String? {
        guard let template = node.template else { return nil }
        switch self.plan.templates[template].key.scope {
        case .local: return nil
        case .namespaced(let name), .cluster(let name): return name
        }
    }
}
