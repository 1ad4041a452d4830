import ArgumentParser
import Operations
import WorkflowModel

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Show a run, again whenever it changes, until it has ended.",
        discussion: "Exit status 1 says that it did not succeed.")

    @Argument(help: "Name of a run; @latest is the newest.")
    var name: String

    @Option(name: .long, help: ArgumentHelp("Only nodes in one of these phases: Failed,Error.", valueName: "phases"))
    var status: String?

    @Option(name: .long, help: ArgumentHelp("Only nodes whose fields match: templateName=build,phase!=Succeeded.", valueName: "selector"))
    var nodeFieldSelector: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        do { _ = try NodeFilter(phases: self.status, selector: self.nodeFieldSelector) } catch let fault as SelectorFault {
            throw ValidationError(fault.description)
        }
    }

    func run() async throws {
        let context = CommandLineContext.current
        let operations = try await context.openOperations(self.global)
        var drawing = RedrawnRun(
            console: context.console, options: self.global,
            filter: try NodeFilter(phases: self.status, selector: self.nodeFieldSelector))
        let run = FollowedRun(name: self.name, namespace: self.global.namespace, operations: operations)
        let view = WorkflowView(try await run.end { drawing.show($0) })
        if view.isFinished, view.phase != "Succeeded" { throw ExitCode(ExitStatus.failure) }
    }
}
