public import Ports
import Synchronization
public import WorkflowModel

/// A clock that stands still until it is moved.
public final class ManualClock: TimeSource {
    private struct Sleeper {
        var id: Int
        var until: Timestamp
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var sleepers: [Sleeper] = []
        var next = 0
        var cancelled: Set<Int> = []
        var watchers: [(until: Timestamp, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    public init(now: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)) { self.state = Mutex(State(now: now)) }

    public func now() -> Timestamp { self.state.withLock { $0.now } }

    public func sleep(until deadline: Timestamp) async throws {
        let id = self.state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (answer, watchers) = self.state.withLock { state -> (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) in
                    if state.cancelled.contains(id) || Task.isCancelled { return (.failure(CancellationError()), []) }
                    if deadline <= state.now { return (.success(()), []) }
                    state.sleepers.append(Sleeper(id: id, until: deadline, continuation: continuation))
                    let watchers = state.watchers.filter { $0.until == deadline }.map(\.continuation)
                    state.watchers.removeAll { $0.until == deadline }
                    return (nil, watchers)
                }
                if let answer { continuation.resume(with: answer) }
                for watcher in watchers { watcher.resume() }
            }
        } onCancel: {
            let sleeper = self.state.withLock { state in
                state.cancelled.insert(id)
                let at = state.sleepers.firstIndex { $0.id == id }
                return at.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Returns when somebody sleeps until that instant.
    public func sleeper(until instant: Timestamp) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.sleepers.contains(where: { $0.until == instant }) { return true }
                state.watchers.append((instant, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Moves the clock and wakes who slept until then.
    public func advance(by span: Span) {
        let woken = self.state.withLock { state in
            state.now = state.now + span
            let now = state.now
            let woken = state.sleepers.filter { $0.until <= now }
            state.sleepers.removeAll { $0.until <= now }
            return woken
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }
}
