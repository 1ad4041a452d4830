/// Why a `when` has no answer; the message names the whole text.
public struct WhenError: Error, Sendable, Equatable {
    public var message: String
    public init(message: String) { self.message = message }
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
            throw switch error {
            case .invalid(let reason):
                WhenError(
                    message: "Invalid 'when' expression '\(shown)': \(reason) (hint: try wrapping the affected expression in quotes (\"))")
            case .failed(let reason): WhenError(message: "Failed to evaluate 'when' expression '\(shown)': \(reason)")
            }
        }
        guard case .flag(let flag) = value else {
            throw WhenError(message: "Expected boolean evaluation for '\(self.shown(text))'. Got \(self.shown(value.text))")
        }
        return flag
    }

    private static func shown(_ text: String) -> String { text.utf8.count > 1_000 ? String(text.prefix(1_000)) + "…" : text }
}

enum WhenFault: Error {
    /// The text is no condition.
    case invalid(String)
    /// It is one, but has no value.
    case failed(String)
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
