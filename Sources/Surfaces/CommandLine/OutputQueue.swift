import Dispatch
import Synchronization

/// Writes on a thread of its own, so that a terminal that was halted (Ctrl-S) or a slow reader never holds the run up.
final class OutputQueue: Sendable {
    private struct State {
        var pending: [(text: String, channel: Console.Channel)] = []
        var pendingBytes = 0
        var isWriting = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Above this many unwritten bytes a writer should `drain()` before it goes on.
    private static let comfortable = 1 << 20

    private let console: Console
    private let queue = DispatchQueue(label: "skiff.output")
    private let state = Mutex(State())

    init(_ console: Console) { self.console = console }

    /// Appends the text. Texts that come in while a write is under way are written together.
    func write(_ text: String, to channel: Console.Channel) {
        let starts = self.state.withLock { state in
            if state.pending.last?.channel == channel {
                state.pending[state.pending.count - 1].text += text
            } else {
                state.pending.append((text, channel))
            }
            state.pendingBytes += text.utf8.count
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if starts { self.queue.async { self.writePending() } }
    }

    /// Whether everything was written.
    var isIdle: Bool { self.state.withLock { !$0.isWriting } }

    var isFull: Bool { self.state.withLock { $0.pendingBytes > Self.comfortable } }

    /// Returns when everything was written.
    func drain() async {
        await withCheckedContinuation { continuation in
            let isDone = self.state.withLock { state in
                if state.isWriting { state.waiting.append(continuation) }
                return !state.isWriting
            }
            if isDone { continuation.resume() }
        }
    }

    private func writePending() {
        while true {
            let (batch, drained) = self.state.withLock { state in
                let batch = state.pending
                state.pending = []
                state.pendingBytes = 0
                if !batch.isEmpty { return (batch, [CheckedContinuation<Void, Never>]()) }
                let drained = state.waiting
                state.waiting = []
                state.isWriting = false
                return (batch, drained)
            }
            for (text, channel) in batch { _ = self.console.write(text, channel) }
            for continuation in drained { continuation.resume() }
            if batch.isEmpty { return }
        }
    }
}
