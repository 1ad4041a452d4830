import Expressions
import Planning
public import WorkflowModel

extension RunMachine {
    /// How often a pod may be lost before it is given up: an endless loss is no accident any more.
    private static let mostLosses = 10

    mutating func beginPod(_ id: NodeID) {
        self.nodes[id.index].phase = .pending
        switch self.podRequest(id) {
        case .success(let request):
            if let index = self.nodes[id.index].template, case .containerSet(let set) = self.plan.templates[index].body {
                self.addContainers(of: id, set)
            }
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
    func isCurrent(_ id: NodeID, _ attempt: Int) -> Bool {
        guard id.index < self.nodes.count, self.nodes[id.index].type == .pod else { return false }
        let phase = self.nodes[id.index].phase
        return !phase.hasEnded && phase != .held && self.nodes[id.index].podAttempt == attempt
    }

    mutating func podFinished(_ id: NodeID, attempt: Int, _ result: PodResult) {
        guard self.isCurrent(id, attempt), let index = self.nodes[id.index].template else { return }
        let template = self.plan.templates[index]
        self.nodes[id.index].cpuMillis = result.cpuMillis
        self.nodes[id.index].peakMemoryBytes = result.peakMemoryBytes
        let (outputs, missing) = self.outputs(of: id, template, result)
        self.nodes[id.index].outputs = outputs
        self.exportGlobals(of: id)
        if self.nodes[id.index].phase == .daemoned { return self.daemonEnded(id, result) }
        if let doom = self.nodes[id.index].doom {
            self.endContainers(of: id, result.containers, doom.phase, doom.message)
            return self.finish(id, doom.phase, message: doom.message)
        }
        self.endContainers(of: id, result)
        switch result.end {
        case .exited(0):
            if template.isDaemon {
                self.finish(id, .failed, message: "daemon ended by itself: \(Self.describe(result.end))")
            } else if let missing {
                self.finish(id, .error, message: "output parameter '\(missing)' was not written")
            } else {
                self.finish(id, .succeeded)
            }
        case .exited(let code): self.finish(id, .failed, message: "main: \(result.reason ?? "Error") (exit code \(code))")
        case .notStarted(let message): self.finish(id, .error, message: message)
        case .outputsLost(0, let message): self.finish(id, .error, message: message)
        case .outputsLost(let code, _): self.finish(id, .failed, message: "main: \(result.reason ?? "Error") (exit code \(code))")
        }
    }

    /// What was written, else the default; the first parameter that has neither is missing.
    func outputParameters(of id: NodeID, _ template: PlannedTemplate, _ given: [String: String]) -> ([NamedValue], missing: String?) {
        if template.outputs.isEmpty { return ([], nil) }
        var parameters: [NamedValue] = []
        let scope = self.scope(of: id)
        var missing: String?
        for parameter in template.outputs {
            if let value = given[parameter.name] {
                parameters.append(NamedValue(name: parameter.name, value: value))
            } else if let fallback = parameter.valueFrom?.default ?? parameter.value ?? parameter.default,
                let value = try? scope.text(fallback)
            {
                parameters.append(NamedValue(name: parameter.name, value: value))
            } else {
                missing = missing ?? parameter.name
            }
        }
        return (parameters, missing)
    }

    private func outputs(of id: NodeID, _ template: PlannedTemplate, _ result: PodResult) -> (NodeOutputs, missing: String?) {
        var outputs = NodeOutputs()
        outputs.exitCode = result.exitCode
        outputs.result = result.result
        let (parameters, missing) = self.outputParameters(of: id, template, result.parameters)
        outputs.parameters = parameters
        for container in template.archivedLogs {
            let name = PlannedTemplate.logArtifact(container)
            if let log = result.artifacts[name] { outputs.artifacts.append(NamedArtifact(name: name, path: nil, source: .stored(log))) }
        }
        if template.outputArtifacts.isEmpty { return (outputs, missing) }
        let scope = self.scope(of: id)
        for artifact in template.outputArtifacts {
            guard let stored = result.artifacts[artifact.name] else { continue }
            outputs.artifacts.append(
                NamedArtifact(name: artifact.name, path: artifact.path.flatMap { try? scope.text($0) }, source: .stored(stored)))
        }
        return (outputs, missing)
    }

    mutating func podLost(_ id: NodeID, attempt: Int, reason: String) {
        guard self.isCurrent(id, attempt) else { return }
        if self.nodes[id.index].phase == .daemoned {
            return self.daemonEnded(id, PodResult(end: .notStarted(message: reason), finishedAt: self.run.now))
        }
        if let doom = self.nodes[id.index].doom {
            self.endContainers(of: id, [], doom.phase, doom.message)
            return self.finish(id, doom.phase, message: doom.message)
        }
        guard self.restartsOnLoss(id) else {
            return self.fail(id, "the pod was lost, and is not started again (\(Self.restartOnLoss): \"false\"): \(reason)")
        }
        self.nodes[id.index].podAttempt += 1
        self.nodes[id.index].phase = .pending
        self.nodes[id.index].message = "started again after a loss: \(reason)"
        self.changed.insert(id)
        if self.nodes[id.index].podAttempt > Self.mostLosses {
            return self.fail(id, "the pod was lost \(Self.mostLosses + 1) times: \(reason)")
        }
        switch self.podRequest(id) {
        case .success(let request):
            self.resetContainers(of: id)
            self.actions.append(.launch(request))
        case .failure(let fault): self.fail(id, fault.message)
        }
    }

    private mutating func fail(_ id: NodeID, _ message: String) {
        self.endContainers(of: id, [], .error, message)
        self.finish(id, .error, message: message)
    }

    /// Annotation of a template, of `podMetadata` or of the workflow: with `"false"` a pod that was lost is an error of its node, which only the
    /// author's own retryStrategy repeats.
    static let restartOnLoss = "skiff/restart-on-loss"

    private func restartsOnLoss(_ id: NodeID) -> Bool {
        let template = self.nodes[id.index].template.map { self.plan.templates[$0] }
        for metadata in [template?.clusterFields?[field: "metadata"], self.plan.podMetadata] {
            guard case .literal(let json)? = metadata, let value = json["annotations"]?[Self.restartOnLoss]?.scalarText else { continue }
            return value != "false"
        }
        return self.plan.annotations.first { $0.key == Self.restartOnLoss }?.value != "false"
    }

    // MARK: Deadlines

    var runDeadline: Timestamp? {
        guard let seconds = self.plan.activeDeadlineSeconds, let start = self.run.startedAt else { return nil }
        return start + .seconds(seconds)
    }

    /// Timers of a pod: `timeout` from the node's start, `activeDeadlineSeconds` too, because a local pod starts at once.
    func deadlines(of id: NodeID) -> [Action] {
        guard let index = self.nodes[id.index].template else { return [] }
        let template = self.plan.templates[index]
        guard template.timeout != nil || template.activeDeadlineSeconds != nil || template.pendingTimeout != nil else { return [] }
        let node = self.nodes[id.index]
        let scope = self.scope(of: id)
        var actions: [Action] = []
        if let text = template.timeout, let span = (try? scope.text(text)).flatMap({ Span(unitOptional: $0) }) {
            actions.append(.schedule(TimerID(node: id, kind: .timeout), at: node.startedAt + span))
        }
        if let text = template.pendingTimeout, let span = (try? scope.text(text)).flatMap({ Span(unitOptional: $0) }) {
            actions.append(.schedule(TimerID(node: id, kind: .pendingTimeout), at: node.startedAt + span))
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
        case .pendingTimeout: if self.nodes[id.index].phase == .pending { self.doom(id, .failed, "timeout") }
        case .deadline: self.doom(id, .failed, "Pod was active on the node longer than the specified deadline")
        case .backoff: self.backoffEnded(id)
        case .suspend: self.suspensionEnded(id)
        case .runDeadline: break
        }
    }

    /// Ends a node that must not go on: a pod is stopped first, anything else ends at once.
    mutating func doom(_ id: NodeID, _ phase: NodePhase, _ message: String) {
        switch (self.nodes[id.index].type, self.nodes[id.index].phase) {
        case (.pod, .pending), (.pod, .running), (.pod, .daemoned): self.stop(id, Doom(phase: phase, message: message))
        case (_, .held), (.suspend, _): self.finish(id, phase, message: message)
        case (.http, .running), (.plugin, .running):
            self.actions.append(.stop(self.podID(of: id), grace: Span(milliseconds: 0)))
            self.finish(id, phase, message: message)
        case (.pod, _), (.steps, _), (.dag, _), (.stepGroup, _), (.taskGroup, _), (.retry, _), (.skipped, _), (.http, _), (.plugin, _),
            (.container, _):
            break
        }
    }

    /// Has the pod of a node stopped; what the node becomes then is settled now.
    mutating func stop(_ id: NodeID, _ doom: Doom) {
        guard self.nodes[id.index].doom == nil else { return }
        self.nodes[id.index].doom = doom
        self.changed.insert(id)
        self.actions.append(.stop(self.podID(of: id), grace: self.grace(of: id)))
    }

    func podID(of id: NodeID) -> PodID { PodID(run: self.id, node: id, attempt: self.nodes[id.index].podAttempt) }

    /// How long the pod is given to end by itself.
    public func grace(of id: NodeID) -> Span {
        guard case .success(let request) = self.podRequest(id) else { return PodRequest.defaultGracePeriod }
        return request.gracePeriod
    }

    // MARK: Stopping

    /// Nothing new may start for the node: the run is being stopped, or its time is over. Exit handlers still run after a stop.
    func isShut(isExit: Bool) -> Bool {
        switch self.run.shutdown {
        case .terminate: true
        case .stop: !isExit || self.run.isExitDeadlocked
        case nil: self.run.isExitDeadlocked || (self.run.isPastDeadline || self.run.deadlock != nil) && !isExit
        }
    }

    var shutMessage: String {
        self.run.shutdown.map { "Stopped with strategy '\($0.rawValue)'" } ?? self.run.deadlock ?? "Step exceeded its deadline"
    }

    mutating func shutDown(_ kind: RunState.Shutdown, message: String) {
        // A stop does not take a terminate back.
        guard self.run.shutdown != .terminate, self.run.shutdown != kind else { return }
        self.run.shutdown = kind
        // Exit handlers must not wait for a resumption that nobody will ask for.
        self.run.isSuspended = false
        if !message.isEmpty { self.run.message = message }
        self.endEverything(pods: "workflow shutdown with strategy:  \(kind.rawValue)", others: self.shutMessage)
    }

    private mutating func deadlinePassed() {
        guard !self.run.isPastDeadline, self.run.shutdown == nil else { return }
        self.run.isPastDeadline = true
        self.run.isSuspended = false
        self.endEverything(pods: self.shutMessage, others: self.shutMessage)
    }

    mutating func endEverything(pods: String, others: String) {
        for index in self.nodes.indices {
            let node = self.nodes[index]
            guard !node.phase.hasEnded, self.isShut(isExit: node.isExit) else { continue }
            let isPod = node.type == .pod && node.phase != .held
            self.doom(node.id, .failed, isPod ? pods : others)
            if node.type == .retry, node.dueAt != nil { self.endRetry(node.id, message: others) }
        }
        self.forgetHeld()
    }

    /// Takes the nodes that were ended while they were held out of their queues.
    mutating func forgetHeld() {
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
