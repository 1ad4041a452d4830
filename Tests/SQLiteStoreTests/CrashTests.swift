import Engine
import Foundation
import GRDB
import Ports
import Testing
import WorkflowModel

@testable import SQLiteStore

@Suite struct CrashTests {
    /// A power cut may tear the end of the log anywhere. What was committed before the torn transaction must stay, whole.
    @Test func `a log cut anywhere in its last KiB loses the last commit and nothing else`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        var record = makeRecord("report")
        let ownership = try await store.create(record)
        for number in 0..<12 {
            record.progress = "\(number)/12"
            try await store.commit(entry(record, number), by: ownership, isUrgent: true)
        }
        let database = try Data(contentsOf: URL(fileURLWithPath: directory.file("skiff.db")))
        let log = try Data(contentsOf: URL(fileURLWithPath: directory.file("skiff.db-wal")))
        for cut in 1...1024 {
            let torn = try TemporaryDirectory(inMemory: true)
            try database.write(to: URL(fileURLWithPath: torn.file("skiff.db")))
            try log.dropLast(cut).write(to: URL(fileURLWithPath: torn.file("skiff.db-wal")))
            try await self.expect(torn, commits: 11, cut: cut)
        }
    }

    /// Bytes that reached the disk in part, or not at all where the file had grown already.
    @Test(arguments: [0, 1, 511, 4095, 4096, 4120, 8192]) func `a log whose end is zeros loses the last commit and nothing else`(
        intact: Int
    ) async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let record = makeRecord("report")
        let ownership = try await store.create(record)
        for number in 0..<11 { try await store.commit(entry(record, number), by: ownership, isUrgent: true) }
        let before = try Data(contentsOf: URL(fileURLWithPath: directory.file("skiff.db-wal"))).count
        try await store.commit(entry(record, 11), by: ownership, isUrgent: true)
        let torn = try TemporaryDirectory()
        var log = try Data(contentsOf: URL(fileURLWithPath: directory.file("skiff.db-wal")))
        log.resetBytes(in: (before + intact)..<log.count)
        try FileManager.default.copyItem(atPath: directory.file("skiff.db"), toPath: torn.file("skiff.db"))
        try log.write(to: URL(fileURLWithPath: torn.file("skiff.db-wal")))
        try await self.expect(torn, commits: 11, cut: intact)
    }

    private func expect(_ directory: TemporaryDirectory, commits: Int, cut: Int) async throws {
        let store = try await directory.open()
        let run = RunID("uid-report")
        #expect(try await store.events(of: run).map(\.json) == (0..<commits).map { "{\"event\":\($0)}" }, "cut \(cut)")
        #expect(try await store.rows(of: run).map(\.ordinal) == Array(-1..<commits), "cut \(cut)")
        #expect(try await store.rows(of: run).first?.json == "{\"events\":\(commits - 1)}", "cut \(cut)")
        let integrity = try await store.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
        #expect(integrity == "ok", "cut \(cut)")
    }

    @Test func `an urgent commit waits for the disk and another does not`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let ownership = try await store.create(makeRecord("report"))
        let pool = try #require(store.reader as? DatabasePool)
        for isUrgent in [true, false, false, true] {
            try await store.commit(entry(makeRecord("report"), isUrgent ? 1 : 0, rows: []), by: ownership, isUrgent: isUrgent)
            let setting = try await pool.writeWithoutTransaction { db in try Int.fetchOne(db, sql: "PRAGMA synchronous") }
            #expect(setting == (isUrgent ? 2 : 1))
        }
    }
}
