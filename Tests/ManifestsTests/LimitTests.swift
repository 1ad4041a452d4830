import Diagnostics
import Foundation
import Manifests
import Testing

@Suite struct LimitTests {
    @Test func `a file of 100 MB in one line is refused before it is read`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/line.yaml"
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: path))
        let block = Data(repeating: UInt8(ascii: "x"), count: 1_000_000)
        for _ in 0..<100 { try file.write(contentsOf: block) }
        try file.close()
        let result = ManifestReader().readFile(path: path)
        #expect(
            result.map(\.report) == [
                "error [file-too-large] this file has 95 MiB, at most 32 MiB are read\n    hint: split it into several files\n"
            ])
        #expect(result[0].documents.isEmpty && result[0].lines.isEmpty)
    }

    @Test func `a stream without end is read up to the limit`() {
        var limits = ManifestLimits()
        limits.fileBytes = 1_000_000
        let result = ManifestReader(limits: limits).readFile(path: "/dev/zero")
        #expect(
            result.map(\.report) == [
                "error [file-too-large] this file is larger, at most 1000000 bytes are read\n    hint: split it into several files\n"
            ])
    }

    @Test func `text longer than the limit is refused`() {
        var limits = ManifestLimits()
        limits.fileBytes = 10
        #expect(read("0123456789", limits: limits).codes == ["not-a-manifest"])
        #expect(read("0123456789a", limits: limits).codes == ["file-too-large"])
    }

    @Test func `more lines or values than the limit are refused before parsing`() {
        var limits = ManifestLimits()
        limits.lines = 5
        #expect(read("a: |\n  1\n  2\n  3\n  4\n", limits: limits).codes == ["not-a-manifest"])
        #expect(
            read("a: |\n  1\n  2\n  3\n  4\n  5\n", limits: limits).report
                == "error [file-too-large] this file has more than 5 lines\n    hint: split it into several files\n")
        limits = ManifestLimits()
        limits.values = 100
        let many = "a: [" + String(repeating: "x,", count: 300) + "]"
        #expect(
            read(many, limits: limits).report
                == "error [file-too-large] this file has more than 100 values\n    hint: split it into several files\n")
    }

    @Test func `values are counted over all documents`() {
        var limits = ManifestLimits()
        limits.values = 9
        let file = read("a: [1, 2, 3]\n---\na: [1, 2, 3]\n", limits: limits)
        #expect(
            file.report.contains("3:11+1 error [file-too-large] this file has more than 9 values\n    hint: split it into several files\n"))
    }

    @Test func `aliases of aliases end in one message`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<100 {
            text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        let file = read(text)
        #expect(file.codes == ["alias-expansion"])
        #expect(file.diagnostics[0].position?.line == 6)
    }

    @Test func `aliases of aliases as keys end in one message`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<50 {
            text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        #expect(read(text + "? [*a49, *a49]\n: x\n").codes == ["not-yaml"])
        #expect(read(text + "*a49 : x\n").codes == ["alias-expansion"])
        #expect(read("{" + text.replacing("\n", with: ",") + "[*a49]: x}\n").codes == ["alias-expansion"])
    }

    @Test func `merges count like aliases`() {
        var text = "m0: &m0 {a: [x, x, x, x, x, x, x, x, x, x]}\n"
        for level in 1..<60 {
            text += "m\(level): &m\(level) {a: {<<: *m\(level - 1)}, b: {<<: *m\(level - 1)}, c: {<<: *m\(level - 1)}}\n"
        }
        #expect(read(text).codes == ["alias-expansion"])
    }

    @Test func `a chain of aliases is as deep as it is expanded`() {
        var text = "- &a0 []\n"
        for level in 1..<5000 { text += "- &a\(level) [*a\(level - 1)]\n" }
        let file = read(text)
        #expect(file.report == "200:10+1 error [too-deep] more than 200 lists and maps are nested here\n")
    }

    @Test(arguments: [150, 198, 199, 200, 500, 990, 2000, 100_000])
    func `nesting has an end`(depth: Int) {
        let flow = read("a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
        #expect(flow.codes == (depth <= 199 ? ["not-a-manifest"] : ["too-deep"]))
        guard depth <= 2000 else { return }
        let block = read(
            (0..<depth).map { String(repeating: " ", count: $0) + "a:\n" }.joined() + String(repeating: " ", count: depth) + "b\n")
        #expect(block.codes == (depth <= 200 ? ["not-a-manifest"] : ["too-deep"]))
        let lists = read(String(repeating: "- ", count: depth) + "x")
        #expect(lists.codes == (depth <= 200 ? ["not-a-manifest"] : ["too-deep"]))
        #expect(read(String(repeating: "? ", count: depth) + "x").hasErrors)
    }

    @Test func `a flood of faults is cut off, errors last`() {
        var limits = ManifestLimits()
        limits.faults = 3
        let fields = (0..<5).map { "x\($0): 1\n" }.joined()
        let file = read("apiVersion: v1\nkind: ConfigMap\n" + fields, limits: limits)
        #expect(file.codes == ["unknown-field", "unknown-field", "unknown-field", "too-many-faults"])
        #expect(file.diagnostics.last?.message == "2 more faults of this file are not shown")
        let warnings = "apiVersion: v1\nkind: ConfigMap\ndata: {a: 1, b: 2, c: 3, d: 4}\nx: 1\n"
        let mixed = read(warnings, limits: limits)
        #expect(mixed.codes == ["unquoted-string", "unquoted-string", "unquoted-string", "unknown-field", "too-many-faults"])
        #expect(mixed.hasErrors)
    }
}
