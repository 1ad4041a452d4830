import Engine
import Testing
import WorkflowModel

/// Targets of a DAG and names of its tasks that are known only when the DAG starts.
struct TargetTests {
    private static func flow(_ target: String, given: String) -> String {
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: wf}
        spec:
          entrypoint: main
          arguments: {parameters: [{name: goal, value: "\(given)"}]}
          templates:
          - name: main
            inputs: {parameters: [{name: goal}]}
            dag:
              target: "\(target)"
              tasks:
              - {name: a, template: say}
              - {name: b, template: say, depends: a}
              - {name: c, template: say, depends: a}
              - {name: d, template: say, depends: b && c}
          - name: say
            container: {image: "busybox:1", command: [echo]}
        """
    }

    @Test(arguments: [
        ("{{inputs.parameters.goal}}", "b", ["wf", "wf.a", "wf.b"]),
        ("{{inputs.parameters.goal}}", " b  c ", ["wf", "wf.a", "wf.b", "wf.c"]),
        ("a {{workflow.parameters.goal}}", "c", ["wf", "wf.a", "wf.c"]),
        ("{{=inputs.parameters.goal}}", "", ["wf", "wf.a", "wf.b", "wf.c", "wf.d"]),
    ])
    func `only what the target needs is run`(target: String, given: String, names: [String]) throws {
        var run = try Rehearsal(Self.flow(target, given: given))
        try run.run()
        #expect(run.names.sorted() == names)
        #expect(run.machine.run.phase == .succeeded)
    }

    @Test func `a failure of the target fails the DAG`() throws {
        var run = try Rehearsal(Self.flow("{{inputs.parameters.goal}}", given: "b"))
        try run.run { _, node in node.name == "wf.b" ? .exit(1) : .success }
        #expect(run.machine.run.phase == .failed)
    }

    @Test func `a target that is no task is an error of the DAG`() throws {
        var run = try Rehearsal(Self.flow("{{inputs.parameters.goal}}", given: "e"))
        try run.run()
        #expect(try run.phase("wf") == .error)
        #expect(run.machine.run.message == "target 'e' is not defined: it is not a task of this DAG")
        #expect(run.launched.isEmpty)
    }

    @Test func `the name of a step says what its tags stand for`() throws {
        var run = try Rehearsal(
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: wf}
            spec:
              entrypoint: main
              arguments: {parameters: [{name: day, value: monday}]}
              templates:
              - name: main
                inputs: {parameters: [{name: day}]}
                steps: [[{name: "on-{{inputs.parameters.day}}", template: say}]]
              - name: say
                container: {image: "busybox:1", command: [echo]}
            """)
        try run.run()
        #expect(run.names == ["wf", "wf[0]", "wf[0].on-monday"])
    }

    @Test func `two runs throw different dice, and one run the same again`() throws {
        let yaml = """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: wf}
            spec:
              entrypoint: main
              templates:
              - name: main
                container: {image: "busybox:1", command: [echo], args: ["{{=sprig.uuidv4()}}"]}
            """
        let plan = try #require(Rehearsal.read(yaml).plan)
        func printed(_ id: String) -> [String] {
            var machine = RunMachine(plan: plan, id: RunID(id))
            return machine.handle(.started, at: Timestamp(milliseconds: 1)).flatMap { action -> [String] in
                guard case .launch(let request) = action else { return [] }
                return request.main.args
            }
        }
        #expect(printed("one") == printed("one"))
        #expect(printed("one") != printed("two"))
        #expect(printed("one").count == 1)
    }
}
