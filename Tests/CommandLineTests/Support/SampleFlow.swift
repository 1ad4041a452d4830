import WorkflowModel

/// Builds Workflow objects as Argo's documentation says they look, node by node.
struct SampleFlow {
    let name: String
    private var nodes: [(name: String, object: JSONValue)] = []
    private var links: [(from: String, to: String)] = []

    init(_ name: String = "flow") { self.name = name }

    /// Ids end in the node's place of creation instead of a hash, so that expectations stay readable.
    private func id(_ node: String) -> JSONValue {
        if node == self.name { return .string(self.name) }
        let place = self.nodes.firstIndex { $0.name == node } ?? -1
        return .string("\(self.name)-\(place)")
    }

    /// - Parameters:
    ///   - start: seconds after the start of the run.
    ///   - ran: seconds; nil for a node that has not ended.
    mutating func add(
        _ name: String, _ display: String, _ type: String, _ phase: String = "Succeeded", template: String? = nil,
        in boundary: String? = nil,
        after parents: [String] = [], start: Int64 = 0, ran: Int64? = 5, message: String = "", more: JSONValue = [:]
    ) {
        let started = Timestamp(rfc3339: "2026-11-21T04:30:00Z")! + .seconds(start)
        var object = JSONObject()
        object["name"] = .string(name)
        object["displayName"] = .string(display)
        object["type"] = .string(type)
        object["templateName"] = template.map { .string($0) }
        object["phase"] = .string(phase)
        object["boundaryID"] = boundary.map { self.id($0) }
        object["message"] = message.isEmpty ? nil : .string(message)
        object["startedAt"] = .string(started.rfc3339)
        object["finishedAt"] = ran.map { .string((started + .seconds($0)).rfc3339) } ?? .null
        for (key, value) in more.object ?? JSONObject() { object[key] = value }
        self.nodes.append((name, .object(object)))
        for parent in parents { self.links.append((parent, name)) }
    }

    func workflow(_ phase: String = "Succeeded", message: String = "", status: JSONValue = [:], spec: JSONValue = [:]) -> JSONValue {
        var nodes = JSONObject()
        for (name, object) in self.nodes {
            var object = object.object!
            object["id"] = self.id(name)
            let children = self.links.filter { $0.from == name }.map { self.id($0.to) }
            if !children.isEmpty { object["children"] = .array(children) }
            nodes[self.id(name).string!] = .object(object)
        }
        var fields = JSONObject()
        fields["phase"] = .string(phase)
        if !message.isEmpty { fields["message"] = .string(message) }
        fields["startedAt"] = "2026-11-21T04:30:00Z"
        fields["finishedAt"] = ["Succeeded", "Failed", "Error"].contains(phase) ? "2026-11-21T04:31:30Z" : .null
        fields["progress"] = "2/3"
        for (key, value) in status.object! { fields[key] = value }
        if !nodes.isEmpty { fields["nodes"] = .object(nodes) }
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": ["name": .string(self.name), "namespace": "default", "creationTimestamp": "2026-11-21T04:30:00Z"],
            "spec": spec, "status": .object(fields),
        ]
    }

    /// Two groups of steps: one alone, then two side by side.
    static var steps: SampleFlow {
        var flow = SampleFlow()
        flow.add("flow", "flow", "Steps", template: "hello-hello-hello")
        flow.add("flow[0]", "[0]", "StepGroup", in: "flow", after: ["flow"])
        flow.add("flow[0].hello1", "hello1", "Pod", template: "whalesay", in: "flow", after: ["flow[0]"], ran: 2)
        flow.add("flow[1]", "[1]", "StepGroup", in: "flow", after: ["flow[0].hello1"], start: 2)
        flow.add("flow[1].hello2a", "hello2a", "Pod", template: "whalesay", in: "flow", after: ["flow[1]"], start: 2, ran: 3)
        flow.add("flow[1].hello2b", "hello2b", "Pod", template: "whalesay", in: "flow", after: ["flow[1]"], start: 2, ran: 65)
        return flow
    }
}
