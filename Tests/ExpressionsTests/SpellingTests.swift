import Diagnostics
import Testing

/// Did you mean …?
struct SpellingTests {
    @Test(
        arguments: [
            ("fetch", ["fetch-data", "fetsh", "split"], "fetsh"), ("tempaltes", ["templates", "arguments"], "templates"),
            ("Depends", ["depends"], "depends"), ("xyz", ["abc", "def"], nil), ("a", ["b"], "b"), ("ab", ["cd"], nil), ("", ["a"], nil),
            ("name", ["name"], nil),
            ("entrypiont", ["onExit", "entrypoint"], "entrypoint"),
        ] as [(String, [String], String?)])
    func `the closest word is suggested, nothing far-fetched`(word: String, candidates: [String], expected: String?) {
        #expect(Spelling.closest(to: word, among: candidates) == expected)
    }

    @Test func `very long words are not looked at`() {
        #expect(Spelling.closest(to: String(repeating: "a", count: 100_000), among: [String(repeating: "a", count: 99_999)]) == nil)
    }
}
