import Expressions
import Planning
import WorkflowModel

/// A dag node under way.
struct DAGState: Sendable, Equatable {
    /// The node of each task, its TaskGroup where it fans out.
    var taskNodes: [NodeID?]
    /// Dependencies of each task that have not settled.
    var unmet: [Int32]
    /// Tasks that have a node which has not settled.
    var open = 0
    var hasFailure = false
}

extension RunMachine {
    mutating func beginDAG(_ id: NodeID, _ dag: PlannedDAG) {
        self.dags[id] = DAGState(
            taskNodes: Array(repeating: nil, count: dag.tasks.count), unmet: dag.dependencies.map { Int32($0.count) })
        let goal: DAGGoal
        switch self.foundGoal(of: id, dag) {
        case .success(let found): goal = found
        case .failure(let fault): return self.finish(id, .error, message: fault.message)
        }
        self.goals[id] = dag.dynamicTarget == nil ? nil : goal
        if self.hasParts(id) {
            self.registerParts(of: id)
            self.tellDAG(id, dag)
        }
        // Held open until every task that waits for nothing has its node.
        self.dags[id]!.open += 1
        for task in dag.order where self.dags[id]!.unmet[task] == 0 && goal.isNeeded[task] { self.startTask(of: id, task) }
        self.closeOne(id)
    }

    private static let omission = "omitted: depends condition not met"

    mutating func startTask(of id: NodeID, _ task: Int) {
        guard let template = self.nodes[id.index].template, case .dag(let dag) = self.plan.templates[template].body,
            !self.nodes[id.index].phase.isFulfilled
        else { return }
        let made = self.dags[id]?.taskNodes[task]
        if let made, !self.isDormant(made) { return }
        // Once the run is being stopped no task starts any more; the dag ends when those under way have.
        if self.isShut(isExit: self.nodes[id.index].isExit) { return }
        let prefix = self.nodes[id.index].name + "."
        if let formula = dag.formulas[task], !self.holds(formula, dag, task, of: id) {
            if let made { return self.finish(made, .omitted, message: Self.omission) }
            let seed = NodeSeed(
                name: prefix + dag.tasks[task].name, role: .site(task), owner: id, boundary: id, isExit: self.nodes[id.index].isExit)
            self.dags[id]!.open += 1
            self.addEnded(seed, .omitted, message: Self.omission)
            return
        }
        if let made { return self.goOn(made) }
        self.startSite(task, of: id, owner: id, prefix: prefix)
    }

    private func holds(_ formula: DependsFormula, _ dag: PlannedDAG, _ task: Int, of boundary: NodeID) -> Bool {
        guard let nodes = self.dags[boundary]?.taskNodes else { return false }
        let dependencies = dag.dependencies[task]
        return formula.evaluate { index, result in
            guard let id = nodes[dependencies[index]] else { return false }
            let phase = self.nodes[id.index].phase
            return switch result {
            case .succeeded: phase == .succeeded
            case .failed: phase == .failed
            case .errored: phase == .error
            case .skipped: phase == .skipped
            case .omitted: phase == .omitted
            case .daemoned: phase == .daemoned
            case .anySucceeded: self.items(of: id).contains { $0 == .succeeded }
            case .allFailed: !self.items(of: id).isEmpty && self.items(of: id).allSatisfy { $0 == .failed }
            }
        }
    }

    /// The phases of a TaskGroup's items; none for any other node.
    private func items(of id: NodeID) -> [NodePhase] {
        self.nodes[id.index].type == .taskGroup ? self.nodes[id.index].children.map { self.nodes[$0.index].phase } : []
    }

    mutating func itemSettled(_ group: NodeID) {
        guard let open = self.openItems[group] else { return }
        self.openItems[group] = open - 1
        guard open == 1 else { return }
        self.openItems[group] = nil
        // As Argo: the last child in order that failed gives the group its phase.
        let failed = self.nodes[group.index].children.last { self.nodes[$0.index].phase.isFailure }
        self.finish(group, failed.map { self.nodes[$0.index].phase } ?? .succeeded)
    }

    mutating func taskSettled(_ id: NodeID, _ task: Int) {
        guard let template = self.nodes[id.index].template, case .dag(let dag) = self.plan.templates[template].body,
            self.dags[id] != nil
        else {
            return
        }
        let goal = self.goal(of: id, dag)
        for dependent in dag.dependents[task] {
            self.dags[id]!.unmet[dependent] -= 1
            if self.dags[id]!.unmet[dependent] == 0, goal.isNeeded[dependent] {
                // The place of this task passes to the next before it is given up, so that the DAG cannot end between them.
                self.dags[id]!.open += 1
                self.work.append(.startTask(id, dependent))
                self.work.append(.settledPlace(id))
            }
        }
        self.closeOne(id)
    }

    mutating func closeOne(_ id: NodeID) {
        guard self.dags[id] != nil else { return }
        self.dags[id]!.open -= 1
        self.closeOneIfIdle(id)
    }

    private mutating func closeOneIfIdle(_ id: NodeID) {
        guard self.dags[id]!.open == 0, !self.nodes[id.index].phase.isFulfilled, let template = self.nodes[id.index].template,
            case .dag(let dag) = self.plan.templates[template].body
        else { return }
        if self.isShut(isExit: self.nodes[id.index].isExit) { return self.finishComposite(id, .failed, message: self.shutMessage) }
        switch self.assess(dag, self.goal(of: id, dag), self.dags[id]!) {
        case .succeeded: self.finishWithOutputs(id)
        case let phase: self.finishComposite(id, phase, message: "")
        }
    }

    /// What the targets say of the whole. A task that never ran has the phase of what came before it, the worse where branches meet.
    private func assess(_ dag: PlannedDAG, _ goal: DAGGoal, _ state: DAGState) -> NodePhase {
        var branch = [NodePhase](repeating: .succeeded, count: dag.tasks.count)
        for task in dag.order where goal.isNeeded[task] {
            let own = state.taskNodes[task].map { self.nodes[$0.index].phase }
            if let own, own.isCompleted {
                branch[task] = own
            } else {
                branch[task] = dag.dependencies[task].lazy.map { branch[$0] }.first { $0.isFailure } ?? .succeeded
            }
        }
        for target in goal.targets where branch[target].isFailure && !self.isTolerated(branch[target], dag.tasks[target].continueOn) {
            return branch[target]
        }
        return .succeeded
    }
}
