import Synchronization

/// What happened, in order, told by all parts of a test; and a way to wait until something has.
public final class Chronicle: Sendable {
    private struct Waiter: Sendable {
        var isMet: @Sendable ([String]) -> Bool
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var entries: [String] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    public init() {}

    public var entries: [String] { self.state.withLock { $0.entries } }

    public func add(_ entry: String) {
        let met = self.state.withLock { state in
            state.entries.append(entry)
            let entries = state.entries
            let met = state.waiters.filter { $0.isMet(entries) }
            state.waiters.removeAll { $0.isMet(entries) }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    /// Returns when what happened so far satisfies the condition.
    public func wait(until isMet: @escaping @Sendable ([String]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMetAlready = self.state.withLock { state in
                if isMet(state.entries) { return true }
                state.waiters.append(Waiter(isMet: isMet, continuation: continuation))
                return false
            }
            if isMetAlready { continuation.resume() }
        }
    }

    public func wait(for entry: String) async { await self.wait { $0.contains(entry) } }
}
