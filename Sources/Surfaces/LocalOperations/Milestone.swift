import Synchronization

/// Something that happens once, and that any number of tasks wait for.
final class Milestone: Sendable {
    private struct State {
        var isReached = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    func reach() {
        let waiting = self.state.withLock { state in
            state.isReached = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when it has happened, or the task is cancelled.
    func reached() async {
        let number = self.state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayGoOn = self.state.withLock { state in
                    if state.isReached || Task.isCancelled { return true }
                    state.waiting[number] = continuation
                    return false
                }
                if mayGoOn { continuation.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
    }
}
