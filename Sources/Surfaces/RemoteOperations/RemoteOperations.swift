public import Operations
import WireFormat
public import WorkflowModel

/// Stored runs of a server, asked over Argo's REST API.
///
/// Skiff's server and Argo's are asked alike. Where only Skiff's takes more (the uid in place of a name), Argo's answers that there is no such
/// run.
public struct RemoteOperations: Operations {
    let connection: ServerConnection

    public init(_ connection: ServerConnection) { self.connection = connection }

    // MARK: Looking

    public func list(_ query: ListQuery) async throws -> [RunSummary] {
        var pages = RunPages(query, connection: self.connection)
        var runs: [RunSummary] = []
        while runs.count < query.limit, let page = try await pages.next() { runs += page }
        return Array(runs.prefix(query.limit))
    }

    public func get(_ name: String, namespace: String) async throws -> JSONValue {
        try await self.connection.ask(.get, self.target(name, namespace))
    }

    public func logs(_ query: LogsQuery) async throws -> AsyncThrowingStream<PodLogLine, any Error> {
        let follower = LogFollower(query, connection: self.connection)
        // Opened here, so that a run that does not exist is refused before anything is printed.
        try await follower.open()
        return AsyncThrowingStream { try await follower.next() }
    }

    public func why(_ name: String, namespace: String, node: String?) async throws -> RunExplanation {
        var target = RequestTarget.api("workflows", namespace, name, "why")
        if let node { target = target.adding("node", node) }
        guard let explanation = ExplanationDocument.explanation(try await self.connection.ask(.get, target)) else {
            throw OperationError(.internalFault, "the server does not explain runs", hint: "ask a server of Skiff")
        }
        return explanation
    }

    // MARK: Commanding

    @discardableResult public func stop(_ name: String, namespace: String, message: String) async throws -> String {
        var fields = JSONObject()
        if !message.isEmpty { fields["message"] = .string(message) }
        return try await self.command("stop", name, namespace, fields)
    }

    @discardableResult public func terminate(_ name: String, namespace: String) async throws -> String {
        try await self.command("terminate", name, namespace)
    }

    @discardableResult public func suspend(_ name: String, namespace: String) async throws -> String {
        try await self.command("suspend", name, namespace)
    }

    @discardableResult public func resume(_ name: String, namespace: String, selector: String?, message: String) async throws -> String {
        var fields = JSONObject()
        fields["nodeFieldSelector"] = selector.map { .string($0) }
        if !message.isEmpty { fields["message"] = .string(message) }
        return try await self.command("resume", name, namespace, fields)
    }

    @discardableResult public func set(
        _ name: String, namespace: String, selector: String, _ change: NodeSetting
    ) async throws -> String {
        var fields = JSONObject()
        fields["nodeFieldSelector"] = .string(selector)
        fields["phase"] = change.phase.map { .string($0) }
        if !change.message.isEmpty { fields["message"] = .string(change.message) }
        if !change.outputs.isEmpty {
            var outputs = JSONObject()
            for output in change.outputs { outputs[output.name] = .string(output.value) }
            // A JSON object as text: so Argo's API has it.
            fields["outputParameters"] = .string(JSONValue.object(outputs).json)
        }
        return try await self.command("set", name, namespace, fields)
    }

    @discardableResult public func delete(_ name: String, namespace: String) async throws -> String {
        // The answer to a deletion is empty, and a server ends what still runs. Here that is asked for by name.
        let fields = "metadata,status.phase,status.startedAt,status.finishedAt"
        let found = try await self.connection.ask(.get, self.target(name, namespace).adding("fields", fields))
        let run = WorkflowFields(found).summary
        guard run.finishedAt != nil else {
            throw OperationError(
                .conflict, "run '\(run.name)' has not ended", hint: "end it with: skiff terminate \(run.name)")
        }
        try await self.connection.ask(.delete, self.target(name == "@latest" ? run.name : name, namespace))
        return run.name
    }

    // MARK: Requests

    func target(_ name: String, _ namespace: String) -> RequestTarget { .api("workflows", namespace, name) }

    /// - Returns: the run's real name.
    func command(_ verb: String, _ name: String, _ namespace: String, _ fields: JSONObject = JSONObject()) async throws -> String {
        WorkflowFields(try await self.change(verb, name, namespace, fields)).name
    }

    /// - Returns: the Workflow as it is then.
    func change(_ verb: String, _ name: String, _ namespace: String, _ fields: JSONObject) async throws -> JSONValue {
        var body = fields
        body["name"] = .string(name)
        body["namespace"] = .string(namespace)
        return try await self.connection.ask(.put, .api("workflows", namespace, name, verb), .object(body))
    }
}
