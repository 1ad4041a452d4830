import Diagnostics
import Operations
import WorkflowModel

/// One line per change: what is shown where nothing can be redrawn.
struct LineLog: RunPresenter {
    let console: Console
    let queue: OutputQueue
    let channel: Console.Channel
    let style: OutputStyle

    func follow(_ session: any RunSession) async {
        for await update in session.updates {
            if case .diagnostics(let diagnostics, let excerpts) = update {
                self.queue.write(DiagnosticList(diagnostics, excerpts: excerpts).text(self.style), to: .errors)
            } else if let line = self.line(update) {
                self.queue.write(line + "\n", to: self.channel)
            }
            if self.queue.isFull { await self.queue.drain() }
        }
    }

    func notice(_ text: String) async { self.queue.write(text + "\n", to: .errors) }

    func redraw() async {}

    /// `12:03:44 flow  train(0)  Failed exit code 1`; nil for changes that say nothing: something waits its turn, or merely holds other nodes.
    func line(_ update: RunUpdate) -> String? {
        switch update {
        case .runtimeChosen(let text): return "runtime: \(TerminalText.safe(text))"
        case .diagnostics: return nil
        case .runStarted(let run): return self.line(run, nil, "Running", "")
        case .nodeChanged(let run, _, let displayName, let type, let phase, let message):
            if !NodeView.isLeaf(type: type), phase != "Failed", phase != "Error" { return nil }
            if phase == "Pending", message.isEmpty { return nil }
            return self.line(run, displayName, phase, message)
        case .runFinished(let run, let phase, let message): return self.line(run, nil, phase, message)
        }
    }

    private func line(_ run: String, _ node: String?, _ phase: String, _ message: String) -> String {
        let now = self.console.now()
        var text = "\(HumanTime.clock(now, secondsFromUTC: self.console.secondsFromUTC(now))) \(TerminalText.safe(run))"
        if let node { text += "  \(TerminalText.safe(node))" }
        text += "  " + self.style.painted(phase, OutputStyle.color(phase: phase))
        if !message.isEmpty { text += " " + TerminalText.safe(message) }
        return text
    }
}
