import ArgumentParser
import Operations
import WorkflowModel

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print what the steps of a run wrote, merged by time.",
        discussion:
            "One line for each line: the pod's name, then the text. Ends when everything was printed; with -f, when the run has ended.")

    @Argument(help: "Name of a run; @latest is the newest.")
    var name: String

    @Argument(help: "Only one node: its name, display name, id or pod name.")
    var node: String?

    @Option(name: .shortAndLong, help: "Which container of the pods.")
    var container = "main"

    @Flag(name: .shortAndLong, help: "Go on with new lines until the run has ended.")
    var follow = false

    @Option(name: .long, help: ArgumentHelp("Only lines that match.", valueName: "regex"))
    var grep: String?

    @Option(name: .long, help: ArgumentHelp("Only lines so old or younger: 5s, 2m, 3h.", valueName: "duration"))
    var since: String?

    @Option(name: .long, help: ArgumentHelp("Only lines after a time (RFC 3339).", valueName: "time"))
    var sinceTime: String?

    @Option(name: .long, help: ArgumentHelp("Only the last lines of each pod; -1 for all.", valueName: "n"))
    var tail = -1

    @Flag(name: .long, help: "Put the time in front of each line's text.")
    var timestamps = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.since != nil, self.sinceTime != nil { throw ValidationError("--since and --since-time exclude each other") }
        if self.tail < -1 { throw ValidationError("--tail must be at least 0, or -1 for all lines") }
        if let since = self.since { _ = try RunSelection.duration(since, option: "--since") }
        if let time = self.sinceTime, Timestamp(rfc3339: time) == nil {
            throw ValidationError("'--since-time \(time)' is not a time, expected one like 2026-11-21T04:32:00Z")
        }
    }

    func run() async throws {
        let console = CommandLineContext.current.console
        let operations = try await CommandLineContext.current.openOperations(self.global)
        var since = self.sinceTime.flatMap { Timestamp(rfc3339: $0) }
        if let text = self.since {
            since = Timestamp(milliseconds: console.now().milliseconds - (try RunSelection.duration(text, option: "--since")).milliseconds)
        }
        let query = LogsQuery(
            run: self.name, namespace: self.global.namespace, node: self.node, container: self.container, follows: self.follow,
            since: since,
            tail: self.tail < 0 ? nil : self.tail, pattern: self.grep)
        var printer = LogPrinter(style: OutputStyle(console: console, channel: .output, self.global), showsTime: self.timestamps)
        let holdsBack = self.follow ? 0 : 65536
        for try await line in try await operations.logs(query) {
            printer.add(line)
            // Nobody reads any more: `skiff logs | head`.
            if printer.text.utf8.count > holdsBack, !console.write(printer.take(), .output) { return }
        }
        _ = console.write(printer.take(), .output)
    }
}
