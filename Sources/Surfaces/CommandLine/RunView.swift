import ArgumentParser
import WorkflowModel

/// Where and how `skiff run` shows the runs to people.
struct RunView: Sendable {
    let console: Console
    let queue: OutputQueue
    let presenter: any RunPresenter
    private let channel: Console.Channel
    private let style: OutputStyle

    /// - Parameters:
    ///   - keepsOutput: standard output is for the object alone; people read standard error.
    ///   - redraws: whether a terminal may be drawn on; otherwise it gets a line per change.
    init(_ console: Console, _ options: GlobalOptions, keepsOutput: Bool, redraws: Bool = true) {
        let channel: Console.Channel = keepsOutput ? .errors : .output
        let style = OutputStyle(console: console, channel: channel, options)
        let queue = OutputQueue(console)
        self.console = console
        self.channel = channel
        self.style = style
        self.queue = queue
        if redraws, console.isTerminal(channel), console.environment("TERM") != "dumb" {
            self.presenter = LiveTree(console: console, queue: queue, channel: channel, style: style)
        } else {
            self.presenter = LineLog(console: console, queue: queue, channel: channel, style: style)
        }
    }

    func summarize(_ workflow: JSONValue, options: String) {
        let columns = self.console.isTerminal(self.channel) ? self.console.size().columns : 200
        let report = RunReport(workflow, style: self.style, columns: columns, options: options)
        self.queue.write(report.text(now: self.console.now()), to: self.channel)
    }

    /// The end of a process whose runs go on: they did not succeed, yet.
    func leave() async throws {
        await self.queue.drain()
        throw ExitCode(ExitStatus.failure)
    }
}

/// Workflow objects as one document.
enum WorkflowDocument {
    /// The object itself when there is one, a WorkflowList for several.
    static func one(of workflows: [JSONValue]) -> JSONValue {
        if workflows.count == 1 { return workflows[0] }
        return ["apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowList", "metadata": [:], "items": .array(workflows)]
    }
}

/// `name=value` arguments.
enum KeyValue {
    /// - Throws: `ValidationError` for an argument without a name or without `=`.
    static func pairs(_ arguments: [String], option: String) throws -> [(name: String, value: String)] {
        try arguments.map { argument in
            guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
                throw ValidationError("'\(option) \(argument)' is not of the form name=value")
            }
            return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
        }
    }
}
