import ArgumentParser
import Operations
import WorkflowModel

/// Doing one thing to several runs.
enum Targets {
    /// Does it for each name. A failure is told and does not keep it from the others.
    /// - Throws: `ExitCode` 1 at the end when any failed.
    static func each(_ names: [String], _ console: Console, _ options: GlobalOptions, _ action: (String) async throws -> Void) async throws
    {
        var hasFailed = false
        for name in names {
            do { try await action(name) } catch let error as OperationError {
                // A single refusal is the command's own, with its exit status.
                if names.count == 1 || error.code == .unreachable { throw error }
                hasFailed = true
                _ = console.write(OutputStyle(console: console, channel: .errors, options).errorText(error), .errors)
            }
        }
        if hasFailed { throw ExitCode(ExitStatus.failure) }
    }
}

/// Runs to stop or terminate: by name, or by labels.
struct NamedTargets: ParsableArguments {
    @Argument(help: "Names of runs; @latest is the newest.")
    var names: [String] = []

    @Option(
        name: [.customShort("l"), .customLong("selector")],
        help: ArgumentHelp("Unfinished runs with these labels: k=v,k!=v,k.", valueName: "labels"))
    var selector: String?

    @Flag(name: .long, help: "Only say what would be done.")
    var dryRun = false

    func validate() throws {
        if self.names.isEmpty, self.selector == nil { throw ValidationError("name a run, or select runs with -l") }
        do { _ = try LabelSelector(self.selector) } catch let fault as SelectorFault { throw ValidationError(fault.description) }
    }

    func resolved(_ operations: any Operations, namespace: String) async throws -> [String] {
        guard let selector = self.selector else { return self.names }
        let query = ListQuery(namespace: namespace, isFinished: false, limit: 100_000)
        let runs = try await LabelSelector(selector).runs(of: operations, query)
        return self.names + runs.map(\.name).filter { !self.names.contains($0) }
    }

    /// Does it for each target and says so: `workflow NAME stopped`.
    func each(_ options: GlobalOptions, _ done: String, _ action: (any Operations, String) async throws -> String) async throws {
        let console = CommandLineContext.current.console
        let operations = try await CommandLineContext.current.openOperations(options)
        try await Targets.each(try await self.resolved(operations, namespace: options.namespace), console, options) { name in
            let real = self.dryRun ? name : try await action(operations, name)
            _ = console.write("workflow \(real) \(done)\(self.dryRun ? " (dry-run)" : "")\n", .output)
        }
    }
}
