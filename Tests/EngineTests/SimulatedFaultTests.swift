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
        container: {image: "busybox:1", command: [echo]}
      - name: locked
        synchronization: {mutexes: [{name: m}]}
        container: {image: "busybox:1", command: [echo]}
      - name: serve
        daemon: true
        container: {image: "busybox:1", command: [serve]}
    """
}

/// Faults that the simulation has found, each by itself.
struct SimulatedFaultTests {
    private func lock(_ run: Rehearsal, _ name: String) throws -> LockHolder {
        LockHolder(run: RunID("uid-1"), node: try run.node(name).id)
    }

    @Test func `a lock that was to be given back when the process died is given back by the next`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps: [[{name: a, template: locked}], [{name: b, template: say}]]
                """))
        try run.start()
        try run.send(.locksAnswered(try run.node("wf[0].a").id, .granted))
        try run.end(run.waitingPods[0], .success)
        #expect(run.machine.outstanding().contains(.release(try self.lock(run, "wf[0].a"))))
        // The next commit comes after it was done.
        try run.send(.podStarted(try run.node("wf[1].b").id, attempt: 0))
        #expect(!run.machine.outstanding().contains(.release(try self.lock(run, "wf[0].a"))))
    }

    @Test func `outputs that were to be kept when the process died are kept by the next`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  memoize: {key: k, cache: {configMap: {name: results}}}
                  container: {image: "busybox:1", command: [echo]}
                """))
        try run.start()
        try run.send(.recalled(NodeID(0), nil))
        try run.end(run.waitingPods[0], .prints("7"))
        let request = MemoRequest(namespace: "default", cache: "results", key: "k")
        let outputs = try run.node("wf").outputs
        #expect(run.machine.outstanding() == [.remember(NodeID(0), request, outputs), .finish(.succeeded)])
    }

    @Test func `who waits for a place keeps the turn in which they came over a restart`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  parallelism: 1
                  steps: [[{name: a, template: say}, {name: b, template: locked}, {name: c, template: say}]]
                """))
        try run.start()
        // The second asks for its place when it has its lock, after the third. The rehearsal compares with a rebuilt machine.
        try run.send(.locksAnswered(try run.node("wf[0].b").id, .granted))
        try run.end(run.waitingPods[0], .success)
        #expect(run.launched.map(\.id.node) == [try run.node("wf[0].a").id, try run.node("wf[0].c").id])
    }

    @Test func `a node that waits for a place gives its locks back meanwhile`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  parallelism: 1
                  steps: [[{name: a, template: say}, {name: b, template: locked}]]
                """))
        try run.start()
        let holder = try self.lock(run, "wf[0].b")
        try run.send(.locksAnswered(holder.node, .granted))
        #expect(run.released == [holder])
        try run.end(run.waitingPods[0], .success)
        #expect(run.acquired.map(\.holder) == [holder, holder])
        #expect(run.launched.count == 1)
        try run.send(.locksAnswered(holder.node, .granted))
        try run.end(run.waitingPods[0], .success)
        #expect(run.machine.run.phase == .succeeded)
        #expect(run.released == [holder, holder])
    }

    @Test func `a pod that is lost while it is being stopped ends its containers too`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  containerSet: {containers: [{name: a, image: "busybox:1", command: [echo]}, {name: b, image: "busybox:1", command: [echo]}]}
                """))
        try run.start()
        try run.send(.shutdownRequested(.stop, message: ""))
        try run.send(.podLost(NodeID(0), attempt: 0, reason: "gone"))
        #expect(run.machine.nodes.allSatisfy { $0.phase == .failed })
    }

    @Test func `the containers of a lost pod start anew with it`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  containerSet: {containers: [{name: a, image: "busybox:1", command: [echo]}, {name: b, image: "busybox:1", command: [echo]}]}
                """))
        try run.start()
        let ended = ContainerResult(name: "a", end: .exited(code: 0), finishedAt: Timestamp(milliseconds: 5))
        try run.send(.containerFinished(NodeID(0), attempt: 0, ended))
        try run.send(.podLost(NodeID(0), attempt: 0, reason: "gone"))
        #expect(try run.phase("wf.a") == .pending)
    }

    @Test func `a step whose end and whose hook's end fall in one event counts once`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps:
                  - - name: a
                      template: say
                      hooks: {watch: {expression: 'steps["a"].status == "Running"', template: wait}}
                    - {name: b, template: say}
                - {name: wait, suspend: {}}
                """))
        try run.start()
        try run.send(.podStarted(try run.node("wf[0].a").id, attempt: 0))
        try run.send(.shutdownRequested(.stop, message: ""))
        for pod in run.stopped { try run.obey(pod) }
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `a retried daemon keeps its lock while it serves`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps: [[{name: d, template: guarded}], [{name: b, template: say}]]
                - name: guarded
                  daemon: true
                  retryStrategy: {limit: 1}
                  synchronization: {mutexes: [{name: m}]}
                  container: {image: "busybox:1", command: [serve]}
                """))
        try run.start()
        try run.send(.locksAnswered(try run.node("wf[0].d").id, .granted))
        let daemon = run.waitingPods[0]
        try run.send(.podReady(daemon.id.node, attempt: 0))
        #expect(run.released.isEmpty)
        try run.end(run.waitingPods[1], .success)
        try run.obey(daemon.id)
        #expect(run.released == [try self.lock(run, "wf[0].d")])
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `failFast of steps starts no more items when one has failed`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  parallelism: 1
                  failFast: true
                  steps: [[{name: a, template: say, withItems: [1, 2, 3]}]]
                """))
        try run.run { _, _ in .exit(1) }
        #expect(run.launched.count == 1)
        #expect(run.machine.run.phase == .failed)
    }
}

/// Runs that could not end by themselves.
struct DeadlockTests {
    @Test func `a run whose places are all taken by daemons fails and says why`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps: [[{name: d, template: serve}], [{name: b, template: say}]]
                """,
                spec: "parallelism: 1\nonExit: say"))
        try run.start()
        let daemon = run.waitingPods[0]
        try run.send(.podReady(daemon.id.node, attempt: 0))
        #expect(run.stopped == [daemon.id])
        try run.obey(daemon.id)
        // The exit handler has a place now.
        try run.end(run.waitingPods[0], .success)
        #expect(run.machine.run.phase == .failed)
        #expect(try run.node("wf[1].b").message.contains("daemons have taken every place"))
    }

    @Test func `steps that wait for each other's locks fail and say which`() throws {
        var run = try Rehearsal(
            workflow(
                """
                - name: main
                  steps: [[{name: a, template: first}, {name: b, template: second}]]
                - name: first
                  synchronization: {mutexes: [{name: k}]}
                  steps: [[{name: x, template: locked}]]
                - name: second
                  synchronization: {mutexes: [{name: m}]}
                  steps: [[{name: x, template: other}]]
                - name: other
                  synchronization: {mutexes: [{name: k}]}
                  container: {image: alpine, command: [work]}
                """))
        try run.start()
        for step in ["wf[0].a", "wf[0].b"] { try run.send(.locksAnswered(try run.node(step).id, .granted)) }
        for (step, lock) in [("wf[0].a[0].x", "m"), ("wf[0].b[0].x", "k")] {
            try run.send(.locksAnswered(try run.node(step).id, .wait(lock: "default/Mutex/\(lock)", held: 1, limit: 1)))
        }
        #expect(run.machine.run.phase == .failed)
        #expect(try run.node("wf[0].a[0].x").message.contains("default/Mutex/m, which it holds itself"))
    }

    @Test func `a lock that another run holds is waited for`() throws {
        var run = try Rehearsal(workflow("- {name: main, steps: [[{name: a, template: locked}]]}"))
        try run.start()
        try run.send(.locksAnswered(try run.node("wf[0].a").id, .wait(lock: "default/Mutex/m", held: 1, limit: 1)))
        #expect(run.machine.run.phase == .running)
    }
}
