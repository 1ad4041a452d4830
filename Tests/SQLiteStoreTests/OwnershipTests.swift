import Engine
import Ports
import SQLiteStore
import Testing
import WorkflowModel

/// Two stores on one directory stand for two processes: they share nothing but the file.
@Suite struct OwnershipTests {
    let directory: TemporaryDirectory
    let first: SQLiteStore
    let second: SQLiteStore

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.first = try await self.directory.open()
        self.second = try await self.directory.open()
    }

    @Test func `a run whose owner lives cannot be taken over`() async throws {
        let ownership = try await self.first.create(makeRecord("report"), source: emptySource, owner: makeOwner("one"))
        await #expect(throws: JournalError.ownedBy(makeOwner("one"))) {
            try await self.second.acquire(ownership.run, owner: makeOwner("two")) { $0 == makeOwner("one") }
        }
        #expect(try await self.second.owner(of: ownership.run) == makeOwner("one"))
        try await self.first.commit(entry(makeRecord("report"), 0), by: ownership, isUrgent: true)
    }

    @Test func `a run taken over is closed to its former owner`() async throws {
        let record = makeRecord("report")
        let old = try await self.first.create(record, source: emptySource, owner: makeOwner("one"))
        try await self.first.commit(entry(record, 0), by: old, isUrgent: true)
        let new = try await self.second.acquire(record.id, owner: makeOwner("two")) { _ in false }
        #expect(new.epoch > old.epoch)
        #expect(try await self.first.owner(of: record.id) == makeOwner("two"))
        await #expect(throws: JournalError.fenced) { try await self.first.commit(entry(record, 1), by: old, isUrgent: true) }
        try await self.second.commit(entry(record, 2), by: new, isUrgent: true)
        #expect(try await self.first.events(of: record.id).map(\.json) == ["{\"event\":0}", "{\"event\":2}"])
        // The former owner's release must not free what is no longer its own.
        try await self.first.release(old)
        #expect(try await self.first.owner(of: record.id) == makeOwner("two"))
    }

    @Test func `a run that was given up is anybody's, and closed to who gave it up`() async throws {
        let record = makeRecord("report")
        let old = try await self.first.create(record)
        try await self.first.release(old)
        #expect(try await self.second.owner(of: record.id) == nil)
        await #expect(throws: JournalError.fenced) { try await self.first.commit(entry(record, 0), by: old, isUrgent: true) }
        _ = try await self.second.acquire(record.id, owner: makeOwner("two")) { _ in
            Issue.record("there is no owner to ask about")
            return true
        }
    }

    @Test func `only one of many processes gets a run whose owner is gone`() async throws {
        let record = makeRecord("report")
        _ = try await self.first.create(record, source: emptySource, owner: makeOwner("dead"))
        let stores = [self.first, self.second]
        let winners = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
            for number in 0..<12 {
                group.addTask {
                    do {
                        _ = try await stores[number % 2].acquire(record.id, owner: makeOwner("\(number)")) { $0.id != "dead" }
                        return true
                    } catch {
                        guard case .ownedBy(let winner)? = error as? JournalError, winner.id != "dead" else {
                            Issue.record(error)
                            return false
                        }
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    }

    @Test func `a finished or unknown run cannot be acquired`() async throws {
        try await self.first.createFinished("report", at: minutes(1))
        for uid in ["uid-report-\(minutes(1).milliseconds)", "uid-nothing"] {
            await #expect(throws: JournalError.noSuchRun(uid)) {
                try await self.first.acquire(RunID(uid), owner: makeOwner()) { _ in false }
            }
        }
    }

    @Test func `commits of two processes at once are all recorded`() async throws {
        let stores = [self.first, self.second]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let store = stores[number % 2]
                    let record = makeRecord("run-\(number)")
                    let ownership = try await store.create(record)
                    for event in 0..<30 { try await store.commit(entry(record, event), by: ownership, isUrgent: event % 2 == 0) }
                }
            }
            try await group.waitForAll()
        }
        for number in 0..<8 { #expect(try await self.first.events(of: RunID("uid-run-\(number)")).count == 30) }
    }
}
