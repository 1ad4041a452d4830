public import Expressions
public import WorkflowModel

// The parts that templates, steps and the workflow itself are made of.

public struct PlannedParameter: Sendable {
    public var name: String
    public var value: TemplateText?
    public var `default`: TemplateText?
    public var valueFrom: PlannedValueFrom?
    public var globalName: TemplateText?
    /// The only values allowed; nil when any is.
    public var choices: [String]?
    public var description: String?
}

public struct PlannedValueFrom: Sendable {
    public enum Source: Sendable {
        case path(TemplateText)
        /// A tag, or the bare name of a variable.
        case parameter(TemplateText)
        case expression(TemplateText)
        case configMapKey(name: TemplateText, key: TemplateText, isOptional: Bool)
        /// Of the object of a resource template.
        case jsonPath(TemplateText)
        case jqFilter(TemplateText)
        /// Of the event that a WorkflowEventBinding selects.
        case event(TemplateText)
        case supplied
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
    /// Where it is kept outside: `s3`, `git`, `http`, … with that field's object.
    public var location: (kind: String, value: CompiledValue)?
    public var archive: Artifact.Archive?
    public var mode: Int?
    public var isModeRecursive: Bool
    public var isOptional: Bool
    public var subPath: TemplateText?
    public var globalName: TemplateText?
    /// nil for what the workflow says.
    public var deletion: PlannedLifecycle.ArtifactDeletion?
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

/// What runs at an event of a node or of the workflow.
public struct PlannedHook: Sendable {
    /// `exit`, or the name the author gave it.
    public var event: String
    public var target: PlannedTarget
    /// nil: the workflow's arguments.
    public var arguments: PlannedArguments?
    /// When to run it; every hook but `exit` has one.
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
    /// The name when it holds tags.
    public let dynamicName: TemplateText?
    public let target: PlannedTarget
    public let reference: TemplateRef?
    public let arguments: PlannedArguments
    public let when: TemplateText?
    public let fanOut: PlannedFanOut?
    public let continueOn: ContinueOn
    public let exit: PlannedHook?
    /// Lifecycle hooks other than `exit`, in the order they were written.
    public let hooks: [PlannedHook]
    /// Somebody reads `outputs.result`, so standard output is kept.
    public let capturesResult: Bool

    init(
        name: String, dynamicName: TemplateText?, target: PlannedTarget, reference: TemplateRef?, arguments: PlannedArguments,
        when: TemplateText?, fanOut: PlannedFanOut?, continueOn: ContinueOn, exit: PlannedHook?, hooks: [PlannedHook], capturesResult: Bool
    ) {
        self.name = name
        self.dynamicName = dynamicName
        self.target = target
        self.reference = reference
        self.arguments = arguments
        self.when = when
        self.fanOut = fanOut
        self.continueOn = continueOn
        self.exit = exit
        self.hooks = hooks
        self.capturesResult = capturesResult
    }
}

extension PlannedStep {
    /// The same, its standard output kept.
    var capturing: PlannedStep {
        PlannedStep(
            name: self.name, dynamicName: self.dynamicName, target: self.target, reference: self.reference, arguments: self.arguments,
            when: self.when, fanOut: self.fanOut, continueOn: self.continueOn, exit: self.exit, hooks: self.hooks, capturesResult: true)
    }
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
    /// The next attempt goes to another host than the failed ones.
    public var avoidsFailedHosts: Bool
}

/// Locks that are held while a node, or the whole run, goes on: all of them or none.
public struct PlannedSynchronization: Sendable {
    public struct Mutex: Sendable {
        public var name: TemplateText
        /// nil: the workflow's.
        public var namespace: TemplateText?
        /// Shared between installations through their database.
        public var isInDatabase: Bool
    }
    public struct Semaphore: Sendable {
        /// Where its limit stands.
        public enum Limit: Sendable {
            case configMap(name: TemplateText, key: TemplateText)
            case database(key: TemplateText)
        }
        public var limit: Limit
        public var namespace: TemplateText?
    }
    public var mutexes: [Mutex]
    public var semaphores: [Semaphore]
}

/// The outputs of an earlier node with the same key are taken instead of running.
public struct PlannedMemoize: Sendable {
    public var key: TemplateText
    /// The ConfigMap that holds the cache.
    public var cache: TemplateText
    /// Go's duration syntax; entries never grow too old when nothing is said.
    public var maxAge: TemplateText?
}

public struct PlannedMetric: Sendable {
    public enum Kind: Sendable {
        case counter(value: TemplateText)
        case gauge(value: TemplateText, isRealtime: Bool, operation: String)
        case histogram(value: TemplateText, buckets: [Double])
    }
    public var name: String
    public var help: String
    public var labels: [(key: TemplateText, value: TemplateText)]
    public var when: TemplateText?
    public var kind: Kind
}
