public import Engine
public import WorkflowModel

/// News of a pod. Each pod ends with exactly one `finished` or `lost`, which is its last.
public enum PodEvent: Sendable, Equatable {
    /// The main container's program is about to run: the start record is written.
    case started(PodID, at: Timestamp)
    /// Every container of a daemon runs, and those with a readiness probe have passed it.
    case ready(PodID, at: Timestamp)
    /// A container of a container set is about to run.
    case containerStarted(PodID, container: String, at: Timestamp)
    /// A container of a container set has ended, while others may still run.
    case containerFinished(PodID, ContainerResult)
    /// The step wrote `N/M` to the file named by `ARGO_PROGRESS_FILE`.
    case progress(PodID, done: Int64, of: Int64)
    /// What the pod left behind is in its directory; `collected` says where, for the artifact store to take over.
    case finished(PodID, PodResult, collected: [CollectedArtifact])
    /// The machine or the supervisor was lost under it. All its processes are proven dead.
    case lost(PodID, reason: String, at: Timestamp)
}

/// An output artifact as the runtime collected it: a plain file or directory that the artifact store may move away.
public struct CollectedArtifact: Sendable, Equatable {
    public var name: String
    public var path: String
    /// Last component of the path the manifest gave.
    public var fileName: String
    public var archive: ArtifactArchive
    public var isDirectory: Bool
    public init(name: String, path: String, fileName: String, archive: ArtifactArchive, isDirectory: Bool) {
        self.name = name
        self.path = path
        self.fileName = fileName
        self.archive = archive
        self.isDirectory = isDirectory
    }
}

/// An input artifact ready to be placed: `localPath` is a file or directory of the artifact store, to be copied, never changed.
public struct PlacedInput: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case text(String)
        case copyOf(localPath: String)
    }
    public var name: String
    public var path: String
    public var content: Content
    public var mode: Int?
    public var isModeRecursive: Bool
    public init(name: String, path: String, content: Content, mode: Int? = nil, isModeRecursive: Bool = false) {
        self.name = name
        self.path = path
        self.content = content
        self.mode = mode
        self.isModeRecursive = isModeRecursive
    }
}

/// A pod with everything that comes from elsewhere: inputs on disk, secret values in memory.
public struct PodLaunch: Sendable {
    public var request: PodRequest
    public var inputs: [PlacedInput]
    /// Values by secret name and key, only those the request names. Never written anywhere.
    public var secrets: [String: [String: [UInt8]]]
    public init(request: PodRequest, inputs: [PlacedInput], secrets: [String: [String: [UInt8]]]) {
        self.request = request
        self.inputs = inputs
        self.secrets = secrets
    }
}

/// Runs pods. Every call may be repeated with the effect of once.
public protocol PodRuntime: Sendable {
    /// Starts the pod, or adopts it when its directory says that it was started before. Returns once the request is on its way; what becomes
    /// of it, a failure to start included, arrives as an event.
    func launch(_ launch: PodLaunch) async
    /// Takes over a pod that an earlier process may have started, when its request cannot or must not be launched anew. A pod that was never
    /// started answers false and stays so.
    func adopt(_ pod: PodID) async -> Bool
    /// Asks the pod to end: SIGTERM, and SIGKILL to everything in it when the grace period is over (at once when `grace` is zero).
    func stop(_ pod: PodID, grace: Span) async
    /// News of all pods, in order for each. One consumer.
    var events: AsyncStream<PodEvent> { get }
    /// Removes what the pods of a run left on disk, logs included.
    func remove(_ run: RunID) async throws
    /// Removes the claims that a run made for itself, with what they hold.
    func removeClaims(of run: RunID) async throws
    /// What a container of a pod that has ended wrote, as plain text, for the artifact store to take over.
    func collectLog(of pod: PodID, container: String, name: String) async throws -> CollectedArtifact
}

public struct LogQuery: Sendable, Equatable {
    public var container: String
    public var since: Timestamp?
    /// Only the last so many lines.
    public var tail: Int?
    public init(container: String = "main", since: Timestamp? = nil, tail: Int? = nil) {
        self.container = container
        self.since = since
        self.tail = tail
    }
}

public struct LogLine: Sendable, Equatable {
    public enum Stream: String, Sendable { case stdout, stderr }
    /// As the log file has it, nanoseconds since 1970 UTC.
    public var nanoseconds: Int64
    public var stream: Stream
    /// Without the newline; a line longer than 16 KiB arrives in pieces, `isPartial` on all but the last.
    public var text: String
    public var isPartial: Bool
    public init(nanoseconds: Int64, stream: Stream, text: String, isPartial: Bool) {
        self.nanoseconds = nanoseconds
        self.stream = stream
        self.text = text
        self.isPartial = isPartial
    }
}

public protocol PodLogs: Sendable {
    /// The lines a pod has written so far, oldest first, read as they are consumed. With `follow`, goes on until the pod has ended.
    func lines(of pod: PodID, _ query: LogQuery, follow: Bool) -> AsyncThrowingStream<LogLine, any Error>
}
