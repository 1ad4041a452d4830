import WorkflowModel

/// Chooses which rows of running workflows are worth the lines of a terminal.
struct LiveEntries {
    enum Part {
        case title(WorkflowView)
        case row(WorkflowTree.Row, parent: Int)
        /// Rows left out, with how many are in which phase.
        case hidden(count: Int, phases: [(phase: String, count: Int)], prefix: String)
    }

    private var parts: [Part] = []

    init(_ workflows: [WorkflowTree]) {
        for workflow in workflows {
            let title = self.parts.count
            self.parts.append(.title(workflow.workflow))
            for (number, rows) in workflow.trees.enumerated() {
                // The title stands for the row of the entry node.
                let isTitled = number == 0 && rows[0].node.name == workflow.workflow.name
                let base = self.parts.count - (isTitled ? 1 : 0)
                for row in rows.dropFirst(isTitled ? 1 : 0) { self.parts.append(.row(row, parent: row.parent.map { base + $0 } ?? title)) }
            }
        }
    }

    /// All parts when there is room; else the most important ones with what is above them, and the counts of the others.
    func visible(in budget: Int) -> [Part] {
        if self.parts.count <= budget { return self.parts }
        let importances = self.parts.map(Self.importance)
        let order = self.parts.indices.sorted { left, right in
            let (one, other) = (importances[left], importances[right])
            return one == other ? left < right : one < other
        }
        // Showing one part more costs about one line more: find where the budget ends, then step back while gaps make it too much.
        var low = 0
        var high = min(order.count, budget)
        while low < high {
            let middle = (low + high + 1) / 2
            if self.selection(order.prefix(middle)).lineCount <= budget { low = middle } else { high = middle - 1 }
        }
        while low > 0, self.selection(order.prefix(low)).lineCount > budget { low -= 1 }
        let shown = self.selection(order.prefix(low)).isShown
        return self.lines(shown)
    }

    /// Less is more important: titles, what runs, what failed, what holds it, what waits, what ended lately.
    private static func importance(_ part: Part) -> (Int, Int64) {
        guard case .row(let row, _) = part else { return (0, 0) }
        switch row.node.phase {
        case "Running": return (row.node.isLeaf ? 1 : 3, 0)
        case "Failed", "Error": return (2, 0)
        case "Pending": return (4, 0)
        case "Succeeded": return (5, -(row.node.finishedAt?.milliseconds ?? 0))
        default: return (6, 0)
        }
    }

    private func selection(_ chosen: ArraySlice<Int>) -> (isShown: [Bool], lineCount: Int) {
        var isShown = [Bool](repeating: false, count: self.parts.count)
        for index in chosen {
            var current = index
            while !isShown[current] {
                isShown[current] = true
                if case .row(_, let parent) = self.parts[current] { current = parent }
            }
        }
        var lineCount = 0
        for index in isShown.indices where isShown[index] || index == 0 || isShown[index - 1] { lineCount += 1 }
        return (isShown, lineCount)
    }

    private func lines(_ isShown: [Bool]) -> [Part] {
        var lines: [Part] = []
        var index = 0
        while index < self.parts.count {
            if isShown[index] {
                lines.append(self.parts[index])
                index += 1
                continue
            }
            let end = isShown[index...].firstIndex(of: true) ?? self.parts.count
            // The line that tells of one hidden row can as well be the row.
            lines.append(end == index + 1 ? self.parts[index] : self.gap(index..<end))
            index = end
        }
        return lines
    }

    private func gap(_ range: Range<Int>) -> Part {
        var counts: [String: Int] = [:]
        for index in range {
            switch self.parts[index] {
            case .row(let row, _): counts[row.node.phase, default: 0] += 1
            case .title(let workflow): counts[workflow.phase.isEmpty ? "Pending" : workflow.phase, default: 0] += 1
            case .hidden: break
            }
        }
        let phases = PhaseList.nodePhases.compactMap { phase in counts[phase].map { (phase: phase, count: $0) } }
        var prefix = ""
        if case .row(let row, _) = self.parts[range.lowerBound] { prefix = Self.continued(row.prefix) }
        return .hidden(count: range.count, phases: phases, prefix: prefix)
    }

    /// The prefix of a line that only lets the lines of the tree pass.
    private static func continued(_ prefix: String) -> String {
        String(prefix.map { $0 == "├" || $0 == "│" ? "│" : " " })
    }
}
