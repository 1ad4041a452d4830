import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Stored objects of kinds that Argo's API has no paths for, at the paths and in the shapes of Kubernetes: ConfigMaps, Secrets,
/// PersistentVolumeClaims, namespaces and WorkflowEventBindings. Bodies are the objects themselves; values of Secrets go in and never out.
extension Routes {
    private static let kinds: [ResourceKind] = [.configMap, .secret, .persistentVolumeClaim, .namespace, .workflowEventBinding]

    var objects: [Route] { Self.kinds.flatMap { self.listing($0) + self.one($0) } }

    private static func root(_ kind: ResourceKind) -> String { kind.group.isEmpty ? "/api/v1" : "/apis/\(kind.group)/v1alpha1" }

    private static func collection(_ kind: ResourceKind) -> String {
        Self.root(kind) + (kind.isNamespaced ? "/namespaces/{namespace}/" : "/") + kind.plural
    }

    private static let listing: [Route.Parameter] = [
        Route.Parameter(name: "labelSelector"), Route.Parameter(name: "fieldSelector"), Route.Parameter(name: "limit", kind: .integer),
        Route.Parameter(name: "continue"), Route.Parameter(name: "resourceVersion"), Route.Parameter(name: "watch", kind: .boolean),
    ]

    /// What belongs to no namespace is seen by all who have a token, and changed by those who may do so everywhere.
    private static func access(_ kind: ResourceKind, _ role: Role) -> Route.Access {
        kind.isNamespaced || role == .admin ? .role(role) : .anywhere(role)
    }

    private func listing(_ kind: ResourceKind) -> [Route] {
        let objects = StoredObjects(resources: self.services.resources, kind: kind)
        let list: Route.Handler = { call in
            let query = try objects.list(call, prefix: "")
            if try call.query.bool("watch") {
                return try await objects.watch(query, since: try ListOptions(call.query, prefix: "").resourceVersion)
            }
            return .json(ListDocument.objects(kind, try await self.services.resources.list(query)))
        }
        let name = kind.rawValue
        let summary = "Lists \(name)s; with `watch=true` tells their changes."
        var routes = [
            Route(
                .get, Self.collection(kind), "list\(name)", summary, Self.access(kind, .viewer), query: Self.listing,
                answer: .listOrEvents(schema: "\(name)List"), handler: list)
        ]
        if kind.isNamespaced {
            routes.append(
                Route(
                    .get, "\(Self.root(kind))/\(kind.plural)", "list\(name)ForAllNamespaces", summary, .role(.viewer), query: Self.listing,
                    answer: .listOrEvents(schema: "\(name)List"), handler: list))
        }
        return routes
    }

    private func one(_ kind: ResourceKind) -> [Route] {
        let name = kind.rawValue
        let path = Self.collection(kind)
        let objects = StoredObjects(resources: self.services.resources, kind: kind)
        let dry = [Route.Parameter(name: "dryRun", choices: ["All"])]
        return [
            Route(
                .post, path, "create\(name)", "Stores a new \(name).", Self.access(kind, .admin), query: dry, body: .json(schema: name),
                answer: .json(schema: name)
            ) { call in
                let object = try call.placed(try Self.object(call))
                return .json(
                    try await objects.put(object, .create, namespace: call.namespace, isDryRun: call.query["dryRun"] != nil), status: 201)
            },
            Route(
                .get, "\(path)/{name}", "read\(name)", "Tells one \(name).", Self.access(kind, .viewer), answer: .json(schema: name)
            ) { call in .json(try await objects.get(call.name, namespace: call.namespace)) },
            Route(
                .put, "\(path)/{name}", "replace\(name)", "Changes a \(name).", Self.access(kind, .admin), query: dry,
                body: .json(schema: name), answer: .json(schema: name)
            ) { call in
                let object = try call.placed(try Self.object(call), name: call.name)
                return .json(try await objects.put(object, .update, namespace: call.namespace, isDryRun: call.query["dryRun"] != nil))
            },
            Route(
                .delete, "\(path)/{name}", "delete\(name)", "Removes a \(name).", Self.access(kind, .admin),
                query: [Route.Parameter(name: "preconditions.resourceVersion")], answer: .json(schema: "Status")
            ) { call in
                let version = call.query["preconditions.resourceVersion"]
                try await objects.delete(call.name, namespace: call.namespace, resourceVersion: version)
                return .json(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 200])
            },
        ]
    }

    private static func object(_ call: Call) throws -> JSONValue {
        guard let object = try call.json(), object.object != nil else { throw WireError.invalid("the body is not a JSON object") }
        return object
    }
}
