import Engine
import Foundation
import GRDB
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite struct SecretTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore
    private let password = "correct horse battery staple"

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.store = try await self.directory.open()
    }

    private func create(_ name: String = "report") async throws {
        let secrets = ["db": ["password": Array(self.password.utf8)]]
        _ = try await self.store.create(
            makeRecord(name), source: RunSource(workflow: "{}", context: [], secrets: secrets, options: "{}"), owner: makeOwner())
    }

    @Test func `values are found by run and name`() async throws {
        try await self.create()
        let reopened = try await self.directory.open()
        #expect(try await reopened.values(of: "db", in: RunID("uid-report")) == ["password": Array(self.password.utf8)])
        #expect(try await reopened.values(of: "other", in: RunID("uid-report")) == nil)
        #expect(try await reopened.values(of: "db", in: RunID("uid-other")) == nil)
    }

    @Test func `no file of the data directory holds a value in plain text`() async throws {
        try await self.create()
        let needles = [Data(self.password.utf8), Data(Data(self.password.utf8).base64EncodedString().dropLast(2).utf8)]
        let files = try FileManager.default.contentsOfDirectory(atPath: self.directory.path)
        #expect(Set(files).isSuperset(of: ["skiff.db", "skiff.db-wal", "secret.key"]))
        for file in files {
            let content = try Data(contentsOf: URL(fileURLWithPath: self.directory.file(file)))
            for needle in needles { #expect(content.range(of: needle) == nil, "in \(file)") }
        }
    }

    @Test func `the key is its owner's alone and made only when needed`() async throws {
        _ = try await self.store.create(makeRecord("plain"))
        #expect(!FileManager.default.fileExists(atPath: self.directory.file("secret.key")))
        try await self.create()
        let attributes = try FileManager.default.attributesOfItem(atPath: self.directory.file("secret.key"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(attributes[.size] as? Int == 32)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: self.directory.path).filter { $0.hasPrefix("secret") } == ["secret.key"])
    }

    @Test func `processes that need the key at once agree on one`() async throws {
        let directory = self.directory
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let source = RunSource(workflow: "{}", context: [], secrets: ["s": ["k": [UInt8(number)]]], options: "{}")
                    _ = try await directory.open().create(makeRecord("run-\(number)"), source: source, owner: makeOwner())
                }
            }
            try await group.waitForAll()
        }
        for number in 0..<8 { #expect(try await self.store.values(of: "s", in: RunID("uid-run-\(number)")) == ["k": [UInt8(number)]]) }
    }

    @Test func `a sealed value moved to another run or name does not open`() async throws {
        try await self.create()
        try await self.create("other")
        try await self.directory.database().write { db in
            try db.execute(
                sql: """
                    UPDATE secrets SET sealed = (SELECT sealed FROM secrets JOIN runs ON runs.id = run WHERE runs.name = 'other')
                    WHERE run = (SELECT id FROM runs WHERE name = 'report')
                    """)
        }
        await #expect(
            throws: JournalError.unavailable(
                "secret 'db' of run 'uid-report' in '\(self.directory.path)' cannot be read (it was not sealed with the key in 'secret.key'): nothing was removed; restore it from a copy, or choose another with --data-dir or SKIFF_HOME"
            )
        ) { try await self.store.values(of: "db", in: RunID("uid-report")) }
    }

    @Test func `a missing, open or damaged key is an error that says what to do`() async throws {
        try await self.create()
        let key = self.directory.file("secret.key")
        let run = RunID("uid-report")
        chmod(key, 0o644)
        await #expect(throws: JournalError.unavailable("secret key '\(key)' can be read by other users: run 'chmod 600 \(key)'")) {
            try await self.directory.open().values(of: "db", in: run)
        }
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: key))
        chmod(key, 0o600)
        await #expect(throws: JournalError.unavailable("secret key '\(key)' is damaged: expected 32 bytes; restore it from a copy")) {
            try await self.directory.open().values(of: "db", in: run)
        }
        unlink(key)
        await #expect(
            throws: JournalError.unavailable(
                "a secret in '\(self.directory.path)' cannot be read (its key file 'secret.key' is missing): nothing was removed; restore it from a copy, or choose another with --data-dir or SKIFF_HOME"
            )
        ) { try await self.directory.open().values(of: "db", in: run) }
        #expect(!FileManager.default.fileExists(atPath: key))
    }
}
