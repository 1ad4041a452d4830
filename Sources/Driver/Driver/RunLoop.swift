import Engine
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
        case resumed
    }

    /// Only that pods started may wait so long for a commit that has more to say: nothing is decided by it, and the pod's directory tells it again.
    static let longestDelay = Span(milliseconds: 50)

    private var machine: RunMachine
    private var record: RunRecord
    private let ownership: Ownership
    private let handle: RunHandle
    private let ports: DriverPorts
    private let launcher: PodLauncher
    private let timers: Timers
    private let feed: RunFeed
    /// Phases as the feed was last told, by ordinal.
    private var told: [NodePhase] = []

    /// What was handled since the last commit.
    private var events: [JournalEvent] = []
    private var actions: [RunMachine.Action] = []
    private var commands: [RunCommand] = []
    private var isUrgent = false
    /// When what was handled must be committed at the latest.
    private var due: Timestamp?
    private var isLeaving = false
    private var finished: RunPhase?

    init(
        machine: RunMachine, record: RunRecord, ownership: Ownership, handle: RunHandle, ports: DriverPorts, launcher: PodLauncher,
        timers: Timers, feed: RunFeed
    ) {
        self.machine = machine
        self.record = record
        self.ownership = ownership
        self.handle = handle
        self.ports = ports
        self.launcher = launcher
        self.timers = timers
        self.feed = feed
    }

    /// Runs to the end, and tells the handle how it ended.
    mutating func run(_ beginning: Beginning) async {
        let outcome: RunHandle.Outcome
        do { outcome = try await self.carryOut(beginning) } catch {
            // Memory is ahead of the disk: nothing may be done any more that is not recorded.
            self.launcher.forget(self.machine.id)
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
        }
        guard let phase = self.finished else {
            self.launcher.forget(self.machine.id)
            try await self.ports.journal.release(self.ownership)
            return .left
        }
        try await self.ports.journal.release(self.ownership)
        self.feed.post([.finished(self.machine.id, phase, message: self.machine.run.message)])
        return .finished(phase)
    }

    private mutating func begin(_ beginning: Beginning) async throws {
        self.feed.post([.started(self.machine.id)])
        switch beginning {
        case .fresh: self.apply(.started, isUrgent: true)
        case .resumed:
            // Watchers hear of what changes from here on.
            self.told = self.machine.nodes.map(\.phase)
            // An earlier process may have got as far as recording the run and no further.
            if self.machine.run.phase == .pending, self.machine.nodes.isEmpty { self.apply(.started, isUrgent: true) }
            for action in self.machine.outstanding() { await self.act(action, isRepeated: true) }
        }
        try await self.takeCommands()
        if !self.events.isEmpty { try await self.commitAndAct() }
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
            case .podFinished(let pod, let result): self.apply(.podFinished(pod.node, attempt: pod.attempt, result), isUrgent: true)
            case .podLost(let pod, let reason): self.apply(.podLost(pod.node, attempt: pod.attempt, reason: reason), isUrgent: true)
            case .timerFired(let timer): self.apply(.timerFired(timer), isUrgent: true)
            case .shutdown(let kind, let message): self.apply(.shutdownRequested(kind, message: message), isUrgent: true)
            case .commandsWaiting: hasCommands = true
            case .leave: self.isLeaving = true
            case .snapshot(let continuation): continuation.resume(returning: self.machine)
            }
        }
        if hasCommands { try await self.takeCommands() }
    }

    private mutating func takeCommands() async throws {
        for command in try await self.ports.journal.pendingCommands(for: self.machine.id) {
            let kind: RunState.Shutdown =
                switch command.verb {
                case .stop: .stop
                case .terminate: .terminate
                }
            self.apply(.shutdownRequested(kind, message: command.message), isUrgent: true)
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
        let entry = JournalEntry(events: self.events, rows: rows, record: self.record)
        try await self.ports.journal.commit(entry, by: self.ownership, isUrgent: self.isUrgent)
        self.tell(changes.nodes.map(\.id))
        let (actions, commands) = (self.actions, self.commands)
        (self.events, self.actions, self.commands, self.isUrgent, self.due) = ([], [], [], false, nil)
        for command in commands { try await self.ports.journal.complete(command) }
        // Who takes the run over does what is outstanding.
        if self.isLeaving { return }
        for action in actions { await self.act(action, isRepeated: false) }
    }

    private mutating func bringRecordUpToDate() {
        let run = self.machine.run
        self.record.phase = run.phase.rawValue
        self.record.message = run.message
        self.record.startedAt = run.startedAt
        self.record.finishedAt = run.finishedAt
        let progress = self.machine.progress
        self.record.progress = "\(progress.finished)/\(progress.all)"
    }

    /// Tells watchers of nodes whose phase changed.
    private mutating func tell(_ changed: [NodeID]) {
        var news: [RunNews] = []
        for id in changed {
            let node = self.machine.nodes[id.index]
            while self.told.count <= id.index { self.told.append(.held) }
            guard self.told[id.index] != node.phase else { continue }
            self.told[id.index] = node.phase
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
            guard let refusal = self.launcher.launch(request, !isRepeated ? .none : hasStarted ? .started : .asked) else { return }
            self.handle.mailbox.post(.podFinished(request.id, self.notStarted(refusal)))
        case .stop(let pod, let grace):
            guard await self.launcher.stop(pod, grace: grace) else { return }
            self.handle.mailbox.post(.podFinished(pod, self.notStarted(PodLauncher.stoppedEarly)))
        case .schedule(let timer, let instant): self.timers.schedule(timer, of: self.machine.id, at: instant)
        // The commit before this recorded it.
        case .finish(let phase): self.finished = phase
        }
    }

    private func notStarted(_ message: String) -> PodResult {
        PodResult(end: .notStarted(message: message), finishedAt: self.ports.time.now())
    }
}
