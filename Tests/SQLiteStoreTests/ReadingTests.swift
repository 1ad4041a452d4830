import Engine
import GRDB
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite struct ReadingTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.store = try await self.directory.open()
    }

    private func names(_ filter: RunFilter) async throws -> [String] { try await self.store.runs(matching: filter).map(\.name) }

    private func fill() async throws {
        try await self.store.createFinished("old", at: minutes(10), created: minutes(0), labels: ["team": "data", "a.b/c\"d": "x"])
        try await self.store.createFinished("new", at: minutes(30), created: minutes(1), labels: ["team": "web"])
        _ = try await self.store.create(makeRecord("first", created: minutes(2), labels: ["team": "data"]))
        _ = try await self.store.create(makeRecord("second", phase: "Pending", created: minutes(3)))
        _ = try await self.store.create(makeRecord("far", namespace: "other", created: minutes(4)))
    }

    @Test func `unfinished runs come first by creation, then finished ones by end`() async throws {
        try await self.fill()
        #expect(try await self.names(RunFilter()) == ["far", "second", "first", "new", "old"])
        #expect(try await self.names(RunFilter(limit: 4)) == ["far", "second", "first", "new"])
        #expect(try await self.names(RunFilter(limit: 2)) == ["far", "second"])
        #expect(try await self.names(RunFilter(limit: 0)).isEmpty)
    }

    @Test(arguments: [
        (RunFilter(namespace: "default"), ["second", "first", "new", "old"]),
        (RunFilter(name: "new"), ["new"]),
        (RunFilter(prefix: "f"), ["far", "first"]),
        (RunFilter(prefix: "fi"), ["first"]),
        (RunFilter(prefix: "%"), []),
        (RunFilter(phases: ["Pending", "Succeeded"]), ["second", "new", "old"]),
        (RunFilter(isFinished: true), ["new", "old"]),
        (RunFilter(isFinished: false), ["far", "second", "first"]),
        (RunFilter(createdAfter: minutes(1)), ["far", "second", "first"]),
        (RunFilter(finishedBefore: minutes(30)), ["old"]),
        (RunFilter(labels: ["team": "data"]), ["first", "old"]),
        (RunFilter(labels: ["team": "data", "a.b/c\"d": "x"]), ["old"]),
        (RunFilter(labels: ["team": "x"]), []),
        (RunFilter(namespace: "default", isFinished: false, labels: ["team": "data"]), ["first"]),
    ]) func `a list can be filtered`(filter: RunFilter, expected: [String]) async throws {
        try await self.fill()
        #expect(try await self.names(filter) == expected)
    }

    @Test func `labels that change are found under the new value only`() async throws {
        var record = makeRecord("report", labels: ["team": "data", "gone": "soon"])
        let ownership = try await self.store.create(record)
        record.labels = ["team": "web"]
        try await self.store.commit(entry(record, 0), by: ownership, isUrgent: false)
        #expect(try await self.names(RunFilter(labels: ["team": "data"])).isEmpty)
        #expect(try await self.names(RunFilter(labels: ["gone": "soon"])).isEmpty)
        #expect(try await self.names(RunFilter(labels: ["team": "web"])) == ["report"])
    }

    @Test func `a run whose labels cannot be read is listed and says so`() async throws {
        _ = try await self.store.create(makeRecord("report", labels: ["a": "b"]))
        _ = try await self.store.create(makeRecord("other"))
        try await self.directory.database().write { db in
            try db.execute(sql: "UPDATE runs SET labels = '{\"a\":' WHERE name = 'report'")
        }
        let records = try await self.store.runs(matching: RunFilter())
        #expect(records.map(\.name) == ["other", "report"])
        #expect(records.last?.message == "the labels stored for this run cannot be read (unexpected end of text at byte 5)")
    }

    @Test func `a source that cannot be read is an error that names its run`() async throws {
        _ = try await self.store.create(makeRecord("report"))
        try await self.directory.database().write { db in try db.execute(sql: "UPDATE sources SET context = '{}'") }
        await #expect(
            throws: JournalError.unavailable(
                "what run 'uid-report' was made from in '\(self.directory.path)' cannot be read (expected an array): nothing was removed; restore it from a copy, or choose another with --data-dir or SKIFF_HOME"
            )
        ) { try await self.store.source(of: RunID("uid-report")) }
    }
}
