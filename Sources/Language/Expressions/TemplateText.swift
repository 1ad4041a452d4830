/// A text with tags, read once: `{{inputs.parameters.x}}`, `{{=asInt(item) + 1}}`, `{{inputs.parameters.{{item}}}}`.
///
/// What is put in place of a tag is never looked at for tags again. Offsets are characters (Unicode scalars) from the start of the text.
public struct TemplateText: Sendable, Equatable {
    public enum Segment: Sendable, Equatable {
        case literal(String)
        /// A name to look up, without the blanks around it; `source` has braces and blanks as written.
        case simple(name: String, source: String, offset: Int)
        case expression(Expression, source: String, offset: Int)
        /// A name that has tags of its own.
        case nested(TemplateText, source: String, offset: Int)
    }

    public let segments: [Segment]
    /// The text as written. After `partiallyRendered` it holds inserted values too, and must not be read as a template again.
    public let source: String
    /// Whether there is no tag at all.
    public let isLiteral: Bool

    /// Reads a text. Without `{{` in it this costs a scan and no more.
    /// - Throws: for a tag that is not closed, and an expression that cannot be read.
    public init(_ text: String) throws(ExpressionError) { try self.init(text, depth: 0) }

    init(_ text: String, depth: Int) throws(ExpressionError) {
        var reader = TemplateReader(text, depth: depth)
        self.init(segments: try reader.segments(), source: text)
    }

    init(segments: [Segment], source: String) {
        self.segments = segments
        self.source = source
        self.isLiteral = segments.allSatisfy { if case .literal = $0 { true } else { false } }
    }

    /// The names of all simple tags and where they stand, also of those inside other tags.
    public var simpleNames: [(name: String, offset: Int)] {
        self.segments.flatMap { segment -> [(name: String, offset: Int)] in
            switch segment {
            case .literal, .expression: []
            case .simple(let name, let source, let offset): [(name, offset + 2 + Self.leadingBlanks(in: source))]
            case .nested(let inner, _, let offset): inner.simpleNames.map { ($0.name, $0.offset + offset + 2) }
            }
        }
    }

    /// The references of all expressions, with their places in this text.
    public var expressionReferences: [ExprReference] {
        self.segments.flatMap { segment -> [ExprReference] in
            switch segment {
            case .literal, .simple: []
            case .expression(let expression, _, let offset): expression.references.map { Self.moved($0, by: offset + 3) }
            case .nested(let inner, _, let offset): inner.expressionReferences.map { Self.moved($0, by: offset + 2) }
            }
        }
    }

    /// The name when the whole text is exactly one simple tag with nothing around it.
    public var singleTagName: String? {
        guard self.segments.count == 1, case .simple(let name, _, _) = self.segments[0] else { return nil }
        return name
    }

    private static func leadingBlanks(in source: String) -> Int {
        source.unicodeScalars.dropFirst(2).prefix(while: TextSearch.isBlank).count
    }

    private static func moved(_ reference: ExprReference, by distance: Int) -> ExprReference {
        var reference = reference
        reference.offset += distance
        return reference
    }
}

/// Finds the tags of a text.
private struct TemplateReader {
    private let text: String
    private let bytes: [UInt8]
    private let depth: Int
    private var found: [TemplateText.Segment] = []
    /// Up to which byte the text is read, and how many characters that is.
    private var at = 0
    private var characters = 0

    private static let deepest = 8

    init(_ text: String, depth: Int) {
        self.text = text
        self.depth = depth
        self.bytes = Self.hasTag(text) ? Array(text.utf8) : []
    }

    private static func hasTag(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "{"), previous == byte { return true }
            previous = byte
        }
        return false
    }

    mutating func segments() throws(ExpressionError) -> [TemplateText.Segment] {
        if self.bytes.isEmpty { return self.text.isEmpty ? [] : [.literal(self.text)] }
        guard self.depth <= Self.deepest else {
            throw ExpressionError(message: "tags are inside each other more than \(Self.deepest) levels deep", offset: 0)
        }
        while let start = self.find(UInt8(ascii: "{"), from: self.at) {
            if start > self.at { self.found.append(.literal(self.take(to: start))) }
            try self.readTag()
        }
        if self.at < self.bytes.count { self.found.append(.literal(self.take(to: self.bytes.count))) }
        return self.found
    }

    /// The first place from `position` on with this byte twice in a row.
    private func find(_ brace: UInt8, from position: Int) -> Int? {
        var index = position
        while index + 1 < self.bytes.count {
            if self.bytes[index] == brace, self.bytes[index + 1] == brace { return index }
            index += 1
        }
        return nil
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: self.bytes[range], as: UTF8.self) }

    private mutating func take(to end: Int) -> String {
        let piece = self.text(self.at..<end)
        self.at = end
        self.characters += piece.unicodeScalars.count
        return piece
    }

    private mutating func readTag() throws(ExpressionError) {
        if self.at + 2 < self.bytes.count, self.bytes[self.at + 2] == UInt8(ascii: "=") { return try self.readExpression() }
        let offset = self.characters
        guard let (end, isNested) = self.endOfName() else { throw self.unclosed() }
        let inner = self.text(self.at + 2..<end)
        let source = self.take(to: end + 2)
        guard isNested else {
            return self.found.append(.simple(name: TextSearch.trimBlanks(inner), source: source, offset: offset))
        }
        do throws(ExpressionError) {
            self.found.append(.nested(try TemplateText(inner, depth: self.depth + 1), source: source, offset: offset))
        } catch {
            throw ExpressionError(message: error.message, offset: error.offset + offset + 2)
        }
    }

    private func unclosed() -> ExpressionError { ExpressionError(message: "the tag is not closed with '}}'", offset: self.characters) }

    /// Where the braces stand that close the tag, and whether there are tags in between.
    private func endOfName() -> (end: Int, isNested: Bool)? {
        var open = 1
        var isNested = false
        var index = self.at + 2
        while index + 1 < self.bytes.count {
            let isPair = self.bytes[index] == self.bytes[index + 1]
            if isPair, self.bytes[index] == UInt8(ascii: "}") {
                open -= 1
                if open == 0 { return (index, isNested) }
                index += 1
            } else if isPair, self.bytes[index] == UInt8(ascii: "{") {
                open += 1
                isNested = true
                index += 1
            }
            index += 1
        }
        return nil
    }

    /// An expression ends at the first `}}`. When what stands before is no expression, because the braces are part of a string or close two
    /// maps, it ends at the first `}}` outside of strings and brackets.
    private mutating func readExpression() throws(ExpressionError) {
        let start = self.at + 3
        guard let first = self.find(UInt8(ascii: "}"), from: start) else { throw self.unclosed() }
        do throws(ExpressionError) {
            try self.addExpression(start..<first)
        } catch {
            guard let second = self.endOfExpression(from: start), second != first else { throw self.inTag(error) }
            do throws(ExpressionError) {
                try self.refuseTags(in: self.text(start..<second))
                try self.addExpression(start..<second)
            } catch {
                throw self.inTag(error)
            }
        }
    }

    private func inTag(_ error: ExpressionError) -> ExpressionError {
        ExpressionError(message: "failed to evaluate expression: " + error.message, offset: error.offset + self.characters + 3)
    }

    /// A tag in a string of an expression would be passed on as it stands.
    private func refuseTags(in expression: String) throws(ExpressionError) {
        for token in try ExpressionLexer.tokens(of: expression) where token.kind == .string && token.text.contains("{{") {
            throw ExpressionError(message: "a tag cannot stand inside an expression, write its name without braces", offset: token.offset)
        }
    }

    private mutating func addExpression(_ range: Range<Int>) throws(ExpressionError) {
        let expression = try Expression(self.text(range))
        let offset = self.characters
        self.found.append(.expression(expression, source: self.take(to: range.upperBound + 2), offset: offset))
    }

    private func endOfExpression(from start: Int) -> Int? {
        var open = 0
        var quote: UInt8?
        var index = start
        while index < self.bytes.count {
            let byte = self.bytes[index]
            switch (quote, byte) {
            case (let mark?, UInt8(ascii: "\\")) where mark != UInt8(ascii: "`"): index += 1
            case (let mark?, _): if byte == mark { quote = nil }
            case (nil, UInt8(ascii: "'")), (nil, UInt8(ascii: "\"")), (nil, UInt8(ascii: "`")): quote = byte
            case (nil, UInt8(ascii: "(")), (nil, UInt8(ascii: "[")), (nil, UInt8(ascii: "{")): open += 1
            case (nil, UInt8(ascii: "}")) where open == 0:
                return index + 1 < self.bytes.count && self.bytes[index + 1] == byte ? index : nil
            case (nil, UInt8(ascii: ")")), (nil, UInt8(ascii: "]")), (nil, UInt8(ascii: "}")): open -= 1
            default: break
            }
            index += 1
        }
        return nil
    }
}
