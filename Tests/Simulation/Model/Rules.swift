import Engine
import Planning
import WorkflowModel

/// What must hold of every run, judged from the manifest as it is written rather than from the plan.
struct Rules {
    let plan: Plan
    private let templates: [String: JSONValue]
    /// How each node that has ended stands in the journal, by ordinal.
    private var ended: [Int: String] = [:]
    private var judged = 0
    /// The node of each step or task, by boundary and place.
    private var sites: [NodeID: [Int: NodeID]] = [:]

    init(plan: Plan, document: JSONValue) {
        self.plan = plan
        var templates: [String: JSONValue] = [:]
        for template in document["spec"]?["templates"]?.array ?? [] { templates[template["name"]?.string ?? ""] = template }
        self.templates = templates
    }

    private func template(of node: Node) -> JSONValue? { node.template.flatMap { self.templates[self.plan.templates[$0].key.name] } }

    func isCall(_ node: Node) -> Bool {
        let template = self.template(of: node)
        return ["http", "resource", "data", "plugin"].contains { template?[$0] != nil }
    }

    // MARK: Nodes

    /// Judges what a commit has recorded: new nodes had what they need, and what had ended stays as it was.
    mutating func judgeNodes(_ machine: RunMachine, changed: [NodeID]) throws(SimulationFault) {
        // A container starts anew with its pod.
        for id in changed where machine.nodes[id.index].phase.hasEnded && machine.nodes[id.index].type != .container {
            let node = machine.nodes[id.index]
            let standing = "\(node.phase) \(node.outputs) \(node.podAttempt)"
            if let before = self.ended[id.index], before != standing {
                throw SimulationFault("node \(node.name) had ended as \(before) and is now \(standing)")
            }
            self.ended[id.index] = standing
        }
        let fresh = machine.nodes[self.judged...]
        for node in fresh {
            if case .site(let site) = node.role, let boundary = node.boundary {
                if self.sites[boundary, default: [:]].updateValue(node.id, forKey: site) != nil {
                    throw SimulationFault("node \(node.name) is made twice")
                }
            }
        }
        for node in fresh { try self.judgeNeeds(of: node, machine) }
        self.judged = machine.nodes.count
    }

    private func judgeNeeds(of node: Node, _ machine: RunMachine) throws(SimulationFault) {
        switch node.role {
        case .site(let site), .item(let site, _):
            guard let boundary = node.boundary, let template = self.template(of: machine.nodes[boundary.index]) else { return }
            if let steps = template["steps"]?.array { try self.judgeStep(node, site, steps, machine) }
            if let dag = template["dag"] { try self.judgeTask(node, site, dag, boundary, machine) }
        case .attempt(let index): try self.judgeAttempt(node, index, machine)
        case .exitHandler:
            if let owner = node.owner, !machine.nodes[owner.index].phase.isFulfilled {
                throw SimulationFault("the exit handler of \(machine.nodes[owner.index].name) runs before its end")
            }
            if node.owner == nil, !machine.nodes[0].phase.isFulfilled {
                throw SimulationFault("the exit handler of the run runs too early")
            }
        case .entry, .group, .hook, .container: return
        }
    }

    /// Every step of the groups before has ended, none of them in a way that it must not.
    private func judgeStep(_ node: Node, _ site: Int, _ steps: [JSONValue], _ machine: RunMachine) throws(SimulationFault) {
        var groups: [Int] = []
        var all: [JSONValue] = []
        for (index, group) in steps.enumerated() {
            for step in group.array ?? [] {
                all.append(step)
                groups.append(index)
            }
        }
        for other in machine.nodes where other.boundary == node.boundary && other.id != node.id {
            let place: Int
            switch other.role {
            case .site(let at), .item(let at, _): place = at
            case .entry, .group, .attempt, .exitHandler, .hook, .container: continue
            }
            // A daemon that fails does so after what depends on it has started.
            guard groups[place] < groups[site], !machine.isDaemonForJudge(other.id) else { continue }
            guard machine.isSettledForJudge(other.id) else { throw SimulationFault("\(node.name) starts before \(other.name) has ended") }
            let continueOn = all[place]["continueOn"]
            if other.phase == .failed, continueOn?["failed"]?.bool != true || other.phase == .error, continueOn?["error"]?.bool != true {
                throw SimulationFault("\(node.name) starts although \(other.name) is \(other.phase)")
            }
        }
    }

    /// Its dependencies have ended, and it runs exactly when its formula holds.
    private func judgeTask(_ node: Node, _ site: Int, _ dag: JSONValue, _ boundary: NodeID, _ machine: RunMachine) throws(SimulationFault) {
        let tasks = dag["tasks"]?.array ?? []
        let task = tasks[site]
        let names = tasks.map { $0["name"]?.string ?? "" }
        var formula: String
        if let depends = task["depends"]?.string {
            formula = depends
        } else {
            formula = (task["dependencies"]?.array ?? []).compactMap(\.string).joined(separator: " && ")
        }
        if formula.isEmpty { formula = "true" }
        var hasDaemon = false
        var reader = FormulaReader(formula)
        var early: String?
        let holds = reader.evaluate { name, result in
            guard let at = names.firstIndex(of: name), let id = self.sites[boundary]?[at], machine.isSettledForJudge(id) else {
                early = name
                return false
            }
            let continueOn = tasks[at]["continueOn"]
            let items =
                machine.nodes[id.index].type == .taskGroup ? machine.nodes[id.index].children.map { machine.nodes[$0.index].phase } : []
            let phase = machine.nodes[id.index].phase
            // What a daemon was when it was looked at is not what it is now.
            hasDaemon = hasDaemon || machine.isDaemonForJudge(id) || items.contains(.daemoned)
            switch result {
            case "Succeeded": return phase == .succeeded
            case "Failed": return phase == .failed
            case "Errored": return phase == .error
            case "Skipped": return phase == .skipped
            case "Omitted": return phase == .omitted
            case "Daemoned": return phase == .daemoned
            case "AnySucceeded": return items.contains(.succeeded)
            case "AllFailed": return !items.isEmpty && items.allSatisfy { $0 == .failed }
            default:
                return phase == .succeeded || phase == .skipped || phase == .daemoned
                    || phase == .failed && continueOn?["failed"]?.bool == true || phase == .error && continueOn?["error"]?.bool == true
            }
        }
        if let early { throw SimulationFault("\(node.name) starts before \(early) has ended") }
        if hasDaemon { return }
        guard holds != (node.phase == .omitted) else {
            throw SimulationFault("\(node.name) is \(node.phase) and its formula '\(formula)' is \(holds)")
        }
    }

    private func judgeAttempt(_ node: Node, _ index: Int, _ machine: RunMachine) throws(SimulationFault) {
        guard let owner = node.owner, let template = self.template(of: machine.nodes[owner.index]) else { return }
        let limit = template["retryStrategy"]?["limit"]?.string.flatMap { Int($0) } ?? .max
        if index > limit { throw SimulationFault("\(node.name) is an attempt too many: the limit is \(limit)") }
        for other in machine.nodes[owner.index].children where other < node.id {
            guard case .attempt = machine.nodes[other.index].role else { continue }
            if !machine.nodes[other.index].phase.isFailure { throw SimulationFault("\(node.name) starts beside another attempt") }
        }
    }

    // MARK: Places

    func judgePlaces(_ machine: RunMachine, running: [NodeID]) throws(SimulationFault) {
        if let most = self.plan.parallelism, running.count > most {
            throw SimulationFault("\(running.count) pods run, the workflow allows \(most)")
        }
        guard machine.run.shutdown == nil, !machine.run.isPastDeadline, machine.run.deadlock == nil else { return }
        var active: [NodeID: Int] = [:]
        for node in running {
            guard let boundary = machine.nodes[node.index].boundary else { continue }
            active[boundary, default: 0] += 1
        }
        for (boundary, count) in active {
            guard let most = machine.nodes[boundary.index].template.flatMap({ self.plan.templates[$0].parallelism }), count > most else {
                continue
            }
            throw SimulationFault("\(count) pods run directly in \(machine.nodes[boundary.index].name), which allows \(most)")
        }
    }

    // MARK: Locks

    func judgeLaunch(of request: PodRequest, _ machine: RunMachine, _ locks: ModelLocks) throws(SimulationFault) {
        let node = machine.nodes[request.id.node.index]
        guard node.phase == .pending || node.phase == .running else {
            throw SimulationFault("\(node.name) is launched and is \(node.phase)")
        }
        for holder in machine.ancestors(of: node.id) {
            let above = machine.nodes[holder.index]
            if case .attempt = above.role { continue }
            guard above.template.map({ self.plan.templates[$0].synchronization != nil }) ?? false else { continue }
            for lock in above.locks where !locks.holds(LockHolder(run: machine.id, node: holder), lock) {
                throw SimulationFault("\(node.name) is launched and \(above.name) does not hold \(lock.text)")
            }
            if above.locks.isEmpty { throw SimulationFault("\(node.name) is launched and \(above.name) asked for no locks") }
        }
    }

    func judgeRelease(of holder: LockHolder, _ machine: RunMachine, running: [PodRequest]) throws(SimulationFault) {
        guard let node = holder.node else { return }
        for pod in running where !pod.isDaemon && machine.ancestors(of: pod.id.node).contains(node) {
            throw SimulationFault(
                "\(machine.nodes[node.index].name) gives its locks back while \(machine.nodes[pod.id.node.index].name) runs")
        }
    }
}

extension RunMachine {
    /// The node and all it is part of. An exit handler or hook is no part of the node it belongs to.
    func ancestors(of id: NodeID) -> [NodeID] {
        var found: [NodeID] = []
        var next: NodeID? = id
        while let current = next {
            found.append(current)
            let node = self.nodes[current.index]
            next =
                switch node.role {
                case .exitHandler, .hook: node.boundary
                case .entry, .group, .site, .item, .attempt, .container: node.owner ?? node.boundary
                }
        }
        return found
    }

    fileprivate func isSettledForJudge(_ id: NodeID) -> Bool {
        guard self.nodes[id.index].phase.isFulfilled else { return false }
        if self.isDaemonForJudge(id) { return true }
        return self.nodes[id.index].children.allSatisfy { child in
            switch self.nodes[child.index].role {
            case .exitHandler, .hook: self.nodes[child.index].phase.isFulfilled
            case .entry, .group, .site, .item, .attempt, .container: true
            }
        }
    }

    fileprivate func isDaemonForJudge(_ id: NodeID) -> Bool {
        self.nodes[id.index].template.map { self.plan.templates[$0].isDaemon } ?? false
    }
}

/// Reads `depends` anew, by the letter of Argo's documentation: names with or without a result, `!`, `&&` before `||`, parentheses.
struct FormulaReader {
    private var rest: Substring

    init(_ text: String) { self.rest = Substring(text) }

    mutating func evaluate(_ holds: (_ name: String, _ result: String) -> Bool) -> Bool {
        var value = self.conjunction(holds)
        while self.take("||") {
            let other = self.conjunction(holds)
            value = value || other
        }
        return value
    }

    private mutating func conjunction(_ holds: (String, String) -> Bool) -> Bool {
        var value = self.operand(holds)
        while self.take("&&") {
            let other = self.operand(holds)
            value = value && other
        }
        return value
    }

    private mutating func operand(_ holds: (String, String) -> Bool) -> Bool {
        if self.take("!") { return !self.operand(holds) }
        if self.take("(") {
            let value = self.evaluate(holds)
            _ = self.take(")")
            return value
        }
        self.rest = self.rest.drop { $0 == " " }
        let word = self.rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == "." }
        self.rest = self.rest.dropFirst(word.count)
        if word == "true" { return true }
        let parts = word.split(separator: ".")
        return holds(String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }

    private mutating func take(_ text: String) -> Bool {
        let trimmed = self.rest.drop { $0 == " " }
        guard trimmed.hasPrefix(text) else { return false }
        self.rest = trimmed.dropFirst(text.count)
        return true
    }
}
