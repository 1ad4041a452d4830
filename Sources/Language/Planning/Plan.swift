public import Expressions
public import WorkflowModel

/// A workflow resolved, merged, checked and compiled. Immutable, and shared by everything that concerns the run.
public final class Plan: Sendable {
    public let name: String
    public let namespace: String
    public let uid: String
    public let createdAt: Timestamp
    public let labels: [(key: String, value: String)]
    public let annotations: [(key: String, value: String)]
    public let serviceAccountName: String
    public let priority: Int?
    public let entrypointName: String

    public let templates: [PlannedTemplate]
    public let entrypoint: TemplateIndex
    /// The workflow's own arguments, which the entry template and, unless it says otherwise, every exit handler gets.
    public let arguments: PlannedArguments
    public let onExit: PlannedHook?
    /// The workflow's hooks other than `exit`.
    public let triggers: [PlannedTrigger]
    /// Held by the run from before its start to its end.
    public let locks: [PlannedLock]
    public let metrics: [PlannedMetric]
    /// The workflow's podSpecPatch.
    public let podPatch: TemplateText?
    /// Labels and annotations of every pod.
    public let podMetadata: CompiledValue?
    /// The run waits to be resumed before anything of it starts.
    public let isSuspended: Bool
    public let parallelism: Int?
    public let activeDeadlineSeconds: Int64?
    /// Volumes any template may mount, and the claims the run makes for itself.
    public let volumes: [CompiledValue]
    public let claimNames: [String]
    public let resources: PlanResources
    /// Finds the template of a reference that is known only while the run goes.
    public let index: [TemplateKey: TemplateIndex]
    public let readYAML: YAMLReader

    init(
        name: String, namespace: String, uid: String, createdAt: Timestamp, labels: [(key: String, value: String)],
        annotations: [(key: String, value: String)], serviceAccountName: String, priority: Int?, entrypointName: String,
        templates: [PlannedTemplate], entrypoint: TemplateIndex, arguments: PlannedArguments, onExit: PlannedHook?,
        triggers: [PlannedTrigger], locks: [PlannedLock], metrics: [PlannedMetric], podPatch: TemplateText?, podMetadata: CompiledValue?,
        isSuspended: Bool, parallelism: Int?,
        activeDeadlineSeconds: Int64?, volumes: [CompiledValue], claimNames: [String], resources: PlanResources,
        index: [TemplateKey: TemplateIndex], readYAML: @escaping YAMLReader
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.createdAt = createdAt
        self.labels = labels
        self.annotations = annotations
        self.serviceAccountName = serviceAccountName
        self.priority = priority
        self.entrypointName = entrypointName
        self.templates = templates
        self.entrypoint = entrypoint
        self.arguments = arguments
        self.onExit = onExit
        self.triggers = triggers
        self.locks = locks
        self.metrics = metrics
        self.podPatch = podPatch
        self.podMetadata = podMetadata
        self.isSuspended = isSuspended
        self.parallelism = parallelism
        self.activeDeadlineSeconds = activeDeadlineSeconds
        self.volumes = volumes
        self.claimNames = claimNames
        self.resources = resources
        self.index = index
        self.readYAML = readYAML
    }

    public subscript(_ index: TemplateIndex) -> PlannedTemplate { self.templates[index.value] }
}

/// The place of a template in its plan.
public struct TemplateIndex: Sendable, Hashable {
    public let value: Int
    public init(_ value: Int) { self.value = value }
}

/// Where the names inside a template are looked up.
public enum TemplateScope: Sendable, Hashable {
    /// The Workflow itself, with what its workflowTemplateRef brought in.
    case local
    case namespaced(String)
    case cluster(String)

    /// Argo's `templateScope`: `local/<workflow>`, `namespaced/<template>`, `cluster/<template>`.
    public func text(workflow: String) -> String {
        switch self {
        case .local: "local/\(workflow)"
        case .namespaced(let name): "namespaced/\(name)"
        case .cluster(let name): "cluster/\(name)"
        }
    }
}

public struct TemplateKey: Sendable, Hashable {
    public var scope: TemplateScope
    public var name: String
    public init(scope: TemplateScope, name: String) {
        self.scope = scope
        self.name = name
    }
}

/// Shared, so that looking at one field copies nothing.
public final class PlannedTemplate: Sendable {
    public enum Body: Sendable {
        case pod(PlannedPod)
        case steps(PlannedSteps)
        case dag(PlannedDAG)
        /// The duration, if any.
        case suspend(TemplateText?)
        case call(PlannedCall)
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
    public let activeDeadlineSeconds: TemplateText?
    public let pendingTimeout: TemplateText?
    /// The node counts as done once its pod is ready.
    public let isDaemon: Bool
    /// Held while the node goes on.
    public let locks: [PlannedLock]
    public let memo: PlannedMemo?
    public let metrics: [PlannedMetric]
    public let displayName: TemplateText?

    init(
        key: TemplateKey, isInline: Bool, type: TemplateType, body: Body, inputs: [PlannedParameter], inputArtifacts: [PlannedArtifact],
        outputs: [PlannedParameter], outputArtifacts: [PlannedArtifact], retry: PlannedRetry?, parallelism: Int?, failFast: Bool,
        timeout: TemplateText?, activeDeadlineSeconds: TemplateText?, pendingTimeout: TemplateText?, isDaemon: Bool, locks: [PlannedLock],
        memo: PlannedMemo?, metrics: [PlannedMetric], displayName: TemplateText?
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
        self.activeDeadlineSeconds = activeDeadlineSeconds
        self.pendingTimeout = pendingTimeout
        self.isDaemon = isDaemon
        self.locks = locks
        self.memo = memo
        self.metrics = metrics
        self.displayName = displayName
    }
}

public struct PlannedPod: Sendable {
    /// The Container object (for a script, its container part).
    public var container: CompiledValue
    /// A script's source.
    public var source: TemplateText?
    /// The template's own volumes; they win over the workflow's.
    public var volumes: [CompiledValue]
    /// The template's pod-level security context, or the workflow's.
    public var securityContext: CompiledValue?
    /// In place of `container`.
    public var set: PlannedContainerSet?
    public var initContainers: [CompiledValue] = []
    public var sidecars: [CompiledValue] = []
    /// The template's podSpecPatch.
    public var patch: TemplateText?
    /// Labels and annotations of the pod.
    public var metadata: CompiledValue?
}

public struct PlannedParameter: Sendable {
    public var name: String
    public var value: TemplateText?
    public var `default`: TemplateText?
    public var valueFrom: PlannedValueFrom?
    public var globalName: TemplateText?
}

public struct PlannedValueFrom: Sendable {
    public enum Source: Sendable {
        case path(TemplateText)
        /// A tag, or the bare name of a variable.
        case parameter(TemplateText)
        case expression(TemplateText)
        case configMapKey(name: TemplateText, key: TemplateText, isOptional: Bool)
        case supplied
        /// Of a resource, by Kubernetes' JSONPath or by a jq program.
        case jsonPath(TemplateText)
        case jqFilter(TemplateText)
        /// Of the event that a binding answers.
        case event(TemplateText)
        /// Only a default is given.
        case none
    }
    public var source: Source
    public var `default`: TemplateText?
}

public struct PlannedArtifact: Sendable {
    public var name: String
    public var path: TemplateText?
    public var from: TemplateText?
    public var fromExpression: TemplateText?
    public var raw: TemplateText?
    public var archive: Artifact.Archive?
    public var mode: Int?
    public var isModeRecursive: Bool
    public var isOptional: Bool
    public var subPath: TemplateText?
    public var globalName: TemplateText?
}

public struct PlannedArguments: Sendable {
    public var parameters: [PlannedParameter]
    public var artifacts: [PlannedArtifact]
}

/// Which template a step, a task or a hook runs.
public enum PlannedTarget: Sendable {
    case template(TemplateIndex)
    /// A reference with tags in it, looked up when they are known.
    case dynamic(scope: TemplateScope, name: TemplateText?, template: TemplateText, isCluster: Bool)
}

public struct PlannedHook: Sendable {
    public var target: PlannedTarget
    /// nil: the workflow's arguments.
    public var arguments: PlannedArguments?
    public var expression: TemplateText?
    /// For `templateRef` views.
    public var reference: TemplateRef?
}

public enum PlannedFanOut: Sendable {
    case items([CompiledValue])
    case parameter(TemplateText)
    case sequence(start: TemplateText?, end: TemplateText?, count: TemplateText?, format: TemplateText?)
}

/// A step of a steps template or a task of a DAG. Shared, as templates are.
public final class PlannedStep: Sendable {
    public let name: String
    public let target: PlannedTarget
    public let reference: TemplateRef?
    public let arguments: PlannedArguments
    public let when: TemplateText?
    public let fanOut: PlannedFanOut?
    public let continueOn: ContinueOn
    public let exit: PlannedHook?
    public let triggers: [PlannedTrigger]
    /// Somebody reads `outputs.result`, so standard output is kept.
    public let capturesResult: Bool

    init(
        name: String, target: PlannedTarget, reference: TemplateRef?, arguments: PlannedArguments, when: TemplateText?,
        fanOut: PlannedFanOut?, continueOn: ContinueOn, exit: PlannedHook?, triggers: [PlannedTrigger], capturesResult: Bool
    ) {
        self.name = name
        self.target = target
        self.reference = reference
        self.arguments = arguments
        self.when = when
        self.fanOut = fanOut
        self.continueOn = continueOn
        self.exit = exit
        self.triggers = triggers
        self.capturesResult = capturesResult
    }
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
    /// Tasks that no target needs never run.
    public var isNeeded: [Bool]
    /// An order in which every task comes after its dependencies.
    public var order: [Int]
}

public struct PlannedRetry: Sendable {
    public enum Policy: String, Sendable {
        case always = "Always"
        case onFailure = "OnFailure"
        case onError = "OnError"
        case onTransientError = "OnTransientError"
    }
    public var limit: TemplateText?
    public var policy: Policy
    public var expression: TemplateText?
    public var backoff: (duration: TemplateText?, factor: TemplateText?, cap: TemplateText?, maxDuration: TemplateText?)?
}

/// The stored objects a run may read, as they were when it was submitted.
public struct PlanResources: Sendable, Equatable {
    public struct ConfigMap: Sendable, Equatable {
        public var data: [String: String]
        /// Only a ConfigMap labelled for it may give parameter values.
        public var isParameterSource: Bool
        public init(data: [String: String], isParameterSource: Bool) {
            self.data = data
            self.isParameterSource = isParameterSource
        }
    }
    public var configMaps: [String: ConfigMap]
    /// Names and keys; the values are never part of a plan.
    public var secrets: [String: Set<String>]
    public init(configMaps: [String: ConfigMap] = [:], secrets: [String: Set<String>] = [:]) {
        self.configMaps = configMaps
        self.secrets = secrets
    }
}
