import Ports

/// A doorbell that tells somebody else of each ring before whoever listens hears it.
struct RelayedDoorbell: DoorbellService {
    private let doorbell: any DoorbellService
    let rings: AsyncStream<Void>

    init(_ doorbell: any DoorbellService, rang: @escaping @Sendable () -> Void) {
        self.doorbell = doorbell
        let ringing = Ringing(doorbell.rings)
        self.rings = AsyncStream {
            guard await ringing.next() else { return nil }
            rang()
            return ()
        }
    }

    var address: String { self.doorbell.address }

    func ring(_ address: String) async -> Bool { await self.doorbell.ring(address) }
}

/// `@unchecked` is sound because a stream has one reader, which asks for one ring at a time.
private final class Ringing: @unchecked Sendable {
    private var iterator: AsyncStream<Void>.Iterator

    init(_ rings: AsyncStream<Void>) { self.iterator = rings.makeAsyncIterator() }

    func next() async -> Bool {
        var iterator = self.iterator
        defer { self.iterator = iterator }
        return await iterator.next() != nil
    }
}
