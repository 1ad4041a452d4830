/// Shows a diagnostic to the author of a manifest:
///
///     flow.yaml:41:18: error: task 'train' depends on 'fetch', which is not in this DAG [unknown-dependency]
///        41 |         depends: fetch && split
///           |                  ^^^^^
///       hint: did you mean 'fetch-data'?
///
/// Nothing of a manifest reaches the terminal unfiltered: control characters and direction marks are shown as `�`, tabs as blanks.
public struct DiagnosticPrinter: Sendable {
    public enum Style: Sendable { case plain, color }

    /// How many characters of a source line are shown; of a longer line, those around the position.
    private static let window = 120
    /// How many characters before the position stay visible when a line is cut.
    private static let lead = 50
    private static let tabStop = 4

    private let style: Style

    public init(style: Style) { self.style = style }

    /// The diagnostic as lines of text, without a newline at the end.
    /// - Parameter line: the source line that the position names; nil leaves the excerpt out. A position beyond its end is shown at its end.
    public func text(_ diagnostic: Diagnostic, line: Substring?) -> String {
        var lines = [self.headline(diagnostic)]
        if let position = diagnostic.position, let line {
            lines += self.excerpt(of: line, at: position, length: diagnostic.length)
        }
        if let hint = diagnostic.hint {
            lines.append("  " + self.painted("hint:", "36") + " " + Self.safe(hint))
        }
        return lines.joined(separator: "\n")
    }

    /// The diagnostic in one line, without excerpt and hint.
    public func simpleText(_ diagnostic: Diagnostic) -> String { self.headline(diagnostic) }

    private func headline(_ diagnostic: Diagnostic) -> String {
        var place = Self.safe(diagnostic.file)
        if let position = diagnostic.position { place += ":\(position.line):\(position.column)" }
        let severity =
            switch diagnostic.severity {
            case .error: self.painted("error:", "1;31")
            case .warning: self.painted("warning:", "1;33")
            case .hint: self.painted("hint:", "1;36")
            }
        let prefix = place.isEmpty ? "" : self.painted(place + ":", "1") + " "
        return "\(prefix)\(severity) \(Self.safe(diagnostic.message)) [\(diagnostic.code)]"
    }

    private func excerpt(of line: Substring, at position: SourcePosition, length: Int) -> [String] {
        let shown = Self.cells(of: line, at: max(1, position.column), length: max(1, length))
        let number = String(position.line)
        let gutter = String(repeating: " ", count: max(0, 5 - number.count)) + number
        let blank = String(repeating: " ", count: gutter.count)
        let caret = String(repeating: " ", count: shown.offset) + self.painted(String(repeating: "^", count: shown.width), "1;32")
        return [
            "\(self.painted(gutter + " |", "34")) \(shown.text)",
            "\(self.painted(blank + " |", "34")) \(caret)",
        ]
    }

    /// The visible part of a line, and where and how wide the carets below it are, in terminal columns.
    private static func cells(of line: Substring, at column: Int, length: Int) -> (text: String, offset: Int, width: Int) {
        var line = line
        while let last = line.last, last.isNewline { line.removeLast() }
        let target = line.index(line.startIndex, offsetBy: column - 1, limitedBy: line.endIndex) ?? line.endIndex
        var start = line.startIndex
        if line.index(start, offsetBy: Self.window, limitedBy: line.endIndex) != nil {
            start = line.index(target, offsetBy: -Self.lead, limitedBy: line.startIndex) ?? line.startIndex
        }
        let end = line.index(start, offsetBy: Self.window, limitedBy: line.endIndex) ?? line.endIndex

        var text = start > line.startIndex ? "…" : ""
        var width = text.isEmpty ? 0 : 1
        var offset: Int?
        var underlined = 0
        var marked = 0
        var index = start
        while index < end {
            if index == target { offset = width }
            let before = width
            Self.append(line[index], to: &text, width: &width)
            if index >= target, marked < length {
                marked += 1
                underlined += width - before
            }
            index = line.index(after: index)
        }
        if end < line.endIndex { text += "…" }
        return (text, offset ?? width, max(1, underlined))
    }

    private static func append(_ character: Character, to text: inout String, width: inout Int) {
        if character == "\t" {
            let blanks = Self.tabStop - width % Self.tabStop
            text += String(repeating: " ", count: blanks)
            width += blanks
        } else {
            let shown = DisplayWidth.isUnsafe(character) ? "\u{FFFD}" : character
            text.append(shown)
            width += DisplayWidth.of(shown)
        }
    }

    private static func safe(_ text: String) -> String {
        guard text.contains(where: DisplayWidth.isUnsafe) else { return text }
        return String(text.map { $0.isNewline || $0 == "\t" ? " " : DisplayWidth.isUnsafe($0) ? "\u{FFFD}" : $0 })
    }

    private func painted(_ text: String, _ code: String) -> String {
        switch self.style {
        case .plain: text
        case .color: "\u{1B}[\(code)m\(text)\u{1B}[0m"
        }
    }
}

/// How many columns text takes on a terminal. An approximation of Unicode's East Asian Width (UAX #11), the one terminals agree on.
public enum DisplayWidth {
    public static func of(_ text: some StringProtocol) -> Int {
        // Printable ASCII, nearly all there is, needs no look at each character.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
        return text.reduce(0) { $0 + Self.of($1) }
    }

    public static func of(_ character: Character) -> Int {
        if character.isASCII { return 1 }
        guard let first = character.unicodeScalars.first else { return 0 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        if first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
        return Self.wide.contains { $0.contains(first.value) } ? 2 : 1
    }

    /// Whether printing the character could do something to a terminal, or to the order of the text around it.
    public static func isUnsafe(_ character: Character) -> Bool {
        guard let first = character.unicodeScalars.first else { return false }
        if first.value >= 0x20 && first.value < 0x7F { return false }
        switch first.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return false
        }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97C,
        0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
    ]
}
