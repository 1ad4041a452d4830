public import WorkflowModel

/// What `skiff submit` is asked to do.
public struct SubmitRequest: Sendable {
    /// Files, parameters, entry point, name, namespace, labels, and how the runs are carried out if this process does it.
    public var run: RunRequest
    /// A stored WorkflowTemplate, ClusterWorkflowTemplate or CronWorkflow to run instead of files.
    public var from: ResourceReference?
    /// One Workflow to run instead of files, as another program sent it. It is checked as strictly as a text.
    public var workflow: JSONValue?

    public init(run: RunRequest, from: ResourceReference? = nil, workflow: JSONValue? = nil) {
        self.run = run
        self.from = from
        self.workflow = workflow
    }
}

/// What became of a submission.
public enum Submitted: Sendable {
    /// Nobody owns the data directory, so that this process carries the runs out.
    case carriedOutHere(any RunSession)
    /// Recorded, for the owner of the data directory to carry out.
    /// - owner: its process; nil when it is a server.
    case handedOver([JSONValue], owner: Int32?)
}

/// Runs for whoever owns the data directory.
public protocol RunSubmitter: Sendable {
    /// Reads and checks the manifests and records the runs. When it returns, they are not lost any more.
    /// - Throws: `ManifestFault`, `OperationError`; nothing is recorded then.
    func submit(_ request: SubmitRequest) async throws -> Submitted
    /// The Workflow objects that would be submitted, checked.
    /// - Throws: as `submit`.
    func preview(_ request: SubmitRequest) async throws -> [JSONValue]
}
