import CommandLine
import Doorbell
import Engine
import FileArtifacts
import Glibc
import LocalOperations
import LocalRuntime
import Operations
import Ports
import SQLiteStore
import WorkflowModel

/// The adapters of one data directory. Each is made when it is first needed.
struct Wiring: Sendable {
    /// Absolute.
    let dataDirectory: String
    let configuration: String?
    /// The one store of a process that lives long; nil where each use opens its own.
    var sharedStore: SQLiteStore?
    /// The one way to ask about runs of a process that lives long.
    var sharedOperations: LocalOperations?
    /// The settings as a process that lives long has them; nil to read the file each time.
    var settings: (@Sendable () throws -> RunSettings)?

    init(_ options: GlobalOptions) {
        self.dataDirectory = Self.absolute(options.dataDirectory)
        self.configuration = options.config
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    // MARK: Asking

    func store() async throws(JournalError) -> SQLiteStore {
        if let shared = self.sharedStore { return shared }
        return try await SQLiteStore.open(dataDirectory: self.dataDirectory, engineVersion: version)
    }

    func operations() async throws -> LocalOperations {
        if let shared = self.sharedOperations { return shared }
        let directory = self.dataDirectory
        let lookingStore: SQLiteStore
        do { lookingStore = try await self.lookingStore() } catch { throw OperationError(error) }
        // Most questions only look, and looking must work on a full or read-only disk; what writes opens the store again.
        let commands = WritableCommands { try await self.store() }
        return LocalOperations(
            store: RunStore(
                reader: lookingStore, commands: commands,
                openJournal: { try await self.store() },
                logs: LazyLogs(dataDirectory: directory), ring: { DatagramDoorbell.ring(at: $0) },
                endPods: { try await PodFiles.end($0, dataDirectory: directory) }, removeFiles: self.removeFiles, time: SystemTime(),
                index: lookingStore, queue: lookingStore))
    }

    func tokens() -> LocalTokens {
        LocalTokens(openReader: { try await self.lookingStore() }, openStore: { try await self.store() }, time: SystemTime())
    }

    /// Removes logs, claims and artifacts of a run, and the stored objects that belong to it.
    private var removeFiles: @Sendable (RunID) async throws -> Void {
        let directory = self.dataDirectory
        return { run in
            try await PodFiles.remove(run, dataDirectory: directory)
            try await FileArtifactStore(dataDirectory: directory).remove(run)
            let store = try await SQLiteStore.open(dataDirectory: directory, engineVersion: version)
            for key in try await store.resources(ownedBy: run) {
                // As `skiff delete` does it: the files of a claim first, without which nobody would find them.
                if key.kind == .persistentVolumeClaim {
                    try await PodFiles.removeClaim(key.name, namespace: key.namespace, dataDirectory: directory)
                }
                _ = try await store.removeIfThere(key)
            }
        }
    }

    /// The store to look at. Makes nothing where there is nothing.
    private func lookingStore() async throws(JournalError) -> SQLiteStore {
        if let shared = self.sharedStore { return shared }
        let failure: JournalError
        do { return try await SQLiteStore.open(dataDirectory: self.dataDirectory, engineVersion: version, readOnly: true) } catch {
            failure = error
        }
        // An older version left it, which a store that may write brings up to date; any other trouble that one has too.
        do { return try await SQLiteStore.open(dataDirectory: self.dataDirectory, engineVersion: version) } catch { throw failure }
    }

    func resources() -> LocalResources {
        let directory = self.dataDirectory
        return LocalResources(
            LocalResources.Place(
                openReader: { try await self.lookingStore() },
                openStore: { try await self.store() },
                removeClaim: { claim in
                    try await PodFiles.removeClaim(claim.name, namespace: claim.namespace, dataDirectory: directory)
                }, time: SystemTime()))
    }

    func coordination() -> LocalCoordination {
        let directory = self.dataDirectory
        return LocalCoordination(
            LocalCoordination.Place(
                openReader: { try await self.lookingStore() },
                openStore: { try await SQLiteStore.open(dataDirectory: directory, engineVersion: version) }, resources: self.resources()))
    }

    func artifactOperations() async throws -> LocalArtifacts {
        let store: SQLiteStore
        do { store = try await self.store() } catch { throw OperationError(error) }
        return LocalArtifacts(
            reader: store, artifacts: FileArtifactStore(dataDirectory: self.dataDirectory), resources: self.resources(),
            scratch: self.dataDirectory + "/scratch", time: SystemTime())
    }

    // MARK: Carrying out

    /// As OpenSSL and Go read it.
    private static var trustRoots: String? {
        guard let value = getenv("SSL_CERT_FILE") else { return nil }
        let path = String(cString: value)
        return path.isEmpty ? nil : path
    }

    func machinery(_ launcher: Result<Launcher, LocalRuntimeError>?) -> RunMachinery {
        let directory = self.dataDirectory
        let configuration = ConfigurationFile(path: self.configuration, dataDirectory: directory)
        return RunMachinery(
            openRecords: {
                let store = try await self.store()
                return RunRecords(
                    journal: store, reader: store, commands: store, secrets: store, locks: store, cache: store, queue: store)
            },
            openRuntime: { options in try RuntimeChoice(dataDirectory: directory, options: options).open(launcher) },
            openDoorbell: { id in
                do {
                    let doorbell = try DatagramDoorbell(dataDirectory: directory, id: id)
                    return OpenedDoorbell(service: doorbell, close: { doorbell.close() })
                } catch {
                    throw OperationError(.unavailable, "\(error)")
                }
            },
            artifacts: FileArtifactStore(dataDirectory: directory),
            openCalls: { settings, objects in Self.calls(settings, objects, trustRoots: Self.trustRoots) },
            settings: self.settings ?? { try configuration.settings() },
            removeFiles: self.removeFiles, scratch: { pod in "\(directory)/pods/\(pod)/scratch" },
            unpack: { try CompressedBytes.unpacked($0) }, time: SystemTime(),
            openResources: { try await self.lookingStore() }, resources: self.resources(),
            openOperations: { try await self.operations() })
    }
}

/// The system's clock.
struct SystemTime: TimeSource {
    func now() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    /// In hops, so that a clock that is set while it sleeps is noticed: deadlines are wall-clock.
    func sleep(until deadline: Timestamp) async throws {
        while true {
            let left = deadline - self.now()
            if left.milliseconds <= 0 { return }
            try await Task.sleep(for: .milliseconds(min(left.milliseconds, 60_000)))
        }
    }
}

/// Commands through a store that is opened for writing when the first one comes.
struct WritableCommands: RunCommands {
    let open: @Sendable () async throws -> SQLiteStore

    func send(_ verb: RunCommand.Verb, to run: RunID, at: Timestamp, message: String) async throws {
        try await self.open().send(verb, to: run, at: at, message: message)
    }

    func delete(_ run: RunID) async throws { try await self.open().delete(run) }
}

/// Log files, looked for when they are first read.
struct LazyLogs: PodLogs {
    let dataDirectory: String

    func lines(of pod: PodID, _ query: LogQuery, follow: Bool) -> AsyncThrowingStream<LogLine, any Error> {
        do { return try PodLogFiles(dataDirectory: self.dataDirectory).lines(of: pod, query, follow: follow) } catch {
            return AsyncThrowingStream { throw OperationError(.unavailable, "\(error)") }
        }
    }
}
