import Engine
import Ports
import Synchronization
import WorkflowModel

/// Asks for locks on behalf of the runs of this process, and asks again for those that wait whenever one may have come free.
final class LockKeeper: Sendable {
    /// How often those that wait ask again when nobody has told them to: a process that was killed tells nobody.
    static let patience = Span.seconds(5)

    private struct Waiting {
        var demand: LockDemand
        /// Tells one demand of a holder from the next, for an answer that comes late.
        var number: Int
        var answer: LockAnswer?

        /// As the queues are ordered: who asks out of turn is told to wait, and asks again much later.
        func isBefore(_ other: Waiting) -> Bool {
            let (left, right) = (self.demand, other.demand)
            if left.priority != right.priority { return left.priority > right.priority }
            return left.createdAt != right.createdAt ? left.createdAt < right.createdAt : self.number < other.number
        }
    }

    private struct State {
        var waiting: [LockHolder: Waiting] = [:]
        /// Who was given locks and has not given them back.
        var held: Set<LockHolder> = []
        /// Runs that another process may have taken over.
        var left: Set<RunID> = []
        var latest = 0
    }

    /// What an answer means for the one who asked.
    private enum Meaning {
        case news(LockAnswer)
        /// It is known already, or is the answer to a demand of before.
        case nothing
        /// Given up while it was being asked for: what was given goes back.
        case givenUp
    }

    private let state = Mutex(State())
    private let wakes = Mailbox<Void>()
    private let ports: DriverPorts

    init(ports: DriverPorts) { self.ports = ports }

    /// - Returns: the answer; nil when it is the same as the last, or was told by `run`, which may ask at the same time.
    func acquire(_ demand: LockDemand) async -> LockAnswer? {
        let waiting = self.state.withLock { state in
            state.latest += 1
            let waiting = Waiting(demand: demand, number: state.latest)
            state.waiting[demand.holder] = waiting
            state.left.remove(demand.holder.run)
            return waiting
        }
        return await self.ask(waiting)
    }

    private func ask(_ waiting: Waiting) async -> LockAnswer? {
        let answer: LockAnswer
        do { answer = try await self.ports.locks.acquire(waiting.demand) } catch {
            answer = .refused(message: "locks cannot be asked for: \(error)")
        }
        switch self.state.withLock({ Self.note(answer, to: waiting, in: &$0) }) {
        case .nothing: return nil
        case .givenUp:
            if answer == .granted { await self.giveBack(waiting.demand.holder) }
            return nil
        case .news(let answer):
            if case .wait = answer { self.wakes.post(()) }
            return answer
        }
    }

    /// Two may ask for one holder at the same time, and both are told that it has its locks: only the first answer counts.
    private static func note(_ answer: LockAnswer, to waiting: Waiting, in state: inout State) -> Meaning {
        let holder = waiting.demand.holder
        guard let current = state.waiting[holder] else {
            return state.held.contains(holder) || state.left.contains(holder.run) ? .nothing : .givenUp
        }
        guard current.number == waiting.number, current.answer != answer else { return .nothing }
        if case .wait = answer {
            state.waiting[holder]?.answer = answer
        } else {
            state.waiting[holder] = nil
            if answer == .granted { state.held.insert(holder) }
        }
        return .news(answer)
    }

    func release(_ holder: LockHolder) async {
        self.state.withLock { state in
            state.waiting[holder] = nil
            state.held.remove(holder)
        }
        await self.giveBack(holder)
    }

    private func giveBack(_ holder: LockHolder) async {
        // What cannot be given back now is given back when the run ends, or is deleted.
        guard let waiting = try? await self.ports.locks.release(holder) else { return }
        await self.tell(waiting)
    }

    /// The run is left to another process, which has the locks with it.
    func leave(_ run: RunID) {
        self.state.withLock { state in
            Self.drop(run, in: &state)
            state.left.insert(run)
        }
    }

    private static func drop(_ run: RunID, in state: inout State) {
        state.waiting = state.waiting.filter { $0.key.run != run }
        state.held = state.held.filter { $0.run != run }
    }

    /// The run has ended.
    func releaseAll(of run: RunID) async {
        self.state.withLock { Self.drop(run, in: &$0) }
        guard let waiting = try? await self.ports.locks.releaseAll(of: run) else { return }
        await self.tell(waiting)
    }

    /// Wakes those that wait, here and in other processes.
    private func tell(_ waiters: [LockWaiter]) async {
        let here = self.state.withLock { state in Set(state.waiting.keys.map(\.run)) }
        if waiters.contains(where: { here.contains($0.run) }) { self.wakes.post(()) }
        guard let doorbell = self.ports.doorbell else { return }
        for address in Set(waiters.compactMap(\.doorbell)).subtracting([doorbell.address]) { _ = await doorbell.ring(address) }
    }

    /// Somebody rang: a lock may be free.
    func wake() { self.wakes.post(()) }

    /// Asks again for what is waited for, until the task is cancelled.
    func run(_ answered: @Sendable (LockHolder, LockAnswer) -> Void) async {
        while !Task.isCancelled {
            let isAnyWaiting = self.state.withLock { !$0.waiting.isEmpty }
            if isAnyWaiting {
                _ = await self.wakes.next(until: self.ports.time.now() + Self.patience, self.ports.time)
            } else {
                _ = await self.wakes.next()
            }
            let demands = self.state.withLock { state in state.waiting.values.sorted { $0.isBefore($1) } }
            for waiting in demands {
                if let answer = await self.ask(waiting) { answered(waiting.demand.holder, answer) }
            }
        }
    }
}
