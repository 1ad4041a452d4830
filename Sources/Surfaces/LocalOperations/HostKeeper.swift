import Driver
import Ports
import Synchronization
import WorkflowModel

/// Deletes finished runs when their time is over, as long as a host runs.
final class HostKeeper: Sendable {
    /// Between two looks, at least: each costs a few queries, and many runs end in a second.
    private static let shortestPause = Span.seconds(1)
    /// And at most, for what grows old without anything happening.
    private static let longestPause = Span.seconds(60)

    private let history: Mutex<HistoryKeeper>
    private let reader: any RunReader
    private let time: any TimeSource
    private let wakes = Mailbox<Void>()

    init(history: HistoryKeeper, reader: any RunReader, time: any TimeSource) {
        self.history = Mutex(history)
        self.reader = reader
        self.time = time
    }

    /// A run has ended.
    func wake() { self.wakes.post(()) }

    func setRetention(_ retention: Retention) {
        self.history.withLock { $0.retention = retention }
        self.wake()
    }

    /// Until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await self.history.withLock { $0 }.tidy(atLeast: 0)
            let now = self.time.now()
            var next = now + Self.longestPause
            // What goes wrong with the store here goes wrong with the runs as well, and is told there.
            if let expiry = try? await self.reader.nextExpiry() { next = min(next, max(expiry, now)) }
            try? await self.time.sleep(until: now + Self.shortestPause)
            if next > self.time.now() { _ = await self.wakes.next(until: next, self.time) }
        }
    }
}
