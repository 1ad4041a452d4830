import Engine
import Planning
import WorkflowModel

/// What comes to the process, and what it does.
extension Simulation {
    /// What an entry of the agenda tells the machine.
    mutating func news(of entry: Agenda.Entry) throws -> [RunMachine.Event] {
        switch entry.item {
        case .event(let event): return [event]
        case .timer(let timer): return [.timerFired(timer)]
        case .command: return self.takeHappenings()
        case .lock(let holder): return self.locks.look(holder).map { [.locksAnswered(holder.node, $0)] } ?? []
        case .recall(let node): return [.recalled(node, self.recalled(node))]
        case .call(let id):
            guard let result = self.calls.removeValue(forKey: id) else { return [] }
            return [.callFinished(id.node, attempt: id.attempt, result)]
        }
    }

    private mutating func takeHappenings() -> [RunMachine.Event] {
        var events: [RunMachine.Event] = []
        for index in self.happenings.indices where !self.happenings[index].isDone && self.happenings[index].at <= self.now {
            switch self.happenings[index].kind {
            case .command(let event): events.append(event)
            case .otherRunTakes(let lock):
                self.happenings[index].isDone = true
                if let at = try? self.locks.acquire(Happening.otherRun, [lock], named: lock.name, at: self.now) {
                    self.agenda.add(.lock(Happening.otherRun), at: at, rank: "other")
                    if self.locks.look(Happening.otherRun) != .granted { _ = self.locks.release(Happening.otherRun, at: self.now) }
                }
            case .otherRunGives:
                self.happenings[index].isDone = true
                self.release(Happening.otherRun)
            }
        }
        return events
    }

    private func recalled(_ node: NodeID) -> NodeOutputs? {
        guard let memo = self.machine.nodes[node.index].memo else { return nil }
        let request = MemoRequest(namespace: self.plan.namespace, cache: memo.cache, key: memo.key)
        guard let kept = self.cache[request] else { return nil }
        if let maxAge = self.due["age \(node)"], kept.at < maxAge { return nil }
        return kept.outputs
    }

    // MARK: Act

    mutating func act(_ action: RunMachine.Action) throws {
        self.note("action \(Self.brief(action))")
        switch action {
        case .launch(let request): try self.launch(request)
        case .stop(let id, _): try self.stop(id)
        case .schedule(let timer, let at): self.agenda.add(.timer(timer), at: max(self.now, at), rank: "\(timer)")
        case .acquire(let holder, let requests, _):
            let name = self.name(of: holder.node)
            let at = try self.locks.acquire(holder, requests, named: name, at: self.now)
            self.agenda.add(.lock(holder), at: at, rank: "lock \(name)")
        case .release(let holder):
            try self.rules.judgeRelease(of: holder, self.machine, running: self.runtime.running(at: self.now).map(\.request))
            self.release(holder)
        case .recall(let node, _, let maxAge):
            let name = self.name(of: node)
            let at = self.firstTime("recall \(name)", self.now + self.fate.delay(of: "recall \(name)"))
            self.due["age \(node)"] = maxAge.map { Timestamp(milliseconds: at.milliseconds - $0.milliseconds) }
            self.agenda.add(.recall(node), at: max(self.now, at), rank: "recall \(name)")
        case .remember(_, let request, let outputs):
            if self.cache[request]?.outputs != outputs { self.cache[request] = (outputs, self.now) }
        case .call(let request): try self.call(request)
        case .finish(let phase):
            guard self.journal?.run["phase"]?.string == phase.rawValue else {
                throw SimulationFault("the run ends and that is not recorded")
            }
            self.finish(phase)
        }
    }

    /// When something was due when it was asked for first.
    private mutating func firstTime(_ what: String, _ at: Timestamp) -> Timestamp {
        if let known = self.due[what] { return known }
        self.due[what] = at
        return at
    }

    private func name(of node: NodeID?) -> String { node.map { self.machine.nodes[$0.index].name } ?? "the run" }

    private mutating func launch(_ request: PodRequest) throws {
        let name = self.name(of: request.id.node)
        let isKnown = self.runtime.pods[request.id] != nil
        let news = try self.runtime.launch(request, named: name, at: self.now)
        if !isKnown { try self.rules.judgeLaunch(of: request, self.machine, self.locks) }
        for (index, one) in news.enumerated() where one.at < Fate.never {
            self.agenda.add(.event(one.event), at: max(self.now, one.at), rank: "pod \(name) \(request.id.attempt) \(index)")
            // Some news comes twice.
            if index == 0, one.at.milliseconds % 16 == 0 {
                self.agenda.add(.event(one.event), at: max(self.now, one.at) + .seconds(3), rank: "echo \(name)")
            }
        }
    }

    private mutating func stop(_ id: PodID) throws {
        if self.calls[id] != nil {
            let at = self.firstTime("stop \(id)", self.now + Span(milliseconds: 1))
            self.calls[id] = CallResult(end: .failed(message: "stopped before it was started"), finishedAt: at)
            self.agenda.remove { if case .call(id) = $0 { true } else { false } }
            let node = self.machine.nodes[id.node.index]
            // Nobody waits for the end of a call whose node has ended.
            if node.phase.hasEnded { self.calls[id] = nil } else { self.agenda.add(.call(id), at: max(self.now, at), rank: "call \(id)") }
            return
        }
        if self.rules.isCall(self.machine.nodes[id.node.index]) { return }
        guard let last = try self.runtime.stop(id, at: self.now) else { return }
        self.agenda.remove { item in
            guard case .event(let event) = item, let pod = event.pod(of: id.run) else { return false }
            return pod == id && event != last.event
        }
        let name = self.name(of: id.node)
        for (index, one) in (self.runtime.pods[id]?.news ?? []).enumerated() where one.at >= self.now {
            self.agenda.add(.event(one.event), at: one.at, rank: "pod \(name) \(id.attempt) \(index)")
        }
    }

    private mutating func call(_ request: CallRequest) throws {
        guard self.calls[request.id] == nil else { throw SimulationFault("call \(request.id) is made twice") }
        let node = self.machine.nodes[request.id.node.index]
        let first = self.firstTime("call \(request.id)", self.now)
        let (at, result) = self.fate.answer(to: request, named: node.name, from: first)
        self.calls[request.id] = result
        self.agenda.add(.call(request.id), at: max(self.now, at), rank: "call \(request.id)")
    }

    private mutating func release(_ holder: LockHolder) {
        for (waiting, at) in self.locks.release(holder, at: self.now) {
            self.agenda.add(.lock(waiting), at: at, rank: "lock \(self.name(of: waiting.node))")
        }
    }

    private static func brief(_ action: RunMachine.Action) -> String {
        switch action {
        case .launch(let request): "launch \(request.id)"
        case .call(let request): "call \(request.id)"
        case .stop, .schedule, .acquire, .release, .recall, .remember, .finish: "\(action)"
        }
    }
}

extension RunMachine.Event {
    /// The pod that the news is of.
    func pod(of run: RunID) -> PodID? {
        switch self {
        case .podStarted(let node, let attempt), .podReady(let node, let attempt), .podFinished(let node, let attempt, _),
            .podLost(let node, let attempt, _), .containerStarted(let node, let attempt, _),
            .containerFinished(let node, let attempt, _), .progress(let node, let attempt, _, _):
            PodID(run: run, node: node, attempt: attempt)
        case .started, .timerFired, .shutdownRequested, .suspendRequested, .resumeRequested, .nodeSet, .locksAnswered, .recalled,
            .callFinished, .restored, .retryRequested:
            nil
        }
    }
}
