public import WorkflowModel

/// How a run stands. Argo's words, projected in views.
public enum RunPhase: String, Sendable, Equatable {
    case pending = "Pending"
    case running = "Running"
    case succeeded = "Succeeded"
    case failed = "Failed"
    case error = "Error"

    public var isFinished: Bool {
        switch self {
        case .pending, .running: false
        case .succeeded, .failed, .error: true
        }
    }
}

public enum NodePhase: String, Sendable, Equatable {
    /// Waits for a lock, for the cache or for a place under a parallelism limit; views show it only while it waits for a lock.
    case held = "Held"
    /// Its pod was asked for and has not started.
    case pending = "Pending"
    case running = "Running"
    /// A daemon that is ready: what comes after it goes on, while it runs.
    case daemoned = "Daemoned"
    case succeeded = "Succeeded"
    case skipped = "Skipped"
    case omitted = "Omitted"
    case failed = "Failed"
    case error = "Error"

    /// What depends on the node may go on.
    public var isFulfilled: Bool {
        switch self {
        case .held, .pending, .running: false
        case .daemoned, .succeeded, .skipped, .omitted, .failed, .error: true
        }
    }
    /// Nothing more comes of it by itself.
    public var hasEnded: Bool { self.isFulfilled && self != .daemoned }
    /// Argo's word for it.
    public var shown: String {
        switch self {
        case .held: NodePhase.pending.rawValue
        case .daemoned: NodePhase.running.rawValue
        case .pending, .running, .succeeded, .skipped, .omitted, .failed, .error: self.rawValue
        }
    }
    /// It ran and ended.
    public var isCompleted: Bool { self == .succeeded || self.isFailure }
    public var isFailure: Bool { self == .failed || self == .error }
}

/// Argo's node types.
public enum NodeType: String, Sendable, Equatable {
    case pod = "Pod"
    case steps = "Steps"
    case stepGroup = "StepGroup"
    case dag = "DAG"
    case taskGroup = "TaskGroup"
    case retry = "Retry"
    case skipped = "Skipped"
    case suspend = "Suspend"
    case http = "HTTP"
    case plugin = "Plugin"
    /// Of a container set.
    case container = "Container"
}

/// Why a node exists.
public enum NodeRole: Sendable, Equatable {
    /// The entry node.
    case entry
    /// Group `index` of a steps node.
    case group(index: Int)
    /// A step or a task, alone or as the TaskGroup of its items: its place in the template.
    case site(Int)
    /// Element `item` of a step or task that fans out.
    case item(site: Int, item: Int)
    /// Attempt `index` of a retried node.
    case attempt(index: Int)
    /// The exit handler of the node that owns it; of the run when nobody does.
    case exitHandler
    /// A lifecycle hook of the node that owns it; of the run when nobody does.
    case hook(name: String)
    /// Member `index` of the container set that owns it.
    case container(index: Int)
}

/// What a held node waits for.
public enum NodeStage: String, Sendable, Equatable {
    case locks, cache
    /// A place under the limit of its boundary.
    case place
    /// A place under the workflow's limit, or the end of the run's suspension; it has its place in the boundary.
    case slot
    /// Its turn to go on with the parts it has, after somebody retried its run.
    case dormant
    /// As `locks` and `cache`, by a node that has its place in the boundary.
    case locksAgain, cacheAgain
}

/// How much of its work a step says it has done.
public struct NodeProgress: Sendable, Equatable {
    public var done: Int64
    public var all: Int64
    public init(done: Int64, of all: Int64) {
        self.done = done
        self.all = all
    }
}

/// What the cache of a memoized template had for a node.
public struct MemoStatus: Sendable, Equatable {
    public var isHit: Bool
    public var key: String
    public var cache: String
    public init(isHit: Bool, key: String, cache: String) {
        self.isHit = isHit
        self.key = key
        self.cache = cache
    }
}

/// A value of an input or output.
public struct NamedValue: Sendable, Equatable {
    public var name: String
    public var value: String
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

public struct NamedArtifact: Sendable, Equatable {
    public var name: String
    /// The path in the container, where there is one.
    public var path: String?
    public var source: ArtifactSource
    public init(name: String, path: String?, source: ArtifactSource) {
        self.name = name
        self.path = path
        self.source = source
    }
}

public struct NodeInputs: Sendable, Equatable {
    public var parameters: [NamedValue] = []
    public var artifacts: [NamedArtifact] = []
    public init() {}
    public var isEmpty: Bool { self.parameters.isEmpty && self.artifacts.isEmpty }
}

public struct NodeOutputs: Sendable, Equatable {
    public var parameters: [NamedValue] = []
    public var artifacts: [NamedArtifact] = []
    public var result: String?
    public var exitCode: Int?
    public init() {}
    public var isEmpty: Bool { self.parameters.isEmpty && self.artifacts.isEmpty && self.result == nil && self.exitCode == nil }
}

/// A node of a run. Everything that cannot be told again from the plan and the other nodes.
public struct Node: Sendable, Equatable {
    public let id: NodeID
    /// Whose part it is: the group of a step, the retried node of an attempt, the node of an exit handler.
    public let owner: NodeID?
    /// The enclosing steps or dag node, as Argo's boundaryID.
    public let boundary: NodeID?
    public let role: NodeRole
    /// Argo's full node name.
    public let name: String
    /// From the template's display-name annotation.
    public var displayName: String?
    public var type: NodeType
    /// Place in the plan's templates; nil for groups and for nodes that ended before their template was known.
    public var template: Int?
    /// How many templates enclose it, for the recursion limit.
    public let depth: Int
    public var phase: NodePhase
    public var message: String
    public var startedAt: Timestamp
    public var finishedAt: Timestamp?
    public var inputs: NodeInputs
    public var outputs: NodeOutputs
    /// The item it was made for, as JSON text.
    public var item: String?
    /// Counts starts of the pod beyond the first, each after a loss of infrastructure.
    public var podAttempt: Int
    /// Part of an exit handler: deadlines and a stop do not reach it.
    public let isExit: Bool
    /// Why its pod is being stopped: what it becomes when the pod has ended.
    public var doom: Doom?
    /// A Retry node: when the next attempt may start.
    public var dueAt: Timestamp?
    /// Processor milliseconds and peak memory bytes of the pod.
    public var cpuMillis: Int64?
    public var peakMemoryBytes: Int64?
    public var stage: NodeStage = .place
    /// Its turn among those that wait for a place, from the order in which they came; 0 when it does not wait for one.
    public var turn: Int = 0
    /// The locks it was given.
    public var locks: [LockRequest] = []
    /// The lock it waits for, as Argo writes it.
    public var waitsFor: String?
    public var memo: MemoStatus?
    public var progress: NodeProgress?
    /// It was made again when somebody retried its run; kept as history only.
    public var isRetired = false
    /// Argo's id of the node it was taken over from, in the run that this one is a resubmission of; it did not run here.
    public var original: String?
    public var metrics: [MetricSample] = []
    /// Nodes that it owns and that are not retired, in order of creation. Told again from `owner` after a restart.
    public var children: [NodeID]
}

/// What a node becomes when its pod, which is being stopped, has ended.
public struct Doom: Sendable, Equatable {
    public var phase: NodePhase
    public var message: String
}

/// What a run keeps beside its nodes.
public struct RunState: Sendable, Equatable {
    public enum Shutdown: String, Sendable, Equatable {
        case stop = "Stop"
        case terminate = "Terminate"
    }
    public var phase: RunPhase = .pending
    public var message: String = ""
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    public var shutdown: Shutdown?
    public var isPastDeadline: Bool = false
    /// Nothing new starts.
    public var isSuspended: Bool = false
    /// Outputs with a globalName, in the order they were first set.
    public var globalParameters: [NamedValue] = []
    public var globalArtifacts: [NamedArtifact] = []
    /// The latest time an event brought; time never goes back within a run.
    public var now: Timestamp = Timestamp(milliseconds: 0)
    /// The locks that the run itself was given.
    public var locks: [LockRequest] = []
    public var waitsFor: String?
    /// Labels that were computed when the run began (`workflowMetadata.labelsFrom`).
    public var labels: [NamedValue] = []
    /// What the workflow's own metrics came to.
    public var metrics: [MetricSample] = []
    /// Which metric could not be evaluated, and why.
    public var metricsError: String?
    /// Node that runs the entry template.
    public var entryNode = NodeID(0)
    /// Node that runs the workflow's exit handler.
    public var exitNode: NodeID?
    /// Why the run was ended that could not have ended by itself.
    public var deadlock: String?
    /// It could not even have ended its exit handlers.
    public var isExitDeadlocked = false
    /// The turn that was given out last.
    public var latestTurn: Int = 0
    /// What the latest commit was to be followed by and no node tells again.
    public var debts: [Debt] = []
}

/// Something to be done once for a node that has ended. What is recorded with a commit has been done when the next one comes.
public enum Debt: Sendable, Equatable {
    /// Its locks go back; without a node, those of the run itself.
    case release(NodeID?)
    /// Its outputs go into the cache.
    case remember(NodeID)
}
