import ArgumentParser
import Operations

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove runs with their records, logs and artifacts.",
        discussion: """
            There is no way back. A run that a process carries out must be stopped first; of a run whose process is gone, the steps that \
            still run are ended.
            """)

    private static let pageSize = 1000

    @OptionGroup var selection: RunSelection

    @Argument(help: "Names of runs; @latest is the newest.")
    var names: [String] = []

    @Flag(name: .long, help: "All runs of the namespace.")
    var all = false

    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Select runs of all namespaces.")
    var allNamespaces = false

    @Flag(name: .long, help: "Only say what would be removed.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.names.isEmpty, !self.all, self.selection.isEmpty {
            throw ValidationError("name a run, or select runs with --all, --completed, --older, --prefix, --status or -l")
        }
        if !self.names.isEmpty, self.all || !self.selection.isEmpty {
            throw ValidationError("runs are removed by name or by selection, not both")
        }
    }

    func run() async throws {
        let console = CommandLineContext.current.console
        let operations = try await CommandLineContext.current.openOperations(self.global)
        if !self.names.isEmpty {
            return try await Targets.each(self.names, console, self.global) { name in
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
