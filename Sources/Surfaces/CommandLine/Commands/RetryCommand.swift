import ArgumentParser
import Operations
import WorkflowModel

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Have runs that failed go on: what failed runs again, what succeeded stays.",
        discussion: """
            The run keeps its name and is carried out by the server, or by this process where there is none, as with `skiff run`. What came after a step that runs again runs \
            again too, and so does the exit handler. With --restart-successful, the nodes that --node-field-selector matches run again \
            whatever became of them, also of a run that succeeded. New parameters have loops in what runs again read anew. --dry-run names \
            the nodes that would run again.

            With -f, a Workflow that ran in a cluster goes on here: `argo get NAME -o json > flow.json`, then `skiff retry -f flow.json`.
            """)

    @OptionGroup var targets: EndedTargets

    @Option(
        name: .long, help: ArgumentHelp("Nodes to run again: FIELD=VALUE,FIELD!=VALUE; with --restart-successful.", valueName: "selector"))
    var nodeFieldSelector: String?

    @Flag(name: .long, help: "Run the selected nodes again though they succeeded, and what came after them.")
    var restartSuccessful = false

    @Option(
        name: [.customShort("p"), .customLong("parameter")], help: ArgumentHelp("Change a parameter (repeatable).", valueName: "name=value")
    )
    var parameters: [String] = []

    @Flag(name: .long, help: "Only say what would run again.")
    var dryRun = false

    @OptionGroup var follow: FollowOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        _ = try KeyValue.pairs(self.parameters, option: "-p")
        do { _ = try NodeFilter(selector: self.nodeFieldSelector) } catch let fault as SelectorFault {
            throw ValidationError(fault.description)
        }
    }

    func run() async throws {
        let context = CommandLineContext.current
        if self.nodeFieldSelector != nil, !self.restartSuccessful {
            _ = context.console.write("--node-field-selector chooses nothing without --restart-successful, as in Argo\n", .errors)
        }
        let names = try await self.targets.resolved(context, self.global)
        if self.dryRun { return try await self.forecast(names, context) }
        try await RepeatedRuns(context: context, options: self.global, follow: self.follow).each(names) { submitter, name in
            try await submitter.retry(try self.order(name))
        }
    }

    private func order(_ name: String) throws -> RetryOrder {
        RetryOrder(
            run: name, isFile: self.targets.file != nil, namespace: self.global.namespace, nodeSelector: self.nodeFieldSelector,
            restartsSuccessful: self.restartSuccessful,
            parameters: try KeyValue.pairs(self.parameters, option: "-p").map { RetryOrder.Override(name: $0.name, value: $0.value) },
            maxParallel: self.follow.maxParallel)
    }

    private func forecast(_ names: [String], _ context: CommandLineContext) async throws {
        let starter = try await context.openStarter(self.global)
        try await Targets.each(names, context.console, self.global) { name in
            let forecast = try await starter.forecast(try self.order(name))
            var lines = TextTable(gap: 3)
            lines.add(["NODE", "TYPE", "TEMPLATE", "ENDED"])
            for node in forecast.again { lines.add([node.name, node.type, node.template, node.phase]) }
            let count = forecast.again.count
            let title = count == 0 ? "nothing of" : count == 1 ? "1 node of" : "\(count) nodes of"
            let them = count == 1 ? "it" : "them"
            let note = "\(title) \(forecast.run) would run again (dry-run); what never ran because of \(them) is not counted\n"
            _ = context.console.write(note + (forecast.again.isEmpty ? "" : lines.text), .output)
        }
    }
}
