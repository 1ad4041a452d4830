import Engine
import Operations
import Ports
import Synchronization
import WorkflowModel

/// Looks for changes of runs on behalf of all who watch: one look and one reading of a changed run for all of them.
///
/// While somebody watches it looks every `pause` or seldomer, at the cost of a fraction of a microsecond for each unfinished run: that sees the changes of
/// every process alike, and needs no bell that could be missed. A version is the number of a change as this hub counts them, from a number that
/// grows with the clock, so that versions of an earlier hub are told from its own.
actor RunWatchHub {
    private static let pause = Duration.milliseconds(50)
    /// So many times longer than a look takes is the pause at least: looking takes up that part of one core at most.
    private static let pauseFactor = 20
    /// Changes that are kept for those who watch from a version.
    private static let longestLog = 10_000
    /// Objects that are kept for those who watch.
    private static let mostObjects = 256

    enum Change: Sendable {
        case added(RunRecord)
        case modified(RunRecord)
        case deleted(DeletedRun)
    }

    private let index: any RunIndex
    private let reader: any RunReader
    /// Of the last change.
    private var current: Int64
    private var mark: RunMark?
    /// The newest changes, the last of which is number `current`.
    private var log: [Change] = []
    private var watchers: [ObjectIdentifier: WeakWatcher] = [:]
    private var looking: Task<Void, any Error>?
    private var isPolling = false
    private var objects: [RunID: Task<JSONValue?, any Error>] = [:]

    private struct WeakWatcher {
        weak var watcher: RunWatcher?
    }

    init(index: any RunIndex, reader: any RunReader, time: any TimeSource) {
        self.index = index
        self.reader = reader
        self.current = time.now().milliseconds * 1000
    }

    /// Of everything that changed before the call; perhaps of something later too.
    func version() async throws -> Int64 {
        if self.mark == nil || !self.isPolling { try await self.look() }
        return self.current
    }

    func watch(_ query: RunWatchQuery, since: Int64?) async throws -> AsyncThrowingStream<RunChange, any Error> {
        _ = try await self.version()
        let watcher = RunWatcher(query, hub: self, index: self.index, lists: since == nil)
        if let since {
            let first = self.current - Int64(self.log.count)
            guard since >= first, since <= self.current else {
                throw OperationError(
                    .expired, "changes right after resourceVersion \(since) are not kept any more",
                    hint: "list the runs again, and watch from the resourceVersion of the list")
            }
            watcher.offer(self.log.suffix(Int(self.current - since)))
        }
        self.watchers[ObjectIdentifier(watcher)] = WeakWatcher(watcher: watcher)
        self.poll()
        return AsyncThrowingStream { try await watcher.next() }
    }

    // MARK: Looking

    /// Looks again and again while somebody watches.
    private func poll() {
        if self.isPolling { return }
        self.isPolling = true
        // Unstructured, because it lives as long as the streams that were given out; it ends itself after the last.
        Task {
            var cost = Duration.zero
            while self.hasWatchers {
                try? await Task.sleep(for: max(Self.pause, cost * Self.pauseFactor))
                let start = ContinuousClock.now
                do { try await self.look() } catch {
                    for watcher in self.watchers.values { watcher.watcher?.fail(error) }
                    break
                }
                cost = ContinuousClock.now - start
            }
            self.isPolling = false
            self.objects = [:]
        }
    }

    private var hasWatchers: Bool {
        self.watchers = self.watchers.filter { $0.value.watcher != nil }
        return !self.watchers.isEmpty
    }

    /// One look at a time; who comes meanwhile waits for it.
    private func look() async throws {
        if let looking = self.looking { return try await looking.value }
        let task = Task { try await self.lookOnce() }
        self.looking = task
        defer { self.looking = nil }
        try await task.value
    }

    private func lookOnce() async throws {
        guard let changes = try await self.index.changes(since: self.mark) else {
            // Nobody knows what was missed.
            self.mark = nil
            self.current += 1
            self.log = []
            let expired = OperationError(.expired, "too many runs were deleted at once to tell of each", hint: "list the runs again")
            for watcher in self.watchers.values { watcher.watcher?.fail(expired) }
            return
        }
        self.mark = changes.mark
        let news = changes.added.map(Change.added) + changes.changed.map(Change.modified) + changes.deleted.map(Change.deleted)
        if news.isEmpty { return }
        for record in changes.added + changes.changed { self.objects[record.id] = nil }
        self.current += Int64(news.count)
        self.log += news
        if self.log.count > 2 * Self.longestLog { self.log.removeFirst(self.log.count - Self.longestLog) }
        for watcher in self.watchers.values { watcher.watcher?.offer(news[...]) }
    }

    // MARK: Reading

    /// The whole Workflow as it is now; nil when it is gone.
    func object(_ record: RunRecord) async throws -> JSONValue? {
        if let known = self.objects[record.id] { return try await known.value }
        if self.objects.count >= Self.mostObjects { self.objects = [:] }
        let (index, reader) = (self.index, self.reader)
        // Unstructured, because several wait for it.
        let task = Task<JSONValue?, any Error> {
            guard let newest = try await index.run(record.id) else { return nil }
            do { return try await StoredRun.load(newest, from: reader).view } catch JournalError.noSuchRun { return nil }
        }
        self.objects[record.id] = task
        return try await task.value
    }
}

/// Somebody who watches runs. What waits for it is the newest state of each run that changed, so that it is bounded by their number.
final class RunWatcher: Sendable {
    private static let pageSize = 200

    private struct Waiting {
        var change: ResourceChange.Change
        var record: RunRecord?
        var deleted: DeletedRun?
    }

    private struct State {
        var waiting: [RunID: Waiting] = [:]
        var order: [RunID] = []
        /// Where in `order` the first is that was not told.
        var head = 0
        var failure: (any Error)?
        var isListing: Bool
        var page: [RunRecord] = []
        var cursor: RunCursor?
    }

    private let query: RunWatchQuery
    private let hub: RunWatchHub
    private let index: any RunIndex
    private let state: Mutex<State>
    private let wakes = Bell()

    /// - Parameter lists: whether the runs that there are come first.
    init(_ query: RunWatchQuery, hub: RunWatchHub, index: any RunIndex, lists: Bool) {
        self.query = query
        self.hub = hub
        self.index = index
        self.state = Mutex(State(isListing: lists))
    }

    // MARK: What comes in

    func offer(_ changes: ArraySlice<RunWatchHub.Change>) {
        self.state.withLock { state in
            for change in changes {
                switch change {
                case .added(let record): if self.isAsked(record) { Self.add(.added, record, &state) }
                case .modified(let record): if self.isAsked(record) { Self.add(.modified, record, &state) }
                case .deleted(let run): if self.isAsked(run) { Self.add(run, &state) }
                }
            }
        }
        self.wakes.ring()
    }

    func fail(_ error: any Error) {
        self.state.withLock { $0.failure = $0.failure ?? error }
        self.wakes.ring()
    }

    private static func add(_ change: ResourceChange.Change, _ record: RunRecord, _ state: inout State) {
        if state.waiting[record.id] == nil { state.order.append(record.id) }
        let isNew = state.waiting[record.id]?.change == .added || change == .added
        state.waiting[record.id] = Waiting(change: isNew ? .added : .modified, record: record)
    }

    private static func add(_ run: DeletedRun, _ state: inout State) {
        // Of a run that nobody was told of its end need not be told either.
        if state.waiting[run.id]?.change == .added {
            state.waiting[run.id] = nil
            return
        }
        if state.waiting[run.id] == nil { state.order.append(run.id) }
        state.waiting[run.id] = Waiting(change: .deleted, deleted: run)
    }

    private func isAsked(_ record: RunRecord) -> Bool { self.isAsked(record.namespace, record.name, record.allLabels) }

    private func isAsked(_ run: DeletedRun) -> Bool { self.isAsked(run.namespace, run.name, run.labels) }

    private func isAsked(_ namespace: String, _ name: String, _ labels: [String: String]) -> Bool {
        if let wanted = self.query.namespace, wanted != namespace { return false }
        switch self.query.name {
        case .exact(let wanted)?: if name != wanted { return false }
        case .prefix(let prefix)?: if !name.hasPrefix(prefix) { return false }
        case .contains(let part)?: if !name.contains(part) { return false }
        case .differs(let other)?: if name == other { return false }
        case nil: break
        }
        return self.query.labels.matches(labels)
    }

    // MARK: What goes out

    /// - Returns: nil when the task was cancelled.
    func next() async throws -> RunChange? {
        while !Task.isCancelled {
            if let record = try await self.nextListed() {
                if let object = try await self.object(record) { return RunChange(.added, object) }
                continue
            }
            let (waiting, failure) = self.state.withLock { state in (Self.take(&state), state.failure) }
            guard let waiting else {
                if let failure { throw OperationError(anyOf: failure) }
                await self.wakes.wait()
                continue
            }
            if let deleted = waiting.deleted { return RunChange(.deleted, deleted.object) }
            // One that is gone meanwhile is told of as deleted next.
            guard let record = waiting.record, let object = try await self.object(record) else { continue }
            return RunChange(waiting.change, object)
        }
        return nil
    }

    private func object(_ record: RunRecord) async throws -> JSONValue? {
        switch self.query.detail {
        case .summary: record.summaryObject
        case .whole: try await self.hub.object(record)
        }
    }

    private static func take(_ state: inout State) -> Waiting? {
        while state.head < state.order.count {
            let run = state.order[state.head]
            state.head += 1
            if state.head > 1024, state.head * 2 > state.order.count {
                state.order.removeFirst(state.head)
                state.head = 0
            }
            if let waiting = state.waiting.removeValue(forKey: run) { return waiting }
        }
        state.order = []
        state.head = 0
        return nil
    }

    /// The next of the runs that there were when the watch began.
    private func nextListed() async throws -> RunRecord? {
        while true {
            let (record, isListing, cursor) = self.state.withLock { state -> (RunRecord?, Bool, RunCursor?) in
                let record = state.page.popLast()
                // Told now, it is no news later.
                if let record, state.waiting[record.id]?.change == .added { state.waiting[record.id]?.change = .modified }
                return (record, state.isListing, state.cursor)
            }
            if record != nil || !isListing { return record }
            let query = RunListQuery(
                namespace: self.query.namespace, name: self.query.name, labels: self.query.labels, limit: Self.pageSize,
                continuation: cursor?.token)
            let page = try await self.index.page(try RunPageQuery(query))
            self.state.withLock { state in
                state.page = page.records.reversed()
                state.cursor = page.next
                state.isListing = page.next != nil
            }
        }
    }
}

/// Wakes one who waits. A ring that nobody waits for wakes the next who does.
private final class Bell: Sendable {
    private struct State {
        var hasRung = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiting = self.state.withLock { state in
            state.hasRung = state.waiting == nil
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// Returns when it has rung, or the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayGoOn = self.state.withLock { state in
                    if state.hasRung || Task.isCancelled {
                        state.hasRung = false
                        return true
                    }
                    state.waiting = continuation
                    return false
                }
                if mayGoOn { continuation.resume() }
            }
        } onCancel: {
            self.ring()
        }
    }
}
