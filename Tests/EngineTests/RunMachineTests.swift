import Engine
import Testing
import WorkflowModel

private func workflow(_ entrypoint: String, _ templates: String, spec: String = "") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: wf}
    spec:
      entrypoint: \(entrypoint)
    \(spec.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      templates:
    \(templates.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      - name: say
        inputs: {parameters: [{name: text, default: hello}]}
        container: {image: "busybox:1", command: [echo], args: ["{{inputs.parameters.text}}"]}
      - name: gives
        outputs: {parameters: [{name: out, valueFrom: {path: /tmp/out}}]}
        container: {image: "busybox:1", command: [echo]}
    """
}

struct RunMachineTests {
    @Test func `a single container runs once and the run succeeds`() throws {
        var run = try Rehearsal(workflow("say", ""))
        try run.run()
        #expect(run.machine.run.phase == .succeeded)
        #expect(run.launched.map(\.main.args) == [["hello"]])
        #expect(run.names == ["wf"])
    }

    @Test func `a failed container fails the run with its exit code`() throws {
        var run = try Rehearsal(workflow("say", ""))
        try run.run { _, _ in .exit(3) }
        #expect(run.machine.run.phase == .failed)
        #expect(run.machine.run.message == "main: Error (exit code 3)")
    }

    @Test func `steps run group after group and pass outputs on`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  steps:
                  - - {name: a, template: gives}
                  - - name: b
                      template: say
                      arguments: {parameters: [{name: text, value: "got {{steps.a.outputs.parameters.out}}"}]}
                    - name: c
                      template: say
                      arguments: {parameters: [{name: text, value: "{{=steps.a.outputs.parameters.out + '!'}}"}]}
                  outputs: {parameters: [{name: all, valueFrom: {parameter: "{{steps.a.outputs.parameters.out}}"}}]}
                """))
        try run.run { request, node in node.name == "wf[0].a" ? .writes(["out": "5"]) : .success }
        #expect(run.machine.run.phase == .succeeded)
        #expect(run.names == ["wf", "wf[0]", "wf[0].a", "wf[1]", "wf[1].b", "wf[1].c"])
        #expect(run.launched.map(\.main.args) == [[], ["got 5"], ["5!"]])
        #expect(try run.node("wf").outputs.parameters == [NamedValue(name: "all", value: "5")])
    }

    @Test func `a failed step fails its group and its steps node, unless continueOn tolerates it`() throws {
        for (tolerates, expected) in [("", RunPhase.failed), (", continueOn: {failed: true}", .succeeded)] {
            var run = try Rehearsal(
                workflow(
                    "main",
                    """
                    - name: main
                      steps:
                      - - {name: a, template: say\(tolerates)}
                      - - {name: b, template: say}
                    """))
            try run.run { _, node in node.name == "wf[0].a" ? .exit(1) : .success }
            #expect(run.machine.run.phase == expected)
            #expect(run.launched.count == (expected == .failed ? 1 : 2))
        }
    }

    @Test func `a when that is false skips the step`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  steps:
                  - - {name: a, template: say, when: "1 == 2"}
                    - {name: b, template: say, when: "{{workflow.name}} == wf"}
                """))
        try run.run()
        #expect(run.machine.run.phase == .succeeded)
        #expect(try run.node("wf[0].a").message == "when '1 == 2' evaluated false")
        #expect(try run.phase("wf[0].a") == .skipped)
        #expect(run.launched.count == 1)
    }

    private static let diamond = """
        - name: main
          dag:
            tasks:
            - {name: a, template: say}
            - {name: b, template: say, dependencies: [a]}
            - {name: c, template: say, dependencies: [a]}
            - {name: d, template: say, dependencies: [b, c]}
        """

    @Test func `a diamond starts each task after its dependencies`() throws {
        var run = try Rehearsal(workflow("main", Self.diamond))
        try run.run()
        #expect(run.machine.run.phase == .succeeded)
        #expect(run.names == ["wf", "wf.a", "wf.b", "wf.c", "wf.d"])
        #expect(run.mostActive == 2)
    }

    @Test func `dependants of a failed task are omitted and the dag fails`() throws {
        var run = try Rehearsal(workflow("main", Self.diamond))
        try run.run { _, node in node.name == "wf.b" ? .exit(1) : .success }
        #expect(run.machine.run.phase == .failed)
        #expect(try run.phase("wf.d") == .omitted)
        #expect(try run.phase("wf.c") == .succeeded)
        #expect(try run.node("wf.d").message == "omitted: depends condition not met")
    }

    @Test func `depends decides by the results it names`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  dag:
                    tasks:
                    - {name: a, template: say}
                    - {name: good, template: say, depends: a.Succeeded}
                    - {name: bad, template: say, depends: a.Failed}
                    - {name: last, template: say, depends: "good.Omitted && bad"}
                """))
        try run.run { _, node in node.name == "wf.a" ? .exit(1) : .success }
        #expect(try run.phase("wf.good") == .omitted)
        #expect(try run.phase("wf.bad") == .succeeded)
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `only what the target needs is run`() throws {
        var run = try Rehearsal(
            workflow("main", Self.diamond.replacing("dag:\n", with: "dag:\n    target: b\n")))
        try run.run()
        #expect(run.names == ["wf", "wf.a", "wf.b"])
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `a fan-out makes a node for each item and aggregates what they give`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  dag:
                    tasks:
                    - {name: a, template: gives, withItems: [1, 2, 3]}
                    - name: b
                      template: say
                      depends: a
                      arguments: {parameters: [{name: text, value: "{{tasks.a.outputs.parameters.out}}"}]}
                """))
        try run.run { _, node in node.item.map { .writes(["out": "v\($0)"]) } ?? .success }
        #expect(run.names == ["wf", "wf.a", "wf.a(0:1)", "wf.a(1:2)", "wf.a(2:3)", "wf.b"])
        #expect(try run.node("wf.b").inputs.parameters[0].value == #"["v1","v2","v3"]"#)
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `a fan-out over nothing is skipped`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  steps:
                  - - {name: a, template: say, withParam: "[]"}
                """))
        try run.run()
        #expect(try run.node("wf[0].a").message == "Skipped, empty params")
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `a retried node tries again until it succeeds`() throws {
        let template = """
            - name: main
              retryStrategy: {limit: 3, backoff: {duration: "2", factor: 2}}
              container: {image: "busybox:1", command: [sh], args: ["{{retries}}"]}
            """
        var run = try Rehearsal(workflow("main", template))
        try run.run { _, node in node.name == "wf(2)" ? .success : .exit(1) }
        #expect(run.machine.run.phase == .succeeded)
        #expect(run.names == ["wf", "wf(0)", "wf(1)", "wf(2)"])
        #expect(run.launched.map(\.main.args) == [["0"], ["1"], ["2"]])
        let starts = try ["wf(0)", "wf(1)", "wf(2)"].map { try run.node($0).startedAt.milliseconds }
        #expect(starts[1] - starts[0] == 2010)
        #expect(starts[2] - starts[1] == 4010)

        var failing = try Rehearsal(workflow("main", template))
        try failing.run { _, _ in .exit(1) }
        #expect(failing.machine.run.message == "No more retries left")
        #expect(failing.launched.count == 4)
    }

    @Test func `a retry expression decides with what the last attempt left`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  retryStrategy: {limit: 5, expression: "asInt(lastRetry.exitCode) < 3"}
                  container: {image: "busybox:1", command: [sh]}
                """))
        try run.run { _, node in .exit(node.name == "wf(0)" ? 1 : 3) }
        #expect(run.launched.count == 2)
        #expect(run.machine.run.message == "retryStrategy.expression evaluated to false")
    }

    @Test func `no more pods run at once than parallelism allows`() throws {
        let fan = """
            - name: main
              steps:
              - - {name: a, template: say, withSequence: {count: 9}}
            """
        var run = try Rehearsal(workflow("main", fan, spec: "parallelism: 2"))
        try run.run()
        #expect(run.mostActive == 2)
        #expect(run.launched.count == 9)
        var inner = try Rehearsal(workflow("main", fan.replacing("  steps:", with: "  parallelism: 3\n  steps:")))
        try inner.run()
        #expect(inner.mostActive == 3)
        #expect(inner.launched.count == 9)
        #expect(inner.machine.run.phase == .succeeded)
    }

    @Test func `exit handlers run after their node and after the workflow`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  steps:
                  - - name: a
                      template: gives
                      hooks: {exit: {template: say, arguments: {parameters: [{name: text, value: "{{steps.a.outputs.parameters.out}}"}]}}}
                  - - {name: b, template: say}
                - name: bye
                  container: {image: "busybox:1", command: [echo], args: ["{{workflow.status}}"]}
                """, spec: "onExit: bye"))
        try run.run { _, node in node.name == "wf[0].a" ? .writes(["out": "x"]) : node.name == "wf[1].b" ? .exit(1) : .success }
        #expect(run.names == ["wf", "wf[0]", "wf[0].a", "wf[0].a.onExit", "wf[1]", "wf[1].b", "wf.onExit"])
        #expect(run.launched.map(\.main.args).last == ["Failed"])
        #expect(run.launched[1].main.args == ["x"])
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `a stop ends what runs and still runs the exit handler, a terminate does not`() throws {
        for kind in [RunState.Shutdown.stop, .terminate] {
            var run = try Rehearsal(workflow("main", Self.diamond, spec: "onExit: say"))
            try run.start()
            try run.send(.shutdownRequested(kind, message: ""))
            try run.end(try #require(run.waitingPods.first), .exit(143))
            if kind == .stop { try run.end(try #require(run.waitingPods.first), .success) }
            #expect(run.machine.run.phase == .failed)
            #expect(run.machine.run.message == "Stopped with strategy '\(kind.rawValue)'")
            #expect(try run.node("wf.a").message == "workflow shutdown with strategy:  \(kind.rawValue)")
            #expect(run.launched.count == (kind == .stop ? 2 : 1))
        }
    }

    @Test func `held nodes end with a stop too`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  steps:
                  - - {name: a, template: say, withSequence: {count: 5}}
                """, spec: "parallelism: 1\nonExit: say"))
        try run.start()
        try run.send(.shutdownRequested(.stop, message: ""))
        try run.end(try #require(run.waitingPods.first), .exit(143))
        try run.end(try #require(run.waitingPods.first), .success)
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `a lost pod starts again without touching the retry budget`() throws {
        var run = try Rehearsal(workflow("say", ""))
        try run.start()
        try run.send(.podLost(NodeID(0), attempt: 0, reason: "power"))
        #expect(run.launched.map(\.id.attempt) == [0, 1])
        try run.end(run.launched[1], .success)
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `an output that is not there is named in the error`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  steps:
                  - - {name: a, template: say}
                  - - name: b
                      template: say
                      arguments: {parameters: [{name: text, value: "{{=steps.a.outputs.parameters.nope}}"}]}
                """))
        try run.run()
        #expect(run.machine.run.phase == .failed)
        #expect(try run.node("wf[1].b").message.contains("steps.a.outputs.parameters.nope"))
    }

    @Test func `recursion ends where a step says so, and is bounded`() throws {
        var run = try Rehearsal(
            workflow(
                "main",
                """
                - name: main
                  steps:
                  - - {name: again, template: main}
                """))
        try run.run()
        #expect(run.machine.run.phase == .failed)
        #expect(run.machine.nodes.contains { $0.message.hasPrefix("Maximum recursion depth exceeded") })
    }

    @Test func `the run's deadline ends what runs`() throws {
        var run = try Rehearsal(workflow("say", "", spec: "activeDeadlineSeconds: 5"))
        try run.start()
        try run.send(.timerFired(TimerID(node: nil, kind: .runDeadline)))
        try run.end(run.launched[0], .exit(143))
        #expect(run.machine.run.message == "Step exceeded its deadline")
        #expect(run.machine.run.phase == .failed)
    }
}

struct ArtifactTests {
    @Test func `the path of an input artifact may speak of the node's parameters`() throws {
        var run = try Rehearsal(
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: wf}
            spec:
              entrypoint: main
              templates:
              - name: main
                inputs:
                  parameters: [{name: section, value: web}]
                  artifacts: [{name: data, path: "/in/{{inputs.parameters.section}}.json", raw: {data: x}}]
                script: {image: "python:3", command: [python3], source: "open('{{inputs.artifacts.data.path}}')"}
            """)
        try run.run()
        #expect(run.launched[0].main.scriptSource == "open('/in/web.json')")
        #expect(run.launched[0].inputs.map(\.path) == ["/in/web.json"])
    }
}
