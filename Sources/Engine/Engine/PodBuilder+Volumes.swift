import Planning
import WorkflowModel

extension PodBuilder {
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
            return VolumeRequest(name: name, source: .persistentClaim(namespace: self.machine.plan.namespace, name: claim))
        }
        if let api = volume["downwardAPI"], api.object != nil {
            return VolumeRequest(name: name, source: .files(try self.downwardFiles(api)))
        }
        if let projected = volume["projected"], projected.object != nil {
            return VolumeRequest(name: name, source: .projected(try self.projections(projected)))
        }
        if let empty = volume["emptyDir"], !empty.isNull {
            return VolumeRequest(name: name, source: .emptyDir(isMemory: empty["medium"]?.string == "Memory"))
        }
        throw NodeFault(
            "volume '\(name)' is of a kind that needs a cluster; here there are emptyDir, hostPath, configMap, secret, projected, downwardAPI, "
                + "persistentVolumeClaim and volumeClaimTemplates")
    }

    private func downwardFiles(_ volume: JSONValue) throws(NodeFault) -> [VolumeFile] {
        let standard = volume["defaultMode"]?.int ?? 0o644
        var files: [VolumeFile] = []
        for item in volume["items"]?.array ?? [] {
            let path = item["path"]?.string ?? ""
            let content: String
            if let field = item["fieldRef"]?["fieldPath"]?.string {
                guard let value = self.field(field) else { throw NodeFault("downwardAPI: fieldRef '\(field)' is not known here") }
                content = value
            } else if let reference = item["resourceFieldRef"], reference.object != nil {
                content = try self.resource(reference, of: nil)
            } else {
                throw NodeFault("downwardAPI: '\(path)' has neither fieldRef nor resourceFieldRef")
            }
            files.append(VolumeFile(path: path, content: content, mode: item["mode"]?.int ?? standard))
        }
        return files
    }

    private func projections(_ volume: JSONValue) throws(NodeFault) -> [VolumeRequest.Source] {
        let mode: JSONValue = .integer(Int64(volume["defaultMode"]?.int ?? 0o644))
        var sources: [VolumeRequest.Source] = []
        for source in volume["sources"]?.array ?? [] {
            if let map = source["configMap"], map.object != nil {
                sources.append(.files(try self.files(of: map.merging(["defaultMode": mode]))))
            } else if let secret = source["secret"], secret.object != nil {
                let named = secret.merging(["secretName": secret["name"] ?? .string(""), "defaultMode": mode])
                sources.append(try self.secretVolume(named))
            } else if let api = source["downwardAPI"], api.object != nil {
                sources.append(.files(try self.downwardFiles(api.merging(["defaultMode": mode]))))
            } else {
                throw NodeFault("a projected volume has a source that needs a cluster: here there are configMap, secret and downwardAPI")
            }
        }
        return sources
    }

    private func files(of volume: JSONValue) throws(NodeFault) -> [VolumeFile] {
        let name = volume["name"]?.string ?? ""
        guard let map = self.resources.configMaps[name] else {
            if volume["optional"]?.bool ?? false { return [] }
            throw NodeFault("volume: configmap \"\(name)\" not found: give the ConfigMap in the same call, or store it with 'skiff apply'")
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
            throw NodeFault("volume: secret \"\(name)\" not found: give the Secret in the same call, or store it with 'skiff apply'")
        }
        var items: [SecretItem] = []
        for item in volume["items"]?.array ?? [] {
            let key = item["key"]?.string ?? ""
            guard keys.contains(key) || isOptional else { throw NodeFault("volume: secret \"\(name)\" has no key '\(key)'") }
            items.append(SecretItem(key: key, path: item["path"]?.string ?? key, mode: item["mode"]?.integer.flatMap { Int(exactly: $0) }))
        }
        return .secret(name: name, items: items, defaultMode: mode, isOptional: isOptional)
    }
}
