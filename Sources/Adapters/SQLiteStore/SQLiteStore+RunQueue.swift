import GRDB
public import Ports

extension SQLiteStore: RunQueue {
    public func submit(_ runs: [(record: RunRecord, source: RunSource)]) async throws {
        try await self.insert(try runs.map { try self.newRun($0.record, $0.source) }, owner: nil)
    }

    public func unownedRuns(limit: Int) async throws -> [RunRecord] {
        try await self.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Records.columns) FROM runs WHERE finishedAt IS NULL AND NOT EXISTS (SELECT 1 FROM owners WHERE run = runs.id)
                    ORDER BY priority DESC, createdAt, id LIMIT ?
                    """, arguments: [limit]
            ).map { Records.record($0) }
        }
    }

    public func claimDirectory(_ owner: Owner, isAlive: @Sendable (Owner) -> Bool) async throws {
        while true {
            let held = try await self.directoryOwner()
            // Asked outside a transaction, because it looks at processes; whether it was still that owner is checked when writing.
            if let held, held.id != owner.id, isAlive(held) { throw JournalError.ownedBy(held) }
            let isClaimed = try await self.write { db -> Bool in
                guard try Self.directoryOwner(in: db) == held else { return false }
                try db.execute(sql: "DELETE FROM directoryOwner")
                try db.execute(
                    sql: "INSERT INTO directoryOwner (id, owner, processID, processStart, bootID, doorbell) VALUES (1, ?, ?, ?, ?, ?)",
                    arguments: [owner.id, owner.processID, Int64(bitPattern: owner.processStart), owner.bootID, owner.doorbell])
                return true
            }
            if isClaimed { return }
        }
    }

    public func releaseDirectory(_ owner: Owner) async throws {
        try await self.write { db in try db.execute(sql: "DELETE FROM directoryOwner WHERE owner = ?", arguments: [owner.id]) }
    }

    public func directoryOwner() async throws -> Owner? { try await self.read { db in try Self.directoryOwner(in: db) } }

    private static func directoryOwner(in db: Database) throws -> Owner? {
        try Row.fetchOne(db, sql: "SELECT owner, processID, processStart, bootID, doorbell FROM directoryOwner").map { Records.owner($0) }
    }
}
