public import Expressions
public import WorkflowModel

/// A template with its defaults, checked and compiled. Shared, so that looking at one field copies nothing.
public final class PlannedTemplate: Sendable {
    /// The work itself.
    public enum Body: Sendable {
        /// `container` or `script`.
        case pod(PlannedPod)
        case containerSet(PlannedContainerSet)
        case resource(PlannedResource)
        case data(PlannedData)
        case steps(PlannedSteps)
        case dag(PlannedDAG)
        /// The duration; nil waits until somebody resumes it.
        case suspend(TemplateText?)
        case http(PlannedHTTP)
        /// The plugin's own object, under its one key.
        case plugin(CompiledValue)
    }

    public let key: TemplateKey
    /// Written inside a step or task; its texts see what that step sees.
    public let isInline: Bool
    public let type: TemplateType
    public let body: Body
    public let inputs: [PlannedParameter]
    public let inputArtifacts: [PlannedArtifact]
    public let outputs: [PlannedParameter]
    public let outputArtifacts: [PlannedArtifact]
    public let retry: PlannedRetry?
    public let parallelism: Int?
    public let failFast: Bool
    public let timeout: TemplateText?
    /// How long a node may wait for its start.
    public let pendingTimeout: TemplateText?
    public let activeDeadlineSeconds: TemplateText?
    public let displayName: TemplateText?
    /// Counts as done once it is ready, and is ended with the steps or dag around it.
    public let isDaemon: Bool
    public let synchronization: PlannedSynchronization?
    public let memoize: PlannedMemoize?
    public let metrics: [PlannedMetric]
    /// Containers beside the main ones: UserContainer objects.
    public let sidecars: [CompiledValue]
    public let initContainers: [CompiledValue]
    public let podSpecPatch: TemplateText?
    public let archiveLocation: CompiledValue?
    /// The log of its main container becomes an artifact.
    public let archivesLogs: Bool
    /// What only a cluster reads: `metadata`, `nodeSelector`, `affinity`, `tolerations`, …, as one object; nil when there is nothing.
    public let clusterFields: CompiledValue?

    init(
        key: TemplateKey, isInline: Bool, type: TemplateType, body: Body, inputs: [PlannedParameter], inputArtifacts: [PlannedArtifact],
        outputs: [PlannedParameter], outputArtifacts: [PlannedArtifact], retry: PlannedRetry?, parallelism: Int?, failFast: Bool,
        timeout: TemplateText?, pendingTimeout: TemplateText?, activeDeadlineSeconds: TemplateText?, displayName: TemplateText?,
        isDaemon: Bool, synchronization: PlannedSynchronization?, memoize: PlannedMemoize?, metrics: [PlannedMetric],
        sidecars: [CompiledValue], initContainers: [CompiledValue], podSpecPatch: TemplateText?, archiveLocation: CompiledValue?,
        archivesLogs: Bool, clusterFields: CompiledValue?
    ) {
        self.key = key
        self.isInline = isInline
        self.type = type
        self.body = body
        self.inputs = inputs
        self.inputArtifacts = inputArtifacts
        self.outputs = outputs
        self.outputArtifacts = outputArtifacts
        self.retry = retry
        self.parallelism = parallelism
        self.failFast = failFast
        self.timeout = timeout
        self.pendingTimeout = pendingTimeout
        self.activeDeadlineSeconds = activeDeadlineSeconds
        self.displayName = displayName
        self.isDaemon = isDaemon
        self.synchronization = synchronization
        self.memoize = memoize
        self.metrics = metrics
        self.sidecars = sidecars
        self.initContainers = initContainers
        self.podSpecPatch = podSpecPatch
        self.archiveLocation = archiveLocation
        self.archivesLogs = archivesLogs
        self.clusterFields = clusterFields
    }
}

/// A pod with one main container.
public struct PlannedPod: Sendable {
    /// The Container object (for a script, its container part).
    public var container: CompiledValue
    /// A script's source.
    public var source: TemplateText?
    /// The template's own volumes; they win over the workflow's.
    public var volumes: [CompiledValue]
    /// The template's pod-level security context, or the workflow's.
    public var securityContext: CompiledValue?
}

/// Several containers in one pod, each of which waits for those it depends on.
public struct PlannedContainerSet: Sendable {
    public struct Member: Sendable {
        public var name: String
        /// The Container object without `dependencies`.
        public var container: CompiledValue
        /// Places in `members`.
        public var dependencies: [Int]
    }
    public var members: [Member]
    /// An order in which every container comes after its dependencies.
    public var order: [Int]
    /// Mounts that every container gets.
    public var volumeMounts: [CompiledValue]
    /// How a container's process is started again: how often at most, and the wait in between (Go's duration syntax).
    public var retries: TemplateText?
    public var retryDuration: TemplateText?
    public var volumes: [CompiledValue]
    public var securityContext: CompiledValue?
}

/// A Kubernetes object that is created, changed, read or deleted, and waited for.
public struct PlannedResource: Sendable {
    /// `get`, `create`, `apply`, `delete`, `replace` or `patch`.
    public var action: TemplateText
    /// `strategic`, `merge` or `json`; strategic when nothing is said.
    public var mergeStrategy: TemplateText?
    public var manifest: TemplateText?
    /// The name of the input artifact that holds the manifest.
    public var manifestArtifact: TemplateText?
    public var setsOwnerReference: Bool
    public var successCondition: TemplateText?
    public var failureCondition: TemplateText?
    public var flags: [TemplateText]
}

/// A list of artifact keys, transformed step by step.
public struct PlannedData: Sendable {
    /// Where to list.
    public var source: PlannedArtifact
    /// Expressions over `data`, the value so far.
    public var transformation: [TemplateText]
}

/// A request and what makes its response a success.
public struct PlannedHTTP: Sendable {
    public struct Header: Sendable {
        public enum Value: Sendable {
            case text(TemplateText)
            case secret(name: TemplateText, key: TemplateText)
        }
        public var name: TemplateText
        public var value: Value
    }
    /// GET when nothing is said.
    public var method: TemplateText?
    public var url: TemplateText
    public var headers: [Header]
    public var timeoutSeconds: Int64?
    /// An expression over `request` and `response`; any status from 200 to 299 when nothing is said.
    public var successCondition: TemplateText?
    public var body: TemplateText?
    /// The body in base64.
    public var bodyBytes: TemplateText?
    public var skipsVerification: Bool
}

public struct PlannedSteps: Sendable {
    /// All steps, group after group.
    public var steps: [PlannedStep]
    /// The steps of group i are `steps[groups[i]]`.
    public var groups: [Range<Int>]
    public var sites: [String: Int]
}

public struct PlannedDAG: Sendable {
    public var tasks: [PlannedStep]
    public var sites: [String: Int]
    public var formulas: [DependsFormula?]
    /// Per task, the tasks its formula names, in the order of the formula.
    public var dependencies: [[Int]]
    public var dependents: [[Int]]
    /// In Argo's order: as written, or the leaf tasks by name.
    public var targets: [Int]
    /// `target` when it holds tags; `targets` and `isNeeded` say nothing then.
    public var dynamicTarget: TemplateText?
    /// Tasks that no target needs never run.
    public var isNeeded: [Bool]
    /// An order in which every task comes after its dependencies.
    public var order: [Int]
}
