import CLocalRuntime
import Engine
import Ports

/// The volumes of a pod, and where its containers mount them.
extension LaunchComposer {
    /// - Returns: the index of each volume that is mounted anywhere, by name.
    func addVolumes(_ launch: PodLaunch, to message: inout MessageWriter) throws(LaunchProblem) -> [String: Int64] {
        let request = launch.request
        var indices: [String: Int64] = [:]
        for container in request.allContainers {
            for mount in container.mounts where indices[mount.volume] == nil {
                guard let volume = request.volumes.first(where: { $0.name == mount.volume }) else {
                    throw LaunchProblem("volume '\(mount.volume)', mounted at '\(mount.mountPath)', is not declared")
                }
                indices[volume.name] = Int64(indices.count)
                message.add(SKIFF_POD_VOLUME.rawValue, nested: try self.volume(volume, launch))
            }
        }
        return indices
    }

    static func addMounts(
        of container: ContainerRequest, volumes: [String: Int64], to message: inout MessageWriter
    ) throws(LaunchProblem) {
        // Parents before what is mounted inside them.
        let mounts = container.mounts
            .map { (path: AbsolutePath.normalized($0.mountPath), mount: $0) }
            .sorted { ($0.path.utf8.count, $0.path) < ($1.path.utf8.count, $1.path) }
        for (path, mount) in mounts {
            try Self.requireText(mount.mountPath, "mountPath")
            guard path != "/" else { throw LaunchProblem("volume '\(mount.volume)' cannot be mounted at '/'") }
            var nested = MessageWriter()
            nested.add(SKIFF_MOUNT_VOLUME.rawValue, number: volumes[mount.volume] ?? 0)
            nested.add(SKIFF_MOUNT_PATH.rawValue, text: path)
            if let subPath = mount.subPath.map(Self.trimmed), !subPath.isEmpty {
                try Self.requireText(subPath, "subPath")
                nested.add(SKIFF_MOUNT_SUB_PATH.rawValue, text: subPath)
            }
            nested.add(SKIFF_MOUNT_READ_ONLY.rawValue, number: mount.isReadOnly ? 1 : 0)
            message.add(SKIFF_CONTAINER_MOUNT.rawValue, nested: nested)
        }
    }

    private func volume(_ volume: VolumeRequest, _ launch: PodLaunch) throws(LaunchProblem) -> MessageWriter {
        var nested = MessageWriter()
        try Self.requireText(volume.name, "the volume's name")
        nested.add(SKIFF_VOLUME_NAME.rawValue, text: volume.name)
        func kind(_ kind: skiff_volume_kind) { nested.add(SKIFF_VOLUME_KIND.rawValue, number: Int64(kind.rawValue)) }
        switch volume.source {
        case .emptyDir(let isMemory): kind(isMemory ? SKIFF_VOLUME_MEMORY : SKIFF_VOLUME_EMPTY)
        case .hostPath(let path, let type):
            guard path.hasPrefix("/") else { throw LaunchProblem("hostPath '\(path)' of volume '\(volume.name)' is not absolute") }
            try Self.requireText(path, "hostPath")
            try Self.requireText(type, "the hostPath's type")
            kind(SKIFF_VOLUME_HOST)
            nested.add(SKIFF_VOLUME_PATH.rawValue, text: AbsolutePath.normalized(path))
            nested.add(SKIFF_VOLUME_CHECK.rawValue, text: type)
        case .claim(let claim):
            guard let path = self.layout.claim(claim, of: launch.request.id.run) else {
                throw LaunchProblem("'\(claim)' is not a name for a claim")
            }
            kind(SKIFF_VOLUME_CLAIM)
            nested.add(SKIFF_VOLUME_PATH.rawValue, text: path)
        case .persistentClaim(let namespace, let name):
            guard let path = self.layout.persistentClaim(namespace: namespace, name: name) else {
                throw LaunchProblem("'\(namespace)/\(name)' is not a name for a claim")
            }
            kind(SKIFF_VOLUME_CLAIM)
            nested.add(SKIFF_VOLUME_PATH.rawValue, text: path)
        case .files, .secret, .projected:
            kind(SKIFF_VOLUME_FILES)
            for file in Self.withoutRepetition(try Self.files(volume.source, launch, volume)) {
                try Self.addFile(file.path, file.content, mode: file.mode, of: volume, to: &nested)
            }
        }
        return nested
    }

    private typealias File = (path: String, content: [UInt8], mode: Int)

    /// What a volume of known content holds.
    private static func files(_ source: VolumeRequest.Source, _ launch: PodLaunch, _ volume: VolumeRequest) throws(LaunchProblem) -> [File]
    {
        switch source {
        case .files(let files): return files.map { ($0.path, Array($0.content.utf8), $0.mode) }
        case .secret(let name, let items, let defaultMode, let isOptional):
            return try self.secretFiles(name, items, isOptional, launch, volume).map { ($0.path, $0.content, $0.mode ?? defaultMode) }
        case .projected(let sources):
            var files: [File] = []
            for source in sources { files += try self.files(source, launch, volume) }
            return files
        case .emptyDir, .hostPath, .claim, .persistentClaim:
            throw LaunchProblem("volume '\(volume.name)' projects something that is not made of files")
        }
    }

    /// Of several files at one path the last, as Kubernetes projects them.
    private static func withoutRepetition(_ files: [File]) -> [File] {
        var seen: Set<[Substring]> = []
        return files.reversed().filter { seen.insert($0.path.split(separator: "/").filter { $0 != "." }).inserted }.reversed()
    }

    private static func secretFiles(
        _ name: String, _ items: [SecretItem], _ isOptional: Bool, _ launch: PodLaunch, _ volume: VolumeRequest
    ) throws(LaunchProblem) -> [(path: String, content: [UInt8], mode: Int?)] {
        guard let secret = launch.secrets[name] else {
            if isOptional { return [] }
            throw LaunchProblem("volume '\(volume.name)': secret '\(name)' does not exist")
        }
        if items.isEmpty { return secret.keys.sorted().map { ($0, secret[$0] ?? [], nil) } }
        var files: [(path: String, content: [UInt8], mode: Int?)] = []
        for item in items {
            if let content = secret[item.key] {
                files.append((item.path, content, item.mode))
            } else if !isOptional {
                throw LaunchProblem("volume '\(volume.name)': secret '\(name)' has no key '\(item.key)'")
            }
        }
        return files
    }

    private static func addFile(
        _ path: String, _ content: [UInt8], mode: Int, of volume: VolumeRequest, to message: inout MessageWriter
    ) throws(LaunchProblem) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard !path.hasPrefix("/"), !parts.isEmpty, !parts.contains(".."), !path.utf8.contains(0) else {
            throw LaunchProblem("'\(path)' is not a path for a file of volume '\(volume.name)'")
        }
        var nested = MessageWriter()
        nested.add(SKIFF_FILE_PATH.rawValue, text: parts.filter { $0 != "." }.joined(separator: "/"))
        nested.add(SKIFF_FILE_MODE.rawValue, number: Int64(mode & 0o777))
        nested.add(SKIFF_FILE_CONTENT.rawValue, bytes: content)
        message.add(SKIFF_VOLUME_FILE.rawValue, nested: nested)
    }
}
