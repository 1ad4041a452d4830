/// The `sprig.` functions on numbers. They take texts for numbers, and anything that is none for zero.
enum SprigNumbers {
    static var functions: [ExprFunction] { self.whole + self.fractional + self.sequences }

    private static var whole: [ExprFunction] {
        [
            ExprFunction("int", 1...1) { .int(self.whole($1[0])) },
            ExprFunction("int64", 1...1) { .int(self.whole($1[0])) },
            ExprFunction("atoi", 1...1) { .int(Int64(try $1.text(0)) ?? 0) },
            ExprFunction("toDecimal", 1...1) { .int(Int64(GoText.of($1[0]), radix: 8) ?? 0) },
            ExprFunction("add1", 1...1) { .int(self.whole($1[0]) &+ 1) },
            ExprFunction("add", 0...ExprFunction.any) { .int($1.arguments.reduce(0) { $0 &+ self.whole($1) }) },
            ExprFunction("sub", 2...2) { .int(self.whole($1[0]) &- self.whole($1[1])) },
            ExprFunction("mul", 1...ExprFunction.any) { .int($1.arguments.reduce(1) { $0 &* self.whole($1) }) },
            ExprFunction("div", 2...2) { .int(try self.divided($1).quotient) },
            ExprFunction("mod", 2...2) { .int(try self.divided($1).remainder) },
            ExprFunction("max", 1...ExprFunction.any) { .int($1.arguments.map(self.whole).max() ?? 0) },
            ExprFunction("biggest", 1...ExprFunction.any) { .int($1.arguments.map(self.whole).max() ?? 0) },
            ExprFunction("min", 1...ExprFunction.any) { .int($1.arguments.map(self.whole).min() ?? 0) },
            ExprFunction("randInt", 2...2) { evaluation, call in
                let (low, high) = (try call.whole(0), try call.whole(1))
                guard low < high else { throw ExpressionError("'randInt' needs a lower bound below the upper one") }
                let span = UInt64(bitPattern: high) &- UInt64(bitPattern: low)
                return .int(low &+ Int64(bitPattern: evaluation.nextRandom() % span))
            },
        ]
    }

    private static var fractional: [ExprFunction] {
        [
            ExprFunction("float64", 1...1) { .float(self.number($1[0])) },
            ExprFunction("ceil", 1...1) { .float(self.number($1[0]).rounded(.up)) },
            ExprFunction("floor", 1...1) { .float(self.number($1[0]).rounded(.down)) },
            ExprFunction("round", 2...3, self.round),
            ExprFunction("add1f", 1...1) { .float(self.number($1[0]) + 1) },
            ExprFunction("addf", 1...ExprFunction.any) { .float($1.arguments.reduce(0) { $0 + self.number($1) }) },
            ExprFunction("subf", 1...ExprFunction.any) { .float(self.folded($1) { $0 - $1 }) },
            ExprFunction("mulf", 1...ExprFunction.any) { .float(self.folded($1) { $0 * $1 }) },
            ExprFunction("divf", 1...ExprFunction.any) { .float(self.folded($1) { $0 / $1 }) },
            ExprFunction("maxf", 1...ExprFunction.any) { .float(self.folded($1) { max($0, $1) }) },
            ExprFunction("minf", 1...ExprFunction.any) { .float(self.folded($1) { min($0, $1) }) },
        ]
    }

    private static var sequences: [ExprFunction] {
        [
            ExprFunction("until", 1...1) { evaluation, call in
                let end = try call.whole(0)
                return .array(try self.steps(&evaluation, from: 0, to: end, by: end < 0 ? -1 : 1).map(ExprValue.int))
            },
            ExprFunction("untilStep", 3...3) { evaluation, call in
                .array(
                    try self.steps(&evaluation, from: try call.whole(0), to: try call.whole(1), by: try call.whole(2)).map(ExprValue.int))
            },
            ExprFunction("seq", 0...3, self.seq),
        ]
    }

    static func whole(_ value: ExprValue) -> Int64 {
        switch value {
        case .int(let number), .duration(let number): number
        case .float(let number): ExprOperators.truncated(number)
        case .bool(let flag): flag ? 1 : 0
        case .string(let text): self.whole(text)
        case .null, .array, .map, .time: 0
        }
    }

    /// As Go's literals: `0x1F`, `0b11`, `0o17` and `017`, `1_000`. `3.0` is 3; a text that is no whole number is 0.
    private static func whole(_ text: String) -> Int64 {
        var digits = text[...]
        if let point = digits.firstIndex(of: "."), !digits[point...].dropFirst().isEmpty,
            digits[point...].dropFirst().allSatisfy({ $0 == "0" })
        {
            digits = digits[..<point]
        }
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        guard let first = digits.first, first.isASCII, first.isNumber else { return 0 }
        var radix = 10
        if first == "0", let mark = digits.dropFirst().first {
            switch mark {
            case "x", "X": radix = 16
            case "b", "B": radix = 2
            default: radix = 8
            }
            digits = digits.dropFirst("xXbBoO".contains(mark) ? 2 : 1)
        }
        let plain = digits.filter { $0 != "_" }
        guard plain.first?.isHexDigit ?? false else { return 0 }
        return Int64((isNegative ? "-" : "") + plain, radix: radix) ?? 0
    }

    static func number(_ value: ExprValue) -> Double {
        switch value {
        case .float(let number): number
        case .string(let text): GoNumberText.number(text.filter { $0 != "_" }) ?? 0
        default: Double(self.whole(value))
        }
    }

    private static func divided(_ call: FunctionCall) throws(ExpressionError) -> (quotient: Int64, remainder: Int64) {
        let (left, right) = (self.whole(call[0]), self.whole(call[1]))
        if right == 0 { throw ExpressionError("integer divide by zero") }
        return (left.dividedReportingOverflow(by: right).partialValue, left.remainderReportingOverflow(dividingBy: right).partialValue)
    }

    private static func folded(_ call: FunctionCall, _ operation: (Double, Double) -> Double) -> Double {
        call.arguments.dropFirst().reduce(self.number(call[0])) { operation($0, self.number($1)) }
    }

    /// Rounds to a number of places; a rest of `roundOn` (one half) or more goes up.
    private static func round(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        let value = self.number(call[0])
        let scale = ExprOperators.powered(10, Double(try call.whole(1)))
        let roundOn = call.count > 2 ? try call.number(2) : 0.5
        let digits = value * scale
        let rest = digits - digits.rounded(.towardZero)
        let rounded = rest >= roundOn ? digits.rounded(.up) : digits.rounded(.down)
        return .float(rounded / scale)
    }

    /// The numbers from one on, up to but without the end; none when the step leads away from it.
    private static func steps(_ evaluation: inout Evaluation, from: Int64, to: Int64, by step: Int64) throws(ExpressionError) -> [Int64] {
        guard from != to, step != 0, (from < to) == (step > 0) else { return [] }
        var numbers: [Int64] = []
        var next = from
        while step > 0 ? next < to : next > to {
            try evaluation.spend(1)
            numbers.append(next)
            let (sum, isOver) = next.addingReportingOverflow(step)
            if isOver { break }
            next = sum
        }
        return numbers
    }

    /// The numbers from the first to the last with blanks between them, as the shell's `seq`: (last), (first, last) or (first, step, last).
    private static func seq(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        guard call.count > 0 else { return .string("") }
        let first = call.count == 1 ? 1 : try call.whole(0)
        let last = try call.whole(call.count - 1)
        let direction: Int64 = last < first ? -1 : 1
        let step = call.count == 3 ? try call.whole(1) : direction
        let numbers = try self.steps(&evaluation, from: first, to: last &+ direction, by: step)
        return try evaluation.joined(numbers.map { String($0) }, separator: " ")
    }
}
