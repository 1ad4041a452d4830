import Glibc
import Testing

@testable import CommandLine

@Suite struct ExplainTests {
    @Test func `a code is explained by its page`() async throws {
        let program = TestProgram()
        #expect(await program.run("explain", "unknown-field") == 0)
        let page = try #require(ErrorPages.page("unknown-field"))
        #expect(program.console.output == PageText(style: OutputStyle(), width: 80).text(page.text))
        #expect(program.console.output.hasPrefix("unknown-field\n\nAn object has a field that its type does not have."))
    }

    @Test func `a code may be pasted with its brackets, and several at once`() async {
        let program = TestProgram()
        #expect(await program.run("explain", "[unknown-field]", "bad-value") == 0)
        #expect(program.console.output.hasPrefix("unknown-field\n") && program.console.output.contains("\n\nbad-value\n\n"))
    }

    @Test func `a wrong code is told with the nearest right one`() async {
        let program = TestProgram()
        #expect(await program.run("explain", "unknown-feild") == 2)
        #expect(program.console.output == "")
        #expect(
            program.console.errors == """
                error: there is no code 'unknown-feild'
                  hint: did you mean 'unknown-field'? all codes: skiff explain

                """)
    }

    @Test func `without a code all are listed with a line each`() async {
        let program = TestProgram()
        #expect(await program.run("explain") == 0)
        let lines = program.console.output.split(separator: "\n")
        #expect(lines.count == ErrorPages.all.count)
        #expect(lines.map { $0.prefix { $0 != " " } } == ErrorPages.all.map { $0.code[...] })
    }

    @Test func `every code that the sources name can be explained`() throws {
        let codes = try Self.codesInSources()
        #expect(codes.count > 30)
        #expect(codes.subtracting(ErrorPages.all.map(\.code)) == [])
    }

    @Test func `every page has a summary that fits in a line`() {
        for page in ErrorPages.all {
            #expect(page.summary.count <= 110 && page.summary.hasSuffix("."), "\(page.code): \(page.summary)")
        }
    }

    @Test func `a page is broken into lines that fit`() {
        let markdown = "# head\n\none two three four\n\n- five six seven\n\n```yaml\na: this line is code and stays\n\n```\n"
        #expect(
            PageText(style: OutputStyle(), width: 10).text(markdown) == """
                head

                one two
                three four

                - five six
                  seven

                    a: this line is code and stays

                """)
    }

    private static func codesInSources() throws -> Set<String> {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        var codes: Set<String> = []
        for path in SourceTree.swiftFiles(below: root + "/Sources") {
            // Words of a call, so that a literal on the next line is found too.
            let parts = try SourceTree.text(of: path).split(separator: "DiagnosticCode(").dropFirst()
            for part in parts {
                let rest = part.drop { $0.isWhitespace }
                guard rest.first == "\"" else { continue }
                codes.insert(String(rest.dropFirst().prefix { $0 != "\"" }))
            }
        }
        return codes
    }
}
