import ArgumentParser
import Operations
import WorkflowModel

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Return when runs have ended.",
        discussion: "Prints a line for each as it ends: `NAME PHASE at TIME`. Exit status 1 says that one did not succeed.")

    @Argument(help: "Names of runs; @latest is the newest.")
    var names: [String]

    @Flag(name: .long, help: "A run that does not exist is no error.")
    var ignoreNotFound = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let operations = try await context.openOperations(self.global)
        // Side by side, each told when it ends; the first trouble is told when all others have ended.
        var refusal: OperationError?
        var hasFailed = false
        await withTaskGroup(of: Result<Bool, OperationError>.self) { group in
            for name in self.names { group.addTask { await self.end(of: name, operations, context.console) } }
            for await result in group {
                switch result {
                case .success(let hasSucceeded): hasFailed = hasFailed || !hasSucceeded
                case .failure(let error): refusal = refusal ?? error
                }
            }
        }
        if let refusal { throw refusal }
        if hasFailed { throw ExitCode(ExitStatus.failure) }
    }

    /// - Returns: whether it succeeded, or there is nothing to wait for.
    private func end(of name: String, _ operations: any Operations, _ console: Console) async -> Result<Bool, OperationError> {
        do {
            let run = FollowedRun(name: name, namespace: self.global.namespace, operations: operations)
            let view = WorkflowView(try await run.end())
            let time = view.finishedAt?.rfc3339 ?? ""
            _ = console.write("\(TerminalText.safe(view.name)) \(view.phase) at \(time)\n", .output)
            return .success(view.phase == "Succeeded")
        } catch let error as OperationError {
            return error.code == .notFound && self.ignoreNotFound ? .success(true) : .failure(error)
        } catch {
            return .failure(OperationError(.unavailable, "waiting for run '\(name)' ended early: \(error)"))
        }
    }
}
