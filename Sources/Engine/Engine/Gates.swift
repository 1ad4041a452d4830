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
    /// Starts the node, or holds it back until its boundary and the workflow have a place.
    mutating func admit(_ id: NodeID) {
        let node = self.nodes[id.index]
        // Exit handlers of a run that is being stopped do not queue behind what was stopped.
        if node.isExit, self.run.shutdown != nil || self.run.isPastDeadline { return self.enterBoundary(id) }
        if let boundary = node.boundary, let limit = self.limit(of: boundary),
            self.gates.activeChildren[boundary, default: 0] >= limit || !(self.gates.forBoundary[boundary]?.isEmpty ?? true)
        {
            self.gates.forBoundary[boundary, default: HeldQueue()].append(id)
            self.gates.held += 1
            return
        }
        self.enterBoundary(id)
    }

    func limit(of boundary: NodeID) -> Int? { self.nodes[boundary.index].template.flatMap { self.plan.templates[$0].parallelism } }

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
        if self.nodes[id.index].type == .pod {
            if self.run.isSuspended || !self.gates.forWorkflow.isEmpty || self.gates.activePods >= self.plan.parallelism ?? .max {
                return self.hold(id)
            }
            self.gates.activePods += 1
        }
        self.begin(id)
    }

    private mutating func hold(_ id: NodeID) {
        self.nodes[id.index].stage = .slot
        self.changed.insert(id)
        self.gates.forWorkflow.append(id)
        self.gates.held += 1
    }

    /// Frees the places of a node that has ended, for those that wait for them.
    mutating func leave(_ id: NodeID, from before: NodePhase) {
        let type = self.nodes[id.index].type
        guard type == .pod || type == .steps || type == .dag, before != .held || self.nodes[id.index].stage == .slot else { return }
        if type == .pod, before != .held {
            self.gates.activePods -= 1
            self.refillWorkflow()
        }
        if let boundary = self.nodes[id.index].boundary {
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
            if self.isClosed(to: next) {
                self.failHeld(next)
            } else {
                self.enterBoundary(next)
            }
        }
    }

    /// The boundary asks to fail fast and one of its children has failed: nothing new starts in it.
    private func isClosed(to id: NodeID) -> Bool {
        guard let boundary = self.nodes[id.index].boundary, let template = self.nodes[boundary.index].template else { return false }
        return self.plan.templates[template].failFast && self.hasFailedChild(boundary)
    }

    private func hasFailedChild(_ boundary: NodeID) -> Bool {
        if let steps = self.steps[boundary] { return steps.hasFailure }
        return self.dags[boundary]?.hasFailure ?? false
    }

    private mutating func failHeld(_ id: NodeID) {
        self.finish(id, .failed, message: "template has failed or errored children and failFast enabled")
    }
}
