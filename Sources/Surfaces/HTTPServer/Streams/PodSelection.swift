import Operations
import WorkflowModel

/// Pods of a run, chosen by labels. Pods carry their run's name, what `podMetadata` gives all of them, and what their template gives.
actor PodSelection {
    private let selector: LabelSelector
    private let run: String
    private let namespace: String
    private let operations: any Operations
    /// Whether a pod was chosen, for those that are known.
    private var known: [String: Bool] = [:]

    init(selector: LabelSelector, run: String, namespace: String, operations: any Operations) {
        self.selector = selector
        self.run = run
        self.namespace = namespace
        self.operations = operations
    }

    nonisolated func filtered(_ lines: AsyncThrowingStream<PodLogLine, any Error>) -> AsyncThrowingStream<PodLogLine, any Error> {
        let lines = Pulled(lines)
        return AsyncThrowingStream {
            while let line = try await lines.next() { if try await self.chooses(line.podName) { return line } }
            return nil
        }
    }

    private func chooses(_ pod: String) async throws -> Bool {
        if let known = self.known[pod] { return known }
        // A pod that has just come: whatever else has come is learned with it.
        let workflow = try await self.operations.get(self.run, namespace: self.namespace)
        for (name, labels) in Self.labels(in: workflow) { self.known[name] = self.selector.matches(labels) }
        return self.known[pod, default: false]
    }

    /// Labels by the name of the pod.
    private static func labels(in workflow: JSONValue) -> [(pod: String, labels: [String: String])] {
        let name = workflow["metadata"]?["name"]?.string ?? ""
        let shared = Self.texts(workflow["spec"]?["podMetadata"]?["labels"])
        var templates: [String: [String: String]] = [:]
        for template in workflow["spec"]?["templates"]?.array ?? [] {
            templates[template["name"]?.string ?? ""] = Self.texts(template["metadata"]?["labels"])
        }
        return (workflow["status"]?["nodes"]?.object ?? JSONObject()).compactMap { _, node in
            guard node["type"]?.string == "Pod" else { return nil }
            let template = node["templateName"]?.string ?? node["templateRef"]?["template"]?.string ?? ""
            var labels = shared.merging(templates[template] ?? [:]) { $1 }
            labels["workflows.argoproj.io/workflow"] = name
            labels["workflows.argoproj.io/completed"] = node["finishedAt"]?.string == nil ? "false" : "true"
            return (Self.podName(node, workflow: name, template: template), labels)
        }
    }

    private static func texts(_ labels: JSONValue?) -> [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in labels?.object ?? JSONObject() { texts[key] = value.string }
        return texts
    }

    /// As Argo names pods: the run's name if the node has it, else with the template and the hash that ends the node's ID.
    private static func podName(_ node: JSONValue, workflow: String, template: String) -> String {
        let id = node["id"]?.string ?? ""
        if node["name"]?.string == workflow { return workflow }
        let template = node["name"]?.string?.contains(".inline") == true ? "" : template
        let hash = id.split(separator: "-").last.map(String.init) ?? ""
        return [workflow, template, hash].filter { !$0.isEmpty }.joined(separator: "-")
    }
}
