import Engine
import Planning
import Ports
import WorkflowModel

/// Carries one run out: handles what comes, commits it, then acts.
///
/// The task that runs it owns the machine. Acting before committing would lose work; committing before acting may lose an action, so that
/// actions can be repeated and `outstanding()` gives them again to whoever takes the run over.
struct RunLoop {
    /// Where a run is taken up.
    enum Beginning: Sendable {
        case fresh
        /// Taken over from another process.
        /// - isAfterRestart: one that may have run before a restart of the machine.
        case resumed(isAfterRestart: Bool)
    }

    /// Only that pods started may wait so long for a commit that has more to say: nothing is decided by it, and the pod's directory tells it again.
    static let longestDelay = Span(milliseconds: 50)

    /// What watchers know of a node.
    private struct Told: Equatable {
        var phase = NodePhase.held
        var lock: String?

        init() {}
        init(_ node: Node) {
            self.phase = node.phase
            self.lock = node.waitsFor
        }
    }

    private var machine: RunMachine
    private var record: RunRecord
    private let ownership: Ownership
    private let handle: RunHandle
    private let ports: DriverPorts
    private let launcher: PodLauncher
    private let timers: Timers
    private let locks: LockKeeper
    private let calls: CallKeeper
    private let feed: RunFeed
    /// Phases as the feed was last told, by ordinal.
    private var told: [Told] = []

    /// What was handled since the last commit.
    private var events: [JournalEvent] = []
    private var actions: [RunMachine.Action] = []
    private var commands: [RunCommand] = []
    private var isUrgent = false
    /// When what was handled must be committed at the latest.
    private var due: Timestamp?
    private var isLeaving = false
    private var mustEndPods = false
    /// The pods whose end is awaited before the run is left; nil while nothing is being ended for that.
    private var ending: Set<PodID>?
    private var finished: RunPhase?

    init(
        machine: RunMachine, record: RunRecord, ownership: Ownership, handle: RunHandle, ports: DriverPorts, launcher: PodLauncher,
        timers: Timers, locks: LockKeeper, calls: CallKeeper, feed: RunFeed
    ) {
        self.machine = machine
        self.record = record
        self.ownership = ownership
        self.handle = handle
        self.ports = ports
        self.launcher = launcher
        self.timers = timers
        self.locks = locks
        self.calls = calls
        self.feed = feed
    }

    /// Runs to the end, and tells the handle how it ended.
    mutating func run(_ beginning: Beginning) async {
        let outcome: RunHandle.Outcome
        do { outcome = try await self.carryOut(beginning) } catch {
            // Memory is ahead of the disk: nothing may be done any more that is not recorded.
            self.forget()
            outcome = .failed(error)
        }
        self.handle.end(outcome, self.machine)
    }

    private mutating func carryOut(_ beginning: Beginning) async throws -> RunHandle.Outcome {
        try await self.begin(beginning)
        while self.finished == nil, !self.isLeaving {
            let items =
                if let due = self.due { await self.handle.mailbox.next(until: due, self.ports.time) } else {
                    await self.handle.mailbox.next()
                }
            // The process is going down: as if it were left.
            if Task.isCancelled { self.isLeaving = true }
            try await self.take(items)
            if self.mustCommit { try await self.commitAndAct() }
            try await self.endPodsIfAsked()
        }
        guard let phase = self.finished else {
            self.forget()
            try await self.ports.journal.release(self.ownership)
            return .left
        }
        if self.usesLocks { await self.locks.releaseAll(of: self.machine.id) }
        // Before it is given up: whoever finds it finished and still owned by a process that is gone does it again.
        await RunCleaner(ports: self.ports).clean(self.machine)
        try await self.ports.journal.release(self.ownership)
        self.feed.post([.finished(self.machine.id, phase, message: self.machine.run.message)])
        return .finished(phase)
    }

    /// Nothing is done for the run any more by this process.
    private func forget() {
        self.launcher.forget(self.machine.id)
        self.locks.leave(self.machine.id)
        self.calls.forget(self.machine.id)
    }

    private var usesLocks: Bool {
        self.machine.plan.synchronization != nil || self.machine.plan.templates.contains { $0.synchronization != nil }
    }

    private mutating func begin(_ beginning: Beginning) async throws {
        self.feed.post([.started(self.machine.id)])
        switch beginning {
        case .fresh: self.apply(.started, isUrgent: true)
        case .resumed(let isAfterRestart):
            // Watchers hear of what changes from here on.
            self.told = self.machine.nodes.map(Told.init)
            if self.machine.run.phase == .pending {
                // Recorded and no further, perhaps to be retried. What starting asks for has never been asked for, and waits for its commit like anything else.
                self.apply(.started, isUrgent: true)
            } else {
                await self.repeatOutstanding(isAfterRestart: isAfterRestart)
            }
        }
        try await self.takeCommands()
        if !self.events.isEmpty { try await self.commitAndAct() }
    }

    private mutating func repeatOutstanding(isAfterRestart: Bool) async {
        for action in self.machine.outstanding() {
            if isAfterRestart, case .launch(let request) = action {
                await self.findOut(request)
            } else {
                await self.act(action, isRepeated: true)
            }
        }
    }

    /// What became of a pod that was launched before the machine was restarted. Its start record may be lost with the power, so that its absence
    /// proves nothing: the pod may have run, and must not run twice. It counts as lost, which is a new attempt.
    ///
    /// All these losses are in the first commit after the restart, and that commit is also what makes this life of the machine the run's. So
    /// whoever takes the run over before it asks again, and whoever comes later finds no launch of the former life without a record.
    private mutating func findOut(_ request: PodRequest) async {
        if await self.launcher.adopt(request) { return }
        self.apply(
            .podLost(
                request.id.node, attempt: request.id.attempt, reason: "the machine was restarted, and nothing tells whether the pod ran"),
            isUrgent: true)
    }

    // MARK: Handle

    private mutating func take(_ items: [RunItem]) async throws {
        var hasCommands = false
        for item in items {
            switch item {
            case .podStarted(let pod): self.apply(.podStarted(pod.node, attempt: pod.attempt), isUrgent: false)
            case .podReady(let pod): self.apply(.podReady(pod.node, attempt: pod.attempt), isUrgent: true)
            case .containerStarted(let pod, let container):
                self.apply(.containerStarted(pod.node, attempt: pod.attempt, container: container), isUrgent: false)
            case .containerFinished(let pod, let result):
                self.apply(.containerFinished(pod.node, attempt: pod.attempt, result), isUrgent: false)
            case .progress(let pod, let done, let all):
                self.apply(.progress(pod.node, attempt: pod.attempt, done: done, of: all), isUrgent: false)
            case .podFinished(let pod, let result): if !self.archiveLogs(of: pod, result) { self.podFinished(pod, result) }
            case .logsArchived(let pod, let result): self.podFinished(pod, result)
            case .podLost(let pod, let reason): self.apply(.podLost(pod.node, attempt: pod.attempt, reason: reason), isUrgent: true)
            case .timerFired(let timer): self.apply(.timerFired(timer), isUrgent: true)
            case .shutdown(let kind, let message): self.apply(.shutdownRequested(kind, message: message), isUrgent: true)
            case .suspend: self.apply(.suspendRequested, isUrgent: true)
            case .locksAnswered(let node, let answer): self.apply(.locksAnswered(node, answer), isUrgent: true)
            case .recalled(let node, let outputs): self.apply(.recalled(node, outputs), isUrgent: true)
            case .callFinished(let call, let result): self.apply(.callFinished(call.node, attempt: call.attempt, result), isUrgent: true)
            case .commandsWaiting: hasCommands = true
            case .leave(let endsPods):
                if endsPods { self.mustEndPods = true } else { self.isLeaving = true }
            case .snapshot(let continuation): continuation.resume(returning: self.machine)
            }
        }
        if hasCommands { try await self.takeCommands() }
    }

    /// Keeps the logs of a pod as artifacts where that is wanted; its end is told with them. Logs that cannot be kept so are still logs.
    /// - Returns: false when there is nothing to keep.
    private func archiveLogs(of pod: PodID, _ result: PodResult) -> Bool {
        let containers = self.machine.archivedLogs(of: pod.node)
        if case .notStarted = result.end { return false }
        if containers.isEmpty { return false }
        // Unstructured, because the run goes on meanwhile; when it is left before, the end of the pod is told again to whoever takes it over.
        Task { [ports = self.ports, mailbox = self.handle.mailbox] in
            var result = result
            for container in containers {
                let name = PlannedTemplate.logArtifact(container)
                guard let log = try? await ports.runtime.collectLog(of: pod, container: container, name: name) else { continue }
                result.artifacts[name] = try? await ports.artifacts.save(log, key: "\(pod.run)/\(pod.node.ordinal)/\(pod.attempt)/\(name)")
            }
            mailbox.post(.logsArchived(pod, result))
        }
        return true
    }

    private mutating func podFinished(_ pod: PodID, _ result: PodResult) {
        self.ending?.remove(pod)
        guard self.ending != nil, result.exitCode != 0 else {
            return self.apply(.podFinished(pod.node, attempt: pod.attempt, result), isUrgent: true)
        }
        // It ended because it was told to, which says nothing about the step.
        self.apply(.podLost(pod.node, attempt: pod.attempt, reason: "the process that carried the run out was stopped"), isUrgent: true)
    }

    /// Ends what runs, so that the run can be left: whoever goes on with it starts those pods anew. Nothing new is started meanwhile.
    private mutating func endPodsIfAsked() async throws {
        if self.mustEndPods, self.ending == nil {
            // What was handled before may have been the end of the run.
            if self.due != nil { try await self.commitAndAct() }
            if self.finished != nil { return }
            self.ending = []
            for node in self.machine.nodes where node.type == .pod && !node.phase.hasEnded && node.phase != .held {
                let pod = PodID(run: self.machine.id, node: node.id, attempt: node.podAttempt)
                if await !self.launcher.stop(pod, grace: self.machine.grace(of: node.id)) { self.ending?.insert(pod) }
            }
        }
        if self.ending?.isEmpty == true {
            self.isLeaving = true
            if self.due != nil { try await self.commitAndAct() }
        }
    }

    private mutating func takeCommands() async throws {
        for command in try await self.ports.journal.pendingCommands(for: self.machine.id) {
            if let event = command.event { self.apply(event, isUrgent: true) }
            self.commands.append(command)
        }
    }

    private mutating func apply(_ event: RunMachine.Event, isUrgent: Bool) {
        let now = self.ports.time.now()
        self.actions += self.machine.handle(event, at: now)
        self.events.append(JournalEvent(at: now, json: event.json.json))
        self.isUrgent = self.isUrgent || isUrgent
        if self.due == nil { self.due = now + Self.longestDelay }
    }

    // MARK: Commit

    private var mustCommit: Bool {
        guard let due = self.due else { return false }
        return self.isUrgent || self.isLeaving || self.ports.time.now() >= due
    }

    /// Records what was handled and does what follows from it.
    private mutating func commitAndAct() async throws {
        let changes = self.machine.takeChanges()
        var rows = changes.nodes.map { StateRow(ordinal: $0.id.index, json: $0.row.json) }
        if let run = changes.run { rows.insert(StateRow(ordinal: -1, json: run.json), at: 0) }
        self.bringRecordUpToDate()
        let entry = JournalEntry(events: self.events, rows: rows, record: self.record, completed: self.commands)
        try await self.ports.journal.commit(entry, by: self.ownership, isUrgent: self.isUrgent)
        self.tell(changes.nodes.map(\.id))
        let actions = self.actions
        (self.events, self.actions, self.commands, self.isUrgent, self.due) = ([], [], [], false, nil)
        // Who takes the run over does what is outstanding; of one that has ended nothing is.
        let isGivenUp = self.isLeaving || self.ending != nil
        for action in actions {
            if case .finish = action {} else if isGivenUp { continue }
            await self.act(action, isRepeated: false)
        }
    }

    private mutating func bringRecordUpToDate() {
        let run = self.machine.run
        self.record.phase = run.phase.rawValue
        self.record.message = run.message
        self.record.startedAt = run.startedAt
        self.record.finishedAt = run.finishedAt
        for label in run.labels { self.record.labels[label.name] = label.value }
        self.record.expiresAt = run.finishedAt.flatMap { end in
            self.machine.plan.lifecycle.expiry(hasSucceeded: run.phase == .succeeded, finishedAt: end)
        }
        let progress = self.machine.progress
        self.record.progress = "\(progress.finished)/\(progress.all)"
    }

    /// Tells watchers of nodes whose phase changed.
    private mutating func tell(_ changed: [NodeID]) {
        var news: [RunNews] = []
        for id in changed {
            let node = self.machine.nodes[id.index]
            while self.told.count <= id.index { self.told.append(Told()) }
            guard self.told[id.index] != Told(node) else { continue }
            self.told[id.index] = Told(node)
            let change = NodeChange(
                id: id, name: node.name, displayName: self.machine.displayName(of: node), type: node.type, phase: node.phase,
                message: node.message)
            news.append(.nodeChanged(self.machine.id, change))
        }
        self.feed.post(news)
    }

    // MARK: Act

    /// - Parameter isRepeated: another process may have done it before.
    private mutating func act(_ action: RunMachine.Action, isRepeated: Bool) async {
        switch action {
        case .launch(let request):
            let hasStarted = self.machine.nodes[request.id.node.index].phase == .running
            let history: PodLauncher.History = !isRepeated ? .none : hasStarted ? .started : .asked
            guard let refusal = self.launcher.launch(request, priority: self.record.priority, history) else { return }
            self.handle.mailbox.post(.podFinished(request.id, self.notStarted(refusal)))
        case .stop(let pod, let grace):
            if self.calls.stop(pod) {
                let result = CallResult(end: .failed(message: PodLauncher.stoppedEarly), finishedAt: self.ports.time.now())
                return self.handle.mailbox.post(.callFinished(pod, result))
            }
            guard await self.launcher.stop(pod, grace: grace) else { return }
            self.handle.mailbox.post(.podFinished(pod, self.notStarted(PodLauncher.stoppedEarly)))
        case .acquire(let holder, let locks, let priority):
            let demand = LockDemand(
                holder: holder, locks: locks.map { LockDemand.Lock(request: $0, limit: self.limit(of: $0)) }, priority: priority,
                createdAt: self.record.createdAt)
            if let answer = await self.locks.acquire(demand) { self.handle.mailbox.post(.locksAnswered(holder.node, answer)) }
        case .release(let holder): await self.locks.release(holder)
        case .recall(let node, let request, let maxAge):
            self.handle.mailbox.post(.recalled(node, await self.recalled(request, maxAge)))
        case .remember(let node, let request, let outputs):
            try? await self.ports.cache.remember(request, outputs, of: self.machine.id, node: node, at: self.ports.time.now())
        case .call(let request):
            self.calls.start(request) { [mailbox = self.handle.mailbox] in mailbox.post(.callFinished($0, $1)) }
        case .schedule(let timer, let instant): self.timers.schedule(timer, of: self.machine.id, at: instant)
        // The commit before this recorded it.
        case .finish(let phase): self.finished = phase
        }
    }

    /// What the cache has. One that cannot be read has nothing, and neither has one whose artifacts are gone.
    private func recalled(_ request: MemoRequest, _ maxAge: Span?) async -> NodeOutputs? {
        guard let outputs = try? await self.ports.cache.recall(request, maxAge: maxAge, at: self.ports.time.now()) else { return nil }
        for case .stored(let artifact) in outputs.artifacts.map(\.source) where await !self.ports.artifacts.holds(artifact) { return nil }
        return outputs
    }

    /// How many may hold a lock, as far as the run knows: its ConfigMaps were given with it.
    private func limit(of lock: LockRequest) -> Int? {
        switch lock.kind {
        case .mutex: 1
        case .configMap: lock.key.flatMap { self.machine.plan.resources.configMaps[lock.name]?.data[$0] }.flatMap { Int($0) }
        case .database: nil
        }
    }

    private func notStarted(_ message: String) -> PodResult {
        PodResult(end: .notStarted(message: message), finishedAt: self.ports.time.now())
    }
}
