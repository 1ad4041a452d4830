import Expressions
import Testing

/// The `sprig.` functions.
struct SprigFunctionTests {
    @Test(arguments: [
        ("upper('a')", #""A""#), ("title('hello big world')", #""Hello Big World""#), ("untitle('Hello World')", #""hello world""#),
        ("swapcase('aB')", #""Ab""#),
        ("trim(' a ')", #""a""#), ("trimAll('$', '$5$')", #""5""#), ("trimPrefix('-', '-x')", #""x""#), ("trimSuffix('-', 'x-')", #""x""#),
        ("nospace('a b c')", #""abc""#),
        ("replace('bar', 'baz', 'foobar')", #""foobaz""#), ("contains('b', 'abc')", "true"), ("hasPrefix('a', 'abc')", "true"),
        ("hasSuffix('c', 'abc')", "true"),
        ("split('-', 'a-b')._1", #""b""#), ("splitList(',', 'a,b')", #"["a","b"]"#), ("splitn('-', 2, 'a-b-c')", #"{"_0":"a","_1":"b-c"}"#),
        ("join('-', ['a', 1])", #""a-1""#),
        ("quote('a\"b', 1)", #""\"a\\\"b\" \"1\"""#), ("squote('a')", #""'a'""#), ("cat('a', nil, 1)", #""a 1""#),
        ("trunc(2, 'héllo')", #""hé""#), ("trunc(-2, 'hello')", #""lo""#),
        ("substr(1, 3, 'hello')", #""el""#), ("abbrev(6, 'hello world')", #""hel...""#), ("indent(2, 'a\\nb')", #""  a\n  b""#),
        ("nindent(1, 'a')", #""\n a""#), ("repeat(2, 'ab')", #""abab""#),
        ("initials('First Try')", #""FT""#), ("plural('one', 'many', 1)", #""one""#), ("regexMatch('^a+$', 'aaa')", "true"),
        ("regexFind('[0-9]+', 'a12b')", #""12""#), ("regexFind('x', 'a')", #""""#),
        ("regexFindAll('[0-9]', 'a1b2c3', -1)", #"["1","2","3"]"#), ("regexFindAll('[0-9]', 'a1b2c3', 2)", #"["1","2"]"#),
        ("regexReplaceAll('a(x*)b', '-ab-axxb-', '${1}W')", #""-W-xxW-""#),
        ("regexReplaceAll('(?P<n>a)', 'ab', '${n}$n$$1')", #""aa$1b""#),
        ("regexReplaceAllLiteral('a(x*)b', '-ab-axxb-', '${1}')", #""-${1}-${1}-""#), ("regexReplaceAll('x*', 'abc', '-')", #""-a-b-c-""#),
        ("regexSplit('z+', 'pizza', -1)", #"["pi","a"]"#), ("regexSplit('', 'abc', -1)", #"["a","b","c"]"#),
        ("regexQuoteMeta('1.2*')", #""1\\.2\\*""#), ("mustRegexMatch('a', 'a')", "true"),
        ("base('/a/b.txt')", #""b.txt""#), ("dir('/a/b.txt')", #""/a""#), ("ext('b.tar.gz')", #"".gz""#),
        ("clean('/a/../b//c/.')", #""/b/c""#), ("isAbs('/a')", "true"),
    ])
    func `texts`(text: String, expected: String) throws {
        #expect(try evaluated("sprig." + text) == expected)
    }

    @Test(arguments: [
        ("int('42')", "42"), ("int('x')", "0"), ("int('3.0')", "3"), ("int(true)", "1"), ("int64(2.9)", "2"), ("float64('1.5')", "1.5"),
        ("atoi('12')", "12"), ("toDecimal('777')", "511"),
        ("add(1, '2', 3)", "6"), ("add1(1)", "2"), ("sub(5, 2)", "3"), ("mul(2, 3, 4)", "24"), ("div(7, 2)", "3"), ("mod(7, 4)", "3"),
        ("max(1, 5, 3)", "5"), ("min(4, 2)", "2"),
        ("addf(1.5, 2)", "3.5"), ("divf(1, 2)", "0.5"), ("round(123.5555, 3)", "123.556"), ("floor('123.9')", "123"),
        ("ceil(123.1)", "124"), ("seq(5)", #""1 2 3 4 5""#), ("seq(-3)", #""1 0 -1 -2 -3""#),
        ("seq(0, 2, 6)", #""0 2 4 6""#), ("seq(2, -1)", #""2 1 0 -1""#), ("until(3)", "[0,1,2]"), ("until(-2)", "[0,-1]"),
        ("untilStep(3, 9, 3)", "[3,6]"), ("untilStep(3, 9, -3)", "[]"),
    ])
    func `numbers`(text: String, expected: String) throws {
        #expect(try evaluated("sprig." + text) == expected)
    }

    @Test(arguments: [
        ("default('d', '')", #""d""#), ("default('d', 'x')", #""x""#), ("default('d')", #""d""#), ("empty([])", "true"),
        ("coalesce(nil, '', 0, 'a')", #""a""#), ("ternary('y', 'n', true)", #""y""#),
        ("list(1, 'a')", #"[1,"a"]"#), ("first([1, 2])", "1"), ("rest([1, 2, 3])", "[2,3]"), ("initial([1, 2, 3])", "[1,2]"),
        ("last([1, 2])", "2"), ("append([1], 2)", "[1,2]"), ("prepend([1], 0)", "[0,1]"),
        ("without([1, 2, 3], 1, 3)", "[2]"), ("has(2, [1, 2])", "true"), ("compact([0, 1, '', 'a'])", #"[1,"a"]"#),
        ("chunk(2, [1, 2, 3])", "[[1,2],[3]]"), ("slice([1, 2, 3], 1)", "[2,3]"),
        ("sortAlpha(['b', 'a'])", #"["a","b"]"#), ("reverse([1, 2])", "[2,1]"), ("uniq([1, 1])", "[1]"),
        ("dict('a', 1, 'b')", #"{"a":1,"b":""}"#), ("get({a: 1}, 'a')", "1"), ("get({a: 1}, 'x')", #""""#),
        ("set({a: 1}, 'b', 2)", #"{"a":1,"b":2}"#), ("unset({a: 1, b: 2}, 'a')", #"{"b":2}"#), ("hasKey({a: 1}, 'a')", "true"),
        ("pluck('a', {a: 1}, {b: 2}, {a: 3})", "[1,3]"), ("keys({a: 1}, {b: 2})", #"["a","b"]"#),
        ("values({a: 1})", "[1]"), ("pick({a: 1, b: 2}, 'a')", #"{"a":1}"#), ("omit({a: 1, b: 2}, 'a')", #"{"b":2}"#),
        ("merge({a: {x: 1}}, {a: {x: 9, y: 2}, b: 3})", #"{"a":{"x":1,"y":2},"b":3}"#),
        ("mergeOverwrite({a: 1}, {a: 2})", #"{"a":2}"#), ("dig('a', 'b', 'none', {a: {b: 5}})", "5"),
        ("dig('a', 'x', 'none', {a: {b: 5}})", #""none""#),
    ])
    func `lists and dictionaries`(text: String, expected: String) throws {
        #expect(try evaluated("sprig." + text) == expected)
    }

    @Test(arguments: [
        ("toString([1])", #""[1]""#), ("toStrings([1, 'a'])", #"["1","a"]"#), ("toJson({a: 1})", #""{\"a\":1}""#),
        ("toPrettyJson([1])", #""[\n  1\n]""#), ("fromJson('[1]')", "[1]"), ("fromJson('x')", "null"),
        ("b64enc('hi')", #""aGk=""#), ("b64dec('aGk=')", #""hi""#), ("kindOf('a')", #""string""#), ("kindIs('map', {})", "true"),
        ("typeOf([])", #""[]interface {}""#), ("deepEqual([1], [1])", "true"),
        ("date('2006-01-02', sprig.now())", #""2024-03-05""#), ("date('2006', '2021-05-06T07:08:09Z')", #""2021""#),
        ("date('2006-01-02', 0)", #""1970-01-01""#), ("unixEpoch(now())", #""1709618828""#),
        ("htmlDate(0)", #""1970-01-01""#), ("date('15:04', sprig.dateModify('-1h', now()))", #""05:07""#),
        ("toDate('2006-01-02', '2024-12-31').Year()", "2024"), ("ago(now() - duration('90s'))", #""1m30s""#),
        ("duration('95')", #""1m35s""#), ("dateInZone('2006', 0, 'UTC')", #""1970""#),
    ])
    func `conversions and times`(text: String, expected: String) throws {
        #expect(try evaluated("sprig." + text) == expected)
    }

    @Test func `random values depend on the seed only`() throws {
        let first = try evaluated("[sprig.uuidv4(), sprig.randAlphaNum(8), sprig.randNumeric(3), sprig.randInt(5, 7)]")
        #expect(try evaluated("[sprig.uuidv4(), sprig.randAlphaNum(8), sprig.randNumeric(3), sprig.randInt(5, 7)]") == first)
        let other = EvaluationClock(now: testClock.now, seed: 43)
        let uuid = try Expression("sprig.uuidv4()").evaluate(in: [:], clock: other)
        #expect(uuid != (try Expression("sprig.uuidv4()").evaluate(in: [:], clock: testClock)))
        #expect(
            try Expression("sprig.uuidv4() matches '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'").evaluate(
                in: [:], clock: other) == .bool(true))
        #expect(try evaluated("all(1..100, sprig.randInt(5, 7) in [5, 6])") == "true")
    }
}
