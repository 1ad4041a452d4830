import Engine
import Ports
import WorkflowModel

/// The timers of all runs: one task that sleeps until the earliest.
///
/// A timer that is no longer wanted is not taken back: it fires, and the machine ignores it.
final class Timers: Sendable {
    struct Entry: Sendable {
        var at: Timestamp
        var timer: TimerID
        var run: RunID
    }

    private let added = Mailbox<Entry>()
    private let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    func schedule(_ timer: TimerID, of run: RunID, at instant: Timestamp) { self.added.post(Entry(at: instant, timer: timer, run: run)) }

    /// Fires timers until the task is cancelled.
    func run(_ fire: @Sendable (Entry) -> Void) async {
        var heap = TimerHeap()
        while !Task.isCancelled {
            let new = if let first = heap.earliest { await self.added.next(until: first, self.time) } else { await self.added.next() }
            for entry in new { heap.insert(entry) }
            let now = self.time.now()
            while let first = heap.earliest, first <= now { fire(heap.removeEarliest()) }
        }
    }
}

/// A binary heap, earliest first.
struct TimerHeap {
    private var entries: [Timers.Entry] = []

    var earliest: Timestamp? { self.entries.first?.at }

    mutating func insert(_ entry: Timers.Entry) {
        self.entries.append(entry)
        var at = self.entries.count - 1
        while at > 0, self.entries[at].at < self.entries[(at - 1) / 2].at {
            self.entries.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    /// - Precondition: there is one.
    mutating func removeEarliest() -> Timers.Entry {
        self.entries.swapAt(0, self.entries.count - 1)
        let earliest = self.entries.removeLast()
        var at = 0
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2] where child < self.entries.count && self.entries[child].at < self.entries[least].at {
                least = child
            }
            if least == at { return earliest }
            self.entries.swapAt(at, least)
            at = least
        }
    }
}
