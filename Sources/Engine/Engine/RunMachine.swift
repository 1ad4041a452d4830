import Expressions
public import Planning
public import WorkflowModel

public enum TimerKind: String, Sendable, Hashable { case backoff, deadline, timeout, pendingTimeout, suspend, runDeadline }

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
        /// A daemon can be used from now on.
        case podReady(NodeID, attempt: Int)
        /// Of a container set.
        case containerStarted(NodeID, attempt: Int, container: String)
        case containerFinished(NodeID, attempt: Int, ContainerResult)
        /// What a step says of itself.
        case progress(NodeID, attempt: Int, done: Int64, of: Int64)
        case timerFired(TimerID)
        case shutdownRequested(RunState.Shutdown, message: String)
        case suspendRequested
        /// Without a selector: the run, and all nodes that wait for a person.
        case resumeRequested(NodeSelector?, message: String)
        case nodeSet(NodeSelector, NodeUpdate)
        /// Without a node: the locks of the run itself.
        case locksAnswered(NodeID?, LockAnswer)
        /// What the cache has for a memoized node; nil when it has nothing.
        case recalled(NodeID, NodeOutputs?)
        case callFinished(NodeID, attempt: Int, CallResult)
        /// A run that has not begun takes over what another one came to.
        case restored(RestoredRun)
        /// A run that has ended is to go on.
        case retryRequested(RetryRequest)
    }

    public enum Action: Sendable, Equatable {
        case launch(PodRequest)
        case stop(PodID, grace: Span)
        case schedule(TimerID, at: Timestamp)
        /// Ask for all of the locks; repeated with the effect of once. Answers come as events, `wait` perhaps several times.
        case acquire(LockHolder, [LockRequest], priority: Int)
        /// Give back whatever the holder has or waits for.
        case release(LockHolder)
        case recall(NodeID, MemoRequest, maxAge: Span?)
        case remember(NodeID, MemoRequest, NodeOutputs)
        case call(CallRequest)
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
    /// What random values come from, so that those of two runs differ.
    let seed: UInt64
    public internal(set) var run = RunState()
    public internal(set) var nodes: [Node] = []

    // Told again from the nodes after a restart.
    var steps: [NodeID: StepsState] = [:]
    var dags: [NodeID: DAGState] = [:]
    /// Of dags whose `target` holds tags, found when they are first asked for.
    var goals: [NodeID: DAGGoal] = [:]
    /// Items of a TaskGroup that have not settled.
    var openItems: [NodeID: Int] = [:]
    var gates = Gates()
    /// Nodes that wait for something outside: a lock, the cache, the end of a backoff, a person, an answer.
    var waiting: Set<NodeID> = []
    /// Pods that are ready and go on serving.
    var daemons: Set<NodeID> = []
    /// Nodes under way that have lifecycle hooks, and the workflow's own hooks that have started.
    var hooked: Set<NodeID> = []
    /// Nodes with parts whose turn to go on, after a retry of the run, has not come.
    var dormant: Set<NodeID> = []
    var runHooks: [NodeID] = []
    var leaves = (finished: 0, all: 0)

    // Empty between events.
    var work: [Work] = []
    /// Nodes with hooks or an exit handler that were said to be settled.
    var announced: Set<NodeID> = []
    var actions: [Action] = []
    var changed: Set<NodeID> = []
    var isRunChanged = false
    /// Of the events since the last `takeChanges()`.
    var freshDebts: [Debt] = []

    public init(plan: Plan, id: RunID) {
        self.plan = plan
        self.id = id
        self.seed = id.text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// Pods that have ended, and all that were created so far.
    public var progress: (finished: Int, all: Int) { self.leaves }

    public mutating func handle(_ event: Event, at now: Timestamp) -> [Action] {
        if now > self.run.now { self.run.now = now }
        self.isRunChanged = true
        switch (self.run.phase, event) {
        case (.pending, .started): self.askForLocks()
        case (.pending, .locksAnswered(nil, let answer)): self.runLocksAnswered(answer)
        case (.running, .podStarted(let node, let attempt)): self.podStarted(node, attempt: attempt)
        case (.running, .podFinished(let node, let attempt, let result)): self.podFinished(node, attempt: attempt, result)
        case (.running, .podLost(let node, let attempt, let reason)): self.podLost(node, attempt: attempt, reason: reason)
        case (.running, .timerFired(let timer)): self.timerFired(timer)
        case (.running, .podReady(let node, let attempt)): self.podReady(node, attempt: attempt)
        case (.running, .containerStarted(let node, let attempt, let name)): self.containerStarted(node, attempt: attempt, name)
        case (.running, .containerFinished(let node, let attempt, let result)): self.containerFinished(node, attempt: attempt, result)
        case (.running, .progress(let node, let attempt, let done, let all)):
            self.progressed(node, attempt: attempt, NodeProgress(done: done, of: all))
        case (.running, .locksAnswered(.some(let node), let answer)): self.locksAnswered(node, answer)
        case (.running, .recalled(let node, let outputs)): self.recalled(node, outputs)
        case (.running, .callFinished(let node, let attempt, let result)): self.callFinished(node, attempt: attempt, result)
        case (.running, .shutdownRequested(let kind, let message)): self.shutDown(kind, message: message)
        case (.pending, .shutdownRequested(let kind, _)):
            self.run.shutdown = kind
            self.finishRun(.failed, message: "Stopped with strategy '\(kind.rawValue)'")
        case (.running, .suspendRequested), (.pending, .suspendRequested): self.suspend()
        case (.running, .resumeRequested(let selector, let message)): self.resume(selector, message: message)
        case (.pending, .restored(let restored)): self.restore(restored)
        case (.pending, .resumeRequested(nil, _)): self.run.isSuspended = false
        case (.running, .nodeSet(let selector, let update)): self.set(selector, update)
        // News that crossed with the end of the run, or a second start, changes nothing.
        case (.running, .started), (.running, .locksAnswered(nil, _)), (.running, .retryRequested), (.running, .restored), (.pending, _):
            break
        case (.succeeded, .retryRequested(let request)), (.failed, .retryRequested(let request)), (.error, .retryRequested(let request)):
            self.retry(request)
        case (.succeeded, _), (.failed, _), (.error, _): self.giveBack(event)
        }
        self.drain()
        let actions = self.actions
        self.actions = []
        return actions
    }

    /// The actions that are under way, to be carried out again by a process that takes the run over.
    public func outstanding() -> [Action] {
        var actions = self.run.debts.compactMap { self.action(for: $0) }
        if self.run.phase.isFinished { return actions + [.finish(self.run.phase)] }
        if self.run.phase == .pending { return actions + self.pendingActions }
        if let at = self.runDeadline, !self.run.isPastDeadline { actions.append(.schedule(TimerID(node: nil, kind: .runDeadline), at: at)) }
        for node in self.nodes where !node.phase.hasEnded {
            if node.phase == .held {
                actions += self.outstandingPreparation(of: node)
                continue
            }
            switch node.type {
            case .http, .plugin: actions += self.outstandingCall(of: node)
            case .pod:
                if self.isCall(node) {
                    actions += self.outstandingCall(of: node)
                    continue
                }
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
            case .steps, .stepGroup, .dag, .taskGroup, .skipped, .container: break
            }
        }
        return actions
    }

    // MARK: The beginning

    mutating func start() {
        self.run.phase = .running
        self.run.startedAt = self.run.now
        switch self.computedLabels {
        case .success(let labels): self.run.labels = labels
        case .failure(let fault): return self.finishRun(.error, message: fault.message)
        }
        if let at = self.runDeadline { self.actions.append(.schedule(TimerID(node: nil, kind: .runDeadline), at: at)) }
        self.beginEntry()
    }

    /// Labels whose values are expressions over the run's own variables.
    private var computedLabels: Result<[NamedValue], NodeFault> {
        let scope = Scope(machine: self, frames: [])
        do throws(NodeFault) {
            var labels: [NamedValue] = []
            for (key, expression) in self.plan.computedLabels {
                guard case .string(let value)? = try scope.evaluate(expression) else {
                    throw NodeFault("label '\(key)': expression '\(expression.source)' gives no text")
                }
                guard Self.isLabelValue(value) else {
                    throw NodeFault(
                        "label '\(key)': '\(value)' is no label value: at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both "
                            + "ends")
                }
                labels.append(NamedValue(name: key, value: value))
            }
            return .success(labels)
        } catch {
            return .failure(error)
        }
    }

    private static func isLabelValue(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard let first = text.utf8.first, let last = text.utf8.last else { return true }
        let middle: (UInt8) -> Bool = { isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
        return text.utf8.count <= 63 && isPlain(first) && isPlain(last) && text.utf8.allSatisfy(middle)
    }

    /// Does what follows from the event until nothing more does. A queue, not recursion: a chain of any length may fall in one event.
    private mutating func drain() {
        repeat {
            self.drainWork()
            if self.run.phase == .running { self.triggerHooks() }
            if self.work.isEmpty, self.run.phase == .running, self.isDeadlocked { self.endDeadlock() }
        } while !self.work.isEmpty
        if !self.announced.isEmpty { self.announced.removeAll() }
        if self.run.phase == .running, self.isStuck { self.endStuck() }
    }

    private mutating func drainWork() {
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
    }

    private mutating func settled(_ id: NodeID) {
        let (boundary, owner) = (self.nodes[id.index].boundary, self.nodes[id.index].owner)
        switch self.nodes[id.index].role {
        case .entry: self.entrySettled()
        case .group: break
        case .site(let site):
            guard let boundary else { break }
            if self.steps[boundary] != nil { self.stepSettled(boundary) } else { self.taskSettled(boundary, site) }
        case .item:
            guard let boundary, let owner else { break }
            if self.steps[boundary] != nil { self.stepSettled(boundary) } else { self.itemSettled(owner) }
        case .attempt: if let owner { self.attemptSettled(owner, attempt: self.nodes[id.index]) }
        case .exitHandler, .hook:
            guard let owner else { return self.conclude() }
            if self.isSettled(owner) { self.announce(owner) }
        case .container: break
        }
    }

    // MARK: Ends

    /// The node has ended. Its places are freed, its exit handler starts, and whoever waits for it is told.
    mutating func finish(_ id: NodeID, _ phase: NodePhase, message: String = "") {
        let before = self.nodes[id.index].phase
        precondition(!before.isFulfilled, "node \(id) ends twice")
        self.nodes[id.index].phase = phase
        self.nodes[id.index].message = message
        self.nodes[id.index].finishedAt = phase == .daemoned ? nil : self.run.now
        self.nodes[id.index].doom = nil
        self.nodes[id.index].dueAt = nil
        self.noteFailure(of: id)
        self.waiting.remove(id)
        self.changed.insert(id)
        if !self.dormant.isEmpty { self.closeDormant(inside: id, .omitted, message: "what it is part of has ended") }
        // A retried daemon keeps its place and its locks while it serves.
        if phase != .daemoned { self.leave(id, from: before) }
        switch self.nodes[id.index].type {
        case .pod: self.leaves.finished += 1
        case .steps, .dag:
            self.steps[id] = nil
            self.dags[id] = nil
            self.goals[id] = nil
            if !self.daemons.isEmpty { self.stopDaemons(of: id) }
        case .stepGroup, .taskGroup, .retry, .skipped, .suspend, .http, .plugin, .container: break
        }
        if phase != .daemoned {
            self.settleAccounts(id)
            self.measure(id)
        }
        self.hooked.remove(id)
        if !self.startExtras(of: id) { self.announce(id) }
    }

    /// Says once that the node is settled. Its end and those of its hooks may fall in one event, and each would say it.
    mutating func announce(_ id: NodeID) {
        let hasExtras = self.nodes[id.index].children.contains { self.nodes[$0.index].role.isExtra }
        if hasExtras, !self.announced.insert(id).inserted { return }
        self.work.append(.settled(id))
    }

    private mutating func entrySettled() {
        if !self.plan.hooks.isEmpty { self.triggerHooks() }
        self.conclude()
    }

    mutating func finishRun(from entry: Node, exit: Node?) {
        let worse = exit.flatMap { $0.phase.isFailure && !entry.phase.isFailure ? $0 : nil } ?? entry
        let stopped = self.run.shutdown.map { "Stopped with strategy '\($0.rawValue)'" }
        switch worse.phase {
        case .failed: self.finishRun(.failed, message: stopped ?? worse.message)
        case .error: self.finishRun(.error, message: stopped ?? worse.message)
        case .succeeded, .skipped, .omitted:
            if let stopped { self.finishRun(.failed, message: stopped) } else { self.finishRun(.succeeded, message: "") }
        case .held, .pending, .running, .daemoned: preconditionFailure("the run ends while node \(worse.id) is \(worse.phase)")
        }
    }

    mutating func finishRun(_ phase: RunPhase, message: String) {
        self.run.phase = phase
        self.run.message = message
        self.run.finishedAt = self.run.now
        if self.run.startedAt == nil { self.run.startedAt = self.run.now }
        self.measureRun()
        self.run.waitsFor = nil
        for id in self.dormant.sorted() { self.closeDormant(inside: id, .failed, message: message) }
        if self.plan.synchronization != nil { self.owe(.release(nil)) }
        self.actions.append(.finish(phase))
    }

    // MARK: Changes

    /// The rows that changed since the last call, for the journal.
    public mutating func takeChanges() -> (run: JSONValue?, nodes: [(id: NodeID, row: JSONValue)]) {
        if self.isRunChanged {
            self.run.debts = self.freshDebts
            self.freshDebts.removeAll()
        }
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
    public static func == (left: RunMachine, right: RunMachine) -> Bool { left.id == right.id && left.differences(from: right).isEmpty }

    /// In which parts two machines are not equal, and how they stand there; for tests.
    public func differences(from other: RunMachine) -> [String] {
        var found: [String] = []
        func compare<Part: Equatable>(_ name: String, _ part: KeyPath<RunMachine, Part>) {
            let (own, others) = (self[keyPath: part], other[keyPath: part])
            if own != others { found.append("\(name): \(own), not \(others)") }
        }
        compare("run", \.run)
        if self.nodes != other.nodes {
            let unequal = zip(self.nodes, other.nodes).first { $0 != $1 }
            found.append("nodes: \(unequal.map { "\($0), not \($1)" } ?? "\(self.nodes.count), not \(other.nodes.count)")")
        }
        compare("steps", \.steps)
        compare("dags", \.dags)
        compare("open items", \.openItems)
        compare("gates", \.gates)
        compare("waiting", \.waiting)
        compare("finished leaves", \.leaves.finished)
        compare("leaves", \.leaves.all)
        compare("daemons", \.daemons)
        compare("hooked", \.hooked)
        compare("hooks of the run", \.runHooks)
        compare("dormant", \.dormant)
        return found
    }
}
