public import Operations
import WorkflowModel

extension RemoteRunSubmitter: RepetitionSubmitter {
    public func retry(_ order: RetryOrder) async throws -> Submitted {
        try Self.refuse(order.run, isFile: order.isFile)
        var fields = JSONObject()
        if order.restartsSuccessful { fields["restartSuccessful"] = true }
        fields["nodeFieldSelector"] = order.nodeSelector.map { .string($0) }
        return try await self.repeated("retry", order.run, order.namespace, fields, order.parameters)
    }

    public func resubmit(_ order: ResubmitOrder) async throws -> Submitted {
        try Self.refuse(order.run, isFile: order.isFile)
        var fields = JSONObject()
        if order.isMemoized { fields["memoized"] = true }
        fields["priority"] = order.priority.map { .integer($0) }
        return try await self.repeated("resubmit", order.run, order.namespace, fields, order.parameters)
    }

    private func repeated(
        _ verb: String, _ run: String, _ namespace: String, _ fields: JSONObject, _ parameters: [RetryOrder.Override]
    ) async throws -> Submitted {
        var fields = fields
        if !parameters.isEmpty { fields["parameters"] = .array(parameters.map { .string("\($0.name)=\($0.value)") }) }
        let operations = RemoteOperations(self.connection)
        return .handedOver([try await operations.change(verb, run, namespace, fields)], owner: nil)
    }

    /// Argo's API takes a Workflow as something new, never with a status.
    private static func refuse(_ run: String, isFile: Bool) throws {
        guard isFile else { return }
        throw OperationError(
            .invalid, "a server does not take over the run of '\(run)'",
            hint: "take it over in the data directory, on the server's machine: without --server")
    }
}
