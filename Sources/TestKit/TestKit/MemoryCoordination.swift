public import Engine
public import Ports
import Synchronization
public import WorkflowModel

/// Locks and a cache in memory.
public final class MemoryCoordination: LockService, MemoCache {
    private struct State {
        var holders: [LockRequest: [LockHolder]] = [:]
        var queue: [LockDemand] = []
        var memos: [MemoRequest: (outputs: NodeOutputs, at: Timestamp)] = [:]
    }
    private let state = Mutex(State())

    public init() {}

    /// Who has a lock now.
    public func holders(of lock: LockRequest) -> [LockHolder] { self.state.withLock { $0.holders[lock] ?? [] } }

    public func acquire(_ demand: LockDemand) async throws -> LockAnswer {
        self.state.withLock { state in
            if demand.locks.allSatisfy({ state.holders[$0.request]?.contains(demand.holder) ?? false }) { return .granted }
            if !state.queue.contains(where: { $0.holder == demand.holder }) { state.queue.append(demand) }
            for lock in demand.locks {
                let held = state.holders[lock.request]?.count ?? 0
                let first = state.queue.filter { $0.locks.contains { $0.request == lock.request } }.min {
                    (-$0.priority, $0.createdAt) < (-$1.priority, $1.createdAt)
                }
                if held >= lock.limit ?? 1 || first?.holder.run != demand.holder.run {
                    return .wait(lock: lock.request.text, held: held, limit: lock.limit ?? 1)
                }
            }
            state.queue.removeAll { $0.holder == demand.holder }
            for lock in demand.locks { state.holders[lock.request, default: []].append(demand.holder) }
            return .granted
        }
    }

    public func release(_ holder: LockHolder) async throws -> [LockWaiter] { self.release { $0 == holder } }

    public func releaseAll(of run: RunID) async throws -> [LockWaiter] { self.release { $0.run == run } }

    private func release(_ isGone: (LockHolder) -> Bool) -> [LockWaiter] {
        self.state.withLock { state in
            for (lock, holders) in state.holders { state.holders[lock] = holders.filter { !isGone($0) } }
            state.queue.removeAll { isGone($0.holder) }
            return state.queue.map { LockWaiter(run: $0.holder.run, doorbell: nil) }
        }
    }

    public func recall(_ request: MemoRequest, maxAge: Span?, at now: Timestamp) async throws -> NodeOutputs? {
        self.state.withLock { state in
            guard let memo = state.memos[request] else { return nil }
            if let maxAge, now > memo.at + maxAge { return nil }
            return memo.outputs
        }
    }

    public func remember(_ request: MemoRequest, _ outputs: NodeOutputs, of run: RunID, node: NodeID, at now: Timestamp) async throws {
        self.state.withLock { $0.memos[request] = (outputs, now) }
    }
}

/// Answers calls as a test says, or never.
public final class ScriptedCalls: CallRunner {
    private let script: @Sendable (CallLaunch) async -> CallResult
    private let made = Mutex<[CallLaunch]>([])

    public init(
        _ script: @escaping @Sendable (CallLaunch) async -> CallResult = { _ in
            CallResult(end: .succeeded(message: ""), finishedAt: Timestamp(milliseconds: 0))
        }
    ) { self.script = script }

    public var calls: [CallLaunch] { self.made.withLock { $0 } }

    public func carryOut(_ call: CallLaunch) async -> CallResult {
        self.made.withLock { $0.append(call) }
        return await self.script(call)
    }
}
