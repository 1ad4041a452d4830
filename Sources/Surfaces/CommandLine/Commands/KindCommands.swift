import ArgumentParser
import Operations
import WorkflowModel

/// `template create FILE…`, `template update FILE…`.
struct PutKind<Verbs: KindVerbs, Rule: NamedRule>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: Rule.word, abstract: "Store the \(Verbs.kind.rawValue)s of files \(Rule.promise).")
    }

    @OptionGroup var files: ResourceFileArguments

    @Option(name: .shortAndLong, help: "Names only, or the objects.")
    var output: ResourceOutput?

    @Flag(name: .long, inversion: .prefixedNo, help: "Taken as in Argo: fields that do not exist are always errors.")
    var strict = true

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        var files = try ResourceFiles(self.files.all)
        try files.keep(only: Verbs.kind)
        try await ResourcePutting(rule: Rule.rule, output: self.output, printsBlocks: true, options: self.global).carryOut(files)
    }
}

/// `template get NAME…`.
struct GetKind<Verbs: KindVerbs>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "get", abstract: "Show stored \(Verbs.kind.rawValue)s.")
    }

    @Argument(help: "Names.")
    var names: [String]

    @Option(name: .shortAndLong, help: "Names only, the objects, or a table.")
    var output: ResourceOutput?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let showing = ResourceShowing(
            resources: try await context.openResources(self.global), console: context.console, options: self.global, output: self.output)
        try await showing.show(self.names.map { ResourceReference(Verbs.kind, $0) }, asBlocks: true)
    }
}

/// `template list`.
struct ListKind<Verbs: KindVerbs>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "list", abstract: "List stored \(Verbs.kind.rawValue)s.")
    }

    @OptionGroup var selection: ResourceSelection

    @Option(name: .shortAndLong, help: "Names only, more columns, or the objects.")
    var output: ResourceOutput?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let showing = ResourceShowing(
            resources: try await context.openResources(self.global), console: context.console, options: self.global, output: self.output,
            layout: Verbs.layout)
        let query = try self.selection.query(Verbs.kind, namespace: self.global.namespace)
        if self.selection.watch { return try await showing.watch(query) }
        try await showing.list(query, limit: self.selection.limit)
    }
}

/// `template delete NAME…`.
struct DeleteKind<Verbs: KindVerbs>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Delete stored \(Verbs.kind.rawValue)s.",
            discussion: "Runs keep what they were started with. One that is not there is told and is no error.")
    }

    @Argument(help: "Names.")
    var names: [String] = []

    @Flag(name: .long, help: "All of the namespace.")
    var all = false

    @Flag(name: .long, help: "Only say what would be deleted.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.names.isEmpty != self.all { throw ValidationError("give names, or --all") }
    }

    func run() async throws {
        let context = CommandLineContext.current
        let deleting = ResourceDeleting(
            resources: try await context.openResources(self.global), console: context.console, options: self.global, isDryRun: self.dryRun)
        if self.all { return try await deleting.deleteAll(ResourceListQuery(Verbs.kind, namespace: self.global.namespace)) }
        try await deleting.delete(self.names.map { (ResourceReference(Verbs.kind, $0), self.global.namespace) })
    }
}

/// `template lint FILE…`: what `skiff lint` does.
struct LintKind<Verbs: KindVerbs>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "lint", abstract: "Find every fault of files, as `skiff lint` does.")
    }

    @Argument(help: "Files, directories, or - for standard input.", completion: .file())
    var files: [String]

    @Option(name: .shortAndLong, help: "How faults are shown.")
    var output: LintCommand.LintOutput = .pretty

    @Flag(name: .long, inversion: .prefixedNo, help: "Taken as in Argo: fields that do not exist are always errors.")
    var strict = true

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let arguments = ["-o", self.output.rawValue] + self.global.arguments + ["--"] + self.files
        try await LintCommand.parse(arguments).run()
    }
}

extension ResourceSelection {
    /// - Throws: `SelectorFault`, which `validate` has ruled out.
    func query(_ kind: ResourceKind, namespace: String) throws -> ResourceListQuery {
        ResourceListQuery(
            kind, namespace: self.allNamespaces ? nil : namespace, labels: try LabelSelector(self.selector),
            fields: try FieldSelector(self.fieldSelector))
    }
}
