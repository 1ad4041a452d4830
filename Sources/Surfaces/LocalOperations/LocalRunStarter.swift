import Diagnostics
import Driver
import Engine
import Manifests
public import Operations
import Planning
import Ports
import WorkflowModel

/// Starts and resumes runs in this process.
public struct LocalRunStarter: RunStarter {
    let machinery: RunMachinery

    public init(machinery: RunMachinery) { self.machinery = machinery }

    public func lint(_ request: LintRequest) async throws -> LintReport { FileLinter(request).report() }

    // MARK: start

    public func start(_ request: RunRequest) async throws -> any RunSession {
        let context = ManifestContext.read(request.files)
        var (submissions, diagnostics) = try self.submissions(request, context)
        let createdAt = self.machinery.time.now()
        var plans: [Plan] = []
        for at in submissions.indices {
            submissions[at].identify(uid: Identity.uuid(at: createdAt), createdAt: createdAt, suffix: Identity.nameSuffix())
            let result = submissions[at].planned(context)
            diagnostics = ManifestContext.merged(diagnostics, result.diagnostics)
            if let plan = result.plan { plans.append(plan) }
        }
        guard plans.count == submissions.count, !diagnostics.contains(where: { $0.severity == .error }) else {
            throw ManifestFault(diagnostics: diagnostics, excerpts: context.excerpts)
        }
        let settings = try self.machinery.settings()
        let options = RunOptions(runtime: request.runtime, maxParallel: request.maxParallel, images: settings.images)
        let tools = try await RunTools.open(self.machinery, options, settings.retention)
        let recorder = RunRecorder(tools: tools, context: context, createdAt: createdAt)
        let recorded = try await recorder.record(&submissions, plans)
        var news: [RunUpdate] = [.runtimeChosen(tools.runtime.description)]
        if !diagnostics.isEmpty { news.append(.diagnostics(diagnostics, excerpts: context.excerpts)) }
        return LocalRunSession(tools: tools, runs: recorded, beginning: .fresh, news: news)
    }

    /// The Workflows with what the command line changes, and all faults of the text.
    /// - Throws: `ManifestFault` when there is no Workflow.
    private func submissions(_ request: RunRequest, _ context: ManifestContext) throws -> ([Submission], [Diagnostic]) {
        var diagnostics = context.diagnostics
        guard !context.workflows.isEmpty else {
            if !diagnostics.contains(where: { $0.severity == .error }) {
                let given = Set(context.library.map(\.workflow.kind.rawValue)).sorted().joined(separator: " and ")
                let scheduled = context.cronWorkflows.isEmpty ? nil : "a CronWorkflow waits for its time, and 'run' does not wait"
                diagnostics.append(
                    Diagnostic(
                        .notAManifest, file: request.files.joined(separator: ", "), message: "there is no Workflow to run here",
                        hint: given.isEmpty
                            ? scheduled ?? "a workflow starts with 'apiVersion: argoproj.io/v1alpha1' and 'kind: Workflow'"
                            : "\(given) found: a Workflow runs one with 'workflowTemplateRef'"))
            }
            throw ManifestFault(diagnostics: diagnostics, excerpts: context.excerpts)
        }
        if request.name != nil, context.workflows.count > 1 {
            throw OperationError(
                .invalid, "--name names one run, and there are \(context.workflows.count) Workflows",
                hint: "leave --name out, or run them one by one")
        }
        let submissions = context.workflows.map { document in
            var submission = Submission(document)
            submission.apply(request)
            return submission
        }
        diagnostics += submissions.compactMap(\.nameFault)
        let declared = Set(context.workflows.flatMap { Submission($0).parameterNames(context.library) })
        for name in Set(request.parameters.map(\.name)).subtracting(declared).sorted() {
            diagnostics.append(Self.unknownParameter(name, declared.sorted()))
        }
        return (submissions, diagnostics)
    }

    private static func unknownParameter(_ name: String, _ declared: [String]) -> Diagnostic {
        let guess = Spelling.closest(to: name, among: declared).map { "did you mean '\($0)'? " } ?? ""
        let list = declared.isEmpty ? "the workflow declares none" : "declared: \(declared.joined(separator: ", "))"
        return Diagnostic(
            DiagnosticCode("unknown-parameter"), .warning, file: "-p \(name)", message: "the workflow does not declare parameter '\(name)'",
            hint: guess + list)
    }

    // MARK: resume

    public func resume(_ name: String, namespace: String, maxParallel: Int?) async throws -> any RunSession {
        let settings = try self.machinery.settings()
        let records = try await OperationError.translating { try await self.machinery.openRecords() }
        return try await OperationError.translating {
            let record = try await records.reader.findRun(name, namespace: namespace)
            guard record.finishedAt == nil else {
                throw OperationError(
                    .conflict, "run '\(record.name)' has ended already: \(record.phase)", hint: "look at it with: skiff get \(record.name)")
            }
            let source = try await records.reader.source(of: record.id)
            var options = try RunOptions(json: source.options)
            if let maxParallel { options.maxParallel = maxParallel }
            let tools = try await RunTools.open(self.machinery, options, settings.retention, records: records)
            let ownership: Ownership
            do {
                ownership = try await records.journal.acquire(record.id, owner: tools.owner, isAlive: LocalOwner.isAlive)
            } catch JournalError.ownedBy(
                let owner)
            {
                throw OperationError(
                    .conflict, "run '\(record.name)' is being carried out by process \(owner.processID)",
                    hint: "follow it with: skiff logs -f \(record.name)")
            }
            // Read only now: until it was owned, somebody else could have gone on with it.
            let stored = try await StoredRun.load(record, from: records.reader)
            let isAfterRestart = try await records.reader.bootID(of: record.id) != tools.owner.bootID
            let run = RecordedRun(record: record, manifest: stored.manifest, machine: stored.machine, ownership: ownership)
            return LocalRunSession(
                tools: tools, runs: [run], beginning: .resumed(isAfterRestart: isAfterRestart),
                news: [.runtimeChosen(tools.runtime.description)])
        }
    }
}
