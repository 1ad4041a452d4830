import Diagnostics
import Testing
import WorkflowModel

/// A manifest is not trusted: what costs the product of two of its sizes would let it stop the lint.
@Suite struct LintLimitTests {
    private static func workflow(_ templates: String) -> String {
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: large}
        spec:
          entrypoint: main
          templates:
        \(templates)
        """
    }

    @Test func `very many remarks are counted, not listed`() {
        let count = 1500
        let text =
            Self.workflow(
                "  - name: main\n    steps:\n    - - name: a\n        template: work\n        arguments:\n          parameters:\n")
            + (0..<count).map { "          - {name: input-\($0), value: y}\n" }.joined()
            + "  - name: work\n    container: {image: \"busybox:1\", command: [echo]}\n    inputs:\n      parameters:\n"
            + (0..<count).map { "      - {name: input-\($0), value: x}\n" }.joined()
        let found = lint(file: "large.yaml", text).diagnostics
        #expect(found.count { $0.code.text == "unused-input" } == 1000)
        #expect(
            found.last?.message == "2000 more remarks about this file are not shown" || found.contains { $0.code.text == "too-many-faults" }
        )
    }

    @Test func `a long chain of templates that pass an input on is followed only so far`() {
        let length = 1000
        let templates = (0..<length).map { at in
            """
              - name: t\(at)
                inputs: {parameters: [{name: list}]}
                steps: [[{name: next, template: t\(at + 1), arguments: {parameters: [{name: list, value: "{{inputs.parameters.list}}"}]}}]]
            """
        }.joined(separator: "\n")
        let text = Self.workflow(
            """
              - name: main
                steps: [[{name: a, template: t0, arguments: {parameters: [{name: list, value: "no list"}]}}, {name: b, template: t\(length - 5), arguments: {parameters: [{name: list, value: "no list"}]}}]]
            \(templates)
              - name: t\(length)
                inputs: {parameters: [{name: list}]}
                steps: [[{name: each, template: print, withParam: "{{inputs.parameters.list}}"}]]
              - {name: print, container: {image: "busybox:1", command: [echo]}}
            """)
        let found = lint(file: "chain.yaml", text).diagnostics
        #expect(found.map(\.message) == ["'no list' is not a JSON list, which template 't\(length - 5)' needs as input 'list'"])
    }

    @Test func `conditions with very many cases are left alone`() {
        let items = (0..<100).map { "i\($0)" + String(repeating: "x", count: 1000) }.joined(separator: ", ")
        let text =
            Self.workflow("  - {name: print, container: {image: \"busybox:1\", command: [echo]}}\n  - name: main\n    steps:\n    -\n")
            + (0..<80).map { at in
                """
                      - name: s\(at)
                        template: print
                        when: "'{{item}}' == 'x'"
                        withItems: \(at == 0 ? "&items [\(items)]" : "*items")

                """
            }.joined()
        // Some are judged, until what may be spent is spent.
        let found = lint(file: "cases.yaml", text).diagnostics
        #expect(found.allSatisfy { $0.code.text == "constant-condition" })
        #expect(found.count > 20 && found.count < 60)
    }
}
