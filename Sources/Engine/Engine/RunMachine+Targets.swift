import Planning

/// What a dag is to reach.
struct DAGGoal: Sendable, Equatable {
    var targets: [Int]
    /// Tasks that no target needs never run.
    var isNeeded: [Bool]
}

extension RunMachine {
    /// The goal of a dag that has begun.
    mutating func goal(of id: NodeID, _ dag: PlannedDAG) -> DAGGoal {
        let planned = DAGGoal(targets: dag.targets, isNeeded: dag.isNeeded)
        if dag.dynamicTarget == nil { return planned }
        if let known = self.goals[id] { return known }
        // It was found once, when the dag began, so there is no fault any more.
        let goal = (try? self.foundGoal(of: id, dag).get()) ?? planned
        self.goals[id] = goal
        return goal
    }

    /// What `target` says once its tags are replaced; what was planned where it says nothing.
    func foundGoal(of id: NodeID, _ dag: PlannedDAG) -> Result<DAGGoal, NodeFault> {
        do throws(NodeFault) {
            let names = try self.scope(of: id).optional(dag.dynamicTarget)?.split(whereSeparator: \.isWhitespace) ?? []
            if names.isEmpty { return .success(DAGGoal(targets: dag.targets, isNeeded: dag.isNeeded)) }
            var targets: [Int] = []
            for name in names {
                guard let task = dag.sites[String(name)] else {
                    throw NodeFault("target '\(name)' is not defined: it is not a task of this DAG")
                }
                targets.append(task)
            }
            return .success(DAGGoal(targets: targets, isNeeded: dag.needed(for: targets)))
        } catch {
            return .failure(error)
        }
    }
}
