public import Ports
import Synchronization
public import WorkflowModel

/// News for one reader: any number of senders, and a reader that takes everything there is at once.
///
/// Sending never waits. What a mailbox holds is bounded by what its senders can have under way: each pod that was let in sends two pieces of
/// news, each timer one, and a person's commands are few.
public final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var reader: CheckedContinuation<Void, Never>?
        /// Counts waits, so that the end of one cannot wake the next.
        var wait = 0
    }

    private let state = Mutex(State())

    public init() {}

    public func post(_ item: Item) { self.post(contentsOf: CollectionOfOne(item)) }

    public func post(contentsOf items: some Sequence<Item>) {
        let reader = self.state.withLock { state in
            state.items.append(contentsOf: items)
            if state.items.isEmpty { return nil as CheckedContinuation<Void, Never>? }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    /// Everything that was sent since the last call, in order.
    public func take() -> [Item] {
        self.state.withLock { state in
            defer { state.items = [] }
            return state.items
        }
    }

    /// Waits until there is something, and takes it.
    /// - Returns: nothing when the task was cancelled.
    public func next() async -> [Item] {
        let items = self.take()
        if !items.isEmpty { return items }
        await self.arrival()
        return self.take()
    }

    /// As `next`, but only until an instant.
    public func next(until deadline: Timestamp, _ time: any TimeSource) async -> [Item] {
        let items = self.take()
        if !items.isEmpty { return items }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.arrival() }
            // The only error is that the sleep was cancelled, because something came.
            group.addTask { try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        return self.take()
    }

    /// Returns when there is something, or the task is cancelled.
    private func arrival() async {
        let wait = self.state.withLock { state in
            state.wait += 1
            return state.wait
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = self.state.withLock { state in
                    if !state.items.isEmpty || Task.isCancelled { return true }
                    precondition(state.reader == nil, "a mailbox has one reader")
                    state.reader = continuation
                    return false
                }
                if isThere { continuation.resume() }
            }
        } onCancel: {
            let reader = self.state.withLock { state in
                guard state.wait == wait else { return nil as CheckedContinuation<Void, Never>? }
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume()
        }
    }
}
