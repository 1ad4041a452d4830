/// What is wrong with a JSON text, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String
    /// Bytes from the start of the text.
    public let offset: Int
    public var description: String { "\(self.message) at byte \(self.offset)" }
}

extension JSONValue {
    /// Reads one JSON value (RFC 8259) that fills the whole text.
    /// - Throws: `JSONError` for anything else, for nesting deeper than 512 and for a second use of a key in one object.
    public init(json text: String) throws(JSONError) {
        var text = text
        let parsed = text.withUTF8 { bytes in
            var parser = JSONParser(bytes: bytes)
            return Result { () throws(JSONError) in try parser.document() }
        }
        self = try parsed.get()
    }

    /// The value as compact JSON.
    public var json: String {
        var writer = JSONWriter(indent: nil)
        writer.write(self, depth: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The value as JSON indented by `indent` blanks a level.
    public func json(indent: Int) -> String {
        var writer = JSONWriter(indent: indent)
        writer.write(self, depth: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// As text in a place that takes any scalar (Argo's AnyString): strings as they are, numbers plain, `true` or `false`; nil for the rest.
    public var scalarText: String? {
        switch self {
        case .string(let text): text
        case .number(let digits): Self.plainDecimal(digits)
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    /// Digits without exponent or needless zeros: `1e3` is `1000`, `1.50` is `1.5`, `1.0` is `1`.
    public static func plainDecimal(_ digits: String) -> String {
        if !digits.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }) { return digits }
        var mantissa = digits[...]
        var exponent = 0
        if let e = digits.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            mantissa = digits[..<e]
            guard let power = Int(digits[digits.index(after: e)...]), abs(power) <= 400 else { return digits }
            exponent = power
        }
        let isNegative = mantissa.first == "-"
        if isNegative { mantissa = mantissa.dropFirst() }
        let parts = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var whole = String(parts[0])
        var fraction = parts.count > 1 ? String(parts[1]) : ""
        while exponent > 0 {
            whole.append(fraction.isEmpty ? "0" : fraction.removeFirst())
            exponent -= 1
        }
        while exponent < 0 {
            fraction.insert(whole.popLast() ?? "0", at: fraction.startIndex)
            exponent += 1
        }
        while whole.first == "0" && whole.count > 1 { whole.removeFirst() }
        if whole.isEmpty { whole = "0" }
        while fraction.last == "0" { fraction.removeLast() }
        let text = fraction.isEmpty ? whole : whole + "." + fraction
        return isNegative && text != "0" ? "-" + text : text
    }
}

struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    var at = 0
    private var depth = 0
    private static let deepest = 512

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try self.value()
        self.skipBlanks()
        guard self.at == self.bytes.count else { throw self.fault("unexpected text after the value") }
        return value
    }

    private func fault(_ message: String) -> JSONError { JSONError(message: message, offset: self.at) }

    private mutating func skipBlanks() {
        while self.at < self.bytes.count {
            switch self.bytes[self.at] {
            case 0x20, 0x09, 0x0A, 0x0D: self.at += 1
            default: return
            }
        }
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        self.skipBlanks()
        guard self.at < self.bytes.count else { throw self.fault("unexpected end of text") }
        switch self.bytes[self.at] {
        case UInt8(ascii: "{"): return try self.object()
        case UInt8(ascii: "["): return try self.array()
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.word("true", .bool(true))
        case UInt8(ascii: "f"): return try self.word("false", .bool(false))
        case UInt8(ascii: "n"): return try self.word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try self.number()
        default: throw self.fault("expected a JSON value")
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = text.utf8CodeUnitCount
        guard self.at + length <= self.bytes.count, (0..<length).allSatisfy({ self.bytes[self.at + $0] == text.utf8Start[$0] }) else {
            throw self.fault("expected a JSON value")
        }
        self.at += length
        return value
    }

    private mutating func digits() throws(JSONError) {
        let start = self.at
        while self.at < self.bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self.bytes[self.at]) { self.at += 1 }
        if self.at == start { throw self.fault("expected a digit") }
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = self.at
        if self.bytes[self.at] == UInt8(ascii: "-") { self.at += 1 }
        let first = self.at
        try self.digits()
        if self.bytes[first] == UInt8(ascii: "0"), self.at > first + 1 {
            self.at = first
            throw self.fault("a number may not start with 0")
        }
        if self.at < self.bytes.count, self.bytes[self.at] == UInt8(ascii: ".") {
            self.at += 1
            try self.digits()
        }
        if self.at < self.bytes.count, self.bytes[self.at] | 0x20 == UInt8(ascii: "e") {
            self.at += 1
            if self.at < self.bytes.count, self.bytes[self.at] == UInt8(ascii: "+") || self.bytes[self.at] == UInt8(ascii: "-") {
                self.at += 1
            }
            try self.digits()
        }
        return .number(String(decoding: self.bytes[start..<self.at], as: UTF8.self))
    }

    private mutating func string() throws(JSONError) -> String {
        self.at += 1
        let start = self.at
        while self.at < self.bytes.count {
            switch self.bytes[self.at] {
            case UInt8(ascii: "\""):
                let text = String(decoding: self.bytes[start..<self.at], as: UTF8.self)
                self.at += 1
                return text
            case UInt8(ascii: "\\"): return try self.escapedString(from: start)
            case 0..<0x20: throw self.fault("a control character in a string must be escaped")
            default: self.at += 1
            }
        }
        throw self.fault("unterminated string")
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var out = Array(self.bytes[start..<self.at])
        while self.at < self.bytes.count {
            let byte = self.bytes[self.at]
            self.at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"): try self.escape(into: &out)
            case 0..<0x20: throw self.fault("a control character in a string must be escaped")
            default: out.append(byte)
            }
        }
        throw self.fault("unterminated string")
    }

    private mutating func escape(into out: inout [UInt8]) throws(JSONError) {
        guard self.at < self.bytes.count else { throw self.fault("unterminated string") }
        let byte = self.bytes[self.at]
        self.at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"):
            var code = try self.hex4()
            if (0xD800..<0xDC00).contains(code), self.at + 1 < self.bytes.count, self.bytes[self.at] == UInt8(ascii: "\\"),
                self.bytes[self.at + 1] == UInt8(ascii: "u")
            {
                self.at += 2
                let low = try self.hex4()
                if (0xDC00..<0xE000).contains(low) {
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    out.append(contentsOf: "\u{FFFD}".utf8)
                    code = low
                }
            }
            out.append(contentsOf: String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8)
        default: throw self.fault("unknown escape in a string")
        }
    }

    private mutating func hex4() throws(JSONError) -> UInt32 {
        guard self.at + 4 <= self.bytes.count, let text = String(validating: self.bytes[self.at..<self.at + 4], as: UTF8.self),
            text.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66) }),
            let code = UInt32(text, radix: 16)
        else { throw self.fault("expected four hexadecimal digits") }
        self.at += 4
        return code
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try self.descend()
        self.at += 1
        var items: [JSONValue] = []
        self.skipBlanks()
        if self.take(UInt8(ascii: "]")) { return self.ascend(.array(items)) }
        while true {
            items.append(try self.value())
            self.skipBlanks()
            if self.take(UInt8(ascii: "]")) { return self.ascend(.array(items)) }
            guard self.take(UInt8(ascii: ",")) else { throw self.fault("expected ',' or ']'") }
        }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        try self.descend()
        self.at += 1
        var object = JSONObject()
        self.skipBlanks()
        if self.take(UInt8(ascii: "}")) { return self.ascend(.object(object)) }
        while true {
            self.skipBlanks()
            guard self.at < self.bytes.count, self.bytes[self.at] == UInt8(ascii: "\"") else {
                throw self.fault("expected a key in quotes")
            }
            let key = try self.string()
            if object[key] != nil { throw self.fault("key '\(key)' is used twice") }
            self.skipBlanks()
            guard self.take(UInt8(ascii: ":")) else { throw self.fault("expected ':'") }
            object[key] = try self.value()
            self.skipBlanks()
            if self.take(UInt8(ascii: "}")) { return self.ascend(.object(object)) }
            guard self.take(UInt8(ascii: ",")) else { throw self.fault("expected ',' or '}'") }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.at < self.bytes.count, self.bytes[self.at] == byte else { return false }
        self.at += 1
        return true
    }

    private mutating func descend() throws(JSONError) {
        self.depth += 1
        if self.depth > Self.deepest { throw self.fault("nested deeper than \(Self.deepest) levels") }
    }

    private mutating func ascend(_ value: JSONValue) -> JSONValue {
        self.depth -= 1
        return value
    }
}

struct JSONWriter {
    let indent: Int?
    var bytes: [UInt8] = []

    init(indent: Int?) { self.indent = indent }

    mutating func write(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: self.raw("null")
        case .bool(let flag): self.raw(flag ? "true" : "false")
        case .number(let digits): self.raw(digits)
        case .string(let text): self.string(text)
        case .array(let items):
            self.bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
                self.newline(depth + 1)
                self.write(item, depth: depth + 1)
            }
            if !items.isEmpty { self.newline(depth) }
            self.bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            self.bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for (key, item) in object {
                if !isFirst { self.bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                self.newline(depth + 1)
                self.string(key)
                self.bytes.append(UInt8(ascii: ":"))
                if self.indent != nil { self.bytes.append(0x20) }
                self.write(item, depth: depth + 1)
            }
            if !object.isEmpty { self.newline(depth) }
            self.bytes.append(UInt8(ascii: "}"))
        }
    }

    private mutating func raw(_ text: String) { self.bytes.append(contentsOf: text.utf8) }

    private mutating func newline(_ depth: Int) {
        guard let indent = self.indent else { return }
        self.bytes.append(0x0A)
        self.bytes.append(contentsOf: repeatElement(0x20, count: depth * indent))
    }

    private mutating func string(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): self.raw("\\\"")
            case UInt8(ascii: "\\"): self.raw("\\\\")
            case 0x0A: self.raw("\\n")
            case 0x0D: self.raw("\\r")
            case 0x09: self.raw("\\t")
            case 0..<0x20, 0x7F:
                let digits = Array("0123456789abcdef".utf8)
                self.raw("\\u00")
                self.bytes.append(digits[Int(byte >> 4)])
                self.bytes.append(digits[Int(byte & 15)])
            default: self.bytes.append(byte)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
    }
}
