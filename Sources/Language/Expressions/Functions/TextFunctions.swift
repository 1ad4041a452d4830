/// expr's functions on texts.
enum TextFunctions {
    static var builtins: [ExprFunction] {
        [
            ExprFunction("trim", 1...2) { try $0.made(try self.trimmed($1, atStart: true, atEnd: true)) },
            ExprFunction("trimPrefix", 1...2) { evaluation, call in
                let text = try call.text(0)
                let prefix = call.count > 1 ? try call.text(1) : " "
                return try evaluation.made(
                    text.utf8.starts(with: prefix.utf8) ? String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : text)
            },
            ExprFunction("trimSuffix", 1...2) { evaluation, call in
                let text = try call.text(0)
                let suffix = call.count > 1 ? try call.text(1) : " "
                return try evaluation.made(
                    TextSearch.hasSuffix(text, suffix) ? String(decoding: text.utf8.dropLast(suffix.utf8.count), as: UTF8.self) : text)
            },
            ExprFunction("upper", 1...1) { try $0.made(TextSearch.uppercased(try $1.text(0))) },
            ExprFunction("lower", 1...1) { try $0.made(TextSearch.lowercased(try $1.text(0))) },
            ExprFunction("split", 2...3) { try self.split(&$0, $1, keepsSeparator: false) },
            ExprFunction("splitAfter", 2...3) { try self.split(&$0, $1, keepsSeparator: true) },
            ExprFunction("replace", 3...4) { evaluation, call in
                try evaluation.replaced(try call.text(1), in: try call.text(0), by: try call.text(2), limit: try call.limit(3))
            },
            ExprFunction("repeat", 2...2) { evaluation, call in
                let count = try call.whole(1)
                if count < 0 { throw ExpressionError("'repeat' needs a count that is not negative, this is \(count)") }
                return try evaluation.repeated(try call.text(0), count: count)
            },
            ExprFunction("join", 1...2) { evaluation, call in
                let separator = call.count > 1 ? try call.text(1) : ""
                var pieces: [String] = []
                for item in try call.array(0) {
                    guard case .string(let text) = item else {
                        throw ExpressionError("'join' needs an array of strings, it holds \(item.typeName)")
                    }
                    pieces.append(text)
                }
                return try evaluation.joined(pieces, separator: separator)
            },
            ExprFunction("indexOf", 2...2) { _, call in
                let text = try call.text(0)
                if try call.text(1).isEmpty { return .int(0) }
                let position = TextSearch.positions(of: try call.text(1), in: text, limit: 1).first
                return .int(Int64(position.map { TextSearch.characters(before: $0, in: text) } ?? -1))
            },
            ExprFunction("lastIndexOf", 2...2) { _, call in
                let text = try call.text(0)
                let position = TextSearch.lastPosition(of: try call.text(1), in: text)
                return .int(Int64(position.map { TextSearch.characters(before: $0, in: text) } ?? -1))
            },
            ExprFunction("hasPrefix", 2...2) { .bool(try $1.text(0).utf8.starts(with: try $1.text(1).utf8)) },
            ExprFunction("hasSuffix", 2...2) { .bool(TextSearch.hasSuffix(try $1.text(0), try $1.text(1))) },
        ]
    }

    private static func trimmed(_ call: FunctionCall, atStart: Bool, atEnd: Bool) throws(ExpressionError) -> String {
        let text = try call.text(0)
        guard call.count > 1 else { return TextSearch.trimBlanks(text) }
        let cut = Set(try call.text(1).unicodeScalars)
        return TextSearch.trim(text, cut.contains, atStart: atStart, atEnd: atEnd)
    }

    private static func split(_ evaluation: inout Evaluation, _ call: FunctionCall, keepsSeparator: Bool) throws(ExpressionError)
        -> ExprValue
    {
        let limit = try call.limit(2)
        return limit == 0
            ? .array([]) : try evaluation.split(try call.text(0), by: try call.text(1), limit: limit, keepsSeparator: keepsSeparator)
    }
}

/// Making texts and paying for them before they are made.
extension Evaluation {
    mutating func split(_ text: String, by separator: String, limit: Int = .max, keepsSeparator: Bool = false) throws(ExpressionError)
        -> ExprValue
    {
        try self.spend(textBytes: text.utf8.count)
        let pieces = TextSearch.split(text, by: separator, limit: limit, keepsSeparator: keepsSeparator)
        try self.spend(pieces.count)
        return .array(pieces.map(ExprValue.string))
    }

    mutating func repeated(_ text: String, count: Int64) throws(ExpressionError) -> ExprValue {
        guard count > 0, !text.isEmpty else { return .string("") }
        let (bytes, isOver) = Int64(text.utf8.count).multipliedReportingOverflow(by: count)
        try self.spend(textBytes: isOver ? .max : Int(bytes))
        return .string(String(repeating: text, count: Int(count)))
    }

    mutating func joined(_ pieces: [String], separator: String) throws(ExpressionError) -> ExprValue {
        try self.spend(pieces.count / 8)
        let (gaps, isOver) = separator.utf8.count.multipliedReportingOverflow(by: max(0, pieces.count - 1))
        // Each piece is in memory, but the same piece may stand there very often.
        var bytes = isOver ? Int.max : gaps
        for piece in pieces where bytes < Int.max / 2 { bytes += piece.utf8.count }
        try self.spend(textBytes: bytes)
        return .string(pieces.joined(separator: separator))
    }

    mutating func replaced(_ part: String, in text: String, by replacement: String, limit: Int = .max) throws(ExpressionError) -> ExprValue
    {
        let hits = part.isEmpty ? text.unicodeScalars.count + 1 : TextSearch.positions(of: part, in: text, limit: limit).count
        let growth = max(0, replacement.utf8.count - part.utf8.count)
        let (bytes, isOver) = min(hits, limit).multipliedReportingOverflow(by: growth)
        try self.spend(textBytes: isOver ? .max : bytes &+ text.utf8.count)
        return .string(TextSearch.replace(part, in: text, by: replacement, limit: limit))
    }
}
