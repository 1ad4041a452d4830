import Expressions
import Testing
import WorkflowModel

/// The expr language: what texts mean.
struct ExpressionTests {
    @Test(
        arguments: [
            ("0x1F", "31"), ("0b101", "5"), ("0o17", "15"), ("1_000_000", "1000000"), ("1.5e3", "1500"), (".5", "0.5"), ("1e-7", "1e-7"),
            ("1e21", "1e+21"), ("9223372036854775807", "9223372036854775807"), ("'it''s' == 'it'", nil), ("`a\\n`", #""a\\n""#),
            ("`a``b`", #""a`b""#),
            (#"'\x41\u00e9\U0001F600\u{1F600}\101\t'"#, "\"Aé😀😀A\\t\""), (#""say \"hi\"""#, #""say \"hi\"""#), ("nil", "null"),
            ("true", "true"),
            ("[1, 'a', [nil],]", #"[1,"a",[null]]"#), ("{a: 1, 'b c': 2, 3: 4, ('d' + 'e'): 5,}", #"{"3":4,"a":1,"b c":2,"de":5}"#),
            ("{}", "{}"),
            ("1 // one\n + /* two */ 2", "3"),
        ] as [(String, String?)])
    func `literals are read`(text: String, expected: String?) throws {
        guard let expected else {
            #expect(failure(of: text) != nil)
            return
        }
        #expect(try evaluated(text) == expected)
    }

    @Test(arguments: [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("2 ** 3 ** 2", "512"), ("2 ^ 3", "8"), ("-2 ** 2", "-4"), ("7 % 4", "3"),
        ("-7 % 4", "-3"),
        ("1 / 2", "0.5"), ("10 / 5", "2"), ("1 + 0.5", "1.5"), ("'a' + 'b'", #""ab""#), ("+1", "1"), ("1 - -1", "2"), ("1..3", "[1,2,3]"),
        ("3..1", "[]"), ("1 + 1..2 + 2", "[2,3,4]"), ("1 < 2", "true"), ("1 < 2 < 3", "true"), ("1 < 3 < 2", "false"),
        ("3 > 2 >= 2 > 1", "true"),
        ("1 == 1.0", "true"), ("'1' == 1", "false"), ("nil == nil", "true"), ("[1, 2] == [1.0, 2]", "true"), ("{a: 1} != {a: 2}", "true"),
        ("'abc' < 'abd'", "true"), ("not true or true", "true"), ("!true || true", "true"), ("true or false and false", "true"),
        ("not (true or true)", "false"), ("!true == false", "true"), ("1 in [1, 2]", "true"), ("3 not in [1, 2]", "true"),
        ("'a' in {a: 1}", "true"),
        ("not ('a' in {a: 1})", "false"), ("1 in nil", "false"), ("'abc' matches '^a.c$'", "true"), ("'abc' not matches 'x'", "true"),
        ("'abc' contains 'b'", "true"), ("'abc' startsWith 'ab'", "true"), ("'abc' endsWith 'bc'", "true"),
        ("'abc' not endsWith 'x'", "true"),
        ("nil contains 'a'", "false"), ("true ? 1 : 2", "1"), ("false ? 1 : true ? 2 : 3", "2"), ("false ?: true", "true"),
        ("nil ?? 1", "1"),
        ("nil ?? nil ?? 2", "2"), ("1 + (nil ?? 2)", "3"), ("1 + nil ?? 2", "3"),
    ])
    func `operators bind and compute as in expr`(text: String, expected: String) throws {
        #expect(try evaluated(text) == expected)
    }

    @Test(arguments: [
        ("9223372036854775807 + 1", "-9223372036854775808"), ("-9223372036854775807 - 2", "9223372036854775807"),
        ("(-9223372036854775807 - 1) % -1", "0"), ("-(-9223372036854775807 - 1)", "-9223372036854775808"),
        ("abs(-9223372036854775807 - 1)", "-9223372036854775808"), ("4611686018427387904 * 2", "-9223372036854775808"),
        ("int(1e300)", "9223372036854775807"), ("int(-1e300)", "-9223372036854775808"), ("bitshl(1, 63)", "-9223372036854775808"),
        ("bitshl(1, 64)", "0"), ("bitshl(1, 9223372036854775807)", "0"), ("bitshr(-8, 100)", "-1"), ("bitushr(-1, 63)", "1"),
        ("[1, 2, 3][-9223372036854775807:9223372036854775807]", "[1,2,3]"),
        ("sprig.div(-9223372036854775807 - 1, -1)", "-9223372036854775808"),
    ])
    func `whole numbers wrap around and nothing traps`(text: String, expected: String) throws {
        let value = try Expression(text).evaluate(in: [:], clock: testClock)
        #expect(value.json.json == expected)
    }

    @Test(arguments: [
        ("a.b.c", "1"), ("a['b']['c']", "1"), ("a?.b?.c", "1"), ("a.x", "null"), ("a.x?.y", "null"), ("a.x?.y.z", "null"),
        ("a?.['b'].c", "1"),
        ("a.x?.y ?? 5", "5"), ("a.x.y.z ?? 6", "6"), ("list[0]", "10"), ("list[-1]", "40"), ("list[1:3]", "[20,30]"),
        ("list[:2]", "[10,20]"),
        ("list[2:]", "[30,40]"), ("list[:]", "[10,20,30,40]"), ("list[-2:]", "[30,40]"), ("list[3:1]", "[]"), ("list[1:99]", "[20,30,40]"),
        ("'héllo'[1:3]", #""él""#), ("'héllo'[-2:]", #""lo""#), ("'héllo'[1]", #""é""#), ("a.in", "7"), ("$env.a.b.c", "1"),
        ("$env['a'].in", "7"),
        ("[[1, 2], [3]][0][1]", "2"), ("list | last()", "40"), ("(a?.b).c", "1"),
    ])
    func `members, indices and slices are found`(text: String, expected: String) throws {
        let variables: [String: ExprValue] = [
            "a": .map(["b": .map(["c": .int(1)]), "in": .int(7)]), "list": .array([.int(10), .int(20), .int(30), .int(40)]),
        ]
        #expect(try evaluated(text, variables) == expected)
    }

    @Test(arguments: [
        ("let x = 2; x * x", "4"), ("let x = 2; let y = x + 1; x * y", "6"), ("if 1 > 2 { 'a' } else { 'b' }", #""b""#),
        ("if false { 1 } else if true { 2 } else { 3 }", "2"), ("1; 2; 3", "3"), ("(1; 2) + 1", "3"), ("'a,b' | split(',') | len()", "2"),
        ("map(1..3, # * 2)", "[2,4,6]"), ("map(1..3, {# * 2})", "[2,4,6]"), ("filter(1..6, {# % 2 == 0})", "[2,4,6]"),
        ("filter(1..6, let h = # / 2; h > 2)", "[5,6]"), ("map(users, .name)", #"["Ann","Bob"]"#),
        ("map(users, #.name)", #"["Ann","Bob"]"#),
        ("map(1..2, map(1..2, # * 10))", "[[10,20],[10,20]]"), ("map([[1], [2, 3]], len(#))", "[1,2]"), ("map(1..3, #index)", "[0,1,2]"),
        ("reduce(1..4, #acc + #)", "10"), ("reduce(1..4, #acc + #, 100)", "110"), ("reduce([], #acc, 5)", "5"),
        ("reduce(1..3, #acc + #index, 0)", "3"), ("users | filter(.age > 30) | map(.name)", #"["Bob"]"#), ("all(1..3, # > 0)", "true"),
        ("any(1..3, # > 2)", "true"), ("one(1..3, # > 2)", "true"), ("none(1..3, # > 3)", "true"), ("find(1..9, # > 4)", "5"),
        ("find(1..3, # > 4)", "null"), ("findIndex(1..9, # > 4)", "4"), ("findLast(1..9, # < 4)", "3"), ("findLastIndex(1..9, # < 4)", "2"),
        ("count(1..9, # > 4)", "5"), ("count([true, false, true])", "2"), ("sum(1..4)", "10"), ("sum(users, .age)", "75"),
        ("groupBy(users, .age > 30)", #"{"false":[{"age":30,"name":"Ann"}],"true":[{"age":45,"name":"Bob"}]}"#),
        ("groupBy(1..4, # % 2)[1]", "[1,3]"), ("map(sortBy(users, .age, 'desc'), .name)", #"["Bob","Ann"]"#),
        ("sortBy([3, 1, 2], #)", "[1,2,3]"),
        ("map({b: 2, a: 1}, #)", "[1,2]"), ("::len('abc')", "3"), ("let f = 2; map(1..2, # + f)", "[3,4]"),
    ])
    func `bindings, blocks, pipes and predicates work`(text: String, expected: String) throws {
        let users = try value(json: #"[{"name":"Ann","age":30},{"name":"Bob","age":45}]"#)
        #expect(try evaluated(text, ["users": users]) == expected)
    }

    @Test func `only what decides is evaluated`() throws {
        #expect(try evaluated("false && 1 % 0 == 0") == "false")
        #expect(try evaluated("true || 1 % 0 == 0") == "true")
        #expect(try evaluated("1 ?? (1 % 0)") == "1")
        #expect(try evaluated("true ? 1 : 1 % 0") == "1")
    }

    @Test func `references name the variables with the members that are written out`() throws {
        func paths(_ text: String) throws -> [[String]] { try Expression(text).references.map(\.path) }
        #expect(try paths("tasks['a'].outputs.result") == [["tasks", "a", "outputs", "result"]])
        #expect(try paths("steps[name].status + steps.b.status") == [["name"], ["steps"], ["steps", "b", "status"]])
        #expect(try paths("map(items, #.x + other)") == [["items"], ["other"]])
        #expect(try paths("let x = a.b; x.c + len(d)") == [["a", "b"], ["d"]])
        #expect(try paths("sprig.upper(inputs.parameters.x)") == [["inputs", "parameters", "x"]])
        #expect(try paths("list[0].name") == [["list"]])
        #expect(try paths("$env.a.b") == [["a", "b"]])
        #expect(try paths("{a: b}") == [["b"]])
    }

    @Test func `references tell which absences the expression copes with`() throws {
        let guarded = try Expression("a.b ?? c.d").references
        #expect(guarded.map(\.isGuarded) == [true, false])
        #expect(guarded.map(\.offset) == [0, 7])
        #expect(try Expression("a?.b.c").references == [ExprReference(path: ["a", "b", "c"], isGuarded: true, offset: 0)])
        #expect(try Expression("len(a.b) ?? c").references.map(\.isGuarded) == [false, false])
        #expect(try Expression("(x ? a : b) ?? c").references.map(\.isGuarded) == [false, true, true, false])
        #expect(try Expression("t.Unix() > 0").references == [ExprReference(path: ["t"], isGuarded: false, offset: 0, isWhole: false)])
    }

    @Test func `values come from JSON and go back`() throws {
        let json = try JSONValue(json: #"{"b":[1,2.5,"x",null,true],"a":{"big":12345678901234567890}}"#)
        #expect(ExprValue(json).json.json == #"{"a":{"big":12345678901234567000},"b":[1,2.5,"x",null,true]}"#)
        #expect(ExprValue.time(ZonedTime(testClock.now)).json == .string("2024-03-05T06:07:08.009Z"))
        #expect(ExprValue.duration(nanoseconds: 1500).json == .number("1500"))
        #expect(ExprValue.float(.infinity).json == .null)
    }
}
