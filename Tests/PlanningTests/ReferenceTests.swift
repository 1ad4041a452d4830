import Diagnostics
import Planning
import Testing

/// A generator of numbers that gives the same ones for the same seed.
private struct Numbers {
    var state: UInt64
    mutating func next(below bound: Int) -> Int {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((self.state >> 33) % UInt64(bound))
    }
}

struct ReferenceTests {
    @Test(arguments: 1...12)
    func `a task sees exactly what comes before it`(seed: Int) {
        var numbers = Numbers(state: UInt64(seed))
        let count = 4 + numbers.next(below: 20)
        let needs = (0..<count).map { task in (0..<task).filter { _ in numbers.next(below: 4) == 0 } }
        var ancestors: [Set<Int>] = []
        for task in 0..<count { ancestors.append(Set(needs[task]).union(needs[task].flatMap { ancestors[$0] })) }
        var tasks = ""
        for task in 0..<count {
            let all = (0..<count).filter { $0 != task }.map { "{{tasks.t\($0).status}}" }.joined(separator: " ")
            let depends = needs[task].map { "t\($0)" }.joined(separator: " && ")
            tasks +=
                "      - {name: t\(task), template: say, depends: \"\(depends)\", arguments: {parameters: [{name: text, value: \"\(all)\"}]}}\n"
        }
        let found = Reading(workflow("  - name: main\n    dag:\n      tasks:\n" + tasks)).checked.filter { $0.severity == .error }
        #expect(found.allSatisfy { $0.code.text == "unresolved-reference" })
        let unseen = Set(
            found.map { "\($0.path.text.prefix { $0 != "]" }.split(separator: "[").last ?? "") \($0.message.prefix { $0 != ":" })" })
        var expected: Set<String> = []
        for task in 0..<count {
            for other in 0..<count where other != task && !ancestors[task].contains(other) {
                expected.insert("0 failed to resolve {{tasks.t\(other).status}}")
            }
        }
        // Told once for each task and name, so the counts must agree too.
        #expect(unseen.count == expected.count)
        #expect(found.count == (0..<count).reduce(0) { $0 + count - 1 - ancestors[$1].count })
    }

    @Test func `an inline template sees its own inputs and what its step sees`() {
        let found = Reading(
            workflow(
                """
                  - name: main
                    inputs: {parameters: [{name: outer, value: x}]}
                    steps:
                    - - {name: a, template: made}
                    - - name: b
                        inline:
                          inputs: {parameters: [{name: own, value: x}]}
                          container:
                            image: busybox:1
                            command: [echo]
                            args: ["{{inputs.parameters.own}} {{inputs.parameters.outer}} {{steps.a.outputs.result}} {{steps.b.id}} {{inputs.parameters.no}}"]
                  - {name: made, container: {image: "busybox:1", command: [echo]}}
                """)
        ).checked
        #expect(
            brief(found) == [
                "17:104 unresolved-reference: failed to resolve {{steps.b.id}}: 'b' cannot refer to itself",
                "17:119 unresolved-reference: failed to resolve {{inputs.parameters.no}}",
            ])
    }

    @Test func `a template may use failures only where an exit handler brings it`() {
        let templates = """
              - name: main
                steps: [[{name: a, template: tell}]]
              - {name: tell, container: {image: "busybox:1", command: [echo, "{{workflow.failures}}"]}}
            """
        #expect(brief(Reading(workflow(templates, spec: "\n  onExit: tell")).checked).count == 1)
        let alone =
            templates.replacing("template: tell", with: "template: other")
            + "\n  - {name: other, container: {image: \"busybox:1\", command: [echo]}}"
        #expect(brief(Reading(workflow(alone, spec: "\n  onExit: tell")).checked).isEmpty)
    }

    @Test func `names with tags in them are left to the run`() {
        let found = Reading(
            workflow(
                """
                  - name: main
                    inputs: {parameters: [{name: day, value: x}]}
                    steps:
                    - - {name: "run-{{inputs.parameters.day}}", template: other}
                    - - {name: after, template: other, when: "{{steps.run-{{inputs.parameters.day}}.status}} == {{steps.run-x.status}}"}
                    - - {name: dynamic, template: "{{inputs.parameters.dya}}"}
                  - {name: other, container: {image: "busybox:1", command: [echo]}}
                """)
        ).checked
        #expect(brief(found) == ["12:38 unresolved-reference: failed to resolve {{inputs.parameters.dya}}"])
    }

    @Test(arguments: [
        ("{{steps.a.outputs.result}}", true),
        ("{{=steps.a.outputs.result + 'x'}}", true),
        ("{{=steps['a'].outputs}}", true),
        ("{{steps.a.status}}", false),
        ("{{=steps.a.status}}", false),
    ])
    func `standard output is kept only of steps whose result is read`(text: String, isKept: Bool) throws {
        let plan = try #require(
            Reading(
                workflow(
                    """
                      - name: main
                        steps:
                        - - {name: a, template: made}
                        - - {name: b, template: say, arguments: {parameters: [{name: text, value: "\(text)"}]}}
                      - {name: made, container: {image: "busybox:1", command: [echo]}}
                    """)
            ).plan)
        guard case .steps(let steps) = plan[plan.entrypoint].body else { preconditionFailure("main is a steps template") }
        #expect(steps.steps.map(\.capturesResult) == [isKept, false])
    }
}
