import Diagnostics

/// Repaints lines at the bottom of a terminal in place. Gives the text to write; remembers what it last covered.
///
/// The cursor is hidden only within one write, so that it is there again whenever the program is stopped or killed.
struct FramePainter {
    /// How wide each painted line is.
    private var painted: [Int] = []

    /// Replaces what was painted last. Each line must be narrower than `columns`.
    mutating func paint(_ lines: [String], widths: [Int], columns: Int) -> String {
        var text = "\u{1B}[?25l" + self.home(columns)
        for line in lines { text += line + "\u{1B}[K\r\n" }
        text += "\u{1B}[J\u{1B}[?25h"
        self.painted = widths
        return text
    }

    /// Removes what was painted last.
    mutating func clear(columns: Int) -> String {
        if self.painted.isEmpty { return "" }
        let text = self.home(columns) + "\u{1B}[J"
        self.painted = []
        return text
    }

    /// Leaves what was painted last where it is.
    mutating func keep() { self.painted = [] }

    /// To the first column of the first painted line. A terminal made narrower has wrapped the lines.
    private func home(_ columns: Int) -> String {
        let rows = self.painted.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(1, columns)) }
        return rows == 0 ? "\r" : "\r\u{1B}[\(rows)A"
    }
}
