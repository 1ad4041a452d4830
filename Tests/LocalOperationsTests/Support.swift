import Diagnostics
import Engine
import Foundation
import LocalOperations
import Operations
import Ports
import SQLiteStore
import Synchronization
import TestKit
import Testing
import WorkflowModel

/// A data directory with the real store in it, and nothing that could carry a run out.
final class StoreFixture: Sendable {
    let path: String
    let clock = ManualClock(now: Timestamp(milliseconds: 1_800_000_000_000))
    /// Claims whose directories were removed, and doorbells that were rung.
    let calls = Mutex<[String]>([])

    var data: String { self.path + "/data" }

    init() throws {
        var template = Array("/tmp/skiff-resources-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var hasDirectory: Bool { access(self.data, F_OK) == 0 }

    // A remainder in /tmp would harm nobody.
    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    func store() async throws -> SQLiteStore { try await SQLiteStore.open(dataDirectory: self.data, engineVersion: "test") }

    /// - Parameter claimsResist: directories of claims cannot be removed.
    func resources(claimsResist: Bool = false) -> LocalResources {
        LocalResources(
            LocalResources.Place(
                openReader: { try await SQLiteStore.open(dataDirectory: self.data, engineVersion: "test", readOnly: true) },
                openStore: { try await self.store() },
                removeClaim: { claim in
                    if claimsResist { throw OperationError(.unavailable, "it resists") }
                    self.calls.withLock { $0.append("removed \(claim.namespace)/\(claim.name)") }
                }, time: self.clock))
    }

    private var machinery: RunMachinery {
        RunMachinery(
            openRecords: {
                let store = try await self.store()
                return RunRecords(
                    journal: store, reader: store, commands: store, secrets: store, locks: store, cache: store, queue: store)
            },
            openRuntime: { _ in throw OperationError(.unavailable, "nothing is carried out here") },
            openDoorbell: { _ in throw OperationError(.unavailable, "nothing is carried out here") }, artifacts: MemoryArtifacts(),
            openCalls: { _, _ in OpenedCalls(runner: ScriptedCalls()) }, settings: { RunSettings() }, removeFiles: { _ in },
            scratch: { "/nowhere/\($0)" }, time: self.clock,
            openResources: { try await SQLiteStore.open(dataDirectory: self.data, engineVersion: "test", readOnly: true) })
    }

    var starter: LocalRunStarter { LocalRunStarter(machinery: self.machinery) }

    var submitter: LocalRunSubmitter {
        LocalRunSubmitter(machinery: self.machinery) { doorbell in
            self.calls.withLock { $0.append("rang \(doorbell)") }
            return true
        }
    }

    func file(_ name: String, _ text: String) throws -> String {
        let path = "\(self.path)/\(name)"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// This process as the owner of the data directory.
    func claim() async throws {
        let process = getpid()
        let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = stat[stat.index(after: try #require(stat.lastIndex(of: ")")))...].split(separator: " ")
        let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8).prefix { $0 != "\n" }
        let owner = Owner(
            id: "server", processID: process, processStart: try #require(UInt64(fields[19])), bootID: String(boot), doorbell: "/bell")
        try await self.store().claimDirectory(owner) { _ in true }
    }
}

/// Objects as they come over the wire: without a text.
func manifest(_ kind: String, _ name: String, _ fields: JSONValue = [:], metadata: JSONValue = [:]) -> ResourceManifest {
    var object = JSONObject()
    object["apiVersion"] = kind.hasPrefix("Config") || kind == "Secret" ? "v1" : "argoproj.io/v1alpha1"
    object["kind"] = .string(kind)
    var meta = metadata.object ?? JSONObject()
    if !name.isEmpty { meta["name"] = .string(name) }
    object["metadata"] = .object(meta)
    for (key, value) in fields.object ?? JSONObject() { object[key] = value }
    return ResourceManifest(object: .object(object), source: SourceMap(file: name, lines: []))
}

/// A WorkflowTemplate of one container.
func template(_ name: String, kind: String = "WorkflowTemplate", environment: JSONValue = []) -> ResourceManifest {
    let container: JSONValue = ["image": "busybox:1.36", "command": ["true"], "env": environment]
    let spec: JSONValue = ["entrypoint": "main", "templates": [["name": "main", "container": container]]]
    return manifest(kind, name, ["spec": spec])
}

extension ResourceReport {
    /// `configmap/x created` and the codes of refusals.
    var texts: [String] {
        self.results.map { result in
            switch result.result {
            case .success(let done): "\(result.reference.text) \(done.outcome)"
            case .failure(let error): "\(result.reference.text) \(error.code)"
            }
        }
    }
}
