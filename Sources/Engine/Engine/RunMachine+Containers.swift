import Expressions
import Planning
import WorkflowModel

/// Pods of several containers, and pods that go on serving.
extension RunMachine {
    // MARK: Daemons

    /// What comes after the daemon may use it from now on.
    mutating func podReady(_ id: NodeID, attempt: Int) {
        guard self.isCurrent(id, attempt), let index = self.nodes[id.index].template, self.plan.templates[index].isDaemon else { return }
        let phase = self.nodes[id.index].phase
        guard phase == .pending || phase == .running, self.nodes[id.index].doom == nil else { return }
        self.nodes[id.index].phase = .daemoned
        self.changed.insert(id)
        self.daemons.insert(id)
        // From here on it is settled, and that is said once: a hook that started later would have it said again.
        self.hooked.remove(id)
        if !self.startExtras(of: id) { self.announce(id) }
    }

    /// A daemon ends with the steps or dag it was started in.
    mutating func stopDaemons(of boundary: NodeID?) {
        for id in self.daemons.sorted() where self.nodes[id.index].doom == nil && (boundary == nil || self.isInside(id, boundary)) {
            self.stop(id, Doom(phase: .succeeded, message: ""))
        }
    }

    private func isInside(_ id: NodeID, _ boundary: NodeID?) -> Bool { self.nodes[id.index].boundary == boundary }

    /// The pod of a daemon has ended: as it was told to, or by itself, which is a failure.
    mutating func daemonEnded(_ id: NodeID, _ result: PodResult) {
        self.daemons.remove(id)
        let doom = self.nodes[id.index].doom
        let phase = doom?.phase ?? .failed
        self.nodes[id.index].phase = phase
        self.nodes[id.index].message = doom?.message ?? "daemon ended by itself: \(Self.describe(result.end))"
        self.nodes[id.index].finishedAt = self.run.now
        self.nodes[id.index].doom = nil
        self.changed.insert(id)
        self.leaves.finished += 1
        self.leave(id, from: .running)
        self.settleAccounts(id)
        self.endContainers(of: id, result.containers, phase, self.nodes[id.index].message)
        self.noteFailure(of: id)
        self.measure(id)
        if case .attempt = self.nodes[id.index].role, let owner = self.nodes[id.index].owner { self.follow(owner, to: phase) }
        if self.isConcluding { self.conclude() }
    }

    /// A retried node stands as its daemon does.
    mutating func follow(_ owner: NodeID, to phase: NodePhase) {
        guard self.nodes[owner.index].phase == .daemoned else { return }
        self.nodes[owner.index].phase = phase
        self.nodes[owner.index].finishedAt = self.run.now
        self.changed.insert(owner)
        self.leave(owner, from: .daemoned)
        self.settleAccounts(owner)
        self.measure(owner)
        self.noteFailure(of: owner)
    }

    static func describe(_ end: PodResult.End) -> String {
        switch end {
        case .exited(let code): "exit code \(code)"
        case .notStarted(let message): message
        case .outputsLost(let code, let message): "exit code \(code), \(message)"
        }
    }

    // MARK: Container sets

    /// The members of a set are nodes below its pod.
    mutating func addContainers(of id: NodeID, _ set: PlannedContainerSet) {
        for (at, member) in set.members.enumerated() {
            let seed = NodeSeed(
                name: "\(self.nodes[id.index].name).\(member.name)", role: .container(index: at), owner: id, boundary: id,
                isExit: self.nodes[id.index].isExit)
            let child = self.add(
                seed, type: .container, template: nil, depth: self.nodes[id.index].depth + 1, inputs: NodeInputs())
            self.nodes[child.index].phase = .pending
        }
    }

    private func container(_ name: String, of id: NodeID) -> NodeID? {
        guard let index = self.nodes[id.index].template, case .containerSet(let set) = self.plan.templates[index].body,
            let at = set.members.firstIndex(where: { $0.name == name })
        else { return nil }
        return self.nodes[id.index].children.first { self.nodes[$0.index].role == .container(index: at) }
    }

    mutating func containerStarted(_ id: NodeID, attempt: Int, _ name: String) {
        guard self.isCurrent(id, attempt), let child = self.container(name, of: id), self.nodes[child.index].phase == .pending else {
            return
        }
        self.nodes[child.index].phase = .running
        self.nodes[child.index].startedAt = self.run.now
        self.changed.insert(child)
    }

    mutating func containerFinished(_ id: NodeID, attempt: Int, _ result: ContainerResult) {
        guard self.isCurrent(id, attempt) else { return }
        self.note(result, of: id)
    }

    mutating func note(_ result: ContainerResult, of id: NodeID) {
        guard let child = self.container(result.name, of: id), !self.nodes[child.index].phase.isFulfilled else { return }
        let phase: NodePhase
        var message = ""
        switch result.end {
        case .exited(0): phase = .succeeded
        case .exited(let code):
            phase = .failed
            message = "\(result.name): \(result.reason ?? "Error") (exit code \(code))"
        case .notStarted(let text):
            phase = .failed
            message = text
        case .outputsLost(let code, let text):
            phase = .failed
            message = "\(result.name): \(result.reason ?? "Error") (exit code \(code)): \(text)"
        }
        self.nodes[child.index].phase = phase
        self.nodes[child.index].message = message
        if let startedAt = result.startedAt { self.nodes[child.index].startedAt = startedAt }
        self.nodes[child.index].finishedAt = result.finishedAt
        if case .exited(let code) = result.end { self.nodes[child.index].outputs.exitCode = code }
        self.changed.insert(child)
    }

    /// The pod has ended by itself, and each of its containers as it says.
    mutating func endContainers(of id: NodeID, _ result: PodResult) {
        guard let index = self.nodes[id.index].template, case .containerSet(let set) = self.plan.templates[index].body else { return }
        var results = result.containers
        // A set of one is a pod like any other, whose end is its container's.
        if results.isEmpty, set.members.count == 1 {
            results = [
                ContainerResult(
                    name: set.members[0].name, end: result.end, startedAt: result.startedAt, finishedAt: result.finishedAt,
                    reason: result.reason)
            ]
        }
        self.endContainers(of: id, results, .failed, "the pod ended before it")
    }

    /// The pod has ended, and none of its containers goes on.
    mutating func endContainers(of id: NodeID, _ results: [ContainerResult], _ phase: NodePhase, _ message: String) {
        for result in results { self.note(result, of: id) }
        for child in self.nodes[id.index].children where self.nodes[child.index].type == .container {
            guard !self.nodes[child.index].phase.isFulfilled else { continue }
            self.nodes[child.index].phase = phase
            self.nodes[child.index].message = message
            self.nodes[child.index].finishedAt = self.run.now
            self.changed.insert(child)
        }
    }

    /// The pod starts again from nothing, and so do its containers.
    mutating func resetContainers(of id: NodeID) {
        for child in self.nodes[id.index].children where self.nodes[child.index].type == .container {
            self.nodes[child.index].phase = .pending
            self.nodes[child.index].message = ""
            self.nodes[child.index].finishedAt = nil
            self.nodes[child.index].outputs = NodeOutputs()
            self.changed.insert(child)
        }
    }

    // MARK: Progress

    mutating func progressed(_ id: NodeID, attempt: Int, _ progress: NodeProgress) {
        guard self.isCurrent(id, attempt), progress.done >= 0, progress.done <= progress.all, progress.all > 0 else { return }
        self.nodes[id.index].progress = progress
        self.changed.insert(id)
    }
}
