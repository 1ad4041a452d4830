import Engine
import WorkflowModel

/// What a process will hear of, in order of time. A crash empties it.
struct Agenda {
    enum Item: Sendable {
        /// Words of a person, which are kept until they are carried out.
        case command
        case event(RunMachine.Event)
        case lock(LockHolder)
        case recall(NodeID)
        case call(PodID)
        case timer(TimerID)
    }

    struct Entry {
        var at: Timestamp
        /// Decides between entries of one instant, the same with and without a crash before it.
        var rank: UInt64
        var item: Item
    }

    /// The next one last.
    private var entries: [Entry] = []

    mutating func add(_ item: Item, at: Timestamp, rank: String) {
        let order: UInt64 = if case .command = item { 0 } else { Self.hash(rank) }
        var low = 0
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if (self.entries[middle].at, self.entries[middle].rank) > (at, order) { low = middle + 1 } else { high = middle }
        }
        self.entries.insert(Entry(at: at, rank: order, item: item), at: low)
    }

    private static func hash(_ text: String) -> UInt64 {
        var chance = Chance(seed: 1, text)
        return chance.next() | 1
    }

    var next: Entry? { self.entries.last }
    mutating func removeNext() -> Entry? { self.entries.popLast() }
    mutating func removeAll() { self.entries = [] }
    func allSatisfy(_ holds: (Item) -> Bool) -> Bool { self.entries.allSatisfy { holds($0.item) } }

    /// Takes back what was to come of a pod.
    mutating func remove(where isGone: (Item) -> Bool) { self.entries.removeAll { isGone($0.item) } }
}
