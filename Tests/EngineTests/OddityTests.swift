import Diagnostics
import Engine
import Testing
import WorkflowModel

private func workflow(_ templates: String, spec: String = "") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: wf}
    spec:
      entrypoint: main
    \(spec.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      templates:
    \(templates.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      - name: say
        inputs: {parameters: [{name: text, default: hello}]}
        container: {image: "busybox:1", command: [echo], args: ["{{inputs.parameters.text}}"]}
    """
}

/// What is done with the things that Argo does and its documentation does not say, by their numbers in `docs/compatibility.md`.
///
/// Number 15 is with the conditions in ExpressionsTests, 5 in PlanningTests: nothing starts a CronWorkflow yet, only lint reads one.
struct OddityTests {
    @Test func `1: a backoff is waited for without a limit too`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  retryStrategy: {backoff: {duration: "7"}}
                  container: {image: "busybox:1", command: [sh]}
                """))
        try run.run { _, node in node.name == "wf(2)" ? .success : .exit(1) }
        let starts = try ["wf(0)", "wf(1)", "wf(2)"].map { try run.node($0).startedAt.milliseconds }
        #expect(starts[1] - starts[0] == 7010)
        #expect(starts[2] - starts[1] == 7010)
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `3: failFast of a DAG lets other branches go on`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  dag:
                    failFast: true
                    tasks:
                    - {name: a, template: say}
                    - {name: b, template: say}
                    - {name: c, template: say, depends: b}
                """))
        try run.run { _, node in node.name == "wf.a" ? .exit(1) : .success }
        #expect(try run.phase("wf.c") == .succeeded)
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `4: an expression tag that gives a list is its JSON, which withParam reads`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps:
                  - - name: a
                      template: say
                      withParam: "{{=[1, 'two', {n: 3}]}}"
                      arguments: {parameters: [{name: text, value: "{{item}} {{=1 + 1}} {{={a: [true]}}}"}]}
                """))
        try run.run()
        #expect(
            run.launched.map { $0.main.args.joined() } == [
                #"1 2 {"a":[true]}"#, #"two 2 {"a":[true]}"#, #"{"n":3} 2 {"a":[true]}"#,
            ])
    }

    @Test func `8: a result that is no JSON is aggregated as a text`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps:
                  - - {name: a, template: say, withItems: [1, 2, 3]}
                  - - {name: b, template: say, arguments: {parameters: [{name: text, value: "{{steps.a.outputs.result}}"}]}}
                """))
        let results = ["1": "plain text", "2": "{\"k\": 1}", "3": "7"]
        try run.run { _, node in node.item.flatMap { results["\($0)"] }.map { .prints($0) } ?? .success }
        #expect(run.launched.last?.main.args == [#"["plain text",{"k":1},7]"#])
    }

    @Test func `11: the node of a steps template is Failed when a step errored`() throws {
        var run = try Rehearsal(workflow("- name: main\n  steps:\n  - - {name: a, template: say}"))
        try run.run { _, _ in Ending(notStarted: "no such program") }
        #expect(try run.phase("wf[0].a") == .error)
        #expect(try run.phase("wf") == .failed)
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `14: workflow.failures is a quoted list, and "null" when nothing failed`() throws {
        func failures(_ code: Int) throws -> String? {
            var run = try Rehearsal(
                workflow(
                    """
                    - name: main
                      steps: [[{name: a, template: say}]]
                    - name: bye
                      container: {image: "busybox:1", command: [echo], args: ["{{workflow.failures}}"]}
                    """, spec: "onExit: bye"))
            try run.run { _, node in node.name == "wf[0].a" ? .exit(code) : .success }
            return run.launched.last?.main.args.first
        }
        #expect(try failures(0) == #""null""#)
        let quoted = try #require(try failures(4))
        let list = try JSONValue(json: try #require(try JSONValue(json: quoted).string))
        #expect(list[0]?["displayName"] == "a")
        #expect(list[0]?["message"] == "main: Error (exit code 4)")
        #expect(list[0]?["phase"] == "Failed")
    }

    @Test func `16: a templateRef with a tag in it is looked at when its node starts`() throws {
        let errors = Rehearsal.diagnostics(
            workflow(
                """
                - name: main
                  inputs: {parameters: [{name: which, value: none}]}
                  steps: [[{name: a, templateRef: {name: "{{inputs.parameters.which}}", template: t}}]]
                """)
        ).filter { $0.severity == .error }
        #expect(errors.isEmpty)
    }

    @Test func `17: priority and scheduled time have values when nobody gave them`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  container: {image: "busybox:1", command: [echo], args: ["{{workflow.priority}}", "{{workflow.scheduledTime}}"]}
                """))
        try run.run()
        #expect(run.launched.map(\.main.args) == [["0", "2023-11-14T22:13:20Z"]])
    }

    @Test func `18: a value outside an enum is found when it is written, and let pass when a step makes it`() throws {
        func text(_ value: String) -> String {
            workflow(
                """
                - name: main
                  steps:
                  - - {name: make, template: say}
                  - - {name: a, template: choose, arguments: {parameters: [{name: p, value: \(value)}]}}
                - name: choose
                  inputs: {parameters: [{name: p, enum: [x, y]}]}
                  container: {image: "busybox:1", command: [echo], args: ["{{inputs.parameters.p}}"]}
                """)
        }
        var run = try Rehearsal(text("\"{{steps.make.outputs.result}}\""))
        try run.run { _, node in node.name == "wf[0].make" ? .prints("z") : .success }
        #expect(run.launched.last?.main.args == ["z"])
    }

    @Test func `21: step names are unique in the whole template`() {
        let errors = Rehearsal.diagnostics(
            workflow(
                """
                - name: main
                  steps:
                  - - {name: a, template: say}
                  - - {name: a, template: say}
                """)
        ).filter { $0.severity == .error }
        #expect(errors.map(\.code.text) == ["duplicate-name"])
    }

    @Test func `22: several blanks between targets are one`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  dag:
                    target: " a  b "
                    tasks:
                    - {name: a, template: say}
                    - {name: b, template: say}
                    - {name: c, template: say}
                """))
        try run.run()
        #expect(run.names == ["wf", "wf.a", "wf.b"])
    }

    @Test func `23: numbers of withParam stay as written, those of YAML are plain, and long ones keep their digits`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps:
                  - - {name: a, template: say, withParam: "[1.0, 12345678901234567890]", arguments: {parameters: [{name: text, value: "{{item}}"}]}}
                  - - {name: b, template: say, arguments: {parameters: [{name: text, value: 1.0}]}}
                  - - {name: c, template: say, arguments: {parameters: [{name: text, value: 9007199254740993}]}}
                """))
        try run.run()
        #expect(run.launched.map { $0.main.args.joined() } == ["1.0", "12345678901234567890", "1", "9007199254740993"])
    }

    @Test func `24: an exit handler without arguments is given the workflow's`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps: [[{name: a, template: say, hooks: {exit: {template: say}}}]]
                """, spec: "arguments: {parameters: [{name: text, value: of the workflow}]}"))
        try run.run()
        #expect(run.launched.map { $0.main.args.joined() } == ["hello", "of the workflow"])
    }

    @Test(arguments: [(0, NodePhase.failed), (1, .error)])
    func `25: the last failed item gives a group of tasks its phase`(broken: Int, expected: NodePhase) throws {
        var run = try Rehearsal(
            workflow("- name: main\n  dag: {tasks: [{name: a, template: say, withItems: [0, 1]}, {name: b, template: say}]}"))
        try run.run { _, node in
            guard let item = node.item else { return .success }
            return "\(item)" == "\(broken)" ? Ending(notStarted: "no such program") : .exit(1)
        }
        #expect(try run.phase("wf.a") == expected)
    }

    @Test(arguments: [(0, 1), (1, 1), (3, 3)])
    func `2: retries of a container set are how often it runs, and 0 is once`(retries: Int, runs: Int) throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  containerSet:
                    retryStrategy: {retries: \(retries)}
                    containers: [{name: main, image: "busybox:1", command: [echo]}]
                """))
        try run.start()
        #expect(run.launched.first?.containers.map { $0.retry?.attempts } == [runs])
    }

    @Test(arguments: [("", nil), (", timeoutSeconds: 7", Span.seconds(7))])
    func `6: an http call without a timeout has none`(field: String, timeout: Span?) throws {
        var run = try Rehearsal(workflow("- {name: main, http: {url: \"http://a.test/\"\(field)}}"))
        try run.start()
        guard case .http(let call)? = run.calls.first?.kind else {
            Issue.record("no http call")
            return
        }
        #expect(call.timeout == timeout)
    }

    @Test func `7: a call under way is asked for again after a restart`() throws {
        var run = try Rehearsal(workflow("- {name: main, http: {url: \"http://a.test/\"}}"))
        try run.start()
        let asked = try #require(run.calls.first)
        #expect(run.machine.outstanding() == [.call(asked)])
    }

    @Test func `9: each item of a long list has its own value and nothing else`() throws {
        let list = "[" + (0..<12).map(String.init).joined(separator: ",") + "]"
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  inputs: {parameters: [{name: list, value: "\(list)"}]}
                  dag:
                    tasks:
                    - name: a
                      template: say
                      withParam: "{{inputs.parameters.list}}"
                      arguments: {parameters: [{name: text, value: "{{item}}"}]}
                """))
        try run.run()
        #expect(run.launched.map { $0.main.args.joined() } == (0..<12).map(String.init))
        #expect(try run.node("wf.a(7:7)").inputs.parameters == [NamedValue(name: "text", value: "7")])
    }

    @Test(arguments: ["a_b", "a.b", "-a"])
    func `10: a cache key may not hold what a ConfigMap's name may not`(key: String) throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  memoize: {key: "\(key)", maxAge: 1h, cache: {configMap: {name: results}}}
                  container: {image: "busybox:1", command: [echo]}
                """))
        try run.run()
        #expect(try run.phase("wf") == .error)
        #expect(run.machine.run.message == "memoize: '\(key)' is no cache key: letters, digits and '-', beginning with a letter or digit")
    }

    @Test func `12: a hook on a phase that is over at once is run`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps:
                  - - name: a
                      template: say
                      hooks:
                        running: {template: say, expression: 'steps["a"].status == "Running"'}
                """))
        try run.run()
        #expect(run.names.contains { $0.hasSuffix("a.hooks.running") })
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `13: a mutex that the run itself holds is an error of the node that asks for it`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  synchronization: {mutexes: [{name: one}]}
                  container: {image: "busybox:1", command: [echo]}
                """, spec: "synchronization: {mutexes: [{name: one}]}"))
        try run.start()
        try run.send(.locksAnswered(nil, .granted))
        #expect(run.machine.run.phase == .error)
        #expect(run.machine.run.message == "the run itself holds default/Mutex/one: the node would wait for ever")
    }

    @Test func `19: parallelism does not hold http calls back`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps: [[{name: a, template: ask}, {name: b, template: ask}, {name: c, template: say}, {name: d, template: say}]]
                - {name: ask, http: {url: "http://a.test/"}}
                """, spec: "parallelism: 1"))
        try run.start()
        #expect(run.calls.count == 2)
        #expect(run.launched.count == 1)
    }

    @Test func `20: a semaphore without places is an error, not a wait for ever`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  synchronization: {semaphores: [{configMapKeyRef: {name: limits, key: none}}]}
                  container: {image: "busybox:1", command: [echo]}
                """))
        try run.start()
        // That its limit is 0 only the lock service knows; what it says then is pinned in SQLiteStoreTests.
        try run.send(.locksAnswered(NodeID(0), .refused(message: "the limit is 0")))
        #expect(run.machine.run.phase == .error)
        #expect(run.machine.run.message == "the limit is 0")
    }
}
