import Foundation
import GRDB
import Ports
import Testing
import WorkflowModel

@testable import SQLiteStore

/// Databases as earlier versions left them: `Tests/Goldens/store/<migration>.sql` builds one, with a finished run, an unfinished one and
/// everything that belongs to them. A new migration adds a file and changes none.
@Suite struct MigrationTests {
    static let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
        "Goldens/store")
    static let migrations = Schema.migrator(writer: "test").migrations

    static func build(_ migration: String, at path: String) throws {
        let file = Self.goldens.appendingPathComponent(migration.replacingOccurrences(of: " ", with: "-") + ".sql")
        var configuration = Configuration()
        // The files name tables and rows in alphabetical order, whatever refers to what.
        configuration.foreignKeysEnabled = false
        let sql = try String(contentsOf: file, encoding: .utf8)
        try DatabaseQueue(path: path, configuration: configuration).write { db in try db.execute(sql: sql) }
    }

    static func schema(_ db: Database) throws -> [String] {
        try String.fetchAll(
            db, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'sqlite_sequence' ORDER BY type, name")
    }

    @Test(arguments: migrations) func `a database of every version opens with what it holds`(migration: String) async throws {
        let directory = try TemporaryDirectory()
        try Self.build(migration, at: directory.file("skiff.db"))
        let store = try await directory.open()
        let records = try await store.runs(matching: RunFilter())
        #expect(records.map(\.name) == ["unfinished", "finished"])
        #expect(records.map(\.labels) == [["team": "data"], [:]])
        for record in records {
            #expect(try await store.rows(of: record.id).map(\.ordinal) == [-1, 0])
            #expect(try await store.events(of: record.id).map(\.at) == [record.createdAt])
            #expect(try await store.source(of: record.id).context == ["{\"kind\":\"ConfigMap\"}"])
        }
        #expect(try await store.owner(of: records[0].id)?.processID == 4711)
        #expect(try await store.pendingCommands(for: records[0].id).map(\.verb) == [.stop])
        #expect(try await store.runs(matching: RunFilter(labels: ["team": "data"])).map(\.name) == ["unfinished"])
        // Who carried a finished run out, and where, was not kept at first.
        #expect(try await [store.bootID(of: records[0].id), store.bootID(of: records[1].id)] == ["boot", nil])
        let ownership = try await store.acquire(records[0].id, owner: makeOwner()) { _ in false }
        try await store.commit(entry(records[0], 1), by: ownership, isUrgent: true)
        #expect(try await store.events(of: records[0].id).count == 2)
    }

    @Test(arguments: migrations) func `a database of every version has a default namespace, and the objects that were stored`(
        migration: String
    ) async throws {
        let directory = try TemporaryDirectory()
        try Self.build(migration, at: directory.file("skiff.db"))
        let store = try await directory.open()
        #expect(try await store.resources(ResourceQuery(.namespace)).items.map(\.key.name) == ["default"])
        let stored = try await store.resources(ResourceQuery(.configMap)).items
        #expect(stored.map { $0.object["data"] } == (migration < "0003" ? [] : [["color": "blue"]]))
        let made = try await store.put(draft("new"), .create, at: noon).resource
        #expect(made.version == (migration < "0003" ? 2 : 3))
        #expect(try await store.unownedRuns(limit: 10).isEmpty)
        #expect(try await store.directoryOwner() == nil)
    }

    @Test(arguments: migrations) func `a migration makes the tables it made when it was released`(migration: String) throws {
        let migrated = try DatabaseQueue()
        try Schema.migrator(writer: "test").migrate(migrated, upTo: migration)
        let directory = try TemporaryDirectory()
        try Self.build(migration, at: directory.file("recorded.db"))
        let recorded = try DatabaseQueue(path: directory.file("recorded.db"))
        let schemas = try (migrated.read(Self.schema), recorded.read(Self.schema))
        #expect(schemas.0 == schemas.1)
    }

    @Test func `a database of a newer version is refused and left alone`() async throws {
        let directory = try TemporaryDirectory()
        _ = try await directory.open().create(makeRecord("report"))
        try await directory.database().write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999 future'); UPDATE meta SET value = '9.0.0'")
        }
        let expected = JournalError.newerSchema(
            "data directory '\(directory.path)' was written by Skiff 9.0.0, this is Skiff 1.2.3: update Skiff, or choose another with --data-dir or SKIFF_HOME"
        )
        for readOnly in [false, true] { await #expect(throws: expected) { try await directory.open(readOnly: readOnly) } }
        #expect(try await directory.database(readOnly: true).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM runs") } == 1)
    }

    @Test func `processes that make the database at once all succeed`() async throws {
        let directory = try TemporaryDirectory()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 { group.addTask { _ = try await directory.open().create(makeRecord("run-\(number)")) } }
            try await group.waitForAll()
        }
        #expect(try await directory.open().runs(matching: RunFilter()).count == 8)
    }
}
