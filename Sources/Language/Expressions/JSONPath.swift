/// A path into JSON: `$.employees[?(@.age>42 && @.age<44)].name`.
///
/// A path that can meet only one value gives that value, and an error when it is not there. A path with a wildcard, a slice, a union, a
/// filter or `..` gives an array of what it meets.
struct JSONPath {
    private let segments: [Segment]
    private let isDefinite: Bool

    struct Segment {
        var selectors: [Selector]
        /// `..`: applies to the value and everything below it.
        var isRecursive: Bool
    }

    enum Selector {
        case name(String)
        case index(Int64)
        case slice(from: Int64?, to: Int64?, step: Int64)
        case wildcard
        case filter(Condition)
    }

    indirect enum Condition {
        case or(Condition, Condition)
        case and(Condition, Condition)
        case not(Condition)
        case compare(BinaryOperator, Operand, Operand)
        case matches(Operand, RegularExpression)
        /// A path alone: whether there is something.
        case exists(Operand)
    }

    enum Operand {
        case literal(ExprValue)
        case path(JSONPath, fromRoot: Bool)
    }

    init(_ text: String) throws(ExpressionError) {
        var parser = JSONPathParser(text)
        self = try parser.document()
    }

    init(segments: [Segment]) {
        self.segments = segments
        self.isDefinite = segments.allSatisfy { segment in
            guard !segment.isRecursive, segment.selectors.count == 1 else { return false }
            switch segment.selectors[0] {
            case .name, .index: return true
            case .slice, .wildcard, .filter: return false
            }
        }
    }

    func value(in root: ExprValue, _ evaluation: inout Evaluation) throws(ExpressionError) -> ExprValue {
        let found = try self.values(from: root, root: root, &evaluation)
        if !self.isDefinite { return try evaluation.made(.array(found)) }
        guard let value = found.first else { throw ExpressionError("nothing stands at the path \(self.text)") }
        return value
    }

    private var text: String {
        "$"
            + self.segments.map { segment in
                switch segment.selectors[0] {
                case .name(let name): "[\(GoText.quoted(name))]"
                case .index(let index): "[\(index)]"
                case .slice, .wildcard, .filter: "[*]"
                }
            }.joined()
    }

    private func values(from start: ExprValue, root: ExprValue, _ evaluation: inout Evaluation) throws(ExpressionError) -> [ExprValue] {
        var current = [start]
        for segment in self.segments {
            var next: [ExprValue] = []
            for value in current {
                if segment.isRecursive {
                    try self.descend(value, segment, root, into: &next, &evaluation)
                } else {
                    for selector in segment.selectors { try self.select(selector, value, root, into: &next, &evaluation) }
                }
            }
            current = next
        }
        return current
    }

    private func descend(
        _ value: ExprValue, _ segment: Segment, _ root: ExprValue, into out: inout [ExprValue], _ evaluation: inout Evaluation
    )
        throws(ExpressionError)
    {
        try evaluation.spend(1)
        for selector in segment.selectors { try self.select(selector, value, root, into: &out, &evaluation) }
        for child in Evaluation.elements(of: value) ?? [] where child.isContainer {
            try self.descend(child, segment, root, into: &out, &evaluation)
        }
    }

    private func select(
        _ selector: Selector, _ value: ExprValue, _ root: ExprValue, into out: inout [ExprValue], _ evaluation: inout Evaluation
    )
        throws(ExpressionError)
    {
        try evaluation.spend(1)
        switch (selector, value) {
        case (.name(let name), .map(let map)): if let member = map[name] { out.append(member) }
        case (.name("length"), .array(let items)): out.append(.int(Int64(items.count)))
        case (.name("length"), .string(let text)): out.append(.int(Int64(text.unicodeScalars.count)))
        case (.index(let position), .array(let items)):
            let index = position < 0 ? position &+ Int64(items.count) : position
            if index >= 0, index < items.count { out.append(items[Int(index)]) }
        case (.slice(let from, let to, let step), .array(let items)):
            for index in Self.indices(items.count, from: from, to: to, step: step) {
                try evaluation.spend(1)
                out.append(items[index])
            }
        case (.wildcard, _):
            let items = Evaluation.elements(of: value) ?? []
            try evaluation.spend(items.count)
            out += items
        case (.filter(let condition), _):
            for item in Evaluation.elements(of: value) ?? [] where try self.holds(condition, item, root, &evaluation) { out.append(item) }
        case (.name, _), (.index, _), (.slice, _): break
        }
    }

    private static func indices(_ count: Int, from: Int64?, to: Int64?, step: Int64) -> [Int] {
        guard step != 0, count > 0 else { return [] }
        if step > 0 {
            let range = ExprOperators.sliceRange(count: count, from: from, to: to)
            return stride(from: range.lowerBound, to: range.upperBound, by: Int(min(step, Int64(count)))).map { $0 }
        }
        // Backwards: from the end, or `from`, down to but without `to`.
        func place(_ bound: Int64) -> Int { Int(bound < 0 ? max(bound, -Int64(count) - 1) + Int64(count) : min(bound, Int64(count) - 1)) }
        let start = from.map(place) ?? count - 1
        return stride(from: start, to: to.map(place) ?? -1, by: Int(max(step, -Int64(count)))).filter { $0 >= 0 }
    }

    private func holds(_ condition: Condition, _ item: ExprValue, _ root: ExprValue, _ evaluation: inout Evaluation) throws(ExpressionError)
        -> Bool
    {
        try evaluation.spend(1)
        switch condition {
        case .or(let left, let right):
            return try self.holds(left, item, root, &evaluation) ? true : try self.holds(right, item, root, &evaluation)
        case .and(let left, let right):
            return try self.holds(left, item, root, &evaluation) ? try self.holds(right, item, root, &evaluation) : false
        case .not(let inner): return !(try self.holds(inner, item, root, &evaluation))
        case .exists(let operand):
            guard let value = try self.resolve(operand, item, root, &evaluation) else { return false }
            return value != .bool(false) && !value.isNull
        case .matches(let operand, let pattern):
            guard case .string(let text)? = try self.resolve(operand, item, root, &evaluation) else { return false }
            return pattern.matches(text)
        case .compare(let symbol, let left, let right):
            guard let first = try self.resolve(left, item, root, &evaluation), let second = try self.resolve(right, item, root, &evaluation)
            else {
                return symbol == .notEqual
            }
            switch symbol {
            case .equal: return first.equals(second)
            case .notEqual: return !first.equals(second)
            default:
                do throws(ExpressionError) { return try ExprOperators.compare(symbol, first, second) } catch {
                    // Kinds without an order do not fulfil the condition.
                    return false
                }
            }
        }
    }

    private func resolve(_ operand: Operand, _ item: ExprValue, _ root: ExprValue, _ evaluation: inout Evaluation) throws(ExpressionError)
        -> ExprValue?
    {
        switch operand {
        case .literal(let value): return value
        case .path(let path, let fromRoot):
            let found = try path.values(from: fromRoot ? root : item, root: root, &evaluation)
            return path.isDefinite ? found.first : found.isEmpty ? nil : .array(found)
        }
    }
}

/// Reads paths, and the conditions inside of them.
private struct JSONPathParser {
    private let text: String
    private let scalars: [Unicode.Scalar]
    private var at = 0
    private var level = 0

    init(_ text: String) {
        self.text = text
        self.scalars = Array(text.unicodeScalars)
    }

    private func fault(_ what: String) -> ExpressionError {
        let shown = self.scalars.count > 200 ? String(self.text.prefix(200)) + "…" : self.text
        return ExpressionError("'\(shown)' is not a JSON path: \(what) at character \(self.at + 1)")
    }

    private var current: Unicode.Scalar? { self.at < self.scalars.count ? self.scalars[self.at] : nil }

    private func looksAt(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        return self.at + wanted.count <= self.scalars.count && self.scalars[self.at..<self.at + wanted.count].elementsEqual(wanted)
    }

    private mutating func take(_ text: String) -> Bool {
        guard self.looksAt(text) else { return false }
        self.at += text.unicodeScalars.count
        return true
    }

    private mutating func skipBlanks() {
        while let current = self.current, TextSearch.isBlank(current) { self.at += 1 }
    }

    mutating func document() throws(ExpressionError) -> JSONPath {
        self.skipBlanks()
        guard self.take("$") else { throw self.fault("it must start with '$'") }
        let path = try self.path()
        self.skipBlanks()
        guard self.current == nil else { throw self.fault("unexpected '\(self.current!)'") }
        return path
    }

    private mutating func path() throws(ExpressionError) -> JSONPath {
        self.level += 1
        defer { self.level -= 1 }
        if self.level > 20 { throw self.fault("filters nest too deeply") }
        var segments: [JSONPath.Segment] = []
        while let current = self.current, current == "." || current == "[" {
            let isRecursive = self.take("..")
            if self.current == "[" {
                segments.append(JSONPath.Segment(selectors: try self.bracket(), isRecursive: isRecursive))
            } else {
                guard isRecursive || self.take(".") else { break }
                segments.append(JSONPath.Segment(selectors: [try self.dotted()], isRecursive: isRecursive))
            }
        }
        return JSONPath(segments: segments)
    }

    private mutating func dotted() throws(ExpressionError) -> JSONPath.Selector {
        if self.take("*") { return .wildcard }
        let start = self.at
        while let current = self.current, ExpressionLexer.continuesName(current) || current == "-" { self.at += 1 }
        guard self.at > start else { throw self.fault("expected a name") }
        return .name(String(scalars: self.scalars[start..<self.at]))
    }

    private mutating func bracket() throws(ExpressionError) -> [JSONPath.Selector] {
        self.at += 1
        var selectors: [JSONPath.Selector] = []
        repeat {
            self.skipBlanks()
            selectors.append(try self.selector())
            self.skipBlanks()
        } while self.take(",")
        guard self.take("]") else { throw self.fault("expected ']'") }
        return selectors
    }

    private mutating func selector() throws(ExpressionError) -> JSONPath.Selector {
        switch self.current {
        case "*":
            self.at += 1
            return .wildcard
        case "'", "\"": return .name(try self.string())
        case "?":
            self.at += 1
            self.skipBlanks()
            guard self.take("(") else { throw self.fault("expected '(' after '?'") }
            let condition = try self.condition()
            self.skipBlanks()
            guard self.take(")") else { throw self.fault("expected ')'") }
            return .filter(condition)
        default: return try self.indexOrSlice()
        }
    }

    private mutating func indexOrSlice() throws(ExpressionError) -> JSONPath.Selector {
        let from = try self.integer()
        self.skipBlanks()
        guard self.take(":") else {
            guard let from else { throw self.fault("expected a name in quotes, a number, a slice, '*' or '?'") }
            return .index(from)
        }
        self.skipBlanks()
        let to = try self.integer()
        self.skipBlanks()
        guard self.take(":") else { return .slice(from: from, to: to, step: 1) }
        self.skipBlanks()
        return .slice(from: from, to: to, step: try self.integer() ?? 1)
    }

    private mutating func integer() throws(ExpressionError) -> Int64? {
        let start = self.at
        _ = self.take("-")
        while let current = self.current, ("0"..."9").contains(current) { self.at += 1 }
        guard self.at > start else { return nil }
        guard let number = Int64(String(scalars: self.scalars[start..<self.at])) else { throw self.fault("not a number") }
        return number
    }

    private mutating func string() throws(ExpressionError) -> String {
        let quote = self.current
        self.at += 1
        var view = String.UnicodeScalarView()
        while let current = self.current {
            self.at += 1
            if current == quote { return String(view) }
            if current == "\\", let next = self.current {
                view.append(next)
                self.at += 1
            } else {
                view.append(current)
            }
        }
        throw self.fault("the name is not closed")
    }

    // MARK: Conditions

    private mutating func condition() throws(ExpressionError) -> JSONPath.Condition {
        self.level += 1
        defer { self.level -= 1 }
        if self.level > 20 { throw self.fault("conditions nest too deeply") }
        var left = try self.conjunction()
        var count = 0
        self.skipBlanks()
        while self.take("||") {
            left = .or(left, try self.conjunction())
            count += 1
            if count > ExpressionBounds.nesting { throw self.fault("too many conditions") }
            self.skipBlanks()
        }
        return left
    }

    private mutating func conjunction() throws(ExpressionError) -> JSONPath.Condition {
        var left = try self.term()
        var count = 0
        self.skipBlanks()
        while self.take("&&") {
            left = .and(left, try self.term())
            count += 1
            if count > ExpressionBounds.nesting { throw self.fault("too many conditions") }
            self.skipBlanks()
        }
        return left
    }

    private static let comparisons: [BinaryOperator] = [.equal, .notEqual, .lessOrEqual, .greaterOrEqual, .less, .greater]

    private mutating func term() throws(ExpressionError) -> JSONPath.Condition {
        self.skipBlanks()
        if self.current == "!", !self.looksAt("!=") {
            self.at += 1
            self.level += 1
            defer { self.level -= 1 }
            if self.level > 20 { throw self.fault("conditions nest too deeply") }
            return .not(try self.term())
        }
        if self.take("(") {
            let inner = try self.condition()
            self.skipBlanks()
            guard self.take(")") else { throw self.fault("expected ')'") }
            return inner
        }
        let left = try self.operand()
        self.skipBlanks()
        if self.take("=~") { return .matches(left, try self.pattern()) }
        for symbol in Self.comparisons where self.take(symbol.rawValue) { return .compare(symbol, left, try self.operand()) }
        return .exists(left)
    }

    private mutating func pattern() throws(ExpressionError) -> RegularExpression {
        self.skipBlanks()
        if self.current == "'" || self.current == "\"" { return try RegularExpression(try self.string()) }
        guard self.take("/") else { throw self.fault("expected a pattern") }
        let start = self.at
        while let current = self.current, current != "/" { self.at += current == "\\" ? 2 : 1 }
        guard self.at < self.scalars.count else { throw self.fault("the pattern is not closed with '/'") }
        let text = String(scalars: self.scalars[start..<self.at])
        self.at += 1
        return try RegularExpression(self.take("i") ? "(?i)" + text : text)
    }

    private mutating func operand() throws(ExpressionError) -> JSONPath.Operand {
        self.skipBlanks()
        if self.take("@") { return .path(try self.path(), fromRoot: false) }
        if self.take("$") { return .path(try self.path(), fromRoot: true) }
        if self.current == "'" || self.current == "\"" { return .literal(.string(try self.string())) }
        for (word, value) in [("true", .bool(true)), ("false", .bool(false)), ("null", .null), ("nil", .null)] as [(String, ExprValue)]
        where self.take(word) {
            return .literal(value)
        }
        let start = self.at
        while let current = self.current, ("0"..."9").contains(current) || "+-.eE".unicodeScalars.contains(current) { self.at += 1 }
        let digits = String(scalars: self.scalars[start..<self.at])
        guard let number = Int64(digits).map(ExprValue.int) ?? Double(digits).map(ExprValue.float) else {
            self.at = start
            throw self.fault("expected '@', '$' or a value")
        }
        return .literal(number)
    }
}
