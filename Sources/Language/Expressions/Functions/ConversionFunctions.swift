import WorkflowModel

/// expr's functions that turn values into others, and those that Argo adds.
enum ConversionFunctions {
    static var builtins: [ExprFunction] {
        [
            ExprFunction("type", 1...1) { .string($1[0].typeName) },
            ExprFunction("int", 1...1, self.int), ExprFunction("asInt", 1...1, self.int),
            ExprFunction("float", 1...1, self.float), ExprFunction("asFloat", 1...1, self.float),
            ExprFunction("string", 1...1) { try $0.text(of: $1[0]) },
            ExprFunction("toJSON", 1...1) { try $0.json(of: $1[0], indent: 2) },
            ExprFunction("toJson", 1...1) { try $0.json(of: $1[0]) },
            ExprFunction("fromJSON", 1...1) { try $0.value(fromJSON: try $1.text(0)) },
            ExprFunction("toBase64", 1...1) { try $0.made(Base64.encoded(try $1.text(0))) },
            ExprFunction("fromBase64", 1...1) { evaluation, call in
                guard let text = Base64.decoded(try call.text(0)) else { throw ExpressionError("'fromBase64' needs a text in base 64") }
                return try evaluation.made(text)
            },
            ExprFunction("jsonpath", 2...2) { evaluation, call in
                let root = try evaluation.value(fromJSON: try call.text(0))
                return try JSONPath(try call.text(1)).value(in: root, &evaluation)
            },
        ]
    }

    private static func int(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        switch call[0] {
        case .int, .duration: return .int(ExprOperators.wholeNumber(call[0]) ?? self.nanoseconds(call[0]))
        case .float(let number): return .int(ExprOperators.truncated(number))
        case .string(let text):
            guard let number = Int64(text) else { throw ExpressionError("invalid operation: \(call.name)(\(GoText.quoted(text)))") }
            return .int(number)
        default: throw call.mismatch(0, expected: "a number or a string")
        }
    }

    private static func nanoseconds(_ value: ExprValue) -> Int64 {
        if case .duration(let nanoseconds) = value { nanoseconds } else { 0 }
    }

    private static func float(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        switch call[0] {
        case .int(let number): return .float(Double(number))
        case .float: return call[0]
        case .string(let text):
            guard let number = GoNumberText.number(text) else {
                throw ExpressionError("invalid operation: \(call.name)(\(GoText.quoted(text)))")
            }
            return .float(number)
        default: throw call.mismatch(0, expected: "a number or a string")
        }
    }
}

extension Evaluation {
    /// The value as Go prints it.
    mutating func text(of value: ExprValue) throws(ExpressionError) -> ExprValue {
        try self.spend(textBytes: value.isContainer ? GoText.size(value) : 0)
        return try self.made(GoText.of(value))
    }

    mutating func json(of value: ExprValue, indent: Int? = nil) throws(ExpressionError) -> ExprValue {
        try self.made(try ExprJSONWriter.text(of: value, indent: indent))
    }

    mutating func value(fromJSON text: String) throws(ExpressionError) -> ExprValue {
        try self.spend(textBytes: text.utf8.count)
        let parsed: JSONValue
        do throws(JSONError) {
            parsed = try JSONValue(json: text)
        } catch {
            throw ExpressionError("not a JSON text: \(error)")
        }
        return try self.made(ExprValue(parsed))
    }
}

/// Base 64 as in RFC 4648, with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encoded(_ text: String) -> String { self.encoded(bytes: Array(text.utf8)) }

    static func encoded(bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for index in 0..<4 {
                out.append(index <= group.count ? self.alphabet[Int(bits >> (18 - 6 * UInt32(index)) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil when the text is not in base 64. Bytes that are no UTF-8 become replacement characters.
    static func decoded(_ text: String) -> String? { self.decodedBytes(text).map { String(decoding: $0, as: UTF8.self) } }

    static func decodedBytes(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8.filter { $0 != 0x0A && $0 != 0x0D })
        let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard bytes.count % 4 == 0, padding <= 2 else { return nil }
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in self.alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        var out: [UInt8] = []
        var bits: UInt32 = 0
        for (index, byte) in bytes.dropLast(padding).enumerated() {
            guard values[Int(byte)] < 64 else { return nil }
            bits = bits << 6 | UInt32(values[Int(byte)])
            if index % 4 > 0 { out.append(UInt8(truncatingIfNeeded: bits >> (6 - 2 * UInt32(index % 4)))) }
        }
        return out
    }
}
