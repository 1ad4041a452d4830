import CLocalRuntime
import Engine
import Glibc
import Ports
import WorkflowModel

/// What a supervisor is told of each container.
extension LaunchComposer {
    struct Container {
        var request: ContainerRequest
        var kind: skiff_container_kind
        /// Without what depends on other containers.
        var environment: StepEnvironment
        var pausesBefore: Bool
        var pausesAfter: Bool
    }

    /// All containers in the order the supervisor knows them by.
    func containers(of launch: PodLaunch) throws(LaunchProblem) -> [Container] {
        let request = launch.request
        var names: Set<String> = []
        var containers: [Container] = []
        func add(_ requests: [ContainerRequest], _ usual: skiff_container_kind) throws(LaunchProblem) {
            for container in requests {
                let kind = container.restarts ? SKIFF_CONTAINER_SIDECAR : usual
                guard DataLayout.isName(container.name), container.name.utf8.count < 200 else {
                    throw LaunchProblem("'\(container.name)' cannot be the name of a container")
                }
                guard names.insert(container.name).inserted else { throw LaunchProblem("two containers are called '\(container.name)'") }
                var environment = StepEnvironment(base: self.baseEnvironment(container, request))
                try environment.declare(container.env, secrets: launch.secrets)
                // Argo wraps its pause around what it runs, and it does not run init containers.
                func pauses(_ moment: String) -> Bool {
                    kind != SKIFF_CONTAINER_INIT && environment.value(of: "ARGO_DEBUG_PAUSE_\(moment)") == Array("true".utf8)
                }
                containers.append(
                    Container(
                        request: container, kind: kind, environment: environment, pausesBefore: pauses("BEFORE"),
                        pausesAfter: pauses("AFTER")))
            }
        }
        try add(request.initContainers, SKIFF_CONTAINER_INIT)
        try add(request.containers, SKIFF_CONTAINER_PLAIN)
        try add(request.sidecars, SKIFF_CONTAINER_SIDECAR)
        try Self.requireOrder(request.containers)
        return containers
    }

    /// Dependencies must exist and not go round in a circle, or the pod would wait for ever.
    private static func requireOrder(_ containers: [ContainerRequest]) throws(LaunchProblem) {
        var placed: Set<String> = []
        var left = containers
        for container in containers {
            for name in container.dependencies where !containers.contains(where: { $0.name == name }) {
                throw LaunchProblem("container '\(container.name)' depends on '\(name)', which is not in its set")
            }
        }
        while !left.isEmpty {
            let free = left.filter { $0.dependencies.allSatisfy(placed.contains) }
            guard !free.isEmpty else {
                throw LaunchProblem("containers \(left.map { "'\($0.name)'" }.joined(separator: ", ")) wait for each other")
            }
            placed.formUnion(free.map(\.name))
            left.removeAll { placed.contains($0.name) }
        }
    }

    func add(
        _ container: Container, _ launch: PodLaunch, volumes: [String: Int64], sharesPlace: Bool, to message: inout MessageWriter
    ) throws(LaunchProblem) {
        let request = container.request
        var nested = MessageWriter()
        func flag(_ field: skiff_container_field, _ value: Bool) { nested.add(field.rawValue, number: value ? 1 : 0) }
        nested.add(SKIFF_CONTAINER_NAME.rawValue, text: request.name)
        nested.add(SKIFF_CONTAINER_KIND.rawValue, number: Int64(container.kind.rawValue))
        try Self.requireText(request.image, "the image's name")
        nested.add(SKIFF_CONTAINER_IMAGE.rawValue, text: request.image)
        try self.addProgram(container, launch, sharesPlace: sharesPlace, to: &nested)
        try self.addRootFileSystem(request, to: &nested)
        try self.addUser(request, to: &nested)
        if let directory = request.workingDir {
            try Self.requireText(directory, "workingDir")
            nested.add(SKIFF_CONTAINER_WORKING_DIRECTORY.rawValue, text: AbsolutePath.normalized(directory))
        }
        try Self.addMounts(of: request, volumes: volumes, to: &nested)
        flag(SKIFF_CONTAINER_IS_TERMINAL, request.isTTY)
        flag(SKIFF_CONTAINER_RESTARTS, request.restarts)
        flag(SKIFF_CONTAINER_PAUSES_BEFORE, container.pausesBefore)
        flag(SKIFF_CONTAINER_PAUSES_AFTER, container.pausesAfter)
        if container.kind == SKIFF_CONTAINER_PLAIN { Self.addOrder(request, in: launch.request, to: &nested) }
        try self.addHandlers(request, to: &nested)
        nested.add(SKIFF_CONTAINER_CPU_LIMIT.rawValue, number: max(0, request.limits.cpuMillis ?? 0))
        nested.add(SKIFF_CONTAINER_MEMORY_LIMIT.rawValue, number: max(0, request.limits.memoryBytes ?? 0))
        message.add(SKIFF_POD_CONTAINER.rawValue, nested: nested)
    }

    private static func addOrder(_ container: ContainerRequest, in pod: PodRequest, to message: inout MessageWriter) {
        for name in container.dependencies {
            guard let index = pod.containers.firstIndex(where: { $0.name == name }) else { continue }
            message.add(SKIFF_CONTAINER_DEPENDENCY.rawValue, number: Int64(pod.initContainers.count + index))
        }
        guard let retry = container.retry else { return }
        // A container that is in the manifest is meant to run, whatever is said of running it again.
        message.add(SKIFF_CONTAINER_ATTEMPTS.rawValue, number: Int64(max(1, retry.attempts)))
        message.add(SKIFF_CONTAINER_RETRY_MILLISECONDS.rawValue, number: max(0, retry.wait.milliseconds))
    }

    // MARK: the program

    /// Where a container of the process runtime has its own things.
    private func place(of container: ContainerRequest, _ pod: PodRequest) -> String {
        let directory = self.layout.directory(of: pod.id)
        return container.name == pod.main.name ? directory : "\(directory)/containers/\(container.name)"
    }

    private func baseEnvironment(_ container: ContainerRequest, _ pod: PodRequest) -> [(name: String, value: String)] {
        let base = [
            // By this, what is left of a pod whose supervisor was killed is found.
            ("SKIFF_POD", pod.id.description),
            ("PATH", self.configuration.searchPath),
            ("HOME", self.configuration.home),
            ("LANG", "C.UTF-8"),
            ("TMPDIR", self.configuration.kind == .sandbox ? "/tmp" : self.place(of: container, pod) + "/tmp"),
            ("HOSTNAME", pod.podName),
            ("ARGO_CONTAINER_NAME", container.name),
        ]
        return base + (container.isTTY ? [("TERM", "xterm")] : [])
    }

    private func progressFile(_ pod: PodRequest, sharesPlace: Bool) -> String {
        if self.configuration.kind == .sandbox { return "\(Self.sharedPlace)/progress" }
        return self.layout.directory(of: pod.id) + (sharesPlace ? "/argo/progress" : "/progress")
    }

    private func addProgram(
        _ container: Container, _ launch: PodLaunch, sharesPlace: Bool, to message: inout MessageWriter
    ) throws(LaunchProblem) {
        let request = container.request
        var script: String?
        if let source = request.scriptSource {
            let path = self.configuration.kind == .sandbox ? Self.scriptPath : self.place(of: request, launch.request) + "/script"
            message.add(SKIFF_CONTAINER_SCRIPT_PATH.rawValue, text: path)
            message.add(SKIFF_CONTAINER_SCRIPT.rawValue, bytes: source.utf8)
            script = path
        }
        let words = try Images(entries: self.configuration.images).arguments(
            image: request.image, command: request.command, args: request.args, script: script)
        for (index, word) in words.enumerated() {
            let expanded = container.environment.expand(word)
            if expanded.contains(0) { throw LaunchProblem("argument \(index) of the program contains a zero byte") }
            message.add(SKIFF_CONTAINER_ARGUMENT.rawValue, cString: expanded)
        }
        for entry in container.environment.entries { message.add(SKIFF_CONTAINER_ENVIRONMENT.rawValue, cString: entry) }
        if container.kind == SKIFF_CONTAINER_PLAIN, container.environment.value(of: "ARGO_PROGRESS_FILE") == nil {
            message.add(
                SKIFF_CONTAINER_ENVIRONMENT.rawValue,
                text: "ARGO_PROGRESS_FILE=" + self.progressFile(launch.request, sharesPlace: sharesPlace))
        }
    }

    private func addRootFileSystem(_ container: ContainerRequest, to message: inout MessageWriter) throws(LaunchProblem) {
        guard let root = Images(entries: self.configuration.images).entry(for: container.image)?.rootfs else { return }
        guard self.configuration.kind == .sandbox else {
            throw LaunchProblem("image '\(container.image)' is mapped to a root file system, which needs the sandbox runtime")
        }
        try Self.requireText(root, "rootfs of image '\(container.image)'")
        message.add(SKIFF_CONTAINER_ROOT_FILE_SYSTEM.rawValue, text: root)
    }

    private func addUser(_ container: ContainerRequest, to message: inout MessageWriter) throws(LaunchProblem) {
        if self.configuration.kind == .process, let user = container.runAsUser, user != CurrentUser.user {
            throw LaunchProblem("runAsUser \(user) needs the sandbox runtime: the process runtime runs every step as the user of Skiff")
        }
        if !CurrentUser.isRoot {
            if let user = container.runAsUser, user != CurrentUser.user {
                throw LaunchProblem("runAsUser \(user) needs Skiff to run as root; this is user \(CurrentUser.user)")
            }
            if let group = container.runAsGroup, group != CurrentUser.group {
                throw LaunchProblem("runAsGroup \(group) needs Skiff to run as root; this is group \(CurrentUser.group)")
            }
            return
        }
        for (name, value) in [("runAsUser", container.runAsUser), ("runAsGroup", container.runAsGroup)] {
            if let value, !(0...Int(Int32.max)).contains(value) { throw LaunchProblem("\(name) \(value) is not an id") }
        }
        if let user = container.runAsUser { message.add(SKIFF_CONTAINER_USER.rawValue, number: Int64(user)) }
        if let group = container.runAsGroup { message.add(SKIFF_CONTAINER_GROUP.rawValue, number: Int64(group)) }
    }

    // MARK: handlers and probes

    private func addHandlers(_ container: ContainerRequest, to message: inout MessageWriter) throws(LaunchProblem) {
        let handlers = HandlerComposer(searchPath: self.configuration.searchPath)
        if let handler = container.postStart {
            message.add(SKIFF_CONTAINER_POST_START.rawValue, nested: try handlers.message(for: handler, of: "postStart"))
        }
        if let handler = container.preStop {
            message.add(SKIFF_CONTAINER_PRE_STOP.rawValue, nested: try handlers.message(for: handler, of: "preStop"))
        }
        guard let probe = container.readiness else { return }
        var nested = try handlers.message(for: probe.handler, of: "readinessProbe", timeout: probe.timeout)
        nested.add(SKIFF_HANDLER_DELAY.rawValue, number: max(0, probe.initialDelay.milliseconds))
        // A period of nothing would leave no time for anything else.
        nested.add(SKIFF_HANDLER_PERIOD.rawValue, number: max(10, probe.period.milliseconds))
        nested.add(SKIFF_HANDLER_TIMEOUT.rawValue, number: max(1, probe.timeout.milliseconds))
        nested.add(SKIFF_HANDLER_THRESHOLD.rawValue, number: Int64(max(1, probe.successThreshold)))
        message.add(SKIFF_CONTAINER_READINESS.rawValue, nested: nested)
    }
}
