import Operations
import Synchronization
import WorkflowModel

/// Locks and a cache in memory, as far as the command line can see.
final class FakeCoordination: CoordinationOperations {
    struct State {
        var limits: [SemaphoreLimit] = []
        var locks: [LockView] = []
        var entries: [CacheEntry] = []
        var deletions: [CacheQuery] = []
    }

    let state = Mutex(State())

    init(limits: [SemaphoreLimit] = [], locks: [LockView] = [], entries: [CacheEntry] = []) {
        self.state.withLock { $0 = State(limits: limits, locks: locks, entries: entries) }
    }

    func create(_ limit: SemaphoreLimit) async throws { self.state.withLock { $0.limits.append(limit) } }

    func update(_ limit: SemaphoreLimit) async throws {
        try self.state.withLock { state in
            guard let at = state.limits.firstIndex(where: { $0.key == limit.key && $0.place == limit.place }) else {
                throw OperationError(.notFound, "no limit")
            }
            state.limits[at] = limit
        }
    }

    func semaphoreLimit(_ key: String, in place: SemaphoreLimit.Place, namespace: String) async throws -> SemaphoreLimit {
        guard let found = self.state.withLock({ $0.limits.first { $0.key == key && $0.place == place && $0.namespace == namespace } })
        else { throw OperationError(.notFound, "no limit") }
        return found
    }

    func deleteLimit(_ key: String, in place: SemaphoreLimit.Place, namespace: String) async throws {
        self.state.withLock { $0.limits.removeAll { $0.key == key && $0.place == place } }
    }

    func semaphoreLimits(namespace: String?) async throws -> [SemaphoreLimit] { self.state.withLock { $0.limits } }

    func locks(namespace: String?) async throws -> [LockView] { self.state.withLock { $0.locks } }

    func cacheEntries(_ query: CacheQuery, after: CacheEntry?, limit: Int) async throws -> [CacheEntry] {
        self.state.withLock { state in
            let found = state.entries.filter { (query.cache ?? $0.cache) == $0.cache && (query.key ?? $0.key) == $0.key }
            let start = after.flatMap { found.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
            return Array(found.dropFirst(start).prefix(limit))
        }
    }

    func deleteCacheEntries(_ query: CacheQuery) async throws -> Int {
        self.state.withLock { state in
            state.deletions.append(query)
            let count = state.entries.count
            state.entries.removeAll { (query.cache ?? $0.cache) == $0.cache && (query.key ?? $0.key) == $0.key }
            return count - state.entries.count
        }
    }
}
