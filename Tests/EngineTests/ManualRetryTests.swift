import Engine
import Testing
import WorkflowModel

struct ManualRetryTests {
    /// Runs a workflow to its end, retries it, and tells what ran the second time, in order.
    private func retried(
        _ yaml: String, failing: Set<String>, _ request: RetryRequest = RetryRequest(), then second: Set<String> = [],
        after change: (inout Rehearsal) throws -> Void = { _ in }
    ) throws -> (rehearsal: Rehearsal, again: [String]) {
        var rehearsal = try Rehearsal(yaml)
        try rehearsal.run { _, node in failing.contains(node.name) ? .exit(1) : .prints(node.name) }
        try change(&rehearsal)
        let before = rehearsal.launched.count
        try rehearsal.send(.retryRequested(request))
        #expect(rehearsal.machine.run.phase == .pending)
        try rehearsal.run { _, node in second.contains(node.name) ? .exit(1) : .prints(node.name) }
        return (rehearsal, rehearsal.launched.dropFirst(before).map { rehearsal.machine.nodes[$0.id.node.index].name })
    }

    private func selector(_ text: String) throws -> RetryRequest {
        RetryRequest(selector: try NodeSelector(text), restartsSuccessful: true)
    }

    @Test func `a failed pod runs again under a new ordinal`() throws {
        let (rehearsal, again) = try self.retried(Sample.single, failing: ["wf"])
        #expect(again == ["wf"])
        #expect(rehearsal.machine.run.phase == .succeeded)
        #expect(rehearsal.machine.nodes.map(\.isRetired) == [true, false])
        #expect(rehearsal.machine.run.entryNode == NodeID(1))
    }

    @Test func `of steps only the failed one and what comes after it run again`() throws {
        let (rehearsal, again) = try self.retried(Sample.steps, failing: ["wf[1].b"])
        #expect(again == ["wf[1].b", "wf[2].d"])
        #expect(rehearsal.machine.run.phase == .succeeded)
        #expect(try rehearsal.node("wf[1].c").outputs.result == "wf[1].c")
        #expect(try rehearsal.phase("wf[1]") == .succeeded)
        #expect(rehearsal.machine.progress == (4, 4))
    }

    @Test func `a dag goes on where it failed, and what was omitted gets its chance`() throws {
        let (rehearsal, again) = try self.retried(Sample.dag, failing: ["wf.b"])
        #expect(again == ["wf.b", "wf.d"])
        #expect(rehearsal.machine.run.phase == .succeeded)
        #expect(try rehearsal.phase("wf.d") == .succeeded)
    }

    @Test func `a run that fails again can be retried again`() throws {
        var (rehearsal, _) = try self.retried(Sample.dag, failing: ["wf.b", "wf.c"], then: ["wf.c"])
        #expect(rehearsal.machine.run.phase == .failed)
        try rehearsal.send(.retryRequested(RetryRequest()))
        try rehearsal.run()
        #expect(rehearsal.machine.run.phase == .succeeded)
    }

    @Test func `a failure that was put up with stays`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              steps:
              - - {name: a, template: leaf, continueOn: {failed: true}}
              - - {name: b, template: leaf}
              - - {name: c, template: leaf}
            """)
        let (rehearsal, again) = try self.retried(yaml, failing: ["wf[0].a", "wf[2].c"])
        #expect(again == ["wf[2].c"])
        #expect(try rehearsal.phase("wf[0].a") == .failed)
    }

    @Test func `only the items that failed run again, in steps and in dags`() throws {
        let steps = Sample.workflow(
            """
            - name: main
              steps:
              - - {name: a, template: leaf, withItems: [x, u, z]}
              - - {name: b, template: leaf}
            """)
        #expect(try self.retried(steps, failing: ["wf[0].a(1:u)"]).again == ["wf[0].a(1:u)", "wf[1].b"])
        let dag = Sample.workflow(
            """
            - name: main
              dag:
                tasks:
                - {name: a, template: leaf, withItems: [x, u, z]}
                - {name: b, template: leaf, depends: a}
            """)
        let (rehearsal, again) = try self.retried(dag, failing: ["wf.a(0:x)", "wf.a(2:z)"])
        #expect(again == ["wf.a(0:x)", "wf.a(2:z)", "wf.b"])
        #expect(try rehearsal.phase("wf.a") == .succeeded)
    }

    @Test func `new parameters have loops made anew`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              dag:
                tasks:
                - {name: a, template: leaf, withItems: [x, u]}
                - {name: b, template: leaf}
            """)
        let request = RetryRequest(parameters: [NamedValue(name: "p", value: "2")])
        #expect(try self.retried(yaml, failing: ["wf.a(0:x)"], request).again == ["wf.a(0:x)", "wf.a(1:u)"])
    }

    @Test func `nested templates go on from the inside`() throws {
        let (rehearsal, again) = try self.retried(Sample.nested, failing: ["wf.in[0].two"])
        #expect(again == ["wf.in[0].two", "wf.in[1].three", "wf.after"])
        #expect(rehearsal.machine.run.phase == .succeeded)
        #expect(try rehearsal.phase("wf.in[0].one") == .succeeded)
    }

    @Test func `a limit holds among the nodes that go on`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              parallelism: 1
              dag:
                tasks:
                - {name: a, template: inner, withItems: [1, 2, 3]}
            - name: inner
              steps:
              - - {name: one, template: leaf}
                - {name: two, template: leaf}
            """)
        var rehearsal = try Rehearsal(yaml)
        try rehearsal.run { _, node in node.name.hasSuffix(".two") ? .exit(1) : .success }
        rehearsal.mostActive = 0
        try rehearsal.send(.retryRequested(RetryRequest()))
        try rehearsal.run()
        #expect(rehearsal.mostActive == 1)
        #expect(rehearsal.machine.run.phase == .succeeded)
    }

    @Test func `a retried pod has all its attempts again`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              retryStrategy: {limit: 1}
              container: {image: alpine, command: [x]}
            """)
        let (rehearsal, again) = try self.retried(yaml, failing: ["wf(0)", "wf(1)"], then: ["wf(0)"])
        #expect(again == ["wf(0)", "wf(1)"])
        #expect(rehearsal.machine.run.phase == .succeeded)
    }

    @Test func `of retried steps the latest attempt goes on, and has the whole budget`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              retryStrategy: {limit: 1}
              steps:
              - - {name: a, template: leaf}
              - - {name: b, template: leaf}
            """)
        let (rehearsal, again) = try self.retried(yaml, failing: ["wf(0)[1].b", "wf(1)[1].b"], then: ["wf(1)[1].b"])
        #expect(again == ["wf(1)[1].b", "wf(2)[0].a", "wf(2)[1].b"])
        #expect(rehearsal.machine.run.phase == .succeeded)
    }

    @Test func `the exit handler runs again, also when it is all that failed`() throws {
        let yaml = Sample.workflow("- {name: main, steps: [[{name: a, template: leaf}]]}", spec: "  onExit: leaf\n")
        #expect(try self.retried(yaml, failing: ["wf[0].a"]).again == ["wf[0].a", "wf.onExit"])
        let (rehearsal, again) = try self.retried(yaml, failing: ["wf.onExit"])
        #expect(again == ["wf.onExit"])
        #expect(rehearsal.machine.run.phase == .succeeded)
    }

    @Test func `exit handlers of steps run again with what goes on`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              steps:
              - - {name: a, template: leaf, onExit: leaf}
                - {name: in, template: inner, onExit: leaf}
            - name: inner
              steps:
              - - {name: x, template: leaf}
            """)
        let (_, again) = try self.retried(yaml, failing: ["wf[0].in[0].x"])
        #expect(again == ["wf[0].in[0].x", "wf[0].in.onExit"])
    }

    @Test func `chosen nodes of a run that succeeded run again with what comes after them`() throws {
        let (rehearsal, again) = try self.retried(Sample.nested, failing: [], try self.selector("displayName=two"))
        #expect(again == ["wf.in[0].two", "wf.in[1].three", "wf.after"])
        #expect(rehearsal.machine.run.phase == .succeeded)
        #expect(try self.retried(Sample.nested, failing: [], try self.selector("name=wf.in")).again.count == 4)
        #expect(try self.retried(Sample.nested, failing: [], try self.selector("name=wf")).again.count == 6)
    }

    @Test func `what cannot be retried says why`() throws {
        var rehearsal = try Rehearsal(Sample.steps)
        try rehearsal.start()
        #expect(rehearsal.machine.objection(toRetrying: RetryRequest()) == "it has not ended")
        for pod in rehearsal.waitingPods { try rehearsal.end(pod, .success) }
        while let pod = rehearsal.waitingPods.first { try rehearsal.end(pod, .success) }
        #expect(rehearsal.machine.objection(toRetrying: RetryRequest())?.contains("--restart-successful") == true)
        #expect(rehearsal.machine.objection(toRetrying: try self.selector("name=nobody")) == "none of its nodes matches 'name=nobody'")
        try rehearsal.send(.retryRequested(RetryRequest()))
        #expect(rehearsal.machine.run.phase == .succeeded)
    }

    @Test func `a daemon starts again before what needs it goes on`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              steps:
              - - {name: serve, template: server}
              - - {name: early, template: leaf}
              - - {name: in, template: inner}
            - name: inner
              steps:
              - - {name: good, template: leaf}
                - {name: bad, template: leaf}
            - name: server
              daemon: true
              container: {image: alpine, command: [serve]}
            """)
        var rehearsal = try Rehearsal(yaml)
        try rehearsal.serve(failing: ["wf[2].in[0].bad"])
        #expect(rehearsal.machine.run.phase == .failed)
        let before = rehearsal.launched.count
        try rehearsal.send(.retryRequested(RetryRequest()))
        try rehearsal.serve(failing: [])
        #expect(
            rehearsal.launched.dropFirst(before).map { rehearsal.machine.nodes[$0.id.node.index].name } == [
                "wf[0].serve", "wf[2].in[0].bad",
            ])
        #expect(rehearsal.machine.run.phase == .succeeded)
    }

    @Test func `what waits for its daemon is ended by a stop, and by the daemon's failure`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              dag:
                tasks:
                - {name: serve, template: server}
                - {name: in, template: inner, depends: serve}
            - name: inner
              steps:
              - - {name: bad, template: leaf}
            - name: server
              daemon: true
              container: {image: alpine, command: [serve]}
            """)
        for stops in [true, false] {
            var rehearsal = try Rehearsal(yaml)
            try rehearsal.serve(failing: ["wf.in[0].bad"])
            try rehearsal.send(.retryRequested(RetryRequest()))
            try rehearsal.send(.started)
            let serving = try #require(rehearsal.waitingPods.first)
            if stops {
                try rehearsal.send(.shutdownRequested(.stop, message: ""))
                try rehearsal.obey(serving.id)
            } else {
                try rehearsal.end(serving, .exit(1))
            }
            #expect(rehearsal.machine.run.phase == .failed)
            #expect(try rehearsal.phase("wf.in") == (stops ? .failed : .omitted))
            try rehearsal.send(.retryRequested(RetryRequest()))
            try rehearsal.serve(failing: [])
            #expect(rehearsal.machine.run.phase == .succeeded)
        }
    }

    @Test func `a stopped run goes on with what was not done`() throws {
        var rehearsal = try Rehearsal(Sample.steps)
        try rehearsal.start()
        try rehearsal.end(try #require(rehearsal.waitingPods.first), .success)
        try rehearsal.send(.shutdownRequested(.terminate, message: ""))
        for pod in rehearsal.waitingPods { try rehearsal.obey(pod.id) }
        #expect(rehearsal.machine.run.phase == .failed)
        let before = rehearsal.launched.count
        try rehearsal.send(.retryRequested(RetryRequest()))
        try rehearsal.run()
        #expect(rehearsal.launched.count - before == 3)
        #expect(rehearsal.machine.run.phase == .succeeded)
    }

    @Test func `locks are asked for again`() throws {
        let yaml = Sample.workflow(
            """
            - name: main
              synchronization: {mutexes: [{name: inner}]}
              steps:
              - - {name: a, template: leaf}
            """, spec: "  synchronization: {mutexes: [{name: outer}]}\n")
        var rehearsal = try Rehearsal(yaml)
        for code in [1, 0] {
            let before = rehearsal.acquired.count
            if code == 0 { try rehearsal.send(.retryRequested(RetryRequest())) }
            try rehearsal.send(.started)
            try rehearsal.send(.locksAnswered(nil, .granted))
            let entry = rehearsal.machine.run.entryNode
            try rehearsal.send(.locksAnswered(entry, .granted))
            #expect(rehearsal.acquired.dropFirst(before).map(\.holder.node) == [nil, entry])
            try rehearsal.end(try #require(rehearsal.waitingPods.first), .exit(code))
        }
        #expect(rehearsal.machine.run.phase == .succeeded)
        #expect(rehearsal.released.count == 4)
    }

    @Test func `a resubmission takes over what succeeded, under its own names`() throws {
        var old = try Rehearsal(Sample.nested)
        try old.run { _, node in node.name == "wf.in[0].two" ? .exit(1) : .prints(node.name) }
        var new = try Rehearsal(Sample.nested.replacing("name: wf}", with: "name: wf-again}"))
        try new.send(.restored(old.machine.resubmission(named: "wf-again")))
        try new.send(.retryRequested(RetryRequest()))
        try new.run()
        #expect(
            new.launched.map { new.machine.nodes[$0.id.node.index].name } == [
                "wf-again.in[0].two", "wf-again.in[1].three", "wf-again.after",
            ])
        #expect(new.machine.run.phase == .succeeded)
        let kept = try new.node("wf-again.in[0].one")
        #expect(kept.outputs.result == "wf.in[0].one")
        #expect(kept.original == ArgoNames.nodeID("wf.in[0].one", workflow: "wf"))
    }

    @Test func `a preview names what would run again and changes nothing`() throws {
        var rehearsal = try Rehearsal(Sample.nested)
        try rehearsal.run { _, node in node.name == "wf.in[0].two" ? .exit(1) : .success }
        let machine = rehearsal.machine
        let preview = machine.preview(ofRetrying: RetryRequest())
        #expect(preview.again.map { machine.nodes[$0.index].name } == ["wf.in[0].two", "wf.after"])
        #expect(preview.goingOn.map { machine.nodes[$0.index].name } == ["wf", "wf.in", "wf.in[0]"])
    }
}

private enum Sample {
    static func workflow(_ templates: String, spec: String = "") -> String {
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: wf}
        spec:
          entrypoint: main
          arguments: {parameters: [{name: p, value: "1"}]}
        \(spec)  templates:
        \(templates.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n"))
          - {name: leaf, container: {image: alpine, command: [x]}}
        """
    }

    static let single = workflow("- {name: main, container: {image: alpine, command: [x]}}")
    static let steps = workflow(
        """
        - name: main
          steps:
          - - {name: a, template: leaf}
          - - {name: b, template: leaf}
            - {name: c, template: leaf}
          - - {name: d, template: leaf}
        """)
    static let dag = workflow(
        """
        - name: main
          dag:
            tasks:
            - {name: a, template: leaf}
            - {name: b, template: leaf, depends: a}
            - {name: c, template: leaf, depends: a}
            - {name: d, template: leaf, depends: b && c}
        """)
    static let nested = workflow(
        """
        - name: main
          dag:
            tasks:
            - {name: before, template: leaf}
            - {name: in, template: inner, depends: before}
            - {name: after, template: leaf, depends: in}
            - {name: beside, template: leaf}
        - name: inner
          steps:
          - - {name: one, template: leaf}
            - {name: two, template: leaf}
          - - {name: three, template: leaf}
        """)
}

extension Rehearsal {
    /// Runs to the end, with daemons that get ready and end when they are told to.
    fileprivate mutating func serve(failing: Set<String>) throws {
        try self.send(.started)
        var ready: Set<NodeID> = []
        var obeyed = self.stopped.count
        while !self.machine.run.phase.isFinished {
            if self.stopped.count > obeyed {
                try self.obey(self.stopped[obeyed])
                obeyed += 1
                continue
            }
            let nodes = self.machine.nodes
            func node(_ pod: PodRequest) -> Node { nodes[pod.id.node.index] }
            if let daemon = self.waitingPods.first(where: { node($0).name.contains("serve") && !ready.contains($0.id.node) }) {
                ready.insert(daemon.id.node)
                try self.send(.podStarted(daemon.id.node, attempt: 0))
                try self.send(.podReady(daemon.id.node, attempt: 0))
                continue
            }
            let pod = try #require(self.waitingPods.first { !node($0).name.contains("serve") })
            try self.end(pod, failing.contains(node(pod).name) ? .exit(1) : .success)
        }
    }
}
