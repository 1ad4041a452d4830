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

struct SuspensionTests {
    private let approval = workflow(
        """
        - name: main
          steps:
          - - {name: approve, template: approve}
          - - name: after
              template: say
              arguments: {parameters: [{name: text, value: "{{steps.approve.outputs.parameters.answer}}"}]}
        - name: approve
          suspend: {}
          outputs: {parameters: [{name: answer, valueFrom: {supplied: {}, default: "no"}}]}
        """)

    @Test func `a suspend node waits for a person and gives the default on`() throws {
        var run = try Rehearsal(self.approval)
        try run.start()
        #expect(try run.phase("wf[0].approve") == .running)
        try run.send(.resumeRequested(nil, message: "by ann"))
        #expect(try run.node("wf[0].approve").message == "by ann")
        #expect(run.launched.map(\.main.args) == [["no"]])
    }

    @Test func `node set supplies outputs and may end the node`() throws {
        var run = try Rehearsal(self.approval)
        try run.start()
        let selector = try NodeSelector("displayName=approve")
        let update = NodeUpdate(outputs: [NamedValue(name: "answer", value: "yes")], phase: .succeeded, message: "seen")
        #expect(run.machine.objection(toSetting: update, of: selector) == nil)
        #expect(run.machine.objection(toSetting: update, of: try NodeSelector("displayName=other")) != nil)
        try run.send(.nodeSet(selector, update))
        #expect(run.launched.map(\.main.args) == [["yes"]])
    }

    @Test func `an output that nobody supplied and that has no default keeps the node waiting and says so`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  suspend: {}
                  outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}
                """))
        try run.start()
        #expect(run.machine.objection(toResuming: nil)?.contains("'answer' was not supplied") ?? false)
        try run.send(.resumeRequested(nil, message: ""))
        #expect(try run.phase("wf") == .running)
        try run.send(.nodeSet(try NodeSelector("name=wf"), NodeUpdate(phase: .failed, message: "refused")))
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `a suspended run starts nothing new and goes on where it was`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps:
                  - - {name: a, template: say}
                  - - {name: b, template: say}
                """))
        try run.start()
        try run.send(.suspendRequested)
        try run.end(run.waitingPods[0], .success)
        #expect(run.launched.count == 1)
        #expect(!run.machine.run.phase.isFinished)
        try run.send(.resumeRequested(nil, message: ""))
        #expect(run.launched.count == 2)
        try run.end(run.waitingPods[0], .success)
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `spec suspend holds the run back from its start`() throws {
        var run = try Rehearsal(workflow("- {name: main, container: {image: \"busybox:1\", command: [true]}}", spec: "suspend: true"))
        try run.start()
        #expect(run.launched.isEmpty)
        try run.send(.resumeRequested(nil, message: ""))
        #expect(run.launched.count == 1)
    }

    @Test func `a suspended run that is stopped runs its exit handler and ends`() throws {
        var run = try Rehearsal(
            workflow("- {name: main, container: {image: \"busybox:1\", command: [true]}}", spec: "suspend: true\nonExit: say"))
        try run.start()
        try run.send(.shutdownRequested(.stop, message: ""))
        #expect(run.launched.map(\.main.args) == [["hello"]])
        try run.end(run.waitingPods[0], .success)
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `a node selector that cannot be read says what can stand there`() {
        #expect(throws: NodeSelector.Failure.self) { try NodeSelector("colour=red") }
        #expect(throws: NodeSelector.Failure.self) { try NodeSelector("approve") }
        #expect(throws: Never.self) { try NodeSelector("inputs.parameters.x.value=1,phase!=Failed") }
    }
}

struct DaemonTests {
    private let yaml = workflow(
        """
        - name: main
          steps:
          - - {name: db, template: db}
          - - name: use
              template: say
              arguments: {parameters: [{name: text, value: "{{steps.db.ip}}"}]}
        - name: db
          daemon: true
          container: {image: "busybox:1", command: [serve]}
        """)

    @Test func `a daemon that is ready lets the next step use it, and ends with the steps it is in`() throws {
        var run = try Rehearsal(self.yaml)
        try run.start()
        let daemon = run.waitingPods[0]
        #expect(daemon.isDaemon)
        try run.send(.podStarted(daemon.id.node, attempt: 0))
        #expect(run.launched.count == 1)
        try run.send(.podReady(daemon.id.node, attempt: 0))
        #expect(run.launched.last?.main.args == ["127.0.0.1"])
        #expect(run.stopped.isEmpty)
        try run.end(run.waitingPods[1], .success)
        #expect(run.stopped == [daemon.id])
        #expect(run.machine.run.phase == .running)
        try run.obey(daemon.id)
        #expect(run.machine.run.phase == .succeeded)
        #expect(try run.phase("wf[0].db") == .succeeded)
    }

    @Test func `a daemon that ends by itself has failed`() throws {
        var run = try Rehearsal(self.yaml)
        try run.start()
        try run.end(run.waitingPods[0], .success)
        #expect(try run.phase("wf[0].db") == .failed)
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `a stop ends daemons too, and the run ends after them`() throws {
        var run = try Rehearsal(self.yaml)
        try run.start()
        let daemon = run.waitingPods[0]
        try run.send(.podReady(daemon.id.node, attempt: 0))
        try run.send(.shutdownRequested(.terminate, message: ""))
        #expect(run.machine.run.phase == .running)
        for pod in run.stopped { try run.obey(pod) }
        #expect(run.machine.run.phase == .failed)
    }
}

struct HookTests {
    @Test func `hooks start when their condition comes true, and the step is over when they are`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps:
                  - - name: a
                      template: say
                      hooks:
                        running: {expression: 'steps["a"].status == "Running"', template: say}
                        failed: {expression: 'steps["a"].status == "Failed"', template: say}
                        done: {expression: 'steps["a"].status == "Succeeded"', template: say}
                  - - {name: b, template: say}
                """))
        try run.run()
        #expect(run.machine.run.phase == .succeeded)
        #expect(run.names == ["wf", "wf[0]", "wf[0].a", "wf[0].a.hooks.running", "wf[0].a.hooks.done", "wf[1]", "wf[1].b"])
    }

    @Test func `hooks of the workflow run beside it, and its exit handler after them`() throws {
        var run = try Rehearsal(
            workflow(
                "- {name: main, container: {image: \"busybox:1\", command: [true]}}",
                spec: """
                    onExit: say
                    hooks:
                      running: {expression: workflow.status == "Running", template: say}
                      over: {expression: workflow.status == "Succeeded", template: say}
                    """))
        try run.start()
        #expect(run.names == ["wf", "wf.hooks.running"])
        try run.end(run.waitingPods[0], .success)
        #expect(run.names == ["wf", "wf.hooks.running", "wf.hooks.over"])
        try run.end(run.waitingPods[0], .success)
        #expect(run.launched.count == 3)
        try run.end(run.waitingPods[0], .success)
        #expect(run.names.last == "wf.onExit")
        try run.end(run.waitingPods[0], .success)
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `a hook that fails changes nothing of its step`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  dag:
                    tasks:
                    - name: a
                      template: say
                      hooks: {done: {expression: 'tasks.a.status == "Succeeded"', template: say}}
                """))
        try run.run { _, node in node.name.hasSuffix("hooks.done") ? .exit(1) : .success }
        #expect(try run.phase("wf.a.hooks.done") == .failed)
        #expect(run.machine.run.phase == .succeeded)
    }
}

struct LockTests {
    private let yaml = workflow(
        """
        - name: main
          synchronization: {mutexes: [{name: "m-{{workflow.name}}"}], semaphores: [{configMapKeyRef: {name: limits, key: db}}]}
          container: {image: "busybox:1", command: [true]}
        """)

    @Test func `a node starts when it has all its locks, and gives them back at its end`() throws {
        var run = try Rehearsal(self.yaml)
        try run.start()
        #expect(run.acquired.map { $0.locks.map(\.text) } == [["default/Mutex/m-wf", "default/ConfigMap/limits/db"]])
        #expect(run.launched.isEmpty)
        try run.send(.locksAnswered(NodeID(0), .wait(lock: "default/Mutex/m-wf", held: 1, limit: 1)))
        #expect(try run.node("wf").message == "Waiting for default/Mutex/m-wf lock. Lock status: 0/1")
        try run.send(.locksAnswered(NodeID(0), .granted))
        #expect(run.launched.count == 1)
        #expect(run.released.isEmpty)
        try run.end(run.waitingPods[0], .success)
        #expect(run.released == [LockHolder(run: RunID("uid-1"), node: NodeID(0))])
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `a stop ends a node that waits for a lock, and a lock given too late goes back`() throws {
        var run = try Rehearsal(self.yaml)
        try run.start()
        try run.send(.shutdownRequested(.stop, message: ""))
        #expect(run.machine.run.phase == .failed)
        #expect(run.released.count == 1)
        try run.send(.locksAnswered(NodeID(0), .granted))
        #expect(run.released.count == 2)
    }

    @Test func `a node that asks for a mutex of its own run is told so instead of waiting for ever`() throws {
        var run = try Rehearsal(self.yaml.replacing("entrypoint: main", with: "entrypoint: main\n  synchronization: {mutex: {name: m-wf}}"))
        try run.start()
        try run.send(.locksAnswered(nil, .granted))
        #expect(run.machine.run.phase == .error)
        #expect(run.machine.run.message.contains("the run itself holds default/Mutex/m-wf"))
    }

    @Test func `a run with locks begins when it has them`() throws {
        var run = try Rehearsal(
            workflow(
                "- {name: main, container: {image: \"busybox:1\", command: [true]}}", spec: "synchronization: {mutexes: [{name: one}]}"))
        try run.start()
        #expect(run.machine.run.phase == .pending)
        try run.send(.locksAnswered(nil, .granted))
        #expect(run.machine.run.phase == .running)
        try run.end(run.waitingPods[0], .success)
        #expect(run.released == [LockHolder(run: RunID("uid-1"), node: nil)])
    }
}

struct MemoTests {
    private let yaml = workflow(
        """
        - name: main
          inputs: {parameters: [{name: day, value: "2024"}]}
          memoize: {key: "day-{{inputs.parameters.day}}", maxAge: 1h, cache: {configMap: {name: results}}}
          outputs: {parameters: [{name: out, valueFrom: {path: /tmp/out}}]}
          container: {image: "busybox:1", command: [true]}
        """)

    @Test func `what the cache has is not worked out again`() throws {
        var run = try Rehearsal(self.yaml)
        try run.start()
        #expect(run.recalls.map(\.request) == [MemoRequest(namespace: "default", cache: "results", key: "day-2024")])
        var outputs = NodeOutputs()
        outputs.parameters = [NamedValue(name: "out", value: "42")]
        try run.send(.recalled(NodeID(0), outputs))
        #expect(run.launched.isEmpty)
        #expect(run.machine.run.phase == .succeeded)
        #expect(try run.node("wf").outputs == outputs)
        #expect(run.remembered.isEmpty)
    }

    @Test func `what the cache does not have is kept when it succeeds`() throws {
        var run = try Rehearsal(self.yaml)
        try run.start()
        try run.send(.recalled(NodeID(0), nil))
        try run.end(run.waitingPods[0], .writes(["out": "7"]))
        #expect(run.remembered.map(\.outputs.parameters) == [[NamedValue(name: "out", value: "7")]])
    }

    @Test func `nothing is kept of a failure`() throws {
        var run = try Rehearsal(self.yaml)
        try run.start()
        try run.send(.recalled(NodeID(0), nil))
        try run.end(run.waitingPods[0], .exit(1))
        #expect(run.remembered.isEmpty)
    }
}

struct ContainerSetTests {
    @Test func `the containers of a set are nodes below its pod`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  containerSet:
                    retryStrategy: {retries: 2, duration: 1s}
                    containers:
                    - {name: a, image: "busybox:1", command: [echo]}
                    - {name: main, image: "busybox:1", command: [echo], dependencies: [a]}
                """))
        try run.start()
        let pod = run.waitingPods[0]
        #expect(pod.containers.map(\.name) == ["a", "main"])
        #expect(pod.containers[1].dependencies == ["a"])
        #expect(pod.containers[0].retry == ContainerRetry(attempts: 2, wait: .seconds(1)))
        try run.send(.podStarted(pod.id.node, attempt: 0))
        try run.send(.containerStarted(pod.id.node, attempt: 0, container: "a"))
        #expect(try run.phase("wf.a") == .running)
        let failed = ContainerResult(name: "a", end: .exited(code: 2), finishedAt: Timestamp(milliseconds: 5))
        try run.send(.containerFinished(pod.id.node, attempt: 0, failed))
        #expect(try run.phase("wf.a") == .failed)
        var result = PodResult(end: .exited(code: 2), finishedAt: Timestamp(milliseconds: 6))
        result.containers = [failed]
        try run.send(.podFinished(pod.id.node, attempt: 0, result))
        #expect(try run.phase("wf.main") == .failed)
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `sidecars and init containers go along, with the mounts they mirror`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  volumes: [{name: shared, emptyDir: {}}]
                  initContainers: [{name: first, image: "busybox:1", command: [prepare], mirrorVolumeMounts: true}]
                  sidecars: [{name: helper, image: "busybox:1", command: [serve]}]
                  container: {image: "busybox:1", command: [work], volumeMounts: [{name: shared, mountPath: /shared}]}
                """))
        try run.start()
        let pod = run.waitingPods[0]
        #expect(pod.initContainers.map(\.name) == ["first"])
        #expect(pod.initContainers[0].mounts == [VolumeMountRequest(volume: "shared", mountPath: "/shared")])
        #expect(pod.sidecars.map(\.name) == ["helper"])
        #expect(pod.containers.map(\.name) == ["main"])
    }

    @Test func `an init container with restartPolicy Always is a sidecar, and what it asks for counts for all of the pod`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  initContainers:
                  - {name: small, image: "busybox:1", command: [prepare], resources: {requests: {cpu: 900m, memory: 1Mi}}}
                  - {name: proxy, image: "busybox:1", command: [serve], restartPolicy: Always, resources: {requests: {cpu: 200m, memory: 5Mi}}}
                  - {name: large, image: "busybox:1", command: [prepare], resources: {requests: {cpu: 100m, memory: 90Mi}}}
                  container: {image: "busybox:1", command: [work], resources: {requests: {cpu: 500m, memory: 10Mi}}}
                """))
        try run.start()
        let pod = run.waitingPods[0]
        #expect(pod.initContainers.map(\.restarts) == [false, true, false])
        #expect(pod.resources == ResourceRequest(cpuMillis: 900, memoryBytes: 95 << 20))
    }

    @Test func `patches change the pod, the workflow's before the template's`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  inputs: {parameters: [{name: mem, value: 1Gi}]}
                  podSpecPatch: '{"terminationGracePeriodSeconds": 7, "containers":[{"name":"main","env":[{"name":"A","value":"2"}],"resources":{"limits":{"memory":"{{inputs.parameters.mem}}"}}}]}'
                  container: {image: "busybox:1", command: [work]}
                """,
                spec: #"podSpecPatch: '{"containers":[{"name":"main","env":[{"name":"A","value":"1"},{"name":"B","value":"1"}]}]}'"#))
        try run.start()
        let pod = run.waitingPods[0]
        #expect(pod.gracePeriod == .seconds(7))
        #expect(pod.main.limits.memoryBytes == 1 << 30)
        #expect(pod.main.env == [.value(name: "A", "2"), .value(name: "B", "1")])
    }

    @Test func `a step says how far it is`() throws {
        var run = try Rehearsal(workflow("- {name: main, container: {image: \"busybox:1\", command: [true]}}"))
        try run.start()
        try run.send(.progress(NodeID(0), attempt: 0, done: 3, of: 10))
        #expect(try run.node("wf").progress == NodeProgress(done: 3, of: 10))
        try run.send(.progress(NodeID(0), attempt: 0, done: 11, of: 10))
        #expect(try run.node("wf").progress == NodeProgress(done: 3, of: 10))
    }
}

struct CallTests {
    private func http(_ condition: String) -> String {
        workflow(
            """
            - name: main
              http: {url: "http://{{workflow.name}}.test/", method: POST, body: hi\(condition)}
            """)
    }

    private func answered(_ status: Int, _ body: String) -> CallResult {
        CallResult(
            end: .answered(status: status, headers: ["Content-Type": ["text/plain"]]), result: body,
            finishedAt: Timestamp(milliseconds: 5))
    }

    @Test func `an http template asks once and its result is the body`() throws {
        var run = try Rehearsal(self.http(""))
        try run.start()
        guard case .http(let call)? = run.calls.first?.kind else {
            Issue.record("no http call")
            return
        }
        #expect(call.url == "http://wf.test/")
        #expect(call.method == "POST")
        #expect(try run.node("wf").type == .http)
        try run.send(.callFinished(NodeID(0), attempt: 0, self.answered(201, "made")))
        #expect(run.machine.run.phase == .succeeded)
        #expect(try run.node("wf").outputs.result == "made")
    }

    @Test func `an answer that is not 2xx fails the node unless its condition says otherwise`() throws {
        var run = try Rehearsal(self.http(""))
        try run.start()
        try run.send(.callFinished(NodeID(0), attempt: 0, self.answered(404, "")))
        #expect(run.machine.run.message == "received non-2xx response code: 404")
        var judged = try Rehearsal(
            self.http(#", successCondition: 'response.statusCode == 404 && response.body contains "gone" && request.method == "POST"'"#))
        try judged.start()
        try judged.send(.callFinished(NodeID(0), attempt: 0, self.answered(404, "all gone")))
        #expect(judged.machine.run.phase == .succeeded)
    }

    @Test func `what people should know of an answer is the node's message`() throws {
        var run = try Rehearsal(self.http(""))
        try run.start()
        var result = self.answered(200, "much")
        result.note = "the body is cut"
        let event = RunMachine.Event.callFinished(NodeID(0), attempt: 0, result)
        #expect(RunMachine.Event(json: event.json) == event)
        try run.send(event)
        #expect(try run.node("wf").message == "the body is cut")
    }

    @Test func `a plugin is told of its template`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  metadata: {labels: {team: data}}
                  inputs: {parameters: [{name: who, value: you}]}
                  outputs: {parameters: [{name: text, valueFrom: {supplied: {}}}]}
                  plugin: {hello: {who: "{{inputs.parameters.who}}"}}
                """))
        try run.start()
        let request = try #require(run.calls.first)
        #expect(request.kind == .plugin(["hello": ["who": "you"]]))
        #expect(
            request.template == [
                "name": "main", "inputs": ["parameters": [["name": "who", "value": "you"]]],
                "outputs": ["parameters": [["name": "text"]]], "metadata": ["labels": ["team": "data"]],
            ])
    }

    @Test func `a resource asks for its outputs by path`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  resource: {action: get, manifest: "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: x}"}
                  outputs: {parameters: [{name: v, valueFrom: {jsonPath: "{.data.v}"}}, {name: w, valueFrom: {jqFilter: .data.w}}]}
                """))
        try run.start()
        #expect(
            run.calls.first?.outputs == [.init(name: "v", query: .jsonPath("{.data.v}")), .init(name: "w", query: .jqFilter(".data.w"))])
        var result = CallResult(end: .succeeded(message: ""), finishedAt: Timestamp(milliseconds: 5))
        result.parameters = ["v": "1", "w": "2"]
        try run.send(.callFinished(NodeID(0), attempt: 0, result))
        #expect(try run.node("wf").outputs.parameters == [NamedValue(name: "v", value: "1"), NamedValue(name: "w", value: "2")])
    }
}

struct LabelTests {
    @Test func `labels are computed when the run begins`() throws {
        var run = try Rehearsal(
            workflow(
                "- {name: main, container: {image: \"busybox:1\", command: [echo], args: [\"{{workflow.labels.team}}\"]}}",
                spec: "workflowMetadata: {labelsFrom: {team: {expression: \"workflow.name + '-team'\"}}}"))
        try run.start()
        #expect(run.machine.run.labels == [NamedValue(name: "team", value: "wf-team")])
        #expect(run.launched.map(\.main.args) == [["wf-team"]])
    }

    @Test func `a label that is none ends the run with an error`() throws {
        var run = try Rehearsal(
            workflow(
                "- {name: main, container: {image: \"busybox:1\", command: [echo]}}",
                spec: "workflowMetadata: {labelsFrom: {team: {expression: \"'not a label'\"}}}"))
        try run.start()
        #expect(run.machine.run.phase == .error)
        #expect(run.machine.run.message.contains("is no label value"))
    }
}
