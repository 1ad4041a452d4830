import WorkflowModel

/// One evaluation of an expression: the variables, what it may still use up, and where it stands.
struct Evaluation {
    private let environment: [String: ExprValue]
    let clock: EvaluationClock
    private var stepsLeft = ExpressionBounds.steps
    private var textBytesLeft = ExpressionBounds.totalTextBytes
    private var generator: SeededGenerator
    /// Values bound by `let`, by slot.
    private var locals: [ExprValue] = []
    /// The predicates that are being evaluated, innermost last.
    var frames: [Frame] = []
    /// Patterns that were made while evaluating, so that a loop compiles each once.
    private var patterns: [String: RegularExpression] = [:]

    /// What `#`, `#index` and `#acc` stand for.
    struct Frame {
        var element: ExprValue = .null
        var index = 0
        var accumulator: ExprValue = .null
    }

    init(environment: [String: ExprValue], clock: EvaluationClock) {
        self.environment = environment
        self.clock = clock
        self.generator = SeededGenerator(seed: clock.seed)
    }

    // MARK: Bounds

    /// Pays for `count` operations.
    mutating func spend(_ count: Int) throws(ExpressionError) {
        guard count <= self.stepsLeft else {
            throw ExpressionError("the expression takes more than \(ExpressionBounds.steps) steps")
        }
        self.stepsLeft -= count
    }

    /// Pays for looking at a text; nothing for other values.
    mutating func spend(reading value: ExprValue) throws(ExpressionError) {
        if case .string(let text) = value, text.utf8.count >= 64 { try self.spend(text.utf8.count / 64) }
    }

    /// Pays for a text before or after it is made.
    mutating func spend(textBytes count: Int) throws(ExpressionError) {
        guard count <= ExpressionBounds.textBytes else {
            throw ExpressionError("the expression makes a text of more than \(ExpressionBounds.textBytes) bytes")
        }
        guard count <= self.textBytesLeft else {
            throw ExpressionError("the expression makes texts of more than \(ExpressionBounds.totalTextBytes) bytes in all")
        }
        self.textBytesLeft -= count
    }

    /// A text as a value, paid for.
    mutating func made(_ text: String) throws(ExpressionError) -> ExprValue {
        try self.spend(textBytes: text.utf8.count)
        return .string(text)
    }

    /// An array or a map as a value, paid for, and refused when arrays and maps nest too deeply in it.
    mutating func made(_ container: ExprValue) throws(ExpressionError) -> ExprValue {
        var visited = 0
        guard self.isShallow(container, levels: ExpressionBounds.valueNesting, &visited) else {
            throw ExpressionError("a value nests deeper than \(ExpressionBounds.valueNesting) levels")
        }
        // Looking is much cheaper than the operations that are counted.
        try self.spend(visited / 16)
        return container
    }

    /// False when there are more levels than allowed. Parts may be shared, so there can be far more to look at than is stored: the look
    /// ends when no evaluation could pay for it, and `visited` then makes `made` say so.
    private func isShallow(_ value: ExprValue, levels: Int, _ visited: inout Int) -> Bool {
        guard levels > 0 else { return false }
        switch value {
        case .array(let items):
            visited += items.count
            for item in items where item.isContainer {
                if visited > 16 * ExpressionBounds.steps { return true }
                if !self.isShallow(item, levels: levels - 1, &visited) { return false }
            }
        case .map(let map):
            visited += 4 * map.count
            for item in map.values where item.isContainer {
                if visited > 16 * ExpressionBounds.steps { return true }
                if !self.isShallow(item, levels: levels - 1, &visited) { return false }
            }
        case .null, .bool, .int, .float, .string, .time, .duration: break
        }
        return true
    }

    mutating func nextRandom() -> UInt64 { self.generator.next() }

    mutating func pattern(_ text: String) throws(ExpressionError) -> RegularExpression {
        if let known = self.patterns[text] { return known }
        // Compiling takes some milliseconds at worst, and what is compiled some megabytes.
        try self.spend(2_000)
        if self.patterns.count >= 16 { self.patterns.removeAll() }
        let pattern = try RegularExpression(text)
        self.patterns[text] = pattern
        return pattern
    }

    // MARK: Values

    mutating func value(of node: ExpressionNode) throws(ExpressionError) -> ExprValue {
        do throws(ExpressionError) {
            try self.spend(1)
            return try self.compute(node)
        } catch {
            throw error.placed(at: node.offset)
        }
    }

    /// Every case that needs more than a line has a function of its own, which keeps the frames of this recursion small.
    private mutating func compute(_ node: ExpressionNode) throws(ExpressionError) -> ExprValue {
        switch node.kind {
        case .constant(let value): return value
        case .name(let name): return try self.variable(name)
        case .local(let slot): return self.locals[slot]
        case .environment: return .map(self.environment)
        case .element: return self.frames[self.frames.count - 1].element
        case .elementIndex: return .int(Int64(self.frames[self.frames.count - 1].index))
        case .accumulator: return self.frames[self.frames.count - 1].accumulator
        case .negate(let operand): return try ExprOperators.negated(try self.value(of: operand))
        case .plus(let operand): return try ExprOperators.unaryPlus(try self.value(of: operand))
        case .not(let operand): return .bool(!(try self.truth(of: operand)))
        case .and(let left, let right): return .bool(try self.truth(of: left) ? try self.truth(of: right) : false)
        case .or(let left, let right): return .bool(try self.truth(of: left) ? true : try self.truth(of: right))
        case .coalesce(let left, let right): return try self.coalesced(left, right)
        case .binary(let symbol, let left, let right): return try self.operated(symbol, left, right)
        case .matches(let text, let pattern, let compiled): return try self.matched(text, pattern, compiled)
        case .conditional(let condition, let yes, let no): return try self.value(of: try self.truth(of: condition) ? yes : no)
        case .member, .method, .slice: return try self.linked(node) ?? .null
        case .chain(let inner): return try self.linked(inner) ?? .null
        case .array(let items): return try self.arrayLiteral(items)
        case .map(let pairs): return try self.mapLiteral(pairs)
        case .binding(let slot, let value, let body): return try self.bound(slot, value, body)
        case .sequence(let nodes): return try self.sequenced(nodes)
        case .call(let function, let arguments): return try self.called(function, arguments)
        case .predicate(let function, let arguments): return try self.applied(function, arguments)
        }
    }

    private func variable(_ name: String) throws(ExpressionError) -> ExprValue {
        guard let value = self.environment[name] else {
            var error = ExpressionError("\(name) is missing")
            error.missing = name
            throw error
        }
        return value
    }

    mutating func truth(of node: ExpressionNode) throws(ExpressionError) -> Bool {
        let value = try self.value(of: node)
        guard case .bool(let flag) = value else {
            throw ExpressionError("expected true or false, this is \(value.typeName)").placed(at: node.offset)
        }
        return flag
    }

    private mutating func operated(_ symbol: BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode) throws(ExpressionError)
        -> ExprValue
    {
        let first = try self.value(of: left)
        let second = try self.value(of: right)
        return try self.operate(symbol, first, second)
    }

    private mutating func coalesced(_ left: ExpressionNode, _ right: ExpressionNode) throws(ExpressionError) -> ExprValue {
        let first = try self.tolerant(left)
        return first.isNull ? try self.value(of: right) : first
    }

    /// A value left of `??`: a member of something that is nil is nil, not an error.
    private mutating func tolerant(_ node: ExpressionNode) throws(ExpressionError) -> ExprValue {
        switch node.kind {
        case .chain(let inner): return try self.tolerant(inner)
        case .member(let base, let property, _):
            let container = try self.tolerant(base)
            return container.isNull ? .null : try self.fetch(container, property)
        default: return try self.value(of: node)
        }
    }

    private mutating func matched(_ text: ExpressionNode, _ pattern: ExpressionNode, _ compiled: RegularExpression?) throws(ExpressionError)
        -> ExprValue
    {
        let subject = try self.value(of: text)
        if subject.isNull { return .bool(false) }
        guard case .string(let subjectText) = subject else {
            throw ExpressionError("'matches' needs texts, the left side is \(subject.typeName)")
        }
        try self.spend(reading: subject)
        if let compiled { return .bool(compiled.matches(subjectText)) }
        let value = try self.value(of: pattern)
        guard case .string(let patternText) = value else {
            throw ExpressionError("'matches' needs texts, the right side is \(value.typeName)")
        }
        return .bool(try self.pattern(patternText).matches(subjectText))
    }

    private mutating func arrayLiteral(_ items: [ExpressionNode]) throws(ExpressionError) -> ExprValue {
        var values: [ExprValue] = []
        values.reserveCapacity(items.count)
        for item in items { values.append(try self.value(of: item)) }
        return try self.made(.array(values))
    }

    private mutating func mapLiteral(_ pairs: [(key: ExpressionNode, value: ExpressionNode)]) throws(ExpressionError) -> ExprValue {
        var map: [String: ExprValue] = [:]
        for (keyNode, valueNode) in pairs {
            let key = try self.value(of: keyNode)
            guard case .string(let name) = key else {
                throw ExpressionError("a map key must be a string, this is \(key.typeName)").placed(at: keyNode.offset)
            }
            map[name] = try self.value(of: valueNode)
        }
        return try self.made(.map(map))
    }

    private mutating func bound(_ slot: Int, _ valueNode: ExpressionNode, _ body: ExpressionNode) throws(ExpressionError) -> ExprValue {
        let value = try self.value(of: valueNode)
        while self.locals.count <= slot { self.locals.append(.null) }
        self.locals[slot] = value
        return try self.value(of: body)
    }

    private mutating func sequenced(_ nodes: [ExpressionNode]) throws(ExpressionError) -> ExprValue {
        for node in nodes.dropLast() { _ = try self.value(of: node) }
        return try self.value(of: nodes[nodes.count - 1])
    }

    private mutating func called(_ function: ExprFunction, _ arguments: [ExpressionNode]) throws(ExpressionError) -> ExprValue {
        var values: [ExprValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments {
            values.append(try self.value(of: argument))
            try self.spend(reading: values[values.count - 1])
        }
        do {
            return try function.body(&self, FunctionCall(name: function.name, arguments: values))
        } catch let error as ExpressionError {
            throw error
        } catch {
            preconditionFailure("'\(function.name)' failed with \(error)")
        }
    }

    // MARK: Members

    /// A member, slice or method; nil as soon as an optional link finds nil.
    private mutating func linked(_ node: ExpressionNode) throws(ExpressionError) -> ExprValue? {
        switch node.kind {
        case .member(let base, let property, let isOptional):
            guard let container = try self.linked(base) else { return nil }
            if isOptional, container.isNull { return nil }
            do throws(ExpressionError) {
                return try self.fetch(container, property)
            } catch {
                throw Self.naming(base, in: error, when: container.isNull).placed(at: node.offset)
            }
        case .slice(let base, let from, let to):
            guard let container = try self.linked(base) else { return nil }
            return try self.sliced(container, from, to)
        case .method(let base, let name, let arguments, let isOptional):
            guard let receiver = try self.linked(base) else { return nil }
            if isOptional, receiver.isNull { return nil }
            var values: [ExprValue] = []
            for argument in arguments { values.append(try self.value(of: argument)) }
            return try TimeMethods.call(name, on: receiver, values)
        default: return try self.value(of: node)
        }
    }

    /// Says which variable was nil, when that is known.
    private static func naming(_ base: ExpressionNode, in error: ExpressionError, when isNull: Bool) -> ExpressionError {
        guard isNull, let reference = ReferenceCollector.references(in: base).first else { return error }
        var error = error
        error.missing = reference.name
        return error
    }

    private mutating func fetch(_ container: ExprValue, _ property: ExpressionNode) throws(ExpressionError) -> ExprValue {
        if case .map(let map) = container, case .constant(.string(let name)) = property.kind { return map[name] ?? .null }
        let key = try self.value(of: property)
        try self.spend(reading: container)
        return try ExprOperators.element(of: container, at: key)
    }

    private mutating func sliced(_ container: ExprValue, _ fromNode: ExpressionNode?, _ toNode: ExpressionNode?) throws(ExpressionError)
        -> ExprValue
    {
        let from = try self.bound(fromNode)
        let to = try self.bound(toNode)
        switch container {
        case .array(let items):
            let range = ExprOperators.sliceRange(count: items.count, from: from, to: to)
            try self.spend(range.count / 8)
            return .array(Array(items[range]))
        case .string(let text):
            let scalars = Array(text.unicodeScalars)
            let range = ExprOperators.sliceRange(count: scalars.count, from: from, to: to)
            try self.spend(scalars.count / 16)
            return try self.made(String(scalars: scalars[range]))
        default: throw ExpressionError("cannot slice \(container.typeName)")
        }
    }

    private mutating func bound(_ node: ExpressionNode?) throws(ExpressionError) -> Int64? {
        guard let node else { return nil }
        let value = try self.value(of: node)
        guard let number = ExprOperators.wholeNumber(value) else {
            throw ExpressionError("a slice bound must be a whole number, this is \(value.typeName)").placed(at: node.offset)
        }
        return number
    }
}

/// Random numbers that depend on a seed only (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension String {
    init(scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}
