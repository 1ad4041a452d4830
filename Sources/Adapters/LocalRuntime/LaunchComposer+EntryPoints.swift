import Engine
import Glibc
import Ports

/// The programs of images at the places where scripts look for them.
extension LaunchComposer {
    /// An image that is made for one program has it at its root, and scripts call it by that path (`/argosay`). So in a sandbox the entry point
    /// that the configuration gives an image stands there too, unless the machine has something of that name.
    func withEntryPoints(_ launch: PodLaunch) -> PodLaunch {
        guard self.configuration.kind == .sandbox, !self.configuration.images.isEmpty else { return launch }
        var launch = launch
        var volumes: [VolumeRequest] = []
        func place(_ containers: inout [ContainerRequest]) {
            for at in containers.indices {
                guard let (name, program) = self.entryPoint(of: containers[at]) else { continue }
                let volume = VolumeRequest(name: "/\(name)", source: .hostPath(path: program, type: "File"))
                if !volumes.contains(volume) { volumes.append(volume) }
                containers[at].mounts.append(VolumeMountRequest(volume: volume.name, mountPath: "/\(name)", isReadOnly: true))
            }
        }
        place(&launch.request.initContainers)
        place(&launch.request.containers)
        place(&launch.request.sidecars)
        launch.request.volumes += volumes
        return launch
    }

    /// - Returns: its name and where it is on the machine; nil where nothing is to be done.
    private func entryPoint(of container: ContainerRequest) -> (name: String, program: String)? {
        guard let entry = Images(entries: self.configuration.images).entry(for: container.image), entry.rootfs == nil,
            let name = entry.entrypoint.first, !name.isEmpty, !name.contains("/"), access("/\(name)", F_OK) != 0,
            !container.mounts.contains(where: { AbsolutePath.normalized($0.mountPath) == "/\(name)" })
        else { return nil }
        for directory in self.configuration.searchPath.split(separator: ":") where directory.hasPrefix("/") {
            let path = "\(directory)/\(name)"
            if access(path, X_OK) == 0 { return (name, path) }
        }
        return nil
    }
}
