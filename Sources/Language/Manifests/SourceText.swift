import Diagnostics
import WorkflowModel

/// The text of a file as lines and documents.
///
/// Lines end where YAML 1.1 ends them: LF, CR LF, CR, and the separators U+0085, U+2028 and U+2029, so that positions of the parser fit.
struct SourceText {
    let bytes: [UInt8]
    let lines: [Substring]
    private(set) var documents: [Document] = []

    struct Document {
        var bytes: Range<Int>
        /// The line of the file that the document starts on, counted from 0.
        var firstLine: Int
        /// It is a Secret (or a list that may hold one): no message and no excerpt may show what it holds.
        var isSecret: Bool
    }

    /// - Parameter bytes: valid UTF-8 without a byte order mark.
    init(text: String, bytes: [UInt8]) {
        self.bytes = bytes
        let breaks = Self.lineBreaks(bytes)
        var starts = [0]
        starts.reserveCapacity(breaks.count + 1)
        var lines: [Substring] = []
        lines.reserveCapacity(breaks.count + 1)
        for (end, length) in breaks {
            lines.append(Self.line(text, starts[starts.count - 1]..<end))
            starts.append(end + length)
        }
        if starts[starts.count - 1] < bytes.count { lines.append(Self.line(text, starts[starts.count - 1]..<bytes.count)) }
        self.documents = Self.split(bytes: bytes, starts: starts, lineCount: lines.count)
        for index in self.documents.indices {
            let first = self.documents[index].firstLine
            let end = index + 1 < self.documents.count ? self.documents[index + 1].firstLine : lines.count
            guard SecretMask.isSecret(bytes[self.documents[index].bytes], lines: lines[first..<end]) else { continue }
            self.documents[index].isSecret = true
            for line in first..<end { lines[line] = SecretMask.masked(lines[line]) }
        }
        self.lines = lines
    }

    private static func line(_ text: String, _ range: Range<Int>) -> Substring {
        let start = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
        return text[start..<text.utf8.index(start, offsetBy: range.count)]
    }

    /// Where each line ends and how many bytes its end takes.
    static func lineBreaks(_ bytes: [UInt8]) -> [(end: Int, length: Int)] {
        bytes.withUnsafeBufferPointer { bytes in
            var breaks: [(end: Int, length: Int)] = []
            var at = 0
            while at < bytes.count {
                let length = Self.lineBreak(bytes, at: at)
                if length > 0 { breaks.append((at, length)) }
                at += max(length, 1)
            }
            return breaks
        }
    }

    private static func lineBreak(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> Int {
        switch bytes[at] {
        case 0x0A: 1
        case 0x0D: at + 1 < bytes.count && bytes[at + 1] == 0x0A ? 2 : 1
        case 0xC2: at + 1 < bytes.count && bytes[at + 1] == 0x85 ? 2 : 0
        case 0xE2: at + 2 < bytes.count && bytes[at + 1] == 0x80 && (bytes[at + 2] == 0xA8 || bytes[at + 2] == 0xA9) ? 3 : 0
        default: 0
        }
    }

    /// Cuts at lines that start with `---` or `...`. Directives and comments before the first `---` stay with the document that follows.
    private static func split(bytes: [UInt8], starts: [Int], lineCount: Int) -> [Document] {
        var documents: [Document] = []
        var first = 0
        var hasContent = false
        func close(before line: Int, at end: Int) {
            if hasContent { documents.append(Document(bytes: starts[first]..<end, firstLine: first, isSecret: false)) }
        }
        for line in 0..<lineCount {
            let end = line + 1 < starts.count ? starts[line + 1] : bytes.count
            let text = bytes[starts[line]..<end]
            switch Self.marker(text) {
            case UInt8(ascii: "-"):
                close(before: line, at: starts[line])
                // Directives belong to the document that this marker opens.
                if hasContent || !Self.isDirective(bytes[starts[first]..<starts[line]]) { first = line }
                hasContent = Self.hasContent(text.dropFirst(3))
            case UInt8(ascii: "."):
                close(before: line, at: starts[line])
                first = line + 1
                hasContent = false
            default:
                if !hasContent { hasContent = Self.hasContent(text) && text.first != UInt8(ascii: "%") }
            }
        }
        close(before: lineCount, at: bytes.count)
        return documents
    }

    private static func isDirective(_ text: ArraySlice<UInt8>) -> Bool {
        text.contains(UInt8(ascii: "%"))
    }

    private static func marker(_ line: ArraySlice<UInt8>) -> UInt8? {
        guard let first = line.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "."), line.count >= 3,
            line.prefix(3).allSatisfy({ $0 == first })
        else { return nil }
        let next = line.dropFirst(3).first
        return next == nil || next == 0x20 || next == 0x09 || next == 0x0A || next == 0x0D ? first : nil
    }

    private static func hasContent(_ line: ArraySlice<UInt8>) -> Bool {
        guard let first = line.first(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }) else { return false }
        return first != UInt8(ascii: "#")
    }
}

/// Keeps what a Secret holds out of excerpts. Works on lines, so that a document that cannot be parsed is covered too.
enum SecretMask {
    static func isSecret(_ bytes: ArraySlice<UInt8>, lines: ArraySlice<Substring>) -> Bool {
        guard bytes.contains(word: "Secret") else { return false }
        let isFlow = bytes.first { $0 > 0x20 } == UInt8(ascii: "{")
        if isFlow { return lines.contains { Self.givesSecretKind($0) } }
        var isList = false
        for line in lines
        where line.utf8.first == UInt8(ascii: "k") || line.utf8.first == UInt8(ascii: "\"") || line.utf8.first == UInt8(ascii: "'") {
            if Self.givesSecretKind(line) { return true }
            if line.contains("kind") && line.contains("List") { isList = true }
        }
        return isList && lines.contains { Self.givesSecretKind($0) }
    }

    /// Whether the line holds `kind: Secret` or `"kind": "Secret…"`.
    private static func givesSecretKind(_ line: Substring) -> Bool {
        var rest = ArraySlice(line.utf8)
        while let found = rest.firstIndex(ofWord: "kind") {
            rest = rest[(found + 4)...]
            // Blanks, quotes and the colon.
            let value = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x22 || $0 == 0x27 || $0 == 0x3A }
            if value.starts(with: "Secret".utf8) { return true }
        }
        return false
    }

    /// The line with its value left out: `  password: …`.
    static func masked(_ line: Substring) -> Substring {
        guard let first = line.firstIndex(where: { $0 != " " && $0 != "\t" && $0 != "-" }) else { return line }
        if let colon = line.firstIndex(of: ":") {
            let next = line.index(after: colon)
            if line[..<colon] == "apiVersion" || line[..<colon] == "kind" { return line }
            if next == line.endIndex { return line }
            if line[next] == " " || line[next] == "\t" { return line[..<next] + " …" }
        }
        return line[..<first] + "…"
    }
}

extension ArraySlice<UInt8> {
    /// Where `word` first stands. The standard library's search allocates for every byte it looks at.
    func firstIndex(ofWord word: StaticString) -> Int? {
        let length = word.utf8CodeUnitCount
        let found = self.withUnsafeBufferPointer { bytes -> Int? in
            guard bytes.count >= length else { return nil }
            let first = word.utf8Start[0]
            for start in 0...(bytes.count - length) where bytes[start] == first {
                if (1..<length).allSatisfy({ bytes[start + $0] == word.utf8Start[$0] }) { return start }
            }
            return nil
        }
        return found.map { self.startIndex + $0 }
    }

    func contains(word: StaticString) -> Bool { self.firstIndex(ofWord: word) != nil }
}
