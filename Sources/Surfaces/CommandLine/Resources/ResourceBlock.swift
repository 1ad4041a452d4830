import WorkflowModel

/// A stored object as lines of names and values, as Argo's `get` of templates and schedules prints it.
struct ResourceBlock {
    let view: ResourceView
    let console: Console

    init(_ object: JSONValue, _ console: Console) {
        self.view = ResourceView(object)
        self.console = console
    }

    /// Lines without a value are left out.
    var text: String {
        let width = self.view.kind == .cronWorkflow ? 30 : 20
        return self.lines.filter { !$0.value.isEmpty }.map { name, value in
            "\(name):".padded(to: width) + " " + TerminalText.safe(value) + "\n"
        }.joined() + self.parameters
    }

    private var lines: [(name: String, value: String)] {
        let created = self.view.createdAt.map {
            HumanTime.stamp($0, now: self.console.now(), secondsFromUTC: self.console.secondsFromUTC($0))
        }
        let common = [("Name", self.view.name), ("Namespace", self.view.namespace), ("Created", created ?? "")]
        guard self.view.kind == .cronWorkflow else { return common }
        let spec = self.view.object["spec"]
        let last = self.view.lastRun.map {
            HumanTime.stamp($0, now: self.console.now(), secondsFromUTC: self.console.secondsFromUTC($0))
        }
        let active = (self.view.object["status"]?["active"]?.array ?? []).compactMap { $0["name"]?.string }
        return common + [
            ("Schedules", self.view.schedules.joined(separator: ",")), ("Suspended", self.view.isSuspended ? "true" : "false"),
            ("Timezone", spec?["timezone"]?.string ?? ""),
            ("StartingDeadlineSeconds", spec?["startingDeadlineSeconds"]?.scalarText ?? ""),
            ("ConcurrencyPolicy", spec?["concurrencyPolicy"]?.string ?? ""), ("LastScheduledTime", last ?? ""),
            ("Active Workflows", active.joined(separator: ", ")),
        ]
    }

    private var parameters: String {
        guard self.view.kind == .cronWorkflow else { return "" }
        let parameters = self.view.object["spec"]?["workflowSpec"]?["arguments"]?["parameters"]?.array ?? []
        if parameters.isEmpty { return "" }
        return "Workflow Parameters:\n"
            + parameters.map { parameter in
                let value = TerminalText.safe(parameter["value"]?.scalarText ?? "")
                return "  \(parameter["name"]?.string ?? ""):".padded(to: 30) + " \(value)\n"
            }.joined()
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - self.count)) }
}
