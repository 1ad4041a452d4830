import Engine
import LocalOperations
import Operations
import Ports
import SQLiteStore
import TestKit
import Testing
import WorkflowModel

@Suite(.timeLimit(.minutes(1))) struct DeletionTests {
    /// A run that this process carries out while `body` looks on, and then leaves.
    private func unfinished(_ house: House, _ body: () async throws -> Void) async throws -> RunID {
        let chronicle = Chronicle()
        let session = try await house.starter(ScriptedRuntime(chronicle: chronicle) { _ in nil }).start(
            RunRequest(files: [try house.flow("flow")]))
        await chronicle.wait(for: "launch 0")
        try await body()
        await session.leave()
        let run = RunID(await session.workflows()[0]["metadata"]?["uid"]?.string ?? "")
        try Files.write("log", to: "\(house.data)/pods/\(run)/0/0/main.log")
        return run
    }

    @Test func `a finished run is deleted with all it left`() async throws {
        let house = try House()
        let uid = try await house.carryOut(try house.flow("flow"))
        try Files.write("log", to: "\(house.data)/pods/\(uid)/0/0/main.log")
        try Files.write("kept", to: "\(house.data)/claims/\(uid)/work/file")
        try Files.write("kept", to: "\(house.data)/artifacts/\(uid)/0/0/out/out")
        #expect(house.leftovers(of: uid) == ["pods", "claims", "artifacts"])
        let operations = try await house.operations()
        #expect(try await operations.delete(uid, namespace: "default") == "flow")
        #expect(house.leftovers(of: uid).isEmpty)
        let gone = await #expect(throws: OperationError.self) { try await operations.delete(uid, namespace: "default") }
        #expect(gone?.code == .notFound)
    }

    @Test func `an unfinished run is deleted when its process is gone, after what it left running has ended`() async throws {
        let house = try House()
        let chronicle = Chronicle()
        let operations = try await house.operations(endPods: { run in
            // The files are still there: by them the pods are found.
            chronicle.add("ended \(run), files: \(house.leftovers(of: run.text).count)")
        })
        let run = try await self.unfinished(house) {
            let refusal = await #expect(throws: OperationError.self) { try await operations.delete("flow", namespace: "default") }
            #expect(
                refusal
                    == OperationError(
                        .conflict, "run 'flow' has not ended, and a process carries it out", hint: "end it with: skiff terminate flow"))
            #expect(chronicle.entries.isEmpty)
        }
        try await operations.delete("flow", namespace: "default")
        #expect(chronicle.entries == ["ended \(run), files: 1"])
        #expect(house.leftovers(of: run.text).isEmpty)
        #expect(try await operations.list(ListQuery()).isEmpty)
        // The name is free.
        try await house.carryOut(try house.flow("flow"))
    }

    @Test func `a deletion that does not get to its end is gone on with, and the run is not`() async throws {
        let house = try House()
        let run = try await self.unfinished(house) {}
        let operations = try await house.operations(endPods: { _ in })
        let stuck = try await house.operations(endPods: { _ in }, removeFiles: { _ in throw Fault("busy") })
        let failure = await #expect(throws: OperationError.self) { try await stuck.delete("flow", namespace: "default") }
        #expect(failure?.message == "what run 'flow' left cannot be removed: busy")
        await #expect(throws: OperationError.self) { try await house.starter().resume("flow", namespace: "default", maxParallel: nil) }
        #expect(try await operations.list(ListQuery()).map(\.message) == ["deleted before its end"])
        try await operations.delete("flow", namespace: "default")
        #expect(house.leftovers(of: run.text).isEmpty)
        #expect(try await operations.list(ListQuery()).isEmpty)
    }

    @Test func `a run whose pods cannot be ended stays, and can be resumed`() async throws {
        let house = try House()
        let run = try await self.unfinished(house) {}
        let operations = try await house.operations(endPods: { _ in throw Fault("no permission") })
        let failure = await #expect(throws: OperationError.self) { try await operations.delete("flow", namespace: "default") }
        #expect(failure == OperationError(.unavailable, "what run 'flow' left running cannot be ended: no permission"))
        #expect(house.leftovers(of: run.text) == ["pods"])
        let session = try await house.starter().resume("flow", namespace: "default", maxParallel: nil)
        try await session.wait()
        #expect(try await operations.list(ListQuery()).map(\.phase) == ["Succeeded"])
    }
}
