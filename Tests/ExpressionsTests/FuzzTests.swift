import Testing
import WorkflowModel

@testable import Expressions

/// Random numbers that a seed determines.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { self.state = seed }
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int(self.next() % UInt64(bound)) }
}

/// No text whatever brings the process down, and every error points into the text. `make fuzz` looks longer.
struct FuzzTests {
    static let seeds: [String] = [
        "a.b['c'][0] ?? [1, 2.5e3, 'x'][-1:]", "let x = 1..3; map(x, # * 2) | filter(# > 2) | len()", "if a { 'y' } else { \"n\" }",
        "reduce(1..5, #acc + #, 0)", "{a: 1, 'b': nil, (c): true}?.a",
        "sprig.dig('a', 'b', nil, m) == jsonpath(j, '$..[?(@.a>1)].b')", "not (a in [1]) and b matches '^a+$' or c startsWith 'x'",
        "-9223372036854775807 - 1 % -1 ** 3 ^ 0x7f", "date('2024-01-02').AddDate(1, -13, 400).Format('Jan _2 06')",
        "sprig.regexReplaceAll('(a)(b)?', 'abaab', '${2}$1')", "sprig.untilStep(3, -5, -2)", "bitshl(1, 70) / 0 % 1",
        "splitAfter('a,b', ',')[9223372036854775807]", "$env.a.b.c // end", "sortBy(groupBy(l, .k), #index, 'desc')",
    ]
    static let pieces = [
        "(", ")", "[", "]", "{", "}", "{{", "}}", "{{=", "??", "?.", "?", ":", "::", "..", "|", "||", "&&", "!", "not ", "in ", "#", "#acc",
        ".", ",", ";", "'", "\"", "`", "\\", "//", "/*", "let x = ", "if ", "else ", "0x", "1e", "9223372036854775807", "-",
        "**", "map(", "reduce(", "sprig.", "toJson(", "repeat('ab', ", "1..9", "nil", "a", "m", "é", "😀", "\u{0}", "\n", "%5d", "A.Failed",
        "=~", "'('", "$", "[?(@.a", "duration('1h')", "now()", "1.5", " ",
    ]

    static func text(using generator: inout SplitMix) -> String {
        switch generator.below(5) {
        case 3, 4:
            return "x{{=" + self.seeds[generator.below(self.seeds.count)] + "}}" + self.pieces[generator.below(self.pieces.count)]
                + "{{a.b}}"
        case 0: return (0..<generator.below(14)).map { _ in self.pieces[generator.below(self.pieces.count)] }.joined()
        case 1: return String(decoding: (0..<generator.below(40)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, as: UTF8.self)
        default:
            var scalars = Array(self.seeds[generator.below(self.seeds.count)].unicodeScalars)
            for _ in 0...generator.below(3) {
                let place = generator.below(scalars.count + 1)
                if generator.below(2) == 0, place < scalars.count {
                    scalars.remove(at: place)
                } else {
                    scalars.insert(contentsOf: self.pieces[generator.below(self.pieces.count)].unicodeScalars, at: place)
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return String(view)
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: 0..<4)
    func `random texts give values or errors with a place in the text`(seed: UInt64) throws {
        var generator = SplitMix(seed: seed)
        let variables: [String: ExprValue] = [
            "a": .map(["b": .map(["c": .int(.min)])]), "b": .string("aab"), "c": .string("xé"),
            "l": .array([.map(["k": .float(.nan)]), .map(["k": .float(-1e300)])]), "m": .map(["a": .map(["b": .null])]),
            "j": .string(#"{"a":[{"a":2,"b":3}]}"#), "x": .int(.max),
        ]
        let scope = FlatScope(variables)
        for _ in 0..<400 {
            let text = Self.text(using: &generator)
            let length = text.unicodeScalars.count
            do throws(ExpressionError) {
                let value = try Expression(text).evaluate(in: variables, clock: testClock)
                _ = value.json.json
            } catch {
                #expect((0...length).contains(error.offset), "\(error) in \(text.debugDescription)")
            }
            do throws(ExpressionError) {
                let template = try TemplateText(text)
                for mode in [RenderMode.lenient, .strict, .prefixes(["a"])] {
                    _ = try? template.render(scope, mode: mode, clock: testClock)
                }
                for name in template.simpleNames { #expect((0...length).contains(name.offset)) }
                for reference in template.expressionReferences { #expect((0...length).contains(reference.offset)) }
            } catch {
                #expect((0...length).contains(error.offset), "\(error) in \(text.debugDescription)")
            }
            do throws(ExpressionError) {
                let formula = try DependsFormula(text) { _ in (error: true, failed: false) }
                _ = formula.evaluate { task, result in task % 2 == 0 && result != .failed }
            } catch {
                #expect((0...length).contains(error.offset), "\(error) in \(text.debugDescription)")
            }
            do throws(WhenError) {
                _ = try WhenExpression.evaluate(text)
            } catch {
                #expect((0...length).contains(error.offset), "\(error) in \(text.debugDescription)")
            }
            _ = try? SequenceItems.expand(start: nil, end: nil, count: "3", format: text)
        }
    }

    /// Values of every kind, at the edges of what they can be.
    static let values: [ExprValue] = [
        .null, .bool(true), .bool(false), .int(0), .int(1), .int(-1), .int(3), .int(64), .int(1000), .int(.max), .int(.min), .float(0.5),
        .float(-1e300),
        .float(1e300), .float(.nan), .float(.infinity), .float(-0.0), .string(""), .string("a"), .string("aXa b,c"), .string("é😀e\u{301}"),
        .string("("),
        .string("2006-01-02T15:04:05Z07:00"), .string("2024-02-30"), .string("1h30m"), .string("-99999999999999h"),
        .string("$[?(@.a>1)]..b[::-1]"),
        .string("{\"a\":[1,{\"a\":2,\"b\":\"x\"}]}"), .string("YQ=="), .string("desc"), .string(String(repeating: "ab", count: 5_000)),
        .string("${1}$x$$"),
        .string("\u{0}\n\t\\\""), .string("12"), .string("1e400"), .string("/a/../../b/."), .array([]),
        .array([.int(1), .float(2.5), .int(.min)]),
        .array([.string("b"), .string("a"), .string("b")]), .array([.null, .map(["a": .int(1)]), .array([.array([.string("x")])])]),
        .array([.array([.string("k"), .int(1)])]), .map([:]), .map(["a": .map(["b": .null]), "b": .int(2)]), .map(["k": .array([.int(1)])]),
        .time(ZonedTime(Timestamp(milliseconds: 0))), .time(ZonedTime(Timestamp(milliseconds: 8_640_000_000_000_000))),
        .time(ZonedTime(Timestamp(milliseconds: -8_640_000_000_000_000))),
        .duration(nanoseconds: .max), .duration(nanoseconds: .min), .duration(nanoseconds: 1_500_000_000),
    ]

    @Test(.timeLimit(.minutes(5)), arguments: 0..<4)
    func `functions and operators take any values`(seed: UInt64) throws {
        var generator = SplitMix(seed: seed)
        var shapes: [(text: String, arity: ClosedRange<Int>)] = Builtins.table.values.sorted { $0.name < $1.name }.map {
            ($0.name, $0.arity)
        }
        // These take a tenth of a second each, and longer without optimization, because that is what they are for.
        let costly: Set<String> = ["bcrypt", "htpasswd", "derivePassword"]
        shapes += Sprig.table.values.filter { !costly.contains($0.name) }.sorted { $0.name < $1.name }.map {
            ("sprig." + $0.name, $0.arity)
        }
        let methods = ["AddDate", "Truncate", "Round", "Add", "Sub", "Format", "Unix", "Abs", "String", "IsZero"]
        let symbols = ["+", "-", "*", "/", "%", "**", "==", "<", ">=", "in", "contains", "startsWith", "endsWith", "matches", "..", "??"]
        let predicates = PredicateFunction.allCases.map(\.rawValue)
        for round in 0..<4_000 {
            var variables: [String: ExprValue] = [:]
            for name in ["v0", "v1", "v2", "v3"] { variables[name] = Self.values[generator.below(Self.values.count)] }
            let text: String
            switch round % 8 {
            case 0: text = "v0 \(symbols[generator.below(symbols.count)]) v1"
            case 1: text = "v0.\(methods[generator.below(methods.count)])(\(["v1", "v1, v2, v3", ""][generator.below(3)]))"
            case 2: text = "\(predicates[generator.below(predicates.count)])(v0, \(["v1", "# == v1", ".a", "# < v1"][generator.below(4)]))"
            case 3:
                text =
                    ["v0[v1]", "v0[v1:v2]", "-v0", "v0?.a?.b", "v0.a ?? v1", "sum(v0)", "v0 ? v1 : v2", "sortBy(v0, #, v1)"][
                        generator.below(8)]
            default:
                let (name, arity) = shapes[generator.below(shapes.count)]
                let count = min(4, arity.lowerBound + generator.below(min(arity.upperBound, arity.lowerBound + 3) - arity.lowerBound + 1))
                text = "\(name)(\((0..<count).map { "v\($0)" }.joined(separator: ", ")))"
            }
            do throws(ExpressionError) {
                let value = try Expression(text).evaluate(in: variables, clock: testClock)
                _ = value.json.json
            } catch {
                #expect((0...text.unicodeScalars.count).contains(error.offset), "\(error) in \(text) with \(variables)")
            }
        }
    }
}
