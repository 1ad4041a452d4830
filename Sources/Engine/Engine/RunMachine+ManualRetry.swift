import Planning
import WorkflowModel

/// What somebody asks who has a run that ended go on.
public struct RetryRequest: Sendable, Equatable {
    /// Nodes to run again whatever became of them; counts only with `restartsSuccessful`.
    public var selector: NodeSelector?
    public var restartsSuccessful: Bool
    /// New values of the workflow's parameters. The plan has them already; loops are read again because of them.
    public var parameters: [NamedValue]
    public init(selector: NodeSelector? = nil, restartsSuccessful: Bool = false, parameters: [NamedValue] = []) {
        self.selector = selector
        self.restartsSuccessful = restartsSuccessful
        self.parameters = parameters
    }
}

/// What a retry would do, for those who want to see it first.
public struct RetryPreview: Sendable, Equatable {
    /// Nodes that are made again, with all that came after them.
    public var again: [NodeID]
    /// Steps, dags, groups and retried nodes around them that go on as they are.
    public var goingOn: [NodeID]
}

/// Having a run that ended go on: what failed runs again, and what came after it; what succeeded stays.
///
/// Nothing is renumbered. A node that runs again is *retired*: it stays in the journal, and every walk leaves it out. Its step makes a new one,
/// whose ordinal gives its pods names of their own. The steps, dags and groups around it are *dormant* until their turn comes: they take their
/// locks, look into their caches and ask for their places as new nodes do, and then go on with the parts they have.
///
/// The event itself starts nothing. It turns the run into one that was recorded and has not begun, and `started` begins it.
/// - Source: Argo's documentation of `argo retry`. Unlike there, daemons that ended with the run are started again where something around them
///   goes on, the latest attempt of a retried steps or dag template goes on instead of all of them, and a node that failed without a pod (a wait,
///   a call that could not be made) runs again too.
extension RunMachine {
    mutating func retry(_ request: RetryRequest) {
        guard self.objection(toRetrying: request) == nil else { return }
        let choice = self.retryChoice(request)
        self.retire(choice.retired)
        for id in choice.revived.sorted() { self.revive(id) }
        self.run.phase = .pending
        self.run.message = ""
        self.run.startedAt = nil
        self.run.finishedAt = nil
        self.run.shutdown = nil
        self.run.isPastDeadline = false
        self.run.isSuspended = false
        self.run.exitNode = nil
        self.run.locks = []
        self.run.waitsFor = nil
        self.run.metrics = []
        self.run.metricsError = nil
        self.tellAgain()
    }

    private mutating func retire(_ ids: Set<NodeID>) {
        var owners: Set<NodeID> = []
        for id in ids.sorted() {
            if !self.nodes[id.index].phase.hasEnded { self.nodes[id.index].phase = .omitted }
            self.nodes[id.index].isRetired = true
            self.nodes[id.index].children = []
            self.changed.insert(id)
            if let owner = self.nodes[id.index].owner, !ids.contains(owner) { owners.insert(owner) }
        }
        for owner in owners.sorted() { self.nodes[owner.index].children.removeAll { ids.contains($0) } }
    }

    /// Makes a node of parts dormant.
    private mutating func revive(_ id: NodeID) {
        self.nodes[id.index].phase = .held
        self.nodes[id.index].stage = .dormant
        self.nodes[id.index].message = ""
        self.nodes[id.index].startedAt = self.run.now
        self.nodes[id.index].finishedAt = nil
        self.nodes[id.index].outputs = NodeOutputs()
        self.nodes[id.index].doom = nil
        self.nodes[id.index].dueAt = nil
        self.nodes[id.index].locks = []
        self.nodes[id.index].waitsFor = nil
        self.nodes[id.index].memo = nil
        self.nodes[id.index].progress = nil
        self.nodes[id.index].metrics = []
        self.changed.insert(id)
    }
}

extension RunMachine {
    /// Why a retry would be refused, in words for the one who asks; nil when it would not.
    public func objection(toRetrying request: RetryRequest) -> String? {
        switch self.run.phase {
        case .pending, .running: return "it has not ended"
        case .failed, .error: return nil
        case .succeeded:
            guard request.restartsSuccessful, let selector = request.selector else {
                return "it has succeeded; choose what is to run again with --restart-successful and --node-field-selector"
            }
            return self.retryChoice(request).isEmpty ? "none of its nodes matches '\(selector.text)'" : nil
        }
    }

    /// What a retry would run again.
    public func preview(ofRetrying request: RetryRequest) -> RetryPreview {
        let choice = self.retryChoice(request)
        return RetryPreview(again: choice.retired.sorted(), goingOn: choice.revived.sorted())
    }

    private func retryChoice(_ request: RetryRequest) -> RetryChoice { RetryReview(machine: self, request: request).choice }
}

/// Which nodes a retry takes out, and which go on.
private struct RetryChoice {
    var retired: Set<NodeID> = []
    var revived: Set<NodeID> = []
    var isEmpty: Bool { self.retired.isEmpty && self.revived.isEmpty }
}

/// Looks through a run that has ended for what is to run again.
private struct RetryReview {
    private let machine: RunMachine
    private let selector: NodeSelector?
    private let readsLoopsAgain: Bool
    /// By ordinal: the node or something inside it has succeeded.
    private var hasSuccess: [Bool]
    private(set) var choice = RetryChoice()

    init(machine: RunMachine, request: RetryRequest) {
        self.machine = machine
        self.selector = request.restartsSuccessful ? request.selector : nil
        self.readsLoopsAgain = !request.parameters.isEmpty
        self.hasSuccess = machine.nodes.map { !$0.isRetired && $0.phase == .succeeded }
        // A part comes after what it belongs to.
        for node in machine.nodes.reversed() where !node.isRetired && !node.role.isExtra && self.hasSuccess[node.id.index] {
            if let owner = node.owner { self.hasSuccess[owner.index] = true }
        }
        guard machine.hasEntry else { return }
        _ = self.review(machine.run.entryNode, isFollowedBySuccess: false)
        self.dropExtras()
        self.choice.revived.subtract(self.choice.retired)
    }

    /// The run's exit handler runs again, and so do those hooks and handlers that belong to what goes on or that failed.
    private mutating func dropExtras() {
        if let exit = self.machine.run.exitNode { self.retire(exit) }
        for hook in self.machine.runHooks where self.isOpen(hook) { self.retire(hook) }
        for id in self.choice.revived.sorted() {
            for child in self.machine.nodes[id.index].children {
                switch self.machine.nodes[child.index].role {
                case .exitHandler: self.retire(child)
                case .hook: if self.isOpen(child) { self.retire(child) }
                case .entry, .group, .site, .item, .attempt, .container: break
                }
            }
        }
    }

    /// It failed, or never came to its end.
    private func isOpen(_ id: NodeID) -> Bool {
        let phase = self.machine.nodes[id.index].phase
        return phase.isFailure || !phase.isFulfilled
    }

    private func isSelected(_ id: NodeID) -> Bool { self.selector.map { self.machine.matches($0, self.machine.nodes[id.index]) } ?? false }

    private mutating func retire(_ id: NodeID) {
        var open = [id]
        while let next = open.popLast() {
            if self.choice.retired.insert(next).inserted { open += self.machine.nodes[next.index].children }
        }
    }

    /// The node's parts without its hooks and exit handlers.
    private func parts(of id: NodeID) -> [NodeID] {
        self.machine.nodes[id.index].children.filter { !self.machine.nodes[$0.index].role.isExtra }
    }

    // MARK: Nodes

    /// Decides on a node and all it contains.
    /// - Parameter isFollowedBySuccess: something that came after it has succeeded, so that its failure was put up with.
    /// - Returns: whether any of it runs again, so that what came after it does too.
    private mutating func review(_ id: NodeID, isFollowedBySuccess: Bool) -> Bool {
        let node = self.machine.nodes[id.index]
        if self.isSelected(id) { return self.again(id) }
        let isWanted = self.isOpen(id) && !isFollowedBySuccess
        switch node.type {
        case .pod, .http, .plugin, .suspend, .skipped, .container:
            let hasSelectedPart = self.parts(of: id).contains { self.isSelected($0) }
            return isWanted || hasSelectedPart ? self.again(id) : false
        case .retry: return self.reviewRetry(id, isWanted: isWanted, isFollowedBySuccess)
        case .steps, .dag, .taskGroup, .stepGroup: break
        }
        let parts = self.parts(of: id)
        if parts.isEmpty { return isWanted ? self.again(id) : false }
        let hasChanged =
            switch node.type {
            case .steps: self.reviewGroups(parts, isFollowedBySuccess)
            case .dag: self.reviewTasks(of: id, parts, isFollowedBySuccess)
            default: self.reviewAll(parts, isFollowedBySuccess)
            }
        guard hasChanged || isWanted else { return false }
        self.choice.revived.insert(id)
        if self.readsLoopsAgain, node.type == .taskGroup || node.type == .stepGroup { for part in parts { self.retire(part) } }
        if node.type == .steps || node.type == .dag { self.restartDaemons(of: id) }
        return true
    }

    private mutating func again(_ id: NodeID) -> Bool {
        self.retire(id)
        return true
    }

    private mutating func reviewAll(_ parts: [NodeID], _ isFollowedBySuccess: Bool) -> Bool {
        var hasChanged = false
        for part in parts where self.review(part, isFollowedBySuccess: isFollowedBySuccess) { hasChanged = true }
        return hasChanged
    }

    /// A retried pod is tried anew from its first attempt. Of retried steps and dags the latest attempt goes on, so that what succeeded in it
    /// stays; those before it no longer count.
    private mutating func reviewRetry(_ id: NodeID, isWanted: Bool, _ isFollowedBySuccess: Bool) -> Bool {
        let attempts = self.parts(of: id)
        if attempts.contains(where: { self.isSelected($0) }) { return self.again(id) }
        guard let last = attempts.last, [.steps, .dag].contains(self.machine.nodes[last.index].type) else {
            let hasSelectedPart = attempts.contains { self.parts(of: $0).contains { self.isSelected($0) } }
            return isWanted || hasSelectedPart ? self.again(id) : false
        }
        guard self.review(last, isFollowedBySuccess: isFollowedBySuccess) else { return isWanted ? self.again(id) : false }
        if self.choice.retired.contains(last) { return self.again(id) }
        for attempt in attempts.dropLast() { self.retire(attempt) }
        self.choice.revived.insert(id)
        return true
    }

    /// Groups come after each other, so that those after one that changes are made again.
    private mutating func reviewGroups(_ groups: [NodeID], _ isFollowedBySuccess: Bool) -> Bool {
        var isFollowed = isFollowedBySuccess
        var first: Int?
        for (at, group) in groups.enumerated().reversed() {
            if self.review(group, isFollowedBySuccess: isFollowed) { first = at }
            isFollowed = isFollowed || self.hasSuccess[group.index]
        }
        guard let first else { return false }
        for group in groups[(first + 1)...] { self.retire(group) }
        return true
    }

    private mutating func reviewTasks(of id: NodeID, _ parts: [NodeID], _ isFollowedBySuccess: Bool) -> Bool {
        guard let template = self.machine.nodes[id.index].template, case .dag(let dag) = self.machine.plan.templates[template].body else {
            return false
        }
        var nodes = [NodeID?](repeating: nil, count: dag.tasks.count)
        for part in parts { if case .site(let task) = self.machine.nodes[part.index].role { nodes[task] = part } }
        // Something after the task, near or far, has succeeded.
        var isFollowed = [Bool](repeating: isFollowedBySuccess, count: dag.tasks.count)
        var isChanged = [Bool](repeating: false, count: dag.tasks.count)
        for task in dag.order.reversed() {
            for dependent in dag.dependents[task]
            where isFollowed[dependent] || nodes[dependent].map({ self.hasSuccess[$0.index] }) ?? false {
                isFollowed[task] = true
            }
            if let node = nodes[task] { isChanged[task] = self.review(node, isFollowedBySuccess: isFollowed[task]) }
        }
        for task in dag.order where dag.dependencies[task].contains(where: { isChanged[$0] }) {
            isChanged[task] = true
            if let node = nodes[task] { self.retire(node) }
        }
        return isChanged.contains(true)
    }

    /// Daemons ended with the run; what goes on around them needs them again. What came after them stays.
    private mutating func restartDaemons(of id: NodeID) {
        for part in self.parts(of: id) {
            switch self.machine.nodes[part.index].type {
            case .stepGroup, .taskGroup:
                for item in self.parts(of: part) where self.isDaemon(item) && !self.choice.retired.contains(item) {
                    self.retire(item)
                    self.choice.revived.insert(part)
                }
            case .pod, .retry: if self.isDaemon(part) { self.retire(part) }
            case .steps, .dag, .skipped, .suspend, .http, .plugin, .container: break
            }
        }
    }

    private func isDaemon(_ id: NodeID) -> Bool {
        let node = self.machine.nodes[id.index]
        guard node.type == .pod || node.type == .retry else { return false }
        return node.template.map { self.machine.plan.templates[$0].isDaemon } ?? false
    }
}
