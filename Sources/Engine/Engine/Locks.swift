/// A lock as a run asks for it.
public struct LockRequest: Sendable, Equatable, Hashable {
    public enum Kind: String, Sendable, Equatable {
        case mutex = "Mutex"
        /// As many holders as a key of a ConfigMap says.
        case configMap = "ConfigMap"
        /// As many holders as the database of limits says.
        case database = "Database"
    }
    public var kind: Kind
    public var namespace: String
    public var name: String
    /// Of a ConfigMap.
    public var key: String?
    /// Shared with other installations through a database.
    public var isInDatabase: Bool
    public init(kind: Kind, namespace: String, name: String, key: String? = nil, isInDatabase: Bool = false) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.key = key
        self.isInDatabase = isInDatabase
    }

    /// Argo's lock key: `<namespace>/Mutex/<name>`, `<namespace>/ConfigMap/<name>/<key>`, `<namespace>/Database/<key>`.
    public var text: String {
        let kind = self.isInDatabase ? Kind.database.rawValue : self.kind.rawValue
        return "\(self.namespace)/\(kind)/\(self.name)" + (self.key.map { "/\($0)" } ?? "")
    }
}

/// Who holds a lock: a node, or the run itself.
public struct LockHolder: Sendable, Equatable, Hashable {
    public var run: RunID
    public var node: NodeID?
    public init(run: RunID, node: NodeID?) {
        self.run = run
        self.node = node
    }
}

/// What came of asking for locks. All of them are given together or none.
public enum LockAnswer: Sendable, Equatable {
    case granted
    /// Argo's status of the lock in the way: how many of how many places are taken.
    case wait(lock: String, held: Int, limit: Int)
    case refused(message: String)
}

/// A place in the cache of memoized templates.
public struct MemoRequest: Sendable, Equatable, Hashable {
    public var namespace: String
    public var cache: String
    public var key: String
    public init(namespace: String, cache: String, key: String) {
        self.namespace = namespace
        self.cache = cache
        self.key = key
    }
}
