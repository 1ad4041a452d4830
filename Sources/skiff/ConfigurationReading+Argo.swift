import Diagnostics
import Engine
import LocalOperations
import Manifests
import Operations
import WorkflowModel
import Yams

/// The settings of Argo's controller.
///
/// - Source: Argo's documentation of the workflow-controller-configmap.
extension ConfigurationReading {
    /// Those with a meaning here.
    static let argoKeys = [
        "workflowDefaults", "workflowRestrictions", "parallelism", "namespaceParallelism", "retentionPolicy", "artifactRepository", "links",
        "columns", "navColor",
    ]

    /// Those that say how a cluster is used, and why they say nothing here.
    private static let clusterKeys: [String: String] = [
        "namespace": "every namespace of the data directory is served", "instanceID": "a data directory has one server",
        "nodeEvents": "there are no Kubernetes events", "workflowEvents": "there are no Kubernetes events",
        "executor": "no executor container runs beside a step", "mainContainer": "use workflowDefaults with templateDefaults",
        "kubeConfig": "there is no cluster", "metricsConfig": "no metrics are served", "telemetryConfig": "no metrics are served",
        "resourceRateLimit": "starting a pod asks no API server", "persistence": "runs are kept in the data directory; see 'retention'",
        "synchronization": "locks are kept in the data directory", "podGCGracePeriodSeconds": "what a pod needs no more goes at its end",
        "podGCDeleteDelayDuration": "what a pod needs no more goes at its end", "podSpecLogStrategy": "there are no pod specs",
        "initialDelay": "runs start at once", "sso": "people prove who they are by tokens: skiff auth token create",
        "artifactDrivers": "artifacts are kept in the data directory", "failedPodRestart": "a pod that is lost is always started again",
        "disableAgentPodCreation": "there are no agent pods", "initlessPod": "there are no init containers of Argo's",
    ]

    /// - Returns: false for a key that Argo does not know.
    mutating func readArgo(_ key: Node, _ value: Node, _ settings: inout RunSettings) -> Bool {
        let name = key.string ?? ""
        switch name {
        case "parallelism": settings.limits.total = self.limit(value, name)
        case "namespaceParallelism": settings.limits.perNamespace = self.limit(value, name)
        case "workflowDefaults": settings.rules.defaults = self.workflowDefaults(value)
        case "workflowRestrictions": settings.rules.templateReferencing = self.restrictions(value)
        case "artifactRepository": settings.rules.archivesLogs = self.artifactRepository(value)
        case "links": settings.interface.links = self.objects(value, name)
        case "columns": settings.interface.columns = self.objects(value, name)
        case "navColor": settings.interface.navigationColor = value.scalar?.string ?? ""
        default:
            guard let reason = Self.clusterKeys[name] else { return false }
            self.add("ignored-field", name, key, "'\(name)' has no effect here: \(reason)", length: name.count, severity: .hint)
        }
        return true
    }

    /// nil for no limit.
    private mutating func limit(_ node: Node, _ path: String) -> Int? {
        guard let number = node.scalar.flatMap({ Int($0.string) }), number >= 0 else {
            self.add("bad-value", path, node, "'\(path)' is a number of runs, or 0 for any number")
            return nil
        }
        return number > 0 ? number : nil
    }

    mutating func retentionPolicy(_ node: Node) -> [RunPhase: Int] {
        let phases: [String: RunPhase] = ["completed": .succeeded, "failed": .failed, "errored": .error]
        var policy: [RunPhase: Int] = [:]
        for (key, value) in self.fields(node, "retentionPolicy") {
            let path = "retentionPolicy.\(key.string ?? "")"
            guard let phase = phases[key.string ?? ""] else {
                self.unknown(key, "retentionPolicy", among: phases.keys.sorted())
                continue
            }
            guard let number = value.scalar.flatMap({ Int($0.string) }), number >= 0 else {
                self.add("bad-value", path, value, "'\(path)' is a number of runs")
                continue
            }
            policy[phase] = number
        }
        return policy
    }

    private mutating func restrictions(_ node: Node) -> SubmissionRules.TemplateReferencing? {
        var found: SubmissionRules.TemplateReferencing?
        for (key, value) in self.fields(node, "workflowRestrictions") {
            guard key.string == "templateReferencing" else {
                self.unknown(key, "workflowRestrictions", among: ["templateReferencing"])
                continue
            }
            found = SubmissionRules.TemplateReferencing(rawValue: value.scalar?.string ?? "")
            if found == nil {
                self.add(
                    "bad-value", "workflowRestrictions.templateReferencing", value,
                    "'workflowRestrictions.templateReferencing' is Strict or Secure")
            }
        }
        return found
    }

    private mutating func artifactRepository(_ node: Node) -> Bool {
        let remote = ["s3", "artifactory", "azure", "gcs", "hdfs", "oss", "plugin"]
        var archivesLogs = false
        for (key, value) in self.fields(node, "artifactRepository") {
            let name = key.string ?? ""
            let path = "artifactRepository.\(name)"
            if name == "archiveLogs" {
                if let isTrue = Self.bool(value) {
                    archivesLogs = isTrue
                } else {
                    self.add("wrong-type", path, value, "'\(path)' is true or false")
                }
            } else if remote.contains(name) {
                self.add(
                    "ignored-field", path, key, "'\(path)' has no effect here: artifacts are kept in the data directory",
                    length: name.count, severity: .hint)
            } else {
                self.unknown(key, "artifactRepository", among: ["archiveLogs"] + remote)
            }
        }
        return archivesLogs
    }

    private static func bool(_ node: Node) -> Bool? {
        switch node.scalar?.string {
        case "true": true
        case "false": false
        default: nil
        }
    }

    private mutating func fields(_ node: Node, _ path: String) -> [(key: Node, value: Node)] {
        guard let fields = node.mapping else {
            self.add("wrong-type", path, node, "'\(path)' is not a map")
            return []
        }
        return fields.map { ($0.key, $0.value) }
    }

    private mutating func objects(_ node: Node, _ path: String) -> [JSONValue] {
        guard let items = self.json(node)?.array, items.allSatisfy({ $0.object != nil }) else {
            self.add("wrong-type", path, node, "'\(path)' is not a list of maps")
            return []
        }
        return items
    }

    /// As manifests are read.
    private func json(_ node: Node) -> JSONValue? {
        guard let text = try? Yams.serialize(node: node), case .success(let value) = ManifestReader.value(ofYAML: text) else { return nil }
        return value
    }

    // MARK: workflowDefaults

    /// Checked as a Workflow is, as far as the parts go that are there.
    private mutating func workflowDefaults(_ node: Node) -> JSONValue? {
        let path = "workflowDefaults"
        guard let given = self.json(node)?.object else {
            self.add("wrong-type", path, node, "'workflowDefaults' is not a map of 'metadata' and 'spec'")
            return nil
        }
        for (key, _) in self.fields(node, path) where !["metadata", "spec", "apiVersion", "kind"].contains(key.string) {
            self.unknown(key, path, among: ["metadata", "spec"])
        }
        var workflow = given
        workflow["apiVersion"] = "argoproj.io/v1alpha1"
        workflow["kind"] = "Workflow"
        let read = ManifestReader().read(file: self.file, bytes: Array(JSONValue.object(workflow).json.utf8))
        for fault in read.diagnostics where fault.severity == .error {
            let place = "\(path).\(fault.path.text)"
            self.add(fault.code.text, place, self.node(at: fault.path.text, in: node), "\(place): \(fault.message)", hint: fault.hint)
        }
        var defaults = JSONObject()
        for part in ["metadata", "spec"] { defaults[part] = given[part] }
        return .object(defaults)
    }

    /// The deepest value on the way that can be found.
    private func node(at path: String, in root: Node) -> Node {
        var node = root
        for part in path.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }) {
            guard let next = Self.child(String(part), of: node) else { break }
            node = next
        }
        return node
    }

    private static func child(_ name: String, of node: Node) -> Node? {
        if let fields = node.mapping { return fields.first { $0.key.string == name }?.value }
        guard let items = node.sequence, let at = Int(name), items.indices.contains(at) else { return nil }
        return items[at]
    }
}
