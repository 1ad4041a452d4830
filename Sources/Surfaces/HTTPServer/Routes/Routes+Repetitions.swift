import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Runs that ended, done again: by their names, and by their uids as the archive has them.
extension Routes {
    var repetitions: [Route] {
        guard let repetition = self.services.repetition else { return [] }
        return self.repetitions(
            "/api/v1/workflows/{namespace}/{name}", "WorkflowService", "Workflow", .role(.submitter), repetition,
            { call in (call.namespace, call.name) })
            + self.repetitions(
                "/api/v1/archived-workflows/{uid}", "ArchivedWorkflowService", "ArchivedWorkflow", .anywhere(.submitter), repetition,
                { call in
                    let place = try await self.archived(call)
                    return (place.namespace, place.uid)
                })
    }

    private typealias Place = @Sendable (Call) async throws -> (namespace: String, run: String)

    private func repetitions(
        _ path: String, _ service: String, _ noun: String, _ access: Route.Access, _ repetition: RunRepetition, _ place: @escaping Place
    ) -> [Route] {
        [
            Route(
                .put, "\(path)/retry", "\(service)_Retry\(noun)", "Takes a run up again where it failed.", access,
                body: .json(schema: "WorkflowRetryRequest"), answer: .json(schema: "Workflow")
            ) { call in
                let fields = try call.fields()
                let (namespace, run) = try await place(call)
                let order = RetryOrder(
                    run: run, namespace: namespace, nodeSelector: try fields.string("nodeFieldSelector"),
                    restartsSuccessful: try fields.bool("restartSuccessful"), parameters: try Self.overrides(fields))
                return .json(try await repetition.retry(order))
            },
            Route(
                .put, "\(path)/resubmit", "\(service)_Resubmit\(noun)", "Starts a new run of the same Workflow.", access,
                body: .json(schema: "WorkflowResubmitRequest"), answer: .json(schema: "Workflow")
            ) { call in
                let fields = try call.fields()
                let (namespace, run) = try await place(call)
                let order = ResubmitOrder(
                    run: run, namespace: namespace, isMemoized: try fields.bool("memoized"), parameters: try Self.overrides(fields),
                    priority: try fields.integer("priority").flatMap { Int(exactly: $0) })
                return .json(try await repetition.resubmit(order))
            },
        ]
    }

    private static func overrides(_ fields: RequestFields) throws -> [RetryOrder.Override] {
        try fields.pairs("parameters").map { RetryOrder.Override(name: $0.name, value: $0.value) }
    }
}
