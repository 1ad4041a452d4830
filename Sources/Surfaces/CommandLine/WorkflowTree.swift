public import WorkflowModel

/// The nodes of a run as the tree that people see, row by row.
///
/// Nodes that only hold others together are not rows: a step group is drawn as a bracket around its parallel steps, a fan-out's elements
/// stand in its place, and a retry of a single attempt is that attempt. Siblings are in order of their start; those of the same second in
/// order of their dependencies, then of their place in a fan-out, then by name.
public struct WorkflowTree: Sendable {
    /// One visible node.
    struct Row: Sendable {
        var node: NodeView
        /// The lines of the tree before the icon, in UTF-8.
        var prefix: String
        /// The row of the node above it in the tree.
        var parent: Int?
    }

    let workflow: WorkflowView
    /// One list for each tree: the entry node's first, then those of hooks, then that of the exit handler.
    private(set) var trees: [[Row]] = []

    /// Reads the Workflow object. Costs time proportional to its nodes and edges.
    public init(_ workflow: JSONValue, filter: NodeFilter = .all) {
        self.workflow = WorkflowView(workflow)
        let family = NodeFamily(self.workflow, filter: filter)
        for root in family.roots {
            var rows: [Row] = []
            // A group whose own steps node is filtered out needs no bracket.
            let items = family.items(for: root, depth: 0).flatMap { item in if case .group(let members) = item { members } else { [item] } }
            for item in items { Self.draw(item, " ", " ", parent: nil, into: &rows) }
            if !rows.isEmpty { self.trees.append(rows) }
        }
    }

    /// Adds the rows of an item.
    /// - Parameters:
    ///   - first: the prefix of the item's own (or its first) row.
    ///   - rest: the prefix of all rows below that one.
    private static func draw(_ item: NodeFamily.Item, _ first: String, _ rest: String, parent: Int?, into rows: inout [Row]) {
        switch item {
        case .node(let node, let children):
            let position = rows.count
            rows.append(Row(node: node, prefix: first, parent: parent))
            for (index, child) in children.enumerated() {
                let isLast = index == children.count - 1
                Self.draw(child, rest + (isLast ? "└─" : "├─"), rest + (isLast ? "  " : "│ "), parent: position, into: &rows)
            }
        case .group(let members):
            for (index, member) in members.enumerated() {
                let isLast = index == members.count - 1
                let piece = members.count == 1 ? "──" : index == 0 ? "┬─" : isLast ? "└─" : "├─"
                Self.draw(member, (index == 0 ? first : rest) + piece, rest + (isLast ? "  " : "│ "), parent: parent, into: &rows)
            }
        }
    }

    /// The tree pieces in ASCII: `|-`, `` `- ``, `-+-`.
    static func ascii(_ prefix: String) -> String {
        String(
            prefix.map { piece in
                switch piece {
                case "├", "│": "|"
                case "└": "`"
                case "─": "-"
                case "┬": "+"
                default: piece
                }
            })
    }
}

/// Who belongs under whom.
private struct NodeFamily {
    indirect enum Item {
        case node(NodeView, [Item])
        /// Steps that run side by side.
        case group([Item])
    }

    private static let deepest = 2000

    private let nodes: [NodeView]
    private let filter: NodeFilter
    private var children: [[Int]]
    private(set) var roots: [Int] = []

    init(_ workflow: WorkflowView, filter: NodeFilter) {
        let nodes = workflow.nodes
        self.nodes = nodes
        self.filter = filter
        self.children = Array(repeating: [], count: nodes.count)
        var positions: [String: Int] = Dictionary(minimumCapacity: nodes.count)
        for (index, node) in nodes.enumerated() { positions[node.id] = index }
        let edges = nodes.map { node in node.children.compactMap { positions[$0] } }

        let groups = Self.groups(nodes, edges)
        for (index, node) in nodes.enumerated() where !Self.isHidden(node) {
            if let group = groups[index] {
                self.children[group].append(index)
            } else if node.boundaryID.isEmpty {
                self.roots.append(index)
            } else if let boundary = positions[node.boundaryID], boundary != index {
                self.children[boundary].append(index)
            }
        }
        let order = SiblingOrder(nodes, edges)
        for index in self.children.indices where self.children[index].count > 1 { self.children[index].sort(by: order.isBefore) }
        self.roots.sort { left, right in
            let ranks = (Self.rootRank(nodes[left], workflow.name), Self.rootRank(nodes[right], workflow.name))
            return ranks.0 == ranks.1 ? order.isBefore(left, right) : ranks.0 < ranks.1
        }
    }

    /// Elements of a fan-out belong to the boundary of their group, containers are not drawn.
    private static func isHidden(_ node: NodeView) -> Bool { node.type == "TaskGroup" || node.type == "Container" }

    private static func rootRank(_ node: NodeView, _ workflow: String) -> Int {
        node.name == workflow ? 0 : node.name == workflow + ".onExit" ? 2 : 1
    }

    /// For each node that is drawn under a step group or a retry, that one's position. What merely comes after a group or a retry also hangs
    /// under it and is not meant.
    private static func groups(_ nodes: [NodeView], _ edges: [[Int]]) -> [Int?] {
        var groups = [Int?](repeating: nil, count: nodes.count)
        for (index, node) in nodes.enumerated() {
            switch node.type {
            case "StepGroup":
                for child in edges[index] where nodes[child].type != "StepGroup" { groups[child] = index }
            case "Retry":
                for child in edges[index] where nodes[child].name.hasPrefix(node.name + "(") || nodes[child].isHooked {
                    groups[child] = index
                }
            default: break
            }
        }
        return groups
    }

    /// The node as it is drawn: itself with what is under it, or, when it has no row of its own, what is under it.
    func items(for index: Int, depth: Int) -> [Item] {
        // Templates cannot nest that deep; a status that came from elsewhere could go round in circles.
        if depth > Self.deepest { return [] }
        let node = self.nodes[index]
        let below = self.children[index].flatMap { self.items(for: $0, depth: depth + 1) }
        if node.type == "StepGroup" {
            let members = below.flatMap { item in if case .group(let inner) = item { inner } else { [item] } }
            return members.isEmpty ? [] : [.group(members)]
        }
        let isSingleAttempt = node.type == "Retry" && self.children[index].count == 1
        if isSingleAttempt || node.phase == "Omitted" || !self.filter.matches(node) { return below }
        return [.node(node, below)]
    }
}

/// The order of siblings: start, dependencies, place in a fan-out, name.
private struct SiblingOrder {
    private struct Key {
        var start: Int64
        var level: Int
        var base: Substring
        var element: Int
        var name: String
    }

    private let keys: [Key]

    init(_ nodes: [NodeView], _ edges: [[Int]]) {
        let levels = Self.levels(edges)
        self.keys = nodes.indices.map { index in
            let node = nodes[index]
            let (base, element) = Self.element(node.displayName)
            return Key(
                start: node.startedAt?.milliseconds ?? .max, level: levels[index], base: base, element: element, name: node.displayName)
        }
    }

    func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (one, other) = (self.keys[left], self.keys[right])
        if one.start != other.start { return one.start < other.start }
        if one.level != other.level { return one.level < other.level }
        if one.base != other.base { return one.base < other.base }
        if one.element != other.element { return one.element < other.element }
        return one.name < other.name
    }

    /// How many nodes come before each node on the longest way to it.
    private static func levels(_ edges: [[Int]]) -> [Int] {
        var waiting = [Int](repeating: 0, count: edges.count)
        for targets in edges { for target in targets { waiting[target] += 1 } }
        var levels = [Int](repeating: 0, count: edges.count)
        var ready = waiting.indices.filter { waiting[$0] == 0 }
        while let index = ready.popLast() {
            for target in edges[index] {
                levels[target] = max(levels[target], levels[index] + 1)
                waiting[target] -= 1
                if waiting[target] == 0 { ready.append(target) }
            }
        }
        return levels
    }

    /// `name(12:x)` is element 12 of `name`, `[3]` element 3; everything else element -1 of itself.
    private static func element(_ name: String) -> (base: Substring, element: Int) {
        guard let open = name.firstIndex(where: { $0 == "(" || $0 == "[" }) else { return (name[...], -1) }
        let digits = name[name.index(after: open)...].prefix { $0.isASCII && $0.isNumber }
        return Int(digits).map { (name[..<open], $0) } ?? (name[...], -1)
    }
}
