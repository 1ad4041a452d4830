/// The `sprig.` functions on texts. The text that is worked on comes last.
enum SprigText {
    static var functions: [ExprFunction] { self.shaping + self.cutting + self.testing + self.patterns + self.paths + self.random }

    private static var shaping: [ExprFunction] {
        [
            ExprFunction("upper", 1...1) { try $0.made(TextSearch.uppercased(try $1.text(0))) },
            ExprFunction("lower", 1...1) { try $0.made(TextSearch.lowercased(try $1.text(0))) },
            ExprFunction("swapcase", 1...1) { evaluation, call in
                let scalars = try call.text(0).unicodeScalars
                return try evaluation.made(
                    String(scalars: scalars.map { TextSearch.upper($0) == $0 ? TextSearch.lower($0) : TextSearch.upper($0) }))
            },
            ExprFunction("repeat", 2...2) { try $0.repeated(try $1.text(1), count: try $1.whole(0)) },
            ExprFunction("replace", 3...3) { try $0.replaced(try $1.text(0), in: try $1.text(2), by: try $1.text(1)) },
            ExprFunction("indent", 2...2) { try self.indented(&$0, $1, prefix: "") },
            ExprFunction("nindent", 2...2) { try self.indented(&$0, $1, prefix: "\n") },
            ExprFunction("nospace", 1...1) {
                try $0.made(String(scalars: try $1.text(0).unicodeScalars.filter { !TextSearch.isBlank($0) }))
            },
            ExprFunction("quote", 0...ExprFunction.any) { evaluation, call in
                let pieces = try evaluation.texts(of: call.arguments)
                return try evaluation.joined(pieces.map(GoText.quoted), separator: " ")
            },
            ExprFunction("squote", 0...ExprFunction.any) { evaluation, call in
                let pieces = try evaluation.texts(of: call.arguments)
                return try evaluation.joined(pieces.map { "'\($0)'" }, separator: " ")
            },
            ExprFunction("cat", 0...ExprFunction.any) { try $0.joined(try $0.texts(of: $1.arguments), separator: " ") },
            ExprFunction("join", 2...2) { evaluation, call in
                guard case .array(let items) = call[1] else {
                    return call[1].isNull ? .string("") : try evaluation.text(of: call[1])
                }
                let pieces = try evaluation.texts(of: items)
                return try evaluation.joined(pieces, separator: try call.text(0))
            },
        ]
    }

    private static var cutting: [ExprFunction] {
        [
            ExprFunction("trim", 1...1) { try $0.made(TextSearch.trimBlanks(try $1.text(0))) },
            ExprFunction("trimAll", 2...2, self.trimAll), ExprFunction("trimall", 2...2, self.trimAll),
            ExprFunction("trimPrefix", 2...2) { evaluation, call in
                let (prefix, text) = (try call.text(0), try call.text(1))
                return try evaluation.made(
                    text.utf8.starts(with: prefix.utf8) ? String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : text)
            },
            ExprFunction("trimSuffix", 2...2) { evaluation, call in
                let (suffix, text) = (try call.text(0), try call.text(1))
                return try evaluation.made(
                    TextSearch.hasSuffix(text, suffix) ? String(decoding: text.utf8.dropLast(suffix.utf8.count), as: UTF8.self) : text)
            },
            ExprFunction("trunc", 2...2) { evaluation, call in
                let length = try call.whole(0)
                let scalars = Array(try call.text(1).unicodeScalars)
                let range =
                    length < 0
                    ? ExprOperators.sliceRange(count: scalars.count, from: length, to: nil) : 0..<Int(min(length, Int64(scalars.count)))
                return try evaluation.made(String(scalars: scalars[range]))
            },
            ExprFunction("substr", 3...3) { evaluation, call in
                let scalars = Array(try call.text(2).unicodeScalars)
                let from = max(0, try call.whole(0))
                let to = try call.whole(1)
                let range = ExprOperators.sliceRange(count: scalars.count, from: from, to: to < 0 ? nil : to)
                return try evaluation.made(String(scalars: scalars[range]))
            },
            ExprFunction("splitList", 2...2) { try $0.split(try $1.text(1), by: try $1.text(0)) },
            ExprFunction("split", 2...2) { try self.numbered(try $0.split(try $1.text(1), by: try $1.text(0))) },
            ExprFunction("splitn", 3...3) { evaluation, call in
                let limit = try call.limit(1)
                return try self.numbered(
                    limit == 0 ? .array([]) : try evaluation.split(try call.text(2), by: try call.text(0), limit: limit))
            },
        ]
    }

    private static var testing: [ExprFunction] {
        [
            ExprFunction("contains", 2...2) { .bool(TextSearch.contains(try $1.text(1), try $1.text(0))) },
            ExprFunction("hasPrefix", 2...2) { .bool(try $1.text(1).utf8.starts(with: try $1.text(0).utf8)) },
            ExprFunction("hasSuffix", 2...2) { .bool(TextSearch.hasSuffix(try $1.text(1), try $1.text(0))) },
        ]
    }

    private static var patterns: [ExprFunction] {
        self.alsoMust([
            ExprFunction("regexMatch", 2...2) { .bool(try $0.pattern(try $1.text(0)).matches(try $1.text(1))) },
            ExprFunction("regexFind", 2...2) { evaluation, call in
                let text = try call.text(1)
                let match = try evaluation.pattern(try call.text(0)).allMatches(in: text, limit: 1).first
                return try evaluation.made(match.map { String(decoding: Array(text.utf8)[$0.range], as: UTF8.self) } ?? "")
            },
            ExprFunction("regexFindAll", 3...3) { evaluation, call in
                let bytes = Array(try call.text(1).utf8)
                let limit = try call.limit(2)
                let matches = try self.pattern(&evaluation, call).allMatches(in: try call.text(1), limit: limit)
                return .array(matches.map { .string(String(decoding: bytes[$0.range], as: UTF8.self)) })
            },
            ExprFunction("regexReplaceAll", 3...3) { evaluation, call in
                try evaluation.made(
                    try self.pattern(&evaluation, call).replacing(in: try call.text(1), with: try call.text(2), isLiteral: false))
            },
            ExprFunction("regexReplaceAllLiteral", 3...3) { evaluation, call in
                try evaluation.made(
                    try self.pattern(&evaluation, call).replacing(in: try call.text(1), with: try call.text(2), isLiteral: true))
            },
            ExprFunction("regexSplit", 3...3, self.regexSplit),
        ]) + [
            ExprFunction("regexQuoteMeta", 1...1) { evaluation, call in
                var out = String.UnicodeScalarView()
                for scalar in try call.text(0).unicodeScalars {
                    if #"\.+*?()|[]{}^$"#.unicodeScalars.contains(scalar) { out.append("\\") }
                    out.append(scalar)
                }
                return try evaluation.made(String(out))
            }
        ]
    }

    /// The pattern of a function that goes through all matches, of which there can be one for each byte of the text.
    private static func pattern(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> RegularExpression {
        try evaluation.spend(try call.text(1).utf8.count / 4)
        return try evaluation.pattern(try call.text(0))
    }

    /// The functions and their twins that begin with `must`, which report errors where the library would swallow them. Here both report.
    static func alsoMust(_ functions: [ExprFunction]) -> [ExprFunction] {
        functions + functions.map { ExprFunction("must" + $0.name.prefix(1).uppercased() + $0.name.dropFirst(), $0.arity, $0.body) }
    }

    private static var paths: [ExprFunction] {
        let functions = [
            ExprFunction("base", 1...1) { .string(SlashPath.base(try $1.text(0))) },
            ExprFunction("dir", 1...1) { .string(SlashPath.directory(try $1.text(0))) },
            ExprFunction("ext", 1...1) { .string(SlashPath.fileExtension(try $1.text(0))) },
            ExprFunction("clean", 1...1) { .string(SlashPath.clean(try $1.text(0))) },
            ExprFunction("isAbs", 1...1) { .bool(try $1.text(0).hasPrefix("/")) },
        ]
        // Those of the operating system are the same where paths have slashes.
        return functions + functions.map { ExprFunction("os" + $0.name.prefix(1).uppercased() + $0.name.dropFirst(), $0.arity, $0.body) }
    }

    private static let digits = "0123456789"
    private static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    private static var random: [ExprFunction] {
        [
            ExprFunction("uuidv4", 0...0) { evaluation, _ in
                let (high, low) = (evaluation.nextRandom(), evaluation.nextRandom())
                let first = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
                let second = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
                let hex = [first, second].map { String(repeating: "0", count: 16 - String($0, radix: 16).count) + String($0, radix: 16) }
                    .joined()
                let bytes = Array(hex)
                return .string(
                    [bytes[0..<8], bytes[8..<12], bytes[12..<16], bytes[16..<20], bytes[20..<32]].map { String($0) }.joined(separator: "-"))
            },
            ExprFunction("randAlphaNum", 1...1) { try self.randomText(&$0, $1, from: self.letters + self.digits) },
            ExprFunction("randAlpha", 1...1) { try self.randomText(&$0, $1, from: self.letters) },
            ExprFunction("randNumeric", 1...1) { try self.randomText(&$0, $1, from: self.digits) },
            ExprFunction("randAscii", 1...1) {
                try self.randomText(&$0, $1, from: String(scalars: (0x20...0x7E).map { Unicode.Scalar($0) }))
            },
            ExprFunction("shuffle", 1...1) { evaluation, call in
                var scalars = Array(try call.text(0).unicodeScalars)
                try evaluation.spend(scalars.count)
                for index in scalars.indices.dropFirst().reversed() {
                    scalars.swapAt(index, Int(evaluation.nextRandom() % UInt64(index + 1)))
                }
                return try evaluation.made(String(scalars: scalars))
            },
        ]
    }

    private static func randomText(_ evaluation: inout Evaluation, _ call: FunctionCall, from letters: String) throws(ExpressionError)
        -> ExprValue
    {
        let count = max(0, try call.whole(0))
        try evaluation.spend(Int(count))
        let letters = Array(letters.unicodeScalars)
        return try evaluation.made(
            String(scalars: (0..<Int(count)).map { _ in letters[Int(evaluation.nextRandom() % UInt64(letters.count))] }))
    }

    private static func indented(_ evaluation: inout Evaluation, _ call: FunctionCall, prefix: String) throws(ExpressionError) -> ExprValue
    {
        guard case .string(let blanks) = try evaluation.repeated(" ", count: try call.whole(0)),
            case .string(let body) = try evaluation.replaced("\n", in: try call.text(1), by: "\n" + blanks)
        else { return .null }
        return try evaluation.made(prefix + blanks + body)
    }

    private static func trimAll(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        let cut = Set(try call.text(0).unicodeScalars)
        return try evaluation.made(TextSearch.trim(try call.text(1), cut.contains))
    }

    /// The pieces under the names `_0`, `_1`, ….
    private static func numbered(_ pieces: ExprValue) throws(ExpressionError) -> ExprValue {
        guard case .array(let items) = pieces else { return pieces }
        return .map(Dictionary(uniqueKeysWithValues: items.enumerated().map { ("_\($0.offset)", $0.element) }))
    }

    private static func regexSplit(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        let limit = try call.limit(2)
        if limit == 0 { return .array([]) }
        let bytes = Array(try call.text(1).utf8)
        let matches = try self.pattern(&evaluation, call).allMatches(in: try call.text(1))
        var pieces: [ExprValue] = []
        var from = 0
        for match in matches where pieces.count < limit - 1 && !(match.range.upperBound == 0 && !bytes.isEmpty) {
            if match.range.isEmpty, match.range.lowerBound == bytes.count { break }
            pieces.append(.string(String(decoding: bytes[from..<match.range.lowerBound], as: UTF8.self)))
            from = match.range.upperBound
        }
        pieces.append(.string(String(decoding: bytes[from...], as: UTF8.self)))
        return .array(pieces)
    }
}

extension Evaluation {
    /// The values as texts, without those that are nil.
    mutating func texts(of values: [ExprValue]) throws(ExpressionError) -> [String] {
        var texts: [String] = []
        for value in values where !value.isNull {
            guard case .string(let text) = try self.text(of: value) else { continue }
            texts.append(text)
        }
        return texts
    }
}

/// Paths with slashes, as Go's `path` package sees them.
enum SlashPath {
    static func base(_ path: String) -> String {
        if path.isEmpty { return "." }
        guard let last = path.split(separator: "/").last else { return "/" }
        return String(last)
    }

    static func directory(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return self.clean(String(path[...slash]))
    }

    static func fileExtension(_ path: String) -> String {
        let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
        return name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
    }

    static func clean(_ path: String) -> String {
        let isRooted = path.hasPrefix("/")
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(part)
            } else if let last = parts.last, last != ".." {
                parts.removeLast()
            } else if !isRooted {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        return isRooted ? "/" + joined : joined.isEmpty ? "." : joined
    }
}
