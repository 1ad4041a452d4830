public import WorkflowModel

/// What an expression may know of the outside: an instant and a seed. It never reads a clock or a source of randomness itself.
public struct EvaluationClock: Sendable, Equatable {
    /// What `now()` gives.
    public var now: Timestamp
    /// Where random texts and numbers such as `sprig.uuidv4()` start from: the same seed gives the same values.
    public var seed: UInt64

    public init(now: Timestamp, seed: UInt64) {
        self.now = now
        self.seed = seed
    }
}

/// A variable that an expression uses, with the members that are written out: `tasks['a'].outputs.result` is `tasks`, `a`, `outputs`,
/// `result`.
public struct ExprReference: Sendable, Hashable {
    /// Stops before the first member that is only known at run time, as in `steps[name].status`.
    public var path: [String]
    /// Whether the expression copes with its absence: it is left of `??`, or a member after `?.`.
    public var isGuarded: Bool
    /// Where its first name stands, in characters.
    public var offset: Int
    /// Whether everything below the path may be read. False only where a method is called on it, as in `lastTime.Unix()`.
    public var isWhole: Bool

    public init(path: [String], isGuarded: Bool, offset: Int, isWhole: Bool = true) {
        self.path = path
        self.isGuarded = isGuarded
        self.offset = offset
        self.isWhole = isWhole
    }

    /// The path with dots: `tasks.a.outputs.result`.
    public var name: String { self.path.joined(separator: ".") }
}

/// An expression of the expr language, read once and evaluated as often as needed.
///
/// Argo's additions are in: `asInt`, `asFloat`, `toJson`, `jsonpath` and the `sprig.*` functions. Times are UTC, to the millisecond.
public struct Expression: Sendable, Equatable {
    public let text: String
    /// The variables it uses, in order of writing: not those that it binds itself, not functions.
    public let references: [ExprReference]
    let root: ExpressionNode
    /// The distinct first names of the references.
    private let roots: [(name: String, offset: Int)]

    /// Reads the text.
    /// - Throws: for a text that is no expression, an unknown function, and a text too long or nested too deeply.
    public init(_ text: String) throws(ExpressionError) {
        self.text = text
        self.root = try ExpressionParser.parse(text)
        self.references = ReferenceCollector.references(in: self.root)
        var roots: [(name: String, offset: Int)] = []
        for reference in self.references where !roots.contains(where: { $0.name == reference.path[0] }) {
            roots.append((reference.path[0], reference.offset))
        }
        self.roots = roots
    }

    public static func == (left: Expression, right: Expression) -> Bool { left.text == right.text }

    /// The value of the expression.
    /// - Parameter environment: the variables by their first names.
    /// - Throws: for a variable that is not in the environment, operations on the wrong kinds of values, and when a bound on steps, depth
    ///   or size is reached; the message says which.
    public func evaluate(in environment: [String: ExprValue], clock: EvaluationClock) throws(ExpressionError) -> ExprValue {
        for (name, offset) in self.roots where environment[name] == nil {
            throw ExpressionError(message: "\(name) is missing", offset: offset, missing: name)
        }
        if case .constant(let value) = self.root.kind { return value }
        var evaluation = Evaluation(environment: environment, clock: clock)
        return try evaluation.value(of: self.root)
    }
}

/// Finds the variables that an expression uses.
struct ReferenceCollector {
    private var references: [ExprReference] = []

    static func references(in root: ExpressionNode) -> [ExprReference] {
        var collector = ReferenceCollector()
        collector.visit(root, isGuarded: false)
        return collector.references
    }

    private mutating func visit(_ node: ExpressionNode, isGuarded: Bool) {
        switch node.kind {
        case .name, .member: self.visitPath(node, isGuarded: isGuarded, isWhole: true)
        case .chain(let inner): self.visit(inner, isGuarded: true)
        case .coalesce(let left, let right):
            self.visit(left, isGuarded: true)
            self.visit(right, isGuarded: isGuarded)
        case .conditional(let condition, let yes, let no):
            self.visit(condition, isGuarded: false)
            self.visit(yes, isGuarded: isGuarded)
            self.visit(no, isGuarded: isGuarded)
        case .method(let base, _, let arguments, _):
            self.visitPath(base, isGuarded: isGuarded, isWhole: false)
            for argument in arguments { self.visit(argument, isGuarded: false) }
        case .slice(let base, let from, let to):
            self.visit(base, isGuarded: isGuarded)
            for bound in [from, to].compactMap({ $0 }) { self.visit(bound, isGuarded: false) }
        default: for child in node.kind.children { self.visit(child, isGuarded: false) }
        }
    }

    /// Follows members that are written out down to a variable; visits whatever else it meets.
    private mutating func visitPath(_ node: ExpressionNode, isGuarded: Bool, isWhole: Bool) {
        var path: [String] = []
        var isWhole = isWhole
        var current = node
        while case .member(let base, let property, _) = current.kind {
            if case .constant(.string(let name)) = property.kind {
                path.append(name)
            } else {
                // What was collected stands behind a dynamic member, and is out of sight.
                path.removeAll()
                isWhole = true
                self.visit(property, isGuarded: false)
            }
            current = base
        }
        switch current.kind {
        case .name(let name):
            path.append(name)
            self.references.append(ExprReference(path: path.reversed(), isGuarded: isGuarded, offset: current.offset, isWhole: isWhole))
        case .environment where !path.isEmpty:
            self.references.append(ExprReference(path: path.reversed(), isGuarded: isGuarded, offset: current.offset, isWhole: isWhole))
        default: self.visit(current, isGuarded: isGuarded)
        }
    }
}
