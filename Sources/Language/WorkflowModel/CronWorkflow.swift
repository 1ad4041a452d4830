/// A CronWorkflow: a workflow, and when to submit it.
public struct CronWorkflow: Sendable, Equatable {
    /// What happens when its time has come and an earlier run of it still goes.
    public enum ConcurrencyPolicy: String, Sendable, CaseIterable {
        case allow = "Allow"
        /// The new run is left out.
        case forbid = "Forbid"
        /// The earlier runs are terminated.
        case replace = "Replace"
    }

    public var metadata: ObjectMeta
    /// Each is a trigger of its own. Argo 3's single `schedule` is one of them.
    public var schedules: [String]
    /// As the tz database names it; nil is the time of whoever schedules.
    public var timezone: String?
    /// As written; nil is `Allow`.
    public var concurrencyPolicy: String?
    /// How late a run may start that was missed.
    public var startingDeadlineSeconds: Int64?
    public var suspend: Bool
    public var successfulJobsHistoryLimit: Int
    public var failedJobsHistoryLimit: Int
    /// A condition that is asked each time.
    public var when: String?
    /// An expression that ends the schedule for good.
    public var stopExpression: String?
    /// Labels and annotations of the runs.
    public var workflowMetadata: ObjectMeta
    public var workflowSpec: JSONValue
    public var raw: JSONValue

    /// nil when the object is of another kind.
    public init?(_ json: JSONValue) {
        guard json["kind"]?.string == "CronWorkflow" else { return nil }
        let spec = json["spec"]
        self.metadata = ObjectMeta(json["metadata"])
        self.schedules = (spec?["schedules"]?.array ?? []).compactMap(\.string)
        if let older = spec?["schedule"]?.string, !older.isEmpty { self.schedules.append(older) }
        self.timezone = spec?["timezone"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.concurrencyPolicy = spec?["concurrencyPolicy"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.startingDeadlineSeconds = spec?["startingDeadlineSeconds"]?.integer
        self.suspend = spec?["suspend"]?.bool ?? false
        self.successfulJobsHistoryLimit = spec?["successfulJobsHistoryLimit"]?.integer.flatMap { Int(exactly: $0) } ?? 3
        self.failedJobsHistoryLimit = spec?["failedJobsHistoryLimit"]?.integer.flatMap { Int(exactly: $0) } ?? 1
        self.when = spec?["when"]?.scalarText.flatMap { $0.isEmpty ? nil : $0 }
        self.stopExpression = spec?["stopStrategy"]?["expression"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.workflowMetadata = ObjectMeta(spec?["workflowMetadata"])
        self.workflowSpec = spec?["workflowSpec"] ?? .object(JSONObject())
        self.raw = json
    }

    /// The workflow that it submits, without a name, which comes with the time.
    public var workflow: Workflow {
        var metadata = JSONObject()
        metadata["namespace"] = self.metadata.namespace.map { .string($0) }
        for field in ["labels", "annotations"] { metadata[field] = self.raw["spec"]?["workflowMetadata"]?[field] }
        let json: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": .object(metadata), "spec": self.workflowSpec,
        ]
        guard let workflow = Workflow(json) else { preconditionFailure("an object of kind Workflow is no Workflow") }
        return workflow
    }
}
