public import Expressions
public import WorkflowModel

/// A template with its defaults, checked and compiled.
public struct PlannedTemplate: Sendable {
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

    public var key: TemplateKey
    /// Written inside a step or task; its texts see what that step sees.
    public var isInline: Bool
    public var type: TemplateType
    public var body: Body
    public var inputs: [PlannedParameter]
    public var inputArtifacts: [PlannedArtifact]
    public var outputs: [PlannedParameter]
    public var outputArtifacts: [PlannedArtifact]
    public var retry: PlannedRetry?
    public var parallelism: Int?
    public var failFast: Bool
    public var timeout: TemplateText?
    /// How long a node may wait for its start.
    public var pendingTimeout: TemplateText?
    public var activeDeadlineSeconds: TemplateText?
    public var displayName: TemplateText?
    /// Counts as done once it is ready, and is ended with the steps or dag around it.
    public var isDaemon: Bool
    public var synchronization: PlannedSynchronization?
    public var memoize: PlannedMemoize?
    public var metrics: [PlannedMetric]
    /// Containers beside the main ones: UserContainer objects.
    public var sidecars: [CompiledValue]
    public var initContainers: [CompiledValue]
    public var podSpecPatch: TemplateText?
    public var archiveLocation: CompiledValue?
    /// What only a cluster reads: `metadata`, `nodeSelector`, `affinity`, `tolerations`, …, as one object; nil when there is nothing.
    public var clusterFields: CompiledValue?
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
