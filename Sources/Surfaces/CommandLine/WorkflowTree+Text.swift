public import WorkflowModel

extension WorkflowTree {
    /// Which columns are shown.
    public enum Layout: Sendable { case normal, wide, short }

    /// The tree as a table with a heading; empty when nothing is to be shown.
    public func text(_ layout: Layout = .normal, style: OutputStyle, now: Timestamp) -> String {
        if self.trees.isEmpty { return "" }
        var table = TextTable(gap: 2)
        table.add(Self.headings(layout))
        for (index, rows) in self.trees.enumerated() {
            if index > 0 { table.add([""]) }
            for row in rows {
                let texts = self.columns(of: row.node, layout, now: now)
                table.add([Self.step(row, style)] + texts.map { TextTable.Cell($0) })
            }
        }
        return table.text
    }

    private static func headings(_ layout: Layout) -> [String] {
        switch layout {
        case .normal: ["STEP", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE"]
        case .wide: ["STEP", "TEMPLATE", "PODNAME", "DURATION", "ARTIFACTS", "MESSAGE", "RESOURCESDURATION", "NODENAME"]
        case .short: ["STEP", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE", "NODENAME"]
        }
    }

    private static func step(_ row: Row, _ style: OutputStyle) -> TextTable.Cell {
        let prefix = style.usesUTF8 ? row.prefix : WorkflowTree.ascii(row.prefix)
        let name = TextTable.Cell(row.node.displayName)
        let plain = OutputStyle(usesColor: false, usesUTF8: style.usesUTF8).icon(
            phase: row.node.phase, isSuspended: row.node.isActiveSuspend)
        let icon = style.icon(phase: row.node.phase, isSuspended: row.node.isActiveSuspend)
        return TextTable.Cell(styled: "\(prefix)\(icon) \(name.text)", width: prefix.count + TextTable.Cell(plain).width + 1 + name.width)
    }

    private func columns(of node: NodeView, _ layout: Layout, now: Timestamp) -> [String] {
        let isPod = node.type == "Pod"
        let pod = isPod ? node.podName(workflow: self.workflow) : ""
        let duration = isPod ? node.duration(now: now).map { HumanTime.short($0) } ?? "" : ""
        let host = isPod ? node.object["hostNodeName"]?.string ?? "" : ""
        switch layout {
        case .normal: return [node.templateText, pod, duration, node.message]
        case .short: return [node.templateText, pod, duration, node.message, host]
        case .wide:
            let artifacts = (node.object["outputs"]?["artifacts"]?.array ?? []).compactMap { $0["name"]?.string }.joined(separator: ",")
            let resources = ResourceText.durations(node.object["resourcesDuration"])
            return [node.templateText, pod, duration, artifacts, node.message, resources, host]
        }
    }
}

/// Resource use as Argo tells it.
enum ResourceText {
    /// `3s*(1 cpu),2s*(100Mi memory)`; empty for none.
    static func durations(_ value: JSONValue?) -> String {
        guard let object = value?.object else { return "" }
        let first = ["cpu", "memory"]
        let names = first.filter { object[$0] != nil } + object.keys.filter { !first.contains($0) }.sorted()
        return names.map { name in "\(HumanTime.compact(seconds: object[name]?.integer ?? 0))*(\(Self.denominator(name)) \(name))" }
            .joined(separator: ",")
    }

    private static func denominator(_ resource: String) -> String {
        switch resource {
        case "memory": "100Mi"
        case "storage", "ephemeral-storage": "10Gi"
        default: "1"
        }
    }
}
