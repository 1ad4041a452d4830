public import Expressions

/// Several containers in one pod, each after those it depends on.
public struct PlannedContainerSet: Sendable {
    public struct Member: Sendable {
        public var name: String
        public var dependencies: [String]
        /// The Container object, `dependencies` left out and the set's own volumeMounts added.
        public var container: CompiledValue
    }
    public var members: [Member]
    /// `retryStrategy.retries`: how often a program that fails is run again in its container.
    public var retries: TemplateText?
    /// `retryStrategy.duration`: the wait between.
    public var wait: TemplateText?
}

/// What a template asks of Skiff itself instead of a pod.
public enum CallKind: String, Sendable, Equatable {
    case http, resource, data, plugin
}

public struct PlannedCall: Sendable {
    public var kind: CallKind
    /// The object under `http`, `resource`, `data` or `plugin`.
    public var payload: CompiledValue
}

/// A lock that is held while a node, or the whole run, goes on.
public struct PlannedLock: Sendable {
    public enum Kind: String, Sendable, Equatable {
        case mutex = "Mutex"
        /// As many holders as a key of a ConfigMap says.
        case configMap = "ConfigMap"
        /// As many holders as the database of limits says.
        case database = "Database"
    }
    public var kind: Kind
    /// nil: the run's own.
    public var namespace: TemplateText?
    public var name: TemplateText
    /// Of a ConfigMap.
    public var key: TemplateText?
}

public struct PlannedMemo: Sendable {
    public var key: TemplateText
    /// Name of the cache, Argo's ConfigMap.
    public var cache: TemplateText
    /// A Go duration; older entries do not count.
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
    public var labels: [(key: String, value: TemplateText)]
    public var when: TemplateText?
    public var kind: Kind
}

/// A lifecycle hook other than `exit`.
public struct PlannedTrigger: Sendable {
    public var name: String
    public var hook: PlannedHook
}
