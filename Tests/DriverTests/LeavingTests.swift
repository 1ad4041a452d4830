import Driver
import Engine
import Ports
import TestKit
import Testing
import WorkflowModel

/// Runs that are given up, and what is cleaned up behind runs that end.
@Suite struct LeavingTests {
    @Test func `a run that is left with its pods ended starts them anew, and the loss costs no retry`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.fan(3)))
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let world = rig.runtime.world
        let left = try await rig.start { handle, _ in
            await chronicle.wait { $0.count { $0.hasPrefix("launch") } == 3 }
            handle.leaveEndingPods()
            return await handle.outcome()
        }
        #expect(left.isLeft)
        #expect(world.running.isEmpty)
        rig.runtime = ScriptedRuntime(world: world)
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded)
        #expect(world.starts.count == 6)
        #expect(world.starts.values.allSatisfy { $0 == 1 })
    }

    @Test func `a pod that ends well while it is being ended has ended well`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.one))
        rig.runtime = ScriptedRuntime(chronicle: chronicle, refusesToEnd: true) { _ in nil }
        let runtime = rig.runtime
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            handle.leaveEndingPods()
            await chronicle.wait { $0.contains { $0.hasPrefix("stop") } }
            for pod in runtime.world.running { runtime.finish(pod, .exit(0)) }
            return await handle.outcome()
        }
        #expect(outcome.phase == .succeeded)
        #expect(try await rig.journal.run(named: "wf", namespace: "default")?.finishedAt != nil)
    }

    @Test func `a run that waits for its turn is left at once`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.fan(4)))
        rig.maxParallel = 1
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let world = rig.runtime.world
        let left = try await rig.start { handle, _ in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            handle.leaveEndingPods()
            return await handle.outcome()
        }
        #expect(left.isLeft)
        #expect(world.starts.count == 1)
        rig.runtime = ScriptedRuntime(world: world)
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded)
        #expect(world.starts.values.allSatisfy { $0 == 1 })
        #expect(world.starts.count == 5)
    }

    @Test func `artifacts go at the end of the run where the workflow says so, before it is given up`() async throws {
        let chronicle = Chronicle()
        let yaml = Manifest.artifacts
            .replacing("spec:\n", with: "spec:\n  artifactGC: {strategy: OnWorkflowCompletion}\n")
            .replacing(
                "{artifacts: [{name: out, path: /tmp/out}]}",
                with: "{artifacts: [{name: out, path: /tmp/out}, {name: kept, path: /tmp/kept, artifactGC: {strategy: Never}}]}")
        var rig = Rig(plan: try Rig.plan(yaml))
        rig.journal = MemoryJournal(chronicle: chronicle)
        rig.artifacts = MemoryArtifacts(chronicle: chronicle)
        rig.runtime = ScriptedRuntime { launch in
            ScriptedRuntime.Ending(
                PodResult(end: .exited(code: 0), finishedAt: .init(milliseconds: 0)),
                collected: launch.request.outputs.artifacts.map {
                    CollectedArtifact(name: $0.name, path: "/x", fileName: "x", archive: .tar, isDirectory: false)
                })
        }
        #expect(try await rig.outcome().phase == .succeeded)
        #expect(rig.artifacts.keys.allSatisfy { $0.hasSuffix("/kept") })
        #expect(rig.artifacts.keys.count == 1)
        let removed = chronicle.entries.firstIndex { $0.hasPrefix("remove") }
        #expect(removed.map { $0 < chronicle.entries.count - 1 } == true)
        #expect(chronicle.entries.last == "released")
    }

    @Test(arguments: [(0, "", true), (1, "", false), (1, "OnWorkflowCompletion", true)])
    func `the claims of a run go when it succeeds, and when it fails only if that is wanted`(
        code: Int, strategy: String, isRemoved: Bool
    ) async throws {
        let chronicle = Chronicle()
        let claims =
            "spec:\n  volumeClaimTemplates: [{metadata: {name: work}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]\n"
            + (strategy.isEmpty ? "" : "  volumeClaimGC: {strategy: \(strategy)}\n")
        var rig = Rig(plan: try Rig.plan(Manifest.one.replacing("spec:\n", with: claims)))
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in .exit(code) }
        _ = try await rig.outcome()
        #expect(chronicle.entries.contains("remove claims") == isRemoved)
    }

    @Test(arguments: [(0, Int64(7)), (1, Int64(9))])
    func `a run says when it is to be deleted`(code: Int, seconds: Int64) async throws {
        let times = "spec:\n  ttlStrategy: {secondsAfterCompletion: 5, secondsAfterSuccess: 7, secondsAfterFailure: 9}\n"
        var rig = Rig(plan: try Rig.plan(Manifest.one.replacing("spec:\n", with: times)))
        rig.runtime = ScriptedRuntime { _ in .exit(code) }
        _ = try await rig.outcome()
        let record = try await rig.journal.run(named: "wf", namespace: "default")
        #expect(record?.expiresAt == record?.finishedAt.map { $0 + Span.seconds(seconds) })
    }

    @Test func `logs become artifacts where the workflow says so`() async throws {
        var rig = Rig(plan: try Rig.plan(Manifest.one.replacing("spec:\n", with: "spec:\n  archiveLogs: true\n")))
        rig.runtime = ScriptedRuntime()
        let outputs = try await rig.start { handle, _ in
            #expect(await handle.outcome().phase == .succeeded)
            return await handle.snapshot().nodes.flatMap(\.outputs.artifacts)
        }
        #expect(outputs.map(\.name) == ["main-logs"])
        #expect(rig.artifacts.keys == ["\(Rig.id)/0/0/main-logs"])
    }
}
