import Operations
import RemoteOperations
import WorkflowModel

extension TestServer {
    func connection(token: String? = nil) throws -> ServerConnection {
        ServerConnection(try ServerAddress(self.url, token: token), version: "1.2.3")
    }

    var operations: RemoteOperations { get throws { RemoteOperations(try self.connection()) } }
}

extension JSONValue {
    static func run(_ name: String, uid: String? = nil, phase: String = "Succeeded", isFinished: Bool = true) -> JSONValue {
        [
            "metadata": [
                "name": .string(name), "namespace": "default", "uid": .string(uid ?? "uid-" + name),
                "creationTimestamp": "2026-11-21T04:30:00Z", "labels": ["team": "data"],
            ],
            "spec": ["priority": 7, "arguments": ["parameters": [["name": "n", "value": 3]]]],
            "status": [
                "phase": .string(phase), "message": "so it went", "progress": "2/3", "startedAt": "2026-11-21T04:30:01Z",
                "finishedAt": isFinished ? "2026-11-21T04:31:30Z" : .null,
            ],
        ]
    }

    static func list(_ items: [JSONValue], next: String? = nil) -> JSONValue {
        ["metadata": ["resourceVersion": "9", "continue": .string(next ?? "")], "items": .array(items)]
    }
}

extension AsyncSequence {
    func collected() async throws -> [Element] {
        var elements: [Element] = []
        for try await element in self { elements.append(element) }
        return elements
    }
}
