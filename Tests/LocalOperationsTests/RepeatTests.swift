import Engine
import LocalOperations
import Operations
import Ports
import SQLiteStore
import Synchronization
import TestKit
import Testing
import WorkflowModel

/// Runs that ended and go on, or are run once more.
@Suite(.timeLimit(.minutes(1))) struct RepeatTests {
    /// Pods of these nodes fail.
    private func runtime(_ world: PodWorld, failing ordinals: Set<Int>) -> ScriptedRuntime {
        ScriptedRuntime(world: world) { .exit(ordinals.contains($0.request.id.node.index) ? 1 : 0) }
    }

    private func failed(_ house: House, _ world: PodWorld, spec: String = "") async throws -> String {
        // Nodes: 0 main, 1 [0], 2 a, 3 [1], 4 b.
        let file = try house.flow("flow", steps: ["a", "b"], spec: spec)
        return try await house.carryOut(file, by: house.starter(self.runtime(world, failing: [4])))
    }

    @Test func `a run that failed goes on under its name and keeps what succeeded`() async throws {
        let house = try House()
        let world = PodWorld()
        let uid = try await self.failed(house, world)
        let starter = house.starter(self.runtime(world, failing: []))
        #expect(try await starter.forecast(RetryOrder(run: "flow")).again.map(\.name) == ["flow[1].b"])
        let session = try await starter.retry(RetryOrder(run: "flow"))
        try await session.wait()
        #expect(try await house.operations().list(ListQuery()).map { "\($0.uid) \($0.phase)" } == ["\(uid) Succeeded"])
        #expect(
            world.starts.mapValues { $0 }
                == Dictionary(uniqueKeysWithValues: [2, 4, 5].map { (PodID(run: RunID(uid), node: NodeID($0), attempt: 0), 1) }))
        let events = try await house.store().events(of: RunID(uid)).filter { $0.json.contains("retryRequested") }
        #expect(events.count == 1)
        let again = await #expect(throws: OperationError.self) { try await starter.retry(RetryOrder(run: "flow")) }
        #expect(again?.message.contains("it has succeeded") == true)
    }

    @Test func `new parameters are the run's from then on`() async throws {
        let house = try House()
        let world = PodWorld()
        _ = try await self.failed(house, world, spec: "  arguments: {parameters: [{name: color, value: red}]}\n")
        let starter = house.starter(self.runtime(world, failing: []))
        let unknown = await #expect(throws: OperationError.self) {
            try await starter.retry(RetryOrder(run: "flow", parameters: [.init(name: "colour", value: "blue")]))
        }
        #expect(unknown?.hint == "declared: color")
        try await starter.retry(RetryOrder(run: "flow", parameters: [.init(name: "color", value: "blue")])).wait()
        let workflow = try await house.operations().get("flow", namespace: "default")
        #expect(workflow["spec"]?["arguments"]?["parameters"]?[0]?["value"]?.string == "blue")
        #expect(try await house.operations().list(ListQuery()).map(\.parameters) == [["color": "blue"]])
    }

    @Test func `a retry that was recorded and not begun goes on when it is resumed`() async throws {
        let house = try House()
        let world = PodWorld()
        let uid = RunID(try await self.failed(house, world))
        let left = try await house.starter(ScriptedRuntime(world: world) { _ in nil }).retry(RetryOrder(run: "flow"))
        await left.leave()
        for pod in world.running { ScriptedRuntime(world: world).finish(pod, .exit(0)) }
        let session = try await house.starter(self.runtime(world, failing: [])).resume("flow", namespace: "default", maxParallel: nil)
        try await session.wait()
        #expect(try await house.operations().list(ListQuery()).map(\.phase) == ["Succeeded"])
        #expect(world.starts[PodID(run: uid, node: NodeID(5), attempt: 0)] == 1)
    }

    @Test func `a Workflow that ran elsewhere goes on from its file, compressed nodes and all`() async throws {
        let origin = try House()
        let uid = try await self.failed(origin, PodWorld())
        let exported = try await origin.operations().get(uid, namespace: "default")
        let house = try House()
        let file = try house.file("exported.json", exported.json)
        let world = PodWorld()
        #expect(try await house.starter().forecast(RetryOrder(run: file, isFile: true)).again.map(\.name) == ["flow[1].b"])
        try await house.starter(self.runtime(world, failing: [])).retry(RetryOrder(run: file, isFile: true)).wait()
        #expect(world.starts.count == 1)
        #expect(try await house.operations().list(ListQuery()).map { "\($0.name) \($0.phase)" } == ["flow Succeeded"])
        let again = PodWorld()
        try await house.starter(self.runtime(again, failing: [])).resubmit(ResubmitOrder(run: file, isFile: true, isMemoized: true)).wait()
        #expect(again.starts.count == 1)
        // The nodes of a small run, as Argo packs them: gzip in base64.
        var packed = exported
        let text = "H4sIAAAAAAACA6tWykxRslIqTs1JTS5RqgUALtu9qg8AAAA="
        if case .object(var object) = packed, case .object(var status)? = object["status"] {
            status["nodes"] = nil
            status["compressedNodes"] = .string(text)
            object["status"] = .object(status)
            packed = .object(object)
        }
        let shown = try await house.starter().exported(try house.file("packed.json", packed.json))
        #expect(shown["status"]?["nodes"] == ["id": "select"])
        let broken = await #expect(throws: OperationError.self) {
            _ = try await house.starter().exported(try house.file("broken.json", packed.json.replacing(text, with: "AAAA")))
        }
        #expect(broken?.hint?.contains("argo get NAME -o json") == true)
    }

    @Test func `why names who holds the lock, and that nobody carries the run out`() async throws {
        let house = try House()
        let chronicle = Chronicle()
        let spec = "  synchronization: {mutexes: [{name: m}]}\n"
        let first = try await house.starter(ScriptedRuntime(chronicle: chronicle) { _ in nil }).start(
            RunRequest(files: [try house.flow("one", spec: spec)]))
        await chronicle.wait(for: "launch 0")
        let second = try await house.starter().start(RunRequest(files: [try house.flow("two", spec: spec)]))
        let operations = try await house.operations()
        var told = try await operations.why("two", namespace: "default", node: nil)
        while told.explanations[0].reasons.count < 2 { told = try await operations.why("two", namespace: "default", node: nil) }
        #expect(
            told.explanations[0].reasons == [
                "waits for the lock default/Mutex/m before anything of it starts", "the lock is held by run 'one'",
            ])
        await second.leave()
        await first.leave()
        let abandoned = try await operations.why("one", namespace: "default", node: "one").explanations[0].reasons[0]
        #expect(abandoned == "no process carries the run out: go on with it with skiff run --resume one")
        await #expect(throws: OperationError.self) { try await operations.why("one", namespace: "default", node: "nobody") }
    }

    @Test func `a run is estimated by the last of its template that succeeded before it`() async throws {
        let house = try House()
        var estimates: [Int64?] = []
        for (name, code) in [("first", 1), ("second", 0), ("third", 0)] {
            let labels = ["workflows.argoproj.io/workflow-template": "t"]
            let session = try await house.starter(ScriptedRuntime { _ in .exit(code) }).start(
                RunRequest(files: [try house.flow(name)], labels: labels))
            try await session.wait()
            estimates.append(try await house.operations().get(name, namespace: "default")["status"]?["estimatedDuration"]?.integer)
        }
        #expect(estimates == [nil, nil, 0])
    }

    @Test func `two processes cannot retry one run`() async throws {
        let house = try House()
        let uid = RunID(try await self.failed(house, PodWorld()))
        let store = try await house.store()
        var record = try #require(try await store.run(named: "flow", namespace: "default"))
        let endedAt = try #require(record.finishedAt)
        record.finishedAt = nil
        let entry = JournalEntry(events: [], rows: [], record: record)
        _ = try await store.reopen(entry, endedAt: endedAt, workflow: nil, owner: House.livingOwner)
        await #expect(throws: JournalError.noSuchRun(uid.text)) {
            try await store.reopen(entry, endedAt: endedAt, workflow: nil, owner: House.livingOwner)
        }
        let refused = await #expect(throws: OperationError.self) { try await house.starter().retry(RetryOrder(run: "flow")) }
        #expect(refused?.code == .conflict)
    }

    @Test func `a resubmission is a new run, and a memoized one does only what failed`() async throws {
        let house = try House()
        let world = PodWorld()
        let uid = try await self.failed(house, world)
        for (isMemoized, pods) in [(false, 2), (true, 1)] {
            let before = world.starts.count
            let session = try await house.starter(self.runtime(world, failing: [])).resubmit(
                ResubmitOrder(run: uid, isMemoized: isMemoized, priority: 7))
            try await session.wait()
            let workflow = await session.workflows()[0]
            #expect(world.starts.count - before == pods)
            #expect(workflow["status"]?["phase"]?.string == "Succeeded")
            #expect(workflow["spec"]?["priority"]?.integer == 7)
            #expect(workflow["metadata"]?["name"]?.string?.hasPrefix("flow-") == true)
            #expect(workflow["metadata"]?["labels"]?["workflows.argoproj.io/resubmitted-from-workflow"]?.string == "flow")
            let messages = (workflow["status"]?["nodes"]?.object ?? JSONObject()).compactMap { $0.1["message"]?.string }
            #expect(messages == (isMemoized ? ["original pod: flow-\(ArgoNames.fnv1a32("flow[0].a"))"] : []))
        }
        #expect(try await house.operations().list(ListQuery()).count == 3)
        let refused = await #expect(throws: OperationError.self) {
            let done = try await house.operations().list(ListQuery()).first { $0.phase == "Succeeded" }
            _ = try await house.starter().resubmit(ResubmitOrder(run: done?.uid ?? "", isMemoized: true))
        }
        #expect(refused?.code == .conflict)
    }
}
