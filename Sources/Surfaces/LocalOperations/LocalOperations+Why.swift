import Engine
public import Operations
import Ports
import WorkflowModel

extension LocalOperations {
    /// More than a screen of them says less.
    private static let mostExplained = 20

    public func why(_ name: String, namespace: String, node: String?) async throws -> RunExplanation {
        try await OperationError.translating {
            let record = try await self.store.reader.findRun(name, namespace: namespace)
            let machine = try await StoredRun.load(record, from: self.store.reader).machine
            var (told, count) = machine.why(most: Self.mostExplained)
            if let node {
                told = machine.why(named: node)
                count = told.count
                guard count > 0 else {
                    throw OperationError(
                        .notFound, "run '\(record.name)' has no node and no step '\(node)'", hint: "see its nodes: skiff get \(record.name)"
                    )
                }
            }
            var explanations: [NodeExplanation] = []
            for explanation in told.prefix(Self.mostExplained) {
                var reasons = explanation.reasons
                if let lock = explanation.lock { reasons += try await self.standing(of: lock) }
                explanations.append(NodeExplanation(node: explanation.node, phase: explanation.phase, reasons: reasons))
            }
            if let reason = try await self.abandonment(of: record) { explanations[0].reasons.insert(reason, at: 0) }
            return RunExplanation(run: record.name, explanations: explanations, more: max(0, count - Self.mostExplained))
        }
    }

    /// An unfinished run that no process carries out waits for that before anything else.
    private func abandonment(of record: RunRecord) async throws -> String? {
        guard record.finishedAt == nil else { return nil }
        if let owner = try await self.store.reader.owner(of: record.id), LocalOwner.isAlive(owner) { return nil }
        return "no process carries the run out: go on with it with skiff run --resume \(record.name)"
    }

    private func standing(of lock: String) async throws -> [String] {
        let standing = try await self.store.reader.standing(of: lock)
        var reasons: [String] = []
        if !standing.holders.isEmpty {
            var holders: [String] = []
            for holder in standing.holders.prefix(5) { holders.append(try await self.text(of: holder)) }
            let more = standing.holders.count - holders.count
            reasons.append("the lock is held by \(holders.joined(separator: ", "))" + (more > 0 ? " and \(more) more" : ""))
        }
        if standing.waiting > 1 { reasons.append("\(standing.waiting) wait for the lock in all, by priority and then by age") }
        return reasons
    }

    /// `run 'flow', node build`.
    private func text(of holder: LockHolding) async throws -> String {
        guard let node = holder.node else { return "run '\(holder.name)'" }
        guard let record = try await self.store.reader.run(named: holder.run.text, namespace: "") else { return "run '\(holder.name)'" }
        let machine = try await StoredRun.load(record, from: self.store.reader).machine
        guard node.index < machine.nodes.count else { return "run '\(holder.name)'" }
        return "run '\(holder.name)', node \(machine.displayName(of: machine.nodes[node.index]))"
    }
}
