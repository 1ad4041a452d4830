/// A page of Markdown as text for a terminal: headings in bold, code indented, paragraphs broken into lines.
///
/// Knows what the pages of `docs/errors/` are made of: headings, paragraphs, lists, tables and fenced or indented code.
struct PageText {
    let style: OutputStyle
    let width: Int

    func text(_ markdown: String) -> String {
        var lines: [String] = []
        var isCode = false
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isCode.toggle()
            } else if isCode {
                lines.append(line.isEmpty ? "" : "    " + line)
            } else if line.hasPrefix("#") {
                lines.append(self.style.painted(String(line.drop { $0 == "#" }.dropFirst()), .bold))
            } else if line.hasPrefix("    ") || line.hasPrefix("|") {
                lines.append(String(line))
            } else {
                lines += self.wrapped(line)
            }
        }
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Broken at blanks; the lines of a list item are indented below its first.
    private func wrapped(_ paragraph: Substring) -> [String] {
        let indent = paragraph.hasPrefix("- ") ? "  " : ""
        var lines: [String] = []
        var current = ""
        for word in paragraph.split(separator: " ") {
            if current.isEmpty {
                current = String(word)
            } else if current.count + 1 + word.count <= self.width {
                current += " " + word
            } else {
                lines.append(current)
                current = indent + word
            }
        }
        return lines + [current]
    }
}
