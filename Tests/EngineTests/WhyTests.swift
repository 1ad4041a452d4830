import Engine
import Testing
import WorkflowModel

/// What a run says of itself, and what it does when it can never go on.
struct WhyTests {
    private func workflow(_ templates: String, spec: String = "") -> String {
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: wf}
        spec:
          entrypoint: main
        \(spec)  templates:
        \(templates.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n"))
          - {name: leaf, container: {image: alpine, command: [x]}}
        """
    }

    private func started(_ templates: String, spec: String = "") throws -> Rehearsal {
        var rehearsal = try Rehearsal(self.workflow(templates, spec: spec))
        try rehearsal.start()
        return rehearsal
    }

    @Test func `a task that has no node names what it waits for`() throws {
        let run = try self.started(
            """
            - name: main
              dag:
                tasks:
                - {name: a, template: leaf}
                - {name: b, template: leaf, depends: a}
                - {name: c, template: leaf, depends: a && b}
            """)
        #expect(run.machine.why(named: "c") == [Explanation(node: "wf.c", phase: "", reasons: ["waits for a (Pending), b (not started)"])])
        #expect(run.machine.why(named: "nobody").isEmpty)
        let (explanations, count) = run.machine.why(most: 10)
        #expect(count == 2)
        #expect(explanations.map(\.node) == ["wf", "a"])
        #expect(explanations[0].reasons == ["1 node is under way or awaited"])
    }

    @Test func `a step names the steps before it, and a group what is in it`() throws {
        var run = try self.started(
            """
            - name: main
              steps:
              - - {name: a, template: leaf}
                - {name: b, template: leaf}
              - - {name: c, template: leaf}
            """)
        try run.send(.podStarted(NodeID(2), attempt: 0))
        #expect(run.machine.why(named: "c").map(\.reasons) == [["comes after a (Running), b (Pending)"]])
        #expect(run.machine.why(named: "[0]").map(\.reasons) == [["waits for what is in it: a (Running), b (Pending)"]])
        #expect(run.machine.why(named: "a").first?.reasons.first?.hasPrefix("its pod was started at 2023-11-14T22:13:20Z") == true)
    }

    @Test func `places, suspension, locks and waits are told apart`() throws {
        let limited = try self.started("- {name: main, parallelism: 1, steps: [[{name: a, template: leaf}, {name: b, template: leaf}]]}")
        #expect(
            limited.machine.why(named: "b").map(\.reasons) == [["waits for a place in wf, where 1 of 1 run; it is the first in the queue"]])
        var whole = try self.started(
            "- {name: main, steps: [[{name: a, template: leaf}, {name: b, template: leaf}, {name: c, template: leaf}]]}",
            spec: "  parallelism: 1\n")
        #expect(
            whole.machine.why(named: "c").map(\.reasons) == [
                ["waits for one of the places of 1 that the workflow's parallelism gives to pods; 1 before it in the queue"]
            ])
        try whole.send(.suspendRequested)
        #expect(whole.machine.why(named: "c").map(\.reasons) == [["the run is suspended: nothing new starts until it is resumed"]])
        var locked = try self.started("- {name: main, synchronization: {mutexes: [{name: m}]}, container: {image: alpine, command: [x]}}")
        try locked.send(.locksAnswered(NodeID(0), .wait(lock: "default/Mutex/m", held: 1, limit: 1)))
        #expect(locked.machine.why(named: "wf").map(\.lock) == ["default/Mutex/m"])
        let person = try self.started("- {name: main, suspend: {}}")
        #expect(person.machine.why(named: "wf").map(\.reasons) == [["waits for a person, with skiff resume or skiff node set"]])
    }

    @Test func `a backoff says until when, and why`() throws {
        var run = try self.started(
            """
            - name: main
              retryStrategy: {limit: 3, backoff: {duration: 1m}}
              container: {image: alpine, command: [x]}
            """)
        try run.end(run.waitingPods[0], .exit(3))
        #expect(
            run.machine.why(named: "wf").map(\.reasons) == [
                [
                    "waits until 2023-11-14T22:14:20Z for its next attempt, number 1; the last one ended Failed: "
                        + "main: Error (exit code 3)"
                ]
            ])
    }

    @Test func `a run that ended names what failed`() throws {
        var run = try self.started("- {name: main, steps: [[{name: a, template: leaf}]]}")
        try run.end(run.waitingPods[0], .exit(3))
        let (explanations, _) = run.machine.why(most: 10)
        #expect(explanations.map(\.node) == ["wf", "a"])
        #expect(explanations[1].reasons == ["it ended: main: Error (exit code 3)"])
    }

    @Test func `a step that daemons leave no place fails at once and says so`() throws {
        var run = try self.started(
            """
            - name: main
              steps:
              - - {name: serve, template: server}
              - - {name: use, template: leaf}
            - name: server
              daemon: true
              container: {image: alpine, command: [serve]}
            """, spec: "  parallelism: 1\n")
        let daemon = run.waitingPods[0]
        try run.send(.podStarted(daemon.id.node, attempt: 0))
        try run.send(.podReady(daemon.id.node, attempt: 0))
        #expect(try run.phase("wf[1].use") == .failed)
        let reason = "the run would wait for ever: daemons have taken every place under its parallelism limits"
        #expect(try run.node("wf[1].use").message == reason)
        #expect(run.stopped == [daemon.id])
        try run.obey(daemon.id)
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `a lost pod that must not be repeated is an error of its node`() throws {
        for (metadata, isRepeated) in [("", true), ("metadata: {annotations: {skiff/restart-on-loss: \"false\"}}, ", false)] {
            var run = try self.started("- {name: main, \(metadata)container: {image: alpine, command: [x]}}")
            try run.send(.podLost(NodeID(0), attempt: 0, reason: "its supervisor was killed"))
            #expect(run.launched.count == (isRepeated ? 2 : 1))
            #expect(try run.phase("wf") == (isRepeated ? .pending : .error))
            if !isRepeated {
                #expect(
                    run.machine.run.message
                        == "the pod was lost, and is not started again (skiff/restart-on-loss: \"false\"): its supervisor was killed")
            }
        }
    }

    @Test func `a mutex that a node around it holds is an error at once`() throws {
        var run = try self.started(
            """
            - name: main
              synchronization: {mutexes: [{name: m}]}
              steps:
              - - {name: a, template: inner}
            - name: inner
              synchronization: {mutexes: [{name: m}]}
              container: {image: alpine, command: [x]}
            """)
        try run.send(.locksAnswered(NodeID(0), .granted))
        #expect(try run.node("wf[0].a").message == "wf, which it is part of, holds default/Mutex/m: it would wait for ever")
        #expect(run.machine.run.phase == .failed)
    }
}
