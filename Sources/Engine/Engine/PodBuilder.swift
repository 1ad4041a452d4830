import Expressions
import Planning
import WorkflowModel

/// From a template to what a runtime is asked for.
extension RunMachine {
    func podRequest(_ id: NodeID) -> Result<PodRequest, NodeFault> {
        do throws(NodeFault) {
            return .success(try self.buildPod(id))
        } catch {
            return .failure(error)
        }
    }

    private func buildPod(_ id: NodeID) throws(NodeFault) -> PodRequest {
        let node = self.nodes[id.index]
        guard let index = node.template, case .pod(let pod) = self.plan.templates[index].body else {
            throw NodeFault("the node runs no pod")
        }
        let template = self.plan.templates[index]
        let scope = self.scope(of: id)
        let container = try self.rendered(pod.container, scope)
        let builder = PodBuilder(machine: self, node: node, podName: self.podName(of: id))
        var main = ContainerRequest(image: container["image"]?.string ?? "")
        main.command = (container["command"]?.array ?? []).compactMap(\.scalarText)
        main.args = (container["args"]?.array ?? []).compactMap(\.scalarText)
        if let source = pod.source { main.scriptSource = try scope.text(source) }
        main.workingDir = container["workingDir"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        main.isTTY = container["tty"]?.bool ?? false
        main.env = try builder.environment(container)
        let security = try pod.securityContext.map { (value) throws(NodeFault) in try self.rendered(value, scope) }
        main.runAsUser = (container["securityContext"]?["runAsUser"] ?? security?["runAsUser"])?.integer.flatMap { Int(exactly: $0) }
        main.runAsGroup = (container["securityContext"]?["runAsGroup"] ?? security?["runAsGroup"])?.integer.flatMap { Int(exactly: $0) }
        main.mounts = (container["volumeMounts"]?.array ?? []).map { mount in
            VolumeMountRequest(
                volume: mount["name"]?.string ?? "", mountPath: mount["mountPath"]?.string ?? "",
                subPath: mount["subPath"]?.string.flatMap { $0.isEmpty ? nil : $0 }, isReadOnly: mount["readOnly"]?.bool ?? false)
        }
        var volumes: [JSONValue] = []
        for volume in pod.volumes + self.plan.volumes { volumes.append(try self.rendered(volume, scope)) }
        var requested: [VolumeRequest] = []
        for mount in main.mounts where !requested.contains(where: { $0.name == mount.volume }) {
            requested.append(try builder.volume(mount.volume, among: volumes))
        }
        var request = PodRequest(
            id: PodID(run: self.id, node: id, attempt: node.podAttempt), podName: builder.podName, main: main, volumes: requested,
            inputs: try self.inputs(node, template, scope), outputs: try self.outputs(node, template, scope))
        request.resources = PodBuilder.resources(container["resources"])
        return request
    }

    func rendered(_ value: CompiledValue, _ scope: Scope) throws(NodeFault) -> JSONValue {
        do { return try value.render(scope, mode: scope.mode, clock: scope.clock) } catch { throw NodeFault(error) }
    }

    func inputs(_ node: Node, _ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> [ArtifactInput] {
        var inputs: [ArtifactInput] = []
        for declared in template.inputArtifacts {
            guard let given = node.inputs.artifacts.first(where: { $0.name == declared.name }) else { continue }
            guard let path = declared.path else { continue }
            let archive: ArtifactArchive? =
                switch declared.archive {
                case nil: nil
                case .some(.none): ArtifactArchive.none
                case .tar: .tar
                case .zip: .zip
                }
            inputs.append(
                ArtifactInput(
                    name: declared.name, path: try scope.text(path), source: given.source, archive: archive, mode: declared.mode,
                    isModeRecursive: declared.isModeRecursive, isOptional: declared.isOptional))
        }
        return inputs
    }

    private func outputs(_ node: Node, _ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> OutputRequest {
        var outputs = OutputRequest()
        for parameter in template.outputs {
            guard let from = parameter.valueFrom, case .path(let path) = from.source else { continue }
            outputs.parameters.append(
                OutputRequest.Parameter(
                    name: parameter.name, path: try scope.text(path),
                    isRequired: from.default == nil && parameter.default == nil && parameter.value == nil))
        }
        for artifact in template.outputArtifacts {
            guard let path = artifact.path else { continue }
            let archive: ArtifactArchive =
                switch artifact.archive {
                case .some(.none): .none
                case .zip: .zip
                case .tar, nil: .tar
                }
            outputs.artifacts.append(
                OutputRequest.Artifact(name: artifact.name, path: try scope.text(path), archive: archive, isOptional: artifact.isOptional))
        }
        outputs.capturesResult = self.capturesResult(node)
        return outputs
    }

    private func capturesResult(_ node: Node) -> Bool {
        switch node.role {
        case .site(let site), .item(let site, _): return node.boundary.flatMap { self.step(of: $0, site)?.capturesResult } ?? false
        case .attempt: return node.owner.map { self.capturesResult(self.nodes[$0.index]) } ?? false
        case .entry, .group, .exitHandler, .hook, .container: return false
        }
    }
}

struct PodBuilder {
    let machine: RunMachine
    let node: Node
    let podName: String

    private var resources: PlanResources { self.machine.plan.resources }

    // MARK: Environment

    func environment(_ container: JSONValue) throws(NodeFault) -> [EnvironmentEntry] {
        var entries: [EnvironmentEntry] = []
        for source in container["envFrom"]?.array ?? [] { entries += try self.envFrom(source) }
        for variable in container["env"]?.array ?? [] {
            if let entry = try self.variable(variable) { entries.append(entry) }
        }
        return entries
    }

    private func envFrom(_ source: JSONValue) throws(NodeFault) -> [EnvironmentEntry] {
        let prefix = source["prefix"]?.string ?? ""
        if let reference = source["configMapRef"], let name = reference["name"]?.string {
            guard let map = self.resources.configMaps[name] else {
                if reference["optional"]?.bool ?? false { return [] }
                throw NodeFault("envFrom: configmap \"\(name)\" not found: give the ConfigMap in the same call")
            }
            return map.data.sorted { $0.key < $1.key }.map { .value(name: prefix + $0.key, $0.value) }
        }
        if let reference = source["secretRef"], let name = reference["name"]?.string {
            let isOptional = reference["optional"]?.bool ?? false
            guard self.resources.secrets[name] != nil || isOptional else {
                throw NodeFault("envFrom: secret \"\(name)\" not found: give the Secret in the same call")
            }
            return [.allOfSecret(secret: name, prefix: prefix, isOptional: isOptional)]
        }
        return []
    }

    private func variable(_ variable: JSONValue) throws(NodeFault) -> EnvironmentEntry? {
        let name = variable["name"]?.string ?? ""
        guard let from = variable["valueFrom"], from.object != nil else { return .value(name: name, variable["value"]?.scalarText ?? "") }
        if let selector = from["secretKeyRef"].flatMap(KeySelector.init) {
            guard self.resources.secrets[selector.name]?.contains(selector.key) ?? false else {
                if selector.isOptional { return nil }
                throw NodeFault(
                    self.resources.secrets[selector.name] == nil
                        ? "env \(name): secret \"\(selector.name)\" not found: give the Secret in the same call"
                        : "env \(name): secret \"\(selector.name)\" has no key '\(selector.key)'")
            }
            return .secretKey(name: name, secret: selector.name, key: selector.key, isOptional: selector.isOptional)
        }
        if let selector = from["configMapKeyRef"].flatMap(KeySelector.init) {
            if let value = self.resources.configMaps[selector.name]?.data[selector.key] { return .value(name: name, value) }
            if selector.isOptional { return nil }
            throw NodeFault(
                "env \(name): configmap \"\(selector.name)\" with key '\(selector.key)' not found: give the ConfigMap in the same call")
        }
        if let path = from["fieldRef"]?["fieldPath"]?.string {
            guard let value = self.field(path) else { throw NodeFault("env \(name): fieldRef '\(path)' is not known here") }
            return .value(name: name, value)
        }
        throw NodeFault("env \(name): this kind of valueFrom is not supported yet")
    }

    private func field(_ path: String) -> String? {
        switch path {
        case "metadata.name": self.podName
        case "metadata.namespace": self.machine.plan.namespace
        case "metadata.uid": self.machine.plan.uid
        case "spec.nodeName": "localhost"
        case "spec.serviceAccountName": self.machine.plan.serviceAccountName
        case "status.podIP", "status.hostIP": "127.0.0.1"
        default: nil
        }
    }

    // MARK: Volumes

    func volume(_ name: String, among volumes: [JSONValue]) throws(NodeFault) -> VolumeRequest {
        guard let volume = volumes.first(where: { $0["name"]?.string == name }) else {
            if self.machine.plan.claimNames.contains(name) { return VolumeRequest(name: name, source: .claim(name)) }
            throw NodeFault("volume '\(name)' is mounted but not declared under volumes or volumeClaimTemplates")
        }
        if let path = volume["hostPath"]?["path"]?.string {
            return VolumeRequest(name: name, source: .hostPath(path: path, type: volume["hostPath"]?["type"]?.string ?? ""))
        }
        if let map = volume["configMap"], map.object != nil { return VolumeRequest(name: name, source: .files(try self.files(of: map))) }
        if let secret = volume["secret"], secret.object != nil { return VolumeRequest(name: name, source: try self.secretVolume(secret)) }
        if let claim = volume["persistentVolumeClaim"]?["claimName"]?.string {
            if self.machine.plan.claimNames.contains(claim) { return VolumeRequest(name: name, source: .claim(claim)) }
            throw NodeFault("volume '\(name)': persistentVolumeClaim is not supported yet; use volumeClaimTemplates, hostPath or emptyDir")
        }
        if let empty = volume["emptyDir"], !empty.isNull {
            return VolumeRequest(name: name, source: .emptyDir(isMemory: empty["medium"]?.string == "Memory"))
        }
        throw NodeFault(
            "volume '\(name)' is of a kind that is not supported yet; use emptyDir, hostPath, configMap, secret or volumeClaimTemplates")
    }

    private func files(of volume: JSONValue) throws(NodeFault) -> [VolumeFile] {
        let name = volume["name"]?.string ?? ""
        guard let map = self.resources.configMaps[name] else {
            if volume["optional"]?.bool ?? false { return [] }
            throw NodeFault("volume: configmap \"\(name)\" not found: give the ConfigMap in the same call")
        }
        let mode = volume["defaultMode"]?.integer.flatMap { Int(exactly: $0) } ?? 0o644
        guard let items = volume["items"]?.array else {
            return map.data.sorted { $0.key < $1.key }.map { VolumeFile(path: $0.key, content: $0.value, mode: mode) }
        }
        var files: [VolumeFile] = []
        for item in items {
            let key = item["key"]?.string ?? ""
            guard let content = map.data[key] else {
                if volume["optional"]?.bool ?? false { continue }
                throw NodeFault("volume: configmap \"\(name)\" has no key '\(key)'")
            }
            files.append(
                VolumeFile(
                    path: item["path"]?.string ?? key, content: content, mode: item["mode"]?.integer.flatMap { Int(exactly: $0) } ?? mode))
        }
        return files
    }

    private func secretVolume(_ volume: JSONValue) throws(NodeFault) -> VolumeRequest.Source {
        let name = volume["secretName"]?.string ?? ""
        let isOptional = volume["optional"]?.bool ?? false
        let mode = volume["defaultMode"]?.integer.flatMap { Int(exactly: $0) } ?? 0o644
        guard let keys = self.resources.secrets[name] else {
            if isOptional { return .secret(name: name, items: [], defaultMode: mode, isOptional: true) }
            throw NodeFault("volume: secret \"\(name)\" not found: give the Secret in the same call")
        }
        var items: [SecretItem] = []
        for item in volume["items"]?.array ?? [] {
            let key = item["key"]?.string ?? ""
            guard keys.contains(key) || isOptional else { throw NodeFault("volume: secret \"\(name)\" has no key '\(key)'") }
            items.append(SecretItem(key: key, path: item["path"]?.string ?? key, mode: item["mode"]?.integer.flatMap { Int(exactly: $0) }))
        }
        return .secret(name: name, items: items, defaultMode: mode, isOptional: isOptional)
    }

    // MARK: Resources

    /// Requests, or limits where there is no request.
    static func resources(_ json: JSONValue?) -> ResourceRequest {
        var request = ResourceRequest()
        var names: [String] = []
        var amounts: [String: String] = [:]
        for part in ["limits", "requests"] {
            for (name, amount) in json?[part]?.object ?? JSONObject() {
                guard let text = amount.scalarText else { continue }
                if amounts[name] == nil { names.append(name) }
                amounts[name] = text
            }
        }
        for name in names {
            guard let amount = amounts[name].flatMap({ Quantity($0) }) else { continue }
            switch name {
            case "cpu": request.cpuMillis = amount.thousandths
            case "memory": request.memoryBytes = amount.units
            case "ephemeral-storage", "storage": break
            default: request.extended[name] = amount.units
            }
        }
        return request
    }
}

/// A Kubernetes quantity: `500m`, `2`, `1.5Gi`, `1e3`.
public struct Quantity: Sendable, Equatable {
    private let value: Double

    public var units: Int64 { Self.clamped(self.value.rounded(.up)) }
    public var thousandths: Int64 { Self.clamped((self.value * 1000).rounded(.up)) }

    public init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-" || $0 == "+") }
        let suffix = text.dropFirst(digits.count)
        guard let number = Double(digits), number >= 0 else { return nil }
        let scales: [String: Double] = [
            "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Ki": 1024,
            "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776, "Pi": 1_125_899_906_842_624, "Ei": 1_152_921_504_606_846_976,
        ]
        if let scale = scales[String(suffix)] {
            self.value = number * scale
        } else if let scientific = Double(text) {
            self.value = scientific
        } else {
            return nil
        }
    }

    private static func clamped(_ value: Double) -> Int64 { value >= 9.2e18 ? .max : Int64(value) }
}
