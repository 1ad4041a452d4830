import Diagnostics
import Operations
import WorkflowModel

/// The tree of the runs, redrawn in place on a terminal.
///
/// At most ten times a second; and looking at the runs, as well as drawing them, is followed by ten times as long a rest, so that watching a
/// large run does not slow it down.
actor LiveTree: RunPresenter {
    private static let shortest = Duration.milliseconds(100)
    private static let rest = 10

    private let console: Console
    private let queue: OutputQueue
    private let channel: Console.Channel
    private let style: OutputStyle

    private var painter = FramePainter()
    private var trees: [WorkflowTree] = []
    private var isStale = true
    private var tick = 0

    init(console: Console, queue: OutputQueue, channel: Console.Channel, style: OutputStyle) {
        self.console = console
        self.queue = queue
        self.channel = channel
        self.style = style
    }

    func follow(_ session: any RunSession) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.animate(session) }
            for await update in session.updates { self.apply(update) }
            group.cancelAll()
        }
        await self.look(at: session)
        self.queue.write(self.frame(), to: self.channel)
        self.painter.keep()
    }

    func notice(_ text: String) async { self.above(text + "\n", .errors) }

    func redraw() async {
        if self.queue.isIdle { self.queue.write(self.frame(), to: self.channel) }
    }

    private func animate(_ session: any RunSession) async {
        let clock = ContinuousClock()
        var nextLook = clock.now
        while !Task.isCancelled {
            if self.isStale, clock.now >= nextLook {
                let cost = await clock.measure { await self.look(at: session) }
                nextLook = clock.now + cost * Self.rest
            }
            // A terminal that was halted gets no more frames than it takes.
            let cost = clock.measure { if self.queue.isIdle { self.queue.write(self.frame(), to: self.channel) } }
            self.tick += 1
            // The only way out of the sleep early is the cancellation that the loop looks for.
            try? await clock.sleep(for: max(Self.shortest, cost * Self.rest))
        }
    }

    private func look(at session: any RunSession) async {
        self.isStale = false
        self.trees = await session.workflows().map { WorkflowTree($0) }
    }

    private func apply(_ update: RunUpdate) {
        switch update {
        case .runtimeChosen(let text): self.above("runtime: \(TerminalText.safe(text))\n", self.channel)
        case .diagnostics(let diagnostics, let excerpts):
            self.above(DiagnosticList(diagnostics, excerpts: excerpts).text(self.style), .errors)
        case .runStarted, .nodeChanged, .runFinished: self.isStale = true
        }
    }

    /// Writes lines that stay, above the tree.
    private func above(_ text: String, _ channel: Console.Channel) {
        self.queue.write(self.painter.clear(columns: self.console.size().columns), to: self.channel)
        self.queue.write(text, to: channel)
        self.queue.write(self.frame(), to: self.channel)
    }

    private func frame() -> String {
        if self.trees.isEmpty { return "" }
        let size = self.console.size()
        let frame = LiveFrame(columns: size.columns, rows: size.rows, style: self.style, now: self.console.now(), tick: self.tick)
        let lines = frame.lines(self.trees)
        return self.painter.paint(lines.map(\.text), widths: lines.map(\.width), columns: size.columns)
    }
}
