import Driver
import Engine
import Ports
import Synchronization
import TestKit
import Testing
import WorkflowModel

@Suite(.timeLimit(.minutes(1))) struct RunLoopTests {
    @Test func `a run is carried to its end and recorded`() async throws {
        let rig = Rig(plan: try Rig.plan(Manifest.diamond))
        #expect(try await rig.outcome().phase == .succeeded)
        let record = try #require(try await rig.journal.run(named: "wf", namespace: "default"))
        #expect(record.phase == "Succeeded")
        #expect(record.progress == "4/4")
        #expect(record.finishedAt != nil)
        #expect(try await rig.journal.owner(of: Rig.id) == nil)
        #expect(rig.runtime.world.starts.count == 4)
    }

    @Test func `what is decided is on the disk before anything is done about it`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.chain(3)))
        rig.journal = MemoryJournal(chronicle: chronicle, isSlow: true)
        rig.runtime = ScriptedRuntime(chronicle: chronicle)
        #expect(try await rig.outcome().phase == .succeeded)
        var recorded: Set<String> = []
        for entry in chronicle.entries {
            if entry.hasPrefix("commit") { recorded.formUnion(entry.split(separator: " ").map(String.init)) }
            if entry.hasPrefix("launch ") { #expect(recorded.contains(String(entry.dropFirst("launch ".count))), "\(chronicle.entries)") }
        }
        #expect(chronicle.entries.count { $0.hasPrefix("launch") } == 3)
        #expect(chronicle.entries.last == "released")
    }

    @Test func `news that comes together is committed together, and that a pod started waits for more`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.one))
        rig.journal = MemoryJournal(chronicle: chronicle)
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let clock = ManualClock()
        rig.clock = clock
        let runtime = rig.runtime
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait(for: "launch 0")
            await clock.sleeper(until: clock.now() + Span(milliseconds: 50))
            #expect(chronicle.entries.count { $0.hasPrefix("commit") } == 1)
            clock.advance(by: Span(milliseconds: 50))
            await chronicle.wait { $0.contains { $0.hasSuffix("(not urgent)") } }
            runtime.finish(PodID(run: Rig.id, node: NodeID(0), attempt: 0), .exit(0))
            return await handle.outcome()
        }
        #expect(outcome.phase == .succeeded)
        #expect(chronicle.entries.count { $0.hasPrefix("commit") } == 3)
    }

    @Test(arguments: [Manifest.diamond, Manifest.chain(3), Manifest.fan(4)])
    func `the power may fail around any commit, and nothing is lost or started twice`(manifest: String) async throws {
        let plan = try Rig.plan(manifest)
        let undisturbed = Rig(plan: plan)
        #expect(try await undisturbed.outcome().phase == .succeeded)
        let expected = Set(undisturbed.runtime.world.starts.keys)
        for at in 1...(undisturbed.journal.commitCount + 2) {
            for cut in [MemoryJournal.Cut.before(commit: at), .after(commit: at)] {
                var rig = Rig(plan: plan)
                let world = rig.runtime.world
                rig.journal.cutPower(cut)
                let first = try await rig.outcome()
                if first.phase == nil {
                    #expect(first.failure is MemoryJournal.PowerCut, "\(first)")
                    rig.journal.cutPower(nil)
                    let isRecorded = try await rig.journal.run(named: "wf", namespace: "default")?.finishedAt != nil
                    if !isRecorded {
                        rig.runtime = ScriptedRuntime(world: world)
                        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded, "\(cut)")
                    }
                }
                #expect(Set(world.starts.keys) == expected, "\(cut)")
                #expect(world.starts.values.allSatisfy { $0 == 1 }, "\(cut)")
                #expect(try await rig.journal.run(named: "wf", namespace: "default")?.phase == "Succeeded", "\(cut)")
            }
        }
    }

    @Test func `a run that cannot be recorded does nothing more and says why`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.chain(2)))
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let (journal, runtime) = (rig.journal, rig.runtime)
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            journal.fail(.storageFull("the disk is full"))
            for pod in runtime.world.running { runtime.finish(pod, .exit(0)) }
            return await handle.outcome()
        }
        #expect(outcome.failure as? JournalError == .storageFull("the disk is full"))
        #expect(runtime.world.starts.count == 1)
        // What was recorded stays: the first step, not its end.
        #expect(try await journal.run(named: "wf", namespace: "default")?.phase == "Running")
    }

    @Test func `an owner that was replaced records nothing more`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.chain(2)))
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let (journal, runtime) = (rig.journal, rig.runtime)
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            _ = try await journal.acquire(Rig.id, owner: Rig.owner) { _ in false }
            for pod in runtime.world.running { runtime.finish(pod, .exit(0)) }
            return await handle.outcome()
        }
        #expect(outcome.failure as? JournalError == .fenced)
        #expect(runtime.world.starts.count == 1)
    }

    @Test func `no more pods run at once than are let in`() async throws {
        var rig = Rig(plan: try Rig.plan(Manifest.fan(20)))
        rig.maxParallel = 3
        #expect(try await rig.outcome().phase == .succeeded)
        #expect(rig.runtime.world.mostRunning <= 3)
        #expect(rig.runtime.world.starts.count == 20)
    }

    @Test func `a stop reaches launches that wait for their turn`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.fan(5)))
        rig.maxParallel = 1
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            handle.shutDown(.stop, message: "enough")
            return await handle.outcome()
        }
        #expect(outcome.phase == .failed)
        #expect(rig.runtime.world.starts.count == 1)
        #expect(rig.runtime.world.running.isEmpty)
    }

    @Test(arguments: [[.stop], [.terminate], [.stop, .terminate]] as [[RunState.Shutdown]])
    func `a stop and a terminate ask a pod to end and give it the same time, once`(kinds: [RunState.Shutdown]) async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.one))
        rig.runtime = ScriptedRuntime(chronicle: chronicle, refusesToEnd: true) { _ in nil }
        let runtime = rig.runtime
        let pod = PodID(run: Rig.id, node: NodeID(0), attempt: 0)
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait(for: "launch 0")
            for kind in kinds { handle.shutDown(kind, message: "") }
            await chronicle.wait(for: "stop 0")
            // What is asked after the shutdown is answered after it.
            _ = await handle.snapshot()
            runtime.finish(pod, .exit(137))
            return await handle.outcome()
        }
        #expect(outcome.phase == .failed)
        #expect(runtime.world.graces(pod) == [.seconds(30)])
        #expect(runtime.world.request(pod)?.gracePeriod == .seconds(30))
    }

    @Test func `commands of other processes are obeyed, and completed with the record of that`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.chain(2)))
        rig.journal = MemoryJournal(chronicle: chronicle)
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let (journal, doorbell) = (rig.journal, rig.doorbell)
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            try await journal.send(.terminate, to: Rig.id, at: Timestamp(milliseconds: 0), message: "")
            _ = await doorbell.ring("test")
            return await handle.outcome()
        }
        #expect(outcome.phase == .failed)
        #expect(try await journal.pendingCommands(for: Rig.id).isEmpty)
        let entries = chronicle.entries
        let completed = try #require(entries.firstIndex(of: "completed terminate"))
        let stopped = try #require(entries.firstIndex { $0.hasPrefix("stop ") })
        #expect(entries[..<completed].last?.hasPrefix("commit") ?? false, "\(entries)")
        #expect(completed < stopped, "\(entries)")
    }

    @Test func `a command that came while nobody carried the run out is obeyed first`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.chain(2)))
        let world = PodWorld()
        rig.runtime = ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }
        let left = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            handle.leave()
            return await handle.outcome()
        }
        #expect(left.isLeft)
        #expect(world.running.count == 1)
        try await rig.journal.send(.stop, to: Rig.id, at: Timestamp(milliseconds: 0), message: "late")
        rig.runtime = ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .failed)
        #expect(world.running.isEmpty)
    }

    @Test func `a left run goes on elsewhere with the pods it has`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.chain(3)))
        let world = PodWorld()
        rig.runtime = ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }
        _ = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            handle.leave()
            return await handle.outcome()
        }
        #expect(try await rig.journal.owner(of: Rig.id) == nil)
        rig.runtime = ScriptedRuntime(world: world, chronicle: chronicle)
        let outcome = try await rig.resume { handle, _ in await handle.outcome() }
        #expect(outcome.phase == .succeeded)
        #expect(world.starts.count == 3)
        #expect(chronicle.entries.count { $0.hasPrefix("adopt") } == 1)
    }

    @Test func `a retry waits for its time, by the clock`() async throws {
        let chronicle = Chronicle()
        let clock = ManualClock()
        var rig = Rig(plan: try Rig.plan(Manifest.retried))
        rig.clock = clock
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { launch in launch.request.id.node == NodeID(1) ? .exit(1) : .exit(0) }
        let before = clock.now()
        let outcome = try await rig.start { handle, _ in
            await clock.sleeper(until: before + .seconds(10))
            #expect(chronicle.entries.count { $0.hasPrefix("launch") } == 1)
            clock.advance(by: .seconds(10))
            return await handle.outcome()
        }
        #expect(outcome.phase == .succeeded)
        #expect(rig.runtime.world.starts.count == 2)
    }

    @Test func `a pod that was lost is started again, and its first start stays recorded`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.one))
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { launch in launch.request.id.attempt == 0 ? nil : .exit(0) }
        let runtime = rig.runtime
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait(for: "launch 0")
            runtime.lose(PodID(run: Rig.id, node: NodeID(0), attempt: 0), reason: "the machine was restarted")
            return await handle.outcome()
        }
        #expect(outcome.phase == .succeeded)
        #expect(rig.runtime.world.starts.count == 2)
    }

    @Test func `a launch that waits for its turn again is not taken for one that never started`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.fan(3)))
        let world = PodWorld()
        // All three are started, and the process dies before it can record that.
        rig.runtime = ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }
        let journal = rig.journal
        _ = try await rig.start { handle, _ in
            await chronicle.wait { $0.count { $0.hasPrefix("launch") } == 3 }
            journal.cutPower(.before(commit: 1))
            handle.leave()
            return await handle.outcome()
        }
        journal.cutPower(nil)
        #expect(world.running.count == 3)
        rig.runtime = ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }
        rig.maxParallel = 1
        try await journal.send(.stop, to: Rig.id, at: Timestamp(milliseconds: 0), message: "")
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .failed)
        #expect(world.running.isEmpty)
        #expect(world.starts.values.allSatisfy { $0 == 1 })
    }
}
