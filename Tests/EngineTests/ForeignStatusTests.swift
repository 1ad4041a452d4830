import Engine
import StatusViews
import Testing
import WorkflowModel

/// Runs that go on from a status that was exported.
struct ForeignStatusTests {
    private static let yaml = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: wf}
        spec:
          entrypoint: main
          onExit: leaf
          templates:
          - name: main
            dag:
              tasks:
              - {name: a, template: leaf, onExit: leaf}
              - {name: loop, template: inner, depends: a, arguments: {parameters: [{name: x, value: "{{item}}"}]}, withItems: [one, two]}
              - {name: set, template: both, depends: a}
              - {name: again, template: tried, depends: a}
              - {name: last, template: leaf, depends: loop && set && again}
          - name: inner
            inputs: {parameters: [{name: x}]}
            steps:
            - - {name: s, template: leaf}
              - {name: t, template: leaf, when: "false"}
            - - {name: u, template: echo, arguments: {parameters: [{name: x, value: "{{inputs.parameters.x}}"}]}}
          - {name: tried, retryStrategy: {limit: 1}, container: {image: alpine, command: [x]}}
          - {name: both, containerSet: {containers: [{name: c, image: alpine, command: [x]}, {name: d, image: alpine, command: [x]}]}}
          - {name: leaf, container: {image: alpine, command: [x]}}
          - {name: echo, inputs: {parameters: [{name: x}]}, container: {image: alpine, command: [x], args: ["{{inputs.parameters.x}}"]}}
        """

    /// What a run with these failures looks like from outside.
    private func status(failing: Set<String>) throws -> JSONValue {
        var rehearsal = try Rehearsal(Self.yaml)
        try rehearsal.run { _, node in failing.contains(node.name) ? .exit(1) : .prints(node.name) }
        return try #require(WorkflowView(machine: rehearsal.machine, manifest: [:]).json["status"])
    }

    private func takenOver(_ status: JSONValue) throws -> Rehearsal {
        var rehearsal = try Rehearsal(Self.yaml)
        var reader = ForeignStatus(plan: rehearsal.machine.plan, workflow: "wf")
        try rehearsal.send(.restored(try reader.read(status)))
        return rehearsal
    }

    @Test func `an exported run goes on where it failed`() throws {
        let failing: Set = ["wf.loop(1:two)[1].u", "wf.again(0)", "wf.again(1)"]
        var run = try self.takenOver(try self.status(failing: failing))
        #expect(run.machine.run.phase == .failed)
        try run.send(.retryRequested(RetryRequest()))
        try run.run()
        #expect(
            Set(run.launched.map { run.machine.nodes[$0.id.node.index].name }) == [
                "wf.loop(1:two)[1].u", "wf.again(0)", "wf.last", "wf.onExit",
            ])
        #expect(run.launched.first { $0.main.args == ["two"] } != nil)
        #expect(run.machine.run.phase == .succeeded)
        #expect(try run.node("wf.a").original == "wf-\(ArgoNames.fnv1a32("wf.a"))")
        #expect(try run.node("wf.a").outputs.result == "wf.a")
        #expect(try run.node("wf.set.d").role == .container(index: 1))
    }

    @Test func `one that succeeded runs chosen nodes again`() throws {
        var run = try self.takenOver(try self.status(failing: []))
        try run.send(.retryRequested(RetryRequest(selector: try NodeSelector("displayName=set"), restartsSuccessful: true)))
        try run.run()
        #expect(run.launched.map { run.machine.nodes[$0.id.node.index].name } == ["wf.set", "wf.last", "wf.onExit"])
    }

    @Test func `a status that does not fit is refused in words`() throws {
        let plan = try Rehearsal(Self.yaml).machine.plan
        func refusal(_ status: JSONValue) -> String? {
            var reader = ForeignStatus(plan: plan, workflow: "wf")
            do { _ = try reader.read(status) } catch { return error.description }
            return nil
        }
        #expect(refusal(["phase": "Running"]) == "its phase is 'Running': only a workflow that has ended can go on here")
        #expect(refusal(["phase": "Failed"]) == "its status has no nodes")
        #expect(refusal(["phase": "Failed", "offloadNodeStatusVersion": "fnv:1"])?.contains("argo get NAME -o json") == true)
        let entry: JSONValue = ["id": "wf", "name": "wf", "type": "DAG", "phase": "Failed"]
        #expect(
            refusal(["phase": "Failed", "nodes": ["wf": ["id": "wf", "name": "wf", "type": "Pod", "phase": "Failed"]]])?.hasSuffix(
                "its status is of another spec") == true)
        #expect(
            refusal([
                "phase": "Failed", "nodes": ["wf": entry, "x": ["name": "wf.x", "type": "Pod", "phase": "Failed", "boundaryID": "wf"]],
            ])
                == "node 'wf.x' has no place in the workflow: its status is of another spec")
    }

    @Test func `artifacts of another store are named`() throws {
        let status: JSONValue = [
            "phase": "Failed",
            "nodes": [
                "wf": ["id": "wf", "name": "wf", "type": "DAG", "phase": "Failed"],
                "a": [
                    "id": "a", "name": "wf.a", "type": "Pod", "phase": "Succeeded", "boundaryID": "wf", "templateName": "leaf",
                    "outputs": ["artifacts": [["name": "out", "s3": ["key": "k"]]], "exitCode": "0"],
                ],
            ],
        ]
        var reader = ForeignStatus(plan: try Rehearsal(Self.yaml).machine.plan, workflow: "wf")
        let run = try reader.read(status)
        #expect(reader.notes == ["artifact 'out' of node 'wf.a' is in another store and was not taken over"])
        #expect(run.nodes[1].outputs.exitCode == 0)
    }
}
