import Engine
import Foundation
import GRDB
import Ports
import SQLiteStore
import WorkflowModel

/// A directory of its own for one test, removed with it.
final class TemporaryDirectory: Sendable {
    let path: String

    /// - Parameter inMemory: for a test that opens many databases and has nothing to do with the disk.
    init(inMemory: Bool = false) throws {
        let parent = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/skiff-store-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // What a test made unwritable is made writable again; a remainder in /tmp would harm nobody.
        chmod(self.path, 0o700)
        try? FileManager.default.removeItem(atPath: self.path)
    }

    func file(_ name: String) -> String { self.path + "/" + name }
    func open(readOnly: Bool = false) async throws -> SQLiteStore {
        try await SQLiteStore.open(dataDirectory: self.path, engineVersion: "1.2.3", readOnly: readOnly)
    }
    /// The database as somebody else would open it.
    func database(readOnly: Bool = false) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = readOnly
        return try DatabaseQueue(path: self.file("skiff.db"), configuration: configuration)
    }
}

let noon = Timestamp(milliseconds: 1_800_000_000_000)

func minutes(_ count: Int64) -> Timestamp { noon + .seconds(60 * count) }

func makeRecord(
    _ name: String, uid: String? = nil, namespace: String = "default", phase: String = "Running", created: Timestamp = noon,
    finished: Timestamp? = nil, labels: [String: String] = [:]
) -> RunRecord {
    RunRecord(
        id: RunID(uid ?? "uid-" + name), namespace: namespace, name: name, phase: phase, createdAt: created, startedAt: created,
        finishedAt: finished, labels: labels)
}

let emptySource = RunSource(workflow: "{}", context: [], secrets: [:], options: "{}")

func makeOwner(_ id: String = "one") -> Owner {
    Owner(id: id, processID: 4711, processStart: .max - 5, bootID: "boot", doorbell: "/data/doorbells/\(id).sock")
}

func entry(_ record: RunRecord, _ number: Int, rows: [StateRow]? = nil) -> JournalEntry {
    JournalEntry(
        events: [JournalEvent(at: minutes(Int64(number)), json: "{\"event\":\(number)}")],
        rows: rows ?? [StateRow(ordinal: -1, json: "{\"events\":\(number)}"), StateRow(ordinal: number, json: "{}")], record: record)
}

extension SQLiteStore {
    func create(_ record: RunRecord) async throws -> Ownership { try await self.create(record, source: emptySource, owner: makeOwner()) }

    /// Creates a run that has ended already.
    func createFinished(_ name: String, at finished: Timestamp, created: Timestamp = noon, labels: [String: String] = [:]) async throws {
        let record = makeRecord(
            name, uid: "uid-\(name)-\(finished.milliseconds)", phase: "Succeeded", created: created, finished: finished, labels: labels)
        try await self.release(try await self.create(record))
    }
}
