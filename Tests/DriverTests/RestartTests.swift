import Driver
import Engine
import Ports
import TestKit
import Testing
import WorkflowModel

/// The machine goes down under a run, and with it what had not reached the disk.
@Suite(.timeLimit(.minutes(1))) struct RestartTests {
    /// A run of three pods, all of which were started when the power went; none of the starts is in the journal.
    private func cutShort(_ world: PodWorld, remembered: Int = 0) async throws -> Rig {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.fan(3)))
        rig.runtime = ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }
        let journal = rig.journal
        _ = try await rig.start { handle, _ in
            await chronicle.wait { $0.count { $0.hasPrefix("launch") } == 3 }
            journal.cutPower(.before(commit: 1))
            handle.leave()
            return await handle.outcome()
        }
        journal.cutPower(nil)
        world.restart(remembered: remembered)
        rig.bootID = "boot after the power cut"
        return rig
    }

    private func attempts(_ world: PodWorld) -> [Int: Int] {
        world.starts.keys.reduce(into: [:]) { $0[$1.attempt, default: 0] += 1 }
    }

    @Test(arguments: [0, 1, 3]) func `what may have run before a restart is not launched again, and is a new attempt`(remembered: Int)
        async throws
    {
        let world = PodWorld()
        var rig = try await self.cutShort(world, remembered: remembered)
        rig.runtime = ScriptedRuntime(world: world)
        let (outcome, machine) = try await rig.resume { handle, _ in (await handle.outcome(), await handle.snapshot()) }
        #expect(outcome.phase == .succeeded)
        #expect(world.starts.values.allSatisfy { $0 == 1 }, "\(world.starts)")
        #expect(self.attempts(world) == [0: 3, 1: 3])
        #expect(machine.nodes.filter { $0.type == .pod }.allSatisfy { $0.podAttempt == 1 })
        #expect(try await rig.journal.bootID(of: Rig.id) == rig.bootID)
    }

    @Test func `whoever takes the run up before the losses are recorded leaves the question to the next one`() async throws {
        let world = PodWorld()
        var rig = try await self.cutShort(world)
        rig.runtime = ScriptedRuntime(world: world)
        rig.journal.cutPower(.before(commit: 1))
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.failure is MemoryJournal.PowerCut)
        #expect(self.attempts(world) == [0: 3])
        rig.journal.cutPower(nil)
        rig.runtime = ScriptedRuntime(world: world)
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded)
        #expect(world.starts.values.allSatisfy { $0 == 1 }, "\(world.starts)")
    }

    @Test func `whoever takes the run up after that launches what was asked for since`() async throws {
        let world = PodWorld()
        var rig = try await self.cutShort(world)
        rig.runtime = ScriptedRuntime(world: world)
        // The losses and the new launches are recorded, and nothing is launched.
        rig.journal.cutPower(.after(commit: 1))
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.failure is MemoryJournal.PowerCut)
        rig.journal.cutPower(nil)
        rig.runtime = ScriptedRuntime(world: world)
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded)
        #expect(self.attempts(world) == [0: 3, 1: 3])
    }

    @Test func `a run that was recorded and had not begun launches each pod once`() async throws {
        let world = PodWorld()
        var rig = Rig(plan: try Rig.plan(Manifest.fan(3)))
        rig.runtime = ScriptedRuntime(world: world)
        rig.journal.cutPower(.before(commit: 1))
        #expect(try await rig.start { handle, _ in await handle.outcome() }.failure is MemoryJournal.PowerCut)
        rig.journal.cutPower(nil)
        rig.bootID = "boot after the power cut"
        rig.runtime = ScriptedRuntime(world: world)
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded)
        #expect(self.attempts(world) == [0: 3])
    }

    @Test func `an end that was not recorded before the restart is taken from what is on the disk`() async throws {
        let chronicle = Chronicle()
        let world = PodWorld()
        var rig = Rig(plan: try Rig.plan(Manifest.one))
        rig.runtime = ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }
        _ = try await rig.start { handle, _ in
            await chronicle.wait(for: "launch 0")
            handle.leave()
            return await handle.outcome()
        }
        rig.runtime.finish(PodID(run: Rig.id, node: NodeID(0), attempt: 0), .exit(0))
        world.restart(remembered: 1)
        rig.bootID = "next"
        rig.runtime = ScriptedRuntime(world: world)
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded)
        #expect(self.attempts(world) == [0: 1])
    }

    @Test func `a pod that was being stopped when the machine went down is not started again`() async throws {
        let world = PodWorld()
        var rig = try await self.cutShort(world)
        try await rig.journal.send(.stop, to: Rig.id, at: Timestamp(milliseconds: 0), message: "")
        rig.runtime = ScriptedRuntime(world: world)
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .failed)
        #expect(self.attempts(world) == [0: 3])
    }
}
