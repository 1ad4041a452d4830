/// expr's functions on arrays and maps.
enum CollectionFunctions {
    static var builtins: [ExprFunction] {
        [
            ExprFunction("len", 1...1) { _, call in
                switch call[0] {
                case .string(let text): return .int(Int64(text.unicodeScalars.count))
                case .array(let items): return .int(Int64(items.count))
                case .map(let map): return .int(Int64(map.count))
                default: throw call.mismatch(0, expected: "a string, an array or a map")
                }
            },
            ExprFunction("first", 1...1) { try $1.array(0).first ?? .null },
            ExprFunction("last", 1...1) { try $1.array(0).last ?? .null },
            ExprFunction("get", 2...2) { _, call in
                if call[0].isNull { return .null }
                if case .array(let items) = call[0], let position = ExprOperators.wholeNumber(call[1]) {
                    let index = position < 0 ? position &+ Int64(items.count) : position
                    return index >= 0 && index < items.count ? items[Int(index)] : .null
                }
                return try ExprOperators.element(of: call[0], at: call[1])
            },
            ExprFunction("take", 2...2) { evaluation, call in
                let count = try call.whole(1)
                if count < 0 { throw ExpressionError("'take' needs a count that is not negative, this is \(count)") }
                let taken = try call.array(0).prefix(Int(count))
                try evaluation.spend(taken.count / 8)
                return .array(Array(taken))
            },
            ExprFunction("keys", 1...1) { .array(try self.sortedKeys(&$0, try $1.map(0)).map(ExprValue.string)) },
            ExprFunction("values", 1...1) { evaluation, call in
                let map = try call.map(0)
                return .array(try self.sortedKeys(&evaluation, map).map { map[$0]! })
            },
            ExprFunction("toPairs", 1...1) { evaluation, call in
                let map = try call.map(0)
                let keys = try self.sortedKeys(&evaluation, map)
                return try evaluation.made(.array(keys.map { .array([.string($0), map[$0]!]) }))
            },
            ExprFunction("fromPairs", 1...1) { evaluation, call in
                var map: [String: ExprValue] = [:]
                for pair in try call.array(0) {
                    guard case .array(let items) = pair, items.count == 2 else {
                        throw ExpressionError("'fromPairs' needs an array of pairs")
                    }
                    guard !items[0].isContainer, !items[0].isNull else {
                        throw ExpressionError("'fromPairs' cannot use \(items[0].typeName) as a key")
                    }
                    map[GoText.of(items[0])] = items[1]
                }
                return try evaluation.made(.map(map))
            },
            ExprFunction("reverse", 1...1) { evaluation, call in
                try evaluation.spend(try call.array(0).count)
                return .array(try call.array(0).reversed())
            },
            ExprFunction("uniq", 1...1) { try self.unique(&$0, try $1.array(0)) },
            ExprFunction("concat", 1...ExprFunction.any) { try self.concatenated(&$0, $1) },
            ExprFunction("flatten", 1...1) { evaluation, call in
                var flat: [ExprValue] = []
                try self.flatten(.array(try call.array(0)), into: &flat, &evaluation)
                return .array(flat)
            },
            ExprFunction("sort", 1...2) { evaluation, call in
                let items = try call.array(0)
                try evaluation.spend(items.count)
                return .array(try self.sortedPositions(items, order: call.count > 1 ? call[1] : nil, in: "sort").map { items[$0] })
            },
        ]
    }

    static func sortedKeys(_ evaluation: inout Evaluation, _ map: [String: ExprValue]) throws(ExpressionError) -> [String] {
        try evaluation.spend(map.count)
        return map.keys.sorted()
    }

    static func concatenated(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        var all: [ExprValue] = []
        for index in call.arguments.indices {
            try evaluation.spend(try call.array(index).count)
            all += try call.array(index)
        }
        return .array(all)
    }

    /// The first of all elements that are equal to each other.
    static func unique(_ evaluation: inout Evaluation, _ items: [ExprValue]) throws(ExpressionError) -> ExprValue {
        try evaluation.spend(items.reduce(0) { $0 + GoText.size($1) } / 16 + items.count)
        var seen: Set<ExprValue> = []
        return .array(items.filter { seen.insert($0.canonical).inserted })
    }

    static func flatten(_ value: ExprValue, into flat: inout [ExprValue], _ evaluation: inout Evaluation) throws(ExpressionError) {
        try evaluation.spend(1)
        guard case .array(let items) = value else { return flat.append(value) }
        for item in items { try self.flatten(item, into: &flat, &evaluation) }
    }

    /// The order in which elements with these keys stand; equal ones stay as they were.
    static func sortedPositions(_ keys: [ExprValue], order: ExprValue?, in function: String) throws(ExpressionError) -> [Int] {
        let isDescending: Bool
        switch order {
        case nil, .string("asc"): isDescending = false
        case .string("desc"): isDescending = true
        default: throw ExpressionError("'\(function)' sorts in the order \"asc\" or \"desc\"")
        }
        var failure: ExpressionError?
        let positions = keys.indices.sorted { left, right in
            let isLess = isDescending ? keys[right].isLess(than: keys[left]) : keys[left].isLess(than: keys[right])
            if isLess == nil {
                failure = ExpressionError("'\(function)' cannot compare \(keys[left].typeName) and \(keys[right].typeName)")
            }
            return isLess ?? false
        }
        if let failure { throw failure }
        return positions
    }
}
