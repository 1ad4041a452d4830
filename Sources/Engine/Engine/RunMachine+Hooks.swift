import Expressions
import Planning
import WorkflowModel

/// Exit handlers and lifecycle hooks: nodes below the one they belong to, which is settled only when they have ended too.
extension RunMachine {
    /// Starts what the node's present phase calls for; true when something of it is under way.
    mutating func startExtras(of id: NodeID) -> Bool {
        self.trigger(of: id)
        if self.nodes[id.index].phase.isCompleted { self.startExitHandler(of: id) }
        return self.hasOpenExtras(id)
    }

    /// An exit handler or a hook of the node has not ended.
    func hasOpenExtras(_ id: NodeID) -> Bool {
        self.nodes[id.index].children.contains { self.nodes[$0.index].role.isExtra && !self.isSettled($0) }
    }

    /// Fulfilled, and so are its exit handler and hooks.
    func isSettled(_ id: NodeID) -> Bool { self.nodes[id.index].phase.isFulfilled && !self.hasOpenExtras(id) }

    /// The step or task that a node stands for.
    func site(of id: NodeID) -> (boundary: NodeID, index: Int)? {
        guard let boundary = self.nodes[id.index].boundary else { return nil }
        switch self.nodes[id.index].type {
        case .taskGroup, .stepGroup, .container: return nil
        case .pod, .steps, .dag, .retry, .skipped, .suspend, .http, .plugin: break
        }
        switch self.nodes[id.index].role {
        case .site(let at), .item(let at, _): return (boundary, at)
        case .entry, .group, .attempt, .exitHandler, .hook, .container: return nil
        }
    }

    private mutating func startExitHandler(of id: NodeID) {
        guard self.run.shutdown != .terminate, let site = self.site(of: id), let hook = self.step(of: site.boundary, site.index)?.exit
        else {
            return
        }
        let seed = NodeSeed(
            name: self.nodes[id.index].name + ".onExit", role: .exitHandler, owner: id, boundary: site.boundary, isExit: true)
        self.start(hook, seed, self.hookScope(of: id, site), isDue: true)
    }

    private func hookScope(of id: NodeID, _ site: (boundary: NodeID, index: Int)) -> Scope {
        var scope = self.scope(inside: site.boundary, item: self.nodes[id.index].item)
        scope.current = (site.index, id)
        return scope
    }

    /// - Parameter isDue: an expression that cannot be evaluated is then a failure; otherwise its time may still come.
    private mutating func start(_ hook: PlannedHook, _ seed: NodeSeed, _ scope: Scope, isDue: Bool) {
        switch self.opening(of: hook, scope) {
        case .success(nil): break
        case .success(.some(let call)): self.startNode(seed, call)
        case .failure(let fault): if isDue { self.addEnded(seed, .error, message: fault.message) }
        }
    }

    /// What a hook's moment brings: nil while its condition does not hold. Found out before anything changes, as with steps.
    private func opening(of hook: PlannedHook, _ scope: Scope) -> Result<Result<Call, NodeFault>?, NodeFault> {
        if let condition = hook.expression {
            switch self.condition(condition, scope) {
            case .success(true): break
            case .success(false): return .success(nil)
            case .failure(let fault): return .failure(fault)
            }
        }
        return .success(self.call(hook.target, hook.arguments ?? self.plan.arguments, scope))
    }

    // MARK: Lifecycle hooks

    /// Starts the hooks of a node whose condition has come true. Each starts once.
    mutating func trigger(of id: NodeID) {
        let phase = self.nodes[id.index].phase
        guard phase == .running || phase.isFulfilled, let site = self.site(of: id), let step = self.step(of: site.boundary, site.index),
            !step.hooks.isEmpty, !self.isShut(isExit: self.nodes[id.index].isExit)
        else { return }
        for hook in step.hooks where !self.hasStarted(hook, among: self.nodes[id.index].children) {
            let seed = NodeSeed(
                name: "\(self.nodes[id.index].name).hooks.\(hook.event)", role: .hook(name: hook.event), owner: id,
                boundary: site.boundary, isExit: self.nodes[id.index].isExit)
            self.start(hook, seed, self.hookScope(of: id, site), isDue: phase.hasEnded)
        }
    }

    private func hasStarted(_ hook: PlannedHook, among nodes: [NodeID]) -> Bool {
        nodes.contains { self.nodes[$0.index].role == .hook(name: hook.event) }
    }

    /// Looks at the hooks of everything that runs: what an event changed may be what one of them waits for. There are seldom any.
    mutating func triggerHooks() {
        for id in self.hooked.sorted() { self.trigger(of: id) }
        if !self.plan.hooks.isEmpty { self.triggerRunHooks() }
    }

    private mutating func triggerRunHooks() {
        guard self.run.phase == .running, !self.nodes.isEmpty, !self.isShut(isExit: false), self.run.exitNode == nil else { return }
        let started = self.runHooks
        for hook in self.plan.hooks where !self.hasStarted(hook, among: started) {
            let seed = NodeSeed(
                name: "\(self.plan.name).hooks.\(hook.event)", role: .hook(name: hook.event), owner: nil, boundary: nil, isExit: false)
            let before = self.nodes.count
            self.start(hook, seed, Scope(machine: self, frames: []), isDue: self.isSettled(self.run.entryNode))
            if self.nodes.count > before { self.runHooks.append(NodeID(before)) }
        }
    }

    // MARK: The end of the run

    /// The entry node and the workflow's hooks have ended, and no daemon is left: the exit handler runs, and after it the run is over.
    mutating func conclude() {
        guard self.run.phase == .running, self.isConcluding else { return }
        guard self.daemons.isEmpty else { return self.stopDaemons(of: nil) }
        if self.run.exitNode == nil, let hook = self.plan.onExit, self.run.shutdown != .terminate {
            switch self.opening(of: hook, Scope(machine: self, frames: [])) {
            case .failure(let fault): return self.finishRun(.error, message: fault.message)
            case .success(nil): break
            case .success(.some(let call)):
                let seed = NodeSeed(name: self.plan.name + ".onExit", role: .exitHandler, owner: nil, boundary: nil, isExit: true)
                self.run.exitNode = NodeID(self.nodes.count)
                return self.startNode(seed, call)
            }
        }
        self.finishRun(from: self.nodes[self.run.entryNode.index], exit: self.run.exitNode.map { self.nodes[$0.index] })
    }

    /// Nothing is left but the exit handler's start, or the run's end.
    var isConcluding: Bool {
        guard self.hasEntry, self.isSettled(self.run.entryNode) else { return false }
        return self.runHooks.allSatisfy { self.isSettled($0) } && (self.run.exitNode.map { self.isSettled($0) } ?? true)
    }
}

extension NodeRole {
    /// An exit handler or a hook: it hangs below a node without being part of its work.
    var isExtra: Bool {
        switch self {
        case .exitHandler, .hook: true
        case .entry, .group, .site, .item, .attempt, .container: false
        }
    }
}
