public import Engine

/// Who has a lock.
public struct LockHolding: Sendable, Equatable {
    public var run: RunID
    /// The run's name.
    public var name: String
    /// nil: the run itself.
    public var node: NodeID?
    public init(run: RunID, name: String, node: NodeID?) {
        self.run = run
        self.name = name
        self.node = node
    }
}

/// How a lock stands, for those who ask why something waits.
public struct LockStanding: Sendable, Equatable {
    public var holders: [LockHolding]
    /// How many wait for it.
    public var waiting: Int
    public init(holders: [LockHolding], waiting: Int) {
        self.holders = holders
        self.waiting = waiting
    }
}
