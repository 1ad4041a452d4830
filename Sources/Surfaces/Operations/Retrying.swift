public import WorkflowModel

/// What `skiff retry` is asked to do with a run that has ended.
public struct RetryOrder: Sendable, Equatable {
    /// A run's name or uid, or the path of a file when `isFile`.
    public var run: String
    /// The run is a Workflow with its status in a file: it is taken over from where it ran.
    public var isFile: Bool
    public var namespace: String
    /// Nodes to run again though they succeeded: Argo's node field selector. Counts only with `restartsSuccessful`.
    public var nodeSelector: String?
    public var restartsSuccessful: Bool
    /// New values of the workflow's parameters.
    public var parameters: [Override]
    public var maxParallel: Int?
    public init(
        run: String, isFile: Bool = false, namespace: String = "default", nodeSelector: String? = nil, restartsSuccessful: Bool = false,
        parameters: [Override] = [], maxParallel: Int? = nil
    ) {
        self.run = run
        self.isFile = isFile
        self.namespace = namespace
        self.nodeSelector = nodeSelector
        self.restartsSuccessful = restartsSuccessful
        self.parameters = parameters
        self.maxParallel = maxParallel
    }

    /// A parameter's new value.
    public struct Override: Sendable, Equatable {
        public var name: String
        public var value: String
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }
}

/// What a retry would do.
public struct RetryForecast: Sendable, Equatable {
    public struct Node: Sendable, Equatable {
        public var name: String
        public var displayName: String
        public var type: String
        public var template: String
        /// How it ended.
        public var phase: String
        public var message: String
        public init(name: String, displayName: String, type: String, template: String, phase: String, message: String) {
            self.name = name
            self.displayName = displayName
            self.type = type
            self.template = template
            self.phase = phase
            self.message = message
        }
    }
    public var run: String
    /// Nodes that would be made again, in the order they were made. What never ran because of them is not among them.
    public var again: [Node]
    public init(run: String, again: [Node]) {
        self.run = run
        self.again = again
    }
}

/// What `skiff resubmit` is asked to do.
public struct ResubmitOrder: Sendable, Equatable {
    /// As of `RetryOrder`.
    public var run: String
    public var isFile: Bool
    public var namespace: String
    /// What succeeded is taken over and not run again.
    public var isMemoized: Bool
    public var parameters: [RetryOrder.Override]
    public var priority: Int?
    public var maxParallel: Int?
    public init(
        run: String, isFile: Bool = false, namespace: String = "default", isMemoized: Bool = false, parameters: [RetryOrder.Override] = [],
        priority: Int? = nil,
        maxParallel: Int? = nil
    ) {
        self.run = run
        self.isFile = isFile
        self.namespace = namespace
        self.isMemoized = isMemoized
        self.parameters = parameters
        self.priority = priority
        self.maxParallel = maxParallel
    }
}

/// Having runs that ended done again, in this process.
public protocol RunRepeater: Sendable {
    /// Takes a run up again where it failed; what succeeded stays as it is.
    /// - Throws: `OperationError.conflict` for a run that has not ended, or that succeeded when nothing of it is chosen to run again.
    func retry(_ order: RetryOrder) async throws -> any RunSession
    /// What `retry` would run again; nothing changes.
    func forecast(_ order: RetryOrder) async throws -> RetryForecast
    /// The Workflow of a file with its status, unpacked where Argo compressed it.
    func exported(_ file: String) async throws -> JSONValue
    /// Starts a new run of the same Workflow, as it was submitted.
    func resubmit(_ order: ResubmitOrder) async throws -> any RunSession
}
