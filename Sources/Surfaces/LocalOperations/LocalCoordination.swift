import Engine
public import Operations
public import Ports
import StatusViews
import WorkflowModel

/// Locks and the cache of one data directory.
public struct LocalCoordination: CoordinationOperations {
    /// How the store of the data directory is opened.
    public struct Place: Sendable {
        /// To look; makes nothing where there is nothing.
        public var openReader: @Sendable () async throws -> any LockRegister & MemoRegister & RunReader
        public var openStore: @Sendable () async throws -> any LockRegister & MemoRegister
        /// ConfigMaps that hold limits.
        public var resources: any ResourceOperations

        public init(
            openReader: @escaping @Sendable () async throws -> any LockRegister & MemoRegister & RunReader,
            openStore: @escaping @Sendable () async throws -> any LockRegister & MemoRegister, resources: any ResourceOperations
        ) {
            self.openReader = openReader
            self.openStore = openStore
            self.resources = resources
        }
    }

    private let place: Place

    public init(_ place: Place) { self.place = place }

    // MARK: Limits

    public func create(_ limit: SemaphoreLimit) async throws {
        try Self.check(limit)
        switch limit.place {
        case .database:
            let isSet = try await OperationError.translating {
                try await self.place.openStore().setLockLimit(LockLimit(limit), isNew: true)
            }
            if !isSet { throw Self.alreadyExists(limit) }
        case .configMap(let name): try await LimitConfigMap(name, limit.namespace, self.place.resources).create(limit)
        }
    }

    public func update(_ limit: SemaphoreLimit) async throws {
        try Self.check(limit)
        switch limit.place {
        case .database:
            let isSet = try await OperationError.translating {
                try await self.place.openStore().setLockLimit(LockLimit(limit), isNew: false)
            }
            if !isSet { throw Self.notFound(limit.key, limit.place, limit.namespace) }
        case .configMap(let name): try await LimitConfigMap(name, limit.namespace, self.place.resources).update(limit)
        }
    }

    public func semaphoreLimit(_ key: String, in place: SemaphoreLimit.Place, namespace: String) async throws -> SemaphoreLimit {
        let found =
            switch place {
            case .database:
                try await OperationError.translating { try await self.place.openReader().lockLimit(key, namespace: namespace) }
            case .configMap(let name): try await LimitConfigMap(name, namespace, self.place.resources).limit(of: key)
            }
        guard let found else { throw Self.notFound(key, place, namespace) }
        return SemaphoreLimit(namespace: namespace, key: key, place: place, limit: found)
    }

    public func deleteLimit(_ key: String, in place: SemaphoreLimit.Place, namespace: String) async throws {
        switch place {
        case .database:
            let isGone = try await OperationError.translating {
                try await self.place.openStore().removeLockLimit(key, namespace: namespace)
            }
            if !isGone { throw Self.notFound(key, place, namespace) }
        case .configMap(let name): try await LimitConfigMap(name, namespace, self.place.resources).delete(key)
        }
    }

    public func semaphoreLimits(namespace: String?) async throws -> [SemaphoreLimit] {
        try await OperationError.translating {
            try await self.place.openReader().lockLimits(namespace: namespace).map {
                SemaphoreLimit(namespace: $0.namespace, key: $0.key, place: .database, limit: $0.size)
            }
        }
    }

    private static func check(_ limit: SemaphoreLimit) throws {
        if limit.limit < 1 {
            throw OperationError(.invalid, "the limit of '\(limit.key)' is \(limit.limit): it must be 1 or more")
        }
    }

    static func alreadyExists(_ limit: SemaphoreLimit) -> OperationError {
        OperationError(
            .alreadyExists, "\(Self.name(limit.key, limit.place, limit.namespace)) has a limit already",
            hint: "change it with: skiff sync update")
    }

    static func notFound(_ key: String, _ place: SemaphoreLimit.Place, _ namespace: String) -> OperationError {
        OperationError(.notFound, "\(Self.name(key, place, namespace)) has no limit", hint: "set one with: skiff sync create")
    }

    private static func name(_ key: String, _ place: SemaphoreLimit.Place, _ namespace: String) -> String {
        switch place {
        case .database: "semaphore '\(key)' of the database, in namespace '\(namespace)',"
        case .configMap(let name): "key '\(key)' of ConfigMap '\(name)' in namespace '\(namespace)'"
        }
    }

    // MARK: Locks

    public func locks(namespace: String?) async throws -> [LockView] {
        try await OperationError.translating {
            try await self.place.openReader().lockStates(namespace: namespace).map { state in
                LockView(
                    lock: state.lock, limit: state.limit, holding: state.holders.map { LockView.Party($0) },
                    waiting: state.waiters.map { LockView.Party($0) })
            }
        }
    }

    // MARK: The cache

    public func cacheEntries(_ query: CacheQuery, after: CacheEntry?, limit: Int) async throws -> [CacheEntry] {
        try await OperationError.translating {
            let reader = try await self.place.openReader()
            let last = after.map { MemoRequest(namespace: $0.namespace, cache: $0.cache, key: $0.key) }
            var entries: [CacheEntry] = []
            for memo in try await reader.memos(matching: MemoFilter(query), after: last, limit: limit) {
                let run = try await reader.run(named: memo.run.text, namespace: memo.request.namespace)
                entries.append(
                    CacheEntry(
                        namespace: memo.request.namespace, cache: memo.request.cache, key: memo.request.key,
                        run: run?.name ?? memo.run.text,
                        createdAt: memo.createdAt, lastHitAt: memo.lastHitAt, outputs: OutputsView.object(memo.outputs)))
            }
            return entries
        }
    }

    public func deleteCacheEntries(_ query: CacheQuery) async throws -> Int {
        try await OperationError.translating { try await self.place.openStore().removeMemos(matching: MemoFilter(query)) }
    }
}

extension LockLimit {
    fileprivate init(_ limit: SemaphoreLimit) { self.init(namespace: limit.namespace, key: limit.key, size: limit.limit) }
}

extension LockView.Party {
    fileprivate init(_ party: LockState.Party) {
        let process = party.owner.flatMap { LocalOwner.isAlive($0) ? $0.processID : nil }
        self.init(run: party.runName, namespace: party.namespace, node: party.node, process: process)
    }
}

extension MemoFilter {
    fileprivate init(_ query: CacheQuery) {
        self.init(
            namespace: query.namespace, cache: query.cache, key: query.key, createdBefore: query.createdBefore,
            lastHitBefore: query.lastHitBefore)
    }
}
