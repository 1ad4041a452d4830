public import WorkflowModel

/// What a leaf node asks a runtime to run. Everything is rendered; secrets are named, never contained.
public struct PodRequest: Sendable, Equatable {
    public var id: PodID
    /// Argo's pod name: `HOSTNAME` inside, and the prefix of log lines.
    public var podName: String
    /// Run one after another before anything else, but for those that go on (`ContainerRequest.restarts`); one that fails ends the pod.
    public var initContainers: [ContainerRequest]
    /// The containers whose end is the pod's: `main` alone, or all of a container set. Never empty.
    public var containers: [ContainerRequest]
    /// Started with the first container, stopped when all containers have ended.
    public var sidecars: [ContainerRequest]
    public var volumes: [VolumeRequest]
    public var inputs: [ArtifactInput]
    public var outputs: OutputRequest
    /// Between SIGTERM and SIGKILL when the pod is stopped, whoever stops it and why.
    public var gracePeriod: Span
    /// Kubernetes' `terminationGracePeriodSeconds` where nobody says otherwise. Argo's templates have no such field.
    public static let defaultGracePeriod = Span.seconds(30)
    /// What the pod asks of the machine, all its containers together; nil where the manifest is silent.
    public var resources: ResourceRequest
    /// The pod serves others until it is stopped: the runtime says when it is ready.
    public var isDaemon: Bool

    public init(
        id: PodID, podName: String, main: ContainerRequest, volumes: [VolumeRequest] = [], inputs: [ArtifactInput] = [],
        outputs: OutputRequest = OutputRequest(), gracePeriod: Span = Self.defaultGracePeriod,
        resources: ResourceRequest = ResourceRequest()
    ) {
        self.id = id
        self.podName = podName
        self.initContainers = []
        self.containers = [main]
        self.sidecars = []
        self.volumes = volumes
        self.inputs = inputs
        self.outputs = outputs
        self.gracePeriod = gracePeriod
        self.resources = resources
        self.isDaemon = false
    }

    /// The container that inputs and outputs are about: the one named `main`, else the first.
    public var main: ContainerRequest {
        get { self.containers[self.mainIndex] }
        set { self.containers[self.mainIndex] = newValue }
    }
    private var mainIndex: Int { self.containers.firstIndex { $0.name == "main" } ?? 0 }

    /// Every container of the pod, in the order of their kinds.
    public var allContainers: [ContainerRequest] { self.initContainers + self.containers + self.sidecars }
}

public struct ContainerRequest: Sendable, Equatable {
    public var name: String
    public var image: String
    /// Empty: the image's entry point, which only the configuration's `images:` can tell.
    public var command: [String]
    public var args: [String]
    /// Written into the container as an executable file whose path becomes the last word of `command` (Argo's script template).
    public var scriptSource: String?
    public var workingDir: String?
    public var env: [EnvironmentEntry]
    public var mounts: [VolumeMountRequest]
    public var runAsUser: Int?
    public var runAsGroup: Int?
    public var isTTY: Bool
    /// Containers of the same set that must have ended well before this one runs; when one of them fails, this one never runs.
    public var dependencies: [String]
    /// The program is run again in the same container when it fails.
    public var retry: ContainerRetry?
    /// Of an init container that is a sidecar (`restartPolicy: Always`): it starts in its turn among the init containers, goes on while the
    /// others and all containers run, is run again whenever it ends, and is stopped when they have ended.
    public var restarts: Bool
    /// When a container of a daemon, or a sidecar, is ready to serve; without one it is as soon as it runs.
    public var readiness: ProbeRequest?
    public var postStart: HandlerRequest?
    /// Carried out before SIGTERM when the container is stopped.
    public var preStop: HandlerRequest?
    /// What the container may use, enforced where the machine allows it.
    public var limits: ResourceRequest

    public init(
        name: String = "main", image: String, command: [String] = [], args: [String] = [], scriptSource: String? = nil,
        workingDir: String? = nil, env: [EnvironmentEntry] = [], mounts: [VolumeMountRequest] = [], runAsUser: Int? = nil,
        runAsGroup: Int? = nil, isTTY: Bool = false
    ) {
        self.name = name
        self.image = image
        self.command = command
        self.args = args
        self.scriptSource = scriptSource
        self.workingDir = workingDir
        self.env = env
        self.mounts = mounts
        self.runAsUser = runAsUser
        self.runAsGroup = runAsGroup
        self.isTTY = isTTY
        self.dependencies = []
        self.restarts = false
        self.limits = ResourceRequest()
    }
}

/// How a container of a set is run again inside its pod.
public struct ContainerRetry: Sendable, Equatable {
    /// Runs in all, the first included.
    public var attempts: Int
    public var wait: Span
    public init(attempts: Int, wait: Span) {
        self.attempts = attempts
        self.wait = wait
    }
}

/// What is done to ask or tell a container something.
public enum HandlerRequest: Sendable, Equatable {
    case exec(command: [String])
    /// Host nil: the pod itself.
    case httpGet(scheme: String, host: String?, port: Int, path: String, headers: [NamedValue])
    case tcpSocket(host: String?, port: Int)
}

public struct ProbeRequest: Sendable, Equatable {
    public var handler: HandlerRequest
    public var initialDelay: Span
    public var period: Span
    public var timeout: Span
    public var successThreshold: Int
    public init(
        handler: HandlerRequest, initialDelay: Span = .seconds(0), period: Span = .seconds(10), timeout: Span = .seconds(1),
        successThreshold: Int = 1
    ) {
        self.handler = handler
        self.initialDelay = initialDelay
        self.period = period
        self.timeout = timeout
        self.successThreshold = successThreshold
    }
}

/// In the order Kubernetes applies them; a later entry of the same name wins. `$(NAME)` in values, command and args is expanded by the
/// runtime from the entries before it (Kubernetes' rule, `$$` escapes).
public enum EnvironmentEntry: Sendable, Equatable {
    case value(name: String, String)
    case secretKey(name: String, secret: String, key: String, isOptional: Bool)
    /// Every key of the secret that is a legal variable name, with `prefix` before it.
    case allOfSecret(secret: String, prefix: String, isOptional: Bool)
}

public struct VolumeMountRequest: Sendable, Equatable {
    public var volume: String
    public var mountPath: String
    public var subPath: String?
    public var isReadOnly: Bool
    public init(volume: String, mountPath: String, subPath: String? = nil, isReadOnly: Bool = false) {
        self.volume = volume
        self.mountPath = mountPath
        self.subPath = subPath
        self.isReadOnly = isReadOnly
    }
}

public struct VolumeRequest: Sendable, Equatable {
    public enum Source: Sendable, Equatable {
        /// A fresh directory that lives as long as the pod; `isMemory` puts it on tmpfs.
        case emptyDir(isMemory: Bool)
        /// `type` is Kubernetes' (`Directory`, `DirectoryOrCreate`, `File`, `FileOrCreate`, …), empty for no check.
        case hostPath(path: String, type: String)
        /// Files with known content (ConfigMaps): path relative to the mount, content, permission bits.
        case files([VolumeFile])
        /// Keys of a secret as files, each mapped to a relative path; no items means every key under its own name.
        case secret(name: String, items: [SecretItem], defaultMode: Int, isOptional: Bool)
        /// A directory shared by the nodes of the run, made on first use (volumeClaimTemplates): the claim's name.
        case claim(String)
        /// A directory that outlives the run (a PersistentVolumeClaim of the store): its namespace and name.
        case persistentClaim(namespace: String, name: String)
        /// Several sources of files in one directory.
        indirect case projected([Source])
    }
    public var name: String
    public var source: Source
    public init(name: String, source: Source) {
        self.name = name
        self.source = source
    }
}

public struct VolumeFile: Sendable, Equatable {
    public var path: String
    public var content: String
    public var mode: Int
    public init(path: String, content: String, mode: Int) {
        self.path = path
        self.content = content
        self.mode = mode
    }
}

public struct SecretItem: Sendable, Equatable {
    public var key: String
    public var path: String
    public var mode: Int?
    public init(key: String, path: String, mode: Int? = nil) {
        self.key = key
        self.path = path
        self.mode = mode
    }
}

/// How an artifact is packed. A stored artifact is kept as plain files whatever this says; it decides what a consumer that asks for the
/// packed form is given.
public enum ArtifactArchive: String, Sendable, Equatable {
    case none, tar, zip
}

/// An artifact that was produced by a pod, where the store keeps it.
public struct StoredArtifact: Sendable, Equatable, Hashable {
    /// The store's own key, `<run>/<node>/<attempt>/<artifact name>`.
    public var key: String
    /// The name of the file or directory itself, the last component of the producer's path.
    public var fileName: String
    public var archive: ArtifactArchive
    public var isDirectory: Bool
    /// Relative path inside the artifact that is meant (Argo's subPath); nil for all of it.
    public var subPath: String?
    public init(key: String, fileName: String, archive: ArtifactArchive, isDirectory: Bool, subPath: String? = nil) {
        self.key = key
        self.fileName = fileName
        self.archive = archive
        self.isDirectory = isDirectory
        self.subPath = subPath
    }
}

/// What an input artifact is made from.
public enum ArtifactSource: Sendable, Equatable, Hashable {
    case raw(String)
    case stored(StoredArtifact)
}

public struct ArtifactInput: Sendable, Equatable {
    public var name: String
    public var path: String
    public var source: ArtifactSource
    /// As the consumer declares it; nil is Argo's default: a gzipped tar is unpacked, anything else is placed as it is.
    public var archive: ArtifactArchive?
    public var mode: Int?
    public var isModeRecursive: Bool
    public var isOptional: Bool
    public init(
        name: String, path: String, source: ArtifactSource, archive: ArtifactArchive? = nil, mode: Int? = nil,
        isModeRecursive: Bool = false,
        isOptional: Bool = false
    ) {
        self.name = name
        self.path = path
        self.source = source
        self.archive = archive
        self.mode = mode
        self.isModeRecursive = isModeRecursive
        self.isOptional = isOptional
    }
}

public struct OutputRequest: Sendable, Equatable {
    public struct Parameter: Sendable, Equatable {
        public var name: String
        public var path: String
        /// Without it a missing file is an error.
        public var isRequired: Bool
        public init(name: String, path: String, isRequired: Bool) {
            self.name = name
            self.path = path
            self.isRequired = isRequired
        }
    }
    public struct Artifact: Sendable, Equatable {
        public var name: String
        public var path: String
        public var archive: ArtifactArchive
        public var isOptional: Bool
        public init(name: String, path: String, archive: ArtifactArchive, isOptional: Bool) {
            self.name = name
            self.path = path
            self.archive = archive
            self.isOptional = isOptional
        }
    }
    public var parameters: [Parameter]
    public var artifacts: [Artifact]
    /// Keep the last 256 KiB of standard output as `outputs.result`.
    public var capturesResult: Bool
    public init(parameters: [Parameter] = [], artifacts: [Artifact] = [], capturesResult: Bool = false) {
        self.parameters = parameters
        self.artifacts = artifacts
        self.capturesResult = capturesResult
    }
}

/// Kubernetes quantities, resolved: CPU in thousandths of a core, memory in bytes, anything else by count.
public struct ResourceRequest: Sendable, Equatable {
    public var cpuMillis: Int64?
    public var memoryBytes: Int64?
    public var extended: [String: Int64]
    public init(cpuMillis: Int64? = nil, memoryBytes: Int64? = nil, extended: [String: Int64] = [:]) {
        self.cpuMillis = cpuMillis
        self.memoryBytes = memoryBytes
        self.extended = extended
    }
}

/// How one container of a pod ended.
public struct ContainerResult: Sendable, Equatable {
    public var name: String
    public var end: PodResult.End
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp
    /// Kubernetes' word for a special end, like `OOMKilled`; nil for an ordinary one.
    public var reason: String?
    public init(name: String, end: PodResult.End, startedAt: Timestamp? = nil, finishedAt: Timestamp, reason: String? = nil) {
        self.name = name
        self.end = end
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.reason = reason
    }
}

/// How a pod ended.
public struct PodResult: Sendable, Equatable {
    public enum End: Sendable, Equatable {
        /// The main container ended by itself (or by a signal: 128 + its number, as a shell counts). Of a container set: 0 when all ended
        /// well, else the code of the first in order that did not.
        case exited(code: Int)
        /// The main container could not be started or its surroundings not be built; nothing of it ran.
        case notStarted(message: String)
        /// It ran, but its outputs could not be saved.
        case outputsLost(code: Int, message: String)
    }
    public var end: End
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp
    public var result: String?
    public var exitCode: Int? {
        switch self.end {
        case .exited(let code), .outputsLost(let code, _): code
        case .notStarted: nil
        }
    }
    /// By name; a parameter whose file was missing and not required is absent. One trailing newline is already cut off.
    public var parameters: [String: String]
    /// By name; a missing optional artifact is absent.
    public var artifacts: [String: StoredArtifact]
    /// Each container of a set, in the order of the request; empty for a pod with only `main`.
    public var containers: [ContainerResult]
    /// Processor time and peak memory of all processes of the pod, where the system tells.
    public var cpuMillis: Int64?
    public var peakMemoryBytes: Int64?
    /// Kubernetes' word for a special end of the main container, like `OOMKilled`; nil for an ordinary one.
    public var reason: String?
    public init(
        end: End, startedAt: Timestamp? = nil, finishedAt: Timestamp, result: String? = nil, parameters: [String: String] = [:],
        artifacts: [String: StoredArtifact] = [:], containers: [ContainerResult] = [], cpuMillis: Int64? = nil,
        peakMemoryBytes: Int64? = nil,
        reason: String? = nil
    ) {
        self.end = end
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.result = result
        self.parameters = parameters
        self.artifacts = artifacts
        self.containers = containers
        self.cpuMillis = cpuMillis
        self.peakMemoryBytes = peakMemoryBytes
        self.reason = reason
    }
}
