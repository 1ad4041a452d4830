import Diagnostics
import Testing

@Suite struct DiagnosticPrinterTests {
    func text(
        _ line: String?, at column: Int = 1, length: Int = 1, row: Int = 41, hint: String? = nil, style: DiagnosticPrinter.Style = .plain
    ) -> String {
        let diagnostic = Diagnostic(
            DiagnosticCode("unknown-dependency"), file: "flow.yaml", position: SourcePosition(line: row, column: column), length: length,
            message: "task 'train' depends on 'fetch', which is not in this DAG", hint: hint)
        return DiagnosticPrinter(style: style).text(diagnostic, line: line.map { $0[...] })
    }

    /// The excerpt and the carets below it.
    func excerpt(_ line: String, at column: Int, length: Int = 1) -> [Substring] {
        Array(text(line, at: column, length: length).split(separator: "\n").dropFirst())
    }

    @Test func `a diagnostic shows place, message, code, line, carets and hint`() {
        #expect(
            text("        depends: fetch && split", at: 18, length: 5, hint: "did you mean 'fetch-data'?") == """
                flow.yaml:41:18: error: task 'train' depends on 'fetch', which is not in this DAG [unknown-dependency]
                   41 |         depends: fetch && split
                      |                  ^^^^^
                  hint: did you mean 'fetch-data'?
                """)
    }

    @Test func `without a position there is no excerpt`() {
        let diagnostic = Diagnostic(DiagnosticCode("empty-file"), .warning, file: "a.yaml", message: "the file is empty")
        #expect(DiagnosticPrinter(style: .plain).text(diagnostic, line: "x") == "a.yaml: warning: the file is empty [empty-file]")
        #expect(text(nil, at: 3).hasPrefix("flow.yaml:41:3: error: "))
        #expect(!text(nil).contains("\n"))
    }

    @Test func `carets stay below their text behind tabs and wide characters`() {
        #expect(excerpt("\tkey:\tvalue", at: 7, length: 5) == ["   41 |     key:    value", "      |             ^^^^^"])
        #expect(excerpt("名前: 値 # x", at: 5, length: 1) == ["   41 | 名前: 値 # x", "      |       ^^"])
        #expect(excerpt("e\u{301}: 👩‍👩‍👧 !", at: 6, length: 1) == ["   41 | e\u{301}: 👩‍👩‍👧 !", "      |       ^"])
    }

    @Test func `a place beyond the end is shown at the end`() {
        #expect(excerpt("short", at: 99, length: 7) == ["   41 | short", "      |      ^"])
        #expect(excerpt("short", at: 4, length: 99) == ["   41 | short", "      |    ^^"])
        #expect(excerpt("", at: 1) == ["   41 | ", "      | ^"])
        #expect(excerpt("x", at: 0, length: -3) == ["   41 | x", "      | ^"])
        #expect(excerpt("crlf\r\n", at: 5) == ["   41 | crlf", "      |     ^"])
    }

    @Test func `a long line is cut around the place`() {
        let line = String(repeating: "a", count: 300) + "HERE" + String(repeating: "b", count: 300)
        let shown = excerpt(line, at: 301, length: 4)
        #expect(shown[0] == "   41 | …" + String(repeating: "a", count: 50) + "HERE" + String(repeating: "b", count: 66) + "…")
        #expect(shown[1] == "      | " + String(repeating: " ", count: 51) + "^^^^")
        #expect(excerpt(line, at: 1)[0].hasPrefix("   41 | aaa"))
        #expect(excerpt(line, at: 604)[0].hasSuffix("b"))
        #expect(excerpt(line, at: 5000)[1] == "      | " + String(repeating: " ", count: 51) + "^")
    }

    @Test func `large line numbers widen the gutter`() {
        #expect(text("x", row: 1_234_567).contains("\n1234567 | x\n        | ^"))
    }

    @Test func `nothing of a manifest is a command to the terminal`() {
        let shown = excerpt("a\u{1B}[2Jb\u{7}\u{202E}c", at: 8)
        #expect(shown[0] == "   41 | a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}c")
        #expect(shown[1] == "      |        ^")
        let diagnostic = Diagnostic(DiagnosticCode("x"), file: "a\u{1B}.yaml", message: "one\ntwo\u{1B}", hint: "\u{1B}]0;x")
        #expect(
            DiagnosticPrinter(style: .plain).text(diagnostic, line: nil)
                == "a\u{FFFD}.yaml: error: one two\u{FFFD} [x]\n  hint: \u{FFFD}]0;x")
    }

    @Test func `colours do not move the carets`() {
        let shown = text("key", at: 2, style: .color).split(separator: "\n")
        #expect(shown[0].hasPrefix("\u{1B}[1mflow.yaml:41:2:\u{1B}[0m \u{1B}[1;31merror:\u{1B}[0m task"))
        #expect(shown[2] == "\u{1B}[34m      |\u{1B}[0m  \u{1B}[1;32m^\u{1B}[0m")
    }

    @Test func `widths are those of terminals`() {
        #expect(DisplayWidth.of("abc") == 3)
        #expect(DisplayWidth.of("値段") == 4)
        #expect(DisplayWidth.of("e\u{301}") == 1)
        #expect(DisplayWidth.of("✔●◷ǁ└─") == 6)
        #expect(DisplayWidth.of("🎉") == 2)
    }
}
