import Driver
import Engine
import Ports
import Synchronization
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
        rig.artifacts = MemoryArtifacts(trouble: .saving)
        let (outcome, machine) = try await rig.start { handle, _ in (await handle.outcome(), await handle.snapshot()) }
        #expect(outcome.phase?.isFinished == true && outcome.phase != .succeeded)
        #expect(
            machine.nodes.contains { $0.message == "output artifact 'out' cannot be kept: the disk cannot be read" },
            "\(machine.nodes.map(\.message))")
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

    /// How a run ends whose second step takes an input that is optional.
    private func optionalInput(_ artifacts: MemoryArtifacts, loses: Bool) async throws -> (RunHandle.Outcome, RunMachine, [PodLaunch]) {
        var rig = Rig(plan: try Rig.plan(Manifest.optionalArtifact))
        rig.artifacts = artifacts
        let launches = Mutex<[PodLaunch]>([])
        rig.runtime = ScriptedRuntime { launch in
            launches.withLock { $0.append(launch) }
            guard !launch.request.outputs.artifacts.isEmpty else { return .exit(0) }
            var result = PodResult(end: .exited(code: 0), finishedAt: Timestamp(milliseconds: 0))
            result.artifacts["out"] = StoredArtifact(key: "elsewhere", fileName: "out", archive: .tar, isDirectory: false)
            return ScriptedRuntime.Ending(result, collected: loses ? [] : [Self.made])
        }
        let (outcome, machine) = try await rig.start { handle, _ in (await handle.outcome(), await handle.snapshot()) }
        return (outcome, machine, launches.withLock { $0 })
    }

    @Test func `an optional input that is gone is left out`() async throws {
        let (outcome, _, launches) = try await self.optionalInput(MemoryArtifacts(), loses: true)
        #expect(outcome.phase == .succeeded)
        #expect(launches.map(\.inputs.count) == [0, 0])
    }

    @Test func `an optional input that is there and cannot be read ends the pod before it starts`() async throws {
        let (outcome, machine, launches) = try await self.optionalInput(MemoryArtifacts(trouble: .placing), loses: false)
        #expect(outcome.phase?.isFinished == true && outcome.phase != .succeeded)
        #expect(
            machine.nodes.contains { $0.message == "input artifact 'in': the disk cannot be read" }, "\(machine.nodes.map(\.message))")
        #expect(launches.count == 1)
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
