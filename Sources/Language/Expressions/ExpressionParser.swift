/// Reads the expr language (version 1.17): `||`, `??`, `?:`, members, slices, `let`, `if`, pipes, predicates, builtins.
///
/// Precedence climbing, as the language's own parser does it, so that the same texts are accepted and mean the same.
struct ExpressionParser {
    private let tokens: [ExpressionToken]
    private var at = 0
    /// Names bound by `let`, innermost last.
    private var locals: [String] = []
    /// How many predicates the parser is inside of; `#` means something only there.
    var predicates = 0
    var reductions = 0
    private var level = 0

    static func parse(_ text: String) throws(ExpressionError) -> ExpressionNode {
        var parser = ExpressionParser(tokens: try ExpressionLexer.tokens(of: text))
        let root = try parser.sequence()
        guard parser.current.kind == .end else { throw parser.unexpected() }
        return root
    }

    private init(tokens: [ExpressionToken]) { self.tokens = tokens }

    // MARK: Tokens

    var current: ExpressionToken { self.tokens[self.at] }

    /// The last token is the end, which is never passed.
    mutating func advance() { self.at = min(self.at + 1, self.tokens.count - 1) }

    mutating func take(symbol: String) -> Bool {
        guard self.current.isSymbol(symbol) else { return false }
        self.advance()
        return true
    }

    mutating func take(bracket: String) -> Bool {
        guard self.current.isBracket(bracket) else { return false }
        self.advance()
        return true
    }

    mutating func expect(symbol: String) throws(ExpressionError) {
        guard self.take(symbol: symbol) else { throw self.unexpected("expected '\(symbol)'") }
    }

    mutating func expect(bracket: String) throws(ExpressionError) {
        guard self.take(bracket: bracket) else { throw self.unexpected("expected '\(bracket)'") }
    }

    func unexpected(_ expectation: String? = nil) -> ExpressionError {
        let message = self.current.kind == .end ? "unexpected end of expression" : "unexpected token \(self.current.shown)"
        return ExpressionError(message: expectation.map { "\(message), \($0)" } ?? message, offset: self.current.offset)
    }

    func node(_ kind: ExpressionNode.Kind, at offset: Int) throws(ExpressionError) -> ExpressionNode {
        let node = ExpressionNode(kind, offset: offset)
        guard node.depth <= ExpressionBounds.nesting else { throw self.tooDeep(offset) }
        return node
    }

    private func tooDeep(_ offset: Int) -> ExpressionError {
        ExpressionError(message: "the expression nests deeper than \(ExpressionBounds.nesting) levels", offset: offset)
    }

    // MARK: Operators

    private struct Precedence {
        static let or = 10
        static let and = 15
        static let comparison = 20
        static let range = 25
        static let addition = 30
        static let not = 50
        static let multiplication = 60
        static let sign = 90
        static let power = 100
        static let coalesce = 500
        static let pipe = 0
    }

    private static let precedences: [String: Int] = [
        "|": Precedence.pipe, "or": Precedence.or, "||": Precedence.or, "and": Precedence.and, "&&": Precedence.and,
        "==": Precedence.comparison, "!=": Precedence.comparison, "<": Precedence.comparison, ">": Precedence.comparison,
        "<=": Precedence.comparison, ">=": Precedence.comparison, "in": Precedence.comparison, "matches": Precedence.comparison,
        "contains": Precedence.comparison, "startsWith": Precedence.comparison, "endsWith": Precedence.comparison,
        "..": Precedence.range, "+": Precedence.addition, "-": Precedence.addition, "*": Precedence.multiplication,
        "/": Precedence.multiplication, "%": Precedence.multiplication, "**": Precedence.power, "^": Precedence.power,
        "??": Precedence.coalesce,
    ]

    private static let negatable: Set<String> = ["in", "matches", "contains", "startsWith", "endsWith"]
    private static let orderings: Set<String> = ["<", "<=", ">", ">="]

    /// `a; b; c`: all are evaluated, the last one is the value.
    mutating func sequence() throws(ExpressionError) -> ExpressionNode {
        let offset = self.current.offset
        var nodes = [try self.expression(0)]
        while self.take(symbol: ";") {
            if self.current.kind == .end || self.current.isBracket(")") || self.current.isBracket("}") { break }
            nodes.append(try self.expression(0))
        }
        return nodes.count == 1 ? nodes[0] : try self.node(.sequence(nodes), at: offset)
    }

    mutating func expression(_ precedence: Int) throws(ExpressionError) -> ExpressionNode {
        self.level += 1
        defer { self.level -= 1 }
        if self.level > ExpressionBounds.nesting { throw self.tooDeep(self.current.offset) }
        if precedence == 0, self.current.isSymbol("let") { return try self.binding() }
        if precedence == 0, self.current.isSymbol("if") { return try self.conditionalBlock() }
        var left = try self.primary()
        var previous = ""
        while self.current.kind == .symbol {
            let mark = self.at
            let isNegated = self.take(symbol: "not")
            let symbol = self.current
            guard symbol.kind == .symbol, let own = Self.precedences[symbol.text], own >= precedence,
                !isNegated || Self.negatable.contains(symbol.text)
            else {
                self.at = mark
                break
            }
            self.advance()
            left = try self.operation(symbol, own, left: left, previous: previous)
            if isNegated { left = try self.node(.not(left), at: self.tokens[mark].offset) }
            previous = symbol.text
        }
        return precedence == 0 ? try self.ternary(left) : left
    }

    private mutating func operation(_ symbol: ExpressionToken, _ precedence: Int, left: ExpressionNode, previous: String)
        throws(ExpressionError) -> ExpressionNode
    {
        if symbol.text == "|" {
            guard self.current.kind == .identifier else { throw self.unexpected("expected the name of a function after '|'") }
            let name = self.current
            self.advance()
            guard self.current.isBracket("(") else { throw self.unexpected("expected '(' after '\(name.text)'") }
            return try self.postfix(try self.call(name, first: left))
        }
        if previous == "??", symbol.text != "??" {
            throw ExpressionError(
                message: "'\(symbol.text)' and '??' cannot be mixed, wrap one of them in parentheses", offset: symbol.offset)
        }
        if Self.orderings.contains(symbol.text) { return try self.comparisons(symbol, left: left) }
        // Powers group from the right, everything else from the left.
        let right = try self.expression(precedence == Precedence.power ? precedence : precedence + 1)
        return try self.combine(symbol, left, right)
    }

    /// `a < b <= c` means `a < b and b <= c`.
    private mutating func comparisons(_ first: ExpressionToken, left: ExpressionNode) throws(ExpressionError) -> ExpressionNode {
        var symbol = first
        var left = left
        var whole: ExpressionNode?
        while true {
            let right = try self.expression(Precedence.comparison + 1)
            let comparison = try self.combine(symbol, left, right)
            whole =
                try whole.map { previous throws(ExpressionError) in try self.node(.and(previous, comparison), at: symbol.offset) }
                ?? comparison
            left = right
            symbol = self.current
            guard symbol.kind == .symbol, Self.orderings.contains(symbol.text) else { return whole! }
            self.advance()
        }
    }

    private func combine(_ symbol: ExpressionToken, _ left: ExpressionNode, _ right: ExpressionNode) throws(ExpressionError)
        -> ExpressionNode
    {
        switch symbol.text {
        case "or", "||": return try self.node(.or(left, right), at: symbol.offset)
        case "and", "&&": return try self.node(.and(left, right), at: symbol.offset)
        case "??": return try self.node(.coalesce(left, right), at: symbol.offset)
        case "matches":
            var pattern: RegularExpression?
            if case .constant(.string(let text)) = right.kind {
                do { pattern = try RegularExpression(text) } catch { throw error.placed(at: right.offset) }
            }
            return try self.node(.matches(left, right, pattern), at: symbol.offset)
        case "^": return try self.node(.binary(.power, left, right), at: symbol.offset)
        default:
            guard let kind = BinaryOperator(rawValue: symbol.text) else { throw self.unexpected() }
            return try self.node(.binary(kind, left, right), at: symbol.offset)
        }
    }

    private mutating func ternary(_ condition: ExpressionNode) throws(ExpressionError) -> ExpressionNode {
        var condition = condition
        while self.current.isSymbol("?") {
            let offset = self.current.offset
            self.advance()
            if self.take(symbol: ":") {
                condition = try self.node(.conditional(condition, then: condition, else: try self.expression(0)), at: offset)
            } else {
                let yes = try self.expression(0)
                try self.expect(symbol: ":")
                condition = try self.node(.conditional(condition, then: yes, else: try self.expression(0)), at: offset)
            }
        }
        return condition
    }

    // MARK: let and if

    private mutating func binding() throws(ExpressionError) -> ExpressionNode {
        let offset = self.current.offset
        self.advance()
        guard self.current.kind == .identifier else { throw self.unexpected("expected a name after 'let'") }
        let name = self.current.text
        guard !self.locals.contains(name) else {
            throw ExpressionError(message: "the variable '\(name)' is bound already", offset: self.current.offset)
        }
        self.advance()
        try self.expect(symbol: "=")
        let value = try self.expression(0)
        try self.expect(symbol: ";")
        self.locals.append(name)
        defer { self.locals.removeLast() }
        let slot = self.locals.count - 1
        return try self.node(.binding(slot: slot, value: value, body: try self.sequence()), at: offset)
    }

    private mutating func conditionalBlock() throws(ExpressionError) -> ExpressionNode {
        self.level += 1
        defer { self.level -= 1 }
        if self.level > ExpressionBounds.nesting { throw self.tooDeep(self.current.offset) }
        let offset = self.current.offset
        self.advance()
        let condition = try self.expression(0)
        let yes = try self.block()
        try self.expect(symbol: "else")
        let no = self.current.isSymbol("if") ? try self.conditionalBlock() : try self.block()
        return try self.node(.conditional(condition, then: yes, else: no), at: offset)
    }

    private mutating func block() throws(ExpressionError) -> ExpressionNode {
        try self.expect(bracket: "{")
        let body = try self.sequence()
        try self.expect(bracket: "}")
        return body
    }

    // MARK: Values

    private mutating func primary() throws(ExpressionError) -> ExpressionNode {
        let token = self.current
        switch (token.kind, token.text) {
        case (.symbol, "not"), (.symbol, "!"):
            self.advance()
            return try self.postfix(try self.node(.not(try self.expression(Precedence.not)), at: token.offset))
        case (.symbol, "-"):
            self.advance()
            return try self.postfix(try self.node(.negate(try self.expression(Precedence.sign)), at: token.offset))
        case (.symbol, "+"):
            self.advance()
            return try self.postfix(try self.node(.plus(try self.expression(Precedence.sign)), at: token.offset))
        case (.bracket, "("):
            self.advance()
            let inner = try self.sequence()
            try self.expect(bracket: ")")
            return try self.postfix(inner)
        case (.symbol, "#") where self.predicates > 0: return try self.postfix(try self.pointer())
        case (.symbol, ".") where self.predicates > 0: return try self.postfix(try self.node(.element, at: token.offset))
        case (.symbol, "::"):
            self.advance()
            let name = self.current
            guard name.kind == .identifier else { throw self.unexpected("expected the name of a function after '::'") }
            self.advance()
            return try self.postfix(try self.call(name, first: nil))
        default: return try self.operand()
        }
    }

    private mutating func pointer() throws(ExpressionError) -> ExpressionNode {
        let offset = self.current.offset
        self.advance()
        guard self.current.kind == .identifier, self.current.offset == offset + 1 else { return try self.node(.element, at: offset) }
        let name = self.current.text
        self.advance()
        switch name {
        case "index": return try self.node(.elementIndex, at: offset)
        case "acc" where self.reductions > 0: return try self.node(.accumulator, at: offset)
        case "acc": throw ExpressionError(message: "'#acc' means something only inside 'reduce'", offset: offset)
        default: throw ExpressionError(message: "unknown pointer '#\(name)', there are '#', '#index' and '#acc'", offset: offset)
        }
    }

    private mutating func operand() throws(ExpressionError) -> ExpressionNode {
        let token = self.current
        switch token.kind {
        case .identifier:
            self.advance()
            return try self.word(token)
        case .number:
            self.advance()
            return try self.node(.constant(try self.number(token)), at: token.offset)
        case .string:
            self.advance()
            return try self.postfix(try self.node(.constant(.string(token.text)), at: token.offset))
        case .bracket where token.text == "[": return try self.postfix(try self.array())
        case .bracket where token.text == "{": return try self.postfix(try self.map())
        case .bracket, .symbol, .end: throw self.unexpected()
        }
    }

    private mutating func word(_ token: ExpressionToken) throws(ExpressionError) -> ExpressionNode {
        switch token.text {
        case "true": return try self.node(.constant(.bool(true)), at: token.offset)
        case "false": return try self.node(.constant(.bool(false)), at: token.offset)
        case "nil": return try self.node(.constant(.null), at: token.offset)
        case "$env": return try self.postfix(try self.node(.environment, at: token.offset))
        case "sprig" where self.current.isSymbol(".") && !self.locals.contains("sprig"): return try self.postfix(try self.sprigCall(token))
        default: break
        }
        if self.current.isBracket("(") { return try self.postfix(try self.call(token, first: nil)) }
        if let slot = self.locals.lastIndex(of: token.text) { return try self.postfix(try self.node(.local(slot), at: token.offset)) }
        return try self.postfix(try self.node(.name(token.text), at: token.offset))
    }

    private func number(_ token: ExpressionToken) throws(ExpressionError) -> ExprValue {
        let digits = token.text.filter { $0 != "_" }.lowercased()
        let radix = digits.hasPrefix("0x") ? 16 : digits.hasPrefix("0o") ? 8 : digits.hasPrefix("0b") ? 2 : 10
        if radix == 10, digits.contains(where: { $0 == "." || $0 == "e" }) {
            let readable = digits.hasPrefix(".") ? "0" + digits : digits
            guard let number = Double(readable), number.isFinite else {
                throw ExpressionError(message: "'\(token.text)' is not a number that fits 64 bits", offset: token.offset)
            }
            return .float(number)
        }
        guard let number = Int64(radix == 10 ? digits[...] : digits.dropFirst(2), radix: radix) else {
            throw ExpressionError(message: "'\(token.text)' is not a whole number that fits 64 bits", offset: token.offset)
        }
        return .int(number)
    }

    private mutating func array() throws(ExpressionError) -> ExpressionNode {
        let offset = self.current.offset
        self.advance()
        var items: [ExpressionNode] = []
        while !self.current.isBracket("]") {
            if !items.isEmpty {
                try self.expect(symbol: ",")
                if self.current.isBracket("]") { break }
            }
            items.append(try self.expression(0))
        }
        try self.expect(bracket: "]")
        return try self.node(.array(items), at: offset)
    }

    private mutating func map() throws(ExpressionError) -> ExpressionNode {
        let offset = self.current.offset
        self.advance()
        var pairs: [(key: ExpressionNode, value: ExpressionNode)] = []
        while !self.current.isBracket("}") {
            if !pairs.isEmpty {
                try self.expect(symbol: ",")
                if self.current.isBracket("}") { break }
            }
            let key = try self.mapKey()
            try self.expect(symbol: ":")
            pairs.append((key, try self.expression(0)))
        }
        try self.expect(bracket: "}")
        return try self.node(.map(pairs), at: offset)
    }

    private mutating func mapKey() throws(ExpressionError) -> ExpressionNode {
        let token = self.current
        switch token.kind {
        case .number, .string, .identifier:
            self.advance()
            return try self.node(.constant(.string(token.text)), at: token.offset)
        case .bracket where token.text == "(": return try self.expression(0)
        case .symbol where ExpressionLexer.wordOperators.contains(token.text):
            self.advance()
            return try self.node(.constant(.string(token.text)), at: token.offset)
        case .bracket, .symbol, .end:
            throw self.unexpected("a map key is a quoted string, a number, a name or an expression in parentheses")
        }
    }
}
