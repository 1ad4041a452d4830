import Expressions
import Testing

/// What is said when an expression cannot be read, has no value, or wants too much.
struct ExpressionErrorTests {
    @Test(arguments: [
        ("", "unexpected end of expression", 0), ("1 +", "unexpected end of expression", 3),
        ("(1", "unexpected end of expression, expected ')'", 2),
        ("1 2", "unexpected token '2'", 2), ("foo bar", "unexpected token 'bar'", 4),
        ("a.", "unexpected end of expression, expected a name after '.'", 2),
        ("'abc", "the string is not closed with '", 0), ("`abc", "the string is not closed with '`'", 0),
        ("/* x", "the comment is not closed with '*/'", 0),
        ("'\\q'", "unknown escape '\\q' in a string", 1), ("'\\ud800'", "the escape '\\ud800' is not a character", 1),
        ("1abc", "'1a' is not a number", 0), ("99999999999999999999", "'99999999999999999999' is not a whole number that fits 64 bits", 0),
        ("1e999", "'1e999' is not a number that fits 64 bits", 0), ("a @ b", "unexpected character '@'", 2),
        ("a = b", "unexpected token '='", 2),
        ("a ?? b + c", "'+' and '??' cannot be mixed, wrap one of them in parentheses", 7),
        ("lenn('x')", "unknown function 'lenn', did you mean 'len'?", 0),
        ("sprig.uper('x')", "unknown function 'sprig.uper', did you mean 'sprig.upper'?", 0),
        ("sprig.frobnicateTheThing()", "unknown function 'sprig.frobnicateTheThing'", 0),
        ("trim()", "not enough arguments to call 'trim': 0, and it takes at least 1", 0),
        ("upper('a', 'b')", "too many arguments to call 'upper': 2, and it takes at most 1", 0),
        ("filter([1])", "not enough arguments to call 'filter'", 0),
        ("#", "unexpected token '#'", 0), ("map([1], #acc)", "'#acc' means something only inside 'reduce'", 9),
        ("map([1], #foo)", "unknown pointer '#foo', there are '#', '#index' and '#acc'", 9),
        ("let x = 1; let x = 2; x", "the variable 'x' is bound already", 15),
        ("map([1], 1; 2)", "unexpected token ';', wrap the predicate in '{' and '}'", 10),
        ("'a' matches '('", "'(' is not a regular expression: missing ): (", 12),
        ("{[1]: 2}", "unexpected token '[', a map key is a quoted string, a number, a name or an expression in parentheses", 1),
    ])
    func `a text that is no expression says what and where`(text: String, message: String, offset: Int) throws {
        #expect(throws: ExpressionError(message: message, offset: offset)) { try Expression(text) }
    }

    @Test(arguments: [
        ("1 + 'a'", "invalid operation: int + string", 2), ("2 * (1 - 'a')", "invalid operation: int - string", 7),
        ("1 < 'a'", "invalid operation: int < string", 2),
        ("1 % 0", "integer divide by zero", 2), ("1.5 % 2", "invalid operation: float % int", 4),
        ("-'a'", "'-' needs a number, this is string", 0),
        ("1 and true", "expected true or false, this is int", 0), ("'x' ? 1 : 2", "expected true or false, this is string", 0),
        ("'a' in 'abc'", "operator 'in' is not defined on string", 4), ("(nil).a", "cannot fetch a from <nil>", 6),
        ("5 | string() | get('a')", "cannot fetch a from string", 15),
        ("[1, 2][5]", "index out of range: 5 (array length is 2)", 6), ("[1, 2][-3]", "index out of range: -3 (array length is 2)", 6),
        ("[1]['a']", "the elements of an array have numbers, cannot use string", 3), ("int('1x')", "invalid operation: int(\"1x\")", 0),
        ("trim(5)", "'trim' needs a string as argument 1, this is int", 0),
        ("join([1], ',')", "'join' needs an array of strings, it holds int", 0),
        ("1 matches 'a'", "'matches' needs texts, the left side is int", 2), ("sprig.fail('no ' + 'way')", "no way", 0),
        ("len(5)", "'len' needs a string, an array or a map as argument 1, this is int", 0),
        ("map(5, #)", "'map' needs an array, this is int", 0),
        ("repeat('a', -1)", "'repeat' needs a count that is not negative, this is -1", 0),
        ("toJson(1 / 0)", "JSON cannot hold the number +Inf", 0),
        ("fromJSON('{')", "not a JSON text: expected a key in quotes at byte 1", 0),
        ("bitshl(1, -1)", "'bitshl' needs a shift count that is not negative, this is -1", 0),
        ("timezone('Europe/Zürich')", "there is no time zone 'Europe/Zürich', did you mean 'Europe/Zurich'?", 0),
        (
            "1 + sprig.dateInZone('15', 0, 'Europe/Berlin')",
            "what clocks showed in 'Europe/Berlin' before the year 2000 is not known here", 4
        ),
        ("date('yesterday')", "'yesterday' is not a date", 0),
        ("duration('5')", "'5' is not a duration, write one like \"1h30m\" or \"500ms\"", 0),
        ("sort([1, 'a'])", "'sort' cannot compare string and int", 0), ("{(1): 2}", "a map key must be a string, this is int", 2),
        ("'abc'.foo()", "string has no method 'foo'", 6),
    ])
    func `a value that cannot be computed says why and where`(text: String, message: String, offset: Int) throws {
        #expect(failure(of: text) == ExpressionError(message: message, offset: offset))
    }

    @Test func `a missing variable is named`() {
        #expect(failure(of: "1 + foo") == ExpressionError(message: "foo is missing", offset: 4, missing: "foo"))
        #expect(failure(of: "foo ?? 1") == ExpressionError(message: "foo is missing", offset: 0, missing: "foo"))
        #expect(failure(of: "false && foo")?.missing == "foo")
        #expect(failure(of: "a.b.c", ["a": .map([:])]) == ExpressionError(message: "cannot fetch c from <nil>", offset: 4, missing: "a.b"))
    }

    @Test(arguments: [
        ("1..2000000", "the range has more than 1000000 elements"),
        ("-9223372036854775807..9223372036854775807", "the range has more than 1000000 elements"),
        ("map(1..1000, map(1..1000, # + 1))", "the expression takes more than 1000000 steps"),
        ("repeat('abcdefgh', 3000000)", "the expression makes a text of more than 16777216 bytes"),
        ("repeat('abcdefgh', 9223372036854775807)", "the expression makes a text of more than 16777216 bytes"),
        ("map(1..10, repeat('abcdefgh', 2000000))", "the expression makes texts of more than 67108864 bytes in all"),
        ("reduce(1..40, #acc + #acc, 'x')", "the expression makes a text of more than 16777216 bytes"),
        ("replace(repeat('a', 100000), 'a', repeat('b', 1000))", "the expression makes a text of more than 16777216 bytes"),
        ("join(map(1..100000, ''), repeat('x', 1000))", "the expression makes a text of more than 16777216 bytes"),
        ("reduce(1..1000, [#acc], 1)", "a value nests deeper than 100 levels"),
        ("reduce(1..1000, ({a: #acc}), 1)", "a value nests deeper than 100 levels"),
        ("reduce(1..1000, sprig.list(#acc), 1)", "a value nests deeper than 100 levels"),
        ("reduce(1..1000, toPairs({a: #acc}), 1)", "a value nests deeper than 100 levels"),
        ("reduce(1..60, [#acc, #acc], 1)", "the expression takes more than 1000000 steps"),
        ("reduce(1..60, ({a: #acc, b: #acc}), 1)", "the expression takes more than 1000000 steps"),
        ("sprig.untilStep(0, 9223372036854775807, 1)", "the expression takes more than 1000000 steps"),
        ("sprig.until(-9223372036854775807)", "the expression takes more than 1000000 steps"),
        ("sprig.indent(99999999, 'a')", "the expression makes a text of more than 16777216 bytes"),
        ("sprig.randAlpha(99999999)", "the expression takes more than 1000000 steps"),
        ("sprig.randBytes(9223372036854775807)", "the expression takes more than 1000000 steps"),
        ("sprig.shuffle(repeat('a', 2000000))", "the expression takes more than 1000000 steps"),
        ("sprig.wrapWith(1, repeat('x', 1000), repeat('a', 100000))", "the expression makes a text of more than 16777216 bytes"),
        ("sprig.urlJoin({path: repeat(' ', 9000000)})", "the expression makes a text of more than 16777216 bytes"),
        ("reduce(1..60, sprig.merge({a: #acc}, {b: #acc}), 1)", "the expression takes more than 1000000 steps"),
        ("reduce(1..60, sprig.tuple(#acc, #acc), 1)", "the expression takes more than 1000000 steps"),
        ("0..9223372036854775807", "the range has more than 1000000 elements"),
        ("map(1..1000000, map(1..1000000, #))", "the expression takes more than 1000000 steps"),
        ("fromJSON(repeat('[', 300) + repeat(']', 300))", "a value nests deeper than 100 levels"),
        ("sprig.regexReplaceAll('a', repeat('a', 1000000), repeat('b', 1000))", "the expression makes a text of more than 16777216 bytes"),
    ])
    func `an expression that wants too much is stopped`(text: String, message: String) {
        #expect(failure(of: text)?.message == message)
    }

    /// A text that is repeated until it nests too deeply. A type of its own, so that a failure does not print the whole.
    struct Nesting: Sendable, CustomTestStringConvertible {
        var part: String
        var before = ""
        var after = ""
        var testDescription: String { "\(self.before)\(self.part)…\(self.after)" }
        var text: String { self.before + String(repeating: self.part, count: 50_000) + self.after }
    }

    @Test(arguments: [
        Nesting(part: "("), Nesting(part: "["), Nesting(part: "!"), Nesting(part: "-"), Nesting(part: "not "),
        Nesting(part: "1+", after: "1"),
        Nesting(part: "2**", after: "1"), Nesting(part: "a.", after: "a"), Nesting(part: "a?.", after: "a"), Nesting(part: "a["),
        Nesting(part: "len("), Nesting(part: "true?"), Nesting(part: "true?1:", after: "1"), Nesting(part: "let x="),
        Nesting(part: "if true {1} else "), Nesting(part: "{a:"), Nesting(part: "map("), Nesting(part: "|map(#)", before: "[1]"),
        Nesting(part: "<1", before: "1"), Nesting(part: " ?? a", before: "a"), Nesting(part: "a(1, "),
    ])
    func `deep nesting is refused`(nesting: Nesting) {
        #expect(failure(of: nesting.text)?.message == "the expression nests deeper than 100 levels")
    }

    @Test func `many bindings inside each other are refused`() {
        let text = (0..<1_000).map { "let x\($0) = 1; " }.joined() + "1"
        #expect(failure(of: text)?.message == "the expression nests deeper than 100 levels")
    }

    @Test func `a text of enormous length is refused`() {
        #expect(failure(of: String(repeating: " ", count: 2_000_000))?.message == "the expression is longer than 1048576 characters")
    }

    @Test func `a pattern that needs much memory is refused`() throws {
        let message = try #require(failure(of: "'a' matches '((a{100}){100}){100}'")).message
        #expect(message.hasPrefix("'((a{100}){100}){100}' is not a regular expression: "))
        #expect(try evaluated("repeat('a', 30000) + 'b' matches '(a*)*$'") == "true")
    }
}
