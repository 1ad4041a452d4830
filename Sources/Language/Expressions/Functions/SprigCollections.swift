/// The `sprig.` functions on lists and dictionaries. None of them changes its arguments: `set` and `unset` give a new dictionary.
enum SprigCollections {
    static var functions: [ExprFunction] { self.choices + SprigText.alsoMust(self.lists + self.merging) + self.dictionaries }

    private static var choices: [ExprFunction] {
        [
            ExprFunction("default", 1...2) { $1.count < 2 || $1[1].isEmpty ? $1[0] : $1[1] },
            ExprFunction("empty", 1...1) { .bool($1[0].isEmpty) },
            ExprFunction("coalesce", 0...ExprFunction.any) { $1.arguments.first { !$0.isEmpty } ?? .null },
            ExprFunction("all", 0...ExprFunction.any) { .bool($1.arguments.allSatisfy { !$0.isEmpty }) },
            ExprFunction("any", 0...ExprFunction.any) { .bool($1.arguments.contains { !$0.isEmpty }) },
            ExprFunction("ternary", 3...3) { _, call in
                guard case .bool(let flag) = call[2] else { throw call.mismatch(2, expected: "true or false") }
                return flag ? call[0] : call[1]
            },
            ExprFunction("list", 0...ExprFunction.any) { try $0.made(.array($1.arguments)) },
            ExprFunction("tuple", 0...ExprFunction.any) { try $0.made(.array($1.arguments)) },
            ExprFunction("concat", 0...ExprFunction.any) { try CollectionFunctions.concatenated(&$0, $1) },
            ExprFunction("sortAlpha", 1...1) { evaluation, call in
                .array(try evaluation.texts(of: try call.array(0)).sorted().map(ExprValue.string))
            },
            ExprFunction("fail", 1...1) { _, call in throw ExpressionError(try call.text(0)) },
        ]
    }

    private static var lists: [ExprFunction] {
        [
            ExprFunction("first", 1...1) { try $1.array(0).first ?? .null },
            ExprFunction("last", 1...1) { try $1.array(0).last ?? .null },
            ExprFunction("rest", 1...1) { .array(Array(try self.copied(&$0, $1).dropFirst())) },
            ExprFunction("initial", 1...1) { .array(Array(try self.copied(&$0, $1).dropLast())) },
            ExprFunction("append", 2...2) { try $0.made(.array(try self.copied(&$0, $1) + [$1[1]])) },
            ExprFunction("push", 2...2) { try $0.made(.array(try self.copied(&$0, $1) + [$1[1]])) },
            ExprFunction("prepend", 2...2) { try $0.made(.array([$1[1]] + (try self.copied(&$0, $1)))) },
            ExprFunction("reverse", 1...1) { .array(try self.copied(&$0, $1).reversed()) },
            ExprFunction("uniq", 1...1) { try CollectionFunctions.unique(&$0, try $1.array(0)) },
            ExprFunction("compact", 1...1) { .array(try self.copied(&$0, $1).filter { !$0.isEmpty }) },
            ExprFunction("without", 1...ExprFunction.any) { evaluation, call in
                let unwanted = call.arguments.dropFirst()
                try evaluation.spend(try call.array(0).count)
                return .array(try call.array(0).filter { item in !unwanted.contains { $0.equals(item) } })
            },
            ExprFunction("has", 2...2) { evaluation, call in
                if call[1].isNull { return .bool(false) }
                return try evaluation.operate(.isIn, call[0], .array(try call.array(1)))
            },
            ExprFunction("slice", 1...3) { evaluation, call in
                let items = try self.copied(&evaluation, call)
                let from = call.count > 1 ? try call.whole(1) : 0
                let to = call.count > 2 ? try call.whole(2) : Int64(items.count)
                return .array(Array(items[ExprOperators.sliceRange(count: items.count, from: from, to: to)]))
            },
            ExprFunction("chunk", 2...2) { evaluation, call in
                let size = Int(max(1, min(try call.whole(0), Int64(ExpressionBounds.steps))))
                let items = try call.array(1)
                try evaluation.spend(items.count)
                return .array(stride(from: 0, to: items.count, by: size).map { .array(Array(items[$0..<min($0 + size, items.count)])) })
            },
        ]
    }

    private static var dictionaries: [ExprFunction] {
        [
            ExprFunction("dict", 0...ExprFunction.any) { evaluation, call in
                var map: [String: ExprValue] = [:]
                for index in stride(from: 0, to: call.count, by: 2) {
                    map[GoText.of(call[index])] = index + 1 < call.count ? call[index + 1] : .string("")
                }
                return try evaluation.made(.map(map))
            },
            ExprFunction("get", 2...2) { try $1.map(0)[try $1.text(1)] ?? .string("") },
            ExprFunction("set", 3...3) { evaluation, call in
                var map = try call.map(0)
                map[try call.text(1)] = call[2]
                try evaluation.spend(map.count)
                return try evaluation.made(.map(map))
            },
            ExprFunction("unset", 2...2) { evaluation, call in
                var map = try call.map(0)
                map[try call.text(1)] = nil
                try evaluation.spend(map.count)
                return .map(map)
            },
            ExprFunction("hasKey", 2...2) { .bool(try $1.map(0)[try $1.text(1)] != nil) },
            ExprFunction("pluck", 2...ExprFunction.any) { _, call in
                var found: [ExprValue] = []
                for index in 1..<call.count { if let value = try call.map(index)[try call.text(0)] { found.append(value) } }
                return .array(found)
            },
            ExprFunction("keys", 1...ExprFunction.any) { evaluation, call in
                var keys: [ExprValue] = []
                for index in call.arguments.indices {
                    keys += try CollectionFunctions.sortedKeys(&evaluation, try call.map(index)).map(ExprValue.string)
                }
                return .array(keys)
            },
            ExprFunction("values", 1...1) { evaluation, call in
                let map = try call.map(0)
                return .array(try CollectionFunctions.sortedKeys(&evaluation, map).map { map[$0]! })
            },
            ExprFunction("pick", 1...ExprFunction.any) { evaluation, call in
                try evaluation.spend(try call.map(0).count / 8)
                let wanted = Set(try self.names(call))
                return .map(try call.map(0).filter { wanted.contains($0.key) })
            },
            ExprFunction("omit", 1...ExprFunction.any) { evaluation, call in
                try evaluation.spend(try call.map(0).count / 8)
                let unwanted = Set(try self.names(call))
                return .map(try call.map(0).filter { !unwanted.contains($0.key) })
            },
            ExprFunction("dig", 3...ExprFunction.any) { _, call in
                var current = call[call.count - 1]
                for index in 0..<(call.count - 2) {
                    guard case .map(let map) = current else {
                        throw ExpressionError("'dig' needs dictionaries on its way, one is \(current.typeName)")
                    }
                    guard let next = map[try call.text(index)] else { return call[call.count - 2] }
                    current = next
                }
                return current
            },
        ]
    }

    private static var merging: [ExprFunction] {
        [
            ExprFunction("merge", 1...ExprFunction.any) { evaluation, call in
                var map = try call.map(0)
                for index in 1..<max(1, call.count) { map = try self.merged(&evaluation, map, try call.map(index), overwrites: false) }
                return try evaluation.made(.map(map))
            },
            ExprFunction("mergeOverwrite", 1...ExprFunction.any) { evaluation, call in
                var map = try call.map(0)
                for index in 1..<max(1, call.count) { map = try self.merged(&evaluation, map, try call.map(index), overwrites: true) }
                return try evaluation.made(.map(map))
            },
            ExprFunction("deepCopy", 1...1) { $1[0] },
        ]
    }

    /// The elements of an array that is about to be copied.
    private static func copied(_ evaluation: inout Evaluation, _ call: FunctionCall, _ index: Int = 0) throws(ExpressionError)
        -> [ExprValue]
    {
        let items = try call.array(index)
        try evaluation.spend(items.count / 8)
        return items
    }

    private static func names(_ call: FunctionCall) throws(ExpressionError) -> [String] {
        var names: [String] = []
        for index in call.arguments.indices.dropFirst() { names.append(try call.text(index)) }
        return names
    }

    /// Both dictionaries in one, also in depth. What is in the first stays, unless it is empty or `overwrites`; nil overwrites, and is
    /// nothing to fill a gap with.
    private static func merged(
        _ evaluation: inout Evaluation, _ first: [String: ExprValue], _ second: [String: ExprValue], overwrites: Bool
    )
        throws(ExpressionError) -> [String: ExprValue]
    {
        var map = first
        try evaluation.spend(second.count)
        for (key, value) in second {
            if case .map(let inner) = value, case .map(let existing)? = map[key] {
                map[key] = .map(try self.merged(&evaluation, existing, inner, overwrites: overwrites))
            } else if overwrites || !value.isNull && map[key]?.isEmpty ?? true {
                map[key] = value
            }
        }
        return map
    }
}
