import Diagnostics
import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct LintTests {
    static let object = LintFinding.Object(kind: "Workflow", name: "hello-")
    static let error = LintFinding(
        Diagnostic(
            DiagnosticCode("unknown-field"), file: "a.yaml", path: FieldPath("spec.entrypont"),
            position: SourcePosition(line: 2, column: 3), length: 9, message: "unknown field 'entrypont'",
            hint: "did you mean 'entrypoint'?"), in: Self.object)
    static let warning = LintFinding(Diagnostic(DiagnosticCode("odd"), .warning, file: "a.yaml", message: "this is odd"))
    static let excerpts: [String: [Substring]] = ["a.yaml": ["spec:", "  entrypont: main"]]

    private func program(_ findings: LintFinding..., objectCount: Int = 1) -> TestProgram {
        TestProgram(starter: FakeStarter(lint: LintReport(findings: findings, excerpts: Self.excerpts, objectCount: objectCount)))
    }

    @Test func `a clean lint says so`() async {
        let program = TestProgram()
        #expect(await program.run("lint", "a.yaml", "dir", "-") == 0)
        #expect(program.console.output == "✔ no linting errors found!\n")
        #expect(program.starter.linted.withLock { $0 } == [LintRequest(files: ["a.yaml", "dir", "-"])])
        let ascii = TestProgram()
        #expect(await ascii.run("lint", "a.yaml", "--no-utf8") == 0)
        #expect(ascii.console.output == "no linting errors found!\n")
    }

    @Test func `errors are printed with their lines`() async {
        let program = self.program(Self.error, Self.warning)
        #expect(await program.run("lint", "a.yaml") == 1)
        #expect(
            program.console.output == """
                a.yaml:2:3: error: unknown field 'entrypont' [unknown-field]
                    2 |   entrypont: main
                      |   ^^^^^^^^^
                  hint: did you mean 'entrypoint'?
                a.yaml: warning: this is odd [odd]
                ✖ 1 linting errors found!

                """)
    }

    @Test func `a person at a terminal is told where a code is explained`() async {
        let report = LintReport(findings: [Self.error], excerpts: Self.excerpts, objectCount: 1)
        let program = TestProgram(TestConsole(terminals: [.output]), starter: FakeStarter(lint: report))
        #expect(await program.run("lint", "a.yaml") == 1)
        #expect(program.console.errors == "what a code means: skiff explain unknown-field\n")
    }

    @Test func `warnings fail only a strict lint, which calls them errors`() async {
        #expect(await self.program(Self.warning).run("lint", "a.yaml") == 0)
        let strict = self.program(Self.warning)
        #expect(await strict.run("lint", "a.yaml", "--strict") == 1)
        #expect(strict.console.output == "a.yaml: error: this is odd [odd]\n✖ 1 linting errors found!\n")
    }

    @Test func `flags may be written as a Go program takes them`() async {
        let program = TestProgram()
        #expect(await program.run("lint", "--offline=true", "--strict=false", "--no-color=false", "a.yaml") == 0)
        #expect(program.starter.linted.withLock { $0 } == [LintRequest(files: ["a.yaml"], toleratesUnknownFields: true)])
        #expect(await self.program(Self.warning).run("lint", "--strict=true", "a.yaml") == 1)
        #expect(await TestProgram().run("lint", "--strict=maybe", "a.yaml") == 2)
        #expect(GoFlags.normalized(["lint", "--", "--strict=false"]) == ["lint", "--", "--strict=false"])
    }

    @Test(arguments: [
        ("wf", ["Workflow"]), ("workflows,cronworkflows", ["Workflow", "CronWorkflow"]), ("cronwf", ["CronWorkflow"]),
        ("ClusterWorkflowTemplate,wftmpl", ["ClusterWorkflowTemplate", "WorkflowTemplate"]), ("cm", ["ConfigMap"]),
    ])
    func `kinds have plurals and short names`(given: String, kinds: [String]) async {
        let program = TestProgram()
        #expect(await program.run("lint", "--kinds", given, "a.yaml") == 0)
        #expect(program.starter.linted.withLock { $0 } == [LintRequest(files: ["a.yaml"], kinds: Set(kinds))])
    }

    @Test func `a kind that does not exist is bad usage`() async {
        let program = TestProgram()
        #expect(await program.run("lint", "--kinds", "workflow,cronworkfow", "a.yaml") == 2)
        #expect(program.console.errors.contains("there is no kind 'cronworkfow'; did you mean 'cronworkflows'?"))
        #expect(await TestProgram().run("lint", "--kinds", "all", "a.yaml") == 0)
    }

    @Test func `nothing to lint is a failure`() async {
        let program = self.program(objectCount: 0)
        #expect(await program.run("lint", "dir") == 1)
        #expect(program.console.output == "found nothing to lint in the specified paths, failing...\n")
    }

    @Test func `simple output names the object as Argo does`() async {
        let program = self.program(Self.error, Self.warning)
        #expect(await program.run("lint", "a.yaml", "-o", "simple") == 1)
        #expect(
            program.console.output == """
                a.yaml:2:3: error: in "hello-" (Workflow): unknown field 'entrypont' [unknown-field]
                a.yaml: warning: this is odd [odd]

                """)
    }

    @Test func `JSON output has the documented fields`() async throws {
        let program = self.program(Self.error, Self.warning)
        #expect(await program.run("lint", "a.yaml", "--output", "json") == 1)
        #expect(
            try JSONValue(json: String(program.console.output.dropLast())) == [
                [
                    "file": "a.yaml", "line": 2, "column": 3, "endColumn": 12, "severity": "error", "code": "unknown-field",
                    "message": "unknown field 'entrypont'", "hint": "did you mean 'entrypoint'?", "path": "spec.entrypont",
                    "kind": "Workflow", "name": "hello-",
                ],
                ["file": "a.yaml", "severity": "warning", "code": "odd", "message": "this is odd"],
            ])
        let clean = TestProgram()
        #expect(await clean.run("lint", "a.yaml", "-o", "json") == 0)
        #expect(clean.console.output == "[]\n")
    }
}
