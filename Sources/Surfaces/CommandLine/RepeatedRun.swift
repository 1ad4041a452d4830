import ArgumentParser
import Operations
import WorkflowModel

/// Runs that have ended and are to go on, or to run once more: by name, or by labels and fields.
struct EndedTargets: ParsableArguments {
    @Argument(help: "Names of runs; @latest is the newest.")
    var names: [String] = []

    @Option(
        name: [.customShort("l"), .customLong("selector")],
        help: ArgumentHelp("Runs that ended and have these labels: k=v,k!=v,k.", valueName: "labels"))
    var selector: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Runs that ended with these fields: metadata.name=N, metadata.namespace=N, status.phase=P.", valueName: "fields")
    )
    var fieldSelector: String?

    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp("A Workflow with its status, exported from a cluster: it is taken over from where it ran.", valueName: "file"),
        completion: .file())
    var file: String?

    func validate() throws {
        if self.file != nil {
            if !self.names.isEmpty || self.selector != nil || self.fieldSelector != nil {
                throw ValidationError("-f takes the run from a file: give no names and no selectors with it")
            }
            return
        }
        if self.names.isEmpty, self.selector == nil, self.fieldSelector == nil {
            throw ValidationError("name a run, select runs with -l or --field-selector, or give an exported one with -f")
        }
        do {
            _ = try LabelSelector(self.selector)
            _ = try RunFieldSelector(self.fieldSelector)
        } catch let fault as SelectorFault { throw ValidationError(fault.description) }
    }

    func resolved(_ context: CommandLineContext, _ options: GlobalOptions) async throws -> [String] {
        if let file = self.file { return [file] }
        guard self.selector != nil || self.fieldSelector != nil else { return self.names }
        let operations = try await context.openOperations(options)
        let fields = try RunFieldSelector(self.fieldSelector)
        let query = ListQuery(namespace: options.namespace, isFinished: true, limit: 100_000)
        let runs = try await LabelSelector(self.selector).runs(of: operations, query).filter(fields.matches)
        return self.names + runs.map(\.uid).filter { !self.names.contains($0) }
    }
}

/// A selection of runs by fields, as Kubernetes writes it: `metadata.name=flow,status.phase!=Failed`.
struct RunFieldSelector: Sendable, Equatable {
    private struct Requirement: Sendable, Equatable {
        var field: String
        var value: String
        var isEqual: Bool
    }
    private var requirements: [Requirement] = []

    /// - Throws: `SelectorFault`.
    init(_ text: String?) throws {
        for part in (text ?? "").split(separator: ",") {
            guard let sign = part.firstIndex(of: "=") else { throw SelectorFault("'\(part)' is no field selector: write FIELD=VALUE") }
            var field = part[..<sign]
            var value = part[part.index(after: sign)...]
            let isEqual = field.last != "!"
            if !isEqual { field = field.dropLast() } else if value.first == "=" { value = value.dropFirst() }
            guard ["metadata.name", "metadata.namespace", "status.phase"].contains(field) else {
                throw SelectorFault(
                    "'\(field)' is no field that runs are selected by: there are metadata.name, metadata.namespace and status.phase")
            }
            self.requirements.append(Requirement(field: String(field), value: String(value), isEqual: isEqual))
        }
    }

    func matches(_ run: RunSummary) -> Bool {
        self.requirements.allSatisfy { requirement in
            let value =
                switch requirement.field {
                case "metadata.name": run.name
                case "metadata.namespace": run.namespace
                default: run.phase
                }
            return (value == requirement.value) == requirement.isEqual
        }
    }
}

/// How a run that goes on, or runs once more, is followed.
struct FollowOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Print only the final Workflow object to standard output.")
    var output: RunCommand.RunOutput?

    @Option(name: .long, help: ArgumentHelp("How many pods run at once, at most.", valueName: "n"))
    var maxParallel: Int?

    @Flag(
        name: [.customShort("w"), .long],
        help: "Wait for the end of a run that another process carries out; one that this process carries out is always waited for.")
    var wait = false

    @Flag(name: .long, help: "Watch a run that another process carries out; one that this process carries out is always watched.")
    var watch = false

    func validate() throws {
        if let most = self.maxParallel, most < 1 { throw ValidationError("--max-parallel must be at least 1") }
    }
}

/// Has several runs done again, one after the other. Those that this process carries out are shown as `skiff run` does.
struct RepeatedRuns {
    let context: CommandLineContext
    let options: GlobalOptions
    let follow: FollowOptions

    /// - Throws: `ExitCode` 1 when one did not succeed.
    func each(_ names: [String], _ start: (any RepetitionSubmitter, String) async throws -> Submitted) async throws {
        let submitter = try await self.context.openRepetition(self.options)
        var hasFailed = false
        var handedOver: [JSONValue] = []
        try await Targets.each(names, self.context.console, self.options) { name in
            let signals = self.context.console.signals()
            switch try await start(submitter, name) {
            case .carriedOutHere(let session): if try await !self.conduct(session, signals) { hasFailed = true }
            case .handedOver(let workflows, let owner):
                try SubmittedRuns(console: self.context.console, options: self.options, output: self.resourceOutput).show(workflows)
                let who = owner.map { "process \($0)" } ?? "the server"
                _ = self.context.console.write("\(who) carries the run out\n", .errors)
                handedOver += workflows
            }
        }
        if !handedOver.isEmpty, self.follow.wait || self.follow.watch {
            try await HandedOverRuns(
                workflows: handedOver, showsLogs: false, redraws: self.follow.watch && handedOver.count == 1, context: self.context,
                options: self.options
            ).follow()
        }
        if hasFailed { throw ExitCode(ExitStatus.failure) }
    }

    private var resourceOutput: ResourceOutput? { self.follow.output.flatMap { ResourceOutput(rawValue: $0.rawValue) } }

    /// - Returns: whether the run succeeded.
    private func conduct(_ session: any RunSession, _ signals: AsyncStream<ProcessSignal>) async throws -> Bool {
        let view = RunView(self.context.console, self.options, keepsOutput: self.follow.output != nil)
        let conductor = RunConductor(session: session, presenter: view.presenter, signals: signals, options: self.options.repeated)
        let hasEnded: Bool
        do { hasEnded = try await conductor.conduct() } catch {
            await view.queue.drain()
            throw error
        }
        if !hasEnded { try await view.leave() }
        let workflows = await session.workflows()
        switch self.follow.output {
        case .json: view.queue.write(WorkflowDocument.one(of: workflows).json(indent: 4) + "\n", to: .output)
        case .yaml: view.queue.write(try WorkflowDocument.one(of: workflows).yaml(), to: .output)
        case .name: for workflow in workflows { view.queue.write(WorkflowView(workflow).name + "\n", to: .output) }
        case nil: for workflow in workflows { view.summarize(workflow, options: self.options.repeated) }
        }
        await view.queue.drain()
        return workflows.allSatisfy { WorkflowView($0).phase == "Succeeded" }
    }
}

/// Runs that are always done again by this process.
struct RepetitionHere: RepetitionSubmitter {
    let starter: any RunStarter

    func retry(_ order: RetryOrder) async throws -> Submitted { .carriedOutHere(try await self.starter.retry(order)) }

    func resubmit(_ order: ResubmitOrder) async throws -> Submitted { .carriedOutHere(try await self.starter.resubmit(order)) }
}
