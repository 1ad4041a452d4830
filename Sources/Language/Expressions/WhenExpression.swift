/// Why a `when` has no answer; the message names the whole text.
public struct WhenError: Error, Sendable, Equatable {
    public var message: String
    /// Where, in characters (Unicode scalars) from the start of the text.
    public var offset: Int
    public init(message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }
}

/// Argo's `when`, after substitution: the govaluate language, in which bare words are strings.
///
/// Operators, weakest first: `?: ??`, `||`, `&&`, `== != < <= > >= =~ !~ in`, `& | ^`, `<< >>`, `+ -`, `* / %`, `**`, `! - ~`. Numbers are
/// floating point. Strings in quotes that look like dates are the seconds since 1970.
public enum WhenExpression {
    /// Whether the condition holds; an empty text does.
    /// - Throws: for a text that is no condition, operations on the wrong kinds of values, and a value that is not true or false.
    public static func evaluate(_ text: String) throws(WhenError) -> Bool {
        if text.isEmpty { return true }
        let value: WhenValue
        do throws(WhenFault) {
            value = try WhenParser.parse(text).value()
        } catch {
            let shown = self.shown(text)
            let message =
                switch error.kind {
                case .invalid:
                    "Invalid 'when' expression '\(shown)': \(error.reason) (hint: try wrapping the affected expression in quotes (\"))"
                case .failed: "Failed to evaluate 'when' expression '\(shown)': \(error.reason)"
                }
            throw WhenError(message: message, offset: error.offset)
        }
        guard case .flag(let flag) = value else {
            throw WhenError(message: "Expected boolean evaluation for '\(self.shown(text))'. Got \(self.shown(value.text))", offset: 0)
        }
        return flag
    }

    private static func shown(_ text: String) -> String { text.utf8.count > 1_000 ? String(text.prefix(1_000)) + "…" : text }
}

struct WhenFault: Error {
    enum Kind {
        /// The text is no condition.
        case invalid
        /// It is one, but has no value.
        case failed
    }
    var kind: Kind
    var reason: String
    /// In characters from the start of the text.
    var offset: Int

    private static let unplaced = -1

    static func invalid(_ reason: String, at offset: Int) -> WhenFault { WhenFault(kind: .invalid, reason: reason, offset: offset) }

    /// From inside an operation, which does not know where it stands in the text; the node adds that.
    static func failed(_ reason: String) -> WhenFault { WhenFault(kind: .failed, reason: reason, offset: Self.unplaced) }

    /// The same fault at `offset`, unless it has a place already.
    func placed(at offset: Int) -> WhenFault {
        guard self.offset == Self.unplaced else { return self }
        var fault = self
        fault.offset = offset
        return fault
    }
}

enum WhenValue: Equatable {
    case none
    case flag(Bool)
    case number(Double)
    case string(String)
    case list([WhenValue])

    var text: String {
        switch self {
        case .none: "<nil>"
        case .flag(let flag): flag ? "true" : "false"
        case .number(let number): GoNumberText.general(number)
        case .string(let text): text
        case .list(let items): "[" + items.map(\.text).joined(separator: " ") + "]"
        }
    }
}
