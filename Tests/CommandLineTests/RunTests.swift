import Diagnostics
import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct RunTests {
    static var finished: JSONValue {
        SampleFlow.steps.workflow(status: ["outputs": ["parameters": [["name": "total", "value": "42"]]]])
    }

    static var failed: JSONValue {
        var flow = SampleFlow()
        flow.add("flow", "flow", "DAG", "Failed", template: "main")
        flow.add("flow.a", "a b", "Pod", "Failed", template: "work", in: "flow", after: ["flow"], message: "exit code 3")
        return flow.workflow("Failed", message: "child failed")
    }

    @Test func `without a terminal each change is a line`() async {
        let session = FakeSession([Self.finished])
        let program = TestProgram(starter: FakeStarter(session: session))
        session.tell(.runtimeChosen("sandbox (user namespaces)"))
        session.tell(.runStarted(run: "flow"))
        session.tell(.nodeChanged(run: "flow", node: "flow[0]", displayName: "[0]", type: "StepGroup", phase: "Running", message: ""))
        session.tell(.nodeChanged(run: "flow", node: "flow[0].a", displayName: "a", type: "Pod", phase: "Pending", message: ""))
        session.tell(.nodeChanged(run: "flow", node: "flow[0].a", displayName: "a", type: "Pod", phase: "Running", message: ""))
        session.tell(.nodeChanged(run: "flow", node: "flow[0].a", displayName: "a", type: "Pod", phase: "Failed", message: "exit\ncode 1"))
        session.tell(
            .nodeChanged(run: "flow", node: "flow[0].b", displayName: "b", type: "Pod", phase: "Pending", message: "waits for lock"))
        session.tell(.nodeChanged(run: "flow", node: "flow", displayName: "flow", type: "Steps", phase: "Failed", message: "child failed"))
        session.tell(.runFinished(run: "flow", phase: "Succeeded", message: ""))
        session.end()
        #expect(await program.run("run", "a.yaml", "--data-dir", "/my data") == 0)
        #expect(
            program.console.output == """
                runtime: sandbox (user namespaces)
                21:32:00 flow  Running
                21:32:00 flow  a  Running
                21:32:00 flow  a  Failed exit code 1
                21:32:00 flow  b  Pending waits for lock
                21:32:00 flow  flow  Failed child failed
                21:32:00 flow  Succeeded
                ✔ flow Succeeded in 1 minute 30 seconds, 2/3 steps
                  outputs:
                    total: 42
                  logs: skiff logs --data-dir '/my data' flow

                """)
        #expect(program.console.errors == "")
    }

    @Test func `a failed run names what failed and where to look, and exits 1`() async {
        let session = FakeSession([Self.failed])
        let program = TestProgram(starter: FakeStarter(session: session))
        session.end()
        #expect(await program.run("run", "a.yaml", "-n", "ns") == 1)
        #expect(
            program.console.output == """
                ✖ flow Failed in 1 minute 30 seconds, 2/3 steps: child failed
                  a b: exit code 3
                  logs: skiff logs -n ns flow 'a b'

                """)
    }

    @Test func `with -o json only the final object is on standard output`() async throws {
        let session = FakeSession([SampleFlow.steps.workflow("Running")])
        let program = TestProgram(starter: FakeStarter(session: session))
        session.tell(.runtimeChosen("process"))
        session.tell(.diagnostics([LintTests.warning.diagnostic], excerpts: [:]))
        session.tell(.runFinished(run: "flow", phase: "Failed", message: ""))
        session.end([Self.failed])
        #expect(await program.run("run", "--output", "json", "a.yaml") == 1)
        #expect(try JSONValue(json: String(program.console.output.dropLast())) == Self.failed)
        #expect(program.console.errors == "runtime: process\na.yaml: warning: this is odd [odd]\n21:32:00 flow  Failed\n")
    }

    @Test func `several workflows are one list`() async throws {
        let session = FakeSession([Self.finished, SampleFlow("second").workflow()])
        let program = TestProgram(starter: FakeStarter(session: session))
        session.end()
        #expect(await program.run("run", "-o", "json", "a.yaml", "b.yaml") == 0)
        let list = try JSONValue(json: String(program.console.output.dropLast()))
        #expect(list["apiVersion"] == "argoproj.io/v1alpha1")
        #expect(list["kind"] == "WorkflowList")
        #expect(list["metadata"] == [:])
        #expect(list["items"]?.array?.map { $0["metadata"]?["name"] } == ["flow", "second"])
    }

    @Test func `YAML and name output`() async {
        let session = FakeSession([Self.finished])
        let program = TestProgram(starter: FakeStarter(session: session))
        session.end()
        #expect(await program.run("run", "-o", "yaml", "a.yaml") == 0)
        #expect(program.console.output.hasPrefix("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: flow\n"))
        let named = FakeSession([Self.finished, SampleFlow("second").workflow()])
        let names = TestProgram(starter: FakeStarter(session: named))
        named.end()
        #expect(await names.run("run", "-o", "name", "a.yaml") == 0)
        #expect(names.console.output == "flow\nsecond\n")
    }

    @Test func `flags become the request`() async throws {
        let file = try TemporaryFile("message: from file\nn: 3\nlist: [1, two, {a: true}]\n")
        let session = FakeSession([Self.finished])
        let starter = FakeStarter(session: session)
        session.end()
        #expect(
            await TestProgram(starter: starter).run(
                "run", "a.yaml", "-", "-p", "n=4=5", "-p", "empty=", "--parameter-file", file.path, "--entrypoint", "other", "--name", "x",
                "--runtime", "process", "--max-parallel", "7", "-l", "a=b,c=d", "-l", "a=e", "-n", "ns") == 0)
        let request = try #require(starter.requests.withLock { $0.first })
        #expect(request.files == ["a.yaml", "-"])
        #expect(
            request.parameters.map { "\($0.name)=\($0.value)" } == [
                "message=from file", "n=3", "list=[1,\"two\",{\"a\":true}]", "n=4=5", "empty=",
            ])
        #expect((request.entrypoint, request.name, request.namespace, request.runtime) == ("other", "x", "ns", "process"))
        #expect(request.maxParallel == 7)
        #expect(request.labels == ["a": "e", "c": "d"])
    }

    @Test func `a run is taken up again by name`() async {
        let session = FakeSession([Self.finished])
        let starter = FakeStarter(session: session)
        session.end()
        #expect(await TestProgram(starter: starter).run("run", "--resume", "flow", "--max-parallel", "3") == 0)
        #expect(starter.resumed.withLock { $0 } == ["default/flow 3"])
        #expect(starter.requests.withLock { $0.isEmpty })
    }

    @Test func `a manifest that cannot be run exits 2 and shows every fault`() async {
        let program = TestProgram(
            starter: FakeStarter(
                fault: ManifestFault(diagnostics: [LintTests.error.diagnostic, LintTests.error.diagnostic], excerpts: LintTests.excerpts)))
        #expect(await program.run("run", "a.yaml", "-o", "json") == 2)
        #expect(program.console.output == "")
        let one = """
            a.yaml:2:3: error: unknown field 'entrypont' [unknown-field]
                2 |   entrypont: main
                  |   ^^^^^^^^^
              hint: did you mean 'entrypoint'?

            """
        #expect(program.console.errors == one + one)
    }

    @Test func `recording that fails ends the command with the reason`() async {
        let session = FakeSession([Self.finished])
        let program = TestProgram(starter: FakeStarter(session: session))
        session.fail(OperationError(.storageFull, "no space left on the disk of '/data'", hint: "free some"))
        #expect(await program.run("run", "a.yaml", "-o", "json") == 1)
        #expect(program.console.output == "")
        #expect(program.console.errors == "error: no space left on the disk of '/data'\n  hint: free some\n")
    }
}

@Suite struct SignalTests {
    /// Runs `skiff run` and steers it; the program ends when `steer` has.
    func run(
        _ session: FakeSession, _ console: TestConsole, _ arguments: [String] = [],
        steer: (inout AsyncStream<FakeSession.Call>.Iterator) async -> Void
    ) async -> Int32 {
        let context = CommandLineContext(
            openOperations: { _ in FakeOperations() }, openStarter: { _ in FakeStarter(session: session) }, version: "1",
            console: console.console)
        async let status = SkiffCommandLine.run(arguments: ["run", "a.yaml"] + arguments, context: context)
        var calls = session.calls.makeAsyncIterator()
        await steer(&calls)
        return await status
    }

    @Test(arguments: [ProcessSignal.interrupt, .terminate])
    func `the first signal stops the run, the second terminates it`(_ signal: ProcessSignal) async {
        let session = FakeSession([RunTests.failed])
        let console = TestConsole()
        let status = await self.run(session, console) { calls in
            console.send(signal)
            #expect(await calls.next() == .stop)
            console.send(.resize)
            console.send(signal)
            #expect(await calls.next() == .terminate)
            session.end()
        }
        #expect(status == 1)
        #expect(console.errors == "stopping; press Ctrl-C again to terminate\nterminating\n")
        #expect(console.output.hasPrefix("✖ flow Failed"))
    }

    @Test func `a signal from before the run has started counts`() async {
        let session = FakeSession([RunTests.failed])
        let console = TestConsole()
        console.send(.interrupt)
        let status = await self.run(session, console) { calls in
            #expect(await calls.next() == .stop)
            session.end()
        }
        #expect(status == 1)
    }

    @Test func `when the terminal goes away the run is left, and said how to take it up`() async {
        let session = FakeSession([SampleFlow.steps.workflow("Running")])
        let console = TestConsole()
        let status = await self.run(session, console, ["-o", "json", "--data-dir", "/d"]) { calls in
            console.send(.hangUp)
            #expect(await calls.next() == .leave)
        }
        #expect(status == 1)
        #expect(console.output == "")
        #expect(console.errors == "leaving 'flow' running; take it up again with: skiff run --data-dir /d --resume flow\n")
    }

    @Test func `the process's own signals are taken over and given back`() async throws {
        // Only the signal whose default does nothing, so that a failure does not end the tests.
        let stream = ProcessSignal.stream()
        // To the process: the threads that tasks run on block all signals.
        kill(getpid(), ProcessSignal.resize.number)
        var iterator = stream.makeAsyncIterator()
        #expect(await iterator.next() == .resize)
    }
}
