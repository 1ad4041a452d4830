import Engine
import Planning

/// The edges that Argo draws between nodes.
///
/// The engine keeps who owns whom. Argo hangs what comes later under the last nodes of what comes before: the next step group under every
/// end of the group before it, a task under every end of its dependencies.
/// - Source: Argo's `getOutboundNodes`, `executeSteps` and `executeDAGTask`, as its clients draw them.
struct NodeGraph {
    /// Ordinals of the nodes after each node, in order of creation.
    private(set) var children: [[Int32]]
    /// Ordinals of the last nodes inside each node; empty where that is the node itself.
    private(set) var ends: [[Int32]]

    private let plan: Plan
    private let nodes: [Node]
    /// The node of a task, by the dag node and the task's place.
    private var tasks: [TaskKey: Int32] = [:]

    private struct TaskKey: Hashable {
        var dag: NodeID
        var site: Int
    }

    /// Time in proportion to nodes and edges: a node's parts have higher ordinals than the node, so one pass down finds all ends and one
    /// pass up all edges.
    init(plan: Plan, nodes: [Node]) {
        self.plan = plan
        self.nodes = nodes
        self.children = Array(repeating: [], count: nodes.count)
        self.ends = Array(repeating: [], count: nodes.count)
        self.findTasks()
        for node in nodes.reversed() where node.isShown { self.findEnds(of: node) }
        self.attachAll()
    }

    private mutating func findTasks() {
        for node in self.nodes where node.isShown {
            guard case .site(let site) = node.role, let owner = node.owner, self.nodes[owner.index].type == .dag else { continue }
            self.tasks[TaskKey(dag: owner, site: site)] = node.id.ordinal
        }
    }

    // MARK: Ends

    private mutating func findEnds(of node: Node) {
        switch node.type {
        case .suspend, .skipped, .http, .plugin, .container: break
        // The containers of a set come after its pod.
        case .pod: for part in node.children where self.nodes[part.index].type == .container { self.addEnds(of: part.ordinal, to: node) }
        case .stepGroup, .taskGroup: for part in node.children where self.isBody(part) { self.addEnds(of: part.ordinal, to: node) }
        // A steps node ends where its latest group does, a retried node where its latest attempt does.
        case .steps, .retry: if let last = node.children.last(where: self.isBody) { self.addEnds(of: last.ordinal, to: node) }
        case .dag:
            for target in self.targets(of: node) {
                if let task = self.tasks[TaskKey(dag: node.id, site: target)] { self.addEnds(of: task, to: node) }
            }
        }
    }

    /// The tasks that a dag aimed at. Where only the run knew them: those after which none was run.
    private func targets(of node: Node) -> [Int] {
        guard let dag = self.dag(of: node) else { return [] }
        if dag.dynamicTarget == nil { return dag.targets }
        func hasNode(_ task: Int) -> Bool { self.tasks[TaskKey(dag: node.id, site: task)] != nil }
        return dag.tasks.indices.filter { hasNode($0) && !dag.dependents[$0].contains(where: hasNode) }
    }

    /// Part of the node's own work, not its exit handler or a hook, and shown.
    private func isBody(_ part: NodeID) -> Bool {
        let node = self.nodes[part.index]
        switch node.role {
        case .exitHandler, .hook: return false
        case .entry, .group, .site, .item, .attempt, .container: return node.isShown
        }
    }

    private mutating func addEnds(of part: Int32, to node: Node) {
        let ends = self.ends[Int(part)]
        if ends.isEmpty { self.ends[node.id.index].append(part) } else { self.ends[node.id.index] += ends }
    }

    // MARK: Edges

    private mutating func attachAll() {
        var latestGroup: [NodeID: NodeID] = [:]
        for node in self.nodes where node.isShown {
            // The entry node and the run's exit handler hang under nothing.
            guard let owner = node.owner else { continue }
            switch node.role {
            case .entry: break
            case .group:
                if let previous = latestGroup.updateValue(node.id, forKey: owner) {
                    self.attach(node, afterEndsOf: previous.ordinal)
                } else {
                    self.attach(node, under: owner.ordinal)
                }
            case .site(let site): self.attachSite(node, site, owner)
            case .item, .attempt, .exitHandler, .hook, .container: self.attach(node, under: owner.ordinal)
            }
        }
    }

    private mutating func attachSite(_ node: Node, _ site: Int, _ owner: NodeID) {
        let dependencies = self.dag(of: self.nodes[owner.index])?.dependencies[site] ?? []
        var isAttached = false
        for dependency in dependencies {
            guard let task = self.tasks[TaskKey(dag: owner, site: dependency)] else { continue }
            self.attach(node, afterEndsOf: task)
            isAttached = true
        }
        if !isAttached { self.attach(node, under: owner.ordinal) }
    }

    private mutating func attach(_ node: Node, under parent: Int32) { self.children[Int(parent)].append(node.id.ordinal) }

    private mutating func attach(_ node: Node, afterEndsOf previous: Int32) {
        let ends = self.ends[Int(previous)]
        if ends.isEmpty { self.attach(node, under: previous) }
        for end in ends { self.attach(node, under: end) }
    }

    private func dag(of node: Node) -> PlannedDAG? {
        guard node.type == .dag, let template = node.template, case .dag(let dag) = self.plan.templates[template].body else { return nil }
        return dag
    }
}

extension Node {
    /// A node that waits for a place under a limit does not exist yet for Argo's clients; one that waits for a lock does, and so does one with
    /// parts that goes on after a retry. One that was made again does not exist any more.
    var isShown: Bool {
        !self.isRetired && (self.phase != .held || self.stage == .locks || self.stage == .locksAgain || self.stage == .dormant)
    }
}
