import WorkflowModel

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

enum WhenToken: Equatable {
    case number(Double)
    case flag(Bool)
    /// A string in quotes, or a bare word.
    case string(String, isBare: Bool)
    case symbol(String)
    case comma, open, close

    var shown: String {
        switch self {
        case .number(let number): GoNumberText.general(number)
        case .flag(let flag): flag ? "true" : "false"
        case .string(let text, _), .symbol(let text): text
        case .comma: ","
        case .open: "("
        case .close: ")"
        }
    }
}

/// Splits a condition into words as govaluate does.
struct WhenLexer {
    private let scalars: [Unicode.Scalar]
    private var at = 0

    private static let longest = 1 << 20

    static func tokens(of text: String) throws(WhenFault) -> [WhenToken] {
        var lexer = WhenLexer(scalars: Array(text.unicodeScalars))
        guard lexer.scalars.count <= self.longest else { throw .invalid("it is longer than \(self.longest) characters") }
        var tokens: [WhenToken] = []
        while let token = try lexer.next() { tokens.append(token) }
        return tokens
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var current: Unicode.Scalar? { self.at < self.scalars.count ? self.scalars[self.at] : nil }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.numericType == .decimal }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isAlphabetic && !self.isDigit(scalar) }

    private mutating func next() throws(WhenFault) -> WhenToken? {
        while let current = self.current, TextSearch.isBlank(current) { self.at += 1 }
        guard let first = self.current else { return nil }
        switch first {
        case ",": return self.single(.comma)
        case "(": return self.single(.open)
        case ")": return self.single(.close)
        case "'", "\"": return try self.quoted(first)
        case "[": return try self.bracketed()
        case ".": return try self.number()
        case _ where Self.isDigit(first): return try self.number()
        case _ where Self.isLetter(first): return try self.word()
        default: return try self.symbol()
        }
    }

    private mutating func single(_ token: WhenToken) -> WhenToken {
        self.at += 1
        return token
    }

    /// The run of characters that fulfil the condition; a backslash takes the next one as it is.
    private mutating func run(_ belongs: (Unicode.Scalar) -> Bool) -> String {
        var view = String.UnicodeScalarView()
        while let scalar = self.current {
            if scalar == "\\", self.at + 1 < self.scalars.count {
                view.append(self.scalars[self.at + 1])
                self.at += 2
            } else if belongs(scalar) {
                view.append(scalar)
                self.at += 1
            } else {
                break
            }
        }
        return String(view)
    }

    private mutating func number() throws(WhenFault) -> WhenToken {
        let start = self.at
        if self.current == "0", start + 1 < self.scalars.count, self.scalars[start + 1] == "x" {
            self.at += 2
            let digits = self.run { $0.properties.isASCIIHexDigit }
            guard let number = UInt64(digits, radix: 16) else { throw .invalid("Unable to parse hex value '\(digits)' to uint64") }
            return .number(Double(number))
        }
        let digits = self.run { Self.isDigit($0) || $0 == "." }
        let readable = (digits.hasPrefix(".") ? "0" : "") + digits + (digits.hasSuffix(".") ? "0" : "")
        guard digits != ".", let number = Double(readable) else { throw .invalid("Unable to parse numeric value '\(digits)' to float64") }
        return .number(number)
    }

    private mutating func word() throws(WhenFault) -> WhenToken {
        let word = self.run { Self.isLetter($0) || Self.isDigit($0) || $0 == "_" || $0 == "." }
        switch word {
        case "true": return .flag(true)
        case "false": return .flag(false)
        case "in", "IN": return .symbol("in")
        // govaluate takes a dot for access to a field, and there are no fields here.
        case _ where word.hasSuffix("."): throw .invalid("Hanging accessor on token '\(word)'")
        case _ where word.contains("."): throw .invalid("Unable to access a field in token '\(word)'")
        default: return .string(word, isBare: true)
        }
    }

    private mutating func bracketed() throws(WhenFault) -> WhenToken {
        self.at += 1
        let name = self.run { $0 != "]" }
        guard self.current == "]" else { throw .invalid("Unclosed parameter bracket") }
        self.at += 1
        return .string(name, isBare: true)
    }

    private mutating func quoted(_ quote: Unicode.Scalar) throws(WhenFault) -> WhenToken {
        self.at += 1
        let text = self.run { $0 != quote }
        guard self.current == quote else { throw .invalid("Unclosed string literal") }
        self.at += 1
        if let seconds = WhenDates.seconds(of: text) { return .number(seconds) }
        return .string(text, isBare: false)
    }

    private static let symbols: Set<String> = [
        "==", "!=", ">", "<", ">=", "<=", "=~", "!~", "&&", "||", "!", "+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>", "?", ":",
        "??", "~",
    ]

    private mutating func symbol() throws(WhenFault) -> WhenToken {
        let start = self.at
        var end = start
        while end < self.scalars.count, Self.isSymbolic(self.scalars[end]) { end += 1 }
        let whole = String(scalars: self.scalars[start..<max(end, start + 1)])
        // `==-1` is an operator and a sign, `&&!` two operators: the longest beginning that is a symbol.
        for length in [whole.unicodeScalars.count, 2, 1] where length <= whole.unicodeScalars.count {
            let symbol = String(scalars: self.scalars[start..<start + length])
            if Self.symbols.contains(symbol) {
                self.at += length
                return .symbol(symbol)
            }
        }
        throw .invalid("Invalid token: '\(whole)'")
    }

    private static func isSymbolic(_ scalar: Unicode.Scalar) -> Bool {
        !(self.isDigit(scalar) || self.isLetter(scalar) || "()[]'\"".unicodeScalars.contains(scalar) || TextSearch.isBlank(scalar))
    }
}

/// The forms in which govaluate recognises dates.
enum WhenDates {
    private static let layouts = [
        "Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006", "Mon Jan 02 15:04:05 -0700 2006", "3:04PM", "2006-01-02T15:04:05Z07:00",
        "2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05-07:00", "2006-01-02T15Z0700", "2006-01-02T15:04Z0700",
        "2006-01-02T15:04:05Z0700",
    ].map { GoTimeLayout($0) }

    /// Seconds since 1970 when the text is a date.
    static func seconds(of text: String) -> Double? {
        // The cheap look first: nearly all texts are no dates.
        guard (6...40).contains(text.utf8.count), text.utf8.contains(where: { $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        for layout in self.layouts { if let time = layout.time(from: text) { return Double(time.seconds) } }
        return nil
    }
}
