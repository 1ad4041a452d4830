/// One node of a condition.
final class WhenNode {
    enum Kind {
        case literal(WhenValue)
        case prefix(String, WhenNode)
        case binary(String, WhenNode, WhenNode)
        case conditional(WhenNode, WhenNode, WhenNode?)
        case list([WhenNode])
    }

    let kind: Kind
    let depth: Int

    init(_ kind: Kind) {
        self.kind = kind
        let below =
            switch kind {
            case .literal: 0
            case .prefix(_, let operand): operand.depth
            case .binary(_, let left, let right): max(left.depth, right.depth)
            case .conditional(let condition, let yes, let no): max(condition.depth, yes.depth, no?.depth ?? 0)
            case .list(let items): items.reduce(0) { max($0, $1.depth) }
            }
        self.depth = below + 1
    }
}

/// Reads a condition, operators by their precedence, all of them grouping from the left.
struct WhenParser {
    private let tokens: [WhenToken]
    private var at = 0
    private var level = 0

    private static let deepest = 400

    private static let levels: [Set<String>] = [
        ["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">=", "=~", "!~", "in"], ["&", "|", "^"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"],
        ["**"],
    ]

    static func parse(_ text: String) throws(WhenFault) -> WhenNode {
        var parser = WhenParser(tokens: try WhenLexer.tokens(of: text))
        let root = try parser.ternary()
        guard parser.at == parser.tokens.count else { throw parser.unexpected() }
        return root
    }

    private init(tokens: [WhenToken]) { self.tokens = tokens }

    private var current: WhenToken? { self.at < self.tokens.count ? self.tokens[self.at] : nil }

    private func unexpected() -> WhenFault {
        guard let current = self.current else { return .invalid("Unexpected end of expression") }
        guard self.at > 0 else { return .invalid("'\(current.shown)' cannot stand at the start") }
        return .invalid("'\(current.shown)' cannot follow '\(self.tokens[self.at - 1].shown)'")
    }

    private func node(_ kind: WhenNode.Kind) throws(WhenFault) -> WhenNode {
        let node = WhenNode(kind)
        guard node.depth <= Self.deepest else { throw .invalid("it nests deeper than \(Self.deepest) levels") }
        return node
    }

    private mutating func take(_ symbols: Set<String>) -> String? {
        guard case .symbol(let symbol)? = self.current, symbols.contains(symbol) else { return nil }
        self.at += 1
        return symbol
    }

    private mutating func ternary() throws(WhenFault) -> WhenNode {
        self.level += 1
        defer { self.level -= 1 }
        if self.level > Self.deepest / 4 { throw .invalid("it nests deeper than \(Self.deepest / 4) levels") }
        let left = try self.binary(0)
        switch self.take(["?", "??"]) {
        case "?":
            let yes = try self.ternary()
            guard self.take([":"]) != nil else { return try self.node(.conditional(left, yes, nil)) }
            return try self.node(.conditional(left, yes, try self.ternary()))
        case .some: return try self.node(.binary("??", left, try self.ternary()))
        case nil: return left
        }
    }

    private mutating func binary(_ level: Int) throws(WhenFault) -> WhenNode {
        guard level < Self.levels.count else { return try self.operand() }
        var left = try self.binary(level + 1)
        while let symbol = self.take(Self.levels[level]) {
            left = try self.node(.binary(symbol, left, try self.binary(level + 1)))
        }
        return left
    }

    private mutating func operand() throws(WhenFault) -> WhenNode {
        if let symbol = self.take(["!", "-", "~"]) {
            self.level += 1
            defer { self.level -= 1 }
            if self.level > Self.deepest / 4 { throw .invalid("it nests deeper than \(Self.deepest / 4) levels") }
            return try self.node(.prefix(symbol, try self.operand()))
        }
        switch self.current {
        case .number(let number)?: return try self.literal(.number(number))
        case .flag(let flag)?: return try self.literal(.flag(flag))
        case .string(let text, _)?: return try self.literal(.string(text))
        case .open?: return try self.parentheses()
        case .symbol?, .comma?, .close?, nil: throw self.unexpected()
        }
    }

    private mutating func literal(_ value: WhenValue) throws(WhenFault) -> WhenNode {
        self.at += 1
        return try self.node(.literal(value))
    }

    /// A group, or with commas a list.
    private mutating func parentheses() throws(WhenFault) -> WhenNode {
        self.at += 1
        var items = [try self.ternary()]
        while self.current == .comma {
            self.at += 1
            items.append(try self.ternary())
        }
        guard self.current == .close else {
            if self.current == nil { throw .invalid("Unbalanced parenthesis") }
            throw self.unexpected()
        }
        self.at += 1
        return items.count == 1 ? items[0] : try self.node(.list(items))
    }
}

extension WhenNode {
    func value() throws(WhenFault) -> WhenValue {
        switch self.kind {
        case .literal(let value): return value
        case .prefix(let symbol, let operand): return try WhenOperators.prefix(symbol, try operand.value())
        case .binary(let symbol, let left, let right): return try Self.binary(symbol, left, right)
        case .conditional(let condition, let yes, let no):
            guard case .flag(let flag) = try condition.value() else { throw .failed("the condition before '?' is not a bool") }
            return flag ? try yes.value() : try no?.value() ?? .none
        case .list(let items):
            var values: [WhenValue] = []
            for item in items { values.append(try item.value()) }
            return .list(values)
        }
    }

    private static func binary(_ symbol: String, _ left: WhenNode, _ right: WhenNode) throws(WhenFault) -> WhenValue {
        let first = try left.value()
        switch symbol {
        case "&&", "||":
            let isDecided = try WhenOperators.flag(first, symbol) == (symbol == "||")
            return isDecided ? first : .flag(try WhenOperators.flag(try right.value(), symbol))
        case "??": return first == .none ? try right.value() : first
        default: return try WhenOperators.binary(symbol, first, try right.value())
        }
    }
}

/// govaluate's operators on values.
enum WhenOperators {
    static func flag(_ value: WhenValue, _ symbol: String) throws(WhenFault) -> Bool {
        guard case .flag(let flag) = value else { throw self.mismatch(value, "logical operator", symbol, "a bool") }
        return flag
    }

    private static func mismatch(_ value: WhenValue, _ kind: String, _ symbol: String, _ wanted: String) -> WhenFault {
        let hint = if case .string = value { " (hint: text with special characters must be in quotes (\"))" } else { "" }
        return .failed("Value '\(value.text)' cannot be used with the \(kind) '\(symbol)', it is not \(wanted)\(hint)")
    }

    private static func number(_ value: WhenValue, _ symbol: String) throws(WhenFault) -> Double {
        guard case .number(let number) = value else { throw self.mismatch(value, "modifier", symbol, "a number") }
        return number
    }

    static func prefix(_ symbol: String, _ value: WhenValue) throws(WhenFault) -> WhenValue {
        switch (symbol, value) {
        case ("!", .flag(let flag)): return .flag(!flag)
        case ("-", .number(let number)): return .number(-number)
        case ("~", .number(let number)): return .number(Double(~ExprOperators.truncated(number)))
        default: throw self.mismatch(value, "prefix", symbol, symbol == "!" ? "a bool" : "a number")
        }
    }

    static func binary(_ symbol: String, _ left: WhenValue, _ right: WhenValue) throws(WhenFault) -> WhenValue {
        switch symbol {
        case "==": return .flag(left == right)
        case "!=": return .flag(left != right)
        case "<", "<=", ">", ">=": return .flag(try self.compare(symbol, left, right))
        case "=~", "!~": return .flag(try self.matches(left, right, symbol) == (symbol == "=~"))
        case "in":
            // One value in parentheses is a list too.
            if case .list(let items) = right { return .flag(items.contains(left)) }
            return .flag(left == right)
        case "+":
            if case (.number(let a), .number(let b)) = (left, right) { return .number(a + b) }
            if self.isString(left) || self.isString(right) { return .string(left.text + right.text) }
        default: break
        }
        return .number(try self.arithmetic(symbol, try self.number(left, symbol), try self.number(right, symbol)))
    }

    private static func isString(_ value: WhenValue) -> Bool { if case .string = value { true } else { false } }

    private static func compare(_ symbol: String, _ left: WhenValue, _ right: WhenValue) throws(WhenFault) -> Bool {
        switch (left, right) {
        case (.number(let a), .number(let b)): return self.compare(symbol, a, b)
        case (.string(let a), .string(let b)): return self.compare(symbol, a, b)
        default:
            let isLeftWrong = if case .number = left { false } else { true }
            throw self.mismatch(isLeftWrong ? left : right, "comparator", symbol, "a number")
        }
    }

    private static func compare<Value: Comparable>(_ symbol: String, _ left: Value, _ right: Value) -> Bool {
        switch symbol {
        case "<": left < right
        case "<=": left <= right
        case ">": left > right
        default: left >= right
        }
    }

    private static func matches(_ left: WhenValue, _ right: WhenValue, _ symbol: String) throws(WhenFault) -> Bool {
        guard case .string(let text) = left else { throw self.mismatch(left, "comparator", symbol, "a string") }
        guard case .string(let pattern) = right else { throw self.mismatch(right, "comparator", symbol, "a string") }
        do throws(ExpressionError) {
            return try RegularExpression(pattern).matches(text)
        } catch {
            throw .failed(error.message)
        }
    }

    private static func arithmetic(_ symbol: String, _ left: Double, _ right: Double) throws(WhenFault) -> Double {
        let (a, b) = (ExprOperators.truncated(left), ExprOperators.truncated(right))
        switch symbol {
        case "+": return left + right
        case "-": return left - right
        case "*": return left * right
        case "/": return left / right
        case "%": return ExprOperators.floatRemainder(left, right)
        case "**": return ExprOperators.powered(left, right)
        case "&": return Double(a & b)
        case "|": return Double(a | b)
        case "^": return Double(a ^ b)
        // A negative count shifts everything out, as a count that large does.
        case "<<": return Double(b < 0 ? 0 : a << b)
        default: return Double(b < 0 ? (a < 0 ? -1 : 0) : a >> b)
        }
    }
}
