import ArgumentParser
import Operations
import WorkflowModel

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List runs: unfinished ones first by newest start, then by newest end.")

    @OptionGroup var selection: RunSelection

    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Runs of all namespaces.")
    var allNamespaces = false

    @Flag(name: .long, help: "Only runs that have not ended.")
    var running = false

    @Option(name: .long, help: ArgumentHelp("Only runs created so long ago or later: 10m, 3h, 1d.", valueName: "duration"))
    var since: String?

    @Flag(name: .long, help: "Leave the headings out.")
    var noHeaders = false

    @Option(name: .long, help: ArgumentHelp("How many runs, at most.", valueName: "n"))
    var limit = 1000

    @Option(name: .shortAndLong, help: "Names only, more columns, or the objects.")
    var output: ListOutput?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    enum ListOutput: String, ExpressibleByArgument, CaseIterable { case name, wide, json, yaml }

    func validate() throws {
        if self.running, self.selection.completed { throw ValidationError("--running and --completed exclude each other") }
        if self.limit < 1 { throw ValidationError("--limit must be at least 1") }
        if let since = self.since { _ = try RunSelection.duration(since, option: "--since") }
    }

    func run() async throws {
        let console = CommandLineContext.current.console
        let operations = try await CommandLineContext.current.openOperations(self.global)
        let now = console.now()
        let createdAfter = try self.since.map { now.milliseconds - (try RunSelection.duration($0, option: "--since")).milliseconds }
        // One more than is shown, to know whether there are more.
        let namespace = self.allNamespaces ? nil : self.global.namespace
        var runs = try await self.selection.runs(of: operations, namespace: namespace, limit: self.limit + 1) { query in
            if self.running { query.isFinished = false }
            query.createdAfter = createdAfter.map { Timestamp(milliseconds: $0) }
        }
        let hasMore = runs.count > self.limit
        runs = Array(runs.prefix(self.limit))
        try await self.show(runs, operations, console, now)
        if hasMore { _ = console.write("only \(self.limit) runs are shown; --limit shows more\n", .errors) }
    }

    private func show(_ runs: [RunSummary], _ operations: any Operations, _ console: Console, _ now: Timestamp) async throws {
        switch self.output {
        case .name: _ = console.write(runs.map { $0.name + "\n" }.joined(), .output)
        case .json:
            try await self.showObjects(runs, operations, console) { "[\n\($0.map { $0.json(indent: 4) }.joined(separator: ",\n"))\n]\n" }
        case .yaml: try await self.showObjects(runs, operations, console) { try JSONValue.array($0).yaml() }
        case .wide, nil:
            if runs.isEmpty {
                _ = console.write("No workflows found\n", .output)
                return
            }
            var table = RunTable(showsNamespace: self.allNamespaces, isWide: self.output == .wide, now: now)
            if !self.noHeaders { table.addHeadings() }
            for run in runs {
                // Only the object knows how many pods wait, run and are done.
                let workflow = self.output == .wide ? try await operations.get(run.uid, namespace: run.namespace) : nil
                table.add(run, workflow: workflow)
            }
            _ = console.write(table.text, .output)
        }
    }

    private func showObjects(
        _ runs: [RunSummary], _ operations: any Operations, _ console: Console, _ text: ([JSONValue]) throws -> String
    ) async throws {
        if runs.isEmpty {
            _ = console.write("[]\n", .output)
            return
        }
        var objects: [JSONValue] = []
        for run in runs { objects.append(try await operations.get(run.uid, namespace: run.namespace)) }
        _ = console.write(try text(objects), .output)
    }
}
