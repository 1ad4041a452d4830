import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Events from outside, and what they submit.
extension Routes {
    var events: [Route] {
        [
            Route(
                .post, "/api/v1/events/{namespace}/{discriminator?}", "EventService_ReceiveEvent",
                "Submits what the WorkflowEventBindings of the namespace say for this event, and answers when that is done.", .webhook,
                body: .event, answer: .json(schema: "Empty"), handler: self.receiveEvent),
            Route(
                .post, "/api/v1/events/{namespace}", "EventService_ReceivePlainEvent", "As with an empty discriminator.", .webhook,
                body: .event, answer: .json(schema: "Empty"), handler: self.receiveEvent),
            Route(
                .get, "/api/v1/workflow-event-bindings/{namespace?}", "EventService_ListWorkflowEventBindings",
                "Lists WorkflowEventBindings.", .role(.viewer), query: Self.listOptions, answer: .json(schema: "WorkflowEventBindingList")
            ) { call in
                let objects = StoredObjects(resources: self.services.resources, kind: .workflowEventBinding)
                let list = try await self.services.resources.list(try objects.list(call, prefix: "listOptions."))
                return .json(ListDocument.objects(.workflowEventBinding, list))
            },
        ] + self.absent
    }

    @Sendable private func receiveEvent(_ call: Call) async throws -> Reply {
        var metadata: [String: [String]] = [:]
        for field in call.headers where field.name != .authorization {
            metadata[field.name.canonicalName, default: []].append(field.value)
        }
        let event = IncomingEvent(
            namespace: call.namespace, discriminator: call.parameter("discriminator"), metadata: metadata,
            payload: try call.json() ?? .null)
        try await self.services.events.dispatch(event)
        return .done
    }

    /// Argo Events' own kinds have paths in Argo's API. Whoever asks is told so instead of being told that they are wrong.
    private var absent: [Route] {
        [("event-sources", "EventSource"), ("sensors", "Sensor")].flatMap { path, kind in
            [("/api/v1/\(path)/{namespace?}", "List"), ("/api/v1/stream/\(path)/{namespace?}", "Watch")].map { path, verb in
                Route(
                    .get, path, "\(kind)Service_\(verb)\(kind)s", "Not served: \(kind)s belong to Argo Events.", .anywhere(.viewer),
                    answer: .json(schema: "Empty")
                ) { _ in throw WireError(501, .unimplemented, "\(kind)s belong to Argo Events, which this server does not do") }
            }
        }
    }
}
