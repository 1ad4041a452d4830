import Engine
import LocalOperations
import Operations
import Ports
import SQLiteStore
import TestKit
import Testing
import WorkflowModel

@Suite(.timeLimit(.minutes(1))) struct RetentionTests {
    private func making(_ house: House) -> ScriptedRuntime {
        ScriptedRuntime { launch in
            let path = "\(house.data)/pods/\(launch.request.id)/outputs/out"
            guard (try? Files.write("made", to: path)) != nil else { return .exit(1) }
            let made = CollectedArtifact(name: "out", path: path, fileName: "out", archive: .none, isDirectory: false)
            return ScriptedRuntime.Ending(PodResult(end: .exited(code: 0), finishedAt: Timestamp(milliseconds: 0)), collected: [made])
        }
    }

    @Test func `starting a run removes the finished ones beyond the number to keep, with all they left`() async throws {
        let house = try House()
        var runs: [String] = []
        for _ in 0..<5 {
            runs.append(try await house.carryOut(try house.flow("flow-"), by: house.starter(self.making(house), retention: .standard)))
        }
        #expect(runs.map { house.leftovers(of: $0) } == Array(repeating: ["pods", "artifacts"], count: 5))
        let chronicle = Chronicle()
        let runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let session = try await house.starter(runtime, retention: Retention(runs: 3, age: nil), chronicle: chronicle).start(
            RunRequest(files: [try house.flow("flow-")]))
        // Beside the run, not before it or after it.
        await chronicle.wait(for: "launch 0")
        await chronicle.wait(for: "deleted \(runs[1])")
        for pod in runtime.world.running { runtime.finish(pod, .exit(0)) }
        try await session.wait()
        let last = await session.workflows()[0]["metadata"]?["uid"]?.string
        #expect(try await house.operations().list(ListQuery()).map(\.uid) == [last, runs[4], runs[3], runs[2]])
        #expect(runs.map { house.leftovers(of: $0) } == [[], []] + Array(repeating: ["pods", "artifacts"], count: 3))
    }

    @Test func `a finished run is removed when its time is over`() async throws {
        let clock = ManualClock()
        let house = try House(clock: clock)
        let old = try await house.carryOut(try house.flow("old"), by: house.starter(self.making(house)))
        clock.advance(by: .seconds(3600))
        let young = try await house.carryOut(try house.flow("young"), by: house.starter(self.making(house)))
        clock.advance(by: .seconds(3600))
        let retention = Retention(runs: nil, age: .seconds(3601))
        let last = try await house.carryOut(try house.flow("last"), by: house.starter(self.making(house), retention: retention))
        #expect(try await house.operations().list(ListQuery()).map(\.uid) == [last, young])
        #expect(house.leftovers(of: old).isEmpty)
        #expect(house.leftovers(of: young) == ["pods", "artifacts"])
    }

    @Test func `neither an unfinished run nor one whose process still holds it is removed`() async throws {
        let house = try House()
        let chronicle = Chronicle()
        let left = try await house.starter(ScriptedRuntime(chronicle: chronicle) { _ in nil }).start(
            RunRequest(files: [try house.flow("unfinished")]))
        await chronicle.wait(for: "launch 0")
        await left.leave()
        // Finished, and its process about to let go of it: as this one is alive, it could be.
        let store = try await house.store()
        let held = RunRecord(
            id: RunID("held"), namespace: "default", name: "held", phase: "Succeeded", createdAt: house.clock.now(),
            finishedAt: house.clock.now())
        let owner = House.livingOwner
        let ownership = try await store.create(
            held, source: RunSource(workflow: "{}", context: [], secrets: [:], options: "{}"), owner: owner)
        let none = Retention(runs: 0, age: .seconds(0))
        try await house.carryOut(try house.flow("flow-"), by: house.starter(retention: none))
        #expect(Set(try await house.operations().list(ListQuery()).map(\.name)).isSuperset(of: ["unfinished", "held"]))
        try await store.release(ownership)
        try await house.carryOut(try house.flow("flow-"), by: house.starter(retention: none))
        let names = try await house.operations().list(ListQuery()).map(\.name)
        #expect(names.contains("unfinished") && !names.contains("held"), "\(names)")
    }
}
