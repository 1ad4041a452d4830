/// A run's uid, a UUIDv7 in text form: the key of everything that is stored about the run.
public struct RunID: Sendable, Hashable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { self.text }
}

/// A node of one run: its place in the order of creation, from 0, the entry node. Argo's names and ids exist only in views.
public struct NodeID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let ordinal: Int32
    public init(_ ordinal: Int) { self.ordinal = Int32(ordinal) }
    public var index: Int { Int(self.ordinal) }
    public static func < (left: NodeID, right: NodeID) -> Bool { left.ordinal < right.ordinal }
    public var description: String { "#\(self.ordinal)" }
}

/// One start of a pod. `attempt` counts from 0 and grows only when infrastructure was lost and the same node starts again.
public struct PodID: Sendable, Hashable, CustomStringConvertible {
    public let run: RunID
    public let node: NodeID
    public let attempt: Int
    public init(run: RunID, node: NodeID, attempt: Int) {
        self.run = run
        self.node = node
        self.attempt = attempt
    }
    public var description: String { "\(self.run)/\(self.node.ordinal)/\(self.attempt)" }
}
