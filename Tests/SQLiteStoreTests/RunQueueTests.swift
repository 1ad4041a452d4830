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
        #expect(try await reopened.bootID(of: RunID("uid-early")) == nil)
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

    @Test func `runs of namespaces that are full are passed over`() async throws {
        var other = self.submission("other", at: 2)
        other.record.namespace = "free"
        try await self.store.submit([self.submission("one"), other])
        #expect(try await self.store.unownedRuns(limit: 10, except: ["default"]).map(\.name) == ["other"])
        #expect(try await self.store.unownedRuns(limit: 10, except: ["default", "free"]).isEmpty)
    }

    @Test func `what others began or hold is found, until they have let go of it`() async throws {
        let (mine, other) = (makeOwner("mine"), makeOwner("other"))
        _ = try await self.store.create(makeRecord("mine"), source: emptySource, owner: mine)
        _ = try await self.store.create(makeRecord("theirs"), source: emptySource, owner: other)
        try await self.store.release(try await self.store.create(makeRecord("left"), source: emptySource, owner: other))
        try await self.store.submit([
            (RunRecord(id: RunID("uid-new"), namespace: "default", name: "new", phase: "", createdAt: minutes(1)), emptySource)
        ])
        let ended = try await self.store.create(makeRecord("ended"), source: emptySource, owner: other)
        let finished = makeRecord("ended", phase: "Succeeded", finished: minutes(3))
        try await self.store.commit(entry(finished, 1), by: ended, isUrgent: true)
        let held = try await self.store.heldRuns(besides: mine)
        #expect(held.map(\.record.name) == ["theirs", "ended", "left"])
        #expect(held.map(\.owner?.id) == ["other", "other", nil])
        try await self.store.letGo(of: RunID("uid-ended"), heldBy: mine)
        try await self.store.letGo(of: RunID("uid-theirs"), heldBy: other)
        #expect(try await self.store.heldRuns(besides: mine).count == 3)
        try await self.store.letGo(of: RunID("uid-ended"), heldBy: other)
        #expect(try await self.store.heldRuns(besides: mine).map(\.record.name) == ["theirs", "left"])
    }

    @Test func `runs that commands wait for are found`() async throws {
        _ = try await self.store.create(makeRecord("one"))
        _ = try await self.store.create(makeRecord("two"))
        #expect(try await self.store.commandedRuns().isEmpty)
        try await self.store.send(.stop, to: RunID("uid-two"), at: noon, message: "")
        #expect(try await self.store.commandedRuns() == [RunID("uid-two")])
    }

    @Test func `runs expire at their own time, and by the number of those that ended alike`() async throws {
        for (name, phase, end) in [("a", "Succeeded", 1), ("b", "Failed", 2), ("c", "Failed", 3), ("d", "Error", 4)] {
            var record = makeRecord(name, phase: phase)
            let ownership = try await self.store.create(record)
            record.finishedAt = minutes(Int64(end))
            record.expiresAt = name == "d" ? minutes(10) : nil
            try await self.store.commit(entry(record, 1), by: ownership, isUrgent: true)
            try await self.store.release(ownership)
        }
        let keepAll = Retention(runs: nil, age: nil)
        #expect(try await self.store.nextExpiry() == minutes(10))
        #expect(try await self.store.expiredRuns(keepAll, at: minutes(9), limit: 10).isEmpty)
        #expect(try await self.store.expiredRuns(keepAll, at: minutes(10), limit: 10) == [RunID("uid-d")])
        let byPhase = Retention(runs: nil, age: nil, runsByPhase: [.failed: 1])
        #expect(try await self.store.expiredRuns(byPhase, at: minutes(9), limit: 10) == [RunID("uid-b")])
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
