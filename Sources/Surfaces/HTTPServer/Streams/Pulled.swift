import Glibc
import WorkflowModel

/// Elements of a stream that are asked for one by one, from whichever task.
actor Pulled<Element: Sendable> {
    private var iterator: AsyncThrowingStream<Element, any Error>.Iterator

    init(_ stream: AsyncThrowingStream<Element, any Error>) { self.iterator = stream.makeAsyncIterator() }

    func next() async throws -> Element? {
        var iterator = self.iterator
        defer { self.iterator = iterator }
        return try await iterator.next(isolation: self)
    }
}

extension AsyncThrowingStream where Element: Sendable, Failure == any Error {
    /// The same elements in other words, each made when it is asked for.
    func mapped<Other: Sendable>(_ change: @escaping @Sendable (Element) throws -> Other?) -> AsyncThrowingStream<Other, any Error> {
        let elements = Pulled(self)
        return AsyncThrowingStream<Other, any Error> {
            while let element = try await elements.next() { if let changed = try change(element) { return changed } }
            return nil
        }
    }
}

/// The time of the machine.
enum WallClock {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
