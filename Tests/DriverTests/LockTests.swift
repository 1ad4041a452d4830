import Engine
import Planning
import Ports
import TestKit
import Testing
import WorkflowModel

@testable import Driver

/// Locks whose answers come when a test lets them.
private final class SlowLocks: LockService {
    let locks = MemoryCoordination()
    let chronicle = Chronicle()

    /// The answer is what holds when it is asked for; it comes after `go`.
    func acquire(_ demand: LockDemand) async throws -> LockAnswer {
        let answer = try await self.locks.acquire(demand)
        self.chronicle.add("asked")
        await self.chronicle.wait(for: "go")
        return answer
    }

    func release(_ holder: LockHolder) async throws -> [LockWaiter] { try await self.locks.release(holder) }
    func releaseAll(of run: RunID) async throws -> [LockWaiter] { try await self.locks.releaseAll(of: run) }

    func isAsked(times: Int) async { await self.chronicle.wait { entries in entries.count { $0 == "asked" } >= times } }
}

@Suite(.timeLimit(.minutes(1))) struct LockTests {
    private let lock = LockRequest(kind: .mutex, namespace: "default", name: "one")

    private func demand(_ run: String, priority: Int = 0, minute: Int64 = 0, limit: Int = 1) -> LockDemand {
        LockDemand(
            holder: LockHolder(run: RunID(run), node: nil), locks: [LockDemand.Lock(request: self.lock, limit: limit)], priority: priority,
            createdAt: Timestamp(milliseconds: minute * 60_000))
    }

    private func keeper(_ locks: any LockService) -> LockKeeper {
        let journal = MemoryJournal()
        return LockKeeper(
            ports: DriverPorts(
                journal: journal, runtime: ScriptedRuntime(), artifacts: MemoryArtifacts(), secrets: journal, locks: locks,
                cache: MemoryCoordination(), calls: ScriptedCalls(), time: ManualClock(), doorbell: TestDoorbell(), scratch: { "/\($0)" }))
    }

    /// Runs the keeper's own task while `body` looks on; what it tells goes into the chronicle.
    private func running(_ keeper: LockKeeper, _ told: Chronicle, _ body: () async throws -> Void) async rethrows {
        let task = Task { await keeper.run { holder, answer in told.add("\(holder.run) \(answer == .granted ? "granted" : "waits")") } }
        defer { task.cancel() }
        try await body()
    }

    @Test func `a holder that two ask for at once keeps its lock`() async throws {
        let (locks, told) = (SlowLocks(), Chronicle())
        let keeper = self.keeper(locks)
        await self.running(keeper, told) {
            async let answer = keeper.acquire(self.demand("a"))
            await locks.isAsked(times: 1)
            // A lock came free elsewhere: all that wait are asked for again, this one too.
            keeper.wake()
            await locks.isAsked(times: 2)
            locks.chronicle.add("go")
            let first = await answer
            if first == nil { await told.wait(for: "a granted") }
            // The second answer has been dealt with when the keeper asks for the next.
            _ = await keeper.acquire(self.demand("b"))
            await locks.isAsked(times: 4)
            #expect(told.entries.count { $0 == "a granted" } + (first == .granted ? 1 : 0) == 1)
            #expect(locks.locks.holders(of: self.lock) == [self.demand("a").holder])
        }
    }

    @Test func `a lock that was given up while it was asked for goes back, and one of a run that was left stays`() async throws {
        for (way, isKept) in [("release", false), ("end", false), ("leave", true)] {
            let locks = SlowLocks()
            let keeper = self.keeper(locks)
            let demand = self.demand("a")
            async let answer = keeper.acquire(demand)
            await locks.isAsked(times: 1)
            switch way {
            case "release": await keeper.release(demand.holder)
            case "end": await keeper.releaseAll(of: demand.holder.run)
            default: keeper.leave(demand.holder.run)
            }
            // As if the grant had reached the store after all that.
            _ = try await locks.locks.acquire(demand)
            locks.chronicle.add("go")
            #expect(await answer == nil, "\(way)")
            #expect(locks.locks.holders(of: self.lock).isEmpty == !isKept, "\(way)")
        }
    }

    @Test func `a late answer to what was given up is not taken for an answer to what is asked for now`() async throws {
        let locks = SlowLocks()
        let keeper = self.keeper(locks)
        async let first = keeper.acquire(self.demand("a"))
        await locks.isAsked(times: 1)
        await keeper.release(self.demand("a").holder)
        _ = try await locks.locks.acquire(self.demand("b"))
        async let second = keeper.acquire(self.demand("a"))
        await locks.isAsked(times: 2)
        locks.chronicle.add("go")
        #expect(await first == nil)
        #expect(await second == .wait(lock: self.lock.text, held: 1, limit: 1))
        #expect(locks.locks.holders(of: self.lock) == [self.demand("b").holder])
    }

    @Test func `the highest priority is served first, then who came first, without a wait in between`() async throws {
        let (locks, told) = (MemoryCoordination(), Chronicle())
        let keeper = self.keeper(locks)
        #expect(await keeper.acquire(self.demand("holder")) == .granted)
        await self.running(keeper, told) {
            for demand in [self.demand("late", minute: 9), self.demand("early", minute: 1), self.demand("high", priority: 5, minute: 20)] {
                #expect(await keeper.acquire(demand) != .granted)
            }
            for (holder, next) in [("holder", "high"), ("high", "early"), ("early", "late")] {
                await keeper.release(self.demand(holder).holder)
                await told.wait(for: "\(next) granted")
            }
            #expect(told.entries.filter { $0.hasSuffix("granted") } == ["high granted", "early granted", "late granted"])
        }
    }

    // MARK: Runs

    private static let locked =
        Manifest.header
        + "spec:\n  entrypoint: main\n  synchronization: {mutexes: [{name: whole}]}\n  templates:\n  - name: main\n    steps:\n"
        + "    - - {name: s, template: leaf, withSequence: {count: '3'}}\n  - name: leaf\n    synchronization: {mutexes: [{name: one}]}\n"
        + "    container: {image: busybox, command: [run]}\n"

    private func holders(_ rig: Rig) -> [LockHolder] {
        ["one", "whole"].flatMap {
            rig.coordination.holders(of: LockRequest(kind: .mutex, namespace: "default", name: $0))
        }
    }

    @Test func `the power may fail around any commit of a run with locks, and none is left behind`() async throws {
        let plan = try Rig.plan(Self.locked)
        let undisturbed = Rig(plan: plan)
        #expect(try await undisturbed.outcome().phase == .succeeded)
        #expect(undisturbed.runtime.world.mostRunning == 1)
        #expect(self.holders(undisturbed).isEmpty)
        for at in 1...(undisturbed.journal.commitCount + 1) {
            for cut in [MemoryJournal.Cut.before(commit: at), .after(commit: at)] {
                var rig = Rig(plan: plan)
                let world = rig.runtime.world
                rig.journal.cutPower(cut)
                if try await rig.outcome().phase == nil {
                    rig.journal.cutPower(nil)
                    guard try await rig.journal.run(named: "wf", namespace: "default")?.finishedAt == nil else { continue }
                    rig.runtime = ScriptedRuntime(world: world)
                    #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded, "\(cut)")
                }
                #expect(world.mostRunning == 1 && world.starts.count == 3 && world.starts.values.allSatisfy { $0 == 1 }, "\(cut)")
                #expect(self.holders(rig).isEmpty, "\(cut)")
            }
        }
    }

    @Test func `a run that is stopped while it holds one lock and waits for others gives all of them back`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Self.locked))
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            handle.shutDown(.terminate, message: "enough")
            return await handle.outcome()
        }
        #expect(outcome.phase == .failed)
        #expect(rig.runtime.world.starts.count == 1)
        #expect(self.holders(rig).isEmpty)
    }
}
