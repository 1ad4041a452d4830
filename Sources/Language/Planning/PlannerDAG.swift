import Diagnostics
import Expressions
import WorkflowModel

/// Compiling DAGs.
extension Planner {
    mutating func dag(_ dag: DAGTemplate, _ next: PendingTemplate) -> (PlannedDAG?, TemplateNames) {
        let origin = next.origin.field("dag")
        let tasks = origin.field("tasks")
        let table = SiteTable(root: "tasks")
        if dag.tasks.isEmpty {
            self.faults.add(.badDependency, at: origin, atKey: true, "a dag needs at least one task", hint: "add tasks")
            return (nil, TemplateNames(next.template, sites: table))
        }
        for (at, task) in dag.tasks.enumerated() { self.addSite(task, 0, table, next.key.scope, tasks.index(at)) }
        self.checkStyle(dag, tasks)
        let formulas = dag.tasks.enumerated().map { at, task in self.formula(at, task, dag, table, tasks.index(at)) }
        let dependencies = formulas.map { formula in formula.map { $0.tasks.compactMap { table.places[$0] } } ?? [] }
        for at in table.sites.indices { table.sites[at].formula = formulas[at] }
        let order = self.order(of: dag.tasks.map(\.name), dependencies, tasks)
        if let order { table.ancestry = Ancestry(dependencies: dependencies, order: order) }
        let names = TemplateNames(next.template, sites: table)
        let planned = dag.tasks.enumerated().compactMap { at, task in self.step(task, at, names, next, tasks.index(at)) }
        var dependents = [[Int]](repeating: [], count: dag.tasks.count)
        for (task, needs) in dependencies.enumerated() { for need in needs { dependents[need].append(task) } }
        let targets = self.targets(dag, table, dependents, origin.field("target"))
        // What a tag names is known only when the node starts.
        let dynamicTarget = dag.target.flatMap { $0.hasTag ? self.text($0, origin.field("target")) : nil }
        guard let order, planned.count == dag.tasks.count, table.places.count == planned.count else { return (nil, names) }
        let plannedDAG = PlannedDAG(
            tasks: planned, sites: table.places, formulas: formulas, dependencies: dependencies, dependents: dependents, targets: targets,
            dynamicTarget: dynamicTarget, isNeeded: PlannedDAG.needed(for: targets, dependencies), order: order)
        return (plannedDAG, names)
    }

    /// A DAG says what comes first in one way: `depends`, or `dependencies` with `continueOn`.
    private mutating func checkStyle(_ dag: DAGTemplate, _ origin: Origin) {
        let usesDepends = dag.tasks.contains { $0.depends != nil }
        let usesAny = usesDepends || dag.tasks.contains { $0.dependencies?.isEmpty == false }
        for (at, task) in dag.tasks.enumerated() {
            let place = origin.index(at)
            if usesAny, let first = task.name.unicodeScalars.first, ("0"..."9").contains(first) {
                self.faults.add(
                    .badName, at: place.field("name"), word: task.name,
                    "task '\(task.name)' begins with a digit: name cannot begin with a digit when using either 'depends' or 'dependencies'",
                    hint: "put a letter before it")
            }
            guard usesDepends else { continue }
            if task.dependencies?.isEmpty == false {
                let isOwn = task.depends != nil
                self.faults.add(
                    .badDependency, at: place.field("dependencies"), atKey: true,
                    isOwn ? "task '\(task.name)' has both depends and dependencies" : "dependencies cannot be used in a dag with depends",
                    hint: isOwn ? "keep depends" : "write 'depends: \((task.dependencies ?? []).prefix(8).joined(separator: " && "))'")
            }
            if let continueOn = task.raw["continueOn"], !continueOn.isNull {
                self.faults.add(
                    .badDependency, at: place.field("continueOn"), atKey: true, "cannot use 'continueOn' when using 'depends'",
                    hint: "say it in the depends of those that follow: \(task.name).Succeeded || \(task.name).Failed")
            }
        }
    }

    private mutating func formula(_ at: Int, _ task: WorkflowStep, _ dag: DAGTemplate, _ table: SiteTable, _ origin: Origin)
        -> DependsFormula?
    {
        let continueOn = { (name: String) -> (error: Bool, failed: Bool) in
            guard let place = table.places[name] else { return (false, false) }
            return (dag.tasks[place].continueOn.error, dag.tasks[place].continueOn.failed)
        }
        var formula: DependsFormula?
        var place = origin.field("dependencies")
        if let depends = task.depends {
            place = origin.field("depends")
            do {
                formula = try DependsFormula(depends, continueOn: continueOn)
            } catch {
                table.sites[at].isUnclear = true
                self.faults.add(
                    .badDependency, at: place, in: depends, offset: error.offset, "depends of task '\(task.name)': \(error.message)",
                    hint: "write it as 'A && (B.Succeeded || C.Failed)'")
                return nil
            }
        } else if let dependencies = task.dependencies, !dependencies.isEmpty {
            formula = DependsFormula(dependencies: dependencies, continueOn: continueOn)
        }
        var isSound = true
        for (index, reference) in (formula?.references ?? []).enumerated() {
            let written = task.depends == nil ? place.index(index) : place
            let before = task.depends.map { Faults.count(of: reference.task, in: $0, before: reference.offset) } ?? 0
            if !self.check(reference, of: task, dag, table, written, occurrence: before) { isSound = false }
        }
        if !isSound { table.sites[at].isUnclear = true }
        return isSound ? formula : nil
    }

    /// - Returns: whether the task it names exists.
    private mutating func check(
        _ reference: DependsFormula.Reference, of task: WorkflowStep, _ dag: DAGTemplate, _ table: SiteTable, _ place: Origin,
        occurrence: Int
    ) -> Bool {
        guard let at = table.places[reference.task] else {
            self.faults.add(
                .unknownDependency, at: place, word: reference.task, occurrence: occurrence,
                "task '\(task.name)' depends on '\(reference.task)', which is not in this DAG",
                hint: self.faults.isFull ? nil : table.names.hint(for: reference.task, "tasks here", none: "there are no other tasks"))
            return false
        }
        if let result = reference.result, result == .anySucceeded || result == .allFailed, !dag.tasks[at].fansOut {
            self.faults.add(
                .badDependency, at: place, word: reference.task, occurrence: occurrence,
                "'\(reference.task).\(result.rawValue)' needs a task with items, and '\(reference.task)' has none",
                hint: "use .Succeeded or .Failed")
        }
        return true
    }

    /// Everything after what it depends on; nil and a fault when there is a circle.
    mutating func order(of names: [String], _ dependencies: [[Int]], _ origin: Origin) -> [Int]? {
        var dependents = [[Int]](repeating: [], count: names.count)
        for (at, needs) in dependencies.enumerated() { for need in needs { dependents[need].append(at) } }
        var unmet = dependencies.map(\.count)
        var order = unmet.indices.filter { unmet[$0] == 0 }
        var next = 0
        while next < order.count {
            for dependent in dependents[order[next]] {
                unmet[dependent] -= 1
                if unmet[dependent] == 0 { order.append(dependent) }
            }
            next += 1
        }
        guard order.count < names.count else { return order }
        // Walk back along unmet dependencies until one comes up again: that is a circle to show.
        var at = unmet.indices.first { unmet[$0] > 0 }!
        var trail: [Int] = []
        var steps: [Int: Int] = [:]
        while steps[at] == nil {
            steps[at] = trail.count
            trail.append(at)
            at = dependencies[at].first { unmet[$0] > 0 }!
        }
        let circle = trail[steps[at]!...].map { names[$0] } + [names[at]]
        let shown = circle.count > 12 ? circle.prefix(11) + ["…", names[at]] : circle[...]
        self.faults.add(
            .dependencyCycle, at: origin.index(at), "dependency cycle detected: \(shown.joined(separator: " -> "))",
            hint: "drop one of these dependencies")
        return nil
    }

    private mutating func targets(_ dag: DAGTemplate, _ table: SiteTable, _ dependents: [[Int]], _ origin: Origin) -> [Int] {
        guard let target = dag.target, !target.hasTag else {
            return dependents.indices.filter { dependents[$0].isEmpty }.sorted { dag.tasks[$0].name < dag.tasks[$1].name }
        }
        var found: [Int] = []
        for name in target.split(whereSeparator: \.isWhitespace).map(String.init) {
            if let at = table.places[name] {
                found.append(at)
            } else {
                self.faults.add(
                    .unknownDependency, at: origin, word: name, "target '\(name)' is not defined: it is not a task of this DAG",
                    hint: table.names.hint(for: name, "tasks here", none: "there are no tasks"))
            }
        }
        return found
    }
}
