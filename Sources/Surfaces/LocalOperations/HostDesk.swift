import Driver
import Engine
import Operations
import Ports
import Synchronization
import WorkflowModel

/// Finds the runs that are to be carried out, and takes them.
final class HostDesk: Sendable {
    /// So many are taken at a time: enough that their commits share transactions, few enough that one of high priority that comes meanwhile
    /// does not wait long.
    private static let batch = 32

    let tools: RunTools
    private let runs: HostedRuns
    private let cleaning: OrphanCleaning
    private let tell: @Sendable (HostNews) -> Void
    private let state = Mutex(State())

    private struct State {
        /// As the configuration has them, without what namespaces say themselves.
        var limits: RunLimits?
        /// What was told last, so that a trouble that lasts is told once.
        var lastTrouble: String?
    }

    init(tools: RunTools, driver: RunDriver, runs: HostedRuns, tell: @escaping @Sendable (HostNews) -> Void) {
        self.tools = tools
        self.cleaning = OrphanCleaning(tools: tools, driver: driver)
        self.runs = runs
        self.tell = tell
        self.state.withLock { $0.limits = runs.places.limits }
    }

    private var queue: any RunQueue {
        guard let queue = self.tools.records.queue else { preconditionFailure("a host without a queue does not begin") }
        return queue
    }

    /// Takes what is to be taken.
    /// - Parameter everywhere: also runs whose owners died or gave them up.
    func look(everywhere: Bool) async {
        do {
            if everywhere { try await self.adopt() }
            await self.takeAll(try await self.queue.unownedCommandedRuns().filter { self.runs.reserve($0, obeysLimits: false) })
            try await self.takeWaiting()
            self.state.withLock { $0.lastTrouble = nil }
        } catch {
            self.report("runs cannot be looked for: \(error)")
        }
    }

    private func report(_ text: String) {
        let isNew = self.state.withLock { state in
            defer { state.lastTrouble = text }
            return state.lastTrouble != text
        }
        if isNew { self.tell(.trouble(text)) }
    }

    // MARK: Limits

    /// - Parameter configured: nil for those that hold already.
    func readLimits(of machinery: RunMachinery, _ configured: RunLimits?) async {
        guard
            var limits = self.state.withLock({ state in
                state.limits = configured ?? state.limits
                return state.limits
            })
        else { return }
        guard let open = machinery.openResources else { return self.runs.setLimits(limits) }
        do {
            let selector = try LabelSelector(RunLimits.label)
            let labelled = try await open().resources(ResourceQuery(.namespace, namespace: nil, labels: selector, limit: 1000)).items
            limits.namespaces = Dictionary(
                labelled.compactMap { item in item.labels[RunLimits.label].flatMap { Int($0) }.map { (item.key.name, max(0, $0)) } }
            ) { _, last in last }
            self.runs.setLimits(limits)
        } catch {
            self.report("the limits of namespaces cannot be read: \(error)")
        }
    }

    // MARK: Taking

    /// Goes on with what others began and do not carry out any more. It was running, and so it has its place whatever the limits.
    private func adopt() async throws {
        let orphans = try await self.queue.heldRuns(besides: self.tools.owner).filter { held in
            held.owner.map { !LocalOwner.isAlive($0) } ?? true
        }
        await self.cleaning.clean(orphans)
        let unfinished = orphans.map(\.record).filter { $0.finishedAt == nil && self.runs.reserve($0, obeysLimits: false) }
        await self.takeAll(unfinished)
    }

    private func takeWaiting() async throws {
        while true {
            let places = self.runs.places
            guard places.free > 0 else { return }
            let waiting = try await self.queue.unownedRuns(limit: min(Self.batch, places.free), except: places.full)
            let taken = waiting.filter { self.runs.reserve($0, obeysLimits: true) }
            if taken.isEmpty { return }
            await self.takeAll(taken)
        }
    }

    /// Takes runs that have their places.
    private func takeAll(_ records: [RunRecord]) async {
        await withDiscardingTaskGroup { group in for record in records { group.addTask { await self.take(record) } } }
    }

    private func take(_ record: RunRecord) async {
        let records = self.tools.records
        do {
            let ownership = try await records.journal.acquire(record.id, owner: self.tools.owner, isAlive: LocalOwner.isAlive)
            let stored = try await StoredRun.load(record, from: records.reader)
            let isAfterRestart = try await records.reader.bootID(of: record.id) != self.tools.owner.bootID
            self.runs.add(
                RecordedRun(record: record, manifest: stored.manifest, machine: stored.machine, ownership: ownership),
                isAfterRestart: isAfterRestart)
        } catch JournalError.ownedBy, JournalError.noSuchRun {
            // Somebody was faster, or it has just ended.
            self.runs.giveBack(record.id)
        } catch {
            // Once taken it stays this process' own, so that it is not looked at again and again: the next start does.
            self.runs.giveBack(record.id)
            self.report("run '\(record.name)' in namespace '\(record.namespace)' cannot be carried out: \(error)")
        }
    }
}
