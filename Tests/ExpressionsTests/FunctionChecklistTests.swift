import Testing
import WorkflowModel

@testable import Expressions

/// Every function that Argo offers in expressions is there and does its work.
struct FunctionChecklistTests {
    /// The builtins of the expr language, version 1.17, and what Argo adds.
    static let builtins: [(String, String)] = [
        ("trim(' a ') + trim('xax', 'x')", #""aa""#), ("trimPrefix('ab', 'a')", #""b""#), ("trimSuffix('ab', 'b')", #""a""#),
        ("upper('a')", #""A""#), ("lower('A')", #""a""#), ("split('a,b', ',')", #"["a","b"]"#), ("split('a,b,c', ',', 2)", #"["a","b,c"]"#),
        ("splitAfter('a,b', ',')", #"["a,","b"]"#), ("replace('aa', 'a', 'b')", #""bb""#), ("repeat('a', 3)", #""aaa""#),
        ("join(['a', 'b'], '-')", #""a-b""#), ("join(['a', 'b'])", #""ab""#), ("indexOf('abcb', 'b')", "1"),
        ("lastIndexOf('abcb', 'b')", "3"), ("hasPrefix('ab', 'a')", "true"), ("hasSuffix('ab', 'a')", "false"),
        ("now() == now()", "true"), ("duration('1h30m').Minutes()", "90"), ("date('2024-02-03').Day()", "3"),
        ("date('03.02.2024', '02.01.2006').Month()", "2"), ("string(timezone('UTC'))", #""UTC""#), ("max(1, 5, 3)", "5"),
        ("min([4, 2])", "2"), ("abs(-5)", "5"), ("ceil(1.2)", "2"), ("floor(1.8)", "1"), ("round(2.5)", "3"), ("mean([1, 2])", "1.5"),
        ("median([3, 1, 2])", "2"), ("sum([1, 2, 3])", "6"), ("sum([1, 2], # * 2)", "6"), ("all([1, 2], # > 0)", "true"),
        ("any([1, 2], # > 1)", "true"), ("one([1, 2], # > 1)", "true"), ("none([1, 2], # > 2)", "true"),
        ("map([1, 2], # * 2)", "[2,4]"), ("filter([1, 2], # > 1)", "[2]"), ("find([1, 2, 3], # > 1)", "2"),
        ("findIndex([1, 2, 3], # > 1)", "1"), ("findLast([1, 2, 3], # > 1)", "3"), ("findLastIndex([1, 2, 3], # < 3)", "1"),
        ("groupBy([1, 2, 3], # % 2)", #"{"0":[2],"1":[1,3]}"#), ("count([true, false])", "1"), ("count([1, 2], # > 1)", "1"),
        ("reduce([1, 2, 3], #acc + #)", "6"), ("reduce([1, 2], #acc + #, 10)", "13"), ("concat([1], [2, 3])", "[1,2,3]"),
        ("flatten([1, [2, [3]]])", "[1,2,3]"), ("uniq([1, 2, 1])", "[1,2]"), ("first([1, 2])", "1"), ("last([1, 2])", "2"),
        ("take([1, 2, 3], 2)", "[1,2]"), ("reverse([1, 2])", "[2,1]"), ("sort([3, 1, 2])", "[1,2,3]"), ("sort([1, 2], 'desc')", "[2,1]"),
        ("sortBy([{a: 2}, {a: 1}], .a)", #"[{"a":1},{"a":2}]"#), ("keys({a: 1})", #"["a"]"#), ("values({a: 1})", "[1]"),
        ("type(1.5)", #""float""#), ("int('7')", "7"), ("float('1.5')", "1.5"), ("string(7)", #""7""#),
        ("toJSON([1])", #""[\n  1\n]""#), ("fromJSON('[1]')", "[1]"), ("toBase64('a')", #""YQ==""#), ("fromBase64('YQ==')", #""a""#),
        ("toPairs({a: 1})", #"[["a",1]]"#), ("fromPairs([['a', 1]])", #"{"a":1}"#), ("len('abc')", "3"), ("get([1, 2], 5)", "null"),
        ("get({a: 1}, 'a')", "1"), ("bitand(6, 3)", "2"), ("bitor(6, 3)", "7"), ("bitxor(6, 3)", "5"), ("bitnand(6, 3)", "4"),
        ("bitnot(0)", "-1"), ("bitshl(1, 3)", "8"), ("bitshr(-8, 1)", "-4"), ("bitushr(-1, 60)", "15"), ("asInt('7')", "7"),
        ("asFloat('1.5')", "1.5"), ("toJson({a: [1]})", #""{\"a\":[1]}""#), ("jsonpath('{\"a\":[1,2]}', '$.a[1]')", "2"),
    ]

    /// The functions of the Masterminds library, version 3, for texts that are not HTML.
    static let sprig: [(String, String)] = [
        ("ago(now())", #""0s""#), ("date('2006-01-02', 0)", #""1970-01-01""#), ("date_in_zone('15:04', 0, 'UTC')", #""00:00""#),
        ("dateInZone('15:04', 0, 'UTC')", #""00:00""#), ("date_modify('1h', toDate('2006', '2024')).Hour()", "1"),
        ("dateModify('-1h', toDate('2006', '2024')).Hour()", "23"), ("must_date_modify('1h', toDate('2006', '2024')).Hour()", "1"),
        ("mustDateModify('1h', toDate('2006', '2024')).Hour()", "1"), ("duration('95')", #""1m35s""#), ("durationRound('400h')", #""16d""#),
        ("durationRound('8761h')", #""1y""#), ("htmlDate(0)", #""1970-01-01""#), ("htmlDateInZone(0, 'UTC')", #""1970-01-01""#),
        ("mustToDate('2006', '2024').Year()", "2024"), ("now().Year()", "2024"), ("toDate('2006', '2024').Year()", "2024"),
        ("unixEpoch(toDate('2006', '1971'))", #""31536000""#), ("abbrev(5, 'hello world')", #""he...""#),
        ("abbrevboth(5, 10, '1234 5678 9123')", #""...5678...""#), ("trunc(-2, 'hello')", #""lo""#), ("trim(' a ')", #""a""#),
        ("upper('a')", #""A""#), ("lower('A')", #""a""#), ("title(\"it's a_b c-d\")", #""It'S A_b C-D""#),
        ("untitle('Ab Cd')", #""ab cd""#),
        ("substr(0, 2, 'abc')", #""ab""#), ("repeat(2, 'a')", #""aa""#), ("trimall('$', '$5$')", #""5""#), ("trimAll('$', '$5$')", #""5""#),
        ("trimSuffix('b', 'ab')", #""a""#), ("trimPrefix('a', 'ab')", #""b""#), ("nospace('a b')", #""ab""#),
        ("initials('First Try')", #""FT""#), ("randAlphaNum(5) matches '^[a-zA-Z0-9]{5}$'", "true"),
        ("randAlpha(5) matches '^[a-zA-Z]{5}$'", "true"), ("randAscii(5) matches '^[ -~]{5}$'", "true"),
        ("randNumeric(5) matches '^[0-9]{5}$'", "true"), ("randBytes(3) matches '^[a-zA-Z0-9+/]{4}$'", "true"),
        ("swapcase('aB')", #""Ab""#), ("shuffle('aaa')", #""aaa""#), ("snakecase('HTTPServer2Go')", #""http_server2_go""#),
        ("camelcase('http_server')", #""HttpServer""#), ("kebabcase('FirstName')", #""first-name""#),
        ("wrap(5, 'hello wonderful')", #""hello\nwonderful""#), ("wrapWith(5, '|', 'hello wonderful')", #""hello|wonde|rful""#),
        ("contains('b', 'abc')", "true"), ("hasPrefix('a', 'ab')", "true"), ("hasSuffix('b', 'ab')", "true"), ("quote('a')", #""\"a\"""#),
        ("squote('a')", #""'a'""#), ("cat('a', 1)", #""a 1""#), ("indent(2, 'a')", #""  a""#), ("nindent(2, 'a')", #""\n  a""#),
        ("replace('a', 'b', 'aa')", #""bb""#), ("plural('one', 'many', 2)", #""many""#),
        ("sha1sum('x')", #""11f6ad8ec52a2984abaafd7c3b516503785c2072""#),
        ("sha256sum('x')", #""2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881""#),
        (
            "sha512sum('x')",
            #""a4abd4448c49562d828115d13a1fccea927f52b4d5459297f8b43e42da89238bc13626e43dcb38ddb082488927ec904fb42057443983e88585179d50551afe62""#
        ),
        ("adler32sum('Wikipedia')", #""300286872""#), ("toString(1.5)", #""1.5""#), ("atoi('12')", "12"), ("int64('0x10')", "16"),
        ("int('017')", "15"), ("float64('1.5')", "1.5"), ("seq(0, 2, 6)", #""0 2 4 6""#), ("toDecimal('777')", "511"),
        ("split('-', 'a-b')", #"{"_0":"a","_1":"b"}"#), ("splitList('-', 'a-b')", #"["a","b"]"#),
        ("splitn('-', 2, 'a-b-c')", #"{"_0":"a","_1":"b-c"}"#), ("toStrings([1, nil])", #"["1"]"#), ("until(3)", "[0,1,2]"),
        ("untilStep(0, 5, 2)", "[0,2,4]"), ("add1(1)", "2"), ("add(1, '2')", "3"), ("sub(3, 1)", "2"), ("div(7, 2)", "3"),
        ("mod(-7, 3)", "-1"),
        ("mul(2, 3)", "6"), ("randInt(3, 4)", "3"), ("add1f(1.5)", "2.5"), ("addf(1.5, 1)", "2.5"), ("subf(3, 1.5)", "1.5"),
        ("divf(1, 2)", "0.5"), ("mulf(1.5, 2)", "3"), ("biggest(1, 2)", "2"), ("max(1, 2)", "2"), ("min(1, 2)", "1"),
        ("maxf(1.5, 1)", "1.5"),
        ("minf(1.5, 1)", "1"), ("ceil(1.2)", "2"), ("floor(1.2)", "1"), ("round(1.255, 1)", "1.3"), ("join('-', [1, 2])", #""1-2""#),
        ("sortAlpha(['b', 'a'])", #"["a","b"]"#), ("default('d', '')", #""d""#), ("empty(0)", "true"), ("coalesce(nil, 1)", "1"),
        ("all(1, 0)", "false"), ("any(1, 0)", "true"), ("compact([0, 1])", "[1]"), ("mustCompact([0, 1])", "[1]"),
        ("fromJson('{')", "null"), ("toJson([1])", #""[1]""#), ("toPrettyJson({a: 1})", #""{\n  \"a\": 1\n}""#),
        ("toRawJson('<')", #""\"<\"""#),
        ("mustFromJson('[1]')", "[1]"), ("mustToJson([1])", #""[1]""#), ("mustToPrettyJson([])", #""[]""#), ("mustToRawJson(1)", #""1""#),
        ("ternary('y', 'n', false)", #""n""#), ("deepCopy([1])", "[1]"), ("mustDeepCopy([1])", "[1]"), ("typeOf(1)", #""int""#),
        ("typeIs('string', 'a')", "true"), ("typeIsLike('string', 'a')", "true"), ("kindOf([])", #""slice""#),
        ("kindIs('map', {})", "true"),
        ("deepEqual([1], [1])", "true"), ("base('/a/b')", #""b""#), ("dir('/a/b')", #""/a""#), ("clean('a//b')", #""a/b""#),
        ("ext('a.b')", #"".b""#), ("isAbs('/a')", "true"), ("osBase('/a/b')", #""b""#), ("osDir('/a/b')", #""/a""#),
        ("osClean('a//b')", #""a/b""#), ("osExt('a.b')", #"".b""#), ("osIsAbs('a')", "false"), ("b64enc('a')", #""YQ==""#),
        ("b64dec('YQ==')", #""a""#), ("b32enc('hello')", #""NBSWY3DP""#), ("b32dec('NBSWY3DP')", #""hello""#),
        ("b32dec(sprig.b32enc('abcdef'))", #""abcdef""#), ("tuple(1, 'a')", #"[1,"a"]"#), ("list(1, 2)", "[1,2]"),
        ("dict('a', 1)", #"{"a":1}"#), ("get({a: 1}, 'b')", #""""#), ("set({a: 1}, 'b', 2)", #"{"a":1,"b":2}"#),
        ("unset({a: 1}, 'a')", "{}"),
        ("hasKey({a: 1}, 'a')", "true"), ("pluck('a', {a: 1}, {b: 2})", "[1]"), ("keys({a: 1})", #"["a"]"#),
        ("pick({a: 1, b: 2}, 'a')", #"{"a":1}"#),
        ("omit({a: 1, b: 2}, 'a')", #"{"b":2}"#), ("merge({a: {x: 1}}, {a: {x: 2, y: 3}})", #"{"a":{"x":1,"y":3}}"#),
        ("mergeOverwrite({a: {x: 1}}, {a: {x: 0}})", #"{"a":{"x":0}}"#), ("mustMerge({}, {a: 1})", #"{"a":1}"#),
        ("mustMergeOverwrite({a: 1}, {a: nil})", #"{"a":null}"#), ("values({a: 1})", "[1]"), ("append([1], 2)", "[1,2]"),
        ("push([1], 2)", "[1,2]"), ("mustAppend([1], 2)", "[1,2]"), ("mustPush([1], 2)", "[1,2]"), ("prepend([1], 0)", "[0,1]"),
        ("mustPrepend([1], 0)", "[0,1]"), ("first([1, 2])", "1"), ("mustFirst([1])", "1"), ("rest([1, 2])", "[2]"),
        ("mustRest([1, 2])", "[2]"),
        ("last([1, 2])", "2"), ("mustLast([1, 2])", "2"), ("initial([1, 2])", "[1]"), ("mustInitial([1, 2])", "[1]"),
        ("reverse([1, 2])", "[2,1]"),
        ("mustReverse([1, 2])", "[2,1]"), ("uniq([1, 1])", "[1]"), ("mustUniq([1, 1])", "[1]"), ("without([1, 2], 1)", "[2]"),
        ("mustWithout([1, 2], 1)", "[2]"), ("has(1, [1])", "true"), ("mustHas(2, [1])", "false"), ("slice([1, 2, 3], 1, 2)", "[2]"),
        ("mustSlice([1, 2, 3], 1)", "[2,3]"), ("concat([1], [2])", "[1,2]"), ("dig('a', 'b', 7, {a: {}})", "7"),
        ("chunk(2, [1, 2, 3])", "[[1,2],[3]]"),
        ("mustChunk(1, [1, 2])", "[[1],[2]]"),
        ("uuidv4() matches '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'", "true"),
        ("semver('v1.2').Minor()", "2"), ("semver('1.2.3-rc.1').Prerelease()", #""rc.1""#), ("semver('1.2.3').IncMinor()", #""1.3.0""#),
        ("semver('1.2.3').Compare(sprig.semver('1.10.0'))", "-1"), ("semverCompare('^1.2, <1.4 || >=3', '1.3.9')", "true"),
        ("regexMatch('^a', 'ab')", "true"), ("mustRegexMatch('^a', 'ab')", "true"), ("regexFindAll('a', 'aba', -1)", #"["a","a"]"#),
        ("mustRegexFindAll('a', 'aba', 1)", #"["a"]"#), ("regexFind('b', 'ab')", #""b""#), ("mustRegexFind('b', 'ab')", #""b""#),
        ("regexReplaceAll('a(.)', 'ab', '${1}')", #""b""#), ("mustRegexReplaceAll('a', 'a', 'b')", #""b""#),
        ("regexReplaceAllLiteral('a', 'a', '$1')", #""$1""#), ("mustRegexReplaceAllLiteral('a', 'a', '$1')", #""$1""#),
        ("regexSplit('-', 'a-b', -1)", #"["a","b"]"#), ("mustRegexSplit('-', 'a-b', -1)", #"["a","b"]"#),
        ("regexQuoteMeta('a.b')", #""a\\.b""#),
        ("urlParse('http://u:p@h:80/a%20b?q=1#f').userinfo", #""u:p""#), ("urlParse('http://u:p@h:80/a%20b?q=1#f').hostname", #""h""#),
        ("urlJoin({scheme: 'http', host: 'h', path: 'a b', query: 'q=1', fragment: 'f'})", #""http://h/a%20b?q=1#f""#),
        ("hello()", #""Hello!""#), ("bcrypt('p') startsWith '$2a$10$'", "true"), ("htpasswd('u', 'p') startsWith 'u:$2a$10$'", "true"),
        ("derivePassword(1, 'pin', 'password', 'user', 'example.com')", #""6685""#),
        ("encryptAES('k', 'plain') matches '^[A-Za-z0-9+/]{43}=$'", "true"),
        ("decryptAES('k', '')", #""""#),
    ]

    @Test(arguments: builtins)
    func `a builtin has its value`(text: String, expected: String) throws {
        #expect(try evaluated(text) == expected)
    }

    @Test(arguments: sprig)
    func `a sprig function has its value`(text: String, expected: String) throws {
        let text =
            "sprig."
            + text.replacing("(now(", with: "(sprig.now(").replacing(" toDate(", with: " sprig.toDate(")
            .replacing("(toDate(", with: "(sprig.toDate(")
        #expect(try evaluated(text) == expected)
    }

    @Test func `every function has a value in these lists`() {
        let known = Set(Builtins.table.keys).union(PredicateFunction.allCases.map(\.rawValue))
        #expect(Set(Self.builtins.map { Self.name($0.0) }) == known)
        // `fail` has no value, see below.
        #expect(Set(Self.sprig.map { Self.name($0.0) }) == Set(Sprig.table.keys).subtracting(["fail"]))
        #expect(known.count == 75)
        #expect(Sprig.table.count == 200)
    }

    private static func name(_ text: String) -> String {
        let call = text.hasPrefix("string(timezone") ? text.dropFirst(7) : text[...]
        return String(call.prefix { $0 != "(" })
    }

    @Test func `'fail' fails with its text`() {
        #expect(failure(of: "sprig.fail('no such luck')")?.message == "no such luck")
    }

    @Test(arguments: ["env('HOME')", "expandenv('$HOME')", "getHostByName('h')"])
    func `what reads the environment or the network is left out`(text: String) {
        let name = text.prefix { $0 != "(" }
        #expect(
            failure(of: "sprig." + text)
                == ExpressionError(
                    message: "'sprig.\(name)' is not available: expressions read neither the environment nor the network", offset: 0))
    }

    @Test(arguments: ["genPrivateKey('rsa')", "genCA('a', 1)", "genSignedCert('a', nil, nil, 1, nil)"])
    func `what makes keys is left out`(text: String) {
        let name = text.prefix { $0 != "(" }
        #expect(
            failure(of: "sprig." + text)?.message
                == "'sprig.\(name)' is not available: a key that an expression makes is no secret, let a step make it")
    }
}
