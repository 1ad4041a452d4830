import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// What a run is told to do. Each answers with the run as it is then.
extension Routes {
    var workflowCommands: [Route] {
        [
            self.command("suspend", "Lets nothing new start until the run is resumed.") { call, _ in
                try await self.services.operations.suspend(call.name, namespace: call.namespace)
            },
            self.command("resume", "Lets a suspended run, or nodes that wait for a person, go on.") { call, fields in
                try await self.services.operations.resume(
                    call.name, namespace: call.namespace, selector: try fields.string("nodeFieldSelector"),
                    message: try fields.string("message") ?? "")
            },
            self.command("stop", "Kills what runs; exit handlers still run. With a selector, ends nodes that wait.") { call, fields in
                try await self.stop(call, fields)
            },
            self.command("terminate", "Kills what runs, exit handlers too.") { call, _ in
                try await self.services.operations.terminate(call.name, namespace: call.namespace)
            },
            self.command("set", "Gives nodes that wait for a person their outputs or their end.") { call, fields in
                guard let selector = try fields.string("nodeFieldSelector") else {
                    throw WireError.invalid("the body needs 'nodeFieldSelector'")
                }
                return try await self.services.operations.set(
                    call.name, namespace: call.namespace, selector: selector, try Self.setting(fields))
            },
        ]
    }

    private func command(
        _ verb: String, _ summary: String, _ carryOut: @escaping @Sendable (Call, RequestFields) async throws -> String
    ) -> Route {
        let title = verb.prefix(1).uppercased() + verb.dropFirst()
        return Route(
            .put, "/api/v1/workflows/{namespace}/{name}/\(verb)", "WorkflowService_\(title)Workflow", summary, .role(.submitter),
            body: .json(schema: "Workflow\(title)Request"), answer: .json(schema: "Workflow")
        ) { call in
            let name = try await carryOut(call, try call.fields())
            return .json(try await self.workflow(name, call.namespace))
        }
    }

    /// With a selector only nodes are ended: as failed, like Argo does.
    private func stop(_ call: Call, _ fields: RequestFields) async throws -> String {
        let message = try fields.string("message") ?? ""
        guard let selector = try fields.string("nodeFieldSelector") else {
            return try await self.services.operations.stop(call.name, namespace: call.namespace, message: message)
        }
        return try await self.services.operations.set(
            call.name, namespace: call.namespace, selector: selector, NodeSetting(phase: "Failed", message: message))
    }

    private static func setting(_ fields: RequestFields) throws -> NodeSetting {
        var setting = NodeSetting(phase: try fields.string("phase"), message: try fields.string("message") ?? "")
        // A JSON object as text: so Argo's API has it.
        guard let text = try fields.string("outputParameters") else { return setting }
        guard let outputs = (try? JSONValue(json: text))?.object else {
            throw WireError.invalid("'outputParameters' is not the text of a JSON object")
        }
        setting.outputs = try outputs.map { name, value in
            guard let text = value.scalarText else { throw WireError.invalid("output parameter '\(name)' is no text") }
            return (name, text)
        }
        return setting
    }
}
