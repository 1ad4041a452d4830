public import Engine
public import Planning
public import WorkflowModel

/// A run as Argo shows it: the Workflow object with its labels and its `status`, for the command line, the API and every client of Argo.
///
/// Left out, because nothing here needs them and they would only repeat other objects: `storedTemplates`,
/// `storedWorkflowTemplateSpec`, `estimatedDuration` and `taskResultsCompletionStatus`.
/// - Source: Argo's documentation of the Workflow's fields, `WorkflowStatus` and `NodeStatus`.
public struct WorkflowView: Sendable {
    let plan: Plan
    let id: RunID
    let run: RunState
    /// Node `i` has ordinal `i`.
    let nodes: [Node]
    let manifest: JSONValue

    /// - Parameters:
    ///   - nodes: all nodes of the run by ordinal.
    ///   - manifest: the Workflow object as it was stored at submission.
    public init(plan: Plan, id: RunID, run: RunState, nodes: [Node], manifest: JSONValue) {
        self.plan = plan
        self.id = id
        self.run = run
        self.nodes = nodes
        self.manifest = manifest
    }

    /// - Parameter manifest: the Workflow object as it was stored at submission.
    public init(machine: RunMachine, manifest: JSONValue) {
        self.init(plan: machine.plan, id: machine.id, run: machine.run, nodes: machine.nodes, manifest: manifest)
    }

    /// The whole object. Costs time in proportion to the nodes and the edges between them.
    public var json: JSONValue {
        var object = JSONObject()
        object["apiVersion"] = self.manifest["apiVersion"] ?? "argoproj.io/v1alpha1"
        object["kind"] = self.manifest["kind"] ?? "Workflow"
        object["metadata"] = self.metadata
        object["spec"] = self.spec
        for (key, value) in self.manifest.object ?? JSONObject() where object[key] == nil { object[key] = value }
        object["status"] = self.status
        return .object(object)
    }

    private var metadata: JSONValue {
        var metadata = self.manifest["metadata"]?.object ?? JSONObject()
        if metadata["name"] == nil { metadata["name"] = .string(self.plan.name) }
        if metadata["namespace"] == nil { metadata["namespace"] = .string(self.plan.namespace) }
        if metadata["uid"] == nil { metadata["uid"] = .string(self.id.text) }
        if metadata["creationTimestamp"] == nil { metadata["creationTimestamp"] = .string(self.plan.createdAt.rfc3339) }
        var labels = metadata["labels"]?.object ?? JSONObject()
        for label in self.plan.labels { labels[label.key] = .string(label.value) }
        for label in self.run.labels { labels[label.name] = .string(label.value) }
        labels["workflows.argoproj.io/completed"] = .string(self.run.phase.isFinished ? "true" : "false")
        labels["workflows.argoproj.io/phase"] = .string(self.run.phase.rawValue)
        metadata["labels"] = .object(labels)
        return .object(metadata)
    }

    /// As written, but for `shutdown`, which a request to stop sets in Argo.
    private var spec: JSONValue {
        var spec = self.manifest["spec"]?.object ?? JSONObject()
        spec["suspend"] = self.run.isSuspended ? true : nil
        if let shutdown = self.run.shutdown { spec["shutdown"] = .string(shutdown.rawValue) }
        return .object(spec)
    }

    // MARK: Status

    private var status: JSONValue {
        let summary = RunSummaryView(plan: self.plan, nodes: self.nodes)
        var status = JSONObject()
        status["phase"] = .string(self.run.phase.rawValue)
        status["startedAt"] = StatusValues.time(self.run.startedAt)
        status["finishedAt"] = StatusValues.time(self.run.finishedAt)
        if !summary.progress.isEmpty { status["progress"] = .string(summary.progress) }
        if !self.run.message.isEmpty { status["message"] = .string(self.run.message) }
        let nodes = NodeStatuses(
            plan: self.plan, nodes: self.nodes, summary: summary, run: self.id, hasEnded: self.run.phase.isFinished
        ).json
        if !nodes.isEmpty { status["nodes"] = .object(nodes) }
        let outputs = StatusValues.outputs(parameters: self.run.globalParameters, artifacts: self.run.globalArtifacts)
        if !outputs.isEmpty { status["outputs"] = .object(outputs) }
        let conditions = self.conditions(summary)
        if !conditions.isEmpty { status["conditions"] = .array(conditions) }
        if let duration = summary.all.resources { status["resourcesDuration"] = duration.json }
        if let locks = LockStatus(plan: self.plan, run: self.run, nodes: self.nodes).json { status["synchronization"] = locks }
        return .object(status)
    }

    private func conditions(_ summary: RunSummaryView) -> [JSONValue] {
        var conditions: [JSONValue] = []
        if summary.hasPods { conditions.append(["type": "PodRunning", "status": .string(summary.hasRunningPod ? "True" : "False")]) }
        if self.run.phase.isFinished { conditions.append(["type": "Completed", "status": "True"]) }
        return conditions
    }
}
