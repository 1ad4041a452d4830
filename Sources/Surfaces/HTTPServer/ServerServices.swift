public import Operations
public import WorkflowModel

/// Whatever the server asks to answer its clients.
public struct ServerServices: Sendable {
    public var operations: any Operations
    public var catalog: any RunCatalog
    public var resources: any ResourceOperations
    public var submitter: any RunSubmitter
    public var tokens: any TokenOperations
    public var artifacts: any ArtifactOperations
    public var events: any EventOperations
    /// nil where runs are not done again, which is then no operation of the API.
    public var repetition: RunRepetition?
    /// Read anew for each request, so that a reloaded configuration is told.
    public var information: @Sendable () async -> ServerInformation
    /// Whether runs are carried out.
    public var isReady: @Sendable () async -> Bool

    public init(
        operations: any Operations, catalog: any RunCatalog, resources: any ResourceOperations, submitter: any RunSubmitter,
        tokens: any TokenOperations, artifacts: any ArtifactOperations, events: any EventOperations, repetition: RunRepetition? = nil,
        information: @escaping @Sendable () async -> ServerInformation = { ServerInformation() },
        isReady: @escaping @Sendable () async -> Bool = { true }
    ) {
        self.operations = operations
        self.catalog = catalog
        self.resources = resources
        self.submitter = submitter
        self.tokens = tokens
        self.artifacts = artifacts
        self.events = events
        self.repetition = repetition
        self.information = information
        self.isReady = isReady
    }

    /// Limits of locks are keys of ConfigMaps.
    var syncLimits: any SyncLimitOperations { ResourceSyncLimits(resources: self.resources) }
}

/// Having runs that ended done again by whoever carries runs out here. The orders name stored runs, never files.
public struct RunRepetition: Sendable {
    /// - Returns: the run as it is when it is recorded that it goes on.
    public var retry: @Sendable (RetryOrder) async throws -> JSONValue
    /// - Returns: the new run.
    public var resubmit: @Sendable (ResubmitOrder) async throws -> JSONValue

    public init(
        retry: @escaping @Sendable (RetryOrder) async throws -> JSONValue,
        resubmit: @escaping @Sendable (ResubmitOrder) async throws -> JSONValue
    ) {
        self.retry = retry
        self.resubmit = resubmit
    }
}
