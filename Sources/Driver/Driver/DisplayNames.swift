public import Engine

extension RunMachine {
    /// What people see of a node: the last part of its name.
    public func displayName(of node: Node) -> String {
        if let name = node.displayName { return name }
        guard let boundary = node.boundary, node.name.hasPrefix(self.nodes[boundary.index].name) else { return node.name }
        let rest = node.name.dropFirst(self.nodes[boundary.index].name.count)
        // `[0].step` is a step of a group; `.task` a task.
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            let after = rest[rest.index(after: close)...]
            return after.isEmpty ? String(rest) : String(after.dropFirst())
        }
        return rest.hasPrefix(".") ? String(rest.dropFirst()) : node.name
    }
}
