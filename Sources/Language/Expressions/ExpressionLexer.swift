/// A word of the expression language.
struct ExpressionToken {
    enum Kind { case number, string, identifier, symbol, bracket, end }
    var kind: Kind
    /// For a string its value without quotes and escapes; for everything else as written.
    var text: String
    /// Characters from the start of the expression.
    var offset: Int

    func isSymbol(_ text: String) -> Bool { self.kind == .symbol && self.text == text }
    func isBracket(_ text: String) -> Bool { self.kind == .bracket && self.text == text }

    /// As a message names it.
    var shown: String {
        switch self.kind {
        case .end: "end of expression"
        case .string: "string \"\(self.text)\""
        case .number, .identifier, .symbol, .bracket: "'\(self.text)'"
        }
    }
}

/// Splits an expression into words, by the rules of the expr language.
struct ExpressionLexer {
    private let scalars: [Unicode.Scalar]
    private var at = 0
    private var tokens: [ExpressionToken] = []

    /// Words that are operators wherever they stand, except after a dot.
    static let wordOperators: Set<String> = [
        "not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else",
    ]

    private init(_ text: String) { self.scalars = Array(text.unicodeScalars) }

    static func tokens(of text: String) throws(ExpressionError) -> [ExpressionToken] {
        var lexer = ExpressionLexer(text)
        guard lexer.scalars.count <= ExpressionBounds.length else {
            throw ExpressionError(message: "the expression is longer than \(ExpressionBounds.length) characters", offset: 0)
        }
        while try lexer.readToken() {}
        return lexer.tokens
    }

    private var current: Unicode.Scalar? { self.at < self.scalars.count ? self.scalars[self.at] : nil }

    private func peek(_ distance: Int) -> Unicode.Scalar? {
        self.at + distance < self.scalars.count ? self.scalars[self.at + distance] : nil
    }

    private mutating func add(_ kind: ExpressionToken.Kind, length: Int) {
        self.tokens.append(ExpressionToken(kind: kind, text: self.text(self.at, self.at + length), offset: self.at))
        self.at += length
    }

    private func text(_ from: Int, _ to: Int) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: self.scalars[from..<to])
        return String(view)
    }

    private mutating func readToken() throws(ExpressionError) -> Bool {
        guard let character = self.current else {
            self.tokens.append(ExpressionToken(kind: .end, text: "", offset: self.at))
            return false
        }
        switch character {
        case _ where TextSearch.isBlank(character): self.at += 1
        case "'", "\"": try self.readString(quote: character)
        case "`": try self.readRawString()
        case "0"..."9": try self.readNumber()
        case "/" where self.peek(1) == "/": self.skipLineComment()
        case "/" where self.peek(1) == "*": try self.skipBlockComment()
        case "." where self.peek(1).map { ("0"..."9").contains($0) } ?? false: try self.readNumber()
        case ".": self.add(.symbol, length: self.peek(1) == "." ? 2 : 1)
        case "(", "[", "{", ")", "]", "}": self.add(.bracket, length: 1)
        case _ where Self.startsName(character): self.readName()
        default: try self.readSymbol(character)
        }
        return true
    }

    private mutating func readSymbol(_ character: Unicode.Scalar) throws(ExpressionError) {
        switch (character, self.peek(1)) {
        case ("&", "&"), ("|", "|"), ("=", "="), ("!", "="), ("<", "="), (">", "="), ("*", "*"), ("?", "?"), ("?", "."), (":", ":"):
            self.add(.symbol, length: 2)
        case (",", _), (";", _), (":", _), ("%", _), ("+", _), ("-", _), ("^", _), ("/", _), ("*", _), ("<", _), (">", _), ("!", _),
            ("=", _),
            ("?", _), ("#", _), ("|", _):
            self.add(.symbol, length: 1)
        default:
            throw ExpressionError(message: "unexpected character '\(character)'", offset: self.at)
        }
    }

    static func startsName(_ character: Unicode.Scalar) -> Bool {
        switch character {
        case "a"..."z", "A"..."Z", "_", "$": true
        default: !character.isASCII && character.properties.isAlphabetic
        }
    }

    static func continuesName(_ character: Unicode.Scalar) -> Bool {
        switch character {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "$": true
        default: !character.isASCII && (character.properties.isAlphabetic || character.properties.numericType == .decimal)
        }
    }

    private mutating func readName() {
        var length = 1
        while let next = self.peek(length), Self.continuesName(next) { length += 1 }
        let isOperator = Self.wordOperators.contains(self.text(self.at, self.at + length))
        self.add(isOperator ? .symbol : .identifier, length: length)
    }

    private mutating func readNumber() throws(ExpressionError) {
        let start = self.at
        var digits = "0123456789_"
        if self.current == "0", let mark = self.peek(1) {
            switch mark {
            case "x", "X": digits = "0123456789abcdefABCDEF_"
            case "o", "O": digits = "01234567_"
            case "b", "B": digits = "01_"
            default: break
            }
            if digits != "0123456789_" { self.at += 2 }
        }
        self.skip(digits)
        // 1..3 is a range, not the number `1.` with something after it.
        if self.current == ".", self.peek(1) != "." {
            self.at += 1
            self.skip(digits)
        }
        if self.current == "e" || self.current == "E" {
            self.at += 1
            if self.current == "+" || self.current == "-" { self.at += 1 }
            self.skip(digits)
        }
        if let next = self.current, Self.continuesName(next) {
            throw ExpressionError(message: "'\(self.text(start, self.at + 1))' is not a number", offset: start)
        }
        self.tokens.append(ExpressionToken(kind: .number, text: self.text(start, self.at), offset: start))
    }

    private mutating func skip(_ characters: String) {
        while let current = self.current, characters.unicodeScalars.contains(current) { self.at += 1 }
    }

    private mutating func skipLineComment() {
        while let current = self.current, current != "\n" { self.at += 1 }
    }

    private mutating func skipBlockComment() throws(ExpressionError) {
        let start = self.at
        self.at += 2
        while self.current != nil {
            if self.current == "*", self.peek(1) == "/" {
                self.at += 2
                return
            }
            self.at += 1
        }
        throw ExpressionError(message: "the comment is not closed with '*/'", offset: start)
    }

    private mutating func readRawString() throws(ExpressionError) {
        let start = self.at
        self.at += 1
        var value = String.UnicodeScalarView()
        while let character = self.current {
            self.at += 1
            if character != "`" {
                value.append(character)
            } else if self.current == "`" {
                value.append("`")
                self.at += 1
            } else {
                self.tokens.append(ExpressionToken(kind: .string, text: String(value), offset: start))
                return
            }
        }
        throw ExpressionError(message: "the string is not closed with '`'", offset: start)
    }

    private mutating func readString(quote: Unicode.Scalar) throws(ExpressionError) {
        let start = self.at
        self.at += 1
        var value = String.UnicodeScalarView()
        while let character = self.current, character != "\n" {
            self.at += 1
            if character == quote {
                self.tokens.append(ExpressionToken(kind: .string, text: String(value), offset: start))
                return
            }
            value.append(character == "\\" ? try self.readEscape() : character)
        }
        throw ExpressionError(message: "the string is not closed with \(quote)", offset: start)
    }

    /// What stands after a backslash, as in Go: `\n`, `\x41`, `\u00e9`, `\U0001F600`, `\101`.
    private mutating func readEscape() throws(ExpressionError) -> Unicode.Scalar {
        let start = self.at - 1
        guard let mark = self.current else { throw ExpressionError(message: "the string ends after '\\'", offset: start) }
        self.at += 1
        switch mark {
        case "a": return "\u{07}"
        case "b": return "\u{08}"
        case "f": return "\u{0C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{0B}"
        case "\\", "'", "\"", "`", "?": return mark
        case "x": return try self.readCode(digits: 2, radix: 16, from: start)
        case "u" where self.current == "{": return try self.readBracedCode(from: start)
        case "u": return try self.readCode(digits: 4, radix: 16, from: start)
        case "U": return try self.readCode(digits: 8, radix: 16, from: start)
        case "0"..."7":
            self.at -= 1
            return try self.readCode(digits: 3, radix: 8, from: start)
        default: throw ExpressionError(message: "unknown escape '\\\(mark)' in a string", offset: start)
        }
    }

    private mutating func readBracedCode(from start: Int) throws(ExpressionError) -> Unicode.Scalar {
        self.at += 1
        var length = 0
        while let next = self.peek(length), next != "}", length < 9 { length += 1 }
        let scalar = try self.readCode(digits: length, radix: 16, from: start)
        guard self.current == "}" else { throw ExpressionError(message: "the escape is not closed with '}'", offset: start) }
        self.at += 1
        return scalar
    }

    private mutating func readCode(digits: Int, radix: Int, from start: Int) throws(ExpressionError) -> Unicode.Scalar {
        let end = min(self.at + digits, self.scalars.count)
        let code = self.text(self.at, end)
        guard digits > 0, end == self.at + digits, code.unicodeScalars.first != "+", let value = UInt32(code, radix: radix),
            let scalar = Unicode.Scalar(value)
        else {
            throw ExpressionError(message: "the escape '\(self.text(start, end))' is not a character", offset: start)
        }
        self.at = end
        return scalar
    }
}
