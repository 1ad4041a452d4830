import Engine
import Planning
import WorkflowModel

/// The map `status.nodes`.
struct NodeStatuses {
    private let run: RunID
    /// What was to be deleted at the end of the run is gone.
    private let hasEnded: Bool
    private let plan: Plan
    private let nodes: [Node]
    private let summary: RunSummaryView
    private let graph: NodeGraph
    private let ids: NodeIdentifiers
    private let origins: NodeOrigins

    init(plan: Plan, nodes: [Node], summary: RunSummaryView, run: RunID, hasEnded: Bool) {
        self.run = run
        self.hasEnded = hasEnded
        self.plan = plan
        self.nodes = nodes
        self.summary = summary
        self.graph = NodeGraph(plan: plan, nodes: nodes)
        self.ids = NodeIdentifiers(workflow: plan.name, nodes: nodes)
        self.origins = NodeOrigins(plan: plan, nodes: nodes)
    }

    /// By Argo's id, in order of creation.
    var json: JSONObject {
        var object = JSONObject()
        object.reserveCapacity(self.nodes.count)
        var times = TimeTexts()
        for node in self.nodes where node.isShown { object[self.ids[node.id]] = .object(self.status(of: node, &times)) }
        return object
    }

    /// Fields in Argo's order.
    private func status(of node: Node, _ times: inout TimeTexts) -> JSONObject {
        let sums = self.summary.parts[node.id.index]
        var status = JSONObject()
        status.reserveCapacity(20)
        status["id"] = .string(self.ids[node.id])
        status["name"] = .string(node.name)
        status["displayName"] = .string(node.shownName(in: node.boundary.map { self.nodes[$0.index].name }))
        status["type"] = .string(node.type.rawValue)
        self.addTemplate(of: node, to: &status)
        status["phase"] = .string(node.phase.shown)
        if let boundary = node.boundary { status["boundaryID"] = .string(self.ids[boundary]) }
        if !node.message.isEmpty { status["message"] = .string(node.message) }
        status["startedAt"] = times[node.startedAt]
        status["finishedAt"] = times[node.finishedAt]
        if !sums.progress.isEmpty { status["progress"] = .string(sums.progress) }
        if let resources = sums.resources { status["resourcesDuration"] = resources.json }
        if node.phase == .daemoned {
            status["daemoned"] = true
            status["podIP"] = "127.0.0.1"
        }
        if let memo = node.memo {
            status["memoizationStatus"] = ["hit": .bool(memo.isHit), "key": .string(memo.key), "cacheName": .string(memo.cache)]
        }
        if let lock = node.waitsFor { status["synchronizationStatus"] = ["waiting": .string(lock)] }
        if let flag = Self.flag(of: node) { status["nodeFlag"] = flag }
        if !node.inputs.isEmpty { status["inputs"] = .object(StatusValues.inputs(node.inputs)) }
        if !node.outputs.isEmpty {
            status["outputs"] = .object(StatusValues.outputs(node.outputs, deleted: self.deletedArtifacts(of: node)))
        }
        self.addEdges(of: node, to: &status)
        // Every pod runs on this machine; Argo names the cluster's node here once the pod is placed.
        if node.type == .pod, node.phase != .pending { status["hostNodeName"] = "localhost" }
        return status
    }

    private func deletedArtifacts(of node: Node) -> Set<String> {
        self.hasEnded ? Set(node.expendableArtifacts(in: self.plan, of: self.run).map(\.name)) : []
    }

    private func addTemplate(of node: Node, to status: inout JSONObject) {
        let origin = self.origins[node.id]
        if let reference = origin.reference {
            status["templateRef"] = reference
        } else if !origin.templateName.isEmpty {
            status["templateName"] = .string(origin.templateName)
        }
        status["templateScope"] = .string(origin.scope)
    }

    private func addEdges(of node: Node, to status: inout JSONObject) {
        let children = self.graph.children[node.id.index]
        if !children.isEmpty { status["children"] = self.ids(children) }
        // Argo records these of steps and dags when they end; of other nodes its clients find them through `children`.
        let ends = self.graph.ends[node.id.index]
        if node.type == .steps || node.type == .dag, node.phase.isFulfilled, !ends.isEmpty { status["outboundNodes"] = self.ids(ends) }
    }

    private func ids(_ ordinals: [Int32]) -> JSONValue { .array(ordinals.map { .string(self.ids.ids[Int($0)]) }) }

    private static func flag(of node: Node) -> JSONValue? {
        switch node.role {
        case .exitHandler, .hook: ["hooked": true]
        case .attempt: ["retried": true]
        case .entry, .group, .site, .item, .container: nil
        }
    }
}
