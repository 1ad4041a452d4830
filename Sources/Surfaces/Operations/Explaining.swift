/// Why a run or a node stands where it does.
public struct NodeExplanation: Sendable, Equatable {
    /// As Argo shows it; of a step that has no node yet, its path.
    public var node: String
    /// Argo's phase; empty for what has no node yet.
    public var phase: String
    public var reasons: [String]
    public init(node: String, phase: String, reasons: [String]) {
        self.node = node
        self.phase = phase
        self.reasons = reasons
    }
}

public struct RunExplanation: Sendable, Equatable {
    public var run: String
    public var explanations: [NodeExplanation]
    /// How many there are beyond those.
    public var more: Int
    public init(run: String, explanations: [NodeExplanation], more: Int = 0) {
        self.run = run
        self.explanations = explanations
        self.more = more
    }
}

public protocol RunExplainer: Sendable {
    /// Why a run has not ended, or how it did; with a node, why that one has not started or not ended.
    /// - Parameter node: a node's name, display name or id, or the name of a step or task that has none yet.
    /// - Throws: `OperationError.notFound`.
    func why(_ name: String, namespace: String, node: String?) async throws -> RunExplanation
}
