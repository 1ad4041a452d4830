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
    /// Lifecycle hooks of the workflow other than `exit`.
    public let hooks: [PlannedHook]
    public let synchronization: PlannedSynchronization?
    public let metrics: [PlannedMetric]
    /// A patch of every pod, applied before the template's own.
    public let podSpecPatch: TemplateText?
    /// Labels and annotations of every pod.
    public let podMetadata: CompiledValue?
    /// Nothing is scheduled until the run is resumed.
    public let startsSuspended: Bool
    /// Labels that are computed when the run starts, from its global variables.
    public let computedLabels: [(key: String, expression: TemplateText)]
    public let parallelism: Int?
    public let activeDeadlineSeconds: Int64?
    /// Volumes any template may mount, and the claims the run makes for itself.
    public let volumes: [CompiledValue]
    public let claimNames: [String]
    public let lifecycle: PlannedLifecycle
    public let resources: PlanResources
    /// Finds the template of a reference that is known only while the run goes.
    public let index: [TemplateKey: TemplateIndex]
    /// Reads a podSpecPatch when its tags have been replaced.
    public let readYAML: YAMLReader

    init(
        name: String, namespace: String, uid: String, createdAt: Timestamp, labels: [(key: String, value: String)],
        annotations: [(key: String, value: String)], serviceAccountName: String, priority: Int?, entrypointName: String,
        templates: [PlannedTemplate], entrypoint: TemplateIndex, arguments: PlannedArguments, onExit: PlannedHook?, hooks: [PlannedHook],
        synchronization: PlannedSynchronization?, metrics: [PlannedMetric], podSpecPatch: TemplateText?, podMetadata: CompiledValue?,
        startsSuspended: Bool,
        computedLabels: [(key: String, expression: TemplateText)], parallelism: Int?, activeDeadlineSeconds: Int64?,
        volumes: [CompiledValue], claimNames: [String], lifecycle: PlannedLifecycle, resources: PlanResources,
        index: [TemplateKey: TemplateIndex],
        readYAML: @escaping YAMLReader
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
        self.hooks = hooks
        self.synchronization = synchronization
        self.metrics = metrics
        self.podSpecPatch = podSpecPatch
        self.podMetadata = podMetadata
        self.startsSuspended = startsSuspended
        self.computedLabels = computedLabels
        self.parallelism = parallelism
        self.activeDeadlineSeconds = activeDeadlineSeconds
        self.volumes = volumes
        self.claimNames = claimNames
        self.lifecycle = lifecycle
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
