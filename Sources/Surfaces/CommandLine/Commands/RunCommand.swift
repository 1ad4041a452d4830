import ArgumentParser
import Operations
import WorkflowModel

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the Workflows of files on this machine and wait for their end.",
        discussion: """
            Workflows are run, side by side when there are several; every other document (WorkflowTemplate, ConfigMap, Secret, …) is \
            context for this run only. Ctrl-C or SIGTERM stops the runs, exit handlers still run; a second one terminates them. When the \
            terminal goes away (SIGHUP) the steps go on, and `skiff run --resume NAME` takes the run up again.
            """)

    @Argument(help: "YAML or JSON files, or - for standard input.", completion: .file(extensions: ["yaml", "yml", "json"]))
    var files: [String] = []

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

    @Option(name: .long, help: "How steps are carried out.")
    var runtime: RuntimeChoice = .auto

    @Option(name: .long, help: ArgumentHelp("How many pods run at once, at most.", valueName: "n"))
    var maxParallel: Int?

    @Option(
        name: [.customShort("l"), .customLong("labels")], help: ArgumentHelp("Labels of the run: k=v,… (repeatable).", valueName: "k=v"))
    var labels: [String] = []

    @Option(name: .shortAndLong, help: "Print only the final Workflow object to standard output.")
    var output: RunOutput?

    @Option(name: .long, help: ArgumentHelp("Take up an unfinished run whose process is gone.", valueName: "name"))
    var resume: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    enum RuntimeChoice: String, ExpressibleByArgument, CaseIterable { case auto, sandbox, process }
    enum RunOutput: String, ExpressibleByArgument, CaseIterable { case json, yaml, name }

    func validate() throws {
        if self.resume == nil, self.files.isEmpty { throw ValidationError("name a file to run, or '-' for standard input") }
        if self.resume != nil, !self.files.isEmpty || !self.parameters.isEmpty || self.parameterFile != nil || self.name != nil {
            throw ValidationError("--resume goes on with a run as it was started; it takes no files, parameters or name")
        }
        if self.global.connection.serverOption != nil {
            throw ValidationError("run carries runs out in this process; a server takes them with: skiff submit --server ADDRESS FILE")
        }
        if let most = self.maxParallel, most < 1 { throw ValidationError("--max-parallel must be at least 1") }
        _ = try KeyValue.pairs(self.parameters, option: "-p")
        _ = try self.labelMap()
    }

    func run() async throws {
        let context = CommandLineContext.current
        let starter = try await context.openStarter(self.global)
        // Signals count from before the first step starts; only while standard input is read does Ctrl-C end the program at once.
        let early = self.files.contains("-") ? nil : context.console.signals()
        let session = try await self.start(starter)
        let signals = early ?? context.console.signals()
        let view = RunView(context.console, self.global, keepsOutput: self.output != nil)
        let conductor = RunConductor(session: session, presenter: view.presenter, signals: signals, options: self.global.repeated)
        let hasEnded: Bool
        do { hasEnded = try await conductor.conduct() } catch {
            await view.queue.drain()
            throw error
        }
        if !hasEnded { return try await view.leave() }
        try await self.report(await session.workflows(), view)
    }

    private func start(_ starter: any RunStarter) async throws -> any RunSession {
        if let resume = self.resume {
            return try await starter.resume(resume, namespace: self.global.namespace, maxParallel: self.maxParallel)
        }
        let filed = try self.parameterFile.map { try ParameterFile.parameters(in: $0) } ?? []
        return try await starter.start(
            RunRequest(
                files: self.files, parameters: filed + (try KeyValue.pairs(self.parameters, option: "-p")), entrypoint: self.entrypoint,
                name: self.name, namespace: self.global.namespace, runtime: self.runtime.rawValue, maxParallel: self.maxParallel,
                labels: try self.labelMap()))
    }

    private func labelMap() throws -> [String: String] {
        let parts = self.labels.flatMap { $0.split(separator: ",").map(String.init) }
        return Dictionary(try KeyValue.pairs(parts, option: "-l").map { ($0.name, $0.value) }) { _, last in last }
    }

    private func report(_ workflows: [JSONValue], _ view: RunView) async throws {
        switch self.output {
        case .json: view.queue.write(WorkflowDocument.one(of: workflows).json(indent: 4) + "\n", to: .output)
        case .yaml: view.queue.write(try WorkflowDocument.one(of: workflows).yaml(), to: .output)
        case .name: for workflow in workflows { view.queue.write(WorkflowView(workflow).name + "\n", to: .output) }
        case nil: for workflow in workflows { view.summarize(workflow, options: self.global.repeated) }
        }
        await view.queue.drain()
        if !workflows.allSatisfy({ WorkflowView($0).phase == "Succeeded" }) { throw ExitCode(ExitStatus.failure) }
    }
}
