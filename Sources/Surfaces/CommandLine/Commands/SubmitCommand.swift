import ArgumentParser
import Operations
import WorkflowModel

struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Record runs of files or of stored templates, for whoever owns the data directory to carry out.",
        discussion: """
            Prints each run as it was recorded. When a process owns the data directory it carries the runs out, and submit returns. When \
            there is none, submit carries them out itself, says so on standard error, and returns when they have ended: Ctrl-C stops them. \
            Whenever submit has seen the end of its runs, exit status 1 says that one did not succeed.
            """)

    @Argument(help: "YAML or JSON files, or - for standard input.", completion: .file(extensions: ["yaml", "yml", "json"]))
    var files: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Run a stored object: workflowtemplate/NAME, clusterworkflowtemplate/NAME or cronwf/NAME.", valueName: "kind/name"))
    var from: String?

    @OptionGroup var overrides: SubmitOverrides

    @Flag(name: .long, help: "Check, and print what would be submitted; needs -o.")
    var dryRun = false

    @Flag(name: .long, help: "The same, checked by the server when there is one.")
    var serverDryRun = false

    @Flag(name: .shortAndLong, help: "Return when the runs have ended.")
    var wait = false

    @Flag(name: .long, help: "Show the run until it has ended.")
    var watch = false

    @Flag(name: .long, help: "Print what the steps write until the runs have ended.")
    var log = false

    @Option(name: .shortAndLong, help: "Names only, or the objects.")
    var output: ResourceOutput?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.files.isEmpty, self.from == nil {
            throw ValidationError("name a file to submit, '-' for standard input, or a stored object with --from")
        }
        if !self.files.isEmpty, self.from != nil { throw ValidationError("--from takes a stored object, not files") }
        let isDry = self.dryRun || self.serverDryRun
        if self.dryRun, self.serverDryRun { throw ValidationError("--dry-run and --server-dry-run exclude each other") }
        if isDry, self.output == nil { throw ValidationError("a dry run needs -o: there is nothing else to show") }
        if isDry, self.wait || self.watch || self.log { throw ValidationError("a dry run starts nothing to wait for, watch or log") }
        if self.watch, self.wait { throw ValidationError("--watch and --wait exclude each other") }
        if self.overrides.scheduledTime != nil, self.from == nil { throw ValidationError("--scheduled-time needs --from") }
        _ = try self.origin()
    }

    func run() async throws {
        let context = CommandLineContext.current
        let submitter = try await context.openSubmitter(self.global)
        let request = SubmitRequest(run: try self.overrides.request(self.files, self.global), from: try self.origin())
        let printing = SubmittedRuns(console: context.console, options: self.global, output: self.output)
        if self.dryRun || self.serverDryRun { return try printing.show(try await submitter.preview(request)) }
        // Signals count from before the first step starts; only while standard input is read does Ctrl-C end the program at once.
        let early = self.files.contains("-") ? nil : context.console.signals()
        switch try await submitter.submit(request) {
        case .carriedOutHere(let session):
            try printing.show(await session.workflows())
            try await SubmittedSession(session: session, showsLogs: self.log, context: context, options: self.global)
                .conduct(early ?? context.console.signals())
        case .handedOver(let workflows, let owner):
            try printing.show(workflows)
            let who = owner.map { "process \($0)" } ?? "the server"
            _ = context.console.write("\(who) carries the run\(workflows.count == 1 ? "" : "s") out\n", .errors)
            guard self.wait || self.watch || self.log else { return }
            if self.watch, workflows.count > 1 {
                throw OperationError(
                    .invalid, "--watch shows one run, and \(workflows.count) were submitted", hint: "follow one with: skiff logs -f NAME")
            }
            try await HandedOverRuns(workflows: workflows, showsLogs: self.log, redraws: self.watch, context: context, options: self.global)
                .follow()
        }
    }

    private func origin() throws -> ResourceReference? {
        guard let from = self.from else { return nil }
        let parts = from.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else {
            throw ValidationError("'--from \(from)' is not of the form kind/name, expected one like workflowtemplate/build")
        }
        return ResourceReference(try ResourceTargets.kind(parts[0]), parts[1])
    }
}

/// What the command line changes of the Workflows that are submitted.
struct SubmitOverrides: ParsableArguments {
    @Option(
        name: [.customShort("p"), .customLong("parameter")], help: ArgumentHelp("Set a parameter (repeatable).", valueName: "name=value"))
    var parameters: [String] = []

    @Option(
        name: [.customShort("f"), .long], help: ArgumentHelp("YAML or JSON map of parameters; -p wins over it.", valueName: "file"),
        completion: .file())
    var parameterFile: String?

    @Option(name: .long, help: ArgumentHelp("Template to start with.", valueName: "template"))
    var entrypoint: String?

    @Option(name: .long, help: "Name of the run.")
    var name: String?

    @Option(name: .long, help: ArgumentHelp("What the name of the run starts with.", valueName: "prefix"))
    var generateName: String?

    @Option(
        name: [.customShort("l"), .customLong("labels")], help: ArgumentHelp("Labels of the run: k=v,… (repeatable).", valueName: "k=v"))
    var labels: [String] = []

    @Option(name: .long, help: ArgumentHelp("Service account of the run.", valueName: "name"))
    var serviceaccount: String?

    @Option(name: .long, parsing: .unconditional, help: ArgumentHelp("Higher ones are started first.", valueName: "n"))
    var priority: Int32?

    @Option(name: .long, help: ArgumentHelp("When a schedule would have started it (RFC 3339); with --from.", valueName: "time"))
    var scheduledTime: String?

    @Flag(name: .long, inversion: .prefixedNo, help: "Taken as in Argo: fields that do not exist are always errors.")
    var strict = true

    @Option(name: .long, help: "How steps are carried out, if this process does it.")
    var runtime: RunCommand.RuntimeChoice = .auto

    @Option(name: .long, help: ArgumentHelp("How many pods run at once, at most, if this process carries them out.", valueName: "n"))
    var maxParallel: Int?

    func validate() throws {
        if let most = self.maxParallel, most < 1 { throw ValidationError("--max-parallel must be at least 1") }
        _ = try KeyValue.pairs(self.parameters, option: "-p")
        _ = try self.labelMap()
        if let time = self.scheduledTime, Timestamp(rfc3339: time) == nil {
            throw ValidationError("'--scheduled-time \(time)' is not a time, expected one like 2026-11-21T04:32:00Z")
        }
    }

    func request(_ files: [String], _ options: GlobalOptions) throws -> RunRequest {
        let filed = try self.parameterFile.map { try ParameterFile.parameters(in: $0) } ?? []
        return RunRequest(
            files: files, parameters: filed + (try KeyValue.pairs(self.parameters, option: "-p")), entrypoint: self.entrypoint,
            name: self.name, namespace: options.namespace, runtime: self.runtime.rawValue, maxParallel: self.maxParallel,
            labels: try self.labelMap(), generateName: self.generateName, serviceAccount: self.serviceaccount,
            priority: self.priority.map { Int($0) },
            annotations: self.scheduledTime.map { ["workflows.argoproj.io/scheduled-time": $0] } ?? [:])
    }

    private func labelMap() throws -> [String: String] {
        let parts = self.labels.flatMap { $0.split(separator: ",").map(String.init) }
        return Dictionary(try KeyValue.pairs(parts, option: "-l").map { ($0.name, $0.value) }) { _, last in last }
    }
}
