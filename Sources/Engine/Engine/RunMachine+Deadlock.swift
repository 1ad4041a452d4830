import Planning
import WorkflowModel

/// Runs whose parts wait for each other.
extension RunMachine {
    /// Nothing under way can bring the run on: its pods only serve, and whatever waits does so for places and locks that the run itself keeps.
    ///
    /// Costs nothing while a pod works or something outside is awaited; otherwise a look at every node.
    var isDeadlocked: Bool {
        guard !self.run.isExitDeadlocked, !self.run.isSuspended, self.gates.activePods == self.daemons.count,
            self.gates.held > 0 || !self.waiting.isEmpty,
            self.waiting.allSatisfy({ self.nodes[$0.index].waitsFor != nil }),
            self.daemons.allSatisfy({ self.nodes[$0.index].doom == nil })
        else { return false }
        if self.waiting.isEmpty { return true }
        let full = self.locksWithoutPlaces
        return self.waiting.allSatisfy { id in self.nodes[id.index].waitsFor.map { full.contains($0) } ?? false }
    }

    /// Locks of which this run's own nodes hold all there is.
    private var locksWithoutPlaces: Set<String> {
        var held: [LockRequest: Int] = [:]
        for node in self.nodes where !node.locks.isEmpty && self.hasLocks(node) {
            for lock in node.locks { held[lock, default: 0] += 1 }
        }
        for lock in self.run.locks { held[lock, default: 0] += 1 }
        return Set(held.filter { lock, holders in self.limit(of: lock).map { holders >= $0 } ?? false }.map(\.key.text))
    }

    private func hasLocks(_ node: Node) -> Bool {
        switch (node.phase, node.stage) {
        case (.held, .slot), (.held, .cache), (.held, .cacheAgain), (.pending, _), (.running, _), (.daemoned, _): true
        case (.held, .locks), (.held, .locksAgain), (.held, .place), (.held, .dormant): false
        case (.succeeded, _), (.skipped, _), (.omitted, _), (.failed, _), (.error, _): false
        }
    }

    /// How many may hold a lock; nil where only the store can tell.
    private func limit(of lock: LockRequest) -> Int? {
        switch lock.kind {
        case .mutex: 1
        case .configMap: lock.key.flatMap { self.plan.resources.configMaps[lock.name]?.data[$0] }.flatMap { Int($0) }
        case .database: nil
        }
    }

    /// The run fails now rather than never, and says why. Exit handlers still run, unless they are what is stuck.
    mutating func endDeadlock() {
        if self.run.deadlock == nil {
            let lock = self.waiting.min().flatMap { self.nodes[$0.index].waitsFor }
            self.run.deadlock =
                lock.map { "the run would wait for ever: all that goes on in it waits for \($0), which it holds itself" }
                ?? "the run would wait for ever: daemons have taken every place under its parallelism limits"
            self.endEverything(pods: self.shutMessage, others: self.shutMessage)
        }
        guard self.work.isEmpty, self.isDeadlocked else { return }
        self.run.isExitDeadlocked = true
        self.endEverything(pods: self.shutMessage, others: self.shutMessage)
    }

    // MARK: Stuck

    /// Nothing is running, runnable or awaited.
    var isStuck: Bool { self.gates.activePods == 0 && self.gates.held == 0 && self.waiting.isEmpty }

    /// Ends a run that no event can reach any more, and says what was open in it.
    mutating func endStuck() {
        let open = self.why(most: 3).explanations.dropFirst().map { "\($0.node): \($0.reasons.joined(separator: "; "))" }
        self.finishRun(
            .error,
            message: "nothing is running, runnable or awaited: this is a fault of Skiff, please report it"
                + (open.isEmpty ? "" : " (\(open.joined(separator: ". ")))"))
    }
}
