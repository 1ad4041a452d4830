import WorkflowModel

/// Kubernetes' JSONPath templates, as `kubectl -o jsonpath=` takes them: text with paths in braces.
///
///     {.status.phase}   {.items[0].metadata.name}   {.spec.ports[?(@.name=="web")].port}   {range .items[*]}{.metadata.name}{"\n"}{end}
///
/// What is not there prints nothing; an index outside its list is an error. Several values of one path are printed with blanks between them.
struct ObjectPath: Sendable {
    indirect enum Part: Sendable {
        case text(String)
        /// Each path's values, joined.
        case path(Path)
        case range(Path, [Part])
    }

    struct Path: Sendable {
        var startsAtRoot: Bool
        var steps: [Step]
    }

    enum Step: Sendable {
        case field(String)
        case wildcard
        /// Everything below, the value itself first.
        case descendants
        case index(Int)
        case slice(from: Int?, to: Int?, by: Int)
        case union([Step])
        case filter(Operand, Comparison?)
    }

    enum Operand: Sendable {
        case path(Path)
        case literal(JSONValue)
    }

    struct Comparison: Sendable {
        var sign: String
        var other: Operand
    }

    /// Values that one expression may meet on its way.
    private static let mostValues = 1_000_000
    private static let longestText = 1 << 20

    private let parts: [Part]

    /// - Throws: `ResourceFault` that says where the text goes wrong.
    init(_ text: String) throws(ResourceFault) {
        var parser = ObjectPathParser(text)
        self.parts = try parser.document()
    }

    func text(of object: JSONValue) throws(ResourceFault) -> String {
        var text = ""
        try Self.print(self.parts, object, root: object, into: &text)
        return text
    }

    private static func print(_ parts: [Part], _ current: JSONValue, root: JSONValue, into text: inout String) throws(ResourceFault) {
        for part in parts {
            switch part {
            case .text(let literal): text += literal
            case .path(let path): text += try Self.values(path, current, root).map(Self.shown).joined(separator: " ")
            case .range(let path, let body):
                for value in try Self.values(path, current, root) { try Self.print(body, value, root: root, into: &text) }
            }
            if text.utf8.count > Self.longestText {
                throw ResourceFault("the text of a JSONPath has more than \(Self.longestText >> 20) MiB")
            }
        }
    }

    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: ""
        case .bool, .number, .array, .object: value.json
        }
    }

    // MARK: Walking

    private static func values(_ path: Path, _ current: JSONValue, _ root: JSONValue) throws(ResourceFault) -> [JSONValue] {
        var values = [path.startsAtRoot ? root : current]
        for step in path.steps { values = try Self.apply(step, to: values, root) }
        return values
    }

    private static func apply(_ step: Step, to values: [JSONValue], _ root: JSONValue) throws(ResourceFault) -> [JSONValue] {
        var found: [JSONValue] = []
        for value in values {
            switch step {
            case .field(let name): if let inner = value[name] { found.append(inner) }
            case .wildcard: found += Self.children(of: value)
            case .descendants: try Self.collect(value, into: &found)
            case .index(let index): if let items = value.array { found.append(try Self.item(index, of: items)) }
            case .slice(let from, let to, let by): found += Self.slice(value.array ?? [], from, to, by)
            case .union(let steps): for step in steps { found += try Self.apply(step, to: [value], root) }
            case .filter(let operand, let comparison):
                for item in value.array ?? [] where try Self.holds(operand, comparison, item, root) { found.append(item) }
            }
            if found.count > Self.mostValues { throw ResourceFault("a JSONPath meets more than \(Self.mostValues) values") }
        }
        return found
    }

    private static func children(of value: JSONValue) -> [JSONValue] {
        switch value {
        case .array(let items): items
        case .object(let object): object.values
        case .null, .bool, .number, .string: []
        }
    }

    private static func collect(_ value: JSONValue, into found: inout [JSONValue]) throws(ResourceFault) {
        found.append(value)
        if found.count > Self.mostValues { throw ResourceFault("a JSONPath meets more than \(Self.mostValues) values") }
        for child in Self.children(of: value) { try Self.collect(child, into: &found) }
    }

    private static func item(_ index: Int, of items: [JSONValue]) throws(ResourceFault) -> JSONValue {
        let place = index < 0 ? items.count + index : index
        guard items.indices.contains(place) else {
            throw ResourceFault("array index out of bounds: index \(index), length \(items.count)")
        }
        return items[place]
    }

    private static func slice(_ items: [JSONValue], _ from: Int?, _ to: Int?, _ by: Int) -> [JSONValue] {
        func place(_ index: Int) -> Int { min(max(index < 0 ? items.count + index : index, 0), items.count) }
        let (start, end) = (place(from ?? 0), place(to ?? items.count))
        return start < end ? stride(from: start, to: end, by: by).map { items[$0] } : []
    }

    // MARK: Filters

    private static func holds(
        _ operand: Operand, _ comparison: Comparison?, _ item: JSONValue, _ root: JSONValue
    ) throws(ResourceFault) -> Bool {
        let left = try Self.values(operand, item, root)
        guard let comparison else { return !left.isEmpty }
        guard let left = left.first, let right = try Self.values(comparison.other, item, root).first else { return false }
        switch comparison.sign {
        case "==": return left == right || Self.order(left, right) == 0
        case "!=": return left != right && Self.order(left, right) != 0
        case "<": return Self.order(left, right).map { $0 < 0 } ?? false
        case "<=": return Self.order(left, right).map { $0 <= 0 } ?? false
        case ">": return Self.order(left, right).map { $0 > 0 } ?? false
        default: return Self.order(left, right).map { $0 >= 0 } ?? false
        }
    }

    private static func values(_ operand: Operand, _ item: JSONValue, _ root: JSONValue) throws(ResourceFault) -> [JSONValue] {
        switch operand {
        case .literal(let value): [value]
        case .path(let path): try Self.values(path, item, root)
        }
    }

    /// - Returns: nil for values that have no order.
    private static func order(_ left: JSONValue, _ right: JSONValue) -> Int? {
        switch (left, right) {
        case (.number(let left), .number(let right)):
            guard let left = Double(left), let right = Double(right) else { return nil }
            return left < right ? -1 : left > right ? 1 : 0
        case (.string(let left), .string(let right)): return left < right ? -1 : left > right ? 1 : 0
        default: return nil
        }
    }
}
