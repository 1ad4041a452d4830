import GRDB
public import Ports
import WorkflowModel

extension SQLiteStore {
    public func changes(of query: ResourceQuery, since version: Int64?) -> AsyncThrowingStream<ResourceEvent, any Error> {
        let watch = ResourceWatch(store: self, query: query, since: version)
        return AsyncThrowingStream { try await watch.next() }
    }
}

/// A reader of the change log.
///
/// It looks whether the log has grown, some 20 µs every 50 ms while nothing happens: that sees the changes of every process alike, and needs
/// no bell that could be missed. What was read and not asked for yet is at most one batch.
private actor ResourceWatch {
    private static let pause = Duration.milliseconds(50)
    private static let batch = 200

    private let store: SQLiteStore
    private let query: ResourceQuery
    /// Everything up to here was told or is in `waiting`; nil before the objects that there are were read.
    private var version: Int64?
    /// Where the next page of the objects that there are begins.
    private var page: ResourceCursor?
    /// In reverse order.
    private var waiting: [ResourceEvent] = []

    init(store: SQLiteStore, query: ResourceQuery, since version: Int64?) {
        self.store = store
        self.query = query
        self.version = version
    }

    /// - Returns: nil when the task was cancelled.
    func next() async throws -> ResourceEvent? {
        while true {
            if let event = self.waiting.popLast() { return event }
            if Task.isCancelled { return nil }
            do { try await self.read() } catch is CancellationError { return nil }
        }
    }

    private func read() async throws {
        guard let version = self.version, self.page == nil else { return try await self.readPage() }
        let (query, fault) = (self.query, self.store.fault)
        let found = try await Self.unwrapped(
            self.store.read { db in
                // A refusal is no fault of the database.
                do { return .success(try ChangeLog(db: db, fault: fault).changes(of: query, since: version, limit: Self.batch)) } catch let
                    error as ResourceError
                { return .failure(error) }
            })
        self.version = found.upTo
        self.waiting = found.events.reversed()
        if found.upTo == version { try await Task.sleep(for: Self.pause) }
    }

    private static func unwrapped<Value: Sendable>(_ result: Result<Value, ResourceError>) throws -> Value { try result.get() }

    /// What there is when the watch begins. What changes while its pages are read comes again as a change.
    private func readPage() async throws {
        var query = self.query
        query.limit = Self.batch
        query.after = self.page
        let page = try await self.store.resources(query)
        self.version = page.version
        self.page = page.next
        self.waiting = page.items.reversed().map { ResourceEvent(.added, $0) }
    }
}
