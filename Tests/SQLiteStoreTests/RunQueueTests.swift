import Engine
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite struct RunQueueTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.store = try await self.directory.open()
    }

    private func submission(_ name: String, priority: Int = 0, at: Int64 = 0) -> (record: RunRecord, source: RunSource) {
        var record = makeRecord(name, phase: "", created: minutes(at))
        record.priority = priority
        return (record, emptySource)
    }

    @Test func `submitted runs wait for an owner by priority and age, and are acquired by any`() async throws {
        try await self.store.submit([self.submission("late", at: 2), self.submission("early", at: 1)])
        try await self.store.submit([self.submission("urgent", priority: 5, at: 3)])
        let reopened = try await self.directory.open()
        #expect(try await reopened.unownedRuns(limit: 10).map(\.name) == ["urgent", "early", "late"])
        #expect(try await reopened.unownedRuns(limit: 1).map(\.name) == ["urgent"])
        let ownership = try await reopened.acquire(RunID("uid-early"), owner: makeOwner()) { _ in true }
        #expect(try await reopened.unownedRuns(limit: 10).map(\.name) == ["urgent", "late"])
        try await reopened.release(ownership)
        #expect(try await reopened.unownedRuns(limit: 10).map(\.name) == ["urgent", "early", "late"])
    }

    @Test func `all runs of a submission are recorded, or none`() async throws {
        try await self.store.submit([self.submission("taken")])
        await #expect(throws: JournalError.nameInUse("taken")) {
            try await self.store.submit([self.submission("fresh"), (makeRecord("taken", uid: "other", phase: ""), emptySource)])
        }
        await #expect(throws: JournalError.nameInUse("twice")) {
            try await self.store.submit([self.submission("twice"), (makeRecord("twice", uid: "other", phase: ""), emptySource)])
        }
        #expect(try await self.store.unownedRuns(limit: 10).map(\.name) == ["taken"])
    }

    @Test func `a data directory has one owner at a time`() async throws {
        let (one, two) = (makeOwner("one"), makeOwner("two"))
        #expect(try await self.store.directoryOwner() == nil)
        try await self.store.claimDirectory(one) { _ in true }
        let other = try await self.directory.open()
        await #expect(throws: JournalError.ownedBy(one)) { try await other.claimDirectory(two) { _ in true } }
        try await other.releaseDirectory(two)
        #expect(try await other.directoryOwner() == one)
        try await other.claimDirectory(two) { _ in false }
        #expect(try await self.store.directoryOwner() == two)
        try await self.store.releaseDirectory(two)
        #expect(try await self.store.directoryOwner() == nil)
    }

    @Test func `of many that claim a directory at once one gets it`() async throws {
        let directory = self.directory
        let winners = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    do {
                        try await directory.open().claimDirectory(makeOwner("owner-\(number)")) { _ in true }
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    }
}
