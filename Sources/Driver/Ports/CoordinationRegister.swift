public import Engine
public import WorkflowModel

/// How many may hold a semaphore whose limit is in the database (`semaphores: [{database: {key: …}}]`).
public struct LockLimit: Sendable, Equatable {
    public var namespace: String
    public var key: String
    public var size: Int
    public init(namespace: String, key: String, size: Int) {
        self.namespace = namespace
        self.key = key
        self.size = size
    }
}

/// A lock that somebody holds or waits for.
public struct LockState: Sendable, Equatable {
    /// One who does: a run, or a node of one.
    public struct Party: Sendable, Equatable {
        public var run: RunID
        public var runName: String
        /// Of the run.
        public var namespace: String
        /// nil for the run itself.
        public var node: String?
        /// Who carries the run out; nil for nobody.
        public var owner: Owner?
        public init(run: RunID, runName: String, namespace: String, node: String?, owner: Owner?) {
            self.run = run
            self.runName = runName
            self.namespace = namespace
            self.node = node
            self.owner = owner
        }
    }
    /// As `LockRequest.text`.
    public var lock: String
    /// How many may hold it; nil where only the runs that ask for it know.
    public var limit: Int?
    public var holders: [Party]
    /// In the order in which they are served.
    public var waiters: [Party]
    public init(lock: String, limit: Int?, holders: [Party], waiters: [Party]) {
        self.lock = lock
        self.limit = limit
        self.holders = holders
        self.waiters = waiters
    }
}

/// What is known about locks, and the limits that are kept in the database.
public protocol LockRegister: Sendable {
    /// By namespace and key.
    /// - Parameter namespace: nil for all.
    func lockLimits(namespace: String?) async throws -> [LockLimit]
    func lockLimit(_ key: String, namespace: String) async throws -> Int?
    /// - Parameter isNew: whether there must be none of that name yet, or must be one.
    /// - Returns: false when it is otherwise; nothing has changed then.
    func setLockLimit(_ limit: LockLimit, isNew: Bool) async throws -> Bool
    /// - Returns: false when there was none.
    func removeLockLimit(_ key: String, namespace: String) async throws -> Bool
    /// Every lock that is held or waited for, by its text.
    /// - Parameter namespace: of the lock; nil for all.
    func lockStates(namespace: String?) async throws -> [LockState]
}

/// What a memoized template gave, as it is kept.
public struct MemoEntry: Sendable, Equatable {
    public var request: MemoRequest
    public var outputs: NodeOutputs
    /// Which run gave it; the run may be gone.
    public var run: RunID
    public var createdAt: Timestamp
    public var lastHitAt: Timestamp
    public init(request: MemoRequest, outputs: NodeOutputs, run: RunID, createdAt: Timestamp, lastHitAt: Timestamp) {
        self.request = request
        self.outputs = outputs
        self.run = run
        self.createdAt = createdAt
        self.lastHitAt = lastHitAt
    }
}

/// Which entries of the cache are meant: those that satisfy everything that is given.
public struct MemoFilter: Sendable, Equatable {
    public var namespace: String?
    public var cache: String?
    public var key: String?
    public var createdBefore: Timestamp?
    public var lastHitBefore: Timestamp?
    public init(
        namespace: String? = nil, cache: String? = nil, key: String? = nil, createdBefore: Timestamp? = nil, lastHitBefore: Timestamp? = nil
    ) {
        self.namespace = namespace
        self.cache = cache
        self.key = key
        self.createdBefore = createdBefore
        self.lastHitBefore = lastHitBefore
    }
}

/// What is in the cache of memoized templates.
public protocol MemoRegister: Sendable {
    /// By namespace, cache and key.
    /// - Parameter after: the last one of the page before.
    func memos(matching filter: MemoFilter, after: MemoRequest?, limit: Int) async throws -> [MemoEntry]
    /// - Returns: how many there were.
    func removeMemos(matching filter: MemoFilter) async throws -> Int
}
