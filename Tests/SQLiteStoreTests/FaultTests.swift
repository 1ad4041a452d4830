import Engine
import Foundation
import GRDB
import Ports
import Testing
import WorkflowModel

@testable import SQLiteStore

/// A small file system of its own, which only root may mount.
final class SmallDisk: Sendable {
    let directory: TemporaryDirectory

    init(size: String) throws {
        self.directory = try TemporaryDirectory()
        try #require(mount("tmpfs", self.directory.path, "tmpfs", 0, "size=\(size),mode=0700") == 0, "\(errno)")
    }
    deinit { umount2(self.directory.path, Int32(MNT_DETACH)) }

    func makeReadOnly() throws {
        // Busy for a moment when a test beside this one has just forked: the child closes what it inherited first thing.
        let end = ContinuousClock.now + .seconds(10)
        while mount("tmpfs", self.directory.path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) != 0 {
            try #require(errno == EBUSY && ContinuousClock.now < end, "\(errno)")
            sched_yield()
        }
    }
}

@Suite struct FaultTests {
    private static let isRoot = geteuid() == 0
    private let elsewhere = "choose another with --data-dir or SKIFF_HOME"

    private func full(_ path: String) -> JournalError {
        .storageFull(
            "the disk that holds data directory '\(path)' is full: make room or \(self.elsewhere); what was recorded stays readable")
    }

    private func large(_ number: Int) -> JournalEntry {
        entry(makeRecord("report"), number, rows: [StateRow(ordinal: number, json: "\"" + String(repeating: "x", count: 60_000) + "\"")])
    }

    /// Commits large entries until one is refused.
    /// - Returns: how many were recorded.
    private func fill(_ store: SQLiteStore, _ ownership: Ownership, expecting expected: JournalError) async throws -> Int {
        for number in 0..<1000 {
            do {
                try await store.commit(self.large(number), by: ownership, isUrgent: true)
            } catch {
                #expect(error as? JournalError == expected)
                return number
            }
        }
        Issue.record("the disk never filled up")
        return 1000
    }

    @Test func `a database that may not grow refuses what does not fit and keeps the rest`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let ownership = try await store.create(makeRecord("report"))
        let pool = try #require(store.reader as? DatabasePool)
        try await pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 200") }
        let recorded = try await self.fill(store, ownership, expecting: self.full(directory.path))
        #expect(recorded > 2)
        #expect(try await store.rows(of: ownership.run).count == recorded)
        #expect(try await directory.open(readOnly: true).events(of: ownership.run).count == recorded)
        // Those that share a transaction with one that does not fit, and do fit, are recorded.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 500..<520 {
                group.addTask {
                    if number % 4 == 0 {
                        await #expect(throws: self.full(directory.path)) {
                            try await store.commit(self.large(number), by: ownership, isUrgent: true)
                        }
                    } else {
                        try await store.commit(entry(makeRecord("report"), number, rows: []), by: ownership, isUrgent: true)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.events(of: ownership.run).count == recorded + 15)
        try await pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA max_page_count = 2000000") }
        try await store.commit(self.large(600), by: ownership, isUrgent: true)
    }

    @Test(.enabled(if: isRoot, "only root may mount a small disk"))
    func `a full disk refuses what does not fit and what was recorded stays readable`() async throws {
        let disk = try SmallDisk(size: "2m")
        let directory = disk.directory
        let store = try await directory.open()
        let ownership = try await store.create(makeRecord("report"))
        let recorded = try await self.fill(store, ownership, expecting: self.full(directory.path))
        #expect(recorded > 2)
        #expect(try await store.events(of: ownership.run).count == recorded)
        #expect(try await directory.open(readOnly: true).rows(of: ownership.run).count == recorded)
        await #expect(throws: self.full(directory.path)) {
            try await store.create(makeRecord("other", labels: ["k": String(repeating: "x", count: 90_000)]))
        }
    }

    @Test(.enabled(if: isRoot, "only root may mount a small disk"))
    func `a full disk without a log can still be read, and not opened to write`() async throws {
        let disk = try SmallDisk(size: "1m")
        let directory = disk.directory
        try await { _ = try await directory.open().create(makeRecord("report")) }()
        // What the last writer leaves when it closes in order.
        try await directory.database().writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        #expect(!FileManager.default.fileExists(atPath: directory.file("skiff.db-shm")))
        try Data().write(to: URL(fileURLWithPath: directory.file("filler")))
        let filler = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.file("filler")))
        while (try? filler.write(contentsOf: Data(repeating: 1, count: 4096))) != nil {}
        #expect(try await directory.open(readOnly: true).runs(matching: RunFilter()).map(\.name) == ["report"])
        await #expect(throws: self.full(directory.path)) { try await directory.open() }
    }

    @Test(.enabled(if: isRoot, "only root may mount a disk")) func `a read-only disk can be read, and not opened to write`() async throws {
        let disk = try SmallDisk(size: "2m")
        let directory = disk.directory
        try await { _ = try await directory.open().create(makeRecord("report")) }()
        try await directory.database().writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        try disk.makeReadOnly()
        #expect(try await directory.open(readOnly: true).run(named: "report", namespace: "default") != nil)
        await #expect(
            throws: JournalError.unavailable(
                "data directory '\(directory.path)' is not writable (read-only file system): \(self.elsewhere)")
        ) { try await directory.open() }
    }

    @Test(.enabled(if: !isRoot, "root may write everywhere")) func `a directory without permission is refused`() async throws {
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o500)
        await #expect(
            throws: JournalError.unavailable("data directory '\(directory.path)' is not writable (permission denied): \(self.elsewhere)")
        ) { try await directory.open() }
    }

    @Test func `a path through a file is refused`() async throws {
        let directory = try TemporaryDirectory()
        try Data("x".utf8).write(to: URL(fileURLWithPath: directory.file("file")))
        for path in [directory.file("file"), directory.file("file/below/it")] {
            let place = path.hasSuffix("file") ? path : directory.file("file/below")
            await #expect(
                throws: JournalError.unavailable(
                    "data directory '\(path)' cannot be made (not a directory at '\(place)'): \(self.elsewhere)")
            ) { try await SQLiteStore.open(dataDirectory: path, engineVersion: "1") }
        }
    }

    @Test func `the directory and its files are their owner's alone`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a/b")
        _ = try await SQLiteStore.open(dataDirectory: path, engineVersion: "1").create(makeRecord("report"))
        for (file, mode) in [("", 0o700), ("/skiff.db", 0o600), ("/skiff.db-opening", 0o600)] {
            #expect(try FileManager.default.attributesOfItem(atPath: path + file)[.posixPermissions] as? Int == mode, "\(file)")
        }
    }

    @Test(arguments: [Data("this is not a database, whatever its name says".utf8), Data(repeating: 0x53, count: 9000)])
    func `a damaged database is an error and stays as it is`(content: Data) async throws {
        let directory = try TemporaryDirectory()
        try content.write(to: URL(fileURLWithPath: directory.file("skiff.db")))
        for readOnly in [false, true] {
            await #expect(
                throws: JournalError.unavailable(
                    "the database 'skiff.db' in '\(directory.path)' cannot be read (file is not a database): nothing was removed; restore it from a copy, or \(self.elsewhere)"
                )
            ) { try await directory.open(readOnly: readOnly) }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file("skiff.db"))) == content)
    }

    @Test func `reading a directory without a database finds no runs and makes nothing`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("nothing/here")
        let store = try await SQLiteStore.open(dataDirectory: path, engineVersion: "1", readOnly: true)
        #expect(try await store.runs(matching: RunFilter()).isEmpty)
        #expect(try await store.run(named: "report", namespace: "default") == nil)
        #expect(!FileManager.default.fileExists(atPath: directory.file("nothing")))
        await #expect(
            throws: JournalError.unavailable("data directory '\(path)' is not writable (it was opened to read only): \(self.elsewhere)")
        ) { try await store.create(makeRecord("report")) }
    }

    @Test func `a store opened to read sees what others commit`() async throws {
        let directory = try TemporaryDirectory()
        let writer = try await directory.open()
        let reader = try await directory.open(readOnly: true)
        let ownership = try await writer.create(makeRecord("report"))
        try await writer.commit(entry(makeRecord("report"), 0), by: ownership, isUrgent: false)
        #expect(try await reader.events(of: ownership.run).count == 1)
    }
}
