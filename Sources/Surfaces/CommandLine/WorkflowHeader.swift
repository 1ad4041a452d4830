public import WorkflowModel

/// The lines about a run as a whole, above its tree.
public struct WorkflowHeader: Sendable {
    private let workflow: WorkflowView

    public init(_ workflow: JSONValue) { self.workflow = WorkflowView(workflow) }

    /// One `Name:` and value a line; lines without a value are left out.
    /// - Parameter secondsFromUTC: how far local time is ahead of UTC at an instant.
    public func text(style: OutputStyle = OutputStyle(), now: Timestamp, secondsFromUTC: (Timestamp) -> Int) -> String {
        var lines = Lines()
        let status = self.workflow.status
        let account = self.workflow.spec?["serviceAccountName"]?.string ?? ""
        lines.add("Name:", self.workflow.name)
        lines.add("Namespace:", self.workflow.namespace)
        lines.add("ServiceAccount:", account.isEmpty ? "unset (will run with the default ServiceAccount)" : account)
        lines.add("Status:", self.workflow.statusText)
        lines.add("Message:", self.workflow.message)
        self.addConditions(to: &lines, usesIcons: style.usesUTF8)
        for (title, time) in [
            ("Created:", self.workflow.createdAt), ("Started:", self.workflow.startedAt), ("Finished:", self.workflow.finishedAt),
        ] {
            if let time { lines.add(title, HumanTime.stamp(time, now: now, secondsFromUTC: secondsFromUTC(time))) }
        }
        if let duration = self.workflow.duration(now: now) { lines.add("Duration:", HumanTime.long(duration)) }
        if self.workflow.phase == "Running", let estimate = status?["estimatedDuration"]?.integer, estimate > 0 {
            lines.add("EstimatedDuration:", HumanTime.long(.seconds(estimate)))
        }
        lines.add("Progress:", self.workflow.progress)
        lines.add("ResourcesDuration:", ResourceText.durations(status?["resourcesDuration"]))
        lines.addParameters("Parameters:", self.workflow.spec?["arguments"]?["parameters"])
        lines.addParameters("Output Parameters:", status?["outputs"]?["parameters"])
        let artifacts = (status?["outputs"]?["artifacts"]?.array ?? []).map { ($0["name"]?.string ?? "", ArtifactText.location($0)) }
        lines.addSection("Output Artifacts:", artifacts)
        return lines.text
    }

    private func addConditions(to lines: inout Lines, usesIcons: Bool) {
        let conditions = self.workflow.status?["conditions"]?.array ?? []
        if conditions.isEmpty { return lines.add("Conditions:", "None") }
        lines.addTitle("Conditions:")
        for condition in conditions {
            let type = condition["type"]?.string ?? ""
            let icon = !usesIcons ? "" : type == "MetricsError" ? "✖" : type == "SpecWarning" ? "⚠" : ""
            let message = condition["message"]?.string ?? ""
            lines.add("\(icon) \(type)", message.isEmpty ? condition["status"]?.string ?? "" : message)
        }
    }

    private struct Lines {
        private(set) var text = ""

        mutating func add(_ title: String, _ value: String) {
            if value.isEmpty { return }
            let padding = String(repeating: " ", count: max(0, 20 - title.count))
            // A value of several lines stays as it is written, below its title.
            let shown = value.split(separator: "\n", omittingEmptySubsequences: false).map { TerminalText.safe(String($0)) }
            self.text += "\(title)\(padding) \(shown.joined(separator: "\n"))\n"
        }

        mutating func addTitle(_ title: String) { self.text += title + "\n" }

        mutating func addSection(_ title: String, _ items: [(name: String, value: String)]) {
            if items.isEmpty { return }
            self.addTitle(title)
            for item in items { self.add("  \(TerminalText.safe(item.name)):", item.value) }
        }

        mutating func addParameters(_ title: String, _ list: JSONValue?) {
            let parameters = list?.array ?? []
            self.addSection(
                title, parameters.compactMap { parameter in parameter["value"]?.scalarText.map { (parameter["name"]?.string ?? "", $0) } })
        }
    }
}

/// Where an artifact is, in one line.
enum ArtifactText {
    static func location(_ artifact: JSONValue) -> String {
        for (service, scheme) in [("s3", "s3"), ("gcs", "gs"), ("oss", "oss")] {
            guard let place = artifact[service] else { continue }
            let bucket = place["bucket"]?.string.map { $0 + "/" } ?? ""
            return "\(scheme)://\(bucket)\(place["key"]?.string ?? "")"
        }
        if artifact["raw"] != nil { return "(raw)" }
        let places = [
            artifact["http"]?["url"], artifact["git"]?["repo"], artifact["hdfs"]?["path"], artifact["artifactory"]?["url"],
            artifact["azure"]?["blob"], artifact["key"], artifact["path"],
        ]
        return places.compactMap { $0?.string }.first ?? ""
    }
}
