public import WorkflowModel

// What operators see and change of locks and of the cache of memoized templates.

/// How many may hold a semaphore.
public struct SemaphoreLimit: Sendable, Equatable {
    /// Where the limit is kept.
    public enum Place: Sendable, Equatable {
        case database
        /// A key of a stored ConfigMap.
        case configMap(String)
    }
    public var namespace: String
    public var key: String
    public var place: Place
    public var limit: Int
    public init(namespace: String, key: String, place: Place, limit: Int) {
        self.namespace = namespace
        self.key = key
        self.place = place
        self.limit = limit
    }
}

/// A lock that somebody holds or waits for.
public struct LockView: Sendable, Equatable {
    public struct Party: Sendable, Equatable {
        public var run: String
        public var namespace: String
        /// nil for the run itself.
        public var node: String?
        /// The process that carries the run out; nil when none does, so that nobody gives the lock back until somebody resumes or deletes the run.
        public var process: Int32?
        public init(run: String, namespace: String, node: String?, process: Int32?) {
            self.run = run
            self.namespace = namespace
            self.node = node
            self.process = process
        }
    }
    /// Argo's name for it: `<namespace>/Mutex/<name>`, `<namespace>/ConfigMap/<name>/<key>`, `<namespace>/Database/<key>`.
    public var lock: String
    /// nil where only the runs that ask for it know.
    public var limit: Int?
    public var holding: [Party]
    /// In the order in which they are served.
    public var waiting: [Party]
    public init(lock: String, limit: Int?, holding: [Party], waiting: [Party]) {
        self.lock = lock
        self.limit = limit
        self.holding = holding
        self.waiting = waiting
    }
}

/// What a memoized template gave.
public struct CacheEntry: Sendable, Equatable {
    public var namespace: String
    public var cache: String
    public var key: String
    /// The run that gave it: its name, or its uid when it is gone.
    public var run: String
    public var createdAt: Timestamp
    public var lastHitAt: Timestamp
    /// As Argo writes a node's outputs.
    public var outputs: JSONValue
    public init(
        namespace: String, cache: String, key: String, run: String, createdAt: Timestamp, lastHitAt: Timestamp, outputs: JSONValue
    ) {
        self.namespace = namespace
        self.cache = cache
        self.key = key
        self.run = run
        self.createdAt = createdAt
        self.lastHitAt = lastHitAt
        self.outputs = outputs
    }
}

/// Which entries of the cache are meant: those that satisfy everything that is given.
public struct CacheQuery: Sendable, Equatable {
    /// nil for all.
    public var namespace: String?
    public var cache: String?
    public var key: String?
    public var createdBefore: Timestamp?
    public var lastHitBefore: Timestamp?
    public init(
        namespace: String?, cache: String? = nil, key: String? = nil, createdBefore: Timestamp? = nil, lastHitBefore: Timestamp? = nil
    ) {
        self.namespace = namespace
        self.cache = cache
        self.key = key
        self.createdBefore = createdBefore
        self.lastHitBefore = lastHitBefore
    }
}

public protocol CoordinationOperations: Sendable {
    // MARK: Limits

    /// - Throws: `OperationError.alreadyExists`, `.invalid` for a limit below 1.
    func create(_ limit: SemaphoreLimit) async throws
    /// - Throws: `OperationError.notFound`, `.invalid` for a limit below 1.
    func update(_ limit: SemaphoreLimit) async throws
    /// - Throws: `OperationError.notFound`.
    func semaphoreLimit(_ key: String, in place: SemaphoreLimit.Place, namespace: String) async throws -> SemaphoreLimit
    /// - Throws: `OperationError.notFound`.
    func deleteLimit(_ key: String, in place: SemaphoreLimit.Place, namespace: String) async throws
    /// Those that are kept in the database, by namespace and key.
    /// - Parameter namespace: nil for all.
    func semaphoreLimits(namespace: String?) async throws -> [SemaphoreLimit]

    // MARK: Locks

    /// Every lock that is held or waited for, by its name.
    /// - Parameter namespace: of the lock; nil for all.
    func locks(namespace: String?) async throws -> [LockView]

    // MARK: The cache

    /// By namespace, cache and key.
    /// - Parameter after: the last one of the page before.
    func cacheEntries(_ query: CacheQuery, after: CacheEntry?, limit: Int) async throws -> [CacheEntry]
    /// - Returns: how many there were.
    func deleteCacheEntries(_ query: CacheQuery) async throws -> Int
}
