import Engine
import Planning

/// Argo's id of every node of a run.
struct NodeIdentifiers {
    /// By ordinal.
    let ids: [String]

    /// Names that hash alike would give one id to two nodes, and one of them would vanish from the map. The node that was made first keeps
    /// Argo's id; those after it get `-2`, `-3`, … behind it. Hidden nodes count, so that an id never changes.
    init(workflow: String, nodes: [Node]) {
        var ids: [String] = []
        ids.reserveCapacity(nodes.count)
        var uses: [UInt32: Int] = [:]
        uses.reserveCapacity(nodes.count)
        for node in nodes {
            if node.name == workflow {
                ids.append(workflow)
                continue
            }
            let hash = ArgoNames.fnv1a32(node.name)
            if node.isRetired {
                // The node that was made in its place has its name and its id.
                ids.append("\(workflow)-\(hash)")
                continue
            }
            let use = uses[hash, default: 0] + 1
            uses[hash] = use
            ids.append(use == 1 ? "\(workflow)-\(hash)" : "\(workflow)-\(hash)-\(use)")
        }
        self.ids = ids
    }

    subscript(id: NodeID) -> String { self.ids[id.index] }
}
