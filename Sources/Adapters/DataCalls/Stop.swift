import Synchronization

/// Tells a thread that nobody waits for it any more.
final class Stop: Sendable {
    private let state = Atomic(false)
    func set() { self.state.store(true, ordering: .relaxed) }
    var isSet: Bool { self.state.load(ordering: .relaxed) }
}
