import LocalOperations
import Operations
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite struct EventTests {
    let fixture: StoreFixture
    let events: LocalEvents

    init() async throws {
        self.fixture = try StoreFixture()
        try await self.fixture.claim()
        self.events = LocalEvents(resources: self.fixture.resources(), submitter: self.fixture.submitter, time: self.fixture.clock)
        let spec: JSONValue = [
            "entrypoint": "main", "arguments": ["parameters": [["name": "who", "value": "nobody"], ["name": "all", "value": ""]]],
            "templates": [["name": "main", "container": ["image": "busybox:1.36", "command": ["true"]]]],
        ]
        _ = try await self.fixture.resources().put(
            [manifest("WorkflowTemplate", "greet", ["spec": spec])], .create, namespace: "default", isDryRun: false)
    }

    private func bind(_ name: String, _ selector: String, _ submit: JSONValue) async throws {
        let binding = manifest("WorkflowEventBinding", name, ["spec": ["event": ["selector": .string(selector)], "submit": submit]])
        _ = try await self.fixture.resources().put([binding], .create, namespace: "default", isDryRun: false)
    }

    private static let event = IncomingEvent(
        namespace: "default", discriminator: "push", metadata: ["x-kind": ["tag"]], payload: ["user": "ann", "count": 2])

    @Test func `a binding that is meant submits its template with what the event says`() async throws {
        try await self.bind(
            "greeting", "discriminator == \"push\" && metadata[\"x-kind\"] == [\"tag\"] && payload.count > 1",
            [
                "workflowTemplateRef": ["name": "greet"],
                "metadata": ["generateName": "\"hello-\" + payload.user + \"-\"", "labels": ["user": "payload.user"]],
                "arguments": [
                    "parameters": [
                        ["name": "who", "valueFrom": ["event": "payload.user"]], ["name": "all", "valueFrom": ["event": "payload"]],
                    ]
                ],
            ])
        try await self.bind("other", "payload.count == 3", ["workflowTemplateRef": ["name": "greet"]])
        let submitted = try await self.events.dispatch(Self.event)
        #expect(submitted.count == 1)
        let metadata = try #require(submitted.first?["metadata"])
        #expect(metadata["name"]?.string?.hasPrefix("hello-ann-") == true)
        #expect(metadata["labels"]?["user"]?.string == "ann")
        #expect(metadata["labels"]?["workflows.argoproj.io/workflow-event-binding"]?.string == "greeting")
        #expect(metadata["labels"]?["workflows.argoproj.io/workflow-template"]?.string == "greet")
        let parameters = submitted[0]["spec"]?["arguments"]?["parameters"]
        #expect(parameters?[0]?["value"]?.string == "ann")
        #expect(parameters?[1]?["value"]?.string == #"{"count":2,"user":"ann"}"#)
        #expect(try await self.fixture.store().runs(matching: .init()).count == 1)
    }

    @Test func `a binding that fails is told, and keeps none of the others from their work`() async throws {
        try await self.bind("a-broken", "payload.user.name == 1", ["workflowTemplateRef": ["name": "greet"]])
        try await self.bind("b-silent", "true", ["workflowTemplateRef": ["name": "greet"], "metadata": ["labels": ["n": "payload.count"]]])
        try await self.bind("c-right", "true", ["workflowTemplateRef": ["name": "greet"]])
        await #expect(throws: OperationError.self) { try await self.events.dispatch(Self.event) }
        do { try await self.events.dispatch(Self.event) } catch let error as OperationError {
            #expect(error.code == .invalid && error.message.hasPrefix("event binding 'a-broken': "), "\(error)")
        }
        #expect(try await self.fixture.store().runs(matching: .init()).count == 2)
    }

    @Test func `an event of another namespace finds no binding`() async throws {
        try await self.bind("right", "true", ["workflowTemplateRef": ["name": "greet"]])
        var event = Self.event
        event.namespace = "team"
        #expect(try await self.events.dispatch(event).isEmpty)
    }
}
