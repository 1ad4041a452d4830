import Expressions
import Planning
import WorkflowModel

extension RunMachine {
    /// How often a pod may be lost before it is given up: an endless loss is no accident any more.
    private static let mostLosses = 10

    mutating func beginPod(_ id: NodeID) {
        self.nodes[id.index].phase = .pending
        switch self.podRequest(id) {
        case .success(let request):
            self.actions.append(.launch(request))
            self.actions += self.deadlines(of: id)
        case .failure(let fault): self.finish(id, .error, message: fault.message)
        }
    }

    mutating func podStarted(_ id: NodeID, attempt: Int) {
        guard self.isCurrent(id, attempt), self.nodes[id.index].phase == .pending else { return }
        self.nodes[id.index].phase = .running
        self.changed.insert(id)
    }

    /// News of an attempt that was replaced or has ended is late, and changes nothing.
    private func isCurrent(_ id: NodeID, _ attempt: Int) -> Bool {
        guard id.index < self.nodes.count else { return false }
        let node = self.nodes[id.index]
        return node.type == .pod && !node.phase.isFulfilled && node.phase != .held && node.podAttempt == attempt
    }

    mutating func podFinished(_ id: NodeID, attempt: Int, _ result: PodResult) {
        guard self.isCurrent(id, attempt), let index = self.nodes[id.index].template else { return }
        let template = self.plan.templates[index]
        self.nodes[id.index].cpuMillis = result.cpuMillis
        self.nodes[id.index].peakMemoryBytes = result.peakMemoryBytes
        let (outputs, missing) = self.outputs(of: id, template, result)
        self.nodes[id.index].outputs = outputs
        self.exportGlobals(of: id)
        if let doom = self.nodes[id.index].doom { return self.finish(id, doom.phase, message: doom.message) }
        switch result.end {
        case .exited(0):
            if let missing {
                self.finish(id, .error, message: "output parameter '\(missing)' was not written")
            } else {
                self.finish(id, .succeeded)
            }
        case .exited(let code): self.finish(id, .failed, message: "main: Error (exit code \(code))")
        case .notStarted(let message): self.finish(id, .error, message: message)
        case .outputsLost(0, let message): self.finish(id, .error, message: message)
        case .outputsLost(let code, _): self.finish(id, .failed, message: "main: Error (exit code \(code))")
        }
    }

    private func outputs(of id: NodeID, _ template: PlannedTemplate, _ result: PodResult) -> (NodeOutputs, missing: String?) {
        var outputs = NodeOutputs()
        outputs.exitCode = result.exitCode
        outputs.result = result.result
        let scope = self.scope(of: id)
        var missing: String?
        for parameter in template.outputs {
            if let value = result.parameters[parameter.name] {
                outputs.parameters.append(NamedValue(name: parameter.name, value: value))
            } else if let fallback = parameter.valueFrom?.default ?? parameter.value ?? parameter.default,
                let value = try? scope.text(fallback)
            {
                outputs.parameters.append(NamedValue(name: parameter.name, value: value))
            } else {
                missing = missing ?? parameter.name
            }
        }
        for artifact in template.outputArtifacts {
            guard let stored = result.artifacts[artifact.name] else { continue }
            outputs.artifacts.append(
                NamedArtifact(name: artifact.name, path: artifact.path.flatMap { try? scope.text($0) }, source: .stored(stored)))
        }
        return (outputs, missing)
    }

    mutating func podLost(_ id: NodeID, attempt: Int, reason: String) {
        guard self.isCurrent(id, attempt) else { return }
        if let doom = self.nodes[id.index].doom { return self.finish(id, doom.phase, message: doom.message) }
        self.nodes[id.index].podAttempt += 1
        self.nodes[id.index].phase = .pending
        self.nodes[id.index].message = "started again after a loss: \(reason)"
        self.changed.insert(id)
        if self.nodes[id.index].podAttempt > Self.mostLosses {
            return self.finish(id, .error, message: "the pod was lost \(Self.mostLosses + 1) times: \(reason)")
        }
        switch self.podRequest(id) {
        case .success(let request): self.actions.append(.launch(request))
        case .failure(let fault): self.finish(id, .error, message: fault.message)
        }
    }

    // MARK: Deadlines

    var runDeadline: Timestamp? {
        guard let seconds = self.plan.activeDeadlineSeconds, let start = self.run.startedAt else { return nil }
        return start + .seconds(seconds)
    }

    /// Timers of a pod: `timeout` from the node's start, `activeDeadlineSeconds` too, because a local pod starts at once.
    func deadlines(of id: NodeID) -> [Action] {
        let node = self.nodes[id.index]
        guard let index = node.template else { return [] }
        let template = self.plan.templates[index]
        let scope = self.scope(of: id)
        var actions: [Action] = []
        if let text = template.timeout, let span = (try? scope.text(text)).flatMap({ Span(unitOptional: $0) }) {
            actions.append(.schedule(TimerID(node: id, kind: .timeout), at: node.startedAt + span))
        }
        if let text = template.activeDeadlineSeconds, let seconds = (try? scope.text(text)).flatMap({ Int64($0) }) {
            actions.append(.schedule(TimerID(node: id, kind: .deadline), at: node.startedAt + .seconds(seconds)))
        }
        return actions
    }

    mutating func timerFired(_ timer: TimerID) {
        guard let id = timer.node else {
            if timer.kind == .runDeadline { self.deadlinePassed() }
            return
        }
        guard id.index < self.nodes.count, !self.nodes[id.index].phase.isFulfilled else { return }
        switch timer.kind {
        case .timeout: self.doom(id, .failed, "timeout")
        case .deadline: self.doom(id, .failed, "Pod was active on the node longer than the specified deadline")
        case .backoff: self.backoffEnded(id)
        case .suspend: if self.waiting.contains(id) { self.finish(id, .succeeded) }
        case .runDeadline: break
        }
    }

    /// Ends a node that must not go on: a pod is stopped first, anything else ends at once.
    mutating func doom(_ id: NodeID, _ phase: NodePhase, _ message: String) {
        let node = self.nodes[id.index]
        switch (node.type, node.phase) {
        case (.pod, .pending), (.pod, .running):
            guard node.doom == nil else { return }
            self.nodes[id.index].doom = Doom(phase: phase, message: message)
            self.changed.insert(id)
            self.actions.append(.stop(PodID(run: self.id, node: id, attempt: node.podAttempt), grace: PodRequest.defaultGracePeriod))
        case (.pod, .held), (.steps, .held), (.dag, .held), (.suspend, _): self.finish(id, phase, message: message)
        case (.pod, _), (.steps, _), (.dag, _), (.stepGroup, _), (.taskGroup, _), (.retry, _), (.skipped, _): break
        }
    }

    // MARK: Stopping

    /// Nothing new may start for the node: the run is being stopped, or its time is over. Exit handlers still run after a stop.
    func isShut(for node: Node) -> Bool {
        switch self.run.shutdown {
        case .terminate: true
        case .stop: !node.isExit
        case nil: self.run.isPastDeadline && !node.isExit
        }
    }

    var shutMessage: String {
        self.run.shutdown.map { "Stopped with strategy '\($0.rawValue)'" } ?? "Step exceeded its deadline"
    }

    mutating func shutDown(_ kind: RunState.Shutdown, message: String) {
        // A stop does not take a terminate back.
        guard self.run.shutdown != .terminate, self.run.shutdown != kind else { return }
        self.run.shutdown = kind
        if !message.isEmpty { self.run.message = message }
        self.endEverything(pods: "workflow shutdown with strategy:  \(kind.rawValue)", others: self.shutMessage)
    }

    private mutating func deadlinePassed() {
        guard !self.run.isPastDeadline, self.run.shutdown == nil else { return }
        self.run.isPastDeadline = true
        self.endEverything(pods: self.shutMessage, others: self.shutMessage)
    }

    private mutating func endEverything(pods: String, others: String) {
        for index in self.nodes.indices {
            let node = self.nodes[index]
            guard !node.phase.isFulfilled, self.isShut(for: node) else { continue }
            let isPod = node.type == .pod && node.phase != .held
            self.doom(node.id, .failed, isPod ? pods : others)
            if node.type == .retry, node.dueAt != nil { self.endRetry(node.id, message: others) }
        }
        self.forgetHeld()
    }

    /// Takes the nodes that were ended while they were held out of their queues.
    private mutating func forgetHeld() {
        func kept(_ queue: HeldQueue) -> HeldQueue {
            var queue = queue
            var left = HeldQueue()
            while let id = queue.first {
                queue.removeFirst()
                if self.nodes[id.index].phase == .held { left.append(id) }
            }
            return left
        }
        var held = 0
        self.gates.forWorkflow = kept(self.gates.forWorkflow)
        held += self.gates.forWorkflow.count
        for (boundary, queue) in self.gates.forBoundary {
            let left = kept(queue)
            self.gates.forBoundary[boundary] = left.isEmpty ? nil : left
            held += left.count
        }
        self.gates.held = held
    }
}
