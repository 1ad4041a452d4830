import Engine
import WorkflowModel

/// Something that happens at its time, whoever carries the run out: a person asks for something, another run takes a lock.
struct Happening: Sendable {
    enum Kind: Sendable {
        case command(RunMachine.Event)
        /// Another run takes a lock for a while, if it is free.
        case otherRunTakes(LockRequest)
        case otherRunGives(LockRequest)
    }
    var at: Timestamp
    var kind: Kind
    var isDone = false

    static let otherRun = LockHolder(run: RunID("other"), node: nil)

    /// What happens during one run.
    static func all(seed: UInt64, from start: Timestamp) -> [Happening] {
        var chance = Chance(seed: seed, "happenings")
        var all: [Happening] = []
        func add(_ event: RunMachine.Event, _ at: Timestamp) { all.append(Happening(at: at, kind: .command(event))) }
        func instant(_ chance: inout Chance) -> Timestamp { start + Span(milliseconds: Int64(chance.number(in: 1...15_000))) }
        if chance.happens(10) { add(.shutdownRequested(.stop, message: "by a person"), instant(&chance)) }
        if chance.happens(7) { add(.shutdownRequested(.terminate, message: ""), instant(&chance)) }
        if chance.happens(12) {
            let at = instant(&chance)
            add(.suspendRequested, at)
            add(.resumeRequested(nil, message: "go on"), at + Span(milliseconds: Int64(chance.number(in: 1...9_000))))
        }
        if chance.happens(6) { add(.resumeRequested(nil, message: ""), instant(&chance)) }
        if chance.happens(6), let selector = try? NodeSelector("phase=Running") {
            let update = NodeUpdate(
                outputs: [NamedValue(name: "out", value: "set")], phase: chance.happens(50) ? .succeeded : nil, message: "seen")
            add(.nodeSet(selector, update), instant(&chance))
        }
        for number in 0...2 where chance.happens(15) {
            let lock = LockRequest(kind: .mutex, namespace: "default", name: "lock\(number)")
            let at = instant(&chance)
            all.append(Happening(at: at, kind: .otherRunTakes(lock)))
            all.append(Happening(at: at + Span(milliseconds: Int64(chance.number(in: 1...6_000))), kind: .otherRunGives(lock)))
        }
        return all.sorted { $0.at < $1.at }
    }
}
