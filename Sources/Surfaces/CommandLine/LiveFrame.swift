import Diagnostics
public import WorkflowModel

/// One picture of running workflows that fits a terminal: a title for each and, below it, as much of its tree as there is room for.
///
/// What runs and what failed is shown before what waits, that before what is done; hidden rows are counted in their place.
public struct LiveFrame: Sendable {
    public struct Line: Sendable, Equatable {
        public var text: String
        /// Columns the text takes, without its colours.
        public var width: Int
    }

    private static let spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
    private static let asciiSpinner = ["-", "\\", "|", "/"]

    private let columns: Int
    private let rows: Int
    private let style: OutputStyle
    private let now: Timestamp
    private let spinner: String

    /// - Parameters:
    ///   - columns: no line takes more than one less.
    ///   - rows: there are never more lines than one less, so that the cursor's line stays.
    ///   - tick: which picture of the spinner.
    public init(columns: Int, rows: Int, style: OutputStyle, now: Timestamp, tick: Int) {
        self.columns = max(20, columns)
        self.rows = max(2, rows)
        self.style = style
        self.now = now
        let pictures = style.usesUTF8 ? Self.spinner : Self.asciiSpinner
        self.spinner = pictures[abs(tick) % pictures.count]
    }

    public func lines(_ workflows: [WorkflowTree]) -> [Line] {
        let entries = LiveEntries(workflows)
        let parts = entries.visible(in: self.rows - 1)
        let widest = parts.map { part in if case .row(let row, _) = part { self.nameWidth(row) } else { 0 } }.max() ?? 0
        let nameColumn = min(widest, (self.columns - 1) * 3 / 5)
        return parts.map { part in
            switch part {
            case .title(let workflow): self.title(workflow)
            case .row(let row, _): self.row(row, nameColumn: nameColumn)
            case .hidden(let count, let phases, let prefix): self.hidden(count, phases, prefix)
            }
        }
    }

    private func title(_ workflow: WorkflowView) -> Line {
        let phase = workflow.phase.isEmpty ? "Pending" : workflow.phase
        let duration = workflow.duration(now: self.now).map { HumanTime.compact(seconds: max(0, $0.milliseconds / 1000)) }
        var line = LineBuilder(limit: self.columns - 1, style: self.style)
        if !workflow.isFinished {
            line.add(self.style.painted(self.spinner, .cyan) + " ", width: 2)
        } else if self.style.usesUTF8 {
            line.add(self.style.icon(phase: phase) + " ", width: 2)
        }
        line.add(TerminalText.safe(workflow.name), .bold)
        line.add("  ")
        line.add(workflow.statusText, OutputStyle.color(phase: phase))
        for text in [workflow.progress, duration ?? "", TerminalText.safe(workflow.message)] where !text.isEmpty { line.add("  " + text) }
        return line.line
    }

    private func row(_ row: WorkflowTree.Row, nameColumn: Int) -> Line {
        let node = row.node
        let prefix = self.style.usesUTF8 ? row.prefix : WorkflowTree.ascii(row.prefix)
        var line = LineBuilder(limit: self.columns - 1, style: self.style)
        line.add(prefix)
        if node.phase == "Running", !node.isActiveSuspend {
            line.add(self.style.painted(self.spinner, .cyan), width: 1)
        } else {
            line.add(self.style.icon(phase: node.phase, isSuspended: node.isActiveSuspend), width: self.iconWidth(node.phase))
        }
        line.add(" ")
        line.add(
            TerminalText.truncated(TerminalText.safe(node.displayName), to: max(1, nameColumn - line.width), usesUTF8: self.style.usesUTF8))
        let details = self.details(node)
        if !details.duration.isEmpty || !details.message.isEmpty {
            line.pad(to: nameColumn + 2)
            line.add(details.duration)
        }
        if !details.message.isEmpty {
            line.pad(to: nameColumn + 8)
            line.add(details.message, node.isFailed ? .red : nil)
        }
        return line.line
    }

    private func details(_ node: NodeView) -> (duration: String, message: String) {
        let isTimed = node.isLeaf && node.phase != "Pending" && node.phase != "Skipped"
        return (isTimed ? node.duration(now: self.now).map { HumanTime.short($0) } ?? "" : "", TerminalText.safe(node.message))
    }

    private func hidden(_ count: Int, _ phases: [(phase: String, count: Int)], _ prefix: String) -> Line {
        let counts = phases.map { "\($0.count) \($0.phase.lowercased())" }.joined(separator: ", ")
        var line = LineBuilder(limit: self.columns - 1, style: self.style)
        line.add(self.style.usesUTF8 ? prefix : WorkflowTree.ascii(prefix))
        line.add("\(self.style.usesUTF8 ? "…" : "...") \(count) more (\(counts))", .faint)
        return line.line
    }

    private func nameWidth(_ row: WorkflowTree.Row) -> Int {
        row.prefix.count + self.iconWidth(row.node.phase) + 1 + DisplayWidth.of(TerminalText.safe(row.node.displayName))
    }

    private func iconWidth(_ phase: String) -> Int { self.style.usesUTF8 ? 1 : phase.count }
}

/// A line that never grows wider than its limit.
private struct LineBuilder {
    let limit: Int
    let style: OutputStyle
    private(set) var text = ""
    private(set) var width = 0

    init(limit: Int, style: OutputStyle) {
        self.limit = limit
        self.style = style
    }

    var line: LiveFrame.Line { LiveFrame.Line(text: self.text, width: self.width) }

    mutating func add(_ plain: String, _ color: OutputStyle.Color? = nil) {
        let kept = TerminalText.truncated(plain, to: self.limit - self.width, usesUTF8: self.style.usesUTF8)
        self.text += self.style.painted(kept, color)
        self.width += DisplayWidth.of(kept)
    }

    /// Adds what is already coloured, or nothing when there is no room.
    mutating func add(_ styled: String, width: Int) {
        guard self.width + width <= self.limit else { return }
        self.text += styled
        self.width += width
    }

    mutating func pad(to column: Int) {
        let blanks = min(column, self.limit) - self.width
        if blanks > 0 { self.add(String(repeating: " ", count: blanks)) }
    }
}
