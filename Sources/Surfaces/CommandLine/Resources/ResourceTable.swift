import WorkflowModel

/// Stored objects of one kind as a table.
struct ResourceTable {
    /// Which columns there are.
    enum Layout {
        /// As Argo's `template list`: names alone.
        case names
        case normal
        case wide
    }

    let kind: ResourceKind
    let layout: Layout
    let showsNamespace: Bool
    let now: Timestamp
    private var table = TextTable(gap: 3)

    init(_ kind: ResourceKind, _ layout: Layout, showsNamespace: Bool, now: Timestamp) {
        self.kind = kind
        self.layout = layout
        self.showsNamespace = showsNamespace && kind.isNamespaced
        self.now = now
    }

    var text: String { self.table.text }

    /// - Parameter first: a column before all others.
    mutating func addHeadings(first: [String] = []) {
        var cells = first + (self.showsNamespace ? ["NAMESPACE"] : []) + ["NAME"]
        if self.layout != .names { cells += self.columns.map(\.heading) }
        if self.layout == .wide { cells.append("LABELS") }
        self.table.add(cells)
    }

    mutating func add(_ view: ResourceView, first: [String] = []) {
        var cells = first + (self.showsNamespace ? [view.namespace] : []) + [view.name]
        if self.layout != .names { cells += self.columns.map { $0.text(view) } }
        if self.layout == .wide { cells.append(view.labels) }
        self.table.add(cells)
    }

    private typealias Column = (heading: String, text: (ResourceView) -> String)

    private var columns: [Column] {
        let now = self.now
        let age: Column = ("AGE", { $0.age(now) })
        let data: Column = ("DATA", { String($0.keyCount) })
        switch self.kind {
        case .workflowTemplate, .clusterWorkflowTemplate, .workflowEventBinding, .namespace: return [age]
        case .configMap: return [data, age]
        case .secret: return [("TYPE", { $0.object["type"]?.string ?? "Opaque" }), data, age]
        case .persistentVolumeClaim:
            return [
                ("CAPACITY", { $0.object["spec"]?["resources"]?["requests"]?["storage"]?.scalarText ?? "" }),
                ("ACCESS MODES", { ($0.object["spec"]?["accessModes"]?.array ?? []).compactMap(\.string).joined(separator: ",") }), age,
            ]
        case .cronWorkflow:
            return [
                age, ("LAST RUN", { $0.lastRun.map { HumanTime.short(now - $0) } ?? "N/A" }), ("NEXT RUN", { _ in "N/A" }),
                ("SCHEDULES", { $0.schedules.joined(separator: ",") }), ("TIMEZONE", { $0.object["spec"]?["timezone"]?.string ?? "" }),
                ("SUSPENDED", { $0.isSuspended ? "true" : "false" }),
            ]
        }
    }
}
