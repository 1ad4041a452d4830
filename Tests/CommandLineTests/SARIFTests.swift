import Diagnostics
import Operations
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct SARIFTests {
    private func run(_ findings: [LintFinding], excerpts: [String: [Substring]] = [:]) -> JSONValue {
        SARIFReport(findings: findings, excerpts: excerpts, version: "1.2.3").json["runs"]?[0] ?? .null
    }

    private func finding(
        _ code: String, _ severity: Severity, file: String = "a.yaml", line: Int, column: Int, length: Int = 1
    ) -> LintFinding {
        LintFinding(
            Diagnostic(
                DiagnosticCode(code), severity, file: file, path: FieldPath("spec"), position: SourcePosition(line: line, column: column),
                length: length, message: "wrong", hint: "mend it"))
    }

    @Test func `each code is a rule with its page, each fault a result with a region`() {
        let run = self.run([
            self.finding("unknown-field", .error, line: 3, column: 5, length: 4), self.finding("bad-value", .warning, line: 7, column: 1),
            self.finding("unknown-field", .hint, line: 9, column: 2),
        ])
        let rules = run["tool"]?["driver"]?["rules"]?.array ?? []
        #expect(rules.map { $0["id"] } == ["bad-value", "unknown-field"])
        #expect(rules.allSatisfy { $0["help"]?["markdown"]?.string?.contains("## Remedy") ?? false })
        let results = run["results"]?.array ?? []
        #expect(results.map { $0["ruleIndex"] } == [1, 0, 1])
        #expect(results.map { $0["level"] } == ["error", "warning", "note"])
        #expect(results.first?["message"] == ["text": "wrong\nhint: mend it"])
        #expect(
            results.first?["locations"]?[0] == [
                "physicalLocation": [
                    "artifactLocation": ["uri": "a.yaml"], "region": ["startLine": 3, "startColumn": 5, "endColumn": 9],
                ],
                "logicalLocations": [["fullyQualifiedName": "spec", "kind": "member"]],
            ])
    }

    @Test func `columns count code points, as the report says`() {
        // The accent is a code point of its own, and one character with the letter before it.
        let run = self.run(
            [self.finding("bad-value", .error, line: 1, column: 4, length: 2)], excerpts: ["a.yaml": ["e\u{301}: o\u{308}k"]])
        #expect(run["columnKind"] == "unicodeCodePoints")
        #expect(
            run["results"]?[0]?["locations"]?[0]?["physicalLocation"]?["region"] == ["startLine": 1, "startColumn": 5, "endColumn": 8])
    }

    @Test func `a file that cannot be read has no region, and nothing found is an empty list`() {
        let run = self.run([LintFinding(Diagnostic(DiagnosticCode("file-not-found"), file: "no.yaml", message: "there is no such file"))])
        #expect(run["results"]?[0]?["locations"]?[0] == ["physicalLocation": ["artifactLocation": ["uri": "no.yaml"]]])
        #expect(self.run([])["results"] == [])
    }

    @Test(arguments: [
        ("./flows/a.yaml", "flows/a.yaml"), ("/srv/a b.yaml", "file:///srv/a%20b.yaml"), ("ä:1.yaml", "%C3%A4%3A1.yaml"), ("-", "-"),
    ])
    func `paths become URIs`(path: String, uri: String) {
        #expect(SARIFReport.uri(path) == uri)
    }
}
