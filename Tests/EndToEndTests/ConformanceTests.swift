import Glibc
import Testing

/// The list of the cases that cannot pass is kept honest where the cases are: they are not part of this project.
@Suite(.timeLimit(.minutes(30))) struct ConformanceTests {
    private static let cases = getenv("SKIFF_CONFORMANCE").map { String(cString: $0) }

    @Test(.enabled(if: cases != nil, "SKIFF_CONFORMANCE names no directory with cases"))
    func `every case passes, or is listed with the reason why it cannot`() async throws {
        let home = try Home()
        let script = "\(SourceDirectory.path)/scripts/conformance"
        let run = try await Program([script, Self.cases ?? "", Program.path], home: home, executable: "/usr/bin/env").outcome()
        #expect(run.status == 0, "\(run)")
    }

    @Test func `each line of the list names a case once, with a reason that the documents explain`() throws {
        let home = try Home()
        let list = try #require(home.text("\(SourceDirectory.path)/docs/conformance.tsv"))
        let page = try #require(home.text("\(SourceDirectory.path)/docs/conformance.md"))
        let rows = list.split(separator: "\n").dropFirst().map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
        #expect(!rows.isEmpty)
        #expect(Set(rows.map(\.first)).count == rows.count)
        for row in rows {
            #expect(row.count == 3 && row.allSatisfy { !$0.isEmpty }, "\(row)")
            #expect(page.contains("| `\(row[1])` |"), "\(row)")
        }
    }
}
