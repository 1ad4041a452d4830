import Driver
import Engine
import Operations
import Ports
import Synchronization
import WorkflowModel

/// Runs that this process carries out.
final class LocalRunSession: RunSession {
    enum Beginning {
        case fresh
        case resumed(isAfterRestart: Bool)
    }

    let names: [String]
    let updates: AsyncStream<RunUpdate>
    private let handles: [RunHandle]
    private let children: ChildRuns
    private let manifests: [JSONValue]
    private let work: Task<Void, any Error>

    /// - Parameter news: told before anything else.
    init(tools: RunTools, runs: [RecordedRun], beginning: Beginning, news: [RunUpdate]) {
        let driver = tools.driver
        self.names = runs.map(\.record.name)
        self.manifests = runs.map(\.manifest)
        let children = ChildRuns(driver: driver, names: Dictionary(runs.map { ($0.record.id, $0.record.name) }) { first, _ in first })
        self.children = children
        self.updates = Updates(news: news, feed: driver.feed, runs: children).stream()
        tools.objects.attach(tools, children)
        let handles = runs.map { run in
            switch beginning {
            case .fresh: driver.start(run.machine, record: run.record, ownership: run.ownership)
            case .resumed(let isAfterRestart):
                driver.resume(run.machine, record: run.record, ownership: run.ownership, isAfterRestart: isAfterRestart)
            }
        }
        self.handles = handles
        // Unstructured, because runs go on between the calls of whoever started them; `wait` joins it.
        self.work = Task { try await Self.carryOut(driver, Array(zip(handles, runs.map(\.record.name))), children, tools) }
    }

    func workflows() async -> [JSONValue] {
        var workflows: [JSONValue] = []
        for (handle, manifest) in zip(self.handles, self.manifests) {
            workflows.append(await handle.snapshot().view(manifest))
        }
        return workflows
    }

    func stop() async { self.shutDown(.stop) }

    func terminate() async { self.shutDown(.terminate) }

    private func shutDown(_ kind: RunState.Shutdown) {
        for handle in self.handles { handle.shutDown(kind, message: "") }
        self.children.shutDown(kind)
    }

    func leave() async {
        for handle in self.handles + self.children.all.map(\.handle) { handle.leave() }
        // What went wrong meanwhile, `wait` tells.
        _ = await self.work.result
    }

    func wait() async throws { try await self.work.value }

    private static func carryOut(
        _ driver: RunDriver, _ runs: [(handle: RunHandle, name: String)], _ children: ChildRuns, _ tools: RunTools
    ) async throws {
        // Unstructured, because it is cancelled when the runs have ended and need not be waited for.
        let driving = Task { await driver.run() }
        // Beside the runs, which do not wait for it. Each call removes more than it adds, so that a long history shrinks however short the runs.
        let tidying = Task {
            await OrphanCleaning(tools: tools, driver: driver).cleanAll()
            await tools.history.tidy(atLeast: runs.count + 1)
        }
        var failure: (any Error)?
        func wait(for handle: RunHandle, _ name: String) async {
            guard case .failed(let error) = await handle.outcome() else { return }
            failure = failure ?? (error as? JournalError).map { OperationError($0, run: name) } ?? error
        }
        for run in runs { await wait(for: run.handle, run.name) }
        // While one ends, another may come.
        var ended = 0
        while ended < children.all.count {
            let child = children.all[ended]
            await wait(for: child.handle, child.name)
            ended += 1
        }
        driver.feed.close()
        driving.cancel()
        tools.doorbell.close()
        await tools.calls.close()
        await tools.runtime.settle()
        tidying.cancel()
        await tidying.value
        if let failure { throw failure }
    }
}

/// The news of a session, in the words of operations.
private final class Updates: Sendable {
    private let waiting: Mutex<[RunUpdate]>
    private let feed: RunFeed
    private let runs: ChildRuns

    init(news: [RunUpdate], feed: RunFeed, runs: ChildRuns) {
        self.waiting = Mutex(news.reversed())
        self.feed = feed
        self.runs = runs
    }

    func stream() -> AsyncStream<RunUpdate> { AsyncStream { await self.next() } }

    private func next() async -> RunUpdate? {
        while true {
            if let update = self.waiting.withLock({ $0.popLast() }) { return update }
            let news = await self.feed.next()
            if news.isEmpty { return nil }
            let updates = news.compactMap(self.update)
            self.waiting.withLock { $0 = updates.reversed() }
        }
    }

    /// nil for what nobody is to see.
    private func update(_ news: RunNews) -> RunUpdate? {
        switch news {
        case .started(let run): return .runStarted(run: self.name(run))
        case .finished(let run, let phase, let message): return .runFinished(run: self.name(run), phase: phase.rawValue, message: message)
        case .nodeChanged(let run, let change):
            // A node that waits for a lock is shown, one that waits for a place is not.
            if change.phase == .held, change.message.isEmpty { return nil }
            return .nodeChanged(
                run: self.name(run), node: change.name, displayName: change.displayName, type: change.type.rawValue,
                phase: change.phase.shown,
                message: change.message)
        }
    }

    private func name(_ run: RunID) -> String { self.runs.name(of: run) ?? run.text }
}
