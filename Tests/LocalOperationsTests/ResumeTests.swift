import Engine
import LocalOperations
import Operations
import Ports
import SQLiteStore
import TestKit
import Testing
import WorkflowModel

/// Runs whose process is gone.
@Suite(.timeLimit(.minutes(1))) struct ResumeTests {
    /// A run of one pod that its process has left while the pod ran.
    private func left(_ house: House, _ world: PodWorld) async throws -> RunID {
        let chronicle = Chronicle()
        let session = try await house.starter(ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }).start(
            RunRequest(files: [try house.flow("flow")]))
        await chronicle.wait(for: "launch 0")
        await session.leave()
        return RunID(await session.workflows()[0]["metadata"]?["uid"]?.string ?? "")
    }

    @Test func `a run that was left goes on with the pods it has`() async throws {
        let house = try House()
        let world = PodWorld()
        _ = try await self.left(house, world)
        let runtime = ScriptedRuntime(world: world)
        for pod in world.running { runtime.finish(pod, .exit(0)) }
        let session = try await house.starter(runtime).resume("flow", namespace: "default", maxParallel: nil)
        try await session.wait()
        #expect(try await house.operations().list(ListQuery()).map(\.phase) == ["Succeeded"])
        #expect(Array(world.starts.values) == [1])
        let again = await #expect(throws: OperationError.self) {
            try await house.starter().resume("flow", namespace: "default", maxParallel: nil)
        }
        #expect(again?.message == "run 'flow' has ended already: Succeeded")
    }

    @Test func `after a restart of the machine no attempt is launched twice`() async throws {
        let house = try House()
        let world = PodWorld()
        let run = try await self.left(house, world)
        // The power goes, and with it every trace of the pod; the run was last carried out in that life of the machine.
        let store = try await house.store()
        let record = try #require(try await store.run(named: "flow", namespace: "default"))
        var owner = House.livingOwner
        owner.bootID = "before"
        let ownership = try await store.acquire(run, owner: owner) { _ in false }
        try await store.commit(JournalEntry(events: [], rows: [], record: record), by: ownership, isUrgent: true)
        world.restart(remembered: 0)
        let session = try await house.starter(ScriptedRuntime(world: world)).resume("flow", namespace: "default", maxParallel: nil)
        try await session.wait()
        #expect(try await house.operations().list(ListQuery()).map(\.phase) == ["Succeeded"])
        #expect(world.starts.values.allSatisfy { $0 == 1 })
        #expect(Set(world.starts.keys.map(\.attempt)) == [0, 1])
    }

    @Test func `a run that another process carries out is not resumed`() async throws {
        let house = try House()
        let chronicle = Chronicle()
        let runtime = ScriptedRuntime(chronicle: chronicle) { _ in nil }
        let session = try await house.starter(runtime).start(RunRequest(files: [try house.flow("flow")]))
        await chronicle.wait(for: "launch 0")
        let refusal = await #expect(throws: OperationError.self) {
            try await house.starter().resume("flow", namespace: "default", maxParallel: nil)
        }
        #expect(refusal?.code == .conflict)
        #expect(refusal?.message == "run 'flow' is being carried out by process \(House.livingOwner.processID)")
        for pod in runtime.world.running { runtime.finish(pod, .exit(0)) }
        try await session.wait()
    }
}
