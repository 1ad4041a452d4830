public import Planning
public import WorkflowModel

/// What a template asks of Skiff itself, everything in it resolved: an HTTP request, something to be done to a stored resource, a
/// transformation of data, or a plugin.
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
    /// Argo's object under `http`, `resource`, `data` or `plugin`.
    public var payload: JSONValue
    public var parameters: [NamedValue]
    public var artifacts: [ArtifactInput]
    public var outputs: [Output]
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
    public init(end: End, result: String? = nil, parameters: [String: String] = [:], finishedAt: Timestamp) {
        self.end = end
        self.result = result
        self.parameters = parameters
        self.finishedAt = finishedAt
    }
}
