import WorkflowModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The operators on values. Whole numbers wrap around as Go's do; nothing here traps.
enum ExprOperators {
    static func negated(_ value: ExprValue) throws(ExpressionError) -> ExprValue {
        switch value {
        case .int(let number): return .int(0 &- number)
        case .float(let number): return .float(-number)
        case .duration(let nanoseconds): return .duration(nanoseconds: 0 &- nanoseconds)
        default: throw ExpressionError("'-' needs a number, this is \(value.typeName)")
        }
    }

    static func unaryPlus(_ value: ExprValue) throws(ExpressionError) -> ExprValue {
        switch value {
        case .int, .float, .duration: return value
        default: throw ExpressionError("'+' needs a number, this is \(value.typeName)")
        }
    }

    static func mismatch(_ symbol: BinaryOperator, _ left: ExprValue, _ right: ExprValue) -> ExpressionError {
        ExpressionError("invalid operation: \(left.typeName) \(symbol.rawValue) \(right.typeName)")
    }

    static func add(_ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> ExprValue {
        switch (left, right) {
        case (.int(let a), .int(let b)): return .int(a &+ b)
        case (.time(let time), .duration(let nanoseconds)), (.duration(let nanoseconds), .time(let time)):
            return .time(time.advanced(nanoseconds: nanoseconds))
        case (.duration(let a), .duration(let b)): return .duration(nanoseconds: a &+ b)
        default: return .float(try self.float(.add, left, right) { $0 + $1 })
        }
    }

    static func subtract(_ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> ExprValue {
        switch (left, right) {
        case (.int(let a), .int(let b)): return .int(a &- b)
        case (.time(let a), .time(let b)): return .duration(nanoseconds: a.instant.nanoseconds(since: b.instant))
        case (.time(let time), .duration(let nanoseconds)): return .time(time.advanced(nanoseconds: 0 &- nanoseconds))
        case (.duration(let a), .duration(let b)): return .duration(nanoseconds: a &- b)
        default: return .float(try self.float(.subtract, left, right) { $0 - $1 })
        }
    }

    static func multiply(_ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> ExprValue {
        switch (left, right) {
        case (.int(let a), .int(let b)): return .int(a &* b)
        case (.duration(let a), .int(let b)), (.int(let b), .duration(let a)), (.duration(let a), .duration(let b)):
            return .duration(nanoseconds: a &* b)
        case (.duration(let a), .float(let b)), (.float(let b), .duration(let a)):
            return .duration(nanoseconds: self.truncated(Double(a) * b))
        default: return .float(try self.float(.multiply, left, right) { $0 * $1 })
        }
    }

    /// Always a floating point number: `1 / 2` is `0.5`, `1 / 0` is infinite.
    static func divide(_ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> ExprValue {
        switch (left, right) {
        case (.duration(let a), .int(let b)) where b != 0: return .duration(nanoseconds: a.dividedReportingOverflow(by: b).partialValue)
        case (.duration(let a), .duration(let b)): return .float(Double(a) / Double(b))
        default: return .float(try self.float(.divide, left, right) { $0 / $1 })
        }
    }

    static func remainder(_ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> ExprValue {
        guard case (.int(let a), .int(let b)) = (left, right) else { throw self.mismatch(.remainder, left, right) }
        if b == 0 { throw ExpressionError("integer divide by zero") }
        return .int(a.remainderReportingOverflow(dividingBy: b).partialValue)
    }

    static func power(_ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> ExprValue {
        .float(try self.float(.power, left, right) { pow($0, $1) })
    }

    static func floatRemainder(_ left: Double, _ right: Double) -> Double { fmod(left, right) }

    static func powered(_ left: Double, _ right: Double) -> Double { pow(left, right) }

    private static func float(_ symbol: BinaryOperator, _ left: ExprValue, _ right: ExprValue, _ operation: (Double, Double) -> Double)
        throws(ExpressionError) -> Double
    {
        guard let a = self.number(left), let b = self.number(right) else { throw self.mismatch(symbol, left, right) }
        return operation(a, b)
    }

    static func compare(_ symbol: BinaryOperator, _ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> Bool {
        let answer: Bool?
        switch symbol {
        case .less: answer = left.isLess(than: right)
        case .greater: answer = right.isLess(than: left)
        case .lessOrEqual: answer = left.isLess(than: right).map { $0 || left.equals(right) }
        default: answer = right.isLess(than: left).map { $0 || left.equals(right) }
        }
        guard let answer else { throw self.mismatch(symbol, left, right) }
        return answer
    }

    /// A number of either kind as floating point.
    static func number(_ value: ExprValue) -> Double? {
        switch value {
        case .int(let number): Double(number)
        case .float(let number): number
        default: nil
        }
    }

    /// A whole number, also when it is kept as floating point.
    static func wholeNumber(_ value: ExprValue) -> Int64? {
        switch value {
        case .int(let number): number
        case .float(let number): Int64(exactly: number)
        default: nil
        }
    }

    /// Towards zero; what does not fit becomes the nearest that does, and what is no number zero.
    static func truncated(_ number: Double) -> Int64 {
        if number.isNaN { return 0 }
        if number >= 0x1p63 { return .max }
        if number < -0x1p63 { return .min }
        return Int64(number)
    }

    // MARK: Members

    static func element(of container: ExprValue, at key: ExprValue) throws(ExpressionError) -> ExprValue {
        switch container {
        case .map(let map):
            guard !key.isContainer, !key.isNull else { throw ExpressionError("cannot use \(key.typeName) as a key of a map") }
            return map[GoText.of(key)] ?? .null
        case .array(let items): return items[try self.index(key, count: items.count, of: "array")]
        case .string(let text):
            guard self.wholeNumber(key) != nil else { break }
            let scalars = Array(text.unicodeScalars)
            return .string(String(scalars[try self.index(key, count: scalars.count, of: "string")]))
        default: break
        }
        let name = container.isNull ? "<nil>" : container.typeName
        throw ExpressionError("cannot fetch \(GoText.of(key)) from \(name)")
    }

    private static func index(_ key: ExprValue, count: Int, of kind: String) throws(ExpressionError) -> Int {
        guard let position = self.wholeNumber(key) else {
            throw ExpressionError("the elements of an \(kind) have numbers, cannot use \(key.typeName)")
        }
        let index = position < 0 ? position + Int64(count) : position
        guard index >= 0, index < count else { throw ExpressionError("index out of range: \(position) (\(kind) length is \(count))") }
        return Int(index)
    }

    /// Bounds count from the end when negative, and are cut to what is there.
    static func sliceRange(count: Int, from: Int64?, to: Int64?) -> Range<Int> {
        func clamped(_ bound: Int64) -> Int {
            let fromStart = bound < 0 ? max(bound, -Int64(count)) + Int64(count) : bound
            return Int(min(fromStart, Int64(count)))
        }
        let end = clamped(to ?? Int64(count))
        return min(clamped(from ?? 0), end)..<end
    }
}

extension Evaluation {
    mutating func operate(_ symbol: BinaryOperator, _ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> ExprValue {
        try self.spend(reading: left)
        switch symbol {
        case .equal, .notEqual:
            if left.isContainer { try self.spend(GoText.size(left) / 16) }
            return .bool(left.equals(right) == (symbol == .equal))
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return .bool(try ExprOperators.compare(symbol, left, right))
        case .isIn: return .bool(try self.isIn(left, right))
        case .contains, .startsWith, .endsWith: return .bool(try self.textTest(symbol, left, right))
        case .range: return try self.range(left, right)
        case .add:
            if case (.string(let a), .string(let b)) = (left, right) {
                try self.spend(textBytes: a.utf8.count + b.utf8.count)
                return .string(a + b)
            }
            return try ExprOperators.add(left, right)
        case .subtract: return try ExprOperators.subtract(left, right)
        case .multiply: return try ExprOperators.multiply(left, right)
        case .divide: return try ExprOperators.divide(left, right)
        case .remainder: return try ExprOperators.remainder(left, right)
        case .power: return try ExprOperators.power(left, right)
        }
    }

    private mutating func isIn(_ needle: ExprValue, _ haystack: ExprValue) throws(ExpressionError) -> Bool {
        switch haystack {
        case .null: return false
        case .array(let items):
            try self.spend(items.count / 64)
            return items.contains { needle.equals($0) }
        case .map(let map):
            guard case .string(let key) = needle else { return false }
            return map[key] != nil
        default: throw ExpressionError("operator 'in' is not defined on \(haystack.typeName)")
        }
    }

    private mutating func textTest(_ symbol: BinaryOperator, _ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> Bool {
        if left.isNull || right.isNull { return false }
        guard case (.string(let text), .string(let part)) = (left, right) else { throw ExprOperators.mismatch(symbol, left, right) }
        return switch symbol {
        case .startsWith: text.utf8.starts(with: part.utf8)
        case .endsWith: TextSearch.hasSuffix(text, part)
        default: TextSearch.contains(text, part)
        }
    }

    private mutating func range(_ left: ExprValue, _ right: ExprValue) throws(ExpressionError) -> ExprValue {
        guard let from = ExprOperators.wholeNumber(left), let to = ExprOperators.wholeNumber(right) else {
            throw ExprOperators.mismatch(.range, left, right)
        }
        guard from <= to else { return .array([]) }
        let (difference, isOver) = to.subtractingReportingOverflow(from)
        guard !isOver, difference < Int64(ExpressionBounds.steps) else {
            throw ExpressionError("the range has more than \(ExpressionBounds.steps) elements")
        }
        try self.spend(Int(difference) + 1)
        return .array((from...to).map(ExprValue.int))
    }
}
