import Planning
import WorkflowModel

/// Why a node, or a run, stands where it does: told from its state alone.
public struct Explanation: Sendable, Equatable {
    /// As Argo shows it; of a step that has no node yet, its path.
    public var node: String
    /// Argo's phase; empty for what has no node yet.
    public var phase: String
    /// Each one a sentence without a full stop, the nearest cause first.
    public var reasons: [String]
    /// The lock it waits for: who holds it is known to the store.
    public var lock: String?

    public init(node: String, phase: String, reasons: [String], lock: String? = nil) {
        self.node = node
        self.phase = phase
        self.reasons = reasons
        self.lock = lock
    }
}

extension RunMachine {
    /// So many nodes are named where there are more.
    private static let mostNamed = 5

    /// Why the run has not begun or not ended: what it waits for in the end. Of one that has ended, what made it end so.
    /// - Parameter most: explanations beyond so many are left out; the count tells how many there are in all.
    public func why(most: Int) -> (explanations: [Explanation], count: Int) {
        var head = Explanation(node: self.plan.name, phase: self.run.phase.rawValue, reasons: [])
        switch self.run.phase {
        case .pending:
            if let lock = self.run.waitsFor { head.lock = lock }
            head.reasons.append(self.run.waitsFor.map { "waits for the lock \($0) before anything of it starts" } ?? "it has not begun")
            return ([head], 1)
        case .succeeded, .failed, .error:
            head.reasons.append("it ended" + Self.clause(self.run.message))
            let failed = self.nodes.filter { !$0.isRetired && $0.phase.isFailure && !self.hasParts($0.id) }
            return ([head] + failed.prefix(most).map { self.why($0.id) }, 1 + failed.count)
        case .running:
            if self.run.isSuspended { head.reasons.append("it is suspended: nothing new starts until it is resumed") }
            if let shutdown = self.run.shutdown { head.reasons.append("it is being ended: \(shutdown.rawValue)") }
            let ends = self.frontier
            head.reasons.append(ends.count == 1 ? "1 node is under way or awaited" : "\(ends.count) nodes are under way or awaited")
            return ([head] + ends.prefix(most).map { self.why($0) }, 1 + ends.count)
        }
    }

    /// What has not ended and has nothing inside that has not: what everything else waits for.
    private var frontier: [NodeID] {
        self.nodes.filter { node in
            !node.isRetired && !node.phase.hasEnded && !node.children.contains { !self.nodes[$0.index].phase.hasEnded }
        }.map(\.id)
    }

    /// Why the nodes that are called so stand where they do, and the steps or tasks of that name that have no node yet. Empty when there are none.
    /// - Parameter name: of a node: its name, display name or Argo's id; of a step or task: its name.
    public func why(named name: String) -> [Explanation] {
        let found = self.nodes.filter { node in
            !node.isRetired
                && (node.name == name || self.displayName(of: node) == name
                    || ArgoNames.nodeID(node.name, workflow: self.plan.name) == name)
        }
        return found.map { self.why($0.id) } + self.nodes.filter { !$0.isRetired }.flatMap { self.unmadeSteps(name, in: $0) }
    }

    // MARK: Nodes

    public func why(_ id: NodeID) -> Explanation {
        let node = self.nodes[id.index]
        var explanation = Explanation(node: self.displayName(of: node), phase: node.phase.shown, reasons: [])
        if node.phase == .held, node.stage == .locks { explanation.lock = node.waitsFor }
        explanation.reasons = self.reasons(node)
        if let doom = node.doom { explanation.reasons.insert("it is being stopped\(Self.clause(doom.message))", at: 0) }
        return explanation
    }

    private func reasons(_ node: Node) -> [String] {
        switch node.phase {
        case .held: return self.reasonsHeld(node)
        case .pending:
            return ["its pod was asked for and has not started: it waits for room on the machine, or what it needs is being gathered"]
        case .daemoned: return ["its daemon is ready and serves until the template around it has ended"]
        case .running: return self.reasonsRunning(node)
        case .succeeded, .skipped, .omitted, .failed, .error:
            let open = node.children.filter { self.nodes[$0.index].role.isExtra && !self.isSettled($0) }
            if !open.isEmpty { return ["it has ended; what belongs to it has not: \(self.list(open))"] }
            return ["it ended\(Self.clause(node.message))"]
        }
    }

    private func reasonsHeld(_ node: Node) -> [String] {
        switch node.stage {
        case .locks, .locksAgain: return [node.waitsFor.map { "waits for the lock \($0)" } ?? "asks for its locks"]
        case .cache, .cacheAgain: return ["waits for the answer of the cache\(Self.clause(node.memo?.key ?? ""))"]
        case .dormant: return ["goes on, after the retry of the run, when what comes before it has"]
        case .slot:
            if self.run.isSuspended { return ["the run is suspended: nothing new starts until it is resumed"] }
            let limit = self.plan.parallelism.map { "of \($0) " } ?? ""
            return [
                "waits for one of the places \(limit)that the workflow's parallelism gives to pods"
                    + self.place(of: node.id, in: self.gates.forWorkflow)
            ]
        case .place:
            guard let boundary = node.boundary, let limit = self.limit(of: boundary) else { return ["waits for a place"] }
            let active = self.gates.activeChildren[boundary, default: 0]
            return [
                "waits for a place in \(self.displayName(of: self.nodes[boundary.index])), where \(active) of \(limit) run"
                    + (self.gates.forBoundary[boundary].map { self.place(of: node.id, in: $0) } ?? "")
            ]
        }
    }

    private func place(of id: NodeID, in queue: HeldQueue) -> String {
        guard let before = queue.place(of: id) else { return "" }
        return before == 0 ? "; it is the first in the queue" : "; \(before) before it in the queue"
    }

    private func reasonsRunning(_ node: Node) -> [String] {
        switch node.type {
        case .suspend:
            if let due = node.dueAt { return ["waits until \(due.rfc3339)"] }
            return ["waits for a person, with skiff resume or skiff node set"]
        case .http, .plugin: return ["its call was made at \(node.startedAt.rfc3339) and has not been answered"]
        case .pod:
            if self.isCall(node) { return ["it was begun at \(node.startedAt.rfc3339) and has not ended"] }
            let progress = node.progress.map { "; it says that \($0.done) of \($0.all) is done" } ?? ""
            return ["its pod was started at \(node.startedAt.rfc3339) and runs\(progress)"]
        case .retry:
            if let due = node.dueAt {
                return [
                    "waits until \(due.rfc3339) for its next attempt, number \(self.attempts(of: node.id).count)\(self.lastFailure(of: node))"
                ]
            }
            return self.reasonsOpen(node)
        case .steps, .stepGroup, .dag, .taskGroup, .skipped, .container: return self.reasonsOpen(node)
        }
    }

    private func lastFailure(of node: Node) -> String {
        guard let last = self.attempts(of: node.id).last else { return "" }
        return "; the last one ended \(self.nodes[last.index].phase.rawValue)\(Self.clause(self.nodes[last.index].message))"
    }

    private func reasonsOpen(_ node: Node) -> [String] {
        let open = node.children.filter { !self.isSettled($0) }
        return open.isEmpty ? ["nothing in it is under way"] : ["waits for what is in it: \(self.list(open))"]
    }

    private func list(_ ids: [NodeID]) -> String {
        let named = ids.prefix(Self.mostNamed).map { "\(self.displayName(of: self.nodes[$0.index])) (\(self.nodes[$0.index].phase.shown))" }
        return named.joined(separator: ", ") + (ids.count > Self.mostNamed ? " and \(ids.count - Self.mostNamed) more" : "")
    }

    private static func clause(_ message: String) -> String { message.isEmpty ? "" : ": \(message)" }

    // MARK: Steps without a node

    private func unmadeSteps(_ name: String, in node: Node) -> [Explanation] {
        guard node.type == .steps || node.type == .dag, let index = node.template else { return [] }
        switch self.plan.templates[index].body {
        case .steps(let steps):
            guard let site = steps.sites[name], let group = steps.groups.firstIndex(where: { $0.contains(site) }),
                !self.hasGroup(group, in: node)
            else { return [] }
            return [Explanation(node: "\(node.name)[\(group)].\(name)", phase: "", reasons: [self.reasonUnmade(group, in: node)])]
        case .dag(let dag):
            guard let task = dag.sites[name], self.taskNode(task, in: node) == nil else { return [] }
            return [Explanation(node: "\(node.name).\(name)", phase: "", reasons: [self.reasonUnmade(task, dag, in: node)])]
        case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: return []
        }
    }

    private func hasGroup(_ group: Int, in node: Node) -> Bool {
        node.children.contains { self.nodes[$0.index].role == .group(index: group) }
    }

    private func taskNode(_ task: Int, in node: Node) -> NodeID? {
        node.children.first { self.nodes[$0.index].role == .site(task) }
    }

    private func reasonUnmade(_ group: Int, in node: Node) -> String {
        if node.phase.isFulfilled {
            return "it never started: \(self.displayName(of: node)) ended \(node.phase.shown)\(Self.clause(node.message))"
        }
        if node.phase == .held { return "\(self.displayName(of: node)) has not begun" }
        let current = node.children.last { self.nodes[$0.index].type == .stepGroup }
        let open = current.map { self.nodes[$0.index].children.filter { !self.isSettled($0) } } ?? []
        return open.isEmpty ? "its turn has not come" : "comes after \(self.list(open))"
    }

    private func reasonUnmade(_ task: Int, _ dag: PlannedDAG, in node: Node) -> String {
        if !(self.goals[node.id]?.isNeeded ?? dag.isNeeded)[task] { return "no target of the dag needs it" }
        if node.phase.isFulfilled {
            return "it never started: \(self.displayName(of: node)) ended \(node.phase.shown)\(Self.clause(node.message))"
        }
        if node.phase == .held { return "\(self.displayName(of: node)) has not begun" }
        let awaited = dag.dependencies[task].compactMap { dependency -> String? in
            guard let id = self.taskNode(dependency, in: node) else { return "\(dag.tasks[dependency].name) (not started)" }
            return self.isSettled(id) ? nil : "\(dag.tasks[dependency].name) (\(self.nodes[id.index].phase.shown))"
        }
        return awaited.isEmpty ? "its turn has not come" : "waits for \(awaited.joined(separator: ", "))"
    }
}

extension HeldQueue {
    /// How many are before it; nil when it does not wait here.
    func place(of id: NodeID) -> Int? { self.waiting.firstIndex(of: id).map { $0 - self.waiting.startIndex } }
}
