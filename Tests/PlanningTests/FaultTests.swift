import Diagnostics
import Planning
import Testing

private func faults(_ yaml: String) -> [Diagnostic] { Reading(yaml).planned }

private func brief(_ yaml: String) -> [String] { brief(faults(yaml)) }

struct FaultTests {
    @Test func `a dependency that is not in the DAG is underlined where it is written, with a suggestion`() {
        let found = faults(
            workflow(
                """
                  - name: main
                    dag:
                      tasks:
                      - {name: fetch-data, template: ok}
                      - name: train
                        template: ok
                        depends: fetch-dat && split
                      - {name: split, template: ok}
                  - {name: ok, container: {image: "busybox:1", command: ["true"]}}
                """))
        #expect(found.count == 1)
        #expect(found.first?.message == "task 'train' depends on 'fetch-dat', which is not in this DAG")
        #expect(found.first?.hint == "did you mean 'fetch-data'? tasks here: fetch-data, split, train")
        #expect(found.first?.position == SourcePosition(line: 13, column: 18))
        #expect(found.first?.length == 9)
    }

    @Test(arguments: [
        (
            "  - name: main\n    steps: [[{name: a, template: sya}]]",
            ["8:34 unknown-template: template name 'sya' undefined"]
        ),
        (
            "  - name: main\n    steps: [[{name: a, template: say}]]",
            ["8:14 missing-argument: template 'say' inputs.parameters.text was not supplied"]
        ),
        (
            "  - name: main\n    dag: {tasks: [{name: a, template: ok, depends: b}, {name: b, template: ok, depends: a}]}\n"
                + "  - {name: ok, container: {image: x, command: [y]}}",
            ["8:19 dependency-cycle: dependency cycle detected: a -> b -> a"]
        ),
        ("  - name: main", ["7:5 template-type: template type unspecified"]),
        (
            "  - name: main\n    container: {image: x, command: [y]}\n    script: {image: x, source: y}",
            ["7:5 template-type: multiple template types specified: container, script"]
        ),
        (
            "  - name: main\n    container: {image: x, args: [\"{{inputs.parameters.nmae}}\"]}\n    inputs: {parameters: [{name: name, value: a}]}",
            ["8:37 unresolved-reference: failed to resolve {{inputs.parameters.nmae}}"]
        ),
        (
            "  - name: main\n    steps: [[{name: a, template: say, arguments: {parameters: [{name: text, value: \"{{steps.b.status}}\"}]}}]]",
            ["8:87 unresolved-reference: failed to resolve {{steps.b.status}}"]
        ),
        (
            "  - name: main\n    container: {image: x, args: [\"{{=1 +}}\"]}",
            ["8:41 bad-tag: failed to evaluate expression: unexpected end of expression"]
        ),
        (
            "  - name: main\n    inputs: {artifacts: [{name: a, path: /a, s3: {key: b}}]}\n    container: {image: x}",
            ["8:46 not-supported: artifacts from 's3' are not supported yet"]
        ),
    ])
    func `a fault is told at its place`(templates: String, expected: [String]) {
        #expect(brief(workflow(templates)) == expected)
    }

    @Test func `every fault of a workflow is told at once`() {
        let found = brief(
            workflow(
                """
                  - name: main
                    steps:
                    - - {name: a, template: nope}
                      - {name: a, template: say, arguments: {parameters: [{name: text, value: x}]}}
                  - name: main
                    container: {image: "busybox:1"}
                """, entrypoint: "man"))
        #expect(
            found.map { $0.split(separator: " ")[1] } == ["unknown-template:", "unknown-template:", "duplicate-name:", "duplicate-name:"])
    }

    @Test func `a workflow gets its templates from the WorkflowTemplate it names, and says when that is missing`() {
        let text = """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: wf}
            spec:
              workflowTemplateRef: {name: library}
              arguments: {parameters: [{name: text, value: mine}]}
            """
        #expect(brief(text) == ["5:31 unknown-workflow-template: WorkflowTemplate 'library' is not among the files given"])
        let library = """

            ---
            apiVersion: argoproj.io/v1alpha1
            kind: WorkflowTemplate
            metadata: {name: library}
            spec:
              entrypoint: main
              arguments: {parameters: [{name: text, value: theirs}]}
              templates:
              - {name: main, container: {image: "busybox:1", args: ["{{workflow.parameters.text}}"]}}
            """
        #expect(brief(text + library) == [])
    }
}
