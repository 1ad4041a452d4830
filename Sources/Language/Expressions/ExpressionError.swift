/// Why an expression cannot be read or has no value.
public struct ExpressionError: Error, Sendable, Equatable {
    public var message: String
    /// Where, in characters (Unicode scalars) from the start of the text.
    public var offset: Int
    /// The name that has no value here, when that is the reason: `foo`, `steps.a.outputs.result`.
    public var missing: String?

    public init(message: String, offset: Int, missing: String? = nil) {
        self.message = message
        self.offset = offset
        self.missing = missing
    }

    /// From inside an operation, which does not know where it stands in the text; the evaluation adds that.
    init(_ message: String) { self.init(message: message, offset: Self.unplaced) }

    private static let unplaced = -1

    /// The same error at `offset`, unless it has a place already.
    func placed(at offset: Int) -> ExpressionError {
        guard self.offset == Self.unplaced else { return self }
        var error = self
        error.offset = offset
        return error
    }
}

/// How much one expression may use up. Whoever wrote it is not trusted, so each of these ends in an error, never in a crash or a stuck
/// machine.
enum ExpressionBounds {
    /// Characters in the text of one expression.
    static let length = 1 << 20
    /// Levels of brackets, calls and operators inside each other.
    static let nesting = 100
    /// Levels of arrays and maps inside each other in a value.
    static let valueNesting = 100
    /// Operations of one evaluation; making or visiting an element of an array counts as one.
    static let steps = 1_000_000
    /// Bytes of one text.
    static let textBytes = 16 << 20
    /// Bytes of all texts that one evaluation makes on its way.
    static let totalTextBytes = 64 << 20
    /// Bytes of memory that a regular expression's program may need.
    static let patternMemory: Int64 = 2 << 20
}
