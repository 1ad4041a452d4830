import Diagnostics
import Manifests
import Operations
import Planning
import Ports
import WorkflowModel

/// Workflows that were read, checked and planned, and that nothing is recorded of yet.
struct PreparedRuns: Sendable {
    let runs: [PreparedRun]
    let createdAt: Timestamp
    /// Warnings and hints.
    let diagnostics: [Diagnostic]
    let excerpts: [String: [Substring]]
}

struct PreparedRun: Sendable {
    var submission: Submission
    /// The Workflow as it is submitted, before it becomes one particular run.
    let manifest: JSONValue
    let plan: Plan
    /// What was given with it, and what it uses of what is stored.
    let context: ManifestContext
}

/// Makes runs of the Workflows of a call.
struct RunPreparation {
    let request: RunRequest
    let given: ManifestContext
    let machinery: RunMachinery
    /// Of the one Workflow there is; nil to make one up for each.
    var uid: String?

    /// - Throws: `ManifestFault` with all faults of the text, `OperationError`.
    func prepared() async throws -> PreparedRuns {
        let rules = try self.machinery.settings().rules
        var submissions = try self.submissions()
        let forbidden = submissions.flatMap { $0.faults(against: rules) }
        var contexts = try await self.contexts(of: submissions)
        if rules != SubmissionRules() {
            for at in submissions.indices { submissions[at].apply(rules, template: submissions[at].template(in: contexts[at].library)) }
            contexts = try await self.contexts(of: submissions)
        }
        var diagnostics =
            self.given.diagnostics + submissions.compactMap(\.nameFault) + forbidden + self.unknownParameters(contexts)
        let manifests = submissions.map(\.manifest)
        let createdAt = self.machinery.time.now()
        var runs: [PreparedRun] = []
        for at in submissions.indices {
            submissions[at].identify(uid: self.uid ?? Identity.uuid(at: createdAt), createdAt: createdAt, suffix: Identity.nameSuffix())
            let result = submissions[at].planned(contexts[at])
            diagnostics = ManifestContext.merged(diagnostics, result.diagnostics)
            guard let plan = result.plan else { continue }
            runs.append(PreparedRun(submission: submissions[at], manifest: manifests[at], plan: plan, context: contexts[at]))
        }
        guard runs.count == submissions.count, !diagnostics.contains(where: { $0.severity == .error }) else {
            throw ManifestFault(diagnostics: diagnostics, excerpts: self.given.excerpts)
        }
        return PreparedRuns(runs: runs, createdAt: createdAt, diagnostics: diagnostics, excerpts: self.given.excerpts)
    }

    /// The Workflows with what the command line changes.
    /// - Throws: `ManifestFault` when there is no Workflow.
    private func submissions() throws -> [Submission] {
        guard !self.given.workflows.isEmpty else { throw self.nothingToRun }
        if self.request.name != nil, self.given.workflows.count > 1 {
            throw OperationError(
                .invalid, "--name names one run, and there are \(self.given.workflows.count) Workflows",
                hint: "leave --name out, or run them one by one")
        }
        return self.given.workflows.map { document in
            var submission = Submission(document)
            submission.apply(self.request)
            return submission
        }
    }

    private var nothingToRun: ManifestFault {
        var diagnostics = self.given.diagnostics
        if !diagnostics.contains(where: { $0.severity == .error }) {
            let given = Set(self.given.library.map(\.workflow.kind.rawValue)).sorted().joined(separator: " and ")
            let scheduled = self.given.cronWorkflows.isEmpty ? nil : "a CronWorkflow waits for its time, and 'run' does not wait"
            diagnostics.append(
                Diagnostic(
                    .notAManifest, file: self.request.files.joined(separator: ", "), message: "there is no Workflow to run here",
                    hint: given.isEmpty
                        ? scheduled ?? "a workflow starts with 'apiVersion: argoproj.io/v1alpha1' and 'kind: Workflow'"
                        : "\(given) found: a Workflow runs one with 'workflowTemplateRef'"))
        }
        return ManifestFault(diagnostics: diagnostics, excerpts: self.given.excerpts)
    }

    /// For each submission what was given, with what is stored in its namespace.
    private func contexts(of submissions: [Submission]) async throws -> [ManifestContext] {
        var contexts: [ManifestContext] = []
        for submission in submissions {
            let stored = StoredContext(open: self.machinery.openResources, namespace: submission.namespace, withSecrets: true)
            contexts.append(try await stored.completing(self.given, for: [submission.manifest]))
        }
        return contexts
    }

    /// A parameter of the command line that no Workflow declares.
    private func unknownParameters(_ contexts: [ManifestContext]) -> [Diagnostic] {
        let declared = Set(
            zip(self.given.workflows, contexts).flatMap { document, context in Submission(document).parameterNames(context.library) })
        return Set(self.request.parameters.map(\.name)).subtracting(declared).sorted().map { Self.unknownParameter($0, declared.sorted()) }
    }

    private static func unknownParameter(_ name: String, _ declared: [String]) -> Diagnostic {
        let guess = Spelling.closest(to: name, among: declared).map { "did you mean '\($0)'? " } ?? ""
        let list = declared.isEmpty ? "the workflow declares none" : "declared: \(declared.joined(separator: ", "))"
        return Diagnostic(
            DiagnosticCode("unknown-parameter"), .warning, file: "-p \(name)", message: "the workflow does not declare parameter '\(name)'",
            hint: guess + list)
    }
}
