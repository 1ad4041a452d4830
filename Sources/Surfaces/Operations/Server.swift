public import WorkflowModel

// What a surface asks that other programs reach over a network: pages instead of whole lists, changes as they happen, the bytes of artifacts,
// and who may do what. `HTTPServer` serves these protocols, `RemoteOperations` speaks them from the other side.

// MARK: The program

/// How a request may prove who sends it.
public enum AuthenticationMode: String, Sendable, Hashable, CaseIterable {
    /// Everybody who reaches the address may do everything.
    case none
    /// By a token that this server made (`skiff auth token create`).
    case client
}

/// What `skiff server` is asked to do.
public struct ServerRequest: Sendable, Equatable {
    /// Where to listen: an IP address or a host name.
    public var address: String
    /// 0 for any that is free.
    public var port: Int
    /// nil where the user says nothing: `none` on loopback; on any other address the server refuses to start.
    public var authentication: AuthenticationMode?
    /// Paths of PEM files; both or none.
    public var certificate: String?
    public var privateKey: String?
    /// Steps go on when the server ends, and the next one takes them over; else they are stopped.
    public var leavesRunning: Bool
    /// Path of the configuration file; nil for the usual place.
    public var configuration: String?
    /// `auto`, `sandbox` or `process`.
    public var runtime: String
    public var maxParallel: Int?

    public init(
        address: String = "127.0.0.1", port: Int = 2746, authentication: AuthenticationMode? = nil, certificate: String? = nil,
        privateKey: String? = nil, leavesRunning: Bool = false, configuration: String? = nil, runtime: String = "auto",
        maxParallel: Int? = nil
    ) {
        self.address = address
        self.port = port
        self.authentication = authentication
        self.certificate = certificate
        self.privateKey = privateKey
        self.leavesRunning = leavesRunning
        self.configuration = configuration
        self.runtime = runtime
        self.maxParallel = maxParallel
    }
}

/// What a server tells about itself beside its version: `GET /api/v1/info`.
public struct ServerInformation: Sendable, Equatable {
    /// The one namespace that it serves; empty for all.
    public var managedNamespace: String
    /// Of the configuration file, as they stand there.
    public var links: [JSONValue]
    public var columns: [JSONValue]
    public var navigationColor: String

    public init(managedNamespace: String = "", links: [JSONValue] = [], columns: [JSONValue] = [], navigationColor: String = "") {
        self.managedNamespace = managedNamespace
        self.links = links
        self.columns = columns
        self.navigationColor = navigationColor
    }
}

// MARK: Pages and changes of runs

/// How a name is compared.
public enum NameFilter: Sendable, Equatable {
    case exact(String)
    case prefix(String)
    case contains(String)
    case differs(String)
}

/// How much of a run is wanted.
public enum RunDetail: Sendable, Equatable {
    /// What the row of a list holds: metadata, `spec.arguments`, `spec.priority`, and of the status `phase`, `message`, `progress`, `startedAt`
    /// and `finishedAt`. Costs no look at the run itself.
    case summary
    /// The Workflow object with its whole spec and status.
    case whole
}

public struct RunListQuery: Sendable, Equatable {
    /// nil for all namespaces.
    public var namespace: String?
    public var name: NameFilter?
    public var labels: LabelSelector
    /// nil for both.
    public var isFinished: Bool?
    public var createdAfter: Timestamp?
    public var finishedBefore: Timestamp?
    public var startedAfter: Timestamp?
    public var startedBefore: Timestamp?
    public var limit: Int
    /// `next` of the page before.
    public var continuation: String?
    public var detail: RunDetail
    /// Whether `RunPage.remaining` is wanted.
    public var countsRemaining: Bool

    public init(
        namespace: String? = "default", name: NameFilter? = nil, labels: LabelSelector = .all, isFinished: Bool? = nil,
        createdAfter: Timestamp? = nil, finishedBefore: Timestamp? = nil, startedAfter: Timestamp? = nil, startedBefore: Timestamp? = nil,
        limit: Int = 500, continuation: String? = nil, detail: RunDetail = .summary, countsRemaining: Bool = false
    ) {
        self.namespace = namespace
        self.name = name
        self.labels = labels
        self.isFinished = isFinished
        self.createdAfter = createdAfter
        self.finishedBefore = finishedBefore
        self.startedAfter = startedAfter
        self.startedBefore = startedBefore
        self.limit = limit
        self.continuation = continuation
        self.detail = detail
        self.countsRemaining = countsRemaining
    }
}

public struct RunPage: Sendable, Equatable {
    /// Workflow objects: unfinished runs first by newest creation, then finished ones by newest end.
    public var items: [JSONValue]
    /// To watch from.
    public var resourceVersion: String
    /// For the next page; nil after the last.
    public var next: String?
    /// How many come behind this page; nil where nobody asked.
    public var remaining: Int?

    public init(items: [JSONValue], resourceVersion: String, next: String? = nil, remaining: Int? = nil) {
        self.items = items
        self.resourceVersion = resourceVersion
        self.next = next
        self.remaining = remaining
    }
}

public struct RunWatchQuery: Sendable, Equatable {
    /// nil for all namespaces.
    public var namespace: String?
    public var name: NameFilter?
    public var labels: LabelSelector
    public var detail: RunDetail
    /// `resourceVersion` of a page: only later changes are told. nil to be told first of every run there is, as added.
    public var since: String?

    public init(
        namespace: String? = "default", name: NameFilter? = nil, labels: LabelSelector = .all, detail: RunDetail = .whole,
        since: String? = nil
    ) {
        self.namespace = namespace
        self.name = name
        self.labels = labels
        self.detail = detail
        self.since = since
    }
}

/// A change of a run, as Kubernetes tells it.
public struct RunChange: Sendable, Equatable {
    public var change: ResourceChange.Change
    /// The Workflow as it is now; of a run that was deleted, as it was (at least its metadata).
    public var object: JSONValue
    public init(_ change: ResourceChange.Change, _ object: JSONValue) {
        self.change = change
        self.object = object
    }
}

/// Which run is meant, whatever its name has been used for since.
public struct RunLocation: Sendable, Hashable {
    public var namespace: String
    public var name: String
    public var uid: String
    public init(namespace: String, name: String, uid: String) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }
}

/// Questions about many runs, for surfaces that serve many who ask.
public protocol RunCatalog: Sendable {
    /// - Throws: `OperationError.invalid` for a continuation that is none of ours.
    func page(_ query: RunListQuery) async throws -> RunPage
    /// Changes as they happen, until the task is cancelled. A reader that is slow is told the newest state of each run, not each state in
    /// between: what waits for it is bounded by the number of runs that changed.
    /// - Throws: from the stream, `OperationError.expired` when changes since the version are not known any more.
    func watch(_ query: RunWatchQuery) async throws -> AsyncThrowingStream<RunChange, any Error>
    /// Where the run with that uid is. `Operations` takes the uid as its name there.
    /// - Throws: `OperationError.notFound`.
    func locate(uid: String) async throws -> RunLocation
    /// Keys of the labels of finished runs, sorted.
    /// - Parameter namespace: nil for all.
    func labelKeys(namespace: String?) async throws -> [String]
    /// Values that the label has on finished runs, sorted.
    func labelValues(of key: String, namespace: String?) async throws -> [String]
}

// MARK: Artifacts

public struct ArtifactQuery: Sendable, Equatable {
    public var namespace: String
    /// Name or uid of the run, or `@latest`.
    public var run: String
    /// ID or name of the node.
    public var node: String
    public var artifact: String
    public var isInput: Bool
    /// Names of directories and at last of a file inside the artifact; empty for the artifact itself.
    public var path: [String]
    /// As a cluster keeps it: packed as its producer says, so that a directory is one file. Else as the producer left it.
    public var isPacked: Bool

    public init(
        namespace: String, run: String, node: String, artifact: String, isInput: Bool = false, path: [String] = [], isPacked: Bool = false
    ) {
        self.namespace = namespace
        self.run = run
        self.node = node
        self.artifact = artifact
        self.isInput = isInput
        self.path = path
        self.isPacked = isPacked
    }
}

/// What is in a directory of an artifact.
public struct ArtifactEntry: Sendable, Equatable {
    public var name: String
    public var isDirectory: Bool
    /// Of a file; of a directory 0.
    public var sizeInBytes: Int64
    public init(name: String, isDirectory: Bool, sizeInBytes: Int64) {
        self.name = name
        self.isDirectory = isDirectory
        self.sizeInBytes = sizeInBytes
    }
}

/// An artifact, or a part of it.
public struct ArtifactDownload: Sendable {
    public enum Content: Sendable {
        /// Pieces are read as they are asked for.
        case file(sizeInBytes: Int64?, bytes: AsyncThrowingStream<[UInt8], any Error>)
        /// By name.
        case directory([ArtifactEntry])
    }
    /// Last part of the artifact's key or of the path inside it.
    public var fileName: String
    public var content: Content
    public init(fileName: String, content: Content) {
        self.fileName = fileName
        self.content = content
    }
}

/// What `upload` has stored.
public struct UploadedArtifact: Sendable, Equatable {
    public var name: String
    /// For `submitOptions.artifacts`.
    public var key: String
    public init(name: String, key: String) {
        self.name = name
        self.key = key
    }
}

public protocol ArtifactOperations: Sendable {
    /// Opens an artifact of a run, finished or not.
    /// - Throws: `OperationError.notFound`, also for every path that leads out of the artifact.
    func artifact(_ query: ArtifactQuery) async throws -> ArtifactDownload
    /// Stores a file as a value for an artifact that a WorkflowTemplate declares among its arguments.
    func upload(
        _ bytes: AsyncThrowingStream<[UInt8], any Error>, fileName: String, artifact: String, template: String, namespace: String
    ) async throws -> UploadedArtifact
}

// MARK: Events

/// What a request to the events path carries.
public struct IncomingEvent: Sendable, Equatable {
    public var namespace: String
    /// May be empty.
    public var discriminator: String
    /// Headers of the request, their names in lower case.
    public var metadata: [String: [String]]
    public var payload: JSONValue
    public init(namespace: String, discriminator: String, metadata: [String: [String]], payload: JSONValue) {
        self.namespace = namespace
        self.discriminator = discriminator
        self.metadata = metadata
        self.payload = payload
    }
}

public protocol EventOperations: Sendable {
    /// Tries all WorkflowEventBindings of the namespace and submits what the matching ones say.
    /// - Returns: the Workflows that were submitted.
    /// - Throws: the first failure, after all bindings were tried.
    @discardableResult func dispatch(_ event: IncomingEvent) async throws -> [JSONValue]
}

// MARK: Limits of locks

/// How many may hold a semaphore: a key of a ConfigMap.
public struct SyncLimit: Sendable, Equatable {
    public var namespace: String
    public var configMap: String
    public var key: String
    public var limit: Int
    public init(namespace: String, configMap: String, key: String, limit: Int) {
        self.namespace = namespace
        self.configMap = configMap
        self.key = key
        self.limit = limit
    }
}

public protocol SyncLimitOperations: Sendable {
    func syncLimit(_ key: String, configMap: String, namespace: String) async throws -> SyncLimit
    /// - Throws: `OperationError.alreadyExists`.
    func createSyncLimit(_ limit: SyncLimit) async throws -> SyncLimit
    /// - Throws: `OperationError.notFound`.
    func updateSyncLimit(_ limit: SyncLimit) async throws -> SyncLimit
    func deleteSyncLimit(_ key: String, configMap: String, namespace: String) async throws
}

// MARK: Who may do what

public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Looks at everything but the values of Secrets.
    case viewer
    /// And submits runs and commands them.
    case submitter
    /// And changes templates, schedules, ConfigMaps, Secrets and tokens.
    case admin
}

/// Who sends a request.
public struct Principal: Sendable, Equatable {
    /// Name of the token.
    public var name: String
    public var role: Role
    /// Where it may act; nil for everywhere, and for what belongs to no namespace.
    public var namespaces: Set<String>?
    public init(name: String, role: Role, namespaces: Set<String>? = nil) {
        self.name = name
        self.role = role
        self.namespaces = namespaces
    }
}

/// A token as lists show it: never the token itself, which nobody can read back.
public struct TokenSummary: Sendable, Equatable {
    public var name: String
    public var role: Role
    public var namespaces: Set<String>?
    public var createdAt: Timestamp
    /// nil for never.
    public var expiresAt: Timestamp?
    public init(name: String, role: Role, namespaces: Set<String>?, createdAt: Timestamp, expiresAt: Timestamp?) {
        self.name = name
        self.role = role
        self.namespaces = namespaces
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// Tokens by which programs and people prove who they are.
public protocol TokenOperations: Sendable {
    /// Makes a token. Only its hash is kept.
    /// - Returns: the token's text: told this once.
    /// - Throws: `OperationError.alreadyExists`.
    func createToken(name: String, role: Role, namespaces: Set<String>?, expiresAt: Timestamp?) async throws -> String
    /// By name.
    func tokens() async throws -> [TokenSummary]
    /// - Throws: `OperationError.notFound`.
    func revokeToken(name: String) async throws
    /// Takes as long for a token that is nearly right as for any other.
    /// - Returns: nil when there is no such token, or its time is over.
    func authenticate(token: String) async throws -> Principal?
}
