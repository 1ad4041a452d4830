import GRDB
import Ports
import Testing
import WorkflowModel

@testable import SQLiteStore

@Suite(.timeLimit(.minutes(1))) struct WatchTests {
    typealias Events = AsyncThrowingStream<ResourceEvent, any Error>.Iterator

    private func text(_ event: ResourceEvent?) -> String? {
        event.map { "\($0.change) \($0.resource.key.name) \($0.resource.object["data"]?["n"]?.string ?? "-")" }
    }

    @Test func `a watch tells what there is and then what another connection does`() async throws {
        let directory = try TemporaryDirectory()
        let (store, other) = (try await directory.open(), try await directory.open())
        try await other.put(draft("a", data: ["n": "1"]), .create, at: noon)
        var events = store.changes(of: ResourceQuery(.configMap), since: nil).makeAsyncIterator()
        #expect(self.text(try await events.next()) == "added a 1")
        try await other.put(draft("a", data: ["n": "2"]), .apply(version: nil), at: noon)
        try await other.put(draft("x", .workflowTemplate), .create, at: noon)
        try await other.put(draft("b"), .create, at: noon)
        try await other.remove(key("a"), uid: nil, version: nil)
        #expect(self.text(try await events.next()) == "modified a 2")
        #expect(self.text(try await events.next()) == "added b -")
        let gone = try #require(try await events.next())
        #expect(self.text(gone) == "deleted a 2")
        #expect(gone.resource.object["metadata"]?["resourceVersion"]?.string == String(gone.resource.version))
    }

    @Test func `a watch from a list's version tells exactly what came after it`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        try await store.put(draft("a"), .create, at: noon)
        let page = try await store.resources(ResourceQuery(.configMap))
        for number in 1...3 { try await store.put(draft("a", data: ["n": .string("\(number)")]), .apply(version: nil), at: noon) }
        var events = store.changes(of: ResourceQuery(.configMap), since: page.version).makeAsyncIterator()
        for number in 1...3 { #expect(self.text(try await events.next()) == "modified a \(number)") }
    }

    @Test func `an object that comes to match is added, one that ceases to is deleted`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let query = ResourceQuery(.configMap, namespace: "default", labels: try LabelSelector("team=data"))
        var events = store.changes(of: query, since: 1).makeAsyncIterator()
        try await store.put(draft("a"), .create, at: noon)
        try await store.put(draft("a", namespace: "other", labels: ["team": "data"]), .create, at: noon)
        try await store.put(draft("a", labels: ["team": "data"]), .apply(version: nil), at: noon)
        try await store.put(draft("a", labels: ["team": "data", "x": "y"]), .apply(version: nil), at: noon)
        try await store.put(draft("a", labels: ["team": "web"]), .apply(version: nil), at: noon)
        try await store.put(draft("a", labels: ["team": "ops"]), .apply(version: nil), at: noon)
        try await store.put(draft("b", labels: ["team": "data"]), .create, at: noon)
        var changes: [String] = []
        for _ in 0..<4 { changes.append(self.text(try await events.next()) ?? "") }
        #expect(changes == ["added a -", "modified a -", "deleted a -", "added b -"])
    }

    @Test func `the log keeps the newest changes, and a watch from before them is told so`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let first = try await store.put(draft("a"), .create, at: noon).resource.version
        // As if so much had been changed since the first change there was.
        try await directory.database().write { db in
            try db.execute(
                sql: "UPDATE resourceChanges SET bytesUpToHere = bytesUpToHere - ? WHERE version = 1", arguments: [ChangeLog.mostBytes])
        }
        let second = try await store.put(draft("b"), .create, at: noon).resource.version
        let kept = try await store.read { try Int64.fetchAll($0, sql: "SELECT version FROM resourceChanges ORDER BY version") }
        #expect(kept == [first, second])
        var old = store.changes(of: ResourceQuery(.configMap), since: 0).makeAsyncIterator()
        await #expect(throws: ResourceError.tooOld(version: 0)) { try await old.next() }
        var new = store.changes(of: ResourceQuery(.configMap), since: first).makeAsyncIterator()
        #expect(self.text(try await new.next()) == "added b -")
    }

    @Test func `so many changes are kept and no more`() async throws {
        let directory = try TemporaryDirectory(inMemory: true)
        let store = try await directory.open()
        try await store.put(draft("a"), .create, at: noon)
        // Numbers may begin anywhere.
        try await directory.database().write { db in
            try db.execute(sql: "UPDATE resourceChanges SET version = version - ?", arguments: [ChangeLog.mostChanges - 1])
            try db.execute(
                sql: "UPDATE resourceChanges SET version = version + ? WHERE version = (SELECT max(version) FROM resourceChanges)",
                arguments: [ChangeLog.mostChanges - 1])
        }
        try await store.put(draft("b"), .create, at: noon)
        let kept = try await store.read { try Int64.fetchAll($0, sql: "SELECT version FROM resourceChanges ORDER BY version") }
        #expect(kept == [2, 3])
    }

    @Test func `a watch ends when its task is cancelled`() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.open()
        let watching = Task {
            var count = 0
            for try await _ in store.changes(of: ResourceQuery(.namespace), since: nil) { count += 1 }
            return count
        }
        watching.cancel()
        #expect(try await watching.value <= 1)
    }
}
