import CLocalRuntime
import Engine
import Ports
import WorkflowModel

/// Turns a pod with everything it needs into the message a supervisor carries out. Decides all that can be decided without touching the
/// machine.
struct LaunchComposer {
    let configuration: LocalRuntimeConfiguration
    let layout: DataLayout

    /// Argo's place for scripts.
    static let scriptPath = "/argo/staging/script"
    /// Bounds what one pod may ask for; a supervisor decodes it all before it does anything.
    static let largestMessage = Int(SKIFF_MESSAGE_LIMIT)

    /// - Throws: `LaunchProblem` that the pod's author can act on.
    func message(for launch: PodLaunch) throws(LaunchProblem) -> MessageWriter {
        let request = launch.request
        let main = request.main
        var message = MessageWriter()
        message.add(SKIFF_POD_DIRECTORY.rawValue, text: self.layout.directory(of: request.id))
        message.add(SKIFF_POD_IDENTITY.rawValue, text: request.id.description)
        try Self.requireText(main.image, "the image's name")
        message.add(SKIFF_POD_IMAGE.rawValue, text: main.image)
        try self.addProgram(launch, to: &message)
        try self.addRootFileSystem(main, to: &message)
        try self.addUser(main, to: &message)
        if let directory = main.workingDir {
            try Self.requireText(directory, "workingDir")
            message.add(SKIFF_POD_WORKING_DIRECTORY.rawValue, text: AbsolutePath.normalized(directory))
        }
        message.add(SKIFF_POD_GRACE_MILLISECONDS.rawValue, number: max(0, request.gracePeriod.milliseconds))
        message.add(SKIFF_POD_LOG_LIMIT.rawValue, number: Int64(self.configuration.logLimitBytes))
        message.add(SKIFF_POD_LOG_FILES.rawValue, number: Int64(self.configuration.rotatedLogFiles))
        message.add(SKIFF_POD_CAPTURES_RESULT.rawValue, number: request.outputs.capturesResult ? 1 : 0)
        try self.addVolumes(launch, to: &message)
        try Self.addInputs(launch.inputs, to: &message)
        try Self.addOutputs(request.outputs, to: &message)
        guard message.bytes.count <= Self.largestMessage else {
            throw LaunchProblem(
                "script, arguments, environment and files of the pod have more than \(Self.largestMessage >> 20) MiB together")
        }
        return message
    }

    // MARK: the program

    private func addProgram(_ launch: PodLaunch, to message: inout MessageWriter) throws(LaunchProblem) {
        let main = launch.request.main
        var script: String?
        if let source = main.scriptSource {
            let path = self.configuration.kind == .sandbox ? Self.scriptPath : self.layout.directory(of: launch.request.id) + "/script"
            message.add(SKIFF_POD_SCRIPT_PATH.rawValue, text: path)
            message.add(SKIFF_POD_SCRIPT.rawValue, bytes: source.utf8)
            script = path
        }
        var environment = StepEnvironment(base: self.baseEnvironment(launch.request))
        try environment.declare(main.env, secrets: launch.secrets)
        let words = try Images(entries: self.configuration.images).arguments(
            image: main.image, command: main.command, args: main.args, script: script)
        for (index, word) in words.enumerated() {
            let expanded = environment.expand(word)
            if expanded.contains(0) { throw LaunchProblem("argument \(index) of the program contains a zero byte") }
            message.add(SKIFF_POD_ARGUMENT.rawValue, cString: expanded)
        }
        for entry in environment.entries { message.add(SKIFF_POD_ENVIRONMENT.rawValue, cString: entry) }
    }

    private func baseEnvironment(_ request: PodRequest) -> [(name: String, value: String)] {
        let directory = self.layout.directory(of: request.id)
        return [
            // By this, what is left of a pod whose supervisor was killed is found.
            ("SKIFF_POD", request.id.description),
            ("PATH", self.configuration.searchPath),
            ("HOME", self.configuration.home),
            ("LANG", "C.UTF-8"),
            ("TMPDIR", self.configuration.kind == .sandbox ? "/tmp" : directory + "/tmp"),
            ("HOSTNAME", request.podName),
            ("ARGO_CONTAINER_NAME", request.main.name),
        ]
    }

    private func addRootFileSystem(_ main: ContainerRequest, to message: inout MessageWriter) throws(LaunchProblem) {
        guard let root = Images(entries: self.configuration.images).entry(for: main.image)?.rootfs else { return }
        guard self.configuration.kind == .sandbox else {
            throw LaunchProblem("image '\(main.image)' is mapped to a root file system, which needs the sandbox runtime")
        }
        try Self.requireText(root, "rootfs of image '\(main.image)'")
        message.add(SKIFF_POD_ROOT_FILE_SYSTEM.rawValue, text: root)
    }

    private func addUser(_ main: ContainerRequest, to message: inout MessageWriter) throws(LaunchProblem) {
        if self.configuration.kind == .process, let user = main.runAsUser, user != CurrentUser.user {
            throw LaunchProblem("runAsUser \(user) needs the sandbox runtime: the process runtime runs every step as the user of Skiff")
        }
        if !CurrentUser.isRoot {
            if let user = main.runAsUser, user != CurrentUser.user {
                throw LaunchProblem("runAsUser \(user) needs Skiff to run as root; this is user \(CurrentUser.user)")
            }
            if let group = main.runAsGroup, group != CurrentUser.group {
                throw LaunchProblem("runAsGroup \(group) needs Skiff to run as root; this is group \(CurrentUser.group)")
            }
            return
        }
        for (name, value) in [("runAsUser", main.runAsUser), ("runAsGroup", main.runAsGroup)] {
            if let value, !(0...Int(Int32.max)).contains(value) { throw LaunchProblem("\(name) \(value) is not an id") }
        }
        if let user = main.runAsUser { message.add(SKIFF_POD_USER.rawValue, number: Int64(user)) }
        if let group = main.runAsGroup { message.add(SKIFF_POD_GROUP.rawValue, number: Int64(group)) }
    }

    // MARK: volumes

    private func addVolumes(_ launch: PodLaunch, to message: inout MessageWriter) throws(LaunchProblem) {
        let request = launch.request
        // Parents before what is mounted inside them.
        let mounts = request.main.mounts
            .map { (path: AbsolutePath.normalized($0.mountPath), mount: $0) }
            .sorted { ($0.path.utf8.count, $0.path) < ($1.path.utf8.count, $1.path) }
        var indices: [String: Int64] = [:]
        for (path, mount) in mounts {
            try Self.requireText(mount.mountPath, "mountPath")
            guard path != "/" else { throw LaunchProblem("volume '\(mount.volume)' cannot be mounted at '/'") }
            guard let volume = request.volumes.first(where: { $0.name == mount.volume }) else {
                throw LaunchProblem("volume '\(mount.volume)', mounted at '\(mount.mountPath)', is not declared")
            }
            if indices[volume.name] == nil {
                indices[volume.name] = Int64(indices.count)
                message.add(SKIFF_POD_VOLUME.rawValue, nested: try self.volume(volume, launch))
            }
            var nested = MessageWriter()
            nested.add(SKIFF_MOUNT_VOLUME.rawValue, number: indices[volume.name] ?? 0)
            nested.add(SKIFF_MOUNT_PATH.rawValue, text: path)
            if let subPath = mount.subPath.map(Self.trimmed), !subPath.isEmpty {
                try Self.requireText(subPath, "subPath")
                nested.add(SKIFF_MOUNT_SUB_PATH.rawValue, text: subPath)
            }
            nested.add(SKIFF_MOUNT_READ_ONLY.rawValue, number: mount.isReadOnly ? 1 : 0)
            message.add(SKIFF_POD_MOUNT.rawValue, nested: nested)
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
        case .files(let files):
            kind(SKIFF_VOLUME_FILES)
            for file in files { try Self.addFile(file.path, Array(file.content.utf8), mode: file.mode, of: volume, to: &nested) }
        case .secret(let name, let items, let defaultMode, let isOptional):
            kind(SKIFF_VOLUME_FILES)
            for (path, content, mode) in try Self.secretFiles(name, items, isOptional, launch, volume) {
                try Self.addFile(path, content, mode: mode ?? defaultMode, of: volume, to: &nested)
            }
        }
        return nested
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

    // MARK: inputs and outputs

    private static func addInputs(_ inputs: [PlacedInput], to message: inout MessageWriter) throws(LaunchProblem) {
        for input in inputs {
            try self.requireText(input.path, "the path of input artifact '\(input.name)'")
            var nested = MessageWriter()
            nested.add(SKIFF_INPUT_NAME.rawValue, text: input.name)
            nested.add(SKIFF_INPUT_PATH.rawValue, text: AbsolutePath.normalized(input.path))
            switch input.content {
            case .text(let text): nested.add(SKIFF_INPUT_TEXT.rawValue, bytes: text.utf8)
            case .copyOf(let localPath): nested.add(SKIFF_INPUT_SOURCE.rawValue, text: localPath)
            }
            if let mode = input.mode { nested.add(SKIFF_INPUT_MODE.rawValue, number: Int64(mode & 0o7777)) }
            nested.add(SKIFF_INPUT_MODE_IS_RECURSIVE.rawValue, number: input.isModeRecursive ? 1 : 0)
            message.add(SKIFF_POD_INPUT.rawValue, nested: nested)
        }
    }

    private static func addOutputs(_ outputs: OutputRequest, to message: inout MessageWriter) throws(LaunchProblem) {
        for parameter in outputs.parameters {
            try self.requireText(parameter.path, "the path of output parameter '\(parameter.name)'")
            var nested = MessageWriter()
            nested.add(SKIFF_OUTPUT_PATH.rawValue, text: parameter.path)
            nested.add(SKIFF_OUTPUT_LABEL.rawValue, text: OutputLabel(parameter).text)
            message.add(SKIFF_POD_OUTPUT_PARAMETER.rawValue, nested: nested)
        }
        for artifact in outputs.artifacts {
            try self.requireText(artifact.path, "the path of output artifact '\(artifact.name)'")
            let label = OutputLabel(artifact)
            var nested = MessageWriter()
            nested.add(SKIFF_OUTPUT_PATH.rawValue, text: artifact.path)
            nested.add(SKIFF_OUTPUT_FILE_NAME.rawValue, text: label.fileName)
            nested.add(SKIFF_OUTPUT_LABEL.rawValue, text: label.text)
            message.add(SKIFF_POD_OUTPUT_ARTIFACT.rawValue, nested: nested)
        }
    }

    private static func requireText(_ text: String, _ what: String) throws(LaunchProblem) {
        if text.utf8.contains(0) { throw LaunchProblem("\(what) contains a zero byte") }
    }

    private static func trimmed(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/")
    }
}
