import ArgumentParser
import Operations

struct SuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend", abstract: "Start nothing new of runs until they are resumed; what runs goes on.")

    @OptionGroup var targets: NamedTargets
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        try await self.targets.each(self.global, "suspended") { operations, name in
            try await operations.suspend(name, namespace: self.global.namespace)
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let suspended runs, and nodes that wait for a person, go on.",
        discussion: """
            Without a selector the whole run goes on, and every suspend node in it. With one, only the suspend nodes that match: \
            --node-field-selector displayName=approve.
            """)

    @OptionGroup var targets: NamedTargets

    @Option(name: .long, help: ArgumentHelp("Nodes to resume: FIELD=VALUE,FIELD!=VALUE.", valueName: "selector"))
    var nodeFieldSelector: String?

    @Option(name: .long, help: "Why, for those who look at the node later.")
    var message = ""

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        try await self.targets.each(self.global, "resumed") { operations, name in
            try await operations.resume(
                name, namespace: self.global.namespace, selector: self.nodeFieldSelector, message: self.message)
        }
    }
}

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Act on a node of a run that waits for a person.", subcommands: [NodeSetCommand.self])
}

struct NodeSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Give a waiting node the values of its outputs, and end it.",
        discussion: """
            skiff node set RUN --node-field-selector displayName=approve --output-parameter answer=yes --phase Succeeded
            """)

    @Argument(help: "The run; @latest is the newest.")
    var name: String

    @Option(name: .long, help: ArgumentHelp("Nodes to set: FIELD=VALUE,FIELD!=VALUE.", valueName: "selector"))
    var nodeFieldSelector: String

    @Option(
        name: [.customShort("p"), .customLong("output-parameter")], help: ArgumentHelp("A value of an output.", valueName: "name=value"))
    var outputParameters: [String] = []

    @Option(name: .long, help: "How the node ends: Succeeded, Failed or Error. Without it the node goes on waiting.")
    var phase: String?

    @Option(name: [.customShort("m"), .long], help: "Why, for those who look at the node later.")
    var message = ""

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.outputParameters.isEmpty, self.phase == nil, self.message.isEmpty {
            throw ValidationError("say what to set: --output-parameter, --phase or --message")
        }
        for parameter in self.outputParameters where !parameter.contains("=") {
            throw ValidationError("'\(parameter)' is no output parameter: write NAME=VALUE")
        }
    }

    func run() async throws {
        let operations = try await CommandLineContext.current.openOperations(self.global)
        let outputs = self.outputParameters.map { text -> (name: String, value: String) in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]))
        }
        let real = try await operations.set(
            self.name, namespace: self.global.namespace, selector: self.nodeFieldSelector,
            NodeSetting(outputs: outputs, phase: self.phase, message: self.message))
        _ = CommandLineContext.current.console.write("workflow \(real) set\n", .output)
    }
}
