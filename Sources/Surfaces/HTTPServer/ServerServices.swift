public import Operations

/// Whatever the server asks to answer its clients.
public struct ServerServices: Sendable {
    public var operations: any Operations
    public var catalog: any RunCatalog
    public var resources: any ResourceOperations
    public var submitter: any RunSubmitter
    public var tokens: any TokenOperations
    public var artifacts: any ArtifactOperations
    public var events: any EventOperations
    /// Read anew for each request, so that a reloaded configuration is told.
    public var information: @Sendable () async -> ServerInformation
    /// Whether runs are carried out.
    public var isReady: @Sendable () async -> Bool

    public init(
        operations: any Operations, catalog: any RunCatalog, resources: any ResourceOperations, submitter: any RunSubmitter,
        tokens: any TokenOperations, artifacts: any ArtifactOperations, events: any EventOperations,
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
        self.information = information
        self.isReady = isReady
    }

    /// Limits of locks are keys of ConfigMaps.
    var syncLimits: any SyncLimitOperations { ResourceSyncLimits(resources: self.resources) }
}
