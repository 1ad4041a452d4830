/// The builtins that evaluate an expression for each element.
extension Evaluation {
    mutating func applied(_ function: PredicateFunction, _ arguments: [ExpressionNode]) throws(ExpressionError) -> ExprValue {
        let source = try self.value(of: arguments[0])
        guard let items = Self.elements(of: source) else {
            throw ExpressionError("'\(function.rawValue)' needs an array, this is \(source.typeName)")
        }
        if case .map(let map) = source { try self.spend(map.count) }
        let extra = arguments.count > 2 ? try self.value(of: arguments[2]) : nil
        let predicate = arguments.count > 1 ? arguments[1] : nil
        if case .reduce = function { return try self.reduced(items, predicate!, start: extra) }
        self.frames.append(Frame())
        defer { self.frames.removeLast() }
        switch function {
        case .all: return .bool(try self.first(items, predicate!, where: false) == nil)
        case .none: return .bool(try self.first(items, predicate!, where: true) == nil)
        case .any: return .bool(try self.first(items, predicate!, where: true) != nil)
        case .one: return .bool(try self.hits(items, predicate!, atMost: 2).count == 1)
        case .filter: return .array(try self.hits(items, predicate!).map { items[$0] })
        case .map: return try self.mapped(items, predicate!)
        case .count: return .int(Int64(try self.counted(items, predicate)))
        case .sum: return try self.summed(items, predicate)
        case .find: return try self.first(items, predicate!, where: true).map { items[$0] } ?? .null
        case .findIndex: return try self.first(items, predicate!, where: true).map { .int(Int64($0)) } ?? .null
        case .findLast: return try self.last(items, predicate!).map { items[$0] } ?? .null
        case .findLastIndex: return try self.last(items, predicate!).map { .int(Int64($0)) } ?? .null
        case .groupBy: return try self.grouped(items, predicate!)
        case .sortBy: return try self.sorted(items, predicate!, order: extra)
        case .reduce: return .null
        }
    }

    /// What can be gone through: arrays, and the values of a map in the order of its keys.
    static func elements(of value: ExprValue) -> [ExprValue]? {
        switch value {
        case .array(let items): items
        case .map(let map): map.keys.sorted().map { map[$0]! }
        default: nil
        }
    }

    private mutating func body(_ node: ExpressionNode, _ item: ExprValue, _ index: Int) throws(ExpressionError) -> ExprValue {
        self.point(at: item, index)
        return try self.value(of: node)
    }

    private mutating func test(_ node: ExpressionNode, _ item: ExprValue, _ index: Int) throws(ExpressionError) -> Bool {
        self.point(at: item, index)
        return try self.truth(of: node)
    }

    private mutating func point(at item: ExprValue, _ index: Int) {
        self.frames[self.frames.count - 1].element = item
        self.frames[self.frames.count - 1].index = index
    }

    private mutating func first(_ items: [ExprValue], _ node: ExpressionNode, where wanted: Bool) throws(ExpressionError) -> Int? {
        for (index, item) in items.enumerated() where try self.test(node, item, index) == wanted { return index }
        return nil
    }

    private mutating func last(_ items: [ExprValue], _ node: ExpressionNode) throws(ExpressionError) -> Int? {
        for index in items.indices.reversed() where try self.test(node, items[index], index) { return index }
        return nil
    }

    private mutating func hits(_ items: [ExprValue], _ node: ExpressionNode, atMost limit: Int = .max) throws(ExpressionError) -> [Int] {
        var hits: [Int] = []
        for (index, item) in items.enumerated() where try self.test(node, item, index) {
            hits.append(index)
            if hits.count == limit { break }
        }
        return hits
    }

    private mutating func mapped(_ items: [ExprValue], _ node: ExpressionNode) throws(ExpressionError) -> ExprValue {
        var out: [ExprValue] = []
        out.reserveCapacity(items.count)
        for (index, item) in items.enumerated() { out.append(try self.body(node, item, index)) }
        return try self.made(.array(out))
    }

    private mutating func counted(_ items: [ExprValue], _ node: ExpressionNode?) throws(ExpressionError) -> Int {
        if let node { return try self.hits(items, node).count }
        var count = 0
        for item in items {
            guard case .bool(let flag) = item else { throw ExpressionError("'count' needs true or false, this is \(item.typeName)") }
            count += flag ? 1 : 0
        }
        return count
    }

    private mutating func summed(_ items: [ExprValue], _ node: ExpressionNode?) throws(ExpressionError) -> ExprValue {
        var sum = ExprValue.int(0)
        for (index, item) in items.enumerated() {
            let term = try node.map { node throws(ExpressionError) in try self.body(node, item, index) } ?? item
            if index == 0, case .duration = term { sum = .duration(nanoseconds: 0) }
            sum = try ExprOperators.add(sum, term)
        }
        return sum
    }

    private mutating func grouped(_ items: [ExprValue], _ node: ExpressionNode) throws(ExpressionError) -> ExprValue {
        var groups: [String: [ExprValue]] = [:]
        for (index, item) in items.enumerated() {
            let key = GoText.of(try self.body(node, item, index))
            groups[key, default: []].append(item)
        }
        return try self.made(.map(groups.mapValues(ExprValue.array)))
    }

    private mutating func sorted(_ items: [ExprValue], _ node: ExpressionNode, order: ExprValue?) throws(ExpressionError) -> ExprValue {
        var keys: [ExprValue] = []
        for (index, item) in items.enumerated() { keys.append(try self.body(node, item, index)) }
        let positions = try CollectionFunctions.sortedPositions(keys, order: order, in: "sortBy")
        return .array(positions.map { items[$0] })
    }

    private mutating func reduced(_ items: [ExprValue], _ node: ExpressionNode, start: ExprValue?) throws(ExpressionError) -> ExprValue {
        guard let first = start ?? items.first else { throw ExpressionError("'reduce' of an empty array needs a start value") }
        self.frames.append(Frame())
        defer { self.frames.removeLast() }
        self.frames[self.frames.count - 1].accumulator = first
        for (index, item) in items.enumerated().dropFirst(start == nil ? 1 : 0) {
            let next = try self.body(node, item, index)
            self.frames[self.frames.count - 1].accumulator = next
        }
        return self.frames[self.frames.count - 1].accumulator
    }
}
