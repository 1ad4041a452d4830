import Diagnostics

/// What follows a value: members, slices and calls.
extension ExpressionParser {
    mutating func postfix(_ base: ExpressionNode) throws(ExpressionError) -> ExpressionNode {
        var node = base
        while true {
            let token = self.current
            if token.isSymbol(".") || token.isSymbol("?.") {
                self.advance()
                let isOptional = token.text == "?."
                if isOptional, self.current.isBracket("[") {
                    node = try self.subscripted(node, isOptional: true)
                } else {
                    node = try self.namedMember(node, isOptional: isOptional, at: token.offset)
                }
            } else if token.isBracket("[") {
                node = try self.subscripted(node, isOptional: false)
            } else {
                return node
            }
        }
    }

    /// One more link: a chain stays one chain, and an optional link makes one.
    private func link(_ base: ExpressionNode, isOptional: Bool, at offset: Int, _ make: (ExpressionNode) -> ExpressionNode.Kind)
        throws(ExpressionError) -> ExpressionNode
    {
        if case .chain(let inner) = base.kind {
            return try self.node(.chain(try self.node(make(inner), at: offset)), at: base.offset)
        }
        let linked = try self.node(make(base), at: offset)
        return isOptional ? try self.node(.chain(linked), at: base.offset) : linked
    }

    private mutating func namedMember(_ base: ExpressionNode, isOptional: Bool, at offset: Int) throws(ExpressionError) -> ExpressionNode {
        let name = self.current
        guard name.kind == .identifier || (name.kind == .symbol && ExpressionLexer.wordOperators.contains(name.text)) else {
            throw self.unexpected("expected a name after '.'")
        }
        self.advance()
        if self.current.isBracket("(") {
            let arguments = try self.arguments()
            return try self.link(base, isOptional: isOptional, at: name.offset) {
                .method($0, name.text, arguments, isOptional: isOptional)
            }
        }
        let property = try self.node(.constant(.string(name.text)), at: name.offset)
        return try self.link(base, isOptional: isOptional, at: name.offset) { .member($0, property, isOptional: isOptional) }
    }

    private mutating func subscripted(_ base: ExpressionNode, isOptional: Bool) throws(ExpressionError) -> ExpressionNode {
        let offset = self.current.offset
        try self.expect(bracket: "[")
        var from: ExpressionNode?
        if !self.current.isSymbol(":") { from = try self.expression(0) }
        guard self.take(symbol: ":") else {
            try self.expect(bracket: "]")
            let property = from!
            return try self.link(base, isOptional: isOptional, at: offset) { .member($0, property, isOptional: isOptional) }
        }
        let to = self.current.isBracket("]") ? nil : try self.expression(0)
        try self.expect(bracket: "]")
        return try self.link(base, isOptional: isOptional, at: offset) { .slice($0, from: from, to: to) }
    }

    private mutating func arguments() throws(ExpressionError) -> [ExpressionNode] {
        try self.expect(bracket: "(")
        var items: [ExpressionNode] = []
        while !self.current.isBracket(")") {
            if !items.isEmpty {
                try self.expect(symbol: ",")
                if self.current.isBracket(")") { break }
            }
            items.append(try self.expression(0))
        }
        try self.expect(bracket: ")")
        return items
    }

    /// A call by name; `first` is what a pipe puts in front of the arguments.
    mutating func call(_ name: ExpressionToken, first: ExpressionNode?) throws(ExpressionError) -> ExpressionNode {
        if let predicate = PredicateFunction(rawValue: name.text) { return try self.predicateCall(predicate, name, first: first) }
        let arguments = (first.map { [$0] } ?? []) + (try self.arguments())
        guard let function = Builtins.table[name.text] else {
            let guess = Spelling.closest(to: name.text, among: Builtins.names)
            throw ExpressionError(message: "unknown function '\(name.text)'" + Self.suggestion(guess), offset: name.offset)
        }
        return try self.checkedCall(function, arguments, at: name.offset)
    }

    mutating func sprigCall(_ root: ExpressionToken) throws(ExpressionError) -> ExpressionNode {
        self.advance()
        let name = self.current
        guard name.kind == .identifier || name.kind == .symbol else {
            throw self.unexpected("expected a function after 'sprig.'")
        }
        if let reason = Sprig.leftOut[name.text] {
            throw ExpressionError(message: "'sprig.\(name.text)' is not available: \(reason)", offset: root.offset)
        }
        guard let function = Sprig.table[name.text] else {
            let guess = Spelling.closest(to: name.text, among: Sprig.table.keys.sorted()).map { "sprig." + $0 }
            throw ExpressionError(message: "unknown function 'sprig.\(name.text)'" + Self.suggestion(guess), offset: root.offset)
        }
        self.advance()
        return try self.checkedCall(function, try self.arguments(), at: root.offset)
    }

    private static func suggestion(_ guess: String?) -> String { guess.map { ", did you mean '\($0)'?" } ?? "" }

    private func checkedCall(_ function: ExprFunction, _ arguments: [ExpressionNode], at offset: Int) throws(ExpressionError)
        -> ExpressionNode
    {
        guard arguments.count >= function.arity.lowerBound else {
            throw ExpressionError(
                message:
                    "not enough arguments to call '\(function.name)': \(arguments.count), and it takes at least \(function.arity.lowerBound)",
                offset: offset)
        }
        guard arguments.count <= function.arity.upperBound else {
            throw ExpressionError(
                message:
                    "too many arguments to call '\(function.name)': \(arguments.count), and it takes at most \(function.arity.upperBound)",
                offset: offset)
        }
        return try self.node(.call(function, arguments), at: offset)
    }

    private mutating func predicateCall(_ function: PredicateFunction, _ name: ExpressionToken, first: ExpressionNode?)
        throws(ExpressionError) -> ExpressionNode
    {
        try self.expect(bracket: "(")
        var arguments: [ExpressionNode] = []
        if let first {
            arguments.append(first)
        } else {
            if self.current.isBracket(")") { throw self.missingArgument(name) }
            arguments.append(try self.expression(0))
            if !self.current.isBracket(")") { try self.expect(symbol: ",") }
        }
        if self.current.isBracket(")") {
            guard function.isPredicateOptional else { throw self.missingArgument(name) }
        } else {
            arguments.append(try self.predicate(isReduction: function == .reduce))
            if function.takesExtra, self.take(symbol: ","), !self.current.isBracket(")") { arguments.append(try self.expression(0)) }
            _ = self.take(symbol: ",")
        }
        try self.expect(bracket: ")")
        return try self.node(.predicate(function, arguments), at: name.offset)
    }

    private func missingArgument(_ name: ExpressionToken) -> ExpressionError {
        ExpressionError(message: "not enough arguments to call '\(name.text)'", offset: name.offset)
    }

    private mutating func predicate(isReduction: Bool) throws(ExpressionError) -> ExpressionNode {
        let hasBraces = self.take(bracket: "{")
        self.predicates += 1
        let outer = self.reductions
        self.reductions = isReduction ? 1 : 0
        defer {
            self.predicates -= 1
            self.reductions = outer
        }
        let body = hasBraces ? try self.sequence() : try self.expression(0)
        if hasBraces {
            try self.expect(bracket: "}")
        } else if self.current.isSymbol(";") {
            throw self.unexpected("wrap the predicate in '{' and '}'")
        }
        return body
    }
}
