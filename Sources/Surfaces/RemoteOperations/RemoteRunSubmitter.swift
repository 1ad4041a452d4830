public import Operations
public import WorkflowModel

/// Runs for a server to carry out.
public struct RemoteRunSubmitter: RunSubmitter {
    let connection: ServerConnection
    private let prepare: @Sendable (SubmitRequest) async throws -> [JSONValue]

    /// - Parameter prepare: reads and checks files, and changes the Workflows as the request says. It throws `ManifestFault` with the lines
    ///   that faults stand in, which the server does not have.
    public init(_ connection: ServerConnection, prepare: @escaping @Sendable (SubmitRequest) async throws -> [JSONValue]) {
        self.connection = connection
        self.prepare = prepare
    }

    public func submit(_ request: SubmitRequest) async throws -> Submitted {
        .handedOver(try await self.send(request, isDry: false), owner: nil)
    }

    public func preview(_ request: SubmitRequest) async throws -> [JSONValue] { try await self.send(request, isDry: true) }

    private func send(_ request: SubmitRequest, isDry: Bool) async throws -> [JSONValue] {
        if let origin = request.from { return [try await self.submit(origin, request.run, isDry: isDry)] }
        let workflows = try await self.prepare(request)
        var created: [JSONValue] = []
        for workflow in workflows {
            do { created.append(try await self.create(workflow, request.run, isDry: isDry)) } catch let error as OperationError {
                throw Self.told(error, after: created)
            }
        }
        return created
    }

    /// A server takes runs one by one: those that it took go on.
    private static func told(_ error: OperationError, after created: [JSONValue]) -> OperationError {
        if created.isEmpty { return error }
        let names = created.map { "'\(WorkflowFields($0).name)'" }.joined(separator: ", ")
        return OperationError(error.code, "\(error.message); submitted before it: \(names)", hint: error.hint)
    }

    private func create(_ workflow: JSONValue, _ run: RunRequest, isDry: Bool) async throws -> JSONValue {
        let own = WorkflowFields(workflow).namespace
        let namespace = own.isEmpty ? run.namespace : own
        var body = JSONObject()
        body["namespace"] = .string(namespace)
        body["serverDryRun"] = isDry ? true : nil
        body["workflow"] = workflow
        return try await self.connection.ask(.post, .api("workflows", namespace), .object(body))
    }

    private func submit(_ origin: ResourceReference, _ run: RunRequest, isDry: Bool) async throws -> JSONValue {
        var options = JSONObject()
        options["name"] = run.name.map { .string($0) }
        options["generateName"] = run.generateName.map { .string($0) }
        options["entryPoint"] = run.entrypoint.map { .string($0) }
        options["serviceAccount"] = run.serviceAccount.map { .string($0) }
        options["priority"] = run.priority.map { .integer($0) }
        if !run.parameters.isEmpty { options["parameters"] = .array(run.parameters.map { .string("\($0.name)=\($0.value)") }) }
        options["labels"] = Self.pairs(run.labels)
        options["annotations"] = Self.pairs(run.annotations)
        options["serverDryRun"] = isDry ? true : nil
        let body: JSONValue = [
            "namespace": .string(run.namespace), "resourceKind": .string(origin.kind.rawValue), "resourceName": .string(origin.name),
            "submitOptions": .object(options),
        ]
        return try await self.connection.ask(.post, .api("workflows", run.namespace, "submit"), body)
    }

    private static func pairs(_ values: [String: String]) -> JSONValue? {
        if values.isEmpty { return nil }
        return .string(values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
    }
}
