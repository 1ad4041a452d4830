import Engine
import GRDB
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite struct JournalTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.store = try await self.directory.open()
    }

    @Test func `a run comes back as it was recorded`() async throws {
        var record = makeRecord("report", labels: ["team": "data", "quoted": "\"a\\b\"\n"])
        record.message = "half way"
        record.priority = -3
        record.progress = "3/7"
        record.parameters = ["date": "2026-01-01", "empty": ""]
        record.startedAt = nil
        _ = try await self.store.create(record)
        #expect(try await self.store.run(named: "report", namespace: "default") == record)
        #expect(try await self.store.run(named: "uid-report", namespace: "default") == record)
        #expect(try await self.store.run(named: "report", namespace: "other") == nil)
    }

    @Test func `a source comes back as it was recorded`() async throws {
        let source = RunSource(
            workflow: "{\"kind\":\"Workflow\"}", context: ["{\"a\":\"\\\"\"}", "[]"],
            secrets: ["db": ["user": Array("me".utf8), "raw": [0, 255, 7]], "none": [:]],
            options: "{\"runtime\":\"sandbox\"}")
        _ = try await self.store.create(makeRecord("report"), source: source, owner: makeOwner())
        #expect(try await self.store.source(of: RunID("uid-report")) == source)
        await #expect(throws: JournalError.noSuchRun("uid-other")) { try await self.store.source(of: RunID("uid-other")) }
    }

    @Test func `a commit records events, rows and the record together`() async throws {
        var record = makeRecord("report")
        let ownership = try await self.store.create(record)
        try await self.store.commit(entry(record, 0), by: ownership, isUrgent: false)
        record.phase = "Failed"
        record.message = "it broke"
        record.finishedAt = minutes(9)
        record.labels = ["k": "v"]
        try await self.store.commit(entry(record, 1), by: ownership, isUrgent: true)
        #expect(
            try await self.store.events(of: record.id) == [
                JournalEvent(at: noon, json: "{\"event\":0}"), JournalEvent(at: minutes(1), json: "{\"event\":1}"),
            ])
        #expect(
            try await self.store.rows(of: record.id) == [
                StateRow(ordinal: -1, json: "{\"events\":1}"), StateRow(ordinal: 0, json: "{}"), StateRow(ordinal: 1, json: "{}"),
            ])
        #expect(try await self.store.run(named: "report", namespace: "default") == record)
    }

    @Test func `a commit may hold several events or none`() async throws {
        let record = makeRecord("report")
        let ownership = try await self.store.create(record)
        let events = (0..<3).map { JournalEvent(at: minutes($0), json: "{\"n\":\($0)}") }
        try await self.store.commit(JournalEntry(events: events, rows: [], record: record), by: ownership, isUrgent: true)
        try await self.store.commit(JournalEntry(events: [], rows: [], record: record), by: ownership, isUrgent: true)
        try await self.store.commit(JournalEntry(events: events, rows: [], record: record), by: ownership, isUrgent: true)
        #expect(try await self.store.events(of: record.id) == events + events)
    }

    @Test func `events are stamped with the engine that wrote them`() async throws {
        let record = makeRecord("report")
        let ownership = try await self.store.create(record)
        try await self.store.commit(entry(record, 0), by: ownership, isUrgent: true)
        let engines = try await self.directory.database(readOnly: true).read { try String.fetchAll($0, sql: "SELECT engine FROM events") }
        #expect(engines == ["1.2.3"])
    }

    @Test func `a name is free again when its run has finished`() async throws {
        var record = makeRecord("report", uid: "first")
        let ownership = try await self.store.create(record)
        await #expect(throws: JournalError.nameInUse("report")) { try await self.store.create(makeRecord("report", uid: "second")) }
        _ = try await self.store.create(makeRecord("report", uid: "elsewhere", namespace: "other"))
        record.finishedAt = minutes(1)
        try await self.store.commit(entry(record, 0), by: ownership, isUrgent: true)
        _ = try await self.store.create(makeRecord("report", uid: "second", created: minutes(2)))
        #expect(try await self.store.run(named: "report", namespace: "default")?.id == RunID("second"))
    }

    @Test func `a message keeps what C strings would cut off`() async throws {
        var record = makeRecord("report")
        record.message = "before\0after"
        _ = try await self.store.create(record)
        #expect(try await self.store.run(named: "report", namespace: "default")?.message == "before\u{2400}after")
    }

    @Test func `the commits of many runs at once are all recorded, each run's in order`() async throws {
        let store = self.store
        let expected = (0..<40).map { "{\"event\":\($0)}" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<24 {
                group.addTask {
                    let record = makeRecord("run-\(number)")
                    let ownership = try await store.create(record)
                    for event in 0..<40 { try await store.commit(entry(record, event), by: ownership, isUrgent: event % 3 == 0) }
                }
            }
            try await group.waitForAll()
        }
        for number in 0..<24 { #expect(try await store.events(of: RunID("uid-run-\(number)")).map(\.json) == expected) }
    }

    @Test func `a commit that is refused spoils none of those beside it`() async throws {
        let store = self.store
        let stale = try await store.create(makeRecord("stale"))
        try await store.release(stale)
        let refused = try await withThrowingTaskGroup(of: Bool.self, returning: Int.self) { group in
            for number in 0..<60 {
                group.addTask {
                    if number % 3 == 0 {
                        await #expect(throws: JournalError.fenced) {
                            try await store.commit(entry(makeRecord("stale"), number), by: stale, isUrgent: true)
                        }
                        return true
                    }
                    let record = makeRecord("run-\(number)")
                    let ownership = try await store.create(record)
                    try await store.commit(entry(record, 0), by: ownership, isUrgent: true)
                    return false
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused == 20)
        #expect(try await store.events(of: RunID("uid-stale")).isEmpty)
        for number in 0..<60 where number % 3 != 0 { #expect(try await store.events(of: RunID("uid-run-\(number)")).count == 1) }
    }

    @Test func `a cancelled caller does not take its commit back`() async throws {
        let record = makeRecord("report")
        let ownership = try await self.store.create(record)
        let store = self.store
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await store.commit(entry(record, 0), by: ownership, isUrgent: true)
        }
        try await task.value
        #expect(try await store.events(of: record.id).count == 1)
    }
}
