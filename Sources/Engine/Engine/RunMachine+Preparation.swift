import Expressions
import Planning
import WorkflowModel

/// What a node needs before it may ask for a place: its locks, then a look into the cache.
extension RunMachine {
    mutating func prepare(_ id: NodeID) {
        guard let index = self.nodes[id.index].template else { return }
        guard let synchronization = self.plan.templates[index].synchronization else { return self.recall(id) }
        if self.isShut(isExit: self.nodes[id.index].isExit) { return self.finish(id, .failed, message: self.shutMessage) }
        switch self.lockRequests(synchronization, self.scope(of: id)) {
        case .failure(let fault): self.finish(id, .error, message: fault.message)
        case .success(let locks):
            if let lock = locks.first(where: { $0.kind == .mutex && self.run.locks.contains($0) }) {
                return self.finish(id, .error, message: "the run itself holds \(lock.text): the node would wait for ever")
            }
            if let (holder, lock) = self.ancestor(of: id, holdingOneOf: locks) {
                let message =
                    "\(self.displayName(of: self.nodes[holder.index])), which it is part of, holds \(lock.text): it would wait for ever"
                return self.finish(id, .error, message: message)
            }
            self.nodes[id.index].locks = locks
            self.askForLocks(of: id, .locks)
        }
    }

    mutating func askForLocks(of id: NodeID, _ stage: NodeStage) {
        self.nodes[id.index].stage = stage
        self.waiting.insert(id)
        self.changed.insert(id)
        let holder = LockHolder(run: self.id, node: id)
        self.actions.append(.acquire(holder, self.nodes[id.index].locks, priority: self.plan.priority ?? 0))
    }

    /// A node around this one that holds a mutex of these until this one has ended.
    private func ancestor(of id: NodeID, holdingOneOf locks: [LockRequest]) -> (NodeID, LockRequest)? {
        let mutexes = locks.filter { $0.kind == .mutex }
        var next = self.nodes[id.index].owner
        while let above = next, !mutexes.isEmpty {
            let node = self.nodes[above.index]
            if !node.phase.isFulfilled, let lock = mutexes.first(where: { node.locks.contains($0) }) { return (above, lock) }
            next = node.owner
        }
        return nil
    }

    func lockRequests(_ synchronization: PlannedSynchronization, _ scope: Scope) -> Result<[LockRequest], NodeFault> {
        do throws(NodeFault) {
            var requests: [LockRequest] = []
            for mutex in synchronization.mutexes {
                requests.append(
                    LockRequest(
                        kind: .mutex, namespace: try self.namespace(mutex.namespace, scope), name: try scope.text(mutex.name),
                        isInDatabase: mutex.isInDatabase))
            }
            for semaphore in synchronization.semaphores {
                let namespace = try self.namespace(semaphore.namespace, scope)
                switch semaphore.limit {
                case .configMap(let name, let key):
                    requests.append(
                        LockRequest(kind: .configMap, namespace: namespace, name: try scope.text(name), key: try scope.text(key)))
                case .database(let key):
                    requests.append(LockRequest(kind: .database, namespace: namespace, name: try scope.text(key), isInDatabase: true))
                }
            }
            if requests.contains(where: \.name.isEmpty) { throw NodeFault("synchronization: the name of a lock is empty") }
            var distinct: [LockRequest] = []
            for request in requests where !distinct.contains(request) { distinct.append(request) }
            return .success(distinct)
        } catch {
            return .failure(error)
        }
    }

    private func namespace(_ text: TemplateText?, _ scope: Scope) throws(NodeFault) -> String {
        let namespace = try scope.optional(text) ?? ""
        return namespace.isEmpty ? self.plan.namespace : namespace
    }

    mutating func locksAnswered(_ id: NodeID, _ answer: LockAnswer) {
        guard id.index < self.nodes.count, self.waits(id, at: .locks, .locksAgain) else {
            // It came too late: whoever asked has ended, and what was given goes back.
            if answer == .granted { self.owe(.release(id)) }
            return
        }
        self.changed.insert(id)
        switch answer {
        case .granted:
            self.nodes[id.index].waitsFor = nil
            self.nodes[id.index].message = ""
            self.waiting.remove(id)
            self.recall(id)
        case .wait(let lock, let held, let limit):
            self.nodes[id.index].waitsFor = lock
            self.nodes[id.index].message = "Waiting for \(lock) lock. Lock status: \(limit - held)/\(limit)"
        case .refused(let message): self.finish(id, .error, message: message)
        }
    }

    private func waits(_ id: NodeID, at stage: NodeStage, _ again: NodeStage) -> Bool {
        let node = self.nodes[id.index]
        return node.phase == .held && (node.stage == stage || node.stage == again)
    }

    /// Looks into the cache, where the template has one.
    private mutating func recall(_ id: NodeID) {
        guard let index = self.nodes[id.index].template, let memo = self.plan.templates[index].memoize else { return self.proceed(id) }
        if self.isShut(isExit: self.nodes[id.index].isExit) { return self.finish(id, .failed, message: self.shutMessage) }
        switch self.memoRequest(memo, self.scope(of: id)) {
        case .failure(let fault): self.finish(id, .error, message: fault.message)
        case .success((let request, let maxAge)):
            self.nodes[id.index].stage = self.nodes[id.index].stage == .locksAgain ? .cacheAgain : .cache
            self.nodes[id.index].memo = MemoStatus(isHit: false, key: request.key, cache: request.cache)
            self.waiting.insert(id)
            self.changed.insert(id)
            self.actions.append(.recall(id, request, maxAge: maxAge))
        }
    }

    func memoRequest(_ memo: PlannedMemoize, _ scope: Scope) -> Result<(MemoRequest, maxAge: Span?), NodeFault> {
        do throws(NodeFault) {
            let key = try scope.text(memo.key)
            let isSound = key.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            }
            guard isSound, !key.isEmpty, key.utf8.first != UInt8(ascii: "-") else {
                throw NodeFault("memoize: '\(key)' is no cache key: letters, digits and '-', beginning with a letter or digit")
            }
            let request = MemoRequest(namespace: self.plan.namespace, cache: try scope.text(memo.cache), key: key)
            return .success((request, try scope.duration(memo.maxAge)))
        } catch {
            return .failure(error)
        }
    }

    /// What the cache had.
    mutating func recalled(_ id: NodeID, _ outputs: NodeOutputs?) {
        guard id.index < self.nodes.count, self.waits(id, at: .cache, .cacheAgain) else { return }
        self.changed.insert(id)
        self.waiting.remove(id)
        guard let outputs else { return self.proceed(id) }
        self.nodes[id.index].memo?.isHit = true
        self.nodes[id.index].outputs = outputs
        self.exportGlobals(of: id)
        self.finish(id, .succeeded)
    }

    private mutating func proceed(_ id: NodeID) {
        let isPlaced = self.isPlaced(self.nodes[id.index], in: .held)
        self.nodes[id.index].stage = isPlaced ? .slot : .place
        switch self.nodes[id.index].type {
        case .suspend, .http, .plugin: self.enterFreely(id)
        case .retry, .pod, .steps, .dag, .stepGroup, .taskGroup, .skipped, .container: self.admit(id)
        }
    }

    mutating func beginAttempts(_ id: NodeID) {
        self.nodes[id.index].phase = .running
        self.nodes[id.index].stage = .place
        self.changed.insert(id)
        if let attempt = self.attempts(of: id).last, self.isDormant(attempt) { return self.goOn(attempt) }
        self.startAttempt(of: id, 0)
    }

    /// Gives back what a node that has ended held, and keeps its outputs where the template says so.
    mutating func settleAccounts(_ id: NodeID) {
        guard let index = self.nodes[id.index].template else { return }
        if case .attempt = self.nodes[id.index].role { return }
        if !self.nodes[id.index].locks.isEmpty {
            self.nodes[id.index].waitsFor = nil
            self.owe(.release(id))
        }
        guard self.nodes[id.index].phase == .succeeded, let memo = self.nodes[id.index].memo, !memo.isHit,
            self.plan.templates[index].memoize != nil
        else { return }
        self.owe(.remember(id))
    }

    // MARK: Debts

    /// Has something done that no node would tell again, were it lost between the commit and the action.
    mutating func owe(_ debt: Debt) {
        guard let action = self.action(for: debt) else { return }
        self.actions.append(action)
        self.freshDebts.append(debt)
    }

    func action(for debt: Debt) -> Action? {
        switch debt {
        case .release(let node): return .release(LockHolder(run: self.id, node: node))
        case .remember(let node):
            guard node.index < self.nodes.count, let memo = self.nodes[node.index].memo else { return nil }
            let request = MemoRequest(namespace: self.plan.namespace, cache: memo.cache, key: memo.key)
            return .remember(node, request, self.nodes[node.index].outputs)
        }
    }
}

/// The locks of the run itself, and what is outstanding of preparations.
extension RunMachine {
    func outstandingPreparation(of node: Node) -> [Action] {
        switch node.stage {
        case .place, .slot, .dormant: return []
        case .locks, .locksAgain: return [.acquire(LockHolder(run: self.id, node: node.id), node.locks, priority: self.plan.priority ?? 0)]
        case .cache, .cacheAgain:
            guard let memo = node.template.flatMap({ self.plan.templates[$0].memoize }),
                case .success((let request, let maxAge)) = self.memoRequest(memo, self.scope(of: node.id))
            else { return [] }
            return [.recall(node.id, request, maxAge: maxAge)]
        }
    }

    func outstandingCall(of node: Node) -> [Action] {
        guard case .success(let request) = self.callRequest(node.id) else { return [] }
        if node.doom != nil { return [.call(request), .stop(request.id, grace: PodRequest.defaultGracePeriod)] }
        return [.call(request)] + self.deadlines(of: node.id)
    }

    func isCall(_ node: Node) -> Bool {
        node.template.map { self.plan.templates[$0].isCall } ?? false
    }

    mutating func askForLocks() {
        self.run.isSuspended = self.run.isSuspended || self.plan.startsSuspended
        if self.plan.synchronization == nil { return self.start() }
        self.actions += self.pendingActions
        if self.actions.isEmpty { self.finishRun(.error, message: "the names of its locks cannot be resolved") }
    }

    private var runLocks: Result<[LockRequest], NodeFault> {
        guard let synchronization = self.plan.synchronization else { return .success([]) }
        return self.lockRequests(synchronization, Scope(machine: self, frames: []))
    }

    /// What a run waits for that has not begun.
    var pendingActions: [Action] {
        guard case .success(let locks) = self.runLocks, !locks.isEmpty else { return [] }
        return [.acquire(LockHolder(run: self.id, node: nil), locks, priority: self.plan.priority ?? 0)]
    }

    mutating func runLocksAnswered(_ answer: LockAnswer) {
        switch answer {
        case .granted:
            self.run.waitsFor = nil
            self.run.message = ""
            self.run.locks = (try? self.runLocks.get()) ?? []
            self.start()
        case .wait(let lock, let held, let limit):
            self.run.waitsFor = lock
            self.run.message = "Waiting for \(lock) lock. Lock status: \(limit - held)/\(limit)"
        case .refused(let message): self.finishRun(.error, message: message)
        }
    }

    /// Locks that are given to a run that has ended go back.
    mutating func giveBack(_ event: Event) {
        if case .locksAnswered(let node, .granted) = event { self.owe(.release(node)) }
    }
}
