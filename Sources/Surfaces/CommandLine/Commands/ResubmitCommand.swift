import ArgumentParser
import Operations

struct ResubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resubmit", abstract: "Run the Workflows of stored runs once more, as new runs.",
        discussion: """
            The new run has the manifest, templates, ConfigMaps and Secrets of the old one, a name of its own, and the label \
            workflows.argoproj.io/resubmitted-from-workflow; the server carries it out, or this process where there is none, as with `skiff run`. With --memoized, what succeeded \
            in a run that failed is taken over with its outputs and does not run again.
            """)

    @OptionGroup var targets: EndedTargets

    @Flag(name: .long, help: "Take over what succeeded in a run that failed.")
    var memoized = false

    @Option(
        name: [.customShort("p"), .customLong("parameter")], help: ArgumentHelp("Change a parameter (repeatable).", valueName: "name=value")
    )
    var parameters: [String] = []

    @Option(name: .long, help: "Priority of the new run.")
    var priority: Int?

    @OptionGroup var follow: FollowOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws { _ = try KeyValue.pairs(self.parameters, option: "-p") }

    func run() async throws {
        let context = CommandLineContext.current
        let names = try await self.targets.resolved(context, self.global)
        let overrides = try KeyValue.pairs(self.parameters, option: "-p").map { RetryOrder.Override(name: $0.name, value: $0.value) }
        try await RepeatedRuns(context: context, options: self.global, follow: self.follow).each(names) { submitter, name in
            try await submitter.resubmit(
                ResubmitOrder(
                    run: name, isFile: self.targets.file != nil, namespace: self.global.namespace, isMemoized: self.memoized,
                    parameters: overrides, priority: self.priority,
                    maxParallel: self.follow.maxParallel))
        }
    }
}
