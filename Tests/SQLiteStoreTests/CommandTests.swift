import Engine
import GRDB
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite struct CommandTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.store = try await self.directory.open()
    }

    @Test func `commands wait for their run, oldest first, until a commit completes them`() async throws {
        let record = makeRecord("report")
        let ownership = try await self.store.create(record)
        _ = try await self.store.create(makeRecord("other"))
        let elsewhere = try await self.directory.open()
        try await elsewhere.send(.stop, to: RunID("uid-report"), at: minutes(1), message: "'skiff stop' by ann")
        try await elsewhere.send(.terminate, to: RunID("uid-report"), at: minutes(2), message: "")
        let waiting = try await self.store.pendingCommands(for: RunID("uid-report"))
        #expect(waiting.map(\.verb) == [.stop, .terminate])
        #expect(waiting.map(\.issuedAt) == [minutes(1), minutes(2)])
        #expect(waiting.map(\.message) == ["'skiff stop' by ann", ""])
        #expect(try await self.store.pendingCommands(for: RunID("uid-other")).isEmpty)
        for _ in 1...2 {
            let entry = JournalEntry(events: [], rows: [], record: record, completed: [waiting[0]])
            try await self.store.commit(entry, by: ownership, isUrgent: true)
        }
        #expect(try await self.store.pendingCommands(for: RunID("uid-report")) == [waiting[1]])
    }

    @Test func `a command to a finished or unknown run is refused`() async throws {
        try await self.store.createFinished("report", at: minutes(1))
        for uid in ["uid-report-\(minutes(1).milliseconds)", "uid-nothing"] {
            await #expect(throws: JournalError.noSuchRun(uid)) { try await self.store.send(.stop, to: RunID(uid), at: noon, message: "") }
        }
    }

    @Test func `deleting a run removes all that was recorded about it and nothing else`() async throws {
        for name in ["report", "kept"] {
            var record = makeRecord(name, labels: ["team": "data"])
            let source = RunSource(workflow: "{}", context: [], secrets: ["s": ["k": [1]]], options: "{}")
            let ownership = try await self.store.create(record, source: source, owner: makeOwner())
            try await self.store.send(.stop, to: record.id, at: noon, message: "")
            record.finishedAt = minutes(1)
            try await self.store.commit(entry(record, 0), by: ownership, isUrgent: true)
        }
        try await self.store.delete(RunID("uid-report"))
        #expect(try await self.store.runs(matching: RunFilter()).map(\.name) == ["kept"])
        let counts = try await self.directory.database(readOnly: true).read { db in
            try ["runs", "runLabels", "owners", "sources", "secrets", "events", "commands"].map {
                try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)")
            }
        }
        #expect(counts == [1, 1, 1, 1, 1, 1, 1])
        #expect(try await self.store.rows(of: RunID("uid-kept")).count == 2)
        await #expect(throws: JournalError.noSuchRun("uid-report")) { try await self.store.delete(RunID("uid-report")) }
    }

    @Test func `an unfinished run is not deleted`() async throws {
        let ownership = try await self.store.create(makeRecord("report"), source: emptySource, owner: makeOwner("one"))
        await #expect(throws: JournalError.ownedBy(makeOwner("one"))) { try await self.store.delete(ownership.run) }
        try await self.store.release(ownership)
        await #expect(throws: JournalError.noSuchRun("uid-report")) { try await self.store.delete(ownership.run) }
        #expect(try await self.store.run(named: "report", namespace: "default") != nil)
    }

    @Test(
        arguments: [
            (nil, nil, []), (10, nil, []), (3, nil, []), (2, nil, ["a"]), (0, nil, ["a", "b", "c"]), (10, .seconds(600), ["a"]),
            (nil, .seconds(599), ["a", "b"]), (1, .seconds(3600), ["a", "b"]),
        ] as [(Int?, Span?, [String])])
    func `finished runs are kept by count and age`(keep: Int?, age: Span?, expected: [String]) async throws {
        for (index, name) in ["a", "b", "c"].enumerated() {
            try await self.store.createFinished(name, at: minutes(Int64(10 * (index + 1))))
        }
        _ = try await self.store.create(makeRecord("running", created: minutes(-100)))
        let retention = Retention(runs: keep, age: age)
        let expired = try await self.store.expiredRuns(retention, at: minutes(30), limit: 10)
        #expect(expired.map { $0.text.split(separator: "-")[1] } == expected.map { Substring($0) })
        #expect(try await self.store.expiredRuns(retention, at: minutes(30), limit: 1) == Array(expired.prefix(1)))
    }
}
