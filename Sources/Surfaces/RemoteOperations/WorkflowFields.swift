import Operations
import WorkflowModel

/// What is read of a Workflow object.
struct WorkflowFields {
    /// What `summary` looks at: what servers are asked for where nothing else is wanted.
    static let summarized = [
        "apiVersion", "kind", "metadata", "spec.arguments", "spec.priority", "status.phase", "status.message", "status.startedAt",
        "status.finishedAt", "status.progress",
    ]

    private let object: JSONValue

    init(_ object: JSONValue) { self.object = object }

    var name: String { self.object["metadata"]?["name"]?.string ?? "" }
    var uid: String { self.object["metadata"]?["uid"]?.string ?? "" }
    var namespace: String { self.object["metadata"]?["namespace"]?.string ?? "" }
    var resourceVersion: String? { self.object["metadata"]?["resourceVersion"]?.string }

    /// The line of a list.
    var summary: RunSummary {
        let spec = self.object["spec"]
        let status = self.object["status"]
        let created = Self.time(self.object["metadata"]?["creationTimestamp"]) ?? Timestamp(milliseconds: 0)
        var parameters: [String: String] = [:]
        for parameter in spec?["arguments"]?["parameters"]?.array ?? [] {
            if let name = parameter["name"]?.string { parameters[name] = parameter["value"]?.scalarText ?? "" }
        }
        return RunSummary(
            namespace: self.namespace, name: self.name, uid: self.uid, phase: status?["phase"]?.string ?? "",
            message: status?["message"]?.string ?? "", createdAt: created, startedAt: Self.time(status?["startedAt"]),
            finishedAt: Self.time(status?["finishedAt"]), priority: spec?["priority"]?.integer.map { Int(clamping: $0) } ?? 0,
            progress: status?["progress"]?.string ?? "", labels: Self.texts(self.object["metadata"]?["labels"]), parameters: parameters)
    }

    private static func time(_ value: JSONValue?) -> Timestamp? { value?.string.flatMap { Timestamp(rfc3339: $0) } }

    private static func texts(_ value: JSONValue?) -> [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in value?.object ?? JSONObject() { texts[key] = value.string }
        return texts
    }
}
