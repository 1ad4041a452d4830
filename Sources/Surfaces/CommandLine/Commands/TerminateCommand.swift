import ArgumentParser
import Operations

struct TerminateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terminate", abstract: "End runs at once: what runs is killed, exit handlers do not run.",
        discussion: "Returns when the order is recorded; the run ends soon after.")

    @OptionGroup var targets: NamedTargets

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        try await self.targets.each(self.global, "terminated") { operations, name in
            try await operations.terminate(name, namespace: self.global.namespace)
        }
    }
}
