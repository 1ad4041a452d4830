/// One node of a condition.
final class WhenNode {
    enum Kind {
        case literal(WhenValue)
        case prefix(WhenSymbol, WhenNode)
        case binary(WhenSymbol, WhenNode, WhenNode)
        case conditional(WhenNode, WhenNode, WhenNode?)
        case list([WhenNode])
    }

    let kind: Kind
    let depth: Int
    /// Where what it does stands: its operator, or the value itself.
    let offset: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
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
    private let tokens: [PlacedWhenToken]
    private let end: Int
    private var at = 0
    private var level = 0

    private static let deepest = 400

    static func parse(_ text: String) throws(WhenFault) -> WhenNode {
        var parser = WhenParser(tokens: try WhenLexer.tokens(of: text), end: text.unicodeScalars.count)
        let root = try parser.ternary()
        guard parser.at == parser.tokens.count else { throw parser.unexpected() }
        return root
    }

    private init(tokens: [PlacedWhenToken], end: Int) {
        self.tokens = tokens
        self.end = end
    }

    private var current: WhenToken? { self.at < self.tokens.count ? self.tokens[self.at].token : nil }

    /// Where the current token begins, or the text ends.
    private var offset: Int { self.at < self.tokens.count ? self.tokens[self.at].offset : self.end }

    private func unexpected() -> WhenFault {
        guard let current = self.current else { return .invalid("Unexpected end of expression", at: self.end) }
        guard self.at > 0 else { return .invalid("'\(current.shown)' cannot stand at the start", at: self.offset) }
        return .invalid("'\(current.shown)' cannot follow '\(self.tokens[self.at - 1].token.shown)'", at: self.offset)
    }

    private func tooDeep(_ levels: Int, at offset: Int) -> WhenFault { .invalid("it nests deeper than \(levels) levels", at: offset) }

    private func node(_ kind: WhenNode.Kind, at offset: Int) throws(WhenFault) -> WhenNode {
        let node = WhenNode(kind, at: offset)
        guard node.depth <= Self.deepest else { throw self.tooDeep(Self.deepest, at: offset) }
        return node
    }

    private mutating func take(_ symbol: WhenSymbol) -> Bool {
        guard self.current == .symbol(symbol) else { return false }
        self.at += 1
        return true
    }

    private mutating func ternary() throws(WhenFault) -> WhenNode {
        self.level += 1
        defer { self.level -= 1 }
        if self.level > Self.deepest / 4 { throw self.tooDeep(Self.deepest / 4, at: self.offset) }
        let left = try self.binary(0)
        let place = self.offset
        if self.take(.coalesce) { return try self.node(.binary(.coalesce, left, try self.ternary()), at: place) }
        guard self.take(.question) else { return left }
        let yes = try self.ternary()
        return try self.node(.conditional(left, yes, self.take(.colon) ? try self.ternary() : nil), at: place)
    }

    /// Operators that bind at least as strongly as `least`, grouped from the left.
    private mutating func binary(_ least: Int) throws(WhenFault) -> WhenNode {
        var left = try self.operand()
        while case .symbol(let symbol)? = self.current, let precedence = symbol.precedence, precedence >= least {
            let place = self.offset
            self.at += 1
            left = try self.node(.binary(symbol, left, try self.binary(precedence + 1)), at: place)
        }
        return left
    }

    private mutating func operand() throws(WhenFault) -> WhenNode {
        switch self.current {
        case .symbol(let symbol)? where symbol == .not || symbol == .subtract || symbol == .bitNot:
            let place = self.offset
            self.at += 1
            self.level += 1
            defer { self.level -= 1 }
            if self.level > Self.deepest / 4 { throw self.tooDeep(Self.deepest / 4, at: place) }
            return try self.node(.prefix(symbol, try self.operand()), at: place)
        case .number(let number)?: return try self.literal(.number(number))
        case .flag(let flag)?: return try self.literal(.flag(flag))
        case .string(let text)?: return try self.literal(.string(text))
        case .open?: return try self.parentheses()
        case .symbol?, .comma?, .close?, nil: throw self.unexpected()
        }
    }

    private mutating func literal(_ value: WhenValue) throws(WhenFault) -> WhenNode {
        let place = self.offset
        self.at += 1
        return try self.node(.literal(value), at: place)
    }

    /// A group, or with commas a list.
    private mutating func parentheses() throws(WhenFault) -> WhenNode {
        let place = self.offset
        self.at += 1
        var items = [try self.ternary()]
        while self.current == .comma {
            self.at += 1
            items.append(try self.ternary())
        }
        guard self.current == .close else {
            if self.current == nil { throw .invalid("Unbalanced parenthesis", at: place) }
            throw self.unexpected()
        }
        self.at += 1
        return items.count == 1 ? items[0] : try self.node(.list(items), at: place)
    }
}

extension WhenNode {
    func value() throws(WhenFault) -> WhenValue {
        do throws(WhenFault) {
            return try self.computed()
        } catch {
            throw error.placed(at: self.offset)
        }
    }

    private func computed() throws(WhenFault) -> WhenValue {
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

    private static func binary(_ symbol: WhenSymbol, _ left: WhenNode, _ right: WhenNode) throws(WhenFault) -> WhenValue {
        let first = try left.value()
        switch symbol {
        case .and, .or:
            let isDecided = try WhenOperators.flag(first, symbol) == (symbol == .or)
            return isDecided ? first : .flag(try WhenOperators.flag(try right.value(), symbol))
        case .coalesce: return first == .none ? try right.value() : first
        default: return try WhenOperators.binary(symbol, first, try right.value())
        }
    }
}

/// govaluate's operators on values.
enum WhenOperators {
    static func flag(_ value: WhenValue, _ symbol: WhenSymbol) throws(WhenFault) -> Bool {
        guard case .flag(let flag) = value else { throw self.mismatch(value, "logical operator", symbol, "a bool") }
        return flag
    }

    private static func mismatch(_ value: WhenValue, _ kind: String, _ symbol: WhenSymbol, _ wanted: String) -> WhenFault {
        let hint = if case .string = value { " (hint: text with special characters must be in quotes (\"))" } else { "" }
        return .failed("Value '\(value.text)' cannot be used with the \(kind) '\(symbol.rawValue)', it is not \(wanted)\(hint)")
    }

    private static func number(_ value: WhenValue, _ symbol: WhenSymbol) throws(WhenFault) -> Double {
        guard case .number(let number) = value else { throw self.mismatch(value, "modifier", symbol, "a number") }
        return number
    }

    static func prefix(_ symbol: WhenSymbol, _ value: WhenValue) throws(WhenFault) -> WhenValue {
        switch (symbol, value) {
        case (.not, .flag(let flag)): return .flag(!flag)
        case (.subtract, .number(let number)): return .number(-number)
        case (.bitNot, .number(let number)): return .number(Double(~ExprOperators.truncated(number)))
        default: throw self.mismatch(value, "prefix", symbol, symbol == .not ? "a bool" : "a number")
        }
    }

    static func binary(_ symbol: WhenSymbol, _ left: WhenValue, _ right: WhenValue) throws(WhenFault) -> WhenValue {
        switch symbol {
        case .equal: return .flag(left == right)
        case .notEqual: return .flag(left != right)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return .flag(try self.compare(symbol, left, right))
        case .matches, .notMatches: return .flag(try self.matches(left, right, symbol) == (symbol == .matches))
        case .isIn:
            // One value in parentheses is a list too.
            if case .list(let items) = right { return .flag(items.contains(left)) }
            return .flag(left == right)
        case .add:
            if case (.number(let a), .number(let b)) = (left, right) { return .number(a + b) }
            if self.isString(left) || self.isString(right) { return .string(left.text + right.text) }
        default: break
        }
        return .number(try self.arithmetic(symbol, try self.number(left, symbol), try self.number(right, symbol)))
    }

    private static func isString(_ value: WhenValue) -> Bool { if case .string = value { true } else { false } }

    private static func compare(_ symbol: WhenSymbol, _ left: WhenValue, _ right: WhenValue) throws(WhenFault) -> Bool {
        switch (left, right) {
        case (.number(let a), .number(let b)): return self.compare(symbol, a, b)
        case (.string(let a), .string(let b)): return self.compare(symbol, a, b)
        default:
            let isLeftWrong = if case .number = left { false } else { true }
            throw self.mismatch(isLeftWrong ? left : right, "comparator", symbol, "a number")
        }
    }

    private static func compare<Value: Comparable>(_ symbol: WhenSymbol, _ left: Value, _ right: Value) -> Bool {
        switch symbol {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        default: left >= right
        }
    }

    private static func matches(_ left: WhenValue, _ right: WhenValue, _ symbol: WhenSymbol) throws(WhenFault) -> Bool {
        guard case .string(let text) = left else { throw self.mismatch(left, "comparator", symbol, "a string") }
        guard case .string(let pattern) = right else { throw self.mismatch(right, "comparator", symbol, "a string") }
        do throws(ExpressionError) {
            return try RegularExpression(pattern).matches(text)
        } catch {
            throw .failed(error.message)
        }
    }

    private static func arithmetic(_ symbol: WhenSymbol, _ left: Double, _ right: Double) throws(WhenFault) -> Double {
        let (a, b) = (ExprOperators.truncated(left), ExprOperators.truncated(right))
        switch symbol {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide: return left / right
        case .remainder: return ExprOperators.floatRemainder(left, right)
        case .power: return ExprOperators.powered(left, right)
        case .bitAnd: return Double(a & b)
        case .bitOr: return Double(a | b)
        case .bitXor: return Double(a ^ b)
        // A negative count shifts everything out, as a count that large does.
        case .shiftLeft: return Double(b < 0 ? 0 : a << b)
        default: return Double(b < 0 ? (a < 0 ? -1 : 0) : a >> b)
        }
    }
}
