import Driver
import Engine
import Ports
import TestKit
import Testing
import WorkflowModel

@Suite(.timeLimit(.minutes(1))) struct ArtifactTests {
    private static let made = CollectedArtifact(name: "out", path: "/collected/out", fileName: "out", archive: .tar, isDirectory: false)

    private static func making(_ chronicle: Chronicle) -> ScriptedRuntime {
        ScriptedRuntime(chronicle: chronicle) { launch in
            guard !launch.request.outputs.artifacts.isEmpty else { return .exit(0) }
            return ScriptedRuntime.Ending(PodResult(end: .exited(code: 0), finishedAt: Timestamp(milliseconds: 0)), collected: [Self.made])
        }
    }

    @Test func `outputs are kept before anybody hears that their pod has ended, and given to who needs them`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.artifacts))
        rig.journal = MemoryJournal(chronicle: chronicle)
        rig.runtime = Self.making(chronicle)
        rig.artifacts = MemoryArtifacts(chronicle: chronicle)
        #expect(try await rig.outcome().phase == .succeeded)
        let saved = try #require(chronicle.entries.firstIndex(of: "save out"))
        let launches = chronicle.entries.indices.filter { chronicle.entries[$0].hasPrefix("launch") }
        #expect(launches.count == 2)
        #expect(launches[0] < saved && saved < launches[1])
        let pods = rig.runtime.world.starts.keys.sorted { $0.node < $1.node }
        #expect(rig.artifacts.keys == ["\(Rig.id)/\(pods[0].node.ordinal)/0/out"])
    }

    @Test func `an output that cannot be kept is a lost output`() async throws {
        var rig = Rig(plan: try Rig.plan(Manifest.artifacts))
        rig.runtime = Self.making(Chronicle())
        rig.artifacts = MemoryArtifacts(refusesAll: true)
        let (outcome, machine) = try await rig.start { handle, _ in (await handle.outcome(), await handle.snapshot()) }
        #expect(outcome.phase?.isFinished == true && outcome.phase != .succeeded)
        #expect(
            machine.nodes.contains { $0.message == "output artifact 'out' cannot be kept: it is gone" }, "\(machine.nodes.map(\.message))")
    }

    @Test func `an input that is gone ends the pod before it starts`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Manifest.artifacts))
        let artifacts = rig.artifacts
        rig.runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        rig.maxParallel = 1
        let runtime = rig.runtime
        let (outcome, machine) = try await rig.start { handle, driver in
            await chronicle.wait { $0.contains { $0.hasPrefix("launch") } }
            let pod = try #require(runtime.world.running.first)
            // Said to be kept, but it is not.
            var result = PodResult(end: .exited(code: 0), finishedAt: Timestamp(milliseconds: 0))
            result.artifacts["out"] = StoredArtifact(key: "elsewhere", fileName: "out", archive: .tar, isDirectory: false)
            runtime.finish(pod, ScriptedRuntime.Ending(result))
            return (await handle.outcome(), await handle.snapshot())
        }
        artifacts.forget()
        #expect(outcome.phase?.isFinished == true && outcome.phase != .succeeded)
        #expect(machine.nodes.contains { $0.message == "input artifact 'in': it is gone" }, "\(machine.nodes.map(\.message))")
        #expect(runtime.world.starts.count == 1)
    }

    @Test func `secret values are fetched for the pod that names them and for nobody else`() async throws {
        var rig = Rig(plan: try Rig.plan(Manifest.secret, secrets: ["login": ["password"]]))
        rig.secrets = ["login": ["password": Array("open sesame".utf8)], "other": ["x": [1]]]
        let chronicle = Chronicle()
        rig.runtime = ScriptedRuntime { launch in
            chronicle.add(launch.secrets.keys.sorted().joined(separator: ","))
            return .exit(launch.secrets["login"]?["password"] == Array("open sesame".utf8) ? 0 : 1)
        }
        #expect(try await rig.outcome().phase == .succeeded)
        #expect(chronicle.entries == ["login"])
    }
}
