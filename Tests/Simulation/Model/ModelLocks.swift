import Engine
import WorkflowModel

/// Locks as the store keeps them: they outlive processes, and are given all together or not at all.
struct ModelLocks {
    private struct Demand {
        var locks: [LockRequest]
        /// When it is looked at next.
        var due: Timestamp
    }

    let fate: Fate
    /// Who holds each lock.
    private(set) var holders: [LockRequest: [LockHolder]] = [:]
    private var demands: [LockHolder: Demand] = [:]
    private var asked: Set<LockHolder> = []
    private var told: [LockHolder: LockAnswer] = [:]

    init(fate: Fate) { self.fate = fate }

    mutating func forgetProcess() {
        self.asked = []
        self.told = [:]
    }

    /// - Returns: when the demand is looked at.
    mutating func acquire(_ holder: LockHolder, _ locks: [LockRequest], named name: String, at now: Timestamp) throws(SimulationFault)
        -> Timestamp
    {
        guard self.asked.insert(holder).inserted else { throw SimulationFault("\(name) asks twice for its locks") }
        if let known = self.demands[holder] {
            guard known.locks == locks else { throw SimulationFault("\(name) asks again, and for other locks") }
        } else {
            self.demands[holder] = Demand(locks: locks, due: now + self.fate.delay(of: "lock \(name)"))
        }
        return max(now, self.demands[holder]!.due)
    }

    /// - Returns: the answer to a demand; nil when there is nothing new to say.
    mutating func look(_ holder: LockHolder) -> LockAnswer? {
        guard let demand = self.demands[holder], self.asked.contains(holder) else { return nil }
        if let busy = demand.locks.first(where: { !self.isFree($0, for: holder) }) {
            let held = self.holders[busy]?.count ?? 0
            let answer = LockAnswer.wait(lock: busy.text, held: held, limit: self.limit(of: busy))
            if self.told[holder] == answer { return nil }
            self.told[holder] = answer
            return answer
        }
        for lock in demand.locks where !self.holds(holder, lock) { self.holders[lock, default: []].append(holder) }
        self.told[holder] = nil
        // Who has been told asks no more.
        self.asked.remove(holder)
        return .granted
    }

    /// - Returns: who may have a chance now, and when that is looked at.
    mutating func release(_ holder: LockHolder, at now: Timestamp) -> [(LockHolder, Timestamp)] {
        self.demands[holder] = nil
        self.asked.remove(holder)
        self.told[holder] = nil
        let freed = self.holders.filter { $0.value.contains(holder) }.keys
        for lock in freed { self.holders[lock]?.removeAll { $0 == holder } }
        var due: [(LockHolder, Timestamp)] = []
        for (waiting, demand) in self.demands where demand.locks.contains(where: { freed.contains($0) }) && !self.hasAll(waiting) {
            // Who has just asked is looked at when it would have been anyway.
            let at = max(now + Span(milliseconds: 1), demand.due)
            self.demands[waiting]?.due = at
            due.append((waiting, at))
        }
        return due
    }

    func limit(of lock: LockRequest) -> Int {
        lock.kind == .mutex ? 1 : lock.key.flatMap { WorkflowGenerator.limits[$0] }.flatMap { Int($0) } ?? 0
    }
    func holds(_ holder: LockHolder, _ lock: LockRequest) -> Bool { self.holders[lock]?.contains(holder) ?? false }
    private func hasAll(_ holder: LockHolder) -> Bool { self.demands[holder]?.locks.allSatisfy { self.holds(holder, $0) } ?? false }
    private func isFree(_ lock: LockRequest, for holder: LockHolder) -> Bool {
        self.holds(holder, lock) || (self.holders[lock]?.count ?? 0) < self.limit(of: lock)
    }

    /// Somebody who still has a lock, or waits for one.
    var leftovers: [LockHolder] { self.holders.values.flatMap { $0 } + self.demands.keys }
}
