import Engine
import Planning
import WorkflowModel

/// One run of one workflow in a world that follows from a seed.
///
/// It keeps the driver's protocol: handle, commit, then act; take commands over from where they are kept; and after a crash rebuild the machine
/// from its rows and do what is outstanding. What the process knows dies with it, pods, locks, the cache and the journal do not.
struct Simulation {
    /// How a run ended.
    struct Ending: Sendable, Equatable {
        var phase: RunPhase
        var outputs: [NamedValue]
        /// Each node by name: phase and outputs.
        var nodes: [String]
        /// Points at which the process might have crashed, and how often it did.
        var points = 0
        var crashes = 0
        var events = 0
    }

    struct Options: Sendable {
        /// After how many commits the machine is compared with one that is rebuilt from its rows. 1: after each.
        var rebuildsEvery = 1
        /// Whether what happens is written down.
        var isTraced = false
        init() {}
    }

    static let mostEvents = 20_000

    let seed: UInt64
    let plan: Plan
    let options: Options
    let fate: Fate
    var machine: RunMachine
    var dice: CrashDice
    var rules: Rules
    private(set) var trace: [String] = []

    // What outlives the process.
    var now = Timestamp(milliseconds: 1_700_000_000_000)
    var journal: (run: JSONValue, nodes: [JSONValue])?
    var runtime: ModelRuntime
    var locks: ModelLocks
    var cache: [MemoRequest: (outputs: NodeOutputs, at: Timestamp)] = [:]
    var happenings: [Happening]
    /// When what was asked for first will be answered, whoever asks again.
    var due: [String: Timestamp] = [:]
    private var events = 0
    private var commits = 0
    /// How often a person looked after a run that waited for one.
    private var rescues = 0

    // What the process knows.
    var agenda = Agenda()
    var calls: [PodID: CallResult] = [:]
    private var finished: RunPhase?

    init(seed: UInt64, plan: Plan, document: JSONValue, crashes: CrashSchedule, options: Options = Options()) {
        self.seed = seed
        self.plan = plan
        self.options = options
        self.fate = Fate(seed: seed)
        self.machine = RunMachine(plan: plan, id: RunID("uid-1"))
        self.dice = CrashDice(crashes)
        self.rules = Rules(plan: plan, document: document)
        self.runtime = ModelRuntime(fate: self.fate)
        self.locks = ModelLocks(fate: self.fate)
        self.happenings = Happening.all(seed: seed, from: self.now)
    }

    /// Carries the run out to its end.
    mutating func run() throws -> Ending {
        while self.finished == nil {
            do { try self.live() } catch is Crash {
                self.note("CRASH")
                self.agenda.removeAll()
                self.calls = [:]
                self.runtime.forgetProcess()
                self.locks.forgetProcess()
            }
        }
        try self.judgeEnd()
        return self.ending
    }

    private var ending: Ending {
        let nodes = self.machine.nodes.map { "\($0.name) \($0.phase.rawValue) \($0.outputs)" }.sorted()
        return Ending(
            phase: self.machine.run.phase, outputs: self.machine.run.globalParameters, nodes: nodes, points: self.dice.points,
            crashes: self.dice.crashes, events: self.events)
    }

    mutating func note(_ text: @autoclosure () -> String) {
        if self.options.isTraced { self.trace.append("\(self.now.milliseconds - 1_700_000_000_000) \(text())") }
    }

    // MARK: The life of one process

    private mutating func live() throws {
        let first = try self.begin()
        if !first.isEmpty { try self.handle(first) }
        while self.finished == nil {
            guard let next = self.agenda.next, !self.isIdle(next.item) else {
                try self.rescue()
                continue
            }
            let at = next.at
            self.now = max(self.now, at)
            var batch: [RunMachine.Event] = []
            while let entry = self.agenda.next, entry.at <= self.now {
                _ = self.agenda.removeNext()
                batch += try self.news(of: entry)
            }
            if !batch.isEmpty { try self.handle(batch) }
        }
    }

    /// Takes the run up, new or as the journal has it.
    /// - Returns: what is to be handled first.
    private mutating func begin() throws -> [RunMachine.Event] {
        for happening in self.happenings where !happening.isDone { self.agenda.add(.command, at: max(self.now, happening.at), rank: "") }
        var first: [RunMachine.Event] = []
        if let journal = self.journal {
            self.machine = try RunMachine(plan: self.plan, id: self.machine.id, run: journal.run, nodes: journal.nodes)
            if self.machine.run.phase == .pending, self.machine.nodes.isEmpty {
                first = [.started]
            } else {
                for action in self.machine.outstanding() {
                    try self.act(action)
                    try self.dice.point()
                }
            }
        } else {
            self.machine = RunMachine(plan: self.plan, id: self.machine.id)
            first = [.started]
        }
        return first
    }

    /// Nothing is left but what comes too late: timers and echoes, of which a process that took the run over knows nothing.
    private func isIdle(_ next: Agenda.Item) -> Bool { self.isLate(next) && self.agenda.allSatisfy { self.isLate($0) } }

    private func isLate(_ item: Agenda.Item) -> Bool {
        switch item {
        case .timer(let timer): timer.node.map { self.machine.nodes[$0.index].phase.isFulfilled } ?? false
        case .event(let event): event.pod(of: self.machine.id).map { self.machine.nodes[$0.node.index].phase.hasEnded } ?? false
        case .command, .lock, .recall, .call: false
        }
    }

    /// Nothing will come of itself any more: the run may be waiting for a person.
    private mutating func rescue() throws {
        self.rescues += 1
        self.now = self.now + .seconds(1)
        let event: RunMachine.Event
        if self.rescues % 2 == 1 {
            event = .resumeRequested(nil, message: "somebody looked")
        } else {
            event = .nodeSet(try NodeSelector("phase=Running"), NodeUpdate(phase: .failed, message: "nobody knows"))
        }
        guard self.rescues < 200, self.machine.objection(toResuming: nil) == nil || self.rescues % 2 == 0 else {
            if self.rescues % 2 == 1 { throw SimulationFault("the run waits for ever: \(self.unfinished)") }
            return
        }
        self.happenings.append(Happening(at: self.now, kind: .command(event)))
        self.agenda.add(.command, at: self.now, rank: "")
    }

    private var unfinished: String {
        self.machine.nodes.filter { !$0.phase.hasEnded }.map { "\($0.name) \($0.type) \($0.phase) \($0.stage)" }.joined(separator: ", ")
    }

    // MARK: Handle, commit, act

    private mutating func handle(_ batch: [RunMachine.Event]) throws {
        var actions: [RunMachine.Action] = []
        for event in batch {
            self.note("event \(event)")
            self.events += 1
            if self.events > Self.mostEvents { throw SimulationFault("the run does not end: \(self.unfinished)") }
            guard RunMachine.Event(json: event.json) == event else { throw SimulationFault("an event is read back as another: \(event)") }
            actions += self.machine.handle(event, at: self.now)
        }
        try self.dice.point()
        try self.commit()
        try self.dice.point()
        for action in actions {
            try self.act(action)
            if self.finished == nil { try self.dice.point() }
        }
        try self.rules.judgePlaces(self.machine, running: self.runtime.running(at: self.now).map(\.request.id.node))
    }

    private mutating func commit() throws {
        let changes = self.machine.takeChanges()
        var journal = self.journal ?? (run: .null, nodes: [])
        if let run = changes.run { journal.run = run }
        for (id, row) in changes.nodes {
            guard id.index <= journal.nodes.count else { throw SimulationFault("node \(id) is recorded, the one before it is not") }
            if id.index == journal.nodes.count { journal.nodes.append(row) } else { journal.nodes[id.index] = row }
        }
        guard journal.nodes.count == self.machine.nodes.count else { throw SimulationFault("a new node is not recorded") }
        self.journal = journal
        for index in self.happenings.indices where self.happenings[index].at <= self.now { self.happenings[index].isDone = true }
        self.commits += 1
        if self.commits % self.options.rebuildsEvery == 0 { try self.compareWithRebuilt(journal) }
        try self.rules.judgeNodes(self.machine, changed: changes.nodes.map(\.id))
    }

    /// What is told again from the rows must be equal in all respects, and want the same things done.
    private func compareWithRebuilt(_ journal: (run: JSONValue, nodes: [JSONValue])) throws {
        let rebuilt = try RunMachine(plan: self.plan, id: self.machine.id, run: journal.run, nodes: journal.nodes)
        let differences = rebuilt.differences(from: self.machine)
        guard differences.isEmpty else { throw SimulationFault("the machine is rebuilt as another: \(differences)") }
        guard rebuilt.outstanding() == self.machine.outstanding() else {
            throw SimulationFault("the rebuilt machine wants other things done")
        }
    }

    /// Ends what the process does.
    mutating func finish(_ phase: RunPhase) { self.finished = phase }

    // MARK: The end

    private mutating func judgeEnd() throws {
        let running = self.runtime.running(at: self.now)
        if let pod = running.first { throw SimulationFault("the run has ended and pod \(pod.nodeName) runs") }
        if let call = self.calls.keys.first { throw SimulationFault("the run has ended and call \(call) is under way") }
        if let holder = self.locks.leftovers.first(where: { $0 != Happening.otherRun }) {
            throw SimulationFault("the run has ended and node \(holder.node.map(\.description) ?? "of the run") has or wants locks")
        }
        for node in self.machine.nodes where !node.phase.hasEnded {
            throw SimulationFault("the run has ended and node \(node.name) is \(node.phase)")
        }
        if self.machine.run.message.contains("fault of Skiff") { throw SimulationFault(self.machine.run.message) }
        // News that comes too late changes nothing.
        let before = self.machine
        while let entry = self.agenda.removeNext() {
            guard case .event(let event) = entry.item else { continue }
            if !self.machine.handle(event, at: entry.at).isEmpty { throw SimulationFault("late news does something: \(event)") }
        }
        guard before.nodes == self.machine.nodes, before.run.phase == self.machine.run.phase else {
            throw SimulationFault("late news changes a run that has ended")
        }
    }
}
