import Planning
import WorkflowModel

extension PodBuilder {
    func environment(_ container: JSONValue) throws(NodeFault) -> [EnvironmentEntry] {
        var entries: [EnvironmentEntry] = []
        for source in container["envFrom"]?.array ?? [] { entries += try self.envFrom(source) }
        for variable in container["env"]?.array ?? [] {
            if let entry = try self.variable(variable, container) { entries.append(entry) }
        }
        return entries
    }

    private func envFrom(_ source: JSONValue) throws(NodeFault) -> [EnvironmentEntry] {
        let prefix = source["prefix"]?.string ?? ""
        if let reference = source["configMapRef"], let name = reference["name"]?.string {
            guard let map = self.resources.configMaps[name] else {
                if reference["optional"]?.bool ?? false { return [] }
                throw NodeFault(
                    "envFrom: configmap \"\(name)\" not found: give the ConfigMap in the same call, or store it with 'skiff apply'")
            }
            return map.data.sorted { $0.key < $1.key }.map { .value(name: prefix + $0.key, $0.value) }
        }
        if let reference = source["secretRef"], let name = reference["name"]?.string {
            let isOptional = reference["optional"]?.bool ?? false
            guard self.resources.secrets[name] != nil || isOptional else {
                throw NodeFault("envFrom: secret \"\(name)\" not found: give the Secret in the same call, or store it with 'skiff apply'")
            }
            return [.allOfSecret(secret: name, prefix: prefix, isOptional: isOptional)]
        }
        return []
    }

    private func variable(_ variable: JSONValue, _ container: JSONValue) throws(NodeFault) -> EnvironmentEntry? {
        let name = variable["name"]?.string ?? ""
        guard let from = variable["valueFrom"], from.object != nil else { return .value(name: name, variable["value"]?.scalarText ?? "") }
        if let selector = from["secretKeyRef"].flatMap(KeySelector.init) {
            guard self.resources.secrets[selector.name]?.contains(selector.key) ?? false else {
                if selector.isOptional { return nil }
                throw NodeFault(
                    self.resources.secrets[selector.name] == nil
                        ? "env \(name): secret \"\(selector.name)\" not found: give the Secret in the same call, or store it with 'skiff apply'"
                        : "env \(name): secret \"\(selector.name)\" has no key '\(selector.key)'")
            }
            return .secretKey(name: name, secret: selector.name, key: selector.key, isOptional: selector.isOptional)
        }
        if let selector = from["configMapKeyRef"].flatMap(KeySelector.init) {
            if let value = self.resources.configMaps[selector.name]?.data[selector.key] { return .value(name: name, value) }
            if selector.isOptional { return nil }
            throw NodeFault(
                "env \(name): configmap \"\(selector.name)\" with key '\(selector.key)' not found: give the ConfigMap in the same call, or store it with 'skiff apply'"
            )
        }
        if let path = from["fieldRef"]?["fieldPath"]?.string {
            guard let value = self.field(path) else { throw NodeFault("env \(name): fieldRef '\(path)' is not known here") }
            return .value(name: name, value)
        }
        if let reference = from["resourceFieldRef"], reference.object != nil {
            return .value(name: name, try self.resource(reference, of: container))
        }
        throw NodeFault("env \(name): valueFrom has none of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef")
    }

    func field(_ path: String) -> String? {
        switch path {
        case "metadata.name": self.podName
        case "metadata.namespace": self.machine.plan.namespace
        case "metadata.uid": self.machine.plan.uid
        case "spec.nodeName": "localhost"
        case "spec.serviceAccountName": self.machine.plan.serviceAccountName
        case "status.podIP", "status.hostIP": "127.0.0.1"
        default: self.labelled(path)
        }
    }

    /// `metadata.labels['key']`, `metadata.annotations['key']`.
    private func labelled(_ path: String) -> String? {
        for (prefix, part) in [("metadata.labels['", "labels"), ("metadata.annotations['", "annotations")]
        where path.hasPrefix(prefix) && path.hasSuffix("']") {
            return self.metadata[part]?[String(path.dropFirst(prefix.count).dropLast(2))]?.string ?? ""
        }
        switch path {
        case "metadata.labels", "metadata.annotations":
            return (self.metadata[String(path.dropFirst(9))]?.object ?? JSONObject())
                .map { "\($0.0)=\(JSONValue.string($0.1.string ?? "").json)" }.sorted().joined(separator: "\n")
        default: return nil
        }
    }

    /// A limit or request of a container, in units of the divisor, rounded up.
    func resource(_ reference: JSONValue, of container: JSONValue?) throws(NodeFault) -> String {
        let wanted = reference["containerName"]?.string
        let all = self.spec.containers + self.spec.initContainers
        let source = wanted.flatMap { name in all.first { $0["name"]?.string == name } } ?? container
        let path = reference["resource"]?.string ?? ""
        let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let resources = source?["resources"] else { throw NodeFault("resourceFieldRef '\(path)' is not set here") }
        let text = resources[parts[0]]?[parts[1]]?.scalarText ?? (parts[0] == "requests" ? resources["limits"]?[parts[1]]?.scalarText : nil)
        guard let amount = text.flatMap({ Quantity($0) }) else {
            throw NodeFault("resourceFieldRef '\(path)' is not set for container '\(source?["name"]?.string ?? "")'")
        }
        let divisor = reference["divisor"]?.scalarText.flatMap { Quantity($0) } ?? Quantity("1")!
        return String(amount.divided(by: divisor))
    }
}
