import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Runs: list, create, look at, delete.
extension Routes {
    var workflows: [Route] {
        [
            Route(
                .get, "/api/v1/workflows/{namespace?}", "WorkflowService_ListWorkflows", "Lists runs, unfinished ones first.",
                .role(.viewer),
                query: Self.listOptions + [
                    Self.fields, Route.Parameter(name: "nameFilter", choices: ["Exact", "Prefix", "Contains", "NotEquals"]),
                    Route.Parameter(name: "createdAfter", kind: .time), Route.Parameter(name: "finishedBefore", kind: .time),
                ], answer: .json(schema: "WorkflowList"), handler: self.listWorkflows),
            Route(
                .post, "/api/v1/workflows/{namespace}", "WorkflowService_CreateWorkflow", "Submits a Workflow.", .role(.submitter),
                body: .json(schema: "WorkflowCreateRequest"), answer: .json(schema: "Workflow"), handler: self.createWorkflow),
            Route(
                .post, "/api/v1/workflows/{namespace}/lint", "WorkflowService_LintWorkflow", "Finds what is wrong with a Workflow.",
                .role(.viewer), body: .json(schema: "WorkflowLintRequest"), answer: .json(schema: "Workflow"), handler: self.lintWorkflow),
            Route(
                .post, "/api/v1/workflows/{namespace}/submit", "WorkflowService_SubmitWorkflow",
                "Submits a run of a stored template or schedule.", .role(.submitter), body: .json(schema: "WorkflowSubmitRequest"),
                answer: .json(schema: "Workflow"), handler: self.submitWorkflow),
            Route(
                .get, "/api/v1/workflows/{namespace}/{name}", "WorkflowService_GetWorkflow",
                "Tells a run with its nodes. `@latest` is the newest.", .role(.viewer),
                query: [Self.fields, Route.Parameter(name: "uid"), Route.Parameter(name: "getOptions.resourceVersion")],
                answer: .json(schema: "Workflow"), handler: self.getWorkflow),
            Route(
                .get, "/api/v1/workflows/{namespace}/{name}/why", "WorkflowService_ExplainWorkflow",
                "Tells why a run, or a node of it, has not started or not ended. Skiff's own.", .role(.viewer),
                query: [Route.Parameter(name: "node")], answer: .json(schema: "RunExplanation")
            ) { call in
                let explanation = try await self.services.operations.why(call.name, namespace: call.namespace, node: call.query["node"])
                return .json(ExplanationDocument.document(explanation))
            },
            Route(
                .delete, "/api/v1/workflows/{namespace}/{name}", "WorkflowService_DeleteWorkflow",
                "Removes a run with its logs and artifacts; one that has not ended is ended first.", .role(.submitter),
                query: [Route.Parameter(name: "force", kind: .boolean)], answer: .json(schema: "Empty"), handler: self.deleteWorkflow),
        ]
    }

    @Sendable private func listWorkflows(_ call: Call) async throws -> Reply {
        let fields = FieldsFilter(call.query["fields"])
        let query = try RunListQuery(call.query, namespace: call.anyNamespace, fields: fields)
        return .json(ListDocument.runs(try await self.services.catalog.page(query)), fields: fields)
    }

    @Sendable private func createWorkflow(_ call: Call) async throws -> Reply {
        let fields = try call.fields()
        let workflow = try call.manifest("workflow", of: fields)
        let isDryRun = try fields.bool("serverDryRun") || !fields.body("createOptions").strings("dryRun").isEmpty
        let request = SubmitRequest(run: RunRequest(files: [], namespace: call.namespace), workflow: try Self.named(workflow))
        return .json(try await self.submitted(request, isDryRun: isDryRun))
    }

    @Sendable private func lintWorkflow(_ call: Call) async throws -> Reply {
        let workflow = try call.manifest("workflow", of: try call.fields())
        let request = SubmitRequest(run: RunRequest(files: [], namespace: call.namespace), workflow: try Self.named(workflow))
        return .json(try await self.submitted(request, isDryRun: true))
    }

    /// Kubernetes' types leave kind and version out of an object inside another; what is meant is clear.
    private static func named(_ workflow: JSONValue) throws -> JSONValue {
        try TypedObject.completed(workflow, kind: "Workflow", apiVersion: ResourceKind.workflowTemplate.apiVersion)
    }

    @Sendable private func submitWorkflow(_ call: Call) async throws -> Reply {
        let fields = try call.fields()
        let options = try SubmitOptions(try fields.body("submitOptions"), namespace: call.namespace)
        guard let word = try fields.string("resourceKind"), let name = try fields.string("resourceName") else {
            throw WireError.invalid("the body needs 'resourceKind' and 'resourceName'")
        }
        guard let kind = Self.submittedKind(word) else {
            throw WireError.invalid(
                "resourceKind is '\(word)', expected WorkflowTemplate, ClusterWorkflowTemplate or CronWorkflow")
        }
        var request = SubmitRequest(run: options.run, from: ResourceReference(kind, name))
        if !options.artifacts.isEmpty {
            // What the template makes is submitted with the files in their places.
            let made = try await self.services.submitter.preview(request)
            guard let workflow = made.first else { throw WireError.invalid("'\(name)' makes no workflow") }
            let files = UploadedFiles(options.artifacts, namespace: call.namespace)
            request = SubmitRequest(run: RunRequest(files: [], namespace: call.namespace), workflow: try files.placed(in: workflow))
        }
        return .json(try await self.submitted(request, isDryRun: options.isDryRun))
    }

    /// Kind, singular, plural or short name, in their own case, as Argo takes them.
    private static func submittedKind(_ word: String) -> ResourceKind? {
        [ResourceKind.workflowTemplate, .clusterWorkflowTemplate, .cronWorkflow].first {
            word == $0.rawValue || word == $0.singular || word == $0.plural || $0.shortNames.contains(word)
        }
    }

    private func submitted(_ request: SubmitRequest, isDryRun: Bool) async throws -> JSONValue {
        let workflows: [JSONValue]
        if isDryRun {
            workflows = try await self.services.submitter.preview(request)
        } else {
            switch try await self.services.submitter.submit(request) {
            case .carriedOutHere(let session): workflows = await session.workflows()
            case .handedOver(let submitted, _): workflows = submitted
            }
        }
        guard let workflow = workflows.first else { throw WireError.invalid("there is no Workflow to submit") }
        return workflow
    }

    @Sendable private func getWorkflow(_ call: Call) async throws -> Reply {
        // A name may have been used again: the uid says which run is meant.
        let workflow = try await self.workflow(call.query["uid"] ?? call.name, call.namespace)
        return .json(workflow, fields: FieldsFilter(call.query["fields"]))
    }

    @Sendable private func deleteWorkflow(_ call: Call) async throws -> Reply {
        try await self.deleteRun(call.name, call.namespace)
        return .done
    }

    /// Removes a run. One that goes on is ended first, as deleting a Workflow of Kubernetes ends it.
    func deleteRun(_ name: String, _ namespace: String) async throws {
        let operations = self.services.operations
        do { try await operations.delete(name, namespace: namespace) } catch let error as OperationError where error.code == .conflict {
            let uid = try await self.workflow(name, namespace)["metadata"]?["uid"]?.string ?? name
            // It may have ended by itself meanwhile.
            do { try await operations.terminate(uid, namespace: namespace) } catch let error as OperationError
                where error.code == .conflict
            {}
            try await self.end(of: uid, namespace)
            try await operations.delete(uid, namespace: namespace)
        }
    }

    /// Returns when the run has ended, or after a while: then deleting it says why it cannot be.
    private func end(of uid: String, _ namespace: String) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let query = RunWatchQuery(namespace: namespace, detail: .summary)
                for try await change in try await self.services.catalog.watch(query)
                where change.object["metadata"]?["uid"]?.string == uid {
                    if change.change == .deleted || change.object["status"]?["finishedAt"]?.string != nil { return }
                }
            }
            group.addTask { try await Task.sleep(for: .seconds(30)) }
            try await group.next()
            group.cancelAll()
        }
    }
}

/// Objects inside requests.
enum TypedObject {
    /// Fills in kind and version where they are left out.
    /// - Throws: `WireError` for an object of another kind.
    static func completed(_ object: JSONValue, kind: String, apiVersion: String) throws -> JSONValue {
        guard let fields = object.object else { throw WireError.invalid("the object is no JSON object") }
        if let own = fields["kind"], own.string != kind {
            throw WireError.invalid("the object is of kind '\(own.scalarText ?? "?")', expected \(kind)")
        }
        var completed = JSONObject()
        completed["apiVersion"] = fields["apiVersion"] ?? .string(apiVersion)
        completed["kind"] = .string(kind)
        for (key, value) in fields where completed[key] == nil { completed[key] = value }
        return .object(completed)
    }
}
