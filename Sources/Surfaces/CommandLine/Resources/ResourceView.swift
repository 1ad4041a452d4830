import Operations
import WorkflowModel

/// A stored object as people look at it.
struct ResourceView {
    let object: JSONValue

    init(_ object: JSONValue) { self.object = object }

    /// nil for a kind that is not stored.
    var kind: ResourceKind? { self.object["kind"]?.string.flatMap { ResourceKind(rawValue: $0) } }
    var name: String { self.object["metadata"]?["name"]?.string ?? "" }
    var namespace: String { self.object["metadata"]?["namespace"]?.string ?? "" }
    var createdAt: Timestamp? { self.object["metadata"]?["creationTimestamp"]?.string.flatMap { Timestamp(rfc3339: $0) } }
    var labels: String { Self.pairs(self.object["metadata"]?["labels"]) }
    var qualifiedName: String { self.kind.map { ResourceReference($0, self.name).text } ?? self.name }

    func age(_ now: Timestamp) -> String { self.createdAt.map { HumanTime.short(now - $0) } ?? "N/A" }

    /// How many keys a ConfigMap or Secret has.
    var keyCount: Int { ["data", "binaryData"].reduce(0) { $0 + (self.object[$1]?.object?.count ?? 0) } }

    // MARK: CronWorkflow

    /// Also the single one that older files have.
    var schedules: [String] {
        let spec = self.object["spec"]
        let several = spec?["schedules"]?.array?.compactMap(\.string) ?? []
        return several.isEmpty ? [spec?["schedule"]?.string].compactMap { $0 }.filter { !$0.isEmpty } : several
    }
    var isSuspended: Bool { self.object["spec"]?["suspend"]?.bool ?? false }
    var lastRun: Timestamp? { self.object["status"]?["lastScheduledTime"]?.string.flatMap { Timestamp(rfc3339: $0) } }

    // MARK: Objects as documents

    /// The object itself when there is one, a List for several.
    static func document(of objects: [JSONValue]) -> JSONValue {
        if objects.count == 1 { return objects[0] }
        return ["apiVersion": "v1", "kind": "List", "metadata": ["resourceVersion": ""], "items": .array(objects)]
    }

    private static func pairs(_ value: JSONValue?) -> String {
        (value?.object.map(Array.init) ?? []).map { "\($0)=\($1.scalarText ?? "")" }.joined(separator: ",")
    }
}

/// What of stored objects is printed.
enum ResourceOutput: String, CaseIterable {
    case name, json, yaml, wide
}
