import Diagnostics
import Yams

/// A fault after which the rest of a document cannot be read.
struct UnreadableDocument: Error {
    let diagnostic: Diagnostic
}

/// One document composed to nodes by Yams, from a text made safe first.
///
/// Three things of the text are replaced, sign by sign so that columns stay, with signs of Unicode's private use area that the text does
/// not use, and put back by `restored`:
/// - `*`, which starts an alias. Yams would answer each alias with the node of its anchor, and a few lines of aliases of aliases would
///   make a tree too large to hash and too deep to free. So aliases arrive here as plain scalars and are expanded by `ValueBuilder`,
///   which counts.
/// - `?` before a blank, which starts a key that may be a list or a map. No manifest has such keys, and Yams hashes the whole of each:
///   a hundred, one in the other, cost a hundred times the size of the text. So they arrive as plain scalars too, and are refused.
/// - the first sign of a key that its map has twice. Yams stops at the first such map and does not say where the second key stands;
///   renaming the first lets it go on, and `ValueBuilder` finds them all.
struct YAMLDocument {
    let root: Node
    /// Stands for `*`.
    let aliasMark: Unicode.Scalar
    /// Stands for `?` before a blank.
    let questionMark: Unicode.Scalar
    /// What each sign stands for.
    private let marks: [Unicode.Scalar: Unicode.Scalar]
    /// Owns the anchors, which nodes refer to weakly.
    private let parser: Parser

    /// A map may have so many pairs of equal keys, a document so many in all, before reading it again for each is given up.
    private static let renames = 20

    /// - Parameter bytes: valid UTF-8, one document.
    /// - Throws: `UnreadableDocument` for what is not YAML.
    init?(bytes: ArraySlice<UInt8>, faults: YAMLFaults) throws(UnreadableDocument) {
        var text = MarkedText(bytes: bytes)
        var marks: [Unicode.Scalar: Unicode.Scalar] = [text.aliasMark: "*", text.questionMark: "?"]
        while true {
            do {
                // Every scalar is resolved by `YAMLScalar`; Yams' own rules would only cost time.
                let parser = try Parser(yaml: text.string, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot() else { return nil }
                self.root = root
                self.aliasMark = text.aliasMark
                self.questionMark = text.questionMark
                self.marks = marks
                self.parser = parser
                return
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard marks.count < Self.renames, let (mark, original) = text.renameKey(at: TextMark(context.mark)) else {
                    throw faults.duplicateKey(keys.first.map { MarkedText.restored($0, marks: marks) } ?? "", at: TextMark(context.mark))
                }
                marks[mark] = original
            } catch let error as YamlError {
                throw faults.unreadable(error)
            } catch {
                preconditionFailure("Yams throws nothing but YamlError, this is \(error)")
            }
        }
    }

    /// The text as the author wrote it.
    func restored(_ text: String) -> String { MarkedText.restored(text, marks: self.marks) }
}

/// A document's text with signs replaced, see `YAMLDocument`.
struct MarkedText {
    private var bytes: [UInt8]
    private var unusedMarks: [Unicode.Scalar]
    let aliasMark: Unicode.Scalar
    let questionMark: Unicode.Scalar

    /// The private use area of Unicode's first plane.
    private static let marks: ClosedRange<UInt32> = 0xE000...0xE1FF

    var string: String { String(decoding: self.bytes, as: UTF8.self) }

    init(bytes: ArraySlice<UInt8>) {
        self.unusedMarks = Self.unusedMarks(in: bytes)
        self.aliasMark = self.unusedMarks.removeLast()
        self.questionMark = self.unusedMarks.removeLast()
        self.bytes = Array(bytes)
        if self.bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") { self.joinSurrogates() }
        self.replaceIndicators()
    }

    private mutating func replaceIndicators() {
        guard self.bytes.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) else { return }
        let aliasMark = Array(Character(self.aliasMark).utf8)
        let questionMark = Array(Character(self.questionMark).utf8)
        var marked: [UInt8] = []
        marked.reserveCapacity(self.bytes.count + self.bytes.count / 16)
        for index in self.bytes.indices {
            let next = index + 1 < self.bytes.count ? self.bytes[index + 1] : 0x0A
            switch self.bytes[index] {
            case UInt8(ascii: "*"): marked += aliasMark
            case UInt8(ascii: "?") where next == 0x20 || next == 0x09 || next == 0x0A || next == 0x0D: marked += questionMark
            case let byte: marked.append(byte)
            }
        }
        self.bytes = marked
    }

    private static func unusedMarks(in bytes: ArraySlice<UInt8>) -> [Unicode.Scalar] {
        var used: Set<UInt32> = []
        // Every mark is three bytes of UTF-8, the first of which is EE.
        var at = bytes.startIndex
        while let found = bytes[at...].firstIndex(of: 0xEE), found + 2 < bytes.endIndex {
            used.insert(0xE000 | UInt32(bytes[found + 1] & 0x3F) << 6 | UInt32(bytes[found + 2] & 0x3F))
            at = found + 3
        }
        let unused = Self.marks.lazy.filter { !used.contains($0) }.compactMap(Unicode.Scalar.init).prefix(32)
        // A text that uses all of them loses at most a `*` or the first letter of a key written twice.
        return unused.count > 1 ? unused.reversed() : ["\u{E001}", "\u{E000}"]
    }

    /// JSON writes signs beyond the first plane as two escapes (`\ud83d\ude00`), YAML as one (`\U0001F600`).
    private mutating func joinSurrogates() {
        guard self.bytes[...].contains(word: "\\ud") || self.bytes[...].contains(word: "\\uD") else { return }
        var joined: [UInt8] = []
        var at = 0
        while at < self.bytes.count {
            if self.bytes[at] == UInt8(ascii: "\\") {
                if let high = self.escape(at: at), (0xD800..<0xDC00).contains(high), let low = self.escape(at: at + 6),
                    (0xDC00..<0xE000).contains(low)
                {
                    let digits = String(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00), radix: 16)
                    joined += "\\U".utf8
                    joined += String(repeating: "0", count: 8 - digits.count).utf8
                    joined += digits.utf8
                    at += 12
                } else {
                    joined += self.bytes[at..<min(at + 2, self.bytes.count)]
                    at += 2
                }
            } else {
                joined.append(self.bytes[at])
                at += 1
            }
        }
        self.bytes = joined
    }

    private func escape(at: Int) -> UInt32? {
        guard at + 6 <= self.bytes.count, self.bytes[at] == UInt8(ascii: "\\"), self.bytes[at + 1] == UInt8(ascii: "u") else { return nil }
        return UInt32(String(decoding: self.bytes[(at + 2)..<(at + 6)], as: UTF8.self), radix: 16)
    }

    /// Replaces the first sign of the key at `mark`.
    /// - Returns: what stands there now and what stood there; nil when the key cannot be renamed without changing the text around it.
    mutating func renameKey(at mark: TextMark) -> (mark: Unicode.Scalar, original: Unicode.Scalar)? {
        guard var at = self.offset(of: mark), at < self.bytes.count, let replacement = self.unusedMarks.popLast() else { return nil }
        if self.bytes[at] == UInt8(ascii: "\"") || self.bytes[at] == UInt8(ascii: "'") { at += 1 }
        let length = Self.scalarLength(self.bytes[at...])
        guard at + length <= self.bytes.count,
            let original = String(decoding: self.bytes[at..<(at + length)], as: UTF8.self).unicodeScalars.first,
            original != self.aliasMark, !Self.marks.contains(original.value),
            original.properties.isAlphabetic || ("0"..."9").contains(original)
        else { return nil }
        self.bytes.replaceSubrange(at..<(at + length), with: Array(Character(replacement).utf8))
        return (replacement, original)
    }

    private func offset(of mark: TextMark) -> Int? {
        let breaks = SourceText.lineBreaks(self.bytes)
        guard mark.line == 1 || breaks.indices.contains(mark.line - 2) else { return nil }
        var at = mark.line == 1 ? 0 : breaks[mark.line - 2].end + breaks[mark.line - 2].length
        for _ in 1..<max(mark.column, 1) where at < self.bytes.count { at += Self.scalarLength(self.bytes[at...]) }
        return at
    }

    private static func scalarLength(_ bytes: ArraySlice<UInt8>) -> Int {
        switch bytes.first {
        case .some(0xC0...0xDF): 2
        case .some(0xE0...0xEF): 3
        case .some(0xF0...0xFF): 4
        default: 1
        }
    }

    static func restored(_ text: String, marks: [Unicode.Scalar: Unicode.Scalar]) -> String {
        guard text.utf8.contains(0xEE) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(marks[scalar] ?? scalar) }
        return String(result)
    }
}
