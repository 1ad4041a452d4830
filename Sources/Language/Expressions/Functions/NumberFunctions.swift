/// expr's functions on numbers.
enum NumberFunctions {
    static var builtins: [ExprFunction] {
        [
            ExprFunction("abs", 1...1) { _, call in
                switch call[0] {
                case .int(let number): return .int(number < 0 ? 0 &- number : number)
                case .float(let number): return .float(number.magnitude)
                default: throw call.mismatch(0, expected: "a number")
                }
            },
            ExprFunction("ceil", 1...1) { .float(try $1.number(0).rounded(.up)) },
            ExprFunction("floor", 1...1) { .float(try $1.number(0).rounded(.down)) },
            ExprFunction("round", 1...1) { .float(try $1.number(0).rounded(.toNearestOrAwayFromZero)) },
            ExprFunction("max", 1...ExprFunction.any) { try self.extreme(&$0, $1) { $1.isLess(than: $0) } },
            ExprFunction("min", 1...ExprFunction.any) { try self.extreme(&$0, $1) { $0.isLess(than: $1) } },
            ExprFunction("mean", 1...ExprFunction.any) { evaluation, call in
                let numbers = try self.numbers(&evaluation, call)
                return .float(numbers.isEmpty ? 0 : numbers.reduce(0, +) / Double(numbers.count))
            },
            ExprFunction("median", 1...ExprFunction.any) { evaluation, call in
                let numbers = try self.numbers(&evaluation, call).sorted()
                guard !numbers.isEmpty else { return .float(0) }
                let middle = numbers.count / 2
                return .float(numbers.count % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2)
            },
            ExprFunction("bitand", 2...2) { .int(try $1.whole(0) & $1.whole(1)) },
            ExprFunction("bitor", 2...2) { .int(try $1.whole(0) | $1.whole(1)) },
            ExprFunction("bitxor", 2...2) { .int(try $1.whole(0) ^ $1.whole(1)) },
            ExprFunction("bitnand", 2...2) { .int(try $1.whole(0) & ~(try $1.whole(1))) },
            ExprFunction("bitnot", 1...1) { .int(~(try $1.whole(0))) },
            ExprFunction("bitshl", 2...2) { .int(try $1.whole(0) << (try self.shift($1))) },
            ExprFunction("bitshr", 2...2) { .int(try $1.whole(0) >> (try self.shift($1))) },
            ExprFunction("bitushr", 2...2) { .int(Int64(bitPattern: UInt64(bitPattern: try $1.whole(0)) >> UInt64(try self.shift($1)))) },
        ]
    }

    /// Swift's `<<` and `>>` take any count, and shift everything out when it is 64 or more, as Go's do.
    private static func shift(_ call: FunctionCall) throws(ExpressionError) -> Int64 {
        let count = try call.whole(1)
        if count < 0 { throw ExpressionError("'\(call.name)' needs a shift count that is not negative, this is \(count)") }
        return count
    }

    /// All elements of the arguments, which are numbers or arrays of them, also nested.
    private static func flattened(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> [ExprValue] {
        var flat: [ExprValue] = []
        for argument in call.arguments { try CollectionFunctions.flatten(argument, into: &flat, &evaluation) }
        return flat
    }

    private static func numbers(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> [Double] {
        var numbers: [Double] = []
        for value in try self.flattened(&evaluation, call) {
            guard let number = ExprOperators.number(value) else {
                throw ExpressionError("'\(call.name)' needs numbers, one is \(value.typeName)")
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func extreme(_ evaluation: inout Evaluation, _ call: FunctionCall, _ isBetter: (ExprValue, ExprValue) -> Bool?)
        throws(ExpressionError) -> ExprValue
    {
        let values = try self.flattened(&evaluation, call)
        guard var best = values.first else { throw ExpressionError("'\(call.name)' needs at least one number") }
        for value in values {
            guard ExprOperators.number(value) != nil else {
                throw ExpressionError("'\(call.name)' needs numbers, one is \(value.typeName)")
            }
            if isBetter(value, best) ?? false { best = value }
        }
        return best
    }
}
