public import Operations
public import WorkflowModel

/// Why a run stands where it does, as Skiff's API tells it.
public enum ExplanationDocument {
    public static func document(_ explanation: RunExplanation) -> JSONValue {
        let explanations = explanation.explanations.map { node -> JSONValue in
            ["node": .string(node.node), "phase": .string(node.phase), "reasons": .array(node.reasons.map { .string($0) })]
        }
        return ["run": .string(explanation.run), "explanations": .array(explanations), "more": .integer(explanation.more)]
    }

    /// Read from the other side; nil when it is something else.
    public static func explanation(_ document: JSONValue) -> RunExplanation? {
        guard let run = document["run"]?.string, let nodes = document["explanations"]?.array else { return nil }
        return RunExplanation(
            run: run,
            explanations: nodes.map { node in
                NodeExplanation(
                    node: node["node"]?.string ?? "", phase: node["phase"]?.string ?? "",
                    reasons: node["reasons"]?.array?.compactMap(\.string) ?? [])
            }, more: document["more"]?.integer.flatMap { Int(exactly: $0) } ?? 0)
    }
}
