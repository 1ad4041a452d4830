import Expressions
import Testing
import WorkflowModel

/// expr's builtins, and those that Argo adds.
struct BuiltinFunctionTests {
    @Test(arguments: [
        ("trim('  a b ')", #""a b""#), ("trim('__a__', '_')", #""a""#), ("trimPrefix('prefix-x', 'prefix-')", #""x""#),
        ("trimSuffix('x.txt', '.txt')", #""x""#),
        ("upper('aßé')", #""AßÉ""#), ("lower('ABC')", #""abc""#), ("split('a,b,c', ',')", #"["a","b","c"]"#),
        ("split('a,b,c', ',', 2)", #"["a","b,c"]"#),
        ("split('a,b', ',', 0)", "[]"), ("split('añb', '')", #"["a","ñ","b"]"#), ("split('', ',')", #"[""]"#),
        ("splitAfter('a,b,c', ',')", #"["a,","b,","c"]"#),
        ("replace('aaa', 'a', 'b')", #""bbb""#), ("replace('aaa', 'a', 'b', 2)", #""bba""#), ("replace('ab', '', '-')", #""-a-b-""#),
        ("repeat('ab', 3)", #""ababab""#),
        ("join(['a', 'b'], '-')", #""a-b""#), ("join(['a', 'b'])", #""ab""#), ("indexOf('héllo', 'l')", "2"), ("indexOf('abc', 'x')", "-1"),
        ("lastIndexOf('héllol', 'l')", "5"), ("lastIndexOf('abc', 'x')", "-1"), ("hasPrefix('abc', 'ab')", "true"),
        ("hasSuffix('abc', 'bc')", "true"),
        ("'aaab' contains 'aab'", "true"), ("indexOf('aabaabaaa', 'aabaaa')", "3"),
    ])
    func `texts are worked on by characters`(text: String, expected: String) throws {
        #expect(try evaluated(text) == expected)
    }

    @Test(arguments: [
        ("abs(-5)", "5"), ("abs(-5.5)", "5.5"), ("ceil(1.2)", "2"), ("floor(-1.2)", "-2"), ("round(2.5)", "3"), ("round(-2.5)", "-3"),
        ("max(1, 7, 3)", "7"),
        ("max([1, 2.5], 2)", "2.5"), ("min(3, 1, 2)", "1"), ("min([[4], 5])", "4"), ("mean(1..4)", "2.5"), ("mean([])", "0"),
        ("median([3, 1, 2])", "2"),
        ("median(1, 2, 3, 4)", "2.5"), ("bitand(6, 3)", "2"), ("bitor(6, 3)", "7"), ("bitxor(6, 3)", "5"), ("bitnand(6, 3)", "4"),
        ("bitnot(0)", "-1"),
        ("bitshl(1, 4)", "16"), ("bitshr(-16, 2)", "-4"), ("bitushr(-16, 60)", "15"),
    ])
    func `numbers are computed`(text: String, expected: String) throws {
        #expect(try evaluated(text) == expected)
    }

    @Test(arguments: [
        ("len('héllo')", "5"), ("len([1, 2])", "2"), ("len({a: 1})", "1"), ("first([1, 2])", "1"), ("first([])", "null"),
        ("last([1, 2])", "2"),
        ("get({a: 1}, 'a')", "1"), ("get({a: 1}, 'b')", "null"), ("get([1, 2], 1)", "2"), ("get([1, 2], 9)", "null"),
        ("take(1..5, 2)", "[1,2]"),
        ("take([1], 9)", "[1]"), ("keys({b: 1, a: 2})", #"["a","b"]"#), ("values({b: 1, a: 2})", "[2,1]"),
        ("toPairs({b: 1, a: 2})", #"[["a",2],["b",1]]"#),
        ("fromPairs([['a', 1], ['b', 2]])", #"{"a":1,"b":2}"#), ("reverse(1..3)", "[3,2,1]"),
        ("uniq([1, 1.0, 'a', 'a', [1], [1.0]])", #"[1,"a",[1]]"#),
        ("concat([1], [2, 3], [])", "[1,2,3]"), ("flatten([1, [2, [3, []]]])", "[1,2,3]"), ("sort([3, 1, 2])", "[1,2,3]"),
        ("sort(['b', 'a'], 'desc')", #"["b","a"]"#),
    ])
    func `arrays and maps are worked on`(text: String, expected: String) throws {
        #expect(try evaluated(text) == expected)
    }

    @Test(arguments: [
        ("int('42')", "42"), ("int(4.9)", "4"), ("asInt('-7')", "-7"), ("float('1.5')", "1.5"), ("asFloat(2)", "2"),
        ("string(1.0)", #""1""#), ("string(1e21)", #""1e+21""#),
        ("string(0.00001)", #""1e-05""#), ("string([1, 'a', nil])", #""[1 a <nil>]""#), ("string({b: 1, a: [2]})", #""map[a:[2] b:1]""#),
        ("string(true)", #""true""#),
        ("type(1)", #""int""#), ("type(1.5)", #""float""#), ("type(nil)", #""nil""#), ("type([])", #""array""#), ("type({})", #""map""#),
        ("type(now())", #""time.Time""#),
        ("toJson({b: [1, 2.50, 'x\"y'], a: nil})", #""{\"a\":null,\"b\":[1,2.5,\"x\\\"y\"]}""#),
        ("toJSON({a: [1]})", #""{\n  \"a\": [\n    1\n  ]\n}""#), ("toJSON([])", #""[]""#),
        ("fromJSON('{\"a\": [1, 2.5]}').a[1]", "2.5"), ("fromJSON('12345678901234567')", "12345678901234567"),
        ("toBase64('Hello, wörld')", #""SGVsbG8sIHfDtnJsZA==""#),
        ("fromBase64('SGVsbG8sIHfDtnJsZA==')", #""Hello, wörld""#), ("fromBase64('')", #""""#), ("toBase64('a')", #""YQ==""#),
        ("toBase64('ab')", #""YWI=""#),
    ])
    func `values are converted`(text: String, expected: String) throws {
        #expect(try evaluated(text) == expected)
    }

    @Test(arguments: [
        ("now()", #""2024-03-05T06:07:08.009Z""#), ("now().Year()", "2024"), ("now().YearDay()", "65"), ("now().Weekday()", "2"),
        ("now().Unix()", "1709618828"),
        ("now().UnixMilli()", "1709618828009"), ("(now() - date('2024-03-05')).Hours() > 6.11", "true"),
        ("(now() - duration('8.009s')).Second()", "0"),
        ("now() + duration('24h') > now()", "true"), ("duration('1h30m').Minutes()", "90"), ("duration('1.5s')", "1500000000"),
        ("string(duration('90m'))", #""1h30m0s""#),
        ("string(duration('1500us'))", #""1.5ms""#), ("string(duration('-2s'))", #""-2s""#), ("string(duration('0'))", #""0s""#),
        ("duration('1h') * 2 == duration('2h')", "true"),
        ("duration('1h') + duration('1m') == duration('61m')", "true"), ("duration('1h') > duration('59m')", "true"),
        ("date('2024-02-29').Day()", "29"),
        ("date('29/02/2024', '02/01/2006')", #""2024-02-29T00:00:00Z""#),
        ("date('2024-01-02T03:04:05+02:00')", #""2024-01-02T03:04:05+02:00""#),
        ("date('2024-01-02 03:04:05')", #""2024-01-02T03:04:05Z""#), ("date('Mon, 01 Jan 2024 10:00:00 GMT')", #""2024-01-01T10:00:00Z""#),
        ("date('2024-01-31').AddDate(0, 1, 0)", #""2024-03-02T00:00:00Z""#),
        ("date('2024-01-01').AddDate(0, -1, 0)", #""2023-12-01T00:00:00Z""#),
        ("date('2024-01-01').Format('Mon Jan _2 15:04:05 2006')", #""Mon Jan  1 00:00:00 2024""#),
        ("now().Format('2006-01-02T15:04:05.000Z07:00')", #""2024-03-05T06:07:08.009Z""#),
        ("now().Format('3:04PM on Monday, January 2, 06 (002) -0700 MST')", #""6:07AM on Tuesday, March 5, 24 (065) +0000 UTC""#),
        ("string(date('2024-01-01'))", #""2024-01-01 00:00:00 +0000 UTC""#), ("date('2024-01-01').Before(now())", "true"),
        ("now().Sub(now()).Seconds()", "0"),
        ("duration('100s').Round(duration('1m')) == duration('2m')", "true"), ("(now() - nothing).Seconds() > 30", "true"),
    ])
    func `times and durations are UTC and come from the clock that is given`(text: String, expected: String) throws {
        #expect(try evaluated(text, ["nothing": .time(ZonedTime(Timestamp(milliseconds: 0)))]) == expected)
    }

    @Test(arguments: [
        ("$", #"{"employees":[{"age":43,"name":"Baris"},{"age":42,"name":"Mo"}],"x-y":{"z":[1,2,3]}}"#),
        ("$.employees[0].name", #""Baris""#),
        ("$['employees'][1]['age']", "42"), ("$.employees[-1].name", #""Mo""#), ("$.employees[*].name", #"["Baris","Mo"]"#),
        ("$.employees[0:1]", #"[{"age":43,"name":"Baris"}]"#),
        ("$.employees[0,1].age", "[43,42]"), ("$..age", "[43,42]"), ("$..['name','age']", #"["Baris",43,"Mo",42]"#),
        ("$.x-y.z[::2]", "[1,3]"), ("$.x-y.z[::-1]", "[3,2,1]"),
        ("$.x-y.z[-2:]", "[2,3]"), ("$.x-y.*", "[[1,2,3]]"), ("$.employees[?(@.age>42)].name", #"["Baris"]"#),
        ("$.employees[?(@.age>42 && @.age<43)].age", "[]"),
        ("$.employees[?(@.name==\"Mo\" || @.age==43)].age", "[43,42]"), ("$.employees[?(!(@.name==\"Mo\"))].age", "[43]"),
        ("$.employees[?(@.nickname)]", "[]"),
        ("$.employees[?(@.name =~ /^b/i)].name", #"["Baris"]"#), ("$.employees[?(@.age == $.employees[1].age)].name", #"["Mo"]"#),
        ("$.employees.length", "2"), ("$.nothing[*]", "[]"),
    ])
    func `JSON paths find what they name`(path: String, expected: String) throws {
        let document = #"{"employees":[{"name":"Baris","age":43},{"name":"Mo","age":42}],"x-y":{"z":[1,2,3]}}"#
        #expect(try evaluated("jsonpath(document, path)", ["document": .string(document), "path": .string(path)]) == expected)
    }

    @Test(arguments: [
        ("$.a", "nothing stands at the path $[\"a\"]"), ("a", "'a' is not a JSON path: it must start with '$' at character 1"),
        ("$.", "'$.' is not a JSON path: expected a name at character 3"),
        ("$[", "'$[' is not a JSON path: expected a name in quotes, a number, a slice, '*' or '?' at character 3"),
        ("$[?(@.a", "'$[?(@.a' is not a JSON path: expected ')' at character 8"),
    ])
    func `JSON paths that are wrong or lead nowhere say so`(path: String, message: String) {
        #expect(failure(of: "jsonpath('{}', path)", ["path": .string(path)])?.message == message)
    }

    @Test func `patterns see what Go's would`() throws {
        #expect(try evaluated("'line1\nline2' matches '(?m)^line2$'".replacing("\n", with: "\\n")) == "true")
        #expect(try evaluated("'Ünïcode' matches '^\\\\p{L}+$'") == "true")
        #expect(try evaluated("map(['a1', 'b2'], # matches p)", ["p": .string("^a")]) == "[true,false]")
    }
}
