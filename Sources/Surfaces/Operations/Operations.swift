public import Diagnostics
public import WorkflowModel

/// A request that was refused.
public struct OperationError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case notFound, alreadyExists, invalid, conflict, unavailable, storageFull, unauthorized, internalFault
        /// What was asked for was there, and is not kept any more.
        case expired
        /// There is no talking to the server: it may not have heard what was asked.
        case unreachable
    }
    public var code: Code
    /// What is, and what was expected; the user's words in single quotes.
    public var message: String
    /// What to do.
    public var hint: String?
    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
    public var description: String { self.hint.map { "\(self.message)\n  hint: \($0)" } ?? self.message }
}

public struct ListQuery: Sendable, Equatable {
    /// nil for all namespaces.
    public var namespace: String?
    public var prefix: String?
    /// Argo's phases; empty for all.
    public var phases: Set<String>
    public var isFinished: Bool?
    public var createdAfter: Timestamp?
    public var finishedBefore: Timestamp?
    public var labels: [String: String]
    public var limit: Int
    public init(
        namespace: String? = "default", prefix: String? = nil, phases: Set<String> = [], isFinished: Bool? = nil,
        createdAfter: Timestamp? = nil, finishedBefore: Timestamp? = nil, labels: [String: String] = [:], limit: Int = 1000
    ) {
        self.namespace = namespace
        self.prefix = prefix
        self.phases = phases
        self.isFinished = isFinished
        self.createdAfter = createdAfter
        self.finishedBefore = finishedBefore
        self.labels = labels
        self.limit = limit
    }
}

/// A line of `skiff list`.
public struct RunSummary: Sendable, Equatable {
    public var namespace: String
    public var name: String
    public var uid: String
    public var phase: String
    public var message: String
    public var createdAt: Timestamp
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    public var priority: Int
    public var progress: String
    public var labels: [String: String]
    public var parameters: [String: String]
    public init(
        namespace: String, name: String, uid: String, phase: String, message: String, createdAt: Timestamp, startedAt: Timestamp?,
        finishedAt: Timestamp?, priority: Int, progress: String, labels: [String: String], parameters: [String: String]
    ) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.phase = phase
        self.message = message
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.priority = priority
        self.progress = progress
        self.labels = labels
        self.parameters = parameters
    }
}

public struct LogsQuery: Sendable, Equatable {
    public var run: String
    public var namespace: String
    /// A node: its name, display name, id or pod name; nil for all pods of the run.
    public var node: String?
    public var container: String
    public var follows: Bool
    public var since: Timestamp?
    public var tail: Int?
    /// A regular expression (RE2) that lines must contain.
    public var pattern: String?
    public init(
        run: String, namespace: String = "default", node: String? = nil, container: String = "main", follows: Bool = false,
        since: Timestamp? = nil, tail: Int? = nil, pattern: String? = nil
    ) {
        self.run = run
        self.namespace = namespace
        self.node = node
        self.container = container
        self.follows = follows
        self.since = since
        self.tail = tail
        self.pattern = pattern
    }
}

public struct PodLogLine: Sendable, Equatable {
    public var podName: String
    public var nanoseconds: Int64
    public var text: String
    public init(podName: String, nanoseconds: Int64, text: String) {
        self.podName = podName
        self.nanoseconds = nanoseconds
        self.text = text
    }
}

/// Everything a surface can ask of stored runs. `@latest` is accepted as a name: the newest run of the namespace.
public protocol Operations: RunExplainer {
    /// Unfinished runs first by newest creation, then finished ones by newest end.
    func list(_ query: ListQuery) async throws -> [RunSummary]
    /// The Workflow object in Argo's shape, status and nodes included.
    func get(_ name: String, namespace: String) async throws -> JSONValue
    /// Lines of all matching pods merged by time; with `follows`, until the run has ended.
    func logs(_ query: LogsQuery) async throws -> AsyncThrowingStream<PodLogLine, any Error>
    /// Kills what runs, still runs exit handlers. Returns the run's real name.
    @discardableResult func stop(_ name: String, namespace: String, message: String) async throws -> String
    /// Kills what runs, exit handlers too.
    @discardableResult func terminate(_ name: String, namespace: String) async throws -> String
    /// Nothing new starts until the run is resumed; what runs goes on.
    @discardableResult func suspend(_ name: String, namespace: String) async throws -> String
    /// Lets a suspended run go on, and with it every node that waits for a person; with a selector, only the nodes that match.
    @discardableResult func resume(_ name: String, namespace: String, selector: String?, message: String) async throws -> String
    /// Gives nodes that wait for a person the values of their outputs, and ends them when a phase is given.
    @discardableResult func set(_ name: String, namespace: String, selector: String, _ change: NodeSetting) async throws -> String
    /// Removes a run with its records, logs and artifacts: one that has ended, or whose process is gone; what that one left running is ended.
    @discardableResult func delete(_ name: String, namespace: String) async throws -> String
}

/// What `node set` gives to a node.
public struct NodeSetting: Sendable, Equatable {
    public var outputs: [(name: String, value: String)]
    /// `Succeeded`, `Failed` or `Error`; nil leaves the node waiting.
    public var phase: String?
    public var message: String
    public init(outputs: [(name: String, value: String)] = [], phase: String? = nil, message: String = "") {
        self.outputs = outputs
        self.phase = phase
        self.message = message
    }

    public static func == (left: NodeSetting, right: NodeSetting) -> Bool {
        left.outputs.elementsEqual(right.outputs) { $0 == $1 } && left.phase == right.phase && left.message == right.message
    }
}

/// What `skiff run` is asked to do.
public struct RunRequest: Sendable {
    /// Paths as the user gave them; `-` is standard input.
    public var files: [String]
    /// In the order given; a later one of the same name wins.
    public var parameters: [(name: String, value: String)]
    public var entrypoint: String?
    public var name: String?
    public var namespace: String
    /// `auto`, `sandbox` or `process`.
    public var runtime: String
    public var maxParallel: Int?
    public var labels: [String: String]
    public var generateName: String?
    public var serviceAccount: String?
    public var priority: Int?
    public var annotations: [String: String]
    public init(
        files: [String], parameters: [(name: String, value: String)] = [], entrypoint: String? = nil, name: String? = nil,
        namespace: String = "default", runtime: String = "auto", maxParallel: Int? = nil, labels: [String: String] = [:],
        generateName: String? = nil, serviceAccount: String? = nil, priority: Int? = nil, annotations: [String: String] = [:]
    ) {
        self.files = files
        self.parameters = parameters
        self.entrypoint = entrypoint
        self.name = name
        self.namespace = namespace
        self.runtime = runtime
        self.maxParallel = maxParallel
        self.labels = labels
        self.generateName = generateName
        self.serviceAccount = serviceAccount
        self.priority = priority
        self.annotations = annotations
    }
}

/// A manifest or a set of arguments that cannot be run: everything that is wrong with it, and the lines to show it in.
public struct ManifestFault: Error, Sendable {
    public var diagnostics: [Diagnostic]
    /// The lines of each file named in the diagnostics.
    public var excerpts: [String: [Substring]]
    public init(diagnostics: [Diagnostic], excerpts: [String: [Substring]]) {
        self.diagnostics = diagnostics
        self.excerpts = excerpts
    }
}

/// News of a run under way, for a person who watches.
public enum RunUpdate: Sendable, Equatable {
    /// Told once, before anything else: which runtime carries the steps out and why.
    case runtimeChosen(String)
    /// Warnings and hints about the manifests; errors are thrown instead.
    case diagnostics([Diagnostic], excerpts: [String: [Substring]])
    case runStarted(run: String)
    case nodeChanged(run: String, node: String, displayName: String, type: String, phase: String, message: String)
    case runFinished(run: String, phase: String, message: String)
}

/// A run, or several side by side, that this process carries out.
public protocol RunSession: Sendable {
    /// The names of the runs, in the order of the manifests.
    var names: [String] { get }
    /// One consumer; ends after the last run has.
    var updates: AsyncStream<RunUpdate> { get }
    /// The Workflow objects as they are now, in the order of `names`.
    func workflows() async -> [JSONValue]
    /// Stop (exit handlers run), then terminate.
    func stop() async
    func terminate() async
    /// Stops carrying the runs out and leaves their steps running for a later `--resume`.
    func leave() async
    /// Returns when every run has ended (or after `leave`).
    /// - Throws: `OperationError` when recording failed (disk full); what was recorded stays readable.
    func wait() async throws
}

/// Carrying runs out in this process.
public protocol RunStarter: RunRepeater, ManifestLinter {
    /// Reads and checks the manifests, records the runs and starts them.
    /// - Throws: `ManifestFault`, `OperationError`; nothing runs then.
    func start(_ request: RunRequest) async throws -> any RunSession
    /// Takes an unfinished run over whose process is gone.
    func resume(_ name: String, namespace: String, maxParallel: Int?) async throws -> any RunSession
}
