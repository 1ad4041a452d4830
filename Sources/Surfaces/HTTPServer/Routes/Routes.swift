import Operations
import WireFormat
import WorkflowModel

/// All operations of the API. Each file of this folder has those of one of its parts.
struct Routes: Sendable {
    let services: ServerServices
    let settings: ServerSettings

    var all: [Route] {
        self.workflows + self.workflowCommands + self.repetitions + self.workflowStreams + self.archive + self.templates + self.objects
            + self.events
            + self.syncLimits + self.artifacts + self.information + self.tokens
    }

    /// `listOptions.*` as far as it means something here.
    static let listOptions: [Route.Parameter] = [
        Route.Parameter(name: "listOptions.labelSelector"), Route.Parameter(name: "listOptions.fieldSelector"),
        Route.Parameter(name: "listOptions.limit", kind: .integer), Route.Parameter(name: "listOptions.continue"),
        Route.Parameter(name: "listOptions.resourceVersion"),
    ]
    static let fields = Route.Parameter(name: "fields")

    /// The run as it is now: what commands answer with.
    func workflow(_ name: String, _ namespace: String) async throws -> JSONValue {
        try await self.services.operations.get(name, namespace: namespace)
    }
}
