import Expressions
import Testing

/// Conditions in the govaluate language.
struct WhenExpressionTests {
    @Test(arguments: [
        ("", true), ("true", true), ("false", false), ("!false", true), ("!true == false", true), ("true && !false", true),
        ("true && false || true", true), ("false || true && false", false),
        ("'a b' == 'a b'", true), ("\"it's\" == \"it's\"", true), ("'5' == 5", false), ("5 == 5.0", true), ("0x10 == 16", true),
        (".5 == 0.5", true), ("true == 'true'", false), ("foo == 'foo'", true), ("[a b] == 'a b'", true),
        ("a\\-b == 'a-b'", true), ("1 + 2 * 3 == 7", true), ("(1 + 2) * 3 == 9", true), ("2 ** 3 ** 2 == 64", true), ("-2 ** 2 == 4", true),
        ("10 - 2 - 3 == 5", true), ("7 % 4 == 3", true), ("7.5 % 2 == 1.5", true),
        ("6 & 3 == 2", true), ("(6 | 3) == 7", true), ("(6 ^ 3) == 5", true), ("1 << 4 == 16", true), ("~1 == -2", true),
        ("-8 >> 1 == -4", true), ("1 << 64 == 0", true), ("1 << -1 == 0", true), ("1 ==-1", false), ("true &&!false", true),
        ("1 > 0 == true", true), ("'a' + 'b' == 'ab'", true), ("'a' + 1 == 'a1'", true), ("foo =~ 'f.o'", true), ("foo !~ '^o'", true),
        ("foo in (bar, foo)", true), ("foo in (foo)", true), ("1 in (1, 2)", true), ("1 IN (2, 3)", false),
        ("true ? 1 < 2 : false", true), ("false ? true : 1 == 1", true), ("true ?? false", true),
        ("1 > 2 ? true : 2 > 1 ? true : false", true), ("'2021-01-02' > '2021-01-01'", true),
        ("'2021-01-01 10:00:00' == '2021-01-01T10:00:00Z'", true),
        ("2021-01-02 == 2018", true), ("false && 1 < a", false), ("true || 1 < a", true), ("größe == größe", true), ("1 / 0 > 5", true),
    ])
    func `conditions hold or do not`(text: String, expected: Bool) throws {
        #expect(try WhenExpression.evaluate(text) == expected)
    }

    static let hint = " (hint: try wrapping the affected expression in quotes (\"))"

    @Test(arguments: [
        ("a @ b", "Invalid token: '@'", 2), ("/path == /path", "'/' cannot stand at the start", 0),
        ("5A == 5A", "'A' cannot follow '5'", 1), ("1 == 1.2.3", "Unable to parse numeric value '1.2.3' to float64", 5),
        ("v1.2 == v1.2", "Unable to access a field in token 'v1.2'", 0), ("1 == foo.", "Hanging accessor on token 'foo.'", 5),
        ("a == 'abc", "Unclosed string literal", 5), (" [abc", "Unclosed parameter bracket", 1),
        ("true && (1 == 1", "Unbalanced parenthesis", 8), ("1 == 1)", "')' cannot follow '1'", 6),
        ("1 ==", "Unexpected end of expression", 4), ("   ", "Unexpected end of expression", 3),
        ("== 1", "'==' cannot stand at the start", 0), ("foo bar == 1", "'bar' cannot follow 'foo'", 4),
        ("é == 0x", "Unable to parse hex value '' to uint64", 5), ("a, b", "',' cannot follow 'a'", 1),
    ])
    func `a text that is no condition says why and where, and how to quote`(text: String, reason: String, offset: Int) {
        #expect(throws: WhenError(message: "Invalid 'when' expression '\(text)': \(reason)\(Self.hint)", offset: offset)) {
            try WhenExpression.evaluate(text)
        }
    }

    @Test(arguments: [
        (
            "foo-bar == foo-bar",
            "Value 'foo' cannot be used with the modifier '-', it is not a number (hint: text with special characters must be in quotes (\"))",
            3
        ),
        (
            "1 < a",
            "Value 'a' cannot be used with the comparator '<', it is not a number (hint: text with special characters must be in quotes (\"))",
            2
        ),
        ("1 && true", "Value '1' cannot be used with the logical operator '&&', it is not a bool", 2),
        ("!1", "Value '1' cannot be used with the prefix '!', it is not a bool", 0),
        ("1 =~ '1'", "Value '1' cannot be used with the comparator '=~', it is not a string", 2),
        ("a =~ '('", "'(' is not a regular expression: missing ): (", 2),
        ("true && (1 ? true : false)", "the condition before '?' is not a bool", 11),
    ])
    func `operations on the wrong kinds say which, and where`(text: String, reason: String, offset: Int) {
        #expect(throws: WhenError(message: "Failed to evaluate 'when' expression '\(text)': \(reason)", offset: offset)) {
            try WhenExpression.evaluate(text)
        }
    }

    @Test(arguments: [("foo", "foo"), ("1 + 1", "2"), ("(a, b)", "[a b]"), ("false ? true", "<nil>")])
    func `a value that is not true or false is refused`(text: String, shown: String) {
        #expect(throws: WhenError(message: "Expected boolean evaluation for '\(text)'. Got \(shown)", offset: 0)) {
            try WhenExpression.evaluate(text)
        }
    }

    /// Number 15 of the oddities in `docs/compatibility.md`.
    @Test(arguments: [
        ("'2020-01-02' == '2020-01-02 00:00:00'", true), ("'2020-01-02T10:00:00Z' > '2020-01-02 09:59:59'", true),
        ("'2020-1-2' == '2020-01-02'", false), ("'10' == '10.0'", false),
    ])
    func `texts that look like dates are compared as times`(text: String, expected: Bool) throws {
        #expect(try WhenExpression.evaluate(text) == expected)
    }

    /// Conditions with the values that the library gives which Argo uses; `error` for those that it refuses.
    @Test func `conditions have the values that govaluate gives them`() {
        let rows = goldenRows("when-values.tsv")
        #expect(rows.count == 400)
        for row in rows {
            let value = (try? WhenExpression.evaluate(row[0])).map { $0 ? "true" : "false" } ?? "error"
            #expect(value == row[1], "\(row[0])")
        }
    }

    @Test func `deep nesting and great length are refused`() {
        for part in ["(", "!", "-", "true ? ", "1 + ", "true ?? ", "1 ** ", "(1, "] {
            #expect(throws: WhenError.self) { try WhenExpression.evaluate(String(repeating: part, count: 50_000) + "1") }
        }
        #expect(throws: WhenError.self) { try WhenExpression.evaluate(String(repeating: " ", count: 2_000_000)) }
    }
}
