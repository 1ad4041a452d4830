import Testing
import WorkflowModel

@Suite struct JSONTests {
    @Test(
        arguments: [
            ("null", .null), (" true\n", true), ("false", false), ("0", 0), ("-0", .number("-0")), ("1.50", .number("1.50")),
            ("-2e+10", .number("-2e+10")),
            ("1E5", .number("1E5")), (#""""#, ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\ud83d\ude00""#, "Aé😀"),
            (#""\ud83d""#, "\u{FFFD}"), (#""\ud83dx""#, "\u{FFFD}x"), (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ude00""#, "\u{FFFD}"),
            (#""日本""#, "日本"),
            ("[]", []), ("[1, [2], {}]", [1, [2], [:]]), (#"{"b": 1, "a": {"c": null}}"#, ["b": 1, "a": ["c": .null]]),
        ] as [(String, JSONValue)])
    func `JSON text is read`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(json: text) == value)
        #expect(try JSONValue(json: value.json) == value)
        #expect(try JSONValue(json: value.json(indent: 2)) == value)
    }

    @Test(arguments: [
        ("", "unexpected end of text at byte 0"), ("  ", "unexpected end of text at byte 2"), ("tru", "expected a JSON value at byte 0"),
        ("nul1", "expected a JSON value at byte 0"), ("1 2", "unexpected text after the value at byte 2"),
        ("01", "a number may not start with 0 at byte 0"),
        ("-", "expected a digit at byte 1"), ("1.", "expected a digit at byte 2"), (".5", "expected a JSON value at byte 0"),
        ("1e", "expected a digit at byte 2"),
        ("+1", "expected a JSON value at byte 0"), ("'a'", "expected a JSON value at byte 0"), (#""a"#, "unterminated string at byte 2"),
        ("\"a\nb\"", "a control character in a string must be escaped at byte 2"),
        ("\"\\n\nb\"", "a control character in a string must be escaped at byte 4"),
        (#""\x""#, "unknown escape in a string at byte 3"), (#""\u12g4""#, "expected four hexadecimal digits at byte 3"),
        (#""\u+123""#, "expected four hexadecimal digits at byte 3"), (#""\u12"#, "expected four hexadecimal digits at byte 3"),
        (#""\"#, "unterminated string at byte 2"),
        ("[1", "expected ',' or ']' at byte 2"), ("[1,]", "expected a JSON value at byte 3"), ("{", "expected a key in quotes at byte 1"),
        (#"{"a" 1}"#, "expected ':' at byte 5"), (#"{"a":1,}"#, "expected a key in quotes at byte 7"),
        (#"{"a":1 "b"}"#, "expected ',' or '}' at byte 7"),
        (#"{"a":1,"a":2}"#, "key 'a' is used twice at byte 10"), ("{a:1}", "expected a key in quotes at byte 1"),
    ])
    func `what is not JSON is refused with its place`(text: String, message: String) {
        #expect { try JSONValue(json: text) } throws: { "\($0)" == message }
    }

    @Test func `nesting has an end`() throws {
        let deepest = 512
        #expect(try JSONValue(json: String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest)).array?.count == 1)
        for open in ["[", #"{"a":"#] {
            #expect { try JSONValue(json: String(repeating: open, count: deepest + 1)) } throws: {
                "\($0)".contains("deep") || "\($0)".contains("nest")
            }
            #expect(throws: JSONError.self) { try JSONValue(json: String(repeating: open, count: 1_000_000)) }
        }
    }

    @Test func `JSON is written compactly and in order`() {
        let value: JSONValue = ["b": [1, true, .null, .number("1.50")], "a": "x\"\\\n\u{1}\u{7F}é/<", "c": [:], "d": []]
        #expect(value.json == #"{"b":[1,true,null,1.50],"a":"x\"\\\n\u0001\u007fé/<","c":{},"d":[]}"#)
        #expect(
            (["a": [1, ["b": [:]]], "c": []] as JSONValue).json(indent: 2) == """
                {
                  "a": [
                    1,
                    {
                      "b": {}
                    }
                  ],
                  "c": []
                }
                """)
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "-0"), ("10", "10"), ("1.0", "1"), ("1.50", "1.5"), ("-1.50", "-1.5"), ("1e3", "1000"), ("1E3", "1000"),
        ("1e+3", "1000"), ("12.5e1", "125"),
        ("12.5e-2", "0.125"), ("1e-3", "0.001"), ("-1e-3", "-0.001"), ("0.0", "0"), ("-0.0", "0"), ("0e5", "0"), ("1.25e1", "12.5"),
        ("100e-2", "1"), ("1e400", "1" + String(repeating: "0", count: 400)),
        ("1e401", "1e401"), ("1e99999999999999999999", "1e99999999999999999999"),
    ])
    func `numbers are written in plain digits`(digits: String, plain: String) {
        #expect(JSONValue.plainDecimal(digits) == plain)
    }

    @Test func `scalars have a text, the rest has none`() {
        #expect(([1, 1.5, "a", true, false] as [JSONLiteral]).map(\.value.scalarText) == ["1", "1.5", "a", "true", "false"])
        #expect([JSONValue.null, [], [:]].map(\.scalarText) == [nil, nil, nil])
        #expect(JSONValue.number("1e2").integer == 100)
        #expect(JSONValue.number("1.5").integer == nil)
        #expect(JSONValue.string("1").integer == nil)
        #expect(JSONValue.number("9223372036854775808").integer == nil)
    }

    /// A number with a fraction has no literal of its own in `JSONValue`.
    private struct JSONLiteral: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
        ExpressibleByBooleanLiteral
    {
        let value: JSONValue
        init(integerLiteral value: Int) { self.value = .integer(value) }
        init(floatLiteral value: Double) { self.value = .number("\(value)") }
        init(stringLiteral value: String) { self.value = .string(value) }
        init(booleanLiteral value: Bool) { self.value = .bool(value) }
    }

    @Test(arguments: [3, 12, 13, 40])
    func `an object keeps the order of its keys, few or many`(count: Int) {
        var object = JSONObject()
        for number in 0..<count { object["k\(number)"] = .integer(number) }
        #expect(object.keys == (0..<count).map { "k\($0)" })
        object["k1"] = "new"
        #expect(object["k1"] == "new" && object.count == count)
        object["k0"] = nil
        object["none"] = nil
        #expect(object["k0"] == nil && object["k2"] == 2 && object.count == count - 1)
        object["k0"] = "last"
        #expect(object.keys.last == "k0" && object["k\(count - 1)"] == (count == 2 ? "new" : .integer(count - 1)))
        #expect(object.map(\.0) == object.keys)
    }

    @Test func `values are reached by key and index`() {
        let value: JSONValue = ["a": [1, ["b": "c"]]]
        #expect(value["a"]?[1]?["b"]?.string == "c")
        #expect(value["a"]?[2] == nil && value["x"] == nil && value[0] == nil && value["a"]?["b"] == nil)
    }

    /// Texts that are nearly JSON: each is read, and then written and read again the same, or refused at a place inside the text.
    @Test(.timeLimit(.minutes(5)), arguments: 0..<4)
    func `damaged texts are read or refused`(seed: UInt64) throws {
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let whole = Array(#"{"a": [1, -2.5e3, "x\u00e9\n", null, true, {}], "é": {"b": [[], "\ud83d\ude00"]}, "c": 0.10}"#.utf8)
        let pieces = ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "1e", "-", ".", "0", "nul", "é", " ", "\u{0}"].map {
            Array($0.utf8)
        }
        for _ in 0..<500 {
            var bytes = whole
            for _ in 0...random(4) {
                let at = random(bytes.count)
                switch random(3) {
                case 0: bytes.removeSubrange(at..<min(bytes.count, at + random(6)))
                case 1: bytes[at] = UInt8(random(256))
                default: bytes.insert(contentsOf: pieces[random(pieces.count)], at: at)
                }
                if bytes.isEmpty { bytes = [0x5B] }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(JSONError) {
                let value = try JSONValue(json: text)
                #expect((try? JSONValue(json: value.json)) == value, "\(text)")
            } catch {
                #expect((0...text.utf8.count).contains(error.offset), "\(error) in \(text)")
            }
        }
    }
}
