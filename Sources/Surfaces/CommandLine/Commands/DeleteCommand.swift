import ArgumentParser
import Operations
import WorkflowModel

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove runs with their records, logs and artifacts, or stored objects.",
        discussion: """
            There is no way back. A run that a process carries out must be stopped first; of a run whose process is gone, the steps that \
            still run are ended.

            `skiff delete NAME…` removes runs. `skiff delete KIND NAME…`, `skiff delete KIND/NAME…` and `skiff delete -f FILE` remove \
            stored objects, `skiff delete KIND -l …` and `skiff delete KIND --all` several of them; see `skiff help get` for the kinds. \
            A PersistentVolumeClaim takes what is in its directory with it.
            """)

    private static let pageSize = 1000

    @OptionGroup var selection: RunSelection

    @Argument(help: "Names of runs (@latest is the newest), or a kind and names of stored objects.")
    var names: [String] = []

    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp("Stored objects that stand in a file (repeatable).", valueName: "file"), completion: .file())
    var filenames: [String] = []

    @Flag(name: .long, help: "All runs of the namespace.")
    var all = false

    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Select runs of all namespaces.")
    var allNamespaces = false

    @Flag(name: .long, help: "Only say what would be removed.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if !self.filenames.isEmpty {
            if !self.names.isEmpty || self.all || !self.selection.isEmpty { throw ValidationError("-f takes no names and no selection") }
            return
        }
        switch try ResourceTargets(self.names) {
        case .runs: try self.validateRuns()
        case .named:
            if self.all || !self.selection.isEmpty { throw ValidationError("objects are deleted by name or by selection, not both") }
        case .all:
            let isChosen = self.all || self.selection.selector != nil
            if !isChosen || !self.selection.asksForLabelsOnly {
                throw ValidationError("name objects to delete, or select them with --all or -l")
            }
        }
    }

    private func validateRuns() throws {
        if self.names.isEmpty, !self.all, self.selection.isEmpty {
            throw ValidationError("name a run, or select runs with --all, --completed, --older, --prefix, --status or -l")
        }
        if !self.names.isEmpty, self.all || !self.selection.isEmpty {
            throw ValidationError("runs are removed by name or by selection, not both")
        }
    }

    func run() async throws {
        let targets = try ResourceTargets(self.names)
        if self.filenames.isEmpty, case .runs(let names) = targets { return try await self.deleteRuns(names) }
        let context = CommandLineContext.current
        let deleting = ResourceDeleting(
            resources: try await context.openResources(self.global), console: context.console, options: self.global, isDryRun: self.dryRun)
        if !self.filenames.isEmpty { return try await deleting.delete(in: try ResourceFiles(self.filenames)) }
        switch targets {
        case .runs: break
        case .named(let references): try await deleting.delete(references.map { ($0, self.global.namespace) })
        case .all(let kind):
            let labels = try LabelSelector(self.selection.selector)
            try await deleting.deleteAll(
                ResourceListQuery(kind, namespace: self.allNamespaces ? nil : self.global.namespace, labels: labels))
        }
    }

    private func deleteRuns(_ names: [String]) async throws {
        let console = CommandLineContext.current.console
        let operations = try await CommandLineContext.current.openOperations(self.global)
        if !names.isEmpty {
            return try await Targets.each(names, console, self.global) { name in
                try await self.delete(name, shown: nil, namespace: self.global.namespace, operations, console)
            }
        }
        try await self.deleteSelected(operations, console)
    }

    private func deleteSelected(_ operations: any Operations, _ console: Console) async throws {
        var seen: Set<String> = []
        var failure: (any Error)?
        // Page by page, so that a long history needs no memory; what could not be deleted comes up again and ends the loop.
        while true {
            let limit = Self.pageSize + seen.count
            let namespace = self.allNamespaces ? nil : self.global.namespace
            let fresh = try await self.selection.runs(of: operations, namespace: namespace, limit: limit).filter {
                seen.insert($0.uid).inserted
            }
            if fresh.isEmpty { break }
            let spaces = Dictionary(fresh.map { ($0.uid, $0) }) { first, _ in first }
            do {
                try await Targets.each(fresh.map(\.uid), console, self.global) { uid in
                    guard let run = spaces[uid] else { return }
                    try await self.delete(uid, shown: run.name, namespace: run.namespace, operations, console)
                }
            } catch { failure = error }
        }
        if seen.isEmpty { _ = console.write("No resources found\n", .output) }
        if let failure { throw failure }
    }

    private func delete(_ name: String, shown: String?, namespace: String, _ operations: any Operations, _ console: Console) async throws {
        if self.dryRun {
            _ = console.write("Workflow '\(shown ?? name)' deleted (dry-run)\n", .output)
            return
        }
        do {
            let real = try await operations.delete(name, namespace: namespace)
            _ = console.write("Workflow '\(shown ?? real)' deleted\n", .output)
        } catch let error as OperationError where error.code == .notFound {
            // Gone is what was asked for.
            _ = console.write("Workflow '\(shown ?? name)' not found\n", .output)
        }
    }
}
