import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct ListTests {
    static let runs: [RunSummary] = [
        .sample("busy", phase: "Running", message: "two\nlines", age: 45, ran: nil), .sample("fresh", phase: "", age: 3, ran: nil),
        .sample("done", age: 7200, ran: 90, labels: ["team": "data"], parameters: ["b": String(repeating: "x", count: 60), "a": "1"]),
        .sample("bad", namespace: "other", phase: "Failed", message: "exit code 1", age: 200_000, ran: 4000),
    ]

    @Test func `runs are listed in a table`() async {
        let program = TestProgram(operations: FakeOperations(runs: Self.runs))
        #expect(await program.run("list") == 0)
        #expect(
            program.console.output == """
                NAME    STATUS      AGE   DURATION   PRIORITY   MESSAGE
                busy    Running     45s   45s        0          two lines
                fresh   Pending     3s    3s         0
                done    Succeeded   2h    1m         0

                """)
    }

    @Test func `all namespaces, no headings, names only`() async {
        let program = TestProgram(operations: FakeOperations(runs: Self.runs))
        #expect(await program.run("list", "-A", "--no-headers") == 0)
        #expect(program.console.output.hasSuffix("other     bad     Failed      2d    1h    0   exit code 1\n"))
        #expect(program.console.output.hasPrefix("default   busy "))
        let names = TestProgram(operations: FakeOperations(runs: Self.runs))
        #expect(await names.run("list", "-o", "name", "-n", "other") == 0)
        #expect(names.console.output == "bad\n")
    }

    @Test func `wide lists count pods and show parameters`() async {
        let object = SampleFlow.steps.workflow("Running")
        let runs = [RunSummary.sample("flow", phase: "Running", ran: nil, parameters: ["b": String(repeating: "x", count: 60), "a": "1"])]
        let operations = FakeOperations(runs: runs, objects: [object])
        let program = TestProgram(operations: operations)
        #expect(await program.run("list", "-o", "wide") == 0)
        #expect(
            program.console.output == """
                NAME   STATUS    AGE   DURATION   PRIORITY   MESSAGE   P/R/C   PARAMETERS
                flow   Running   5m    5m         0                    0/0/3   a=1,b=xxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxx

                """)
    }

    @Test func `an empty list says so`() async {
        let program = TestProgram()
        #expect(await program.run("list") == 0)
        #expect(program.console.output == "No workflows found\n")
        let json = TestProgram()
        #expect(await json.run("list", "-o", "json") == 0)
        #expect(json.console.output == "[]\n")
        let names = TestProgram()
        #expect(await names.run("list", "-o", "name") == 0)
        #expect(names.console.output == "")
    }

    @Test func `objects are listed as JSON and YAML`() async throws {
        let operations = FakeOperations(runs: [.sample("flow")], objects: [SampleFlow.steps.workflow()])
        let program = TestProgram(operations: operations)
        #expect(await program.run("list", "-o", "json") == 0)
        #expect(try JSONValue(json: String(program.console.output.dropLast())) == .array([SampleFlow.steps.workflow()]))
        let yaml = TestProgram(operations: operations)
        #expect(await yaml.run("list", "-o", "yaml") == 0)
        #expect(yaml.console.output.hasPrefix("- apiVersion: argoproj.io/v1alpha1\n  kind: Workflow\n"))
    }

    @Test func `flags become the question to the store`() async {
        let operations = FakeOperations()
        let program = TestProgram(operations: operations)
        #expect(
            await program.run(
                "list", "--running", "--status", "running,Failed", "--prefix", "a", "--since", "1d", "--older", "90s", "-l", "k=v,x==y",
                "--limit", "5") == 0)
        let second = { (seconds: Int64) in Timestamp(milliseconds: TestConsole.now.milliseconds - seconds * 1000) }
        #expect(
            operations.state.withLock(\.listQueries) == [
                ListQuery(
                    namespace: "default", prefix: "a", phases: ["Running", "Failed"], isFinished: false, createdAfter: second(86400),
                    finishedBefore: second(90), labels: ["k": "v", "x": "y"], limit: 6)
            ])
    }

    @Test func `labels that the store cannot judge are judged here`() async {
        let operations = FakeOperations(runs: Self.runs)
        let program = TestProgram(operations: operations)
        #expect(await program.run("list", "-o", "name", "-l", "team") == 0)
        #expect(program.console.output == "done\n")
    }

    @Test func `a cut list says that there is more`() async {
        let program = TestProgram(operations: FakeOperations(runs: Self.runs))
        #expect(await program.run("list", "-o", "name", "--limit", "2") == 0)
        #expect(program.console.output == "busy\nfresh\n")
        #expect(program.console.errors == "only 2 runs are shown; --limit shows more\n")
    }
}

@Suite struct GetTests {
    @Test func `get shows a header and the tree`() async {
        let workflow = SampleFlow.steps.workflow(
            "Failed", message: "it broke",
            status: [
                "conditions": [
                    ["type": "PodRunning", "status": "False"], ["type": "SpecWarning", "status": "True", "message": "old field"],
                ],
                "resourcesDuration": ["cpu": 3, "memory": 62],
                "outputs": [
                    "parameters": [["name": "total", "value": "42"], ["name": "unset"]],
                    "artifacts": [
                        ["name": "chart", "path": "/tmp/chart.svg", "s3": ["bucket": "b", "key": "k"]], ["name": "raw", "path": "/tmp/x"],
                    ],
                ],
            ], spec: ["arguments": ["parameters": [["name": "message", "value": "hello"], ["name": "count", "value": 3]]]])
        let program = TestProgram(operations: FakeOperations(objects: [workflow]))
        #expect(await program.run("get", "@latest") == 0)
        #expect(
            program.console.output == """
                Name:                flow
                Namespace:           default
                ServiceAccount:      unset (will run with the default ServiceAccount)
                Status:              Failed
                Message:             it broke
                Conditions:
                 PodRunning          False
                ⚠ SpecWarning        old field
                Created:             Fri Nov 20 21:30:00 -0700 (2 minutes ago)
                Started:             Fri Nov 20 21:30:00 -0700 (2 minutes ago)
                Finished:            Fri Nov 20 21:31:30 -0700 (30 seconds ago)
                Duration:            1 minute 30 seconds
                Progress:            2/3
                ResourcesDuration:   3s*(1 cpu),1m2s*(100Mi memory)
                Parameters:
                  message:           hello
                  count:             3
                Output Parameters:
                  total:             42
                Output Artifacts:
                  chart:             s3://b/k
                  raw:               /tmp/x

                STEP            TEMPLATE           PODNAME          DURATION  MESSAGE
                 ✔ flow         hello-hello-hello
                 ├───✔ hello1   whalesay           flow-whalesay-2  2s
                 └─┬─✔ hello2a  whalesay           flow-whalesay-4  3s
                   └─✔ hello2b  whalesay           flow-whalesay-5  1m

                """)
    }

    @Test(
        arguments: [
            ("", ["phase": ""], [:], "Pending"), ("Running", [:], ["suspend": true], "Running (Suspended)"),
            ("Failed", [:], ["shutdown": "Terminate"], "Failed (Terminated)"), ("Succeeded", [:], ["shutdown": "Stop"], "Succeeded"),
        ] as [(String, JSONValue, JSONValue, String)])
    func `the status tells of suspension and termination`(_ phase: String, _ status: JSONValue, _ spec: JSONValue, _ expected: String) {
        let text = WorkflowHeader(SampleFlow().workflow(phase, status: status, spec: spec)).text(now: TestConsole.now) { _ in 0 }
        #expect(text.contains("Status:              \(expected)\nConditions:          None\n"))
    }

    @Test func `the estimate is shown only while it runs`() {
        let estimate: JSONValue = ["estimatedDuration": 3600]
        #expect(
            WorkflowHeader(SampleFlow().workflow("Running", status: estimate)).text(now: TestConsole.now) { _ in 0 }.contains(
                "EstimatedDuration:   1 hour 0 minutes\n"))
        #expect(!WorkflowHeader(SampleFlow().workflow(status: estimate)).text(now: TestConsole.now) { _ in 0 }.contains("Estimated"))
    }

    @Test func `get prints names, objects and short tables`() async throws {
        let operations = FakeOperations(objects: [SampleFlow.steps.workflow()])
        let name = TestProgram(operations: operations)
        #expect(await name.run("get", "flow", "-o", "name") == 0)
        #expect(name.console.output == "flow\n")
        let json = TestProgram(operations: operations)
        #expect(await json.run("get", "flow", "-o", "json") == 0)
        #expect(json.console.output.hasPrefix("{\n    \"apiVersion\": \"argoproj.io/v1alpha1\",\n"))
        #expect(try JSONValue(json: String(json.console.output.dropLast())) == SampleFlow.steps.workflow())
        let short = TestProgram(operations: operations)
        #expect(await short.run("get", "flow", "-o", "short", "--no-utf8") == 0)
        #expect(
            short.console.output.hasPrefix(
                "STEP                    TEMPLATE           PODNAME          DURATION  MESSAGE  NODENAME\n Succeeded flow "))
    }

    @Test func `what can be got of several is printed, and the rest is a failure`() async {
        let program = TestProgram(operations: FakeOperations(objects: [SampleFlow("a").workflow(), SampleFlow("b").workflow()]))
        #expect(await program.run("get", "a", "missing", "b", "-o", "name") == 1)
        #expect(program.console.output == "a\nb\n")
        #expect(program.console.errors == "error: run 'missing' does not exist\n  hint: see: skiff list\n")
    }
}

@Suite struct StopTests {
    @Test func `stopping and terminating name the real run`() async {
        let operations = FakeOperations(runs: [.sample("new", phase: "Running", ran: nil), .sample("old", phase: "Running", ran: nil)])
        let program = TestProgram(operations: operations)
        #expect(await program.run("stop", "@latest", "--message", "why not") == 0)
        #expect(await program.run("terminate", "missing", "old") == 1)
        #expect(program.console.output == "workflow new stopped\nworkflow old terminated\n")
        #expect(program.console.errors.hasPrefix("error: run 'missing' does not exist\n"))
        #expect(operations.calls == ["stop default/new why not", "terminate default/old"])
    }

    @Test func `a dry run and a selection by labels`() async {
        let operations = FakeOperations(runs: [
            .sample("a", phase: "Running", ran: nil, labels: ["k": "v"]), .sample("b", phase: "Running", ran: nil),
        ])
        let program = TestProgram(operations: operations)
        #expect(await program.run("stop", "--dry-run", "basic") == 0)
        #expect(await program.run("terminate", "-l", "k") == 0)
        #expect(program.console.output == "workflow basic stopped (dry-run)\nworkflow a terminated\n")
        #expect(operations.calls == ["terminate default/a"])
    }
}

@Suite struct DeleteTests {
    @Test func `runs are deleted by name, and one that is gone is no failure`() async {
        let operations = FakeOperations(runs: [.sample("a"), .sample("b")])
        let program = TestProgram(operations: operations)
        #expect(await program.run("delete", "a", "missing") == 0)
        #expect(program.console.output == "Workflow 'a' deleted\nWorkflow 'missing' not found\n")
        #expect(await program.run("delete", "--dry-run", "b") == 0)
        #expect(program.console.output.hasSuffix("Workflow 'b' deleted (dry-run)\n"))
        #expect(operations.calls == ["delete default/a"])
    }

    @Test func `runs are deleted by selection, and what cannot be is a failure`() async {
        let operations = FakeOperations(
            runs: [.sample("a"), .sample("b"), .sample("busy", phase: "Running", ran: nil)], unfinished: ["busy"])
        let program = TestProgram(operations: operations)
        #expect(await program.run("delete", "--all") == 1)
        #expect(program.console.output == "Workflow 'a' deleted\nWorkflow 'b' deleted\n")
        #expect(program.console.errors == "error: run 'busy' has not ended\n  hint: stop it first\n")
        let nothing = TestProgram()
        #expect(await nothing.run("delete", "--completed") == 0)
        #expect(nothing.console.output == "No resources found\n")
    }

    @Test func `a long history is deleted page by page`() async {
        let operations = FakeOperations(runs: (0..<2500).map { .sample("run-\($0)") })
        let program = TestProgram(operations: operations)
        #expect(await program.run("delete", "--completed") == 0)
        #expect(operations.calls.count == 2500)
        #expect(operations.state.withLock { $0.listQueries.allSatisfy { $0.isFinished == true } })
    }
}

@Suite struct LogsTests {
    static let lines = [
        PodLogLine(podName: "flow-a-1", nanoseconds: 1_795_235_520_123_456_789, text: "one"),
        PodLogLine(podName: "flow-b-2", nanoseconds: 0, text: ""),
    ]

    @Test func `lines carry the name of their pod`() async {
        let program = TestProgram(operations: FakeOperations(lines: Self.lines))
        #expect(await program.run("logs", "flow") == 0)
        #expect(program.console.output == "flow-a-1: one\nflow-b-2: \n")
    }

    @Test func `times are UTC in nanoseconds`() async {
        let program = TestProgram(operations: FakeOperations(lines: Self.lines))
        #expect(await program.run("logs", "flow", "--timestamps", "-f") == 0)
        #expect(program.console.output == "flow-a-1: 2026-11-21T04:32:00.123456789Z one\nflow-b-2: 1970-01-01T00:00:00.000000000Z \n")
    }

    @Test func `each pod has a colour on a terminal`() async {
        let program = TestProgram(TestConsole(terminals: [.output]), operations: FakeOperations(lines: Self.lines))
        #expect(await program.run("logs", "flow") == 0)
        // The code points of flow-a-1 add up to 682, 4 more than a multiple of 6; those of flow-b-2 to 684.
        #expect(program.console.output == "\u{1B}[36mflow-a-1: one\u{1B}[0m\n\u{1B}[32mflow-b-2: \u{1B}[0m\n")
        for (environment, flags) in [(["NO_COLOR": "1"], []), ([:], ["--no-color"]), (["TERM": "dumb"], [])]
            as [([String: String], [String])]
        {
            let plain = TestConsole(terminals: [.output], environment: environment)
            let context = CommandLineContext(
                openOperations: { _ in FakeOperations(lines: Self.lines) }, openStarter: { _ in FakeStarter() }, version: "1",
                console: plain.console)
            #expect(await SkiffCommandLine.run(arguments: ["logs", "flow"] + flags, context: context) == 0)
            #expect(plain.output == "flow-a-1: one\nflow-b-2: \n")
        }
    }

    @Test func `flags become the question to the store`() async {
        let operations = FakeOperations()
        let program = TestProgram(operations: operations)
        #expect(
            await program.run("logs", "flow", "train(0)", "-c", "wait", "-f", "--grep", "a.*b", "--since", "10s", "--tail", "0", "-n", "ns")
                == 0)
        #expect(await program.run("logs", "flow", "--since-time", "2026-11-21T04:00:00Z") == 0)
        #expect(
            operations.state.withLock(\.logsQueries) == [
                LogsQuery(
                    run: "flow", namespace: "ns", node: "train(0)", container: "wait", follows: true,
                    since: Timestamp(rfc3339: "2026-11-21T04:31:50Z"), tail: 0, pattern: "a.*b"),
                LogsQuery(run: "flow", since: Timestamp(rfc3339: "2026-11-21T04:00:00Z")),
            ])
    }
}
