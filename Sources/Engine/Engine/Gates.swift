import Planning
import WorkflowModel

/// Places under the parallelism limits of a run: pods of the whole workflow, and active children of a steps or dag node.
struct Gates: Sendable, Equatable {
    var activePods = 0
    /// Pods, steps and dags under way directly inside a node.
    var activeChildren: [NodeID: Int] = [:]
    /// Nodes that wait, in order of arrival: for the workflow's limit, and for that of their boundary.
    var forWorkflow = HeldQueue()
    var forBoundary: [NodeID: HeldQueue] = [:]
    var held = 0
}

/// First in, first out; taking from the front costs nothing.
struct HeldQueue: Sendable, Equatable {
    private var ids: [NodeID] = []
    private var head = 0
    var first: NodeID? { self.head < self.ids.count ? self.ids[self.head] : nil }
    var isEmpty: Bool { self.head == self.ids.count }
    var count: Int { self.ids.count - self.head }
    var waiting: ArraySlice<NodeID> { self.ids[self.head...] }
    mutating func append(_ id: NodeID) { self.ids.append(id) }
    mutating func removeFirst() {
        self.head += 1
        if self.head == self.ids.count || self.head > 1024 {
            self.ids.removeFirst(self.head)
            self.head = 0
        }
    }
    static func == (left: HeldQueue, right: HeldQueue) -> Bool { left.ids[left.head...] == right.ids[right.head...] }
}

extension RunMachine {
    // MARK: Who takes a place

    /// Whether the node counts among the active children of its boundary.
    ///
    /// A retried node that holds locks keeps one place for all its attempts. An attempt that had to wait for a place would hold the locks
    /// meanwhile, and the place might be taken by somebody who waits for them.
    private func takesPlace(_ node: Node) -> Bool {
        switch node.type {
        case .pod, .steps, .dag:
            guard case .attempt = node.role, let owner = node.owner else { return true }
            return self.nodes[owner.index].locks.isEmpty
        case .retry:
            guard !node.locks.isEmpty, let template = node.template else { return false }
            switch self.plan.templates[template].nodeType {
            case .pod, .steps, .dag: return true
            case .stepGroup, .taskGroup, .retry, .skipped, .suspend, .http, .plugin, .container: return false
            }
        case .stepGroup, .taskGroup, .skipped, .suspend, .http, .plugin, .container: return false
        }
    }

    /// The node has a place in its boundary when it is in the phase.
    func isPlaced(_ node: Node, in phase: NodePhase) -> Bool {
        guard self.takesPlace(node) else { return false }
        switch phase {
        case .held: return node.stage == .slot || node.stage == .locksAgain || node.stage == .cacheAgain
        case .pending, .running, .daemoned: return true
        case .succeeded, .skipped, .omitted, .failed, .error: return false
        }
    }

    // MARK: Waiting

    /// Starts the node, or holds it back until its boundary and the workflow have a place.
    mutating func admit(_ id: NodeID) {
        let node = self.nodes[id.index]
        guard self.takesPlace(node), !self.isPlaced(node, in: node.phase) else { return self.enterWorkflow(id) }
        // Exit handlers of a run that is being stopped do not queue behind what was stopped.
        if node.isExit, self.isShut(isExit: false) { return self.enterBoundary(id) }
        if let boundary = node.boundary, let limit = self.limit(of: boundary),
            self.gates.activeChildren[boundary, default: 0] >= limit || !(self.gates.forBoundary[boundary]?.isEmpty ?? true)
        {
            // Whoever has the place may wait for the same locks: they are asked for again when there is a place for the node.
            if !node.locks.isEmpty { self.owe(.release(id)) }
            self.takeTurn(id, .place)
            self.gates.forBoundary[boundary, default: HeldQueue()].append(id)
            return
        }
        self.enterBoundary(id)
    }

    func limit(of boundary: NodeID) -> Int? { self.nodes[boundary.index].template.flatMap { self.plan.templates[$0].parallelism } }

    private mutating func takeTurn(_ id: NodeID, _ stage: NodeStage) {
        self.run.latestTurn += 1
        self.nodes[id.index].turn = self.run.latestTurn
        self.nodes[id.index].stage = stage
        self.changed.insert(id)
        self.gates.held += 1
    }

    /// A node that takes no place under any limit; only a suspended run holds it back.
    mutating func enterFreely(_ id: NodeID) {
        if self.run.isSuspended {
            self.hold(id)
        } else {
            self.begin(id)
        }
    }

    private mutating func enterBoundary(_ id: NodeID) {
        if let boundary = self.nodes[id.index].boundary { self.gates.activeChildren[boundary, default: 0] += 1 }
        self.enterWorkflow(id)
    }

    /// The node has what it needs but a place under the workflow's limit, which only pods take.
    private mutating func enterWorkflow(_ id: NodeID) {
        switch self.nodes[id.index].type {
        case .retry: self.beginAttempts(id)
        case .pod:
            if self.run.isSuspended || !self.gates.forWorkflow.isEmpty || self.gates.activePods >= self.plan.parallelism ?? .max {
                return self.hold(id)
            }
            self.gates.activePods += 1
            self.begin(id)
        case .steps, .dag, .stepGroup, .taskGroup, .skipped, .suspend, .http, .plugin, .container: self.begin(id)
        }
    }

    private mutating func hold(_ id: NodeID) {
        self.takeTurn(id, .slot)
        self.gates.forWorkflow.append(id)
    }

    // MARK: Leaving

    /// Frees the places of a node that has ended, for those that wait for them.
    mutating func leave(_ id: NodeID, from before: NodePhase) {
        let node = self.nodes[id.index]
        self.nodes[id.index].turn = 0
        if node.type == .pod, before != .held {
            self.gates.activePods -= 1
            self.refillWorkflow()
        }
        if let boundary = node.boundary, self.isPlaced(node, in: before) {
            let left = self.gates.activeChildren[boundary, default: 1] - 1
            self.gates.activeChildren[boundary] = left == 0 ? nil : left
            self.refill(boundary)
        }
    }

    mutating func refillWorkflow() {
        while !self.run.isSuspended, let next = self.gates.forWorkflow.first, self.gates.activePods < self.plan.parallelism ?? .max {
            self.gates.forWorkflow.removeFirst()
            self.gates.held -= 1
            // A node that a stop ended while it was held has given up its place already.
            guard self.nodes[next.index].phase == .held else { continue }
            self.nodes[next.index].turn = 0
            self.nodes[next.index].stage = .place
            if self.nodes[next.index].type == .pod { self.gates.activePods += 1 }
            self.begin(next)
        }
    }

    private mutating func refill(_ boundary: NodeID) {
        guard let limit = self.limit(of: boundary) else { return }
        while let next = self.gates.forBoundary[boundary]?.first, self.gates.activeChildren[boundary, default: 0] < limit {
            self.gates.forBoundary[boundary]?.removeFirst()
            if self.gates.forBoundary[boundary]?.isEmpty ?? false { self.gates.forBoundary[boundary] = nil }
            self.gates.held -= 1
            guard self.nodes[next.index].phase == .held else { continue }
            self.nodes[next.index].turn = 0
            self.changed.insert(next)
            if self.isClosed(to: next) {
                self.failHeld(next)
            } else if self.nodes[next.index].locks.isEmpty {
                self.enterBoundary(next)
            } else {
                self.gates.activeChildren[boundary, default: 0] += 1
                self.askForLocks(of: next, .locksAgain)
            }
        }
    }

    /// The boundary asks to fail fast and one of its children has failed: nothing new starts in it.
    private func isClosed(to id: NodeID) -> Bool {
        guard let boundary = self.nodes[id.index].boundary, let template = self.nodes[boundary.index].template else { return false }
        return self.plan.templates[template].failFast && self.hasFailedChild(boundary)
    }

    /// A step or task of a boundary that is under way has failed, or one of the items of one.
    mutating func noteFailure(of id: NodeID) {
        guard self.nodes[id.index].phase.isFailure, let boundary = self.nodes[id.index].boundary else { return }
        switch self.nodes[id.index].role {
        case .site, .item:
            self.steps[boundary]?.hasFailure = true
            self.dags[boundary]?.hasFailure = true
        case .entry, .group, .attempt, .exitHandler, .hook, .container: break
        }
    }

    private func hasFailedChild(_ boundary: NodeID) -> Bool {
        if let steps = self.steps[boundary] { return steps.hasFailure }
        return self.dags[boundary]?.hasFailure ?? false
    }

    private mutating func failHeld(_ id: NodeID) {
        self.finish(id, .failed, message: "template has failed or errored children and failFast enabled")
    }
}
