import Planning
import WorkflowModel

/// Going on with steps, dags and groups that have parts already, because somebody retried their run.
extension RunMachine {
    var hasEntry: Bool { self.run.entryNode.index < self.nodes.count && !self.nodes[self.run.entryNode.index].isRetired }

    func isDormant(_ id: NodeID) -> Bool { self.nodes[id.index].phase == .held && self.nodes[id.index].stage == .dormant }

    /// The node has more than hooks and exit handlers below it.
    func hasParts(_ id: NodeID) -> Bool { self.nodes[id.index].children.contains { !self.nodes[$0.index].role.isExtra } }

    /// Ends whatever is dormant in a node, and the node itself if it is: its turn will not come.
    mutating func closeDormant(inside id: NodeID, _ phase: NodePhase, message: String) {
        var open = [id]
        while let next = open.popLast() {
            open += self.nodes[next.index].children
            guard self.dormant.remove(next) != nil, self.isDormant(next) else { continue }
            self.nodes[next.index].phase = phase
            self.nodes[next.index].message = message
            self.nodes[next.index].finishedAt = self.run.now
            self.hooked.remove(next)
            self.changed.insert(next)
        }
    }

    /// Starts the entry node, or goes on with the one there is.
    mutating func beginEntry() {
        if self.hasEntry {
            let entry = self.run.entryNode
            // An entry node that stays as it is leaves only the exit handler to be run.
            if self.isDormant(entry) { self.goOn(entry) } else { self.work.append(.settled(entry)) }
            return
        }
        self.run.entryNode = NodeID(self.nodes.count)
        let seed = NodeSeed(name: self.plan.name, role: .entry, owner: nil, boundary: nil, isExit: false)
        self.startNode(seed, self.call(.template(self.plan.entrypoint), self.plan.arguments, Scope(machine: self, frames: [])))
    }

    /// The turn of a dormant node has come.
    mutating func goOn(_ id: NodeID) {
        self.nodes[id.index].stage = .place
        self.nodes[id.index].startedAt = self.run.now
        self.changed.insert(id)
        self.dormant.remove(id)
        if self.nodes[id.index].type == .taskGroup { return self.goOnWithItems(of: id) }
        switch self.inputsAgain(of: id) {
        case .success(let inputs): self.nodes[id.index].inputs = inputs
        case .failure(let fault): return self.finish(id, .error, message: fault.message)
        }
        if case .attempt = self.nodes[id.index].role { self.admit(id) } else { self.prepare(id) }
    }

    /// The inputs of a node as they are now: parameters of the workflow may have changed since it was made.
    private func inputsAgain(of id: NodeID) -> Result<NodeInputs, NodeFault> {
        let node = self.nodes[id.index]
        let call: Result<Call, NodeFault>
        switch node.role {
        case .entry: call = self.call(.template(self.plan.entrypoint), self.plan.arguments, Scope(machine: self, frames: []))
        case .site(let site), .item(let site, _):
            guard let boundary = node.boundary, let step = self.step(of: boundary, site) else { return .success(node.inputs) }
            call = self.call(step.target, step.arguments, self.scope(inside: boundary, item: node.item))
        case .attempt: return .success(node.owner.map { self.nodes[$0.index].inputs } ?? node.inputs)
        case .group, .exitHandler, .hook, .container: return .success(node.inputs)
        }
        switch call {
        case .failure(let fault): return .failure(fault)
        case .success(let call):
            guard call.template.value == node.template else {
                return .failure(NodeFault("it calls template '\(self.plan[call.template].key.name)' now: have the node itself run again"))
            }
            var inputs = call.inputs
            for at in inputs.artifacts.indices {
                inputs.artifacts[at].path = node.inputs.artifacts.first { $0.name == inputs.artifacts[at].name }?.path
            }
            return .success(inputs)
        }
    }

    // MARK: Steps

    /// A steps node that has groups already goes on with the first that is open, or with the one after the last.
    mutating func reopenSteps(_ id: NodeID) {
        guard let template = self.nodes[id.index].template, case .steps(let planned) = self.plan.templates[template].body else { return }
        self.steps[id] = StepsState(sites: planned.steps.count)
        self.registerParts(of: id)
        self.tellSteps(id)
        let current = self.steps[id]!.groupNode
        let isOpen = current.map { !self.nodes[$0.index].phase.isFulfilled } ?? false
        if isOpen, let current { self.steps[id]!.later[self.steps[id]!.group] = current }
        self.work.append(.startGroup(id, self.steps[id]!.group + (isOpen || current == nil ? 0 : 1)))
    }

    /// Starts the steps of a group that have no node, and goes on with those that are dormant.
    mutating func reopenGroup(_ group: NodeID, _ index: Int, of id: NodeID) {
        guard let template = self.nodes[id.index].template, case .steps(let planned) = self.plan.templates[template].body else { return }
        if self.nodes[group.index].phase.isFulfilled { return self.work.append(.startGroup(id, index + 1)) }
        self.nodes[group.index].phase = .running
        self.nodes[group.index].stage = .place
        self.changed.insert(group)
        self.dormant.remove(group)
        self.steps[id]!.group = index
        self.steps[id]!.groupNode = group
        // One more than there are holds it open, as when a group is made.
        self.steps[id]!.open = 1 + self.nodes[group.index].children.count { !self.isSettled($0) }
        let prefix = "\(self.nodes[id.index].name)[\(index)]."
        for site in planned.groups[index] { self.goOn(withStep: site, of: id, owner: group, prefix: prefix) }
        self.stepSettled(id)
    }

    private mutating func goOn(withStep site: Int, of id: NodeID, owner: NodeID, prefix: String) {
        if let node = self.steps[id]?.siteNodes[site] {
            if self.isDormant(node) { self.goOn(node) }
            return
        }
        guard let made = self.steps[id]?.items[site], !made.isEmpty, let step = self.step(of: id, site) else {
            return self.startSite(site, of: id, owner: owner, prefix: prefix)
        }
        let seed = NodeSeed(
            name: prefix + step.name, role: .site(site), owner: owner, boundary: id, isExit: self.nodes[id.index].isExit)
        let items = self.itemsAgain(of: step, in: id)
        let missing = self.missing(items, made)
        self.steps[id]!.open += missing.count
        self.goOn(with: made, items, missing, step, seed)
    }

    // MARK: Items

    private mutating func goOnWithItems(of group: NodeID) {
        let node = self.nodes[group.index]
        guard let boundary = node.boundary, case .site(let site) = node.role, let step = self.step(of: boundary, site) else { return }
        self.nodes[group.index].phase = .running
        let made = node.children.filter { !self.nodes[$0.index].role.isExtra }
        let items = self.itemsAgain(of: step, in: boundary)
        let missing = self.missing(items, made)
        // Held open while its items are made.
        self.openItems[group] = 1 + missing.count + made.count { !self.isSettled($0) }
        let seed = NodeSeed(name: node.name, role: node.role, owner: group, boundary: boundary, isExit: node.isExit)
        self.goOn(with: made, items, missing, step, seed)
        self.itemSettled(group)
    }

    private mutating func goOn(with made: [NodeID], _ items: [JSONValue], _ missing: [Int], _ step: PlannedStep, _ seed: NodeSeed) {
        for index in missing { self.startItem(index, items[index], step, seed, owner: seed.owner) }
        for node in made where self.isDormant(node) {
            // A node that was taken over from elsewhere knows its place in the list only.
            if self.nodes[node.index].item == nil, let place = self.item(of: node), items.indices.contains(place) {
                self.nodes[node.index].item = items[place].json
            }
            self.goOn(node)
        }
    }

    /// Places of items that have no node. A list that cannot be read any more has none: what there is decides then.
    private func missing(_ items: [JSONValue], _ made: [NodeID]) -> [Int] {
        let places = Set(made.compactMap { self.item(of: $0) })
        return items.indices.filter { !places.contains($0) }
    }

    private func item(of id: NodeID) -> Int? {
        if case .item(_, let place) = self.nodes[id.index].role { return place }
        return nil
    }

    // MARK: Telling again

    /// Tells everything again that follows from the nodes, as after a restart.
    mutating func tellAgain() {
        self.steps = [:]
        self.dags = [:]
        self.openItems = [:]
        self.gates = Gates()
        self.waiting = []
        self.daemons = []
        self.hooked = []
        self.runHooks = []
        self.dormant = []
        self.leaves = (finished: 0, all: 0)
        self.rebuild()
    }

    /// Tells a steps or dag node which nodes stand for its steps or tasks.
    mutating func registerParts(of id: NodeID) {
        for part in self.nodes[id.index].children {
            if self.nodes[part.index].type == .stepGroup {
                for step in self.nodes[part.index].children {
                    self.enter(step, in: id)
                    self.noteFailure(of: step)
                }
            } else {
                self.enter(part, in: id)
                self.noteFailure(of: part)
                for item in self.nodes[part.index].children { self.noteFailure(of: item) }
            }
        }
    }

    /// How far a steps node is.
    mutating func tellSteps(_ id: NodeID) {
        let groups = self.nodes[id.index].children.filter { self.nodes[$0.index].type == .stepGroup }
        guard let at = groups.firstIndex(where: { !self.nodes[$0.index].phase.isFulfilled }) ?? groups.indices.last else { return }
        let group = groups[at]
        let isFulfilled = self.nodes[group.index].phase.isFulfilled
        self.steps[id]!.group = self.place(ofGroup: group)
        self.steps[id]!.groupNode = group
        self.steps[id]!.open = isFulfilled ? 0 : self.nodes[group.index].children.count { !self.isSettled($0) }
        for later in groups[(at + 1)...] { self.steps[id]!.later[self.place(ofGroup: later)] = later }
    }

    private func place(ofGroup id: NodeID) -> Int {
        guard case .group(let index) = self.nodes[id.index].role else { preconditionFailure("node \(id) is no step group") }
        return index
    }

    /// How far a dag node is.
    mutating func tellDAG(_ id: NodeID, _ dag: PlannedDAG) {
        for (task, node) in (self.dags[id]?.taskNodes ?? []).enumerated() {
            guard let node else { continue }
            if self.isSettled(node) {
                for dependent in dag.dependents[task] { self.dags[id]!.unmet[dependent] -= 1 }
            } else {
                self.dags[id]!.open += 1
            }
        }
    }
}
