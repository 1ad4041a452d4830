import Diagnostics
import Manifests
public import Operations
import Planning
import Ports
public import WorkflowModel

/// Runs for whoever owns the data directory: handed over to that process when there is one, else carried out in this one.
public struct LocalRunSubmitter: RunSubmitter {
    let machinery: RunMachinery
    let starter: LocalRunStarter
    /// Rings at another process; false when nobody listens there.
    let ring: @Sendable (String) async -> Bool

    public init(machinery: RunMachinery, ring: @escaping @Sendable (String) async -> Bool) {
        self.machinery = machinery
        self.starter = LocalRunStarter(machinery: machinery)
        self.ring = ring
    }

    public func submit(_ request: SubmitRequest) async throws -> Submitted {
        let prepared = try await self.prepare(request)
        let records = try await OperationError.translating { try await self.machinery.openRecords() }
        guard let queue = records.queue, let owner = try await self.livingOwner(of: queue) else {
            return .carriedOutHere(try await self.starter.start(prepared, request.run, records: records))
        }
        let settings = try self.machinery.settings()
        let options = RunOptions(
            runtime: request.run.runtime, maxParallel: request.run.maxParallel, images: settings.images,
            archivesLogs: settings.rules.archivesLogs)
        let submitted = try await self.record(prepared, options, in: queue)
        // An owner that is just ending does not hear it; the next one finds the runs.
        _ = await self.ring(owner.doorbell)
        return .handedOver(submitted.map(\.submission.manifest), owner: owner.processID)
    }

    public func preview(_ request: SubmitRequest) async throws -> [JSONValue] { try await self.prepare(request).runs.map(\.manifest) }

    func livingOwner(of queue: any RunQueue) async throws -> Owner? {
        let owner = try await OperationError.translating { try await queue.directoryOwner() }
        return owner.flatMap { LocalOwner.isAlive($0) ? $0 : nil }
    }

    /// All of the call, or none.
    private func record(_ prepared: PreparedRuns, _ options: RunOptions, in queue: any RunQueue) async throws -> [PreparedRun] {
        var runs = prepared.runs
        for attempt in 1... {
            do {
                try await queue.submit(runs.map { ($0.record(createdAt: prepared.createdAt), $0.source(options)) })
                return runs
            } catch JournalError.nameInUse(let name) where attempt < PreparedRun.attempts {
                guard let at = runs.firstIndex(where: { $0.plan.name == name && $0.submission.isGenerated }) else {
                    throw OperationError(JournalError.nameInUse(name))
                }
                runs[at] = runs[at].renamed(createdAt: prepared.createdAt)
            } catch let error as JournalError {
                throw OperationError(error)
            }
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }

    private func prepare(_ request: SubmitRequest) async throws -> PreparedRuns {
        if let workflow = request.workflow {
            let file = ManifestReader().read(file: "workflow", bytes: Array(workflow.json.utf8))
            return try await self.starter.prepare(request.run, ManifestContext.of(file))
        }
        guard let reference = request.from else {
            return try await self.starter.prepare(request.run, ManifestContext.read(request.run.files))
        }
        let object = try await self.stored(reference, namespace: request.run.namespace)
        let workflow = try StoredOrigin(reference: reference, object: object).workflow
        // Read as any other text, so that what is stored is checked as strictly as what is given.
        let file = ManifestReader().read(file: "\(reference.kind.singular)/\(reference.name)", bytes: Array(workflow.json.utf8))
        var run = request.run
        // It was stored in its namespace.
        if let namespace = workflow["metadata"]?["namespace"]?.string { run.namespace = namespace }
        return try await self.starter.prepare(run, ManifestContext.of(file))
    }

    private func stored(_ reference: ResourceReference, namespace: String) async throws -> JSONValue {
        let key = ResourceKey(reference.kind, namespace: namespace, name: reference.name)
        return try await OperationError.translating {
            guard let open = self.machinery.openResources, let found = try await open().resource(key, withSecrets: false) else {
                throw ResourceError.notFound(key)
            }
            return found.object
        }
    }
}

/// A stored object that runs are made from, or one that was given alone.
struct StoredOrigin {
    let reference: ResourceReference
    let object: JSONValue

    /// The Workflow it makes, without a name of its own.
    /// - Throws: `OperationError.invalid` for a kind that makes none.
    var workflow: JSONValue {
        get throws {
            switch self.reference.kind {
            case .workflowTemplate: self.fromTemplate(label: "workflows.argoproj.io/workflow-template")
            case .clusterWorkflowTemplate: self.fromTemplate(label: "workflows.argoproj.io/cluster-workflow-template")
            case .cronWorkflow: self.fromCronWorkflow
            case .workflowEventBinding, .configMap, .secret, .persistentVolumeClaim, .namespace:
                throw OperationError(
                    .invalid, "a \(self.reference.kind.rawValue) cannot be submitted",
                    hint: "name a workflowtemplate, a clusterworkflowtemplate or a cronwf: --from workflowtemplate/NAME")
            }
        }
    }

    private var empty: JSONValue {
        var workflow: JSONValue = ["apiVersion": .string(ResourceKind.workflowTemplate.apiVersion), "kind": "Workflow"]
        workflow.set(["metadata", "generateName"], .string(self.reference.name + "-"))
        workflow.set(["metadata", "namespace"], self.object["metadata"]?["namespace"])
        return workflow
    }

    private func fromTemplate(label: String) -> JSONValue {
        var workflow = self.empty
        workflow.set(["metadata", "labels", label], .string(self.reference.name))
        workflow.set(["spec", "workflowTemplateRef", "name"], .string(self.reference.name))
        if self.reference.kind == .clusterWorkflowTemplate { workflow.set(["spec", "workflowTemplateRef", "clusterScope"], true) }
        return workflow
    }

    /// As the schedule would start it: with the labels and annotations that the CronWorkflow has for its runs.
    private var fromCronWorkflow: JSONValue {
        var workflow = self.empty
        let metadata = self.object["spec"]?["workflowMetadata"]
        for field in ["labels", "annotations"] { if let given = metadata?[field] { workflow.set(["metadata", field], given) } }
        workflow.set(["metadata", "labels", "workflows.argoproj.io/cron-workflow"], .string(self.reference.name))
        workflow.set(["spec"], self.object["spec"]?["workflowSpec"])
        return workflow
    }
}
