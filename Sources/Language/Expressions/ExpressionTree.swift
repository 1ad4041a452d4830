/// One node of a compiled expression.
final class ExpressionNode: Sendable {
    let kind: Kind
    /// Where it stands in the text, in characters.
    let offset: Int
    /// Levels below this one.
    let depth: Int

    enum Kind: Sendable {
        case constant(ExprValue)
        /// A variable of the environment.
        case name(String)
        /// A variable bound by `let`, by its place on the evaluation's stack.
        case local(Int)
        /// `$env`: all variables as one map.
        case environment
        /// `#`, `#index` and `#acc` inside a predicate.
        case element, elementIndex, accumulator
        case negate(ExpressionNode)
        case plus(ExpressionNode)
        case not(ExpressionNode)
        case and(ExpressionNode, ExpressionNode)
        case or(ExpressionNode, ExpressionNode)
        /// `a ?? b`.
        case coalesce(ExpressionNode, ExpressionNode)
        case binary(BinaryOperator, ExpressionNode, ExpressionNode)
        /// `text matches pattern`; the pattern is compiled already when it is written out.
        case matches(ExpressionNode, ExpressionNode, RegularExpression?)
        case conditional(ExpressionNode, then: ExpressionNode, else: ExpressionNode)
        case member(ExpressionNode, ExpressionNode, isOptional: Bool)
        /// Members and calls of which one is optional: the whole is nil as soon as one `?.` finds nil.
        case chain(ExpressionNode)
        case slice(ExpressionNode, from: ExpressionNode?, to: ExpressionNode?)
        case method(ExpressionNode, String, [ExpressionNode], isOptional: Bool)
        case array([ExpressionNode])
        case map([(key: ExpressionNode, value: ExpressionNode)])
        case binding(slot: Int, value: ExpressionNode, body: ExpressionNode)
        case sequence([ExpressionNode])
        case call(ExprFunction, [ExpressionNode])
        case predicate(PredicateFunction, [ExpressionNode])
    }

    init(_ kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
        self.depth = kind.children.reduce(0) { max($0, $1.depth) } + 1
    }
}

extension ExpressionNode.Kind {
    var children: [ExpressionNode] {
        switch self {
        case .constant, .name, .local, .environment, .element, .elementIndex, .accumulator: []
        case .negate(let operand), .plus(let operand), .not(let operand), .chain(let operand): [operand]
        case .and(let left, let right), .or(let left, let right), .coalesce(let left, let right), .binary(_, let left, let right),
            .matches(let left, let right, _), .member(let left, let right, _), .binding(_, let left, let right):
            [left, right]
        case .conditional(let condition, let yes, let no): [condition, yes, no]
        case .slice(let base, let from, let to): [base] + [from, to].compactMap { $0 }
        case .method(let base, _, let arguments, _): [base] + arguments
        case .array(let items), .sequence(let items), .call(_, let items), .predicate(_, let items): items
        case .map(let pairs): pairs.flatMap { [$0.key, $0.value] }
        }
    }
}

/// The operators that need the values of both sides.
enum BinaryOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case contains, startsWith, endsWith
    case range = ".."
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case power = "**"
}

/// The builtins that take a predicate, an expression that is evaluated for each element.
enum PredicateFunction: String, Sendable, CaseIterable {
    case all, none, any, one, filter, map, count, sum, find, findIndex, findLast, findLastIndex, groupBy, sortBy, reduce

    /// Whether the predicate may be left out.
    var isPredicateOptional: Bool { self == .count || self == .sum }
    /// Whether one more plain argument may follow the predicate: the order of `sortBy`, the start of `reduce`.
    var takesExtra: Bool { self == .sortBy || self == .reduce }
}
