import WorkflowModel

/// What the command line reads of a Workflow object.
struct WorkflowView: Sendable {
    let object: JSONValue

    init(_ object: JSONValue) { self.object = object }

    var metadata: JSONValue? { self.object["metadata"] }
    var status: JSONValue? { self.object["status"] }
    /// The spec that runs: merged with its template when there is one.
    var spec: JSONValue? { self.status?["storedWorkflowTemplateSpec"] ?? self.object["spec"] }

    var name: String { self.metadata?["name"]?.string ?? self.metadata?["generateName"]?.string ?? "" }
    var namespace: String { self.metadata?["namespace"]?.string ?? "" }
    var createdAt: Timestamp? { Self.time(self.metadata?["creationTimestamp"]) }
    var phase: String { self.status?["phase"]?.string ?? "" }
    var message: String { self.status?["message"]?.string ?? "" }
    var progress: String { self.status?["progress"]?.string ?? "" }
    var startedAt: Timestamp? { Self.time(self.status?["startedAt"]) }
    var finishedAt: Timestamp? { Self.time(self.status?["finishedAt"]) }
    var isFinished: Bool { ["Succeeded", "Failed", "Error"].contains(self.phase) }

    /// The node that the entry point became.
    var entryNode: NodeView? { self.status?["nodes"]?[self.name].map { NodeView($0) } }

    var nodes: [NodeView] { self.status?["nodes"]?.object?.values.map { NodeView($0) } ?? [] }

    /// The phase as people are told it: `Running (Suspended)`, `Failed (Terminated)`, `Pending` before the first step.
    var statusText: String {
        switch self.phase {
        case "": return "Pending"
        case "Running": return self.isSuspended ? "Running (Suspended)" : "Running"
        case "Failed":
            let shutdown = self.object["spec"]?["shutdown"]?.string ?? ""
            return shutdown.isEmpty ? "Failed" : "Failed (Terminated)"
        default: return self.phase
        }
    }

    private var isSuspended: Bool {
        if self.object["spec"]?["suspend"]?.bool == true { return true }
        return self.status?["nodes"]?.object?.values.contains { NodeView.isActiveSuspend($0) } ?? false
    }

    /// From the first step to the end, or to now; nil before it started.
    func duration(now: Timestamp) -> Span? { self.startedAt.map { (self.finishedAt ?? now) - $0 } }

    static func time(_ value: JSONValue?) -> Timestamp? { value?.string.flatMap { Timestamp(rfc3339: $0) } }
}

/// What the command line reads of a node.
struct NodeView: Sendable {
    let object: JSONValue
    let id: String
    let name: String
    let displayName: String
    let type: String
    let phase: String
    let message: String
    let boundaryID: String
    let startedAt: Timestamp?
    let finishedAt: Timestamp?
    let children: [String]

    init(_ object: JSONValue) {
        self.object = object
        self.id = object["id"]?.string ?? ""
        self.name = object["name"]?.string ?? ""
        self.displayName = object["displayName"]?.string ?? self.name
        self.type = object["type"]?.string ?? ""
        self.phase = object["phase"]?.string ?? ""
        self.message = object["message"]?.string ?? ""
        self.boundaryID = object["boundaryID"]?.string ?? ""
        self.startedAt = WorkflowView.time(object["startedAt"])
        self.finishedAt = WorkflowView.time(object["finishedAt"])
        self.children = object["children"]?.array?.compactMap(\.string) ?? []
    }

    var isActiveSuspend: Bool { Self.isActiveSuspend(self.object) }
    static func isActiveSuspend(_ node: JSONValue) -> Bool { node["type"]?.string == "Suspend" && node["phase"]?.string == "Running" }

    /// Made by a hook or an exit handler of the node it hangs under.
    var isHooked: Bool { self.object["nodeFlag"]?["hooked"]?.bool == true }
    var isFailed: Bool { self.phase == "Failed" || self.phase == "Error" }
    /// Carries something out itself, rather than holding other nodes.
    var isLeaf: Bool { NodeView.isLeaf(type: self.type) }
    static func isLeaf(type: String) -> Bool { !["Steps", "StepGroup", "DAG", "TaskGroup", "Retry"].contains(type) }

    /// `<template>`, or `<resource>/<template>` for a reference.
    var templateText: String {
        if let reference = self.object["templateRef"], let resource = reference["name"]?.string {
            return "\(resource)/\(reference["template"]?.string ?? "")"
        }
        return self.object["templateName"]?.string ?? ""
    }

    func duration(now: Timestamp) -> Span? { self.startedAt.map { (self.finishedAt ?? now) - $0 } }

    /// The name of the node's pod: that of the workflow for the entry node, else workflow, template and the number that the id ends with.
    /// The number comes from the id, because the id stays distinct where two names hash alike.
    func podName(workflow: WorkflowView) -> String {
        if workflow.metadata?["annotations"]?["workflows.argoproj.io/pod-name-format"]?.string == "v1" { return self.id }
        if self.name == workflow.name { return workflow.name }
        let start = workflow.name + "-"
        guard self.id.hasPrefix(start) else { return self.id }
        let template = self.object["templateRef"]?["template"]?.string ?? self.object["templateName"]?.string ?? ""
        // A template written in place has no name of its own.
        let prefix = self.name.contains(".inline") || template.isEmpty ? workflow.name : "\(workflow.name)-\(template)"
        // 253 characters are a pod name's limit; 11 of them are for the hash and its hyphen.
        return "\(prefix.prefix(242))-\(self.id.dropFirst(start.count))"
    }
}
