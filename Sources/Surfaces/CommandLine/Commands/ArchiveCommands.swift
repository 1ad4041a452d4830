import ArgumentParser
import Operations
import WorkflowModel

/// Runs that have ended. Skiff keeps them in one place with all others; a name may have been used for several of them.
struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "Look at runs that have ended, and act on them.",
        subcommands: [
            ArchiveListCommand.self, ArchiveGetCommand.self, ArchiveDeleteCommand.self, ArchiveLabelKeysCommand.self,
            ArchiveLabelValuesCommand.self,
        ])
}

struct ArchiveListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List runs that have ended, newest end first.")

    @Option(
        name: [.customShort("l"), .customLong("selector")],
        help: ArgumentHelp("Only runs with these labels: k=v,k!=v,k.", valueName: "labels"))
    var selector: String?

    @Option(name: .long, help: ArgumentHelp("Taken as in Argo: lists are always read in pieces.", valueName: "n"))
    var chunkSize: Int?

    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Runs of all namespaces.")
    var allNamespaces = false

    @Option(name: .long, help: ArgumentHelp("How many runs, at most.", valueName: "n"))
    var limit = 1000

    @Option(name: .shortAndLong, help: "Names only, a table, or the objects.")
    var output: ResourceOutput = .wide

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.limit < 1 { throw ValidationError("--limit must be at least 1") }
        do { _ = try LabelSelector(self.selector) } catch let fault as SelectorFault { throw ValidationError(fault.description) }
    }

    func run() async throws {
        let console = CommandLineContext.current.console
        let operations = try await CommandLineContext.current.openOperations(self.global)
        let query = ListQuery(namespace: self.allNamespaces ? nil : self.global.namespace, isFinished: true, limit: self.limit + 1)
        let found = try await LabelSelector(self.selector).runs(of: operations, query)
        let runs = found.prefix(self.limit)
        switch self.output {
        case .name: _ = console.write(runs.map { $0.name + "\n" }.joined(), .output)
        case .json, .yaml: try await self.showObjects(runs, operations, console)
        case .wide:
            if runs.isEmpty {
                _ = console.write("No workflows found\n", .output)
                return
            }
            var table = RunTable(showsNamespace: true, isWide: false, showsUID: true, now: console.now())
            table.addHeadings()
            for run in runs { table.add(run, workflow: nil) }
            _ = console.write(table.text, .output)
        }
        if found.count > self.limit { _ = console.write("only \(self.limit) runs are shown; --limit shows more\n", .errors) }
    }

    private func showObjects(_ runs: ArraySlice<RunSummary>, _ operations: any Operations, _ console: Console) async throws {
        var objects: [JSONValue] = []
        for run in runs { objects.append(try await operations.get(run.uid, namespace: run.namespace)) }
        let list = JSONValue.array(objects)
        _ = console.write(self.output == .json ? list.json(indent: 4) + "\n" : try list.yaml(), .output)
    }
}

/// Runs that have ended, by name or uid.
struct ArchivedTargets: ParsableArguments {
    @Argument(help: "Names or uids of runs that have ended.")
    var names: [String]

    @Flag(name: .customLong("name"), help: "Read the arguments as names.")
    var areNames = false

    @Flag(name: .customLong("uid"), help: "Read the arguments as uids.")
    var areUIDs = false

    func validate() throws {
        if self.areNames, self.areUIDs { throw ValidationError("--name and --uid exclude each other") }
    }

    /// Does it for each run.
    func each(
        _ options: GlobalOptions, _ action: (_ uid: String, _ namespace: String, any Operations, Console) async throws -> Void
    ) async throws {
        let console = CommandLineContext.current.console
        let operations = try await CommandLineContext.current.openOperations(options)
        try await Targets.each(self.names, console, options) { text in
            let run = try await self.run(text, options.namespace, operations)
            try await action(run.uid, run.namespace, operations, console)
        }
    }

    /// - Throws: `OperationError.conflict` when the name was used for several.
    private func run(_ text: String, _ namespace: String, _ operations: any Operations) async throws -> (uid: String, namespace: String) {
        if self.areUIDs || (!self.areNames && Self.isUID(text)) { return (text, namespace) }
        let query = ListQuery(namespace: namespace, prefix: text, isFinished: true, limit: 100_000)
        let runs = try await operations.list(query).filter { $0.name == text }
        guard let first = runs.first else {
            throw OperationError(
                .notFound, "no run '\(text)' has ended in namespace '\(namespace)'", hint: "see which have: skiff archive list -A")
        }
        if runs.count == 1 { return (first.uid, first.namespace) }
        let list = runs.map(\.uid).joined(separator: ", ")
        throw OperationError(.conflict, "\(runs.count) runs were called '\(text)'", hint: "name one by its uid: \(list)")
    }

    /// `01931f0c-5a3e-7b1d-9d52-3f6b1c2d4e5f`.
    private static func isUID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(\.isHexDigit) }
    }
}

struct ArchiveGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "get", abstract: "Show runs that have ended.")

    @OptionGroup var targets: ArchivedTargets

    @Option(name: .shortAndLong, help: "A block of lines, or the objects.")
    var output: Output = .wide

    @OptionGroup(title: "Global options") var global: GlobalOptions

    enum Output: String, ExpressibleByArgument, CaseIterable { case wide, json, yaml }

    func run() async throws {
        var isFirst = true
        try await self.targets.each(self.global) { uid, namespace, operations, console in
            let object = try await operations.get(uid, namespace: namespace)
            switch self.output {
            case .json: _ = console.write(object.json(indent: 4) + "\n", .output)
            case .yaml: _ = console.write((isFirst ? "" : "---\n") + (try object.yaml()), .output)
            case .wide:
                let style = OutputStyle(console: console, channel: .output, self.global)
                let header = WorkflowHeader(object).text(style: style, now: console.now(), secondsFromUTC: console.secondsFromUTC)
                _ = console.write((isFirst ? "" : "\n") + header, .output)
            }
            isFirst = false
        }
    }
}

struct ArchiveDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove runs that have ended, with their records, logs and artifacts.")

    @OptionGroup var targets: ArchivedTargets
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        try await self.targets.each(self.global) { uid, namespace, operations, console in
            let run = WorkflowView(try await operations.get(uid, namespace: namespace))
            guard run.isFinished else {
                throw OperationError(.conflict, "run '\(run.name)' has not ended", hint: "end it with: skiff terminate \(run.name)")
            }
            try await operations.delete(uid, namespace: namespace)
            _ = console.write("Archived workflow '\(TerminalText.safe(run.name))' deleted\n", .output)
        }
    }
}

struct ArchiveLabelKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list-label-keys", abstract: "List the keys of the labels of runs that have ended.")

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let keys = try await context.openCatalog(self.global).labelKeys(namespace: self.global.namespace)
        _ = context.console.write(keys.map { TerminalText.safe($0) + "\n" }.joined(), .output)
    }
}

struct ArchiveLabelValuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list-label-values", abstract: "List the values that a label has on runs that have ended.")

    @Option(name: [.customShort("l"), .customLong("selector")], help: ArgumentHelp("Key of the label.", valueName: "key"))
    var selector: String

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let values = try await context.openCatalog(self.global).labelValues(of: self.selector, namespace: self.global.namespace)
        _ = context.console.write(values.map { TerminalText.safe($0) + "\n" }.joined(), .output)
    }
}
