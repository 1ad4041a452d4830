import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Finished runs, by their uids. Skiff keeps a run where it is when it ends: its archive is all runs that have ended, and what is deleted there
/// is deleted everywhere.
extension Routes {
    private static let namespace = Route.Parameter(name: "namespace")
    private static let base = "/api/v1/archived-workflows"

    var archive: [Route] {
        [
            Route(
                .get, Self.base, "ArchivedWorkflowService_ListArchivedWorkflows", "Lists finished runs without their nodes.",
                .anywhere(.viewer),
                query: Self.listOptions + [
                    Self.namespace, Route.Parameter(name: "namePrefix"),
                    Route.Parameter(name: "nameFilter", choices: ["Exact", "Prefix", "Contains", "NotEquals"]),
                ], answer: .json(schema: "WorkflowList"), handler: self.listArchive),
            Route(
                .get, Self.base + "/{uid}", "ArchivedWorkflowService_GetArchivedWorkflow", "Tells a run with its nodes.",
                .anywhere(.viewer), query: [Self.namespace, Route.Parameter(name: "name")], answer: .json(schema: "Workflow")
            ) { call in
                let place = try await self.archived(call)
                return .json(try await self.workflow(place.uid, place.namespace))
            },
            Route(
                .delete, Self.base + "/{uid}", "ArchivedWorkflowService_DeleteArchivedWorkflow", "Removes a finished run.",
                .anywhere(.submitter), query: [Self.namespace], answer: .json(schema: "Empty")
            ) { call in
                let place = try await self.archived(call)
                try await self.services.operations.delete(place.uid, namespace: place.namespace)
                return .done
            },
            Route(
                .get, "/api/v1/archived-workflows-label-keys", "ArchivedWorkflowService_ListArchivedWorkflowLabelKeys",
                "Lists the keys of labels that finished runs have.", .anywhere(.viewer), query: [Self.namespace],
                answer: .json(schema: "LabelKeys")
            ) { call in
                let namespace = try Self.visible(call.query["namespace"], to: call.principal)
                return .json(Self.items(try await self.services.catalog.labelKeys(namespace: namespace)))
            },
            Route(
                .get, "/api/v1/archived-workflows-label-values", "ArchivedWorkflowService_ListArchivedWorkflowLabelValues",
                "Lists the values that a label has on finished runs.", .anywhere(.viewer),
                query: [Self.namespace, Route.Parameter(name: "listOptions.labelSelector", isRequired: true)],
                answer: .json(schema: "LabelValues")
            ) { call in
                let namespace = try Self.visible(call.query["namespace"], to: call.principal)
                guard case .exists(let key)? = try ListOptions(call.query).labels.requirements.first else {
                    throw WireError.invalid("listOptions.labelSelector must be the key of a label")
                }
                return .json(Self.items(try await self.services.catalog.labelValues(of: key, namespace: namespace)))
            },
        ]
    }

    private static func items(_ texts: [String]) -> JSONValue { ["items": .array(texts.map { .string($0) })] }

    /// - Returns: nil for all namespaces.
    /// - Throws: `WireError`: 403.
    static func visible(_ namespace: String?, to principal: Principal) throws -> String? {
        if let namespace {
            try principal.require(namespace: namespace)
        } else if let own = principal.namespaces {
            // All that there are for whoever has one.
            if own.count == 1 { return own.first }
            throw WireError.forbidden("token '\(principal.name)' is only for some namespaces: name one of them")
        }
        return namespace
    }

    @Sendable private func listArchive(_ call: Call) async throws -> Reply {
        let wanted = call.query["namespace"]
        var query = try RunListQuery(call.query, namespace: wanted, isFinished: true, fields: .all)
        query.namespace = try Self.visible(query.namespace, to: call.principal)
        query.detail = .summary
        if let prefix = call.query["namePrefix"] { query.name = .prefix(prefix) }
        return .json(ListDocument.runs(try await self.services.catalog.page(query)))
    }

    /// Where a run is, for whoever may know.
    func archived(_ call: Call) async throws -> RunLocation {
        let place = try await self.services.catalog.locate(uid: call.parameter("uid"))
        // To whoever may not see a run it is not there.
        guard call.principal.may(actIn: place.namespace) else {
            throw WireError.notFound("there is no run with uid '\(call.parameter("uid"))'")
        }
        if let wanted = call.query["namespace"], wanted != place.namespace {
            throw WireError.notFound("there is no run with uid '\(place.uid)' in namespace '\(wanted)'")
        }
        return place
    }
}
