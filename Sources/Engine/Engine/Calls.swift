public import WorkflowModel

/// What a template asks of Skiff itself, everything in it resolved.
public enum CallKind: Sendable, Equatable {
    case http(HTTPCall)
    case resource(ResourceCall)
    case data(DataCall)
    /// The plugin's object under its one key, and the inputs of the template.
    case plugin(JSONValue)
}

public struct HTTPCall: Sendable, Equatable {
    public enum HeaderValue: Sendable, Equatable {
        case text(String)
        case secret(name: String, key: String)
    }
    public struct Header: Sendable, Equatable {
        public var name: String
        public var value: HeaderValue
        public init(name: String, value: HeaderValue) {
            self.name = name
            self.value = value
        }
    }
    public var method: String
    public var url: String
    public var headers: [Header]
    /// nil: no limit but the node's own.
    public var timeout: Span?
    public var body: String?
    /// In base64, in place of `body`.
    public var bodyBytes: String?
    public var skipsVerification: Bool

    public init(
        method: String, url: String, headers: [Header] = [], timeout: Span? = nil, body: String? = nil, bodyBytes: String? = nil,
        skipsVerification: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.timeout = timeout
        self.body = body
        self.bodyBytes = bodyBytes
        self.skipsVerification = skipsVerification
    }
}

/// Something to be done to a stored resource, and what is waited for then.
public struct ResourceCall: Sendable, Equatable {
    public var action: String
    public var mergeStrategy: String
    /// YAML text; nil when it comes with an input artifact, or with the flags.
    public var manifest: String?
    public var manifestArtifact: String?
    public var setsOwnerReference: Bool
    public var successCondition: String?
    public var failureCondition: String?
    public var flags: [String]

    public init(
        action: String, mergeStrategy: String = "strategic", manifest: String? = nil, manifestArtifact: String? = nil,
        setsOwnerReference: Bool = false, successCondition: String? = nil, failureCondition: String? = nil, flags: [String] = []
    ) {
        self.action = action
        self.mergeStrategy = mergeStrategy
        self.manifest = manifest
        self.manifestArtifact = manifestArtifact
        self.setsOwnerReference = setsOwnerReference
        self.successCondition = successCondition
        self.failureCondition = failureCondition
        self.flags = flags
    }
}

/// A list of the files of an artifact, and what is made of it.
public struct DataCall: Sendable, Equatable {
    public var source: ArtifactInput?
    /// Expressions over `data`, the value so far.
    public var transformation: [String]

    public init(source: ArtifactInput?, transformation: [String]) {
        self.source = source
        self.transformation = transformation
    }
}

public struct CallRequest: Sendable, Equatable {
    /// An output that is read from the resource.
    public enum Query: Sendable, Equatable {
        case jsonPath(String)
        case jqFilter(String)
    }
    public struct Output: Sendable, Equatable {
        public var name: String
        public var query: Query
        public init(name: String, query: Query) {
            self.name = name
            self.query = query
        }
    }
    /// As of a pod: repeated with the effect of once.
    public var id: PodID
    public var kind: CallKind
    public var namespace: String
    public var workflow: String
    public var workflowUID: String
    public var templateName: String
    /// Of the pod that would make the call in a cluster: what `{{pod.name}}` says in the template.
    public var podName: String
    public var parameters: [NamedValue]
    public var artifacts: [ArtifactInput]
    public var outputs: [Output]
    /// What a plugin is told of the template beside its own object: its name, its inputs with their values, the outputs it declares. null where
    /// nobody asks.
    public var template: JSONValue

    public init(
        id: PodID, kind: CallKind, namespace: String, workflow: String, workflowUID: String, templateName: String,
        podName: String = "", parameters: [NamedValue] = [], artifacts: [ArtifactInput] = [], outputs: [Output] = [],
        template: JSONValue = .null
    ) {
        self.id = id
        self.kind = kind
        self.namespace = namespace
        self.workflow = workflow
        self.workflowUID = workflowUID
        self.templateName = templateName
        self.podName = podName
        self.parameters = parameters
        self.artifacts = artifacts
        self.outputs = outputs
        self.template = template
    }
}

/// How a call ended.
public struct CallResult: Sendable, Equatable {
    public enum End: Sendable, Equatable {
        case succeeded(message: String)
        case failed(message: String)
        case error(message: String)
        /// An HTTP answer: the engine judges it.
        case answered(status: Int, headers: [String: [String]])
    }
    public var end: End
    /// Body of an HTTP answer, result of a transformation, `outputs.result` of a plugin.
    public var result: String?
    public var parameters: [String: String]
    public var finishedAt: Timestamp
    /// What people should know of an HTTP answer: that it was cut, for one.
    public var note: String?
    public init(end: End, result: String? = nil, parameters: [String: String] = [:], finishedAt: Timestamp, note: String? = nil) {
        self.end = end
        self.result = result
        self.parameters = parameters
        self.finishedAt = finishedAt
        self.note = note
    }
}
