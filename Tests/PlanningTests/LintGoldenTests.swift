import Diagnostics
import Foundation
import Manifests
import Planning
import Testing
import WorkflowModel

/// Everything that is wrong with the documents of a text, as `skiff lint` would find it.
func lint(file: String, _ text: String) -> (diagnostics: [Diagnostic], lines: [Substring]) {
    let file = ManifestReader().read(file: file, bytes: Array(text.utf8))
    let documents = file.documents.compactMap { document in
        Workflow(document.value).map { PlanningDocument(workflow: $0, source: document.source) }
    }
    let library = documents.filter { $0.workflow.kind != .workflow }
    var resources = PlanResources()
    for document in file.documents {
        if let map = ConfigMapManifest(document) {
            resources.configMaps[map.name] = PlanResources.ConfigMap(data: map.data, isParameterSource: true)
        } else if let secret = SecretManifest(document) {
            resources.secrets[secret.name] = Set(secret.data.keys)
        }
    }
    var found = file.diagnostics
    for document in documents { found += Planner.check(PlanningInput(workflow: document, library: library, resources: resources)) }
    for document in file.documents {
        if let cron = CronWorkflow(document.value) {
            found += Planner.check(cron, source: document.source, library: library, resources: resources)
        } else if let binding = WorkflowEventBinding(document.value) {
            found += Planner.check(binding, source: document.source, library: library)
        }
    }
    let start = SourcePosition(line: 1, column: 1)
    // What does not run yet has tests of its own.
    found.removeAll { $0.code.text == "not-supported" }
    return (found.sorted { ($0.position ?? start, $0.message) < ($1.position ?? start, $1.message) }, file.lines)
}

/// Each `Tests/Goldens/Lint/*.yaml` has what is to be said about it in a `.txt` beside it. `RECORD_GOLDENS=1 swift test` writes them anew.
@Suite struct LintGoldenTests {
    static let directory = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("Tests/Goldens/Lint")
    }()

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Self.directory.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    static func lint(_ name: String) throws -> (diagnostics: [Diagnostic], lines: [Substring]) {
        PlanningTests.lint(
            file: name + ".yaml", try String(contentsOf: Self.directory.appendingPathComponent(name + ".yaml"), encoding: .utf8))
    }

    @Test(arguments: names)
    func `a manifest gets exactly these messages`(name: String) throws {
        let (diagnostics, lines) = try Self.lint(name)
        let printer = DiagnosticPrinter(style: .plain)
        let report = diagnostics.map { diagnostic in
            printer.text(diagnostic, line: diagnostic.position.map { lines[$0.line - 1] }) + "\n"
        }.joined()
        let golden = Self.directory.appendingPathComponent(name + ".txt")
        if ProcessInfo.processInfo.environment["RECORD_GOLDENS"] != nil { try Data(report.utf8).write(to: golden) }
        #expect(report == (try String(contentsOf: golden, encoding: .utf8)))
    }

    @Test func `every code of the lint is in a golden`() throws {
        let codes: Set<String> = [
            "bad-schedule", "bad-time-zone", "constant-condition", "endless-retry", "impossible-dependency", "mixed-reference",
            "name-collision", "older-spelling", "unknown-config-map", "unknown-secret", "unknown-variable", "unknown-volume",
            "unpinned-image", "unreachable-template", "unused-argument", "unused-input",
        ]
        var seen: Set<String> = []
        for name in Self.names { seen.formUnion(try Self.lint(name).diagnostics.map(\.code.text)) }
        #expect(codes.subtracting(seen) == [])
        #expect(Self.names.count >= 9)
    }

    @Test func `positions are inside the text`() throws {
        for name in Self.names {
            let (diagnostics, lines) = try Self.lint(name)
            for diagnostic in diagnostics {
                guard let position = diagnostic.position else { continue }
                #expect(lines.indices.contains(position.line - 1))
                #expect(position.column >= 1 && position.column <= lines[position.line - 1].count + 1, "\(diagnostic)")
            }
        }
    }
}
