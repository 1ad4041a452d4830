import Diagnostics
import WorkflowModel

/// What people are told when a run has ended: how it went, what it left, where to look.
struct RunReport {
    private static let mostFailures = 10
    private static let mostOutputs = 20

    let workflow: WorkflowView
    let style: OutputStyle
    /// How wide a line may be.
    let columns: Int
    /// Options that follow-up commands need.
    let options: String

    init(_ workflow: JSONValue, style: OutputStyle, columns: Int, options: String) {
        self.workflow = WorkflowView(workflow)
        self.style = style
        self.columns = columns
        self.options = options
    }

    /// A few lines, each with a newline.
    func text(now: Timestamp) -> String {
        var lines = [self.headline(now: now)]
        let failures = self.workflow.nodes.filter { $0.isFailed && $0.isLeaf }
        lines += failures.prefix(Self.mostFailures).map { node in
            let name = self.style.painted(TerminalText.safe(node.displayName), .red)
            return "  \(name): \(self.cut(TerminalText.safe(node.message), after: node.displayName.count + 4))"
        }
        if failures.count > Self.mostFailures { lines.append("  and \(failures.count - Self.mostFailures) more failed") }
        lines += self.section("outputs:", self.parameters)
        lines += self.section("artifacts:", self.artifacts)
        let node = failures.first { $0.type == "Pod" }.map { " " + ShellWord.quoted($0.displayName) } ?? ""
        lines.append("  logs: skiff logs\(self.options) \(ShellWord.quoted(self.workflow.name))\(node)")
        return lines.map { $0 + "\n" }.joined()
    }

    private func headline(now: Timestamp) -> String {
        let phase = self.workflow.phase.isEmpty ? "Pending" : self.workflow.phase
        let icon = self.style.usesUTF8 ? self.style.icon(phase: phase) + " " : ""
        var text = "\(icon)\(self.style.painted(TerminalText.safe(self.workflow.name), .bold)) "
        text += self.style.painted(self.workflow.statusText, OutputStyle.color(phase: phase))
        if let duration = self.workflow.duration(now: now) { text += " in \(HumanTime.long(duration))" }
        if !self.workflow.progress.isEmpty { text += ", \(self.workflow.progress) steps" }
        if !self.workflow.message.isEmpty { text += ": \(TerminalText.safe(self.workflow.message))" }
        return text
    }

    private func section(_ title: String, _ items: [(name: String, value: String)]) -> [String] {
        if items.isEmpty { return [] }
        var lines = ["  " + title]
        for item in items.prefix(Self.mostOutputs) {
            lines.append("    \(item.name): \(self.cut(TerminalText.safe(item.value), after: item.name.count + 6))")
        }
        if items.count > Self.mostOutputs { lines.append("    and \(items.count - Self.mostOutputs) more") }
        return lines
    }

    private func cut(_ text: String, after used: Int) -> String {
        TerminalText.truncated(text, to: max(20, self.columns - used), usesUTF8: self.style.usesUTF8)
    }

    /// Global outputs, then those of the entry template.
    private var outputs: [JSONValue] { [self.workflow.status?["outputs"], self.workflow.entryNode?.object["outputs"]].compactMap { $0 } }

    private var parameters: [(name: String, value: String)] {
        self.unique(self.outputs.flatMap { $0["parameters"]?.array ?? [] }) { $0["value"]?.scalarText }
    }

    private var artifacts: [(name: String, value: String)] {
        self.unique(self.outputs.flatMap { $0["artifacts"]?.array ?? [] }) { ArtifactText.location($0) }
    }

    private func unique(_ items: [JSONValue], _ value: (JSONValue) -> String?) -> [(name: String, value: String)] {
        var names: Set<String> = []
        return items.compactMap { item in
            let name = item["globalName"]?.string ?? item["name"]?.string ?? ""
            guard let text = value(item), names.insert(name).inserted else { return nil }
            return (TerminalText.safe(name), text)
        }
    }
}
