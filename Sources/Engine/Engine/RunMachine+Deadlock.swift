import WorkflowModel

/// A run that waits for nothing would wait for ever.
extension RunMachine {
    /// Nothing is running, runnable or awaited. Daemons that are ready do not count as running: they end only with what uses them.
    var isStuck: Bool {
        guard self.waiting.isEmpty, self.gates.activePods <= self.daemons.count else { return false }
        if self.gates.held > 0, self.run.isSuspended { return false }
        return self.gates.activePods == self.daemons.count { self.nodes[$0.index].doom == nil }
    }

    /// Ends what can never start, each node with the reason, so that the run ends as after any other failure.
    mutating func breakDeadlock() {
        let held = self.nodes.filter { $0.phase == .held && $0.stage != .dormant && !$0.isRetired }.map(\.id)
        guard !held.isEmpty else {
            let open = self.why(most: 3).explanations.dropFirst().map { "\($0.node): \($0.reasons.joined(separator: "; "))" }
            return self.finishRun(
                .error,
                message: "nothing is running, runnable or awaited: this is a fault of Skiff, please report it"
                    + (open.isEmpty ? "" : " (\(open.joined(separator: ". ")))"))
        }
        let daemons = self.daemons.sorted().map { self.displayName(of: self.nodes[$0.index]) }.joined(separator: ", ")
        let reasons = held.map { self.why($0).reasons.joined(separator: "; ") }
        for (id, reason) in zip(held, reasons) {
            let holders = daemons.isEmpty ? "" : ", and only daemons have places, which end after it: \(daemons)"
            self.doom(id, .error, "deadlock: it \(reason)\(holders)")
        }
        self.forgetHeld()
    }
}
