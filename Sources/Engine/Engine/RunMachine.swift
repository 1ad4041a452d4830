import Expressions
public import Planning
public import WorkflowModel

public enum TimerKind: String, Sendable, Hashable { case backoff, deadline, timeout, suspend, runDeadline }

/// A moment a node waits for; without a node, the run itself.
public struct TimerID: Sendable, Hashable {
    public var node: NodeID?
    public var kind: TimerKind
    public init(node: NodeID?, kind: TimerKind) {
        self.node = node
        self.kind = kind
    }
}

/// The whole of what one run decides, and nothing of what it does.
///
/// Feed it events; carry out the actions it returns, in order, after the event and `takeChanges()` are durable. It reads no clock, no
/// environment and no random source, so a recorded list of events replays to the same state and the same actions. An event costs what it
/// changes: finishing a node touches its dependants, never the whole graph.
public struct RunMachine: Sendable {
    public enum Event: Sendable, Equatable {
        case started
        case podStarted(NodeID, attempt: Int)
        case podFinished(NodeID, attempt: Int, PodResult)
        /// The machine or the supervisor was lost under the pod, and its processes are proven dead.
        case podLost(NodeID, attempt: Int, reason: String)
        case timerFired(TimerID)
        case shutdownRequested(RunState.Shutdown, message: String)
    }

    public enum Action: Sendable, Equatable {
        case launch(PodRequest)
        case stop(PodID, grace: Span)
        case schedule(TimerID, at: Timestamp)
        case finish(RunPhase)
    }

    /// What is left to do within one event.
    enum Work: Sendable, Equatable {
        /// The node is fulfilled and so is its exit handler.
        case settled(NodeID)
        case startGroup(NodeID, Int)
        case startTask(NodeID, Int)
        /// The dag gives up the place it kept for a task that has its own now.
        case settledPlace(NodeID)
    }

    public let plan: Plan
    public let id: RunID
    public internal(set) var run = RunState()
    public internal(set) var nodes: [Node] = []

    // Told again from the nodes after a restart.
    var steps: [NodeID: StepsState] = [:]
    var dags: [NodeID: DAGState] = [:]
    /// Items of a TaskGroup that have not settled.
    var openItems: [NodeID: Int] = [:]
    var gates = Gates()
    /// Retry nodes in backoff and running suspend nodes.
    var waiting: Set<NodeID> = []
    var leaves = (finished: 0, all: 0)

    // Empty between events.
    var work: [Work] = []
    var actions: [Action] = []
    var changed: Set<NodeID> = []
    var isRunChanged = false

    public init(plan: Plan, id: RunID) {
        self.plan = plan
        self.id = id
    }

    /// Pods that have ended, and all that were created so far.
    public var progress: (finished: Int, all: Int) { self.leaves }

    public mutating func handle(_ event: Event, at now: Timestamp) -> [Action] {
        if now > self.run.now { self.run.now = now }
        self.isRunChanged = true
        switch (self.run.phase, event) {
        case (.pending, .started): self.start()
        case (.running, .podStarted(let node, let attempt)): self.podStarted(node, attempt: attempt)
        case (.running, .podFinished(let node, let attempt, let result)): self.podFinished(node, attempt: attempt, result)
        case (.running, .podLost(let node, let attempt, let reason)): self.podLost(node, attempt: attempt, reason: reason)
        case (.running, .timerFired(let timer)): self.timerFired(timer)
        case (.running, .shutdownRequested(let kind, let message)): self.shutDown(kind, message: message)
        case (.pending, .shutdownRequested(let kind, _)):
            self.run.shutdown = kind
            self.finishRun(.failed, message: "Stopped with strategy '\(kind.rawValue)'")
        // News that crossed with the end of the run, or a second start, changes nothing.
        case (.running, .started), (.pending, .podStarted), (.pending, .podFinished), (.pending, .podLost), (.pending, .timerFired): break
        case (.succeeded, _), (.failed, _), (.error, _): break
        }
        self.drain()
        let actions = self.actions
        self.actions = []
        return actions
    }

    /// The actions that are under way, to be carried out again by a process that takes the run over.
    public func outstanding() -> [Action] {
        if self.run.phase.isFinished { return [.finish(self.run.phase)] }
        guard self.run.phase == .running else { return [] }
        var actions: [Action] = []
        if let at = self.runDeadline, !self.run.isPastDeadline { actions.append(.schedule(TimerID(node: nil, kind: .runDeadline), at: at)) }
        for node in self.nodes where !node.phase.isFulfilled {
            switch node.type {
            case .pod:
                guard node.phase != .held else { continue }
                let pod = PodID(run: self.id, node: node.id, attempt: node.podAttempt)
                switch self.podRequest(node.id) {
                case .success(let request): actions.append(.launch(request))
                case .failure: continue
                }
                if node.doom != nil {
                    actions.append(.stop(pod, grace: PodRequest.defaultGracePeriod))
                } else {
                    actions += self.deadlines(of: node.id)
                }
            case .retry:
                if let due = node.dueAt { actions.append(.schedule(TimerID(node: node.id, kind: .backoff), at: due)) }
            case .suspend:
                if let due = node.dueAt { actions.append(.schedule(TimerID(node: node.id, kind: .suspend), at: due)) }
            case .steps, .stepGroup, .dag, .taskGroup, .skipped: break
            }
        }
        return actions
    }

    private mutating func start() {
        self.run.phase = .running
        self.run.startedAt = self.run.now
        if let at = self.runDeadline { self.actions.append(.schedule(TimerID(node: nil, kind: .runDeadline), at: at)) }
        let seed = NodeSeed(name: self.plan.name, role: .entry, owner: nil, boundary: nil, isExit: false)
        self.startNode(seed, self.call(.template(self.plan.entrypoint), self.plan.arguments, Scope(machine: self, frames: [])))
    }

    /// Does what follows from the event until nothing more does. A queue, not recursion: a chain of any length may fall in one event.
    private mutating func drain() {
        var next = 0
        while next < self.work.count {
            switch self.work[next] {
            case .settled(let node): self.settled(node)
            case .startGroup(let node, let group): self.startGroup(of: node, group)
            case .startTask(let node, let task): self.startTask(of: node, task)
            case .settledPlace(let node): self.closeOne(node)
            }
            next += 1
            if next > 4096, next * 2 > self.work.count {
                self.work.removeFirst(next)
                next = 0
            }
        }
        self.work.removeAll(keepingCapacity: true)
        if self.run.phase == .running, self.isStuck {
            self.finishRun(.error, message: "nothing is running, runnable or awaited: this is a fault of Skiff, please report it")
        }
    }

    /// A run that waits for nothing would wait for ever.
    private var isStuck: Bool { self.gates.activePods == 0 && self.gates.held == 0 && self.waiting.isEmpty }

    private mutating func settled(_ id: NodeID) {
        let node = self.nodes[id.index]
        switch node.role {
        case .entry: self.entrySettled(node)
        case .group: break
        case .site(let site):
            guard let boundary = node.boundary else { break }
            if self.steps[boundary] != nil { self.stepSettled(boundary) } else { self.taskSettled(boundary, site) }
        case .item:
            guard let boundary = node.boundary, let owner = node.owner else { break }
            if self.steps[boundary] != nil { self.stepSettled(boundary) } else { self.itemSettled(owner) }
        case .attempt: if let owner = node.owner { self.attemptSettled(owner, attempt: node) }
        case .exitHandler:
            if let owner = node.owner { self.work.append(.settled(owner)) } else { self.exitSettled(node) }
        }
    }

    // MARK: Ends

    /// The node has ended. Its places are freed, its exit handler starts, and whoever waits for it is told.
    mutating func finish(_ id: NodeID, _ phase: NodePhase, message: String = "") {
        let before = self.nodes[id.index].phase
        precondition(!before.isFulfilled, "node \(id) ends twice")
        self.nodes[id.index].phase = phase
        self.nodes[id.index].message = message
        self.nodes[id.index].finishedAt = self.run.now
        self.nodes[id.index].doom = nil
        self.nodes[id.index].dueAt = nil
        self.waiting.remove(id)
        self.changed.insert(id)
        self.leave(id, from: before)
        if self.nodes[id.index].type == .pod { self.leaves.finished += 1 }
        if phase.isCompleted, self.startExitHandler(of: id) { return }
        self.work.append(.settled(id))
    }

    private mutating func entrySettled(_ node: Node) {
        guard let hook = self.plan.onExit, self.run.shutdown != .terminate else { return self.finishRun(from: node, exit: nil) }
        let scope = Scope(machine: self, frames: [])
        if let condition = hook.expression {
            switch self.condition(condition, scope) {
            case .success(true): break
            case .success(false): return self.finishRun(from: node, exit: nil)
            case .failure(let fault): return self.finishRun(.error, message: fault.message)
            }
        }
        let seed = NodeSeed(name: self.plan.name + ".onExit", role: .exitHandler, owner: nil, boundary: nil, isExit: true)
        self.run.exitNode = NodeID(self.nodes.count)
        self.startNode(seed, self.call(hook.target, hook.arguments ?? self.plan.arguments, scope))
    }

    private mutating func exitSettled(_ node: Node) { self.finishRun(from: self.nodes[0], exit: node) }

    private mutating func finishRun(from entry: Node, exit: Node?) {
        let worse = exit.flatMap { $0.phase.isFailure && !entry.phase.isFailure ? $0 : nil } ?? entry
        let stopped = self.run.shutdown.map { "Stopped with strategy '\($0.rawValue)'" }
        switch worse.phase {
        case .failed: self.finishRun(.failed, message: stopped ?? worse.message)
        case .error: self.finishRun(.error, message: stopped ?? worse.message)
        case .succeeded, .skipped, .omitted:
            if let stopped { self.finishRun(.failed, message: stopped) } else { self.finishRun(.succeeded, message: "") }
        case .held, .pending, .running: preconditionFailure("the run ends while node \(worse.id) is \(worse.phase)")
        }
    }

    mutating func finishRun(_ phase: RunPhase, message: String) {
        self.run.phase = phase
        self.run.message = message
        self.run.finishedAt = self.run.now
        if self.run.startedAt == nil { self.run.startedAt = self.run.now }
        self.actions.append(.finish(phase))
    }

    // MARK: Changes

    /// The rows that changed since the last call, for the journal.
    public mutating func takeChanges() -> (run: JSONValue?, nodes: [(id: NodeID, row: JSONValue)]) {
        let run = self.isRunChanged ? self.run.row : nil
        let nodes = self.changed.sorted().map { (id: $0, row: self.nodes[$0.index].row) }
        self.isRunChanged = false
        self.changed.removeAll(keepingCapacity: self.changed.count < 1024)
        return (run, nodes)
    }

    /// Nodes that changed since `takeChanges()`, by ordinal.
    public var changedNodes: [NodeID] { self.changed.sorted() }
}

extension RunMachine: Equatable {
    /// Equal in everything a run is made of; the plan is taken to be the same.
    public static func == (left: RunMachine, right: RunMachine) -> Bool {
        left.id == right.id && left.run == right.run && left.nodes == right.nodes && left.steps == right.steps && left.dags == right.dags
            && left.openItems == right.openItems && left.gates == right.gates && left.waiting == right.waiting
            && left.leaves == right.leaves
    }
}
