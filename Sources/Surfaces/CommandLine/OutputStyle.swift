import Diagnostics
import Operations

/// How text is drawn on one channel: colour by meaning, and UTF-8 or ASCII.
public struct OutputStyle: Sendable, Equatable {
    public enum Color: String, Sendable {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case magenta = "35"
        case cyan = "36"
        case white = "37"
        case bold = "1"
        case faint = "2"
    }

    public var usesColor: Bool
    public var usesUTF8: Bool

    public init(usesColor: Bool = false, usesUTF8: Bool = true) {
        self.usesColor = usesColor
        self.usesUTF8 = usesUTF8
    }

    /// Colour only on a terminal that can show it, and never against `NO_COLOR` or `--no-color`.
    init(console: Console, channel: Console.Channel, _ options: GlobalOptions? = nil) {
        let refuses = console.environment("NO_COLOR").map { !$0.isEmpty } ?? false
        self.usesColor = console.isTerminal(channel) && !refuses && console.environment("TERM") != "dumb" && options?.noColor != true
        self.usesUTF8 = options?.noUTF8 != true
    }

    func painted(_ text: String, _ color: Color?) -> String {
        guard self.usesColor, let color, !text.isEmpty else { return text }
        return "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m"
    }

    /// The sign in front of a node or a run: an icon, or the word for the phase where icons cannot be drawn.
    func icon(phase: String, isSuspended: Bool = false) -> String {
        let color = Self.color(phase: phase)
        guard self.usesUTF8 else { return self.painted(phase, color) }
        if isSuspended { return self.painted("ǁ", .cyan) }
        let icon =
            switch phase {
            case "Pending": "◷"
            case "Running": "●"
            case "Succeeded": "✔"
            case "Skipped", "Omitted": "○"
            case "Failed": "✖"
            case "Error": "⚠"
            default: phase
            }
        return self.painted(icon, color)
    }

    static func color(phase: String) -> Color? {
        switch phase {
        case "Pending": .yellow
        case "Running": .cyan
        case "Succeeded": .green
        case "Failed", "Error": .red
        default: nil
        }
    }

    var diagnosticPrinter: DiagnosticPrinter { DiagnosticPrinter(style: self.usesColor ? .color : .plain) }

    func errorText(_ error: OperationError) -> String { self.errorText(error.message, hint: error.hint) }

    /// Lines for a failed request, newline included.
    func errorText(_ message: String, hint: String?) -> String {
        var text = "\(self.painted("error:", .red)) \(TerminalText.safe(message))\n"
        if let hint { text += "  \(self.painted("hint:", .cyan)) \(TerminalText.safe(hint))\n" }
        return text
    }
}

/// Diagnostics with the lines they are about.
struct DiagnosticList {
    let diagnostics: [Diagnostic]
    let excerpts: [String: [Substring]]

    init(_ diagnostics: [Diagnostic], excerpts: [String: [Substring]]) {
        self.diagnostics = diagnostics
        self.excerpts = excerpts
    }

    /// Each with its excerpt, in the order given; empty for none.
    func text(_ style: OutputStyle) -> String {
        let printer = style.diagnosticPrinter
        return self.diagnostics.map { printer.text($0, line: self.line(of: $0)) + "\n" }.joined()
    }

    private func line(of diagnostic: Diagnostic) -> Substring? {
        guard let position = diagnostic.position, let lines = self.excerpts[diagnostic.file], lines.indices.contains(position.line - 1)
        else {
            return nil
        }
        return lines[position.line - 1]
    }
}

/// Text from manifests and programs, made fit for one line of a terminal.
enum TerminalText {
    /// Control characters replaced; line breaks and tabs become blanks.
    static func safe(_ text: String) -> String {
        guard text.contains(where: DisplayWidth.isUnsafe) else { return text }
        return String(text.map { $0.isNewline || $0 == "\t" ? " " : DisplayWidth.isUnsafe($0) ? "\u{FFFD}" : $0 })
    }

    /// At most `columns` wide; what does not fit is cut and marked.
    static func truncated(_ text: String, to columns: Int, usesUTF8: Bool = true) -> String {
        if text.utf8.count <= columns { return text }
        if DisplayWidth.of(text) <= columns { return text }
        let mark = usesUTF8 ? "…" : "~"
        if columns <= 0 { return "" }
        var kept = ""
        var width = 0
        for character in text {
            let wide = DisplayWidth.of(character)
            if width + wide > columns - 1 { break }
            kept.append(character)
            width += wide
        }
        return kept + mark
    }

    /// The middle taken out of a text of more than `limit` characters.
    static func shortenedInMiddle(_ text: String, to limit: Int) -> String {
        guard text.count > limit, limit > 4 else { return text }
        let kept = limit - 3
        return "\(text.prefix((kept + 1) / 2))...\(text.suffix(kept / 2))"
    }
}
