import ArgumentParser
import Operations

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End runs: what runs is killed, nothing new starts, exit handlers still run.",
        discussion: "Returns when the order is recorded; the run ends soon after.")

    @OptionGroup var targets: NamedTargets

    @Option(name: .long, help: "Why, for those who look at the run later.")
    var message = ""

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        try await self.targets.each(self.global, "stopped") { operations, name in
            try await operations.stop(name, namespace: self.global.namespace, message: self.message)
        }
    }
}
