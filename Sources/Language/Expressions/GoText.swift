import WorkflowModel

/// Values as text.
enum GoText {
    /// As Go's `%v`: `[1 2]`, `map[a:1]`, `<nil>`, numbers without needless zeros.
    static func of(_ value: ExprValue) -> String {
        switch value {
        case .null: "<nil>"
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        case .float(let number): GoNumberText.general(number)
        case .string(let text): text
        case .array(let items): "[" + items.map(self.of).joined(separator: " ") + "]"
        case .map(let map): "map[" + map.keys.sorted().map { "\($0):\(self.of(map[$0]!))" }.joined(separator: " ") + "]"
        case .time(let time): self.time(time)
        case .duration(let nanoseconds): GoNumberText.duration(nanoseconds: nanoseconds)
        }
    }

    private static func time(_ time: ZonedTime) -> String { GoTimeLayout("2006-01-02 15:04:05.999999999 -0700 MST").text(of: time) }

    /// About how many bytes the value is as text, for the bounds. Looks at every part.
    static func size(_ value: ExprValue) -> Int {
        switch value {
        case .null, .bool, .int, .float: 8
        case .time, .duration: 32
        case .string(let text): text.utf8.count + 2
        case .array(let items): items.reduce(2) { $0 + self.size($1) + 1 }
        case .map(let map): map.reduce(2) { $0 + $1.key.utf8.count + self.size($1.value) + 4 }
        }
    }

    /// The text in double quotes, escaped as Go's `%q`.
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{07}": out += "\\a"
            case "\u{08}": out += "\\b"
            case "\u{0C}": out += "\\f"
            case "\u{0B}": out += "\\v"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                out += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// Writes values as JSON: keys sorted, numbers as Go writes them.
struct ExprJSONWriter {
    private let indent: Int?
    private var bytes: [UInt8] = []

    /// - Parameter indent: blanks a level; compact when nil.
    /// - Throws: for numbers that JSON has no way to write, and for more than a text may hold.
    static func text(of value: ExprValue, indent: Int? = nil) throws(ExpressionError) -> String {
        var writer = ExprJSONWriter(indent: indent)
        try writer.write(value, level: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private init(indent: Int?) { self.indent = indent }

    private mutating func write(_ value: ExprValue, level: Int) throws(ExpressionError) {
        if self.bytes.count > ExpressionBounds.textBytes {
            throw ExpressionError("the JSON text has more than \(ExpressionBounds.textBytes) bytes")
        }
        switch value {
        case .null: self.raw("null")
        case .bool(let flag): self.raw(flag ? "true" : "false")
        case .int(let number), .duration(let number): self.raw(String(number))
        case .float(let number):
            guard number.isFinite else { throw ExpressionError("JSON cannot hold the number \(GoNumberText.general(number))") }
            self.raw(GoNumberText.json(number))
        case .string(let text): self.raw(JSONValue.string(text).json)
        case .time(let time): self.raw("\"\(time.rfc3339)\"")
        case .array(let items): try self.write(items, level: level)
        case .map(let map): try self.write(map, level: level)
        }
    }

    private mutating func write(_ items: [ExprValue], level: Int) throws(ExpressionError) {
        self.raw("[")
        for (index, item) in items.enumerated() {
            self.separate(isFirst: index == 0, level: level + 1)
            try self.write(item, level: level + 1)
        }
        if !items.isEmpty { self.newline(level) }
        self.raw("]")
    }

    private mutating func write(_ map: [String: ExprValue], level: Int) throws(ExpressionError) {
        self.raw("{")
        for (index, key) in map.keys.sorted().enumerated() {
            self.separate(isFirst: index == 0, level: level + 1)
            self.raw(JSONValue.string(key).json)
            self.raw(self.indent == nil ? ":" : ": ")
            try self.write(map[key]!, level: level + 1)
        }
        if !map.isEmpty { self.newline(level) }
        self.raw("}")
    }

    private mutating func separate(isFirst: Bool, level: Int) {
        if !isFirst { self.raw(",") }
        self.newline(level)
    }

    private mutating func newline(_ level: Int) {
        guard let indent = self.indent else { return }
        self.raw("\n")
        self.bytes.append(contentsOf: repeatElement(0x20, count: indent * level))
    }

    private mutating func raw(_ text: String) { self.bytes.append(contentsOf: text.utf8) }
}
