import Diagnostics
import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct LintTests {
    static let error = Diagnostic(
        DiagnosticCode("unknown-field"), file: "a.yaml", path: FieldPath("spec.entrypont"), position: SourcePosition(line: 2, column: 3),
        length: 9,
        message: "unknown field 'entrypont'", hint: "did you mean 'entrypoint'?")
    static let warning = Diagnostic(DiagnosticCode("odd"), .warning, file: "a.yaml", message: "this is odd")
    static let excerpts: [String: [Substring]] = ["a.yaml": ["spec:", "  entrypont: main"]]

    @Test func `a clean lint says so`() async {
        let program = TestProgram()
        #expect(await program.run("lint", "a.yaml", "dir", "-") == 0)
        #expect(program.console.output == "✔ no linting errors found!\n")
        #expect(program.starter.linted.withLock { $0 } == ["a.yaml", "dir", "-"])
        let ascii = TestProgram()
        #expect(await ascii.run("lint", "a.yaml", "--no-utf8") == 0)
        #expect(ascii.console.output == "no linting errors found!\n")
    }

    @Test func `errors are printed with their lines`() async {
        let program = TestProgram(starter: FakeStarter(lint: ([Self.error, Self.warning], Self.excerpts, 1)))
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

    @Test func `warnings fail only a strict lint`() async {
        let starter = FakeStarter(lint: ([Self.warning], [:], 1))
        #expect(await TestProgram(starter: starter).run("lint", "a.yaml") == 0)
        #expect(await TestProgram(starter: starter).run("lint", "a.yaml", "--strict") == 1)
    }

    @Test func `nothing to lint is a failure`() async {
        let program = TestProgram(starter: FakeStarter(lint: ([], [:], 0)))
        #expect(await program.run("lint", "dir") == 1)
        #expect(program.console.output == "found nothing to lint in the specified paths, failing...\n")
    }

    @Test func `simple and JSON output`() async throws {
        let starter = FakeStarter(lint: ([Self.error], Self.excerpts, 1))
        let simple = TestProgram(starter: starter)
        #expect(await simple.run("lint", "a.yaml", "-o", "simple") == 1)
        #expect(simple.console.output == "a.yaml:2:3: error: unknown field 'entrypont' [unknown-field]\n")
        let json = TestProgram(starter: starter)
        #expect(await json.run("lint", "a.yaml", "--output", "json") == 1)
        #expect(
            try JSONValue(json: String(json.console.output.dropLast())) == [
                [
                    "code": "unknown-field", "severity": "error", "file": "a.yaml", "path": "spec.entrypont", "line": 2, "column": 3,
                    "length": 9,
                    "message": "unknown field 'entrypont'", "hint": "did you mean 'entrypoint'?",
                ]
            ])
    }

    @Test func `a file that cannot be read as a manifest is a lint error too`() async {
        let program = TestProgram(starter: FakeStarter(fault: ManifestFault(diagnostics: [Self.error], excerpts: [:])))
        #expect(await program.run("lint", "a.yaml") == 1)
        #expect(program.console.output.hasSuffix("✖ 1 linting errors found!\n"))
    }
}
