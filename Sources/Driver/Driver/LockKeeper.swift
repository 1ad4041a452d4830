import Engine
import Ports
import Synchronization
import WorkflowModel

/// Asks for locks on behalf of the runs of this process, and asks again for those that wait whenever one may have come free.
final class LockKeeper: Sendable {
    /// How often those that wait ask again when nobody has told them to: a process that was killed tells nobody.
    static let patience = Span.seconds(5)

    private struct State {
        var waiting: [LockHolder: LockDemand] = [:]
        var answers: [LockHolder: LockAnswer] = [:]
    }

    private let state = Mutex(State())
    private let wakes = Mailbox<Void>()
    private let ports: DriverPorts

    init(ports: DriverPorts) { self.ports = ports }

    /// - Returns: the answer; nil when it is the same as the last.
    func acquire(_ demand: LockDemand) async -> LockAnswer? {
        self.state.withLock { $0.waiting[demand.holder] = demand }
        return await self.ask(demand)
    }

    private func ask(_ demand: LockDemand) async -> LockAnswer? {
        let answer: LockAnswer
        do { answer = try await self.ports.locks.acquire(demand) } catch {
            answer = .refused(message: "locks cannot be asked for: \(error)")
        }
        let news = self.state.withLock { state -> (LockAnswer?, wasGivenUp: Bool) in
            guard state.waiting[demand.holder] != nil else { return (nil, true) }
            if case .wait = answer {
                if state.answers[demand.holder] == answer { return (nil, false) }
                state.answers[demand.holder] = answer
            } else {
                state.waiting[demand.holder] = nil
                state.answers[demand.holder] = nil
            }
            return (answer, false)
        }
        // Given up while it was being asked for: what was given goes back.
        if news.wasGivenUp, answer == .granted { await self.release(demand.holder) }
        if case .wait? = news.0 { self.wakes.post(()) }
        return news.0
    }

    func release(_ holder: LockHolder) async {
        self.state.withLock { state in
            state.waiting[holder] = nil
            state.answers[holder] = nil
        }
        // What cannot be given back now is given back when the run ends, or is deleted.
        guard let waiting = try? await self.ports.locks.release(holder) else { return }
        await self.tell(waiting)
    }

    /// The run has ended, or is left to another process.
    func forget(_ run: RunID) {
        self.state.withLock { state in
            state.waiting = state.waiting.filter { $0.key.run != run }
            state.answers = state.answers.filter { $0.key.run != run }
        }
    }

    func releaseAll(of run: RunID) async {
        self.forget(run)
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
            let demands = self.state.withLock { state in
                state.waiting.values.sorted {
                    ($0.createdAt, $0.holder.node?.ordinal ?? -1) < ($1.createdAt, $1.holder.node?.ordinal ?? -1)
                }
            }
            for demand in demands {
                if let answer = await self.ask(demand) { answered(demand.holder, answer) }
            }
        }
    }
}
