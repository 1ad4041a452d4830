import Manifests
import Planning
import StatusViews
import Testing
import WorkflowModel

@testable import Engine

/// A run put together by hand: a real plan, and nodes as a test wants them.
struct RunSketch {
    /// The time at which everything starts: 2026-01-02T03:04:05Z.
    static let start = Timestamp(rfc3339: "2026-01-02T03:04:05Z")!

    let plan: Plan
    let manifest: JSONValue
    var nodes: [Node] = []
    var run = RunState()

    /// - Parameters:
    ///   - spec: of a Workflow named `flow`, as YAML from the first column.
    ///   - library: further documents, as YAML.
    init(_ spec: String, library: String = "") throws {
        let indented = spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n")
        let head = """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata:
              name: flow
              namespace: default
              uid: "0190"
              creationTimestamp: "2026-01-02T03:04:00Z"
              labels: {team: data}
            spec:

            """
        let documents = try [head + indented, library].filter { !$0.isEmpty }.flatMap { text in
            let file = ManifestReader().read(file: "flow.yaml", bytes: Array(text.utf8))
            try #require(file.diagnostics.isEmpty, "\(file.diagnostics)")
            return file.documents
        }
        let workflows = try documents.map { PlanningDocument(workflow: try #require(Workflow($0.value)), source: $0.source) }
        let result = Planner.plan(PlanningInput(workflow: workflows[0], library: Array(workflows.dropFirst())))
        self.plan = try #require(result.plan, "\(result.diagnostics)")
        self.manifest = documents[0].value
        self.run.phase = .running
        self.run.startedAt = Self.start
    }

    /// Adds a node, and to its owner's parts. Fulfilled nodes ended two seconds after the start.
    @discardableResult
    mutating func add(
        _ name: String, _ type: NodeType, _ role: NodeRole, owner: NodeID? = nil, boundary: NodeID? = nil, template: String? = nil,
        phase: NodePhase = .succeeded
    ) -> NodeID {
        let id = NodeID(self.nodes.count)
        let place = template.flatMap { name in self.plan.templates.firstIndex { $0.key.name == name } }
        self.nodes.append(
            Node(
                id: id, owner: owner, boundary: boundary, role: role, name: name, displayName: nil, type: type, template: place, depth: 0,
                phase: phase, message: "", startedAt: Self.start,
                finishedAt: phase.isFulfilled ? Self.start + .seconds(phase.isCompleted ? 2 : 0) : nil, inputs: NodeInputs(),
                outputs: NodeOutputs(), item: nil, podAttempt: 0, isExit: false, doom: nil, dueAt: nil, cpuMillis: nil,
                peakMemoryBytes: nil,
                children: []))
        if let owner { self.nodes[owner.index].children.append(id) }
        return id
    }

    /// The run ended a minute after its start.
    mutating func finish(_ phase: RunPhase) {
        self.run.phase = phase
        self.run.finishedAt = Self.start + .seconds(60)
    }

    var json: JSONValue { WorkflowView(plan: self.plan, id: RunID("0190"), run: self.run, nodes: self.nodes, manifest: self.manifest).json }

    var status: JSONValue? { self.json["status"] }

    /// The status of the node with this name; nil when it is not shown.
    func node(_ name: String) -> JSONValue? {
        self.status?["nodes"]?.object?.values.first { $0["name"]?.string == name }
    }

    /// Every edge of the graph, a line per node in order of creation: `name -> child, child => last, last`.
    var graph: String {
        let nodes = self.status?["nodes"]?.object ?? JSONObject()
        let names = { (ids: JSONValue?) in
            (ids?.array ?? []).map { $0.string.flatMap { nodes[$0]?["name"]?.string } ?? "?" }.joined(separator: ", ")
        }
        return nodes.map { _, node in
            var line = node["name"]?.string ?? "?"
            if node["children"] != nil { line += " -> \(names(node["children"]))" }
            if node["outboundNodes"] != nil { line += " => \(names(node["outboundNodes"]))" }
            return line
        }.joined(separator: "\n")
    }
}
