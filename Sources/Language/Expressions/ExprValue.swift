public import WorkflowModel

/// What an expression works with and gives back.
public enum ExprValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    case array([ExprValue])
    case map([String: ExprValue])
    case time(ZonedTime)
    case duration(nanoseconds: Int64)
}

extension ExprValue {
    /// Whole numbers that fit 64 bits stay whole; all others become floating point.
    public init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .number(let digits): self = Int64(digits).map(ExprValue.int) ?? .float(Double(digits) ?? .nan)
        case .string(let text): self = .string(text)
        case .array(let items): self = .array(items.map { ExprValue($0) })
        case .object(let object):
            var map: [String: ExprValue] = [:]
            map.reserveCapacity(object.count)
            for (key, value) in object { map[key] = ExprValue(value) }
            self = .map(map)
        }
    }

    /// The value as JSON: keys sorted, times in RFC 3339, durations as nanoseconds, what is not a number as null.
    public var json: JSONValue {
        switch self {
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .number(String(number))
        case .float(let number): return number.isFinite ? .number(GoNumberText.json(number)) : .null
        case .string(let text): return .string(text)
        case .array(let items): return .array(items.map(\.json))
        case .map(let map):
            var object = JSONObject()
            for key in map.keys.sorted() { object[key] = map[key]!.json }
            return .object(object)
        case .time(let time): return .string(time.rfc3339)
        case .duration(let nanoseconds): return .number(String(nanoseconds))
        }
    }

    /// The name that expr's `type()` gives.
    var typeName: String {
        switch self {
        case .null: "nil"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "string"
        case .array: "array"
        case .map: "map"
        case .time: "time.Time"
        case .duration: "time.Duration"
        }
    }

    var isNull: Bool { if case .null = self { true } else { false } }

    var isContainer: Bool {
        switch self {
        case .array, .map: true
        case .null, .bool, .int, .float, .string, .time, .duration: false
        }
    }

    /// As Go's templates see it: false, zero, and everything empty count as empty.
    var isEmpty: Bool {
        switch self {
        case .null: true
        case .bool(let flag): !flag
        case .int(let number): number == 0
        case .float(let number): number == 0
        case .string(let text): text.isEmpty
        case .array(let items): items.isEmpty
        case .map(let map): map.isEmpty
        case .time: false
        case .duration(let nanoseconds): nanoseconds == 0
        }
    }

    /// Equal in the sense of expr's `==`: numbers by value, everything else only with its own kind.
    func equals(_ other: ExprValue) -> Bool {
        switch (self, other) {
        case (.int(let left), .float(let right)): Double(left) == right
        case (.float(let left), .int(let right)): left == Double(right)
        case (.array(let left), .array(let right)): left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
        case (.map(let left), .map(let right)):
            left.count == right.count && left.allSatisfy { key, value in right[key].map(value.equals) ?? false }
        default: self == other
        }
    }

    /// Which of the two comes first; nil when the kinds cannot be ordered.
    func isLess(than other: ExprValue) -> Bool? {
        switch (self, other) {
        case (.int(let left), .int(let right)): left < right
        case (.int(let left), .float(let right)): Double(left) < right
        case (.float(let left), .int(let right)): left < Double(right)
        case (.float(let left), .float(let right)): left < right
        case (.string(let left), .string(let right)): left < right
        case (.time(let left), .time(let right)): left.instant < right.instant
        case (.duration(let left), .duration(let right)): left < right
        default: nil
        }
    }

    /// The same for values that `equals` calls equal, so that sets of them can be made.
    var canonical: ExprValue {
        switch self {
        case .float(let number): Int64(exactly: number).map(ExprValue.int) ?? self
        case .array(let items): .array(items.map(\.canonical))
        case .map(let map): .map(map.mapValues(\.canonical))
        case .null, .bool, .int, .string, .time, .duration: self
        }
    }
}

extension Timestamp {
    /// RFC 3339 with milliseconds where there are any, as Go writes times into JSON.
    var rfc3339WithFraction: String {
        let rest = self.milliseconds - self.seconds * 1000
        guard rest != 0 else { return self.rfc3339 }
        var digits = String(rest)
        digits = String(repeating: "0", count: 3 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return String(self.rfc3339.dropLast()) + "." + digits + "Z"
    }
}
