/// The items of a `withSequence`.
public enum SequenceItems {
    /// The most items that one sequence may have.
    public static let most = 1_000_000

    /// The numbers from `start` (0 when nil) to `end`, or `count` of them, each written in the format; downwards when the start is above
    /// the end.
    /// - Parameter format: Go's printf with one whole number, `%d` when nil or empty: `%05d`, `%x`, `host-%02X`, `100%%`.
    /// - Throws: unless exactly one of `end` and `count` is there, for texts that are not whole numbers, a format that does not take one
    ///   number, and more than `most` items. The offset is that in the format, 0 for the rest.
    public static func expand(start: String?, end: String?, count: String?, format: String?) throws(ExpressionError) -> [String] {
        let first = try self.number(start, "start") ?? 0
        let printf = try GoIntegerFormat(format.flatMap { $0.isEmpty ? nil : $0 } ?? "%d")
        let last: Int64
        switch (try self.number(end, "end"), try self.number(count, "count")) {
        case (let end?, nil): last = end
        case (nil, let count?):
            if count == 0 { return [] }
            guard count > 0 else { throw self.fault("'count' of a sequence must not be negative, this is \(count)") }
            let (sum, isOver) = first.addingReportingOverflow(count - 1)
            guard !isOver else { throw self.tooMany() }
            last = sum
        case (nil, nil): throw self.fault("a sequence needs 'end' or 'count'")
        case (_?, _?): throw self.fault("a sequence takes 'end' or 'count', not both")
        }
        return try self.items(from: first, to: last, printf)
    }

    private static func items(from first: Int64, to last: Int64, _ printf: GoIntegerFormat) throws(ExpressionError) -> [String] {
        let distance = first <= last ? last.subtractingReportingOverflow(first) : first.subtractingReportingOverflow(last)
        guard !distance.overflow, distance.partialValue < Int64(self.most) else { throw self.tooMany() }
        let step: Int64 = first <= last ? 1 : -1
        var items: [String] = []
        var bytes = 0
        for index in 0...distance.partialValue {
            let item = printf.text(of: first + index * step)
            bytes += item.utf8.count
            guard bytes <= ExpressionBounds.totalTextBytes else {
                throw self.fault("the sequence makes texts of more than \(ExpressionBounds.totalTextBytes) bytes")
            }
            items.append(item)
        }
        return items
    }

    private static func number(_ text: String?, _ name: String) throws(ExpressionError) -> Int64? {
        guard let text else { return nil }
        guard let number = Int64(text) else { throw self.fault("'\(name)' of a sequence must be a whole number, this is '\(text)'") }
        return number
    }

    private static func fault(_ message: String) -> ExpressionError { ExpressionError(message: message, offset: 0) }

    private static func tooMany() -> ExpressionError { self.fault("the sequence has more than \(self.most) items") }
}

/// Go's printf with one whole number.
struct GoIntegerFormat {
    private enum Part {
        case literal(String)
        case number(Verb)
    }

    private struct Verb {
        var letter: Unicode.Scalar = "d"
        var isLeft = false, hasPlus = false, hasBlank = false, hasZeros = false, isAlternate = false
        var width = 0
        var precision: Int?

        /// Nothing but digits.
        var isPlain: Bool { self.width == 0 && self.precision == nil && !self.hasPlus && !self.hasBlank }
    }

    private var parts: [Part] = []
    private static let widest = 1_000

    init(_ format: String) throws(ExpressionError) {
        let scalars = Array(format.unicodeScalars)
        var at = 0
        var literal = String.UnicodeScalarView()
        var uses = 0
        while at < scalars.count {
            guard scalars[at] == "%" else {
                literal.append(scalars[at])
                at += 1
                continue
            }
            let start = at
            if at + 1 < scalars.count, scalars[at + 1] == "%" {
                literal.append("%")
                at += 2
                continue
            }
            let (verb, isIndexed) = try Self.verb(scalars, &at)
            if !literal.isEmpty { self.parts.append(.literal(String(literal))) }
            literal.removeAll()
            self.parts.append(.number(verb))
            uses += isIndexed ? 0 : 1
            if uses > 1 { throw ExpressionError(message: "the format takes more than one number, there is only one", offset: start) }
        }
        if !literal.isEmpty { self.parts.append(.literal(String(literal))) }
        let hasNumber = self.parts.contains { if case .number = $0 { true } else { false } }
        guard hasNumber else {
            throw ExpressionError(message: "the format '\(format)' has no place for the number, such as '%d'", offset: 0)
        }
    }

    private static func verb(_ scalars: [Unicode.Scalar], _ at: inout Int) throws(ExpressionError) -> (Verb, isIndexed: Bool) {
        let start = at
        at += 1
        var verb = Verb()
        flags: while at < scalars.count {
            switch scalars[at] {
            case "-": verb.isLeft = true
            case "+": verb.hasPlus = true
            case " ": verb.hasBlank = true
            case "0": verb.hasZeros = true
            case "#": verb.isAlternate = true
            default: break flags
            }
            at += 1
        }
        var isIndexed = Self.takeIndex(scalars, &at)
        verb.width = try Self.number(scalars, &at) ?? 0
        if at < scalars.count, scalars[at] == "." {
            at += 1
            verb.precision = try Self.number(scalars, &at) ?? 0
        }
        if Self.takeIndex(scalars, &at) { isIndexed = true }
        guard at < scalars.count else { throw ExpressionError(message: "the format ends inside of a verb", offset: start) }
        verb.letter = scalars[at]
        guard "dvsboOxXcqU".unicodeScalars.contains(verb.letter) else {
            throw ExpressionError(message: "'%\(verb.letter)' does not format a whole number", offset: start)
        }
        at += 1
        return (verb, isIndexed)
    }

    /// `[1]`: the first, and here only, argument.
    private static func takeIndex(_ scalars: [Unicode.Scalar], _ at: inout Int) -> Bool {
        guard at + 2 < scalars.count, scalars[at..<at + 3].elementsEqual(["[", "1", "]"]) else { return false }
        at += 3
        return true
    }

    private static func number(_ scalars: [Unicode.Scalar], _ at: inout Int) throws(ExpressionError) -> Int? {
        let start = at
        var number = 0
        while at < scalars.count, ("0"..."9").contains(scalars[at]) {
            number = number * 10 + Int(scalars[at].value - 0x30)
            guard number <= self.widest else {
                throw ExpressionError(message: "the format is wider than \(self.widest) characters", offset: start)
            }
            at += 1
        }
        return at > start ? number : nil
    }

    func text(of number: Int64) -> String {
        if self.parts.count == 1, case .number(let verb) = self.parts[0] { return Self.text(of: number, verb) }
        var out = ""
        for part in self.parts {
            switch part {
            case .literal(let text): out += text
            case .number(let verb): out += Self.text(of: number, verb)
            }
        }
        return out
    }

    private static func text(of number: Int64, _ verb: Verb) -> String {
        switch verb.letter {
        case "d" where verb.isPlain: return String(number)
        case "c": return self.padded(String(self.character(number)), verb)
        case "q": return self.padded("'\(self.character(number))'", verb)
        case "U":
            return self.padded(
                "U+" + String(repeating: "0", count: max(0, 4 - String(number.magnitude, radix: 16).count))
                    + String(number.magnitude, radix: 16, uppercase: true), verb)
        default: return self.integer(number, verb)
        }
    }

    private static func character(_ number: Int64) -> Character {
        Character(UInt32(exactly: number).flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}")
    }

    private static func integer(_ number: Int64, _ verb: Verb) -> String {
        let radix =
            switch verb.letter {
            case "b": 2
            case "o", "O": 8
            case "x", "X": 16
            default: 10
            }
        var digits = String(number.magnitude, radix: radix, uppercase: verb.letter == "X")
        let sign = number < 0 ? "-" : verb.hasPlus ? "+" : verb.hasBlank ? " " : ""
        var prefix = ""
        if verb.letter == "O" { prefix = "0o" }
        if verb.isAlternate {
            prefix =
                switch verb.letter {
                case "b": "0b"
                case "o": digits.hasPrefix("0") ? "" : "0"
                case "x": "0x"
                case "X": "0X"
                default: prefix
                }
        }
        if let precision = verb.precision {
            digits = precision == 0 && number == 0 ? "" : String(repeating: "0", count: max(0, precision - digits.count)) + digits
        } else if verb.hasZeros, !verb.isLeft {
            // As in Go, the zeros fill what the sign leaves of the width; a prefix comes on top.
            digits = String(repeating: "0", count: max(0, verb.width - sign.utf8.count - digits.count)) + digits
        }
        return self.padded(sign + prefix + digits, verb)
    }

    private static func padded(_ text: String, _ verb: Verb) -> String {
        let blanks = String(repeating: " ", count: max(0, verb.width - text.unicodeScalars.count))
        return verb.isLeft ? text + blanks : blanks + text
    }
}
