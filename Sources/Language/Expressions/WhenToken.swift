import WorkflowModel

/// The operators of a condition.
enum WhenSymbol: String {
    case isIn = "in"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case matches = "=~"
    case notMatches = "!~"
    case or = "||"
    case and = "&&"
    case not = "!"
    case bitAnd = "&"
    case bitOr = "|"
    case bitXor = "^"
    case bitNot = "~"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case power = "**"
    case question = "?"
    case colon = ":"
    case coalesce = "??"

    /// How strongly it binds as an operator between two values, 0 for least; nil when it is none.
    var precedence: Int? {
        switch self {
        case .or: 0
        case .and: 1
        case .isIn, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .matches, .notMatches: 2
        case .bitAnd, .bitOr, .bitXor: 3
        case .shiftLeft, .shiftRight: 4
        case .add, .subtract: 5
        case .multiply, .divide, .remainder: 6
        case .power: 7
        case .not, .bitNot, .question, .colon, .coalesce: nil
        }
    }
}

/// A word of a condition.
enum WhenToken: Equatable {
    case number(Double)
    case flag(Bool)
    /// A string in quotes, or a bare word.
    case string(String)
    case symbol(WhenSymbol)
    case comma, open, close

    var shown: String {
        switch self {
        case .number(let number): GoNumberText.general(number)
        case .flag(let flag): flag ? "true" : "false"
        case .string(let text): text
        case .symbol(let symbol): symbol.rawValue
        case .comma: ","
        case .open: "("
        case .close: ")"
        }
    }
}

/// A word and where it begins, in characters from the start of the text.
struct PlacedWhenToken {
    var token: WhenToken
    var offset: Int
}

/// Splits a condition into words as govaluate does.
struct WhenLexer {
    private let scalars: [Unicode.Scalar]
    private var at = 0
    /// Where the token begins that is being read.
    private var start = 0

    private static let longest = 1 << 20

    static func tokens(of text: String) throws(WhenFault) -> [PlacedWhenToken] {
        var lexer = WhenLexer(scalars: Array(text.unicodeScalars))
        guard lexer.scalars.count <= self.longest else {
            throw .invalid("it is longer than \(self.longest) characters", at: self.longest)
        }
        var tokens: [PlacedWhenToken] = []
        while let token = try lexer.next() { tokens.append(PlacedWhenToken(token: token, offset: lexer.start)) }
        return tokens
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private func invalid(_ reason: String) -> WhenFault { .invalid(reason, at: self.start) }

    private var current: Unicode.Scalar? { self.at < self.scalars.count ? self.scalars[self.at] : nil }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? ("0"..."9").contains(scalar) : scalar.properties.numericType == .decimal
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z": true
        default: !scalar.isASCII && scalar.properties.isAlphabetic
        }
    }

    private mutating func next() throws(WhenFault) -> WhenToken? {
        while let current = self.current, TextSearch.isBlank(current) { self.at += 1 }
        self.start = self.at
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
        if self.current == "0", self.start + 1 < self.scalars.count, self.scalars[self.start + 1] == "x" {
            self.at += 2
            let digits = self.run { $0.isASCII && $0.properties.isASCIIHexDigit }
            guard let number = UInt64(digits, radix: 16) else { throw self.invalid("Unable to parse hex value '\(digits)' to uint64") }
            return .number(Double(number))
        }
        let digits = self.run { Self.isDigit($0) || $0 == "." }
        let readable = (digits.hasPrefix(".") ? "0" : "") + digits + (digits.hasSuffix(".") ? "0" : "")
        guard digits != ".", let number = Double(readable) else {
            throw self.invalid("Unable to parse numeric value '\(digits)' to float64")
        }
        return .number(number)
    }

    private mutating func word() throws(WhenFault) -> WhenToken {
        let word = self.run { Self.isLetter($0) || Self.isDigit($0) || $0 == "_" || $0 == "." }
        switch word {
        case "true": return .flag(true)
        case "false": return .flag(false)
        case "in", "IN": return .symbol(.isIn)
        // govaluate takes a dot for access to a field, and there are no fields here.
        case _ where word.hasSuffix("."): throw self.invalid("Hanging accessor on token '\(word)'")
        case _ where word.contains("."): throw self.invalid("Unable to access a field in token '\(word)'")
        default: return .string(word)
        }
    }

    private mutating func bracketed() throws(WhenFault) -> WhenToken {
        self.at += 1
        let name = self.run { $0 != "]" }
        guard self.current == "]" else { throw self.invalid("Unclosed parameter bracket") }
        self.at += 1
        return .string(name)
    }

    private mutating func quoted(_ quote: Unicode.Scalar) throws(WhenFault) -> WhenToken {
        self.at += 1
        let text = self.run { $0 != quote }
        guard self.current == quote else { throw self.invalid("Unclosed string literal") }
        self.at += 1
        if let seconds = WhenDates.seconds(of: text) { return .number(seconds) }
        return .string(text)
    }

    private mutating func symbol() throws(WhenFault) -> WhenToken {
        // `==-1` is an operator and a sign, `&&!` two operators: the longest beginning that is a symbol.
        for length in [2, 1] where self.at + length <= self.scalars.count {
            if let symbol = WhenSymbol(rawValue: String(scalars: self.scalars[self.at..<self.at + length])) {
                self.at += length
                return .symbol(symbol)
            }
        }
        let run = self.scalars[(self.at + 1)...].prefix(while: Self.isSymbolic)
        throw self.invalid("Invalid token: '\(self.scalars[self.at])\(String(scalars: run))'")
    }

    private static func isSymbolic(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "(", ")", "[", "]", "'", "\"": false
        default: !(self.isDigit(scalar) || self.isLetter(scalar) || TextSearch.isBlank(scalar))
        }
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
        for layout in self.layouts { if let time = layout.time(from: text, in: nil) { return Double(time.instant.seconds) } }
        return nil
    }
}
