import Diagnostics
import Foundation
import Planning
import Testing

/// Each `Tests/Goldens/Planning/*.yaml` has what `skiff lint` prints of it in a `.txt` beside it; one that begins with `# mode: run` has what
/// `skiff run` prints. `RECORD_GOLDENS=1 swift test` writes them anew.
@Suite struct GoldenTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let directory = root.appendingPathComponent("Tests/Goldens/Planning")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Self.directory.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    private static func result(_ name: String) throws -> (text: String, diagnostics: [Diagnostic]) {
        let source = try String(contentsOf: Self.directory.appendingPathComponent(name + ".yaml"), encoding: .utf8)
        let reading = Reading(source, name: name + ".yaml")
        let diagnostics = source.hasPrefix("# mode: run\n") ? reading.planned : reading.checked
        return (reading.printed(diagnostics), diagnostics)
    }

    @Test(arguments: names)
    func `a workflow gets exactly these messages`(name: String) throws {
        let report = try Self.result(name).text
        let golden = Self.directory.appendingPathComponent(name + ".txt")
        if ProcessInfo.processInfo.environment["RECORD_GOLDENS"] != nil { try Data(report.utf8).write(to: golden) }
        #expect(report == String(decoding: try Data(contentsOf: golden), as: UTF8.self))
    }

    @Test(arguments: DiagnosticCode.planningCodes)
    func `each code has a golden of its name, in which it is told`(code: DiagnosticCode) throws {
        // Only very much text can cause it; see FaultLimitTests.
        if code.text == "too-many-faults" { return }
        #expect(try Self.result(code.text).diagnostics.contains { $0.code == code })
    }

    @Test func `templates of every kind lint without errors and warnings`() throws {
        #expect(try Self.result("clean").diagnostics.allSatisfy { $0.severity == .hint })
    }
}
