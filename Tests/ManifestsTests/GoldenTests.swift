import Diagnostics
import Foundation
import Manifests
import Testing

/// Each `Tests/Goldens/Manifests/*.yaml` has what is wrong with it in a `.txt` beside it. `RECORD_GOLDENS=1 swift test` writes them anew.
@Suite struct GoldenTests {
    static let directory = packageRoot.appendingPathComponent("Tests/Goldens/Manifests")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Self.directory.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: Self.directory.appendingPathComponent(name + ".yaml")))
    }

    @Test(arguments: names)
    func `a faulty manifest gets exactly these messages`(name: String) throws {
        let report = ManifestReader().read(file: name, bytes: try Self.bytes(name)).report
        let golden = Self.directory.appendingPathComponent(name + ".txt")
        if ProcessInfo.processInfo.environment["RECORD_GOLDENS"] != nil { try Data(report.utf8).write(to: golden) }
        #expect(report == String(decoding: try Data(contentsOf: golden), as: UTF8.self))
    }

    @Test func `there are goldens`() {
        #expect(Self.names.count > 40)
    }

    @Test func `no message and no excerpt shows what a Secret holds`() throws {
        let secrets = Self.names.filter { $0.hasPrefix("secret") }
        #expect(secrets.count >= 4)
        for name in secrets {
            let file = ManifestReader().read(file: name, bytes: try Self.bytes(name))
            #expect(!file.diagnostics.isEmpty)
            #expect(!file.report.contains("hunter2") && !file.report.contains("4711") && !file.report.contains("5432"))
            #expect(!file.lines.contains { $0.contains("hunter2") || $0.contains("4711") || $0.contains("5432") })
        }
    }

    @Test func `each code that a text can cause is in a golden`() throws {
        // What only a file, or only very much text, can cause is tested with the limits and the files.
        let elsewhere: Set<DiagnosticCode> = [.fileNotFound, .fileUnreadable, .fileTooLarge, .tooDeep, .tooManyFaults]
        var seen: Set<DiagnosticCode> = []
        for name in Self.names { seen.formUnion(ManifestReader().read(file: name, bytes: try Self.bytes(name)).diagnostics.map(\.code)) }
        #expect(seen == Set(DiagnosticCode.manifestCodes).subtracting(elsewhere))
    }
}
