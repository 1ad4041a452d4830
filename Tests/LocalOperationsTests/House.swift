import Doorbell
import Engine
import FileArtifacts
import Glibc
import LocalOperations
import LocalRuntime
import Operations
import Ports
import SQLiteStore
import TestKit
import WorkflowModel

/// A data directory with the real store, artifacts, logs and doorbells in it; only the pods are pretended.
final class House: Sendable {
    let path: String
    let clock: any TimeSource
    /// Kept as long as this one, when it is the same directory at another time.
    private let origin: House?

    var data: String { "\(self.path)/data" }

    /// - Parameter clock: nil for the machine's.
    init(clock: (any TimeSource)? = nil) throws {
        var template = Array("/var/tmp/skiff-house-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Fault("no temporary directory: \(errno)") }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.clock = clock ?? WallClock()
        self.origin = nil
    }

    /// The same directory with another clock.
    init(clock: any TimeSource, at origin: House) {
        self.path = origin.path
        self.clock = clock
        self.origin = origin
    }

    deinit { if self.origin == nil { Files.remove(self.path) } }

    // MARK: Manifests

    /// A Workflow of one pod, or of the steps that are given.
    @discardableResult func flow(_ name: String, steps: [String] = [], spec: String = "") throws -> String {
        let metadata = name.hasSuffix("-") ? "generateName: \(name)" : "name: \(name)"
        let main =
            steps.isEmpty ? "" : "  - name: main\n    steps:\n" + steps.map { "    - - {name: \($0), template: leaf}\n" }.joined()
        return try self.file(
            "\(name).yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {\(metadata)}\nspec:\n"
                + "  entrypoint: \(steps.isEmpty ? "leaf" : "main")\n\(spec)  templates:\n\(main)"
                + "  - name: leaf\n    container: {image: busybox, command: [run]}\n    outputs: {artifacts: [{name: out, path: /tmp/out, optional: true}]}\n"
        )
    }

    func file(_ name: String, _ text: String) throws -> String {
        let path = "\(self.path)/\(name)"
        try Files.write(text, to: path)
        return path
    }

    // MARK: Carrying out

    /// - Parameters:
    ///   - chronicle: told of runs that are deleted.
    ///   - calls: carries out the calls of templates, with the objects that steps may work on.
    func starter(
        _ runtime: ScriptedRuntime = ScriptedRuntime(), retention: Retention = .standard, chronicle: Chronicle? = nil,
        calls: @escaping @Sendable (any ObjectService) -> any CallRunner = { _ in ScriptedCalls() }
    ) -> LocalRunStarter {
        LocalRunStarter(
            machinery: self.machinery(runtime, { RunSettings(retention: retention) }, hasQueue: false, chronicle: chronicle, calls: calls))
    }

    /// - Parameter hasQueue: whether runs can be handed over to whoever owns the directory.
    func machinery(
        _ runtime: ScriptedRuntime, _ settings: @escaping @Sendable () throws -> RunSettings = { RunSettings() }, hasQueue: Bool = true,
        chronicle: Chronicle? = nil, calls: @escaping @Sendable (any ObjectService) -> any CallRunner = { _ in ScriptedCalls() }
    ) -> RunMachinery {
        let directory = self.data
        var openResources: (@Sendable () async throws -> any ResourceReader)?
        if hasQueue { openResources = { try await self.store() } }
        return RunMachinery(
            openRecords: {
                let store = try await SQLiteStore.open(dataDirectory: directory, engineVersion: "test")
                let commands = ToldCommands(commands: store, chronicle: chronicle)
                return RunRecords(
                    journal: store, reader: store, commands: commands, secrets: store, locks: store, cache: store,
                    queue: hasQueue ? store : nil)
            },
            openRuntime: { options in OpenedRuntime(runtime: runtime, kind: "process", description: "pretended", settle: {}) },
            openDoorbell: { id in
                let doorbell = try DatagramDoorbell(dataDirectory: directory, id: id)
                return OpenedDoorbell(service: doorbell, close: { doorbell.close() })
            },
            artifacts: FileArtifactStore(dataDirectory: directory),
            openCalls: { _, objects in OpenedCalls(runner: calls(objects)) }, settings: settings,
            removeFiles: self.removeFiles, scratch: { "\(directory)/pods/\($0)/scratch" }, time: self.clock,
            openResources: openResources,
            openOperations: { try await self.operations() })
    }

    /// Carries a Workflow of one file to its end.
    /// - Returns: the run's uid.
    @discardableResult func carryOut(_ file: String, by starter: LocalRunStarter? = nil) async throws -> String {
        let session = try await (starter ?? self.starter()).start(RunRequest(files: [file]))
        try await session.wait()
        return await session.workflows()[0]["metadata"]?["uid"]?.string ?? ""
    }

    // MARK: Asking

    func store() async throws -> SQLiteStore { try await SQLiteStore.open(dataDirectory: self.data, engineVersion: "test") }

    /// - Parameters: nil for what really does it.
    func operations(
        endPods: (@Sendable (RunID) async throws -> Void)? = nil, removeFiles: (@Sendable (RunID) async throws -> Void)? = nil
    ) async throws -> LocalOperations {
        let store = try await self.store()
        let directory = self.data
        return LocalOperations(
            store: RunStore(
                reader: store, commands: store, openJournal: { store }, logs: try PodLogFiles(dataDirectory: self.data),
                ring: { DatagramDoorbell.ring(at: $0) }, endPods: endPods ?? { try await PodFiles.end($0, dataDirectory: directory) },
                removeFiles: removeFiles ?? self.removeFiles, time: self.clock,
                index: store, queue: store))
    }

    private var removeFiles: @Sendable (RunID) async throws -> Void {
        let directory = self.data
        return { run in
            try await PodFiles.remove(run, dataDirectory: directory)
            try await FileArtifactStore(dataDirectory: directory).remove(run)
        }
    }

    /// What is left on disk of a run: its pods, claims and artifacts.
    func leftovers(of uid: String) -> [String] {
        ["pods", "claims", "artifacts"].filter { Files.exists("\(self.data)/\($0)/\(uid)") }
    }
}

/// Tells of what is deleted.
struct ToldCommands: RunCommands {
    let commands: any RunCommands
    let chronicle: Chronicle?

    func send(_ verb: RunCommand.Verb, to run: RunID, at: Timestamp, message: String) async throws {
        try await self.commands.send(verb, to: run, at: at, message: message)
    }

    func delete(_ run: RunID) async throws {
        try await self.commands.delete(run)
        self.chronicle?.add("deleted \(run)")
    }
}

struct Fault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The machine's clock.
struct WallClock: TimeSource {
    func now() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    func sleep(until deadline: Timestamp) async throws {
        try await Task.sleep(for: .milliseconds(max(0, (deadline - self.now()).milliseconds)))
    }
}

enum Files {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Writes a file, and makes the directories above it.
    static func write(_ text: String, to path: String) throws {
        var made = ""
        for part in path.split(separator: "/").dropLast() {
            made += "/\(part)"
            mkdir(made, 0o755)
        }
        guard let file = fopen(path, "we") else { throw Fault("\(path): \(errno)") }
        defer { fclose(file) }
        fputs(text, file)
    }

    static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR, let listing = opendir(path) else {
            unlink(path)
            return
        }
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { Self.remove("\(path)/\(name)") }
        }
        closedir(listing)
        rmdir(path)
    }
}

extension House {
    /// This process, as the store knows it.
    static var livingOwner: Owner {
        let process = getpid()
        return Owner(
            id: "here", processID: process, processStart: Files.startTime(of: process),
            bootID: Files.line("/proc/sys/kernel/random/boot_id"),
            doorbell: "")
    }
}

extension Files {
    static func line(_ path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes = [CChar](repeating: 0, count: 4096)
        guard fgets(&bytes, Int32(bytes.count), file) != nil else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Clock ticks since boot: field 22 of the process' `stat`.
    static func startTime(of process: Int32) -> UInt64 {
        let text = Self.line("/proc/\(process)/stat")
        let fields = text[text.index(after: text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return UInt64(fields[19]) ?? 0
    }
}
