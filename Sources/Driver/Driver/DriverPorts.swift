public import Engine
public import Ports

/// The outside world as the driver needs it.
public struct DriverPorts: Sendable {
    public var journal: any RunJournal
    public var runtime: any PodRuntime
    public var artifacts: any ArtifactStore
    public var secrets: any SecretSource
    public var locks: any LockService
    public var cache: any MemoCache
    /// nil where Skiff makes no calls: runs that need one are refused when they are planned.
    public var calls: (any CallRunner)?
    public var time: any TimeSource
    /// nil where nobody else can send commands.
    public var doorbell: (any DoorbellService)?
    /// A directory of the pod where the artifact store may unpack what the pod is given; it goes with the rest of the pod.
    public var scratch: @Sendable (PodID) -> String

    public init(
        journal: any RunJournal, runtime: any PodRuntime, artifacts: any ArtifactStore, secrets: any SecretSource,
        locks: any LockService, cache: any MemoCache, calls: (any CallRunner)?, time: any TimeSource,
        doorbell: (any DoorbellService)?, scratch: @escaping @Sendable (PodID) -> String
    ) {
        self.journal = journal
        self.runtime = runtime
        self.artifacts = artifacts
        self.secrets = secrets
        self.locks = locks
        self.cache = cache
        self.calls = calls
        self.time = time
        self.doorbell = doorbell
        self.scratch = scratch
    }
}
