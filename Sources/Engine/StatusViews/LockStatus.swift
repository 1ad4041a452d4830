import Engine
import Planning
import WorkflowModel

/// Argo's `status.synchronization`: the locks that the run and its nodes hold or wait for.
struct LockStatus {
    private var holding: [(lock: LockRequest, holder: String)] = []
    private var waiting: [(lock: String, holder: String)] = []

    init(plan: Plan, run: RunState, nodes: [Node]) {
        let name = "\(plan.namespace)/\(plan.name)"
        if !run.phase.isFinished { for lock in run.locks { self.holding.append((lock, name)) } }
        if let lock = run.waitsFor { self.waiting.append((lock, name)) }
        for node in nodes where !node.locks.isEmpty && !node.phase.hasEnded {
            let holder = "\(name)/\(ArgoNames.nodeID(node.name, workflow: plan.name))"
            switch node.phase == .held ? node.stage : .slot {
            case .locks, .locksAgain: if let lock = node.waitsFor { self.waiting.append((lock, holder)) }
            // It gave them back, and asks again when there is a place for it.
            case .place, .dormant: break
            case .slot, .cache, .cacheAgain: for lock in node.locks { self.holding.append((lock, holder)) }
            }
        }
    }

    /// nil when there is nothing to tell.
    var json: JSONValue? {
        var status = JSONObject()
        let mutex = self.side(isMutex: true)
        let semaphore = self.side(isMutex: false)
        if !mutex.isEmpty { status["mutex"] = .object(mutex) }
        if !semaphore.isEmpty { status["semaphore"] = .object(semaphore) }
        return status.isEmpty ? nil : .object(status)
    }

    private func side(isMutex: Bool) -> JSONObject {
        var side = JSONObject()
        let held = self.holding.filter { ($0.lock.kind == .mutex) == isMutex }.map { ($0.lock.text, $0.holder) }
        let awaited = self.waiting.filter { $0.lock.contains("/Mutex/") == isMutex }.map { ($0.lock, $0.holder) }
        for (field, pairs) in [("holding", held), ("waiting", awaited)] where !pairs.isEmpty {
            side[field] = isMutex ? Self.mutexes(pairs) : Self.semaphores(pairs)
        }
        return side
    }

    private static func mutexes(_ pairs: [(String, String)]) -> JSONValue {
        .array(pairs.map { ["mutex": .string($0.0), "holder": .string($0.1)] })
    }

    private static func semaphores(_ pairs: [(String, String)]) -> JSONValue {
        var order: [String] = []
        var holders: [String: [JSONValue]] = [:]
        for (lock, holder) in pairs {
            if holders[lock] == nil { order.append(lock) }
            holders[lock, default: []].append(.string(holder))
        }
        return .array(order.map { ["semaphore": .string($0), "holders": .array(holders[$0] ?? [])] })
    }
}
