import Operations
import WorkflowModel

/// The table of `skiff list`.
struct RunTable {
    private static let longestValue = 50

    let showsNamespace: Bool
    let isWide: Bool
    /// As Argo's list of archived runs has it: a name may have been used for several runs.
    let showsUID: Bool
    let now: Timestamp
    private var table = TextTable(gap: 3)

    init(showsNamespace: Bool, isWide: Bool, showsUID: Bool = false, now: Timestamp) {
        self.showsNamespace = showsNamespace
        self.isWide = isWide
        self.showsUID = showsUID
        self.now = now
    }

    var text: String { self.table.text }

    mutating func addHeadings() {
        let namespace = self.showsNamespace ? ["NAMESPACE"] : []
        let wide = self.isWide ? ["P/R/C", "PARAMETERS"] : []
        self.table.add(namespace + ["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"] + wide + (self.showsUID ? ["UID"] : []))
    }

    /// - Parameter workflow: the object, for wide tables.
    mutating func add(_ run: RunSummary, workflow: JSONValue?) {
        let age = HumanTime.short(self.now - run.createdAt)
        let duration = HumanTime.short(run.startedAt.map { (run.finishedAt ?? self.now) - $0 } ?? .seconds(0))
        let status = workflow.map { WorkflowView($0).statusText } ?? (run.phase.isEmpty ? "Pending" : run.phase)
        var cells = self.showsNamespace ? [run.namespace] : []
        cells += [run.name, status, age, duration, String(run.priority), run.message]
        if self.isWide { cells += [Self.podCounts(workflow), Self.parameters(run.parameters)] }
        if self.showsUID { cells.append(run.uid) }
        self.table.add(cells)
    }

    /// Pods pending, running and completed.
    private static func podCounts(_ workflow: JSONValue?) -> String {
        var (pending, running, completed) = (0, 0, 0)
        for node in workflow?["status"]?["nodes"]?.object?.values ?? [] where node["type"]?.string == "Pod" {
            switch node["phase"]?.string {
            case "Pending": pending += 1
            case "Running": running += 1
            default: completed += 1
            }
        }
        return "\(pending)/\(running)/\(completed)"
    }

    private static func parameters(_ parameters: [String: String]) -> String {
        parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\(TerminalText.shortenedInMiddle($0.value, to: Self.longestValue))" }
            .joined(separator: ",")
    }
}
