import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// A kind whose objects have paths and bodies of Argo's own.
private struct TemplateKind: Sendable {
    let kind: ResourceKind
    /// `/api/v1/workflow-templates/{namespace}`
    let collection: String
    /// The field of bodies that holds the object.
    let field: String
    /// Of names in Argo's document: `WorkflowTemplateService`.
    let service: String

    static let workflowTemplate = TemplateKind(
        kind: .workflowTemplate, collection: "/api/v1/workflow-templates/{namespace}", field: "template",
        service: "WorkflowTemplateService")
    static let clusterWorkflowTemplate = TemplateKind(
        kind: .clusterWorkflowTemplate, collection: "/api/v1/cluster-workflow-templates", field: "template",
        service: "ClusterWorkflowTemplateService")
    static let cronWorkflow = TemplateKind(
        kind: .cronWorkflow, collection: "/api/v1/cron-workflows/{namespace}", field: "cronWorkflow", service: "CronWorkflowService")

    /// Everybody with a token may see what belongs to no namespace; changing it is for those who may do so everywhere.
    func access(_ role: Role) -> Route.Access { self.kind.isNamespaced || role == .admin ? .role(role) : .anywhere(role) }

    /// For lists, where the namespace may be left out.
    var openCollection: String { self.collection.replacing("{namespace}", with: "{namespace?}") }
}

/// WorkflowTemplates, ClusterWorkflowTemplates and CronWorkflows.
extension Routes {
    var templates: [Route] {
        [TemplateKind.workflowTemplate, .clusterWorkflowTemplate, .cronWorkflow].flatMap { self.reading($0) + self.changing($0) }
            + [self.suspension("suspend", true), self.suspension("resume", false)]
    }

    private static let watching = [
        Route.Parameter(name: "watch", kind: .boolean), Route.Parameter(name: "resourceVersion"), Route.Parameter(name: "namePattern"),
    ]

    private func reading(_ kind: TemplateKind) -> [Route] {
        let name = kind.kind.rawValue
        let objects = StoredObjects(resources: self.services.resources, kind: kind.kind)
        return [
            Route(
                .get, kind.openCollection, "\(kind.service)_List\(name)s", "Lists \(name)s; with `watch=true` tells their changes.",
                kind.access(.viewer), query: Self.listOptions + Self.watching, answer: .listOrEvents(schema: "\(name)List")
            ) { call in
                let query = try objects.list(call, prefix: "listOptions.")
                let options = try ListOptions(call.query)
                if try call.query.bool("watch") || call.query.bool("listOptions.watch") {
                    return try await objects.watch(query, since: call.query["resourceVersion"] ?? options.resourceVersion)
                }
                var list = try await self.services.resources.list(query)
                // Of each page those that fit are told: a page may have fewer items than the limit, and others behind it.
                if let part = call.query["namePattern"] {
                    list.items = list.items.filter { $0["metadata"]?["name"]?.string?.contains(part) ?? false }
                }
                return .json(ListDocument.objects(kind.kind, list))
            },
            Route(
                .get, kind.collection + "/{name}", "\(kind.service)_Get\(name)", "Tells one \(name).", kind.access(.viewer),
                query: [Route.Parameter(name: "getOptions.resourceVersion")], answer: .json(schema: name)
            ) { call in .json(try await objects.get(call.name, namespace: call.namespace)) },
            Route(
                .post, kind.collection + "/lint", "\(kind.service)_Lint\(name)", "Finds what is wrong with a \(name).",
                kind.access(.viewer), body: .json(schema: "\(name)LintRequest"), answer: .json(schema: name)
            ) { call in
                let object = try call.manifest(kind.field, of: try call.fields())
                return .json(try await objects.put(object, .apply, namespace: call.namespace, isDryRun: true))
            },
        ]
    }

    private func changing(_ kind: TemplateKind) -> [Route] {
        let name = kind.kind.rawValue
        let objects = StoredObjects(resources: self.services.resources, kind: kind.kind)
        return [
            Route(
                .post, kind.collection, "\(kind.service)_Create\(name)", "Stores a new \(name).", kind.access(.admin),
                body: .json(schema: "\(name)CreateRequest"), answer: .json(schema: name)
            ) { call in
                let fields = try call.fields()
                let object = try call.manifest(kind.field, of: fields)
                let isDryRun = try !fields.body("createOptions").strings("dryRun").isEmpty
                return .json(try await objects.put(object, .create, namespace: call.namespace, isDryRun: isDryRun))
            },
            Route(
                .put, kind.collection + "/{name}", "\(kind.service)_Update\(name)", "Changes a \(name).", kind.access(.admin),
                query: [Route.Parameter(name: "dryRun")], body: .json(schema: "\(name)UpdateRequest"), answer: .json(schema: name)
            ) { call in
                let object = try call.manifest(kind.field, of: try call.fields(), name: call.name)
                let isDryRun = call.query["dryRun"] != nil
                return .json(try await objects.put(object, .update, namespace: call.namespace, isDryRun: isDryRun))
            },
            Route(
                .delete, kind.collection + "/{name}", "\(kind.service)_Delete\(name)", "Removes a \(name).", kind.access(.admin),
                query: [Route.Parameter(name: "deleteOptions.preconditions.resourceVersion")], answer: .json(schema: "Empty")
            ) { call in
                let version = call.query["deleteOptions.preconditions.resourceVersion"]
                try await objects.delete(call.name, namespace: call.namespace, resourceVersion: version)
                return .done
            },
        ]
    }

    private func suspension(_ verb: String, _ isSuspended: Bool) -> Route {
        let kind = TemplateKind.cronWorkflow
        let objects = StoredObjects(resources: self.services.resources, kind: .cronWorkflow)
        return Route(
            .put, "\(kind.collection)/{name}/\(verb)", "CronWorkflowService_\(isSuspended ? "Suspend" : "Resume")CronWorkflow",
            isSuspended ? "Stops a CronWorkflow from starting runs." : "Lets a suspended CronWorkflow start runs again.",
            .role(.submitter), body: .json(schema: "CronWorkflow\(isSuspended ? "Suspend" : "Resume")Request"),
            answer: .json(schema: "CronWorkflow")
        ) { call in
            _ = try call.fields()
            try await self.services.resources.setSuspended(isSuspended, cronWorkflow: call.name, namespace: call.namespace)
            return .json(try await objects.get(call.name, namespace: call.namespace))
        }
    }
}
