import Diagnostics

/// Columns of text, each as wide as its widest cell; nothing is padded after the last text of a row.
struct TextTable {
    struct Cell {
        /// What is printed, colours included.
        var text: String
        /// How many columns the text takes.
        var width: Int

        /// Plain text, made safe for a terminal.
        init(_ plain: String) {
            self.text = TerminalText.safe(plain)
            self.width = DisplayWidth.of(self.text)
        }

        /// Text that is known to be safe, drawn in a style.
        init(styled: String, width: Int) {
            self.text = styled
            self.width = width
        }
    }

    /// How many blanks are between two columns.
    var gap: Int
    var rows: [[Cell]] = []

    init(gap: Int) { self.gap = gap }

    mutating func add(_ cells: [Cell]) { self.rows.append(cells) }
    mutating func add(_ texts: [String]) { self.rows.append(texts.map { Cell($0) }) }

    /// All rows, each with a newline.
    var text: String {
        var widths: [Int] = []
        for row in self.rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.width)
            }
        }
        var text = ""
        for row in self.rows {
            let last = row.lastIndex { $0.width > 0 } ?? -1
            for (column, cell) in row.enumerated() where column <= last {
                text += cell.text
                if column < last { text += String(repeating: " ", count: widths[column] - cell.width + self.gap) }
            }
            text += "\n"
        }
        return text
    }
}
