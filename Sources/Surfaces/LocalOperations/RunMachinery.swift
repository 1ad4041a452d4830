public import Diagnostics
public import Engine
public import Operations
public import Ports
public import WorkflowModel

/// How a run is carried out. Remembered with the run, so that `--resume` does the same.
public struct RunOptions: Sendable, Equatable {
    /// `auto`, `sandbox` or `process`; of a stored run, what `auto` became.
    public var runtime: String
    public var maxParallel: Int?
    /// The `images:` map of the configuration file.
    public var images: JSONValue
    /// Logs of all steps become artifacts, whatever the Workflow says.
    public var archivesLogs: Bool

    public init(runtime: String, maxParallel: Int?, images: JSONValue, archivesLogs: Bool = false) {
        self.runtime = runtime
        self.maxParallel = maxParallel
        self.images = images
        self.archivesLogs = archivesLogs
    }

    var json: String {
        var object = JSONObject()
        object["runtime"] = .string(self.runtime)
        object["maxParallel"] = self.maxParallel.map { .integer($0) }
        object["images"] = self.images
        object["archivesLogs"] = self.archivesLogs ? true : nil
        return JSONValue.object(object).json
    }

    init(json text: String) throws {
        let json = try JSONValue(json: text)
        self.init(
            runtime: json["runtime"]?.string ?? "auto", maxParallel: json["maxParallel"]?.integer.flatMap { Int(exactly: $0) },
            images: json["images"] ?? .object(JSONObject()), archivesLogs: json["archivesLogs"]?.bool ?? false)
    }
}

/// What the configuration file says about runs.
public struct RunSettings: Sendable, Equatable {
    /// The `images:` map.
    public var images: JSONValue
    public var retention: Retention
    public var calls: CallSettings
    public var limits: RunLimits
    /// What holds for every run that is submitted.
    public var rules: SubmissionRules
    /// For user interfaces.
    public var interface: ServerInformation
    /// Hints about the file; errors are thrown instead.
    public var notes: [Diagnostic] = []

    public init(
        images: JSONValue = .object(JSONObject()), retention: Retention = .standard, calls: CallSettings = CallSettings(),
        limits: RunLimits = .standard, rules: SubmissionRules = SubmissionRules(),
        interface: ServerInformation = ServerInformation()
    ) {
        self.images = images
        self.retention = retention
        self.calls = calls
        self.limits = limits
        self.rules = rules
        self.interface = interface
    }
}

/// A runtime that was chosen and started.
public struct OpenedRuntime: Sendable {
    public var runtime: any PodRuntime
    /// What it is, as `--runtime` takes it: `sandbox`, `process`.
    public var kind: String
    /// For the first line of a run: what it is and why.
    public var description: String
    /// Returns when ended pods have left the disk as they should.
    public var settle: @Sendable () async -> Void
    /// Gives pods that are started from now on another `images:` map.
    public var setImages: @Sendable (JSONValue) -> Void

    public init(
        runtime: any PodRuntime, kind: String, description: String, settle: @escaping @Sendable () async -> Void,
        setImages: @escaping @Sendable (JSONValue) -> Void = { _ in }
    ) {
        self.runtime = runtime
        self.kind = kind
        self.description = description
        self.settle = settle
        self.setImages = setImages
    }
}

/// A doorbell that listens.
public struct OpenedDoorbell: Sendable {
    public var service: any DoorbellService
    /// Stops listening and leaves nothing behind.
    public var close: @Sendable () -> Void

    public init(service: any DoorbellService, close: @escaping @Sendable () -> Void) {
        self.service = service
        self.close = close
    }
}

/// The parts of the store that carrying runs out needs.
public struct RunRecords: Sendable {
    public var journal: any RunJournal
    public var reader: any RunReader
    public var commands: any RunCommands
    public var secrets: any SecretSource
    public var locks: any LockService
    public var cache: any MemoCache
    /// Where runs wait for the owner of the data directory; nil where there can be none.
    public var queue: (any RunQueue)?
    public init(
        journal: any RunJournal, reader: any RunReader, commands: any RunCommands, secrets: any SecretSource, locks: any LockService,
        cache: any MemoCache, queue: (any RunQueue)? = nil
    ) {
        self.journal = journal
        self.reader = reader
        self.commands = commands
        self.secrets = secrets
        self.locks = locks
        self.cache = cache
        self.queue = queue
    }
}

/// What carrying runs out in this process takes. Nothing is opened before it is needed: `lint` needs none of it.
public struct RunMachinery: Sendable {
    /// - Throws: `JournalError`.
    public var openRecords: @Sendable () async throws -> RunRecords
    /// - Throws: `OperationError`.
    public var openRuntime: @Sendable (RunOptions) async throws -> OpenedRuntime
    /// The argument is unique to this life of this process.
    /// - Throws: `OperationError`.
    public var openDoorbell: @Sendable (String) throws -> OpenedDoorbell
    public var artifacts: any ArtifactStore
    /// Whoever carries out the calls of a session, with the objects its steps may work on.
    public var openCalls: @Sendable (CallSettings, any ObjectService) throws -> OpenedCalls
    /// - Throws: `ManifestFault`.
    public var settings: @Sendable () throws -> RunSettings
    /// Removes logs, claims and artifacts of a run.
    public var removeFiles: @Sendable (RunID) async throws -> Void
    public var scratch: @Sendable (PodID) -> String
    public var time: any TimeSource
    /// The stored objects that manifests may name; nil where nothing is stored. Opened only for a manifest that names one it does not hold.
    /// - Throws: `JournalError`.
    public var openResources: (@Sendable () async throws -> any ResourceReader)?
    /// For steps that work on stored objects; nil where nothing is stored.
    public var resources: (any ResourceOperations)?
    /// For steps that work on runs; nil where they cannot.
    public var openOperations: (@Sendable () async throws -> any Operations)?

    public init(
        openRecords: @escaping @Sendable () async throws -> RunRecords,
        openRuntime: @escaping @Sendable (RunOptions) async throws -> OpenedRuntime,
        openDoorbell: @escaping @Sendable (String) throws -> OpenedDoorbell, artifacts: any ArtifactStore,
        openCalls: @escaping @Sendable (CallSettings, any ObjectService) throws -> OpenedCalls,
        settings: @escaping @Sendable () throws -> RunSettings, removeFiles: @escaping @Sendable (RunID) async throws -> Void,
        scratch: @escaping @Sendable (PodID) -> String, time: any TimeSource,
        openResources: (@Sendable () async throws -> any ResourceReader)? = nil, resources: (any ResourceOperations)? = nil,
        openOperations: (@Sendable () async throws -> any Operations)? = nil
    ) {
        self.openRecords = openRecords
        self.openRuntime = openRuntime
        self.openDoorbell = openDoorbell
        self.artifacts = artifacts
        self.openCalls = openCalls
        self.settings = settings
        self.removeFiles = removeFiles
        self.scratch = scratch
        self.time = time
        self.openResources = openResources
        self.resources = resources
        self.openOperations = openOperations
    }
}
