public import Engine
public import WorkflowModel

/// A holder's demand for locks: all of them or none.
public struct LockDemand: Sendable, Equatable {
    public struct Lock: Sendable, Equatable {
        public var request: LockRequest
        /// How many may hold it, as the run's own resources say; nil where only the store can tell. A mutex has one holder. What a stored
        /// ConfigMap says now goes before what the run's copy of it says.
        public var limit: Int?
        public init(request: LockRequest, limit: Int?) {
            self.request = request
            self.limit = limit
        }
    }
    public var holder: LockHolder
    public var locks: [Lock]
    /// Of the run: the highest goes first, then the one that was created first.
    public var priority: Int
    public var createdAt: Timestamp
    public init(holder: LockHolder, locks: [Lock], priority: Int, createdAt: Timestamp) {
        self.holder = holder
        self.locks = locks
        self.priority = priority
        self.createdAt = createdAt
    }
}

/// A run that waits for a lock.
public struct LockWaiter: Sendable, Equatable, Hashable {
    public var run: RunID
    /// Where its owner listens; nil when nobody carries it out.
    public var doorbell: String?
    public init(run: RunID, doorbell: String?) {
        self.run = run
        self.doorbell = doorbell
    }
}

/// Locks that runs of all processes share. They outlive processes: a run keeps its locks until it gives them back, ends or is deleted.
public protocol LockService: Sendable {
    /// Takes all the locks, or joins their queues. Repeated with the effect of once: a holder that has its locks is told so again.
    ///
    /// Only the first in the queue of a lock, or another node of the same run, may take it.
    func acquire(_ demand: LockDemand) async throws -> LockAnswer
    /// Gives back what the holder has, and its places in queues.
    /// - Returns: who waits for one of these locks.
    func release(_ holder: LockHolder) async throws -> [LockWaiter]
    /// Gives back everything that the run and its nodes have.
    func releaseAll(of run: RunID) async throws -> [LockWaiter]
}

/// Outputs of memoized templates, shared by runs of all processes.
public protocol MemoCache: Sendable {
    /// What is kept under the key, if it is not older than `maxAge` and everything it refers to is still there.
    func recall(_ request: MemoRequest, maxAge: Span?, at now: Timestamp) async throws -> NodeOutputs?
    func remember(_ request: MemoRequest, _ outputs: NodeOutputs, of run: RunID, node: NodeID, at now: Timestamp) async throws
}

/// A call with everything that comes from elsewhere.
public struct CallLaunch: Sendable {
    public var request: CallRequest
    /// Input artifacts on disk, and for `data` the artifact that is listed, under the name of its source.
    public var inputs: [PlacedInput]
    /// Values by secret name and key, only those the request names. Never written anywhere.
    public var secrets: [String: [String: [UInt8]]]
    public init(request: CallRequest, inputs: [PlacedInput], secrets: [String: [String: [UInt8]]]) {
        self.request = request
        self.inputs = inputs
        self.secrets = secrets
    }
}

/// Carries out what templates ask of Skiff itself. A call ends early when its task is cancelled.
public protocol CallRunner: Sendable {
    func carryOut(_ call: CallLaunch) async -> CallResult
}
