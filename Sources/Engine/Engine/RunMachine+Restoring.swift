import Planning
import WorkflowModel

/// What is taken over of another run: its nodes, and how it stood.
public struct RestoredRun: Sendable, Equatable {
    /// By ordinal. Whoever owns a node comes before it.
    public private(set) var nodes: [Node]
    public var phase: RunPhase
    public var message: String
    public var globalParameters: [NamedValue] = []
    public var globalArtifacts: [NamedArtifact] = []

    init(nodes: [Node], phase: RunPhase, message: String) {
        self.nodes = nodes
        self.phase = phase
        self.message = message
        for at in self.nodes.indices { self.nodes[at].children = [] }
        for node in nodes where !node.isRetired { if let owner = node.owner { self.nodes[owner.index].children.append(node.id) } }
    }

    var row: JSONValue {
        var row = JSONObject()
        row["nodes"] = .array(self.nodes.map(\.row))
        row["phase"] = .string(self.phase.rawValue)
        if !self.message.isEmpty { row["message"] = .string(self.message) }
        row["globals"] = RowCoding.parameters(self.globalParameters)
        row["globalArtifacts"] = RowCoding.artifacts(self.globalArtifacts)
        return .object(row)
    }

    init?(row: JSONValue) {
        guard let phase = row["phase"]?.string.flatMap({ RunPhase(rawValue: $0) }), let rows = row["nodes"]?.array else { return nil }
        let nodes = rows.enumerated().compactMap { try? Node(row: $0.element, ordinal: $0.offset) }
        guard nodes.count == rows.count, Self.isOrdered(nodes) else { return nil }
        self.init(nodes: nodes, phase: phase, message: row["message"]?.string ?? "")
        self.globalParameters = RowCoding.parameters(row["globals"])
        self.globalArtifacts = RowCoding.artifacts(row["globalArtifacts"])
    }

    private static func isOrdered(_ nodes: [Node]) -> Bool {
        nodes.allSatisfy { node in [node.owner, node.boundary].allSatisfy { $0.map { $0.index >= 0 && $0 < node.id } ?? true } }
    }
}

extension RunMachine {
    /// Takes over what another run came to. It starts nothing: a run that ended goes on when it is retried.
    mutating func restore(_ restored: RestoredRun) {
        guard self.nodes.isEmpty else { return }
        let fits = restored.nodes.allSatisfy { $0.template.map(self.plan.templates.indices.contains) ?? true }
        guard fits, restored.phase.isFinished else {
            return self.finishRun(.error, message: "what was taken over of another run does not fit this workflow")
        }
        self.nodes = restored.nodes
        self.changed.formUnion(restored.nodes.map(\.id))
        self.run.globalParameters = restored.globalParameters
        self.run.globalArtifacts = restored.globalArtifacts
        self.run.phase = restored.phase
        self.run.message = restored.message
        self.run.startedAt = restored.nodes.first?.startedAt ?? self.run.now
        self.run.finishedAt = self.run.now
        self.tellAgain()
    }

    /// What a new run of the same workflow takes over of this one: everything but exit handlers and hooks. Pods that succeeded are marked as those
    /// of this run.
    /// - Parameter name: the new run's, which its node names begin with.
    public func resubmission(named name: String) -> RestoredRun {
        var places: [NodeID: NodeID] = [:]
        var taken: [Node] = []
        for node in self.nodes where !node.isRetired && !node.role.isExtra {
            if let owner = node.owner, places[owner] == nil { continue }
            let id = NodeID(taken.count)
            places[node.id] = id
            var copy = node.renumbered(
                id, owner: node.owner.flatMap { places[$0] }, boundary: node.boundary.flatMap { places[$0] },
                name: name + node.name.dropFirst(self.plan.name.count))
            if node.type == .pod, node.phase == .succeeded {
                copy.original = node.original ?? ArgoNames.nodeID(node.name, workflow: self.plan.name)
            }
            taken.append(copy)
        }
        // An entry node that was made again is not the first.
        var restored = RestoredRun(nodes: taken, phase: self.run.phase, message: self.run.message)
        restored.globalParameters = self.run.globalParameters
        restored.globalArtifacts = self.run.globalArtifacts
        return restored
    }
}

extension Node {
    fileprivate func renumbered(_ id: NodeID, owner: NodeID?, boundary: NodeID?, name: String) -> Node {
        var copy = Node(
            id: id, owner: owner, boundary: boundary, role: self.role, name: name, displayName: self.displayName, type: self.type,
            template: self.template, depth: self.depth, phase: self.phase, message: self.message, startedAt: self.startedAt,
            finishedAt: self.finishedAt, inputs: self.inputs, outputs: self.outputs, item: self.item, podAttempt: 0, isExit: self.isExit,
            doom: nil, dueAt: nil, cpuMillis: self.cpuMillis, peakMemoryBytes: self.peakMemoryBytes, children: [])
        copy.stage = self.stage
        copy.memo = self.memo
        copy.progress = self.progress
        copy.original = self.original
        return copy
    }
}
