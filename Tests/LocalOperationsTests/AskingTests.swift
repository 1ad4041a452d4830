import Engine
import LocalOperations
import Operations
import Ports
import TestKit
import Testing
import WorkflowModel

/// Stored runs, asked by another process.
@Suite(.timeLimit(.minutes(1))) struct AskingTests {
    /// A run that this process carries out: it has one pod that runs until it is stopped.
    private struct Running {
        var session: any RunSession
        var runtime: ScriptedRuntime
        var uid: String
    }

    private func running(_ house: House, spec: String = "") async throws -> Running {
        let chronicle = Chronicle()
        let runtime = ScriptedRuntime(chronicle: chronicle) { launch in launch.request.id.node == NodeID(0) ? nil : .exit(0) }
        let session = try await house.starter(runtime).start(RunRequest(files: [try house.flow("flow", spec: spec)]))
        await chronicle.wait(for: "launch 0")
        let uid = await session.workflows()[0]["metadata"]?["uid"]?.string ?? ""
        return Running(session: session, runtime: runtime, uid: uid)
    }

    @Test(arguments: [true, false]) func `a stop and a terminate reach the process that carries the run out`(isTerminate: Bool) async throws
    {
        let house = try House()
        let run = try await self.running(house, spec: "  onExit: leaf\n")
        let operations = try await house.operations()
        let name =
            isTerminate
            ? try await operations.terminate("@latest", namespace: "default")
            : try await operations.stop(run.uid, namespace: "default", message: "lunch")
        #expect(name == "flow")
        try await run.session.wait()
        let workflow = try await operations.get("flow", namespace: "default")
        #expect(workflow["status"]?["phase"]?.string == "Failed")
        // The exit handler runs after a stop only.
        #expect(run.runtime.world.starts.count == (isTerminate ? 1 : 2))
        let again = await #expect(throws: OperationError.self) { try await operations.terminate("flow", namespace: "default") }
        #expect(again == OperationError(.conflict, "run 'flow' has ended already: Failed"))
    }

    @Test func `a stop of a run that nobody carries out is kept for who goes on with it`() async throws {
        let house = try House()
        let run = try await self.running(house)
        await run.session.leave()
        let operations = try await house.operations()
        let refusal = await #expect(throws: OperationError.self) { try await operations.stop("flow", namespace: "default", message: "") }
        #expect(
            refusal?.message == "no process carries run 'flow' out; that it is to stop is recorded and done when it goes on")
        let resumed = try await house.starter(ScriptedRuntime(world: run.runtime.world) { _ in nil }).resume(
            "flow", namespace: "default", maxParallel: nil)
        try await resumed.wait()
        #expect(await resumed.workflows()[0]["status"]?["phase"]?.string == "Failed")
    }

    @Test func `runs are found by name, by uid, and as the newest; of a name the newest counts`() async throws {
        let house = try House()
        let file = try house.flow("flow")
        let first = try await house.carryOut(file)
        let second = try await house.carryOut(file)
        let operations = try await house.operations()
        for (name, uid) in [("flow", second), (first, first), ("@latest", second)] {
            #expect(try await operations.get(name, namespace: "default")["metadata"]?["uid"]?.string == uid)
        }
        let unknown = await #expect(throws: OperationError.self) { try await operations.get("nobody", namespace: "default") }
        #expect(
            unknown
                == OperationError(.notFound, "there is no run 'nobody' in namespace 'default'", hint: "see which there are: skiff list -A"))
        let empty = await #expect(throws: OperationError.self) { try await operations.get("@latest", namespace: "else") }
        #expect(empty?.message == "there are no runs in namespace 'else'")
    }

    // MARK: Logs

    /// Lines of a log file, a second apart, from so many seconds past noon.
    private func log(_ texts: [String], from seconds: Int, every: Int = 1) -> String {
        texts.enumerated().map { at, text in
            let time = seconds + at * every
            return "2026-11-21T12:00:\(time < 10 ? "0" : "")\(time).000000000Z stdout F \(text)\n"
        }.joined()
    }

    /// A finished run of two pods whose logs overlap in time.
    private func logged(_ house: House) async throws -> String {
        let clock = ManualClock(now: try #require(Timestamp(rfc3339: "2026-11-21T11:59:00Z")))
        let past = House(clock: clock, at: house)
        let runtime = ScriptedRuntime()
        let uid = try await past.carryOut(try house.flow("flow", steps: ["a", "b"]), by: past.starter(runtime))
        let nodes = runtime.world.starts.keys.map(\.node.ordinal).sorted()
        try #require(nodes.count == 2)
        try Files.write(self.log(["a1", "a2", "a3"], from: 0, every: 2), to: "\(house.data)/pods/\(uid)/\(nodes[0])/0/main.log")
        try Files.write(self.log(["b1", "b2"], from: 1, every: 2), to: "\(house.data)/pods/\(uid)/\(nodes[1])/0/main.log")
        return uid
    }

    private func texts(_ query: LogsQuery, _ house: House) async throws -> [String] {
        var texts: [String] = []
        for try await line in try await house.operations().logs(query) { texts.append(line.text) }
        return texts
    }

    @Test func `lines of all pods are merged by time, and chosen by node, pattern, age and number`() async throws {
        let house = try House()
        let uid = try await self.logged(house)
        #expect(try await self.texts(LogsQuery(run: uid), house) == ["a1", "b1", "a2", "b2", "a3"])
        #expect(try await self.texts(LogsQuery(run: uid, node: "b"), house) == ["b1", "b2"])
        #expect(try await self.texts(LogsQuery(run: uid, pattern: "^[ab]2$"), house) == ["a2", "b2"])
        #expect(try await self.texts(LogsQuery(run: uid, tail: 1), house) == ["b2", "a3"])
        let since = try #require(Timestamp(rfc3339: "2026-11-21T12:00:03Z"))
        #expect(try await self.texts(LogsQuery(run: uid, since: since), house) == ["b2", "a3"])
        // Following a run that has ended ends as well.
        #expect(try await self.texts(LogsQuery(run: uid, follows: true), house).count == 5)
        let unknown = await #expect(throws: OperationError.self) { try await self.texts(LogsQuery(run: uid, node: "nobody"), house) }
        #expect(unknown?.message == "run 'flow' has no pod 'nobody'")
        let wrong = await #expect(throws: OperationError.self) { try await self.texts(LogsQuery(run: uid, pattern: "("), house) }
        #expect(wrong?.code == .invalid)
    }

    @Test func `following a run goes on with the pods that come, and ends when nobody carries it out any more`() async throws {
        let house = try House()
        let chronicle = Chronicle()
        let runtime = ScriptedRuntime(chronicle: chronicle) { launch in
            // As the pod's supervisor does.
            let directory = "\(house.data)/pods/\(launch.request.id)"
            guard
                (try? Files.write(
                    "2026-11-21T12:00:00.000000000Z stdout F \(launch.request.id.node.ordinal)\n", to: "\(directory)/main.log")) != nil,
                (try? Files.write("version 1\ncode 0\nfinished 1\nend\n", to: "\(directory)/exit")) != nil
            else { return .exit(1) }
            return chronicle.entries.count { $0.hasPrefix("launch") } == 1 ? .exit(0) : nil
        }
        let session = try await house.starter(runtime).start(RunRequest(files: [try house.flow("flow", steps: ["a", "b"])]))
        await chronicle.wait { $0.count { $0.hasPrefix("launch") } == 1 }
        let lines = try await house.operations().logs(LogsQuery(run: "flow", follows: true))
        await chronicle.wait { $0.count { $0.hasPrefix("launch") } == 2 }
        var iterator = lines.makeAsyncIterator()
        let first = try await iterator.next()
        let second = try await iterator.next()
        #expect(Set([first?.text, second?.text]).count == 2 && second != nil)
        await session.leave()
        #expect(try await iterator.next() == nil)
    }
}
