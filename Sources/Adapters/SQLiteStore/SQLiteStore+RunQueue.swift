public import Engine
import GRDB
public import Ports

extension SQLiteStore: RunQueue {
    public func submit(_ runs: [(record: RunRecord, source: RunSource)]) async throws {
        try await self.insert(try runs.map { try self.newRun($0.record, $0.source) }, owner: nil)
    }

    public func unownedRuns(limit: Int, except namespaces: Set<String>) async throws -> [RunRecord] {
        let places = Array(repeating: "?", count: namespaces.count).joined(separator: ", ")
        return try await self.read { db in
            // Along an index that has the order, so that it ends with the last run that is wanted.
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(Records.columns) FROM runs WHERE finishedAt IS NULL AND NOT EXISTS (SELECT 1 FROM owners WHERE run = runs.id)
                      AND namespace NOT IN (\(places)) ORDER BY priority DESC, createdAt, id LIMIT ?
                    """)
            return try Row.fetchAll(statement, arguments: StatementArguments(namespaces.sorted()) + [limit]).map { Records.record($0) }
        }
    }

    public func unownedCommandedRuns() async throws -> [RunRecord] {
        try await self.read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(Records.columns) FROM runs WHERE id IN (SELECT run FROM commands) AND finishedAt IS NULL
                      AND NOT EXISTS (SELECT 1 FROM owners WHERE run = runs.id) ORDER BY id
                    """)
            return try Row.fetchAll(statement).map { Records.record($0) }
        }
    }

    public func heldRuns(besides owner: Owner) async throws -> [HeldRun] {
        try await self.read { db in
            let held = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Records.columns), owner, processID, processStart, owners.bootID AS bootID, doorbell
                    FROM owners JOIN runs ON runs.id = owners.run WHERE owner <> ? ORDER BY owners.run
                    """, arguments: [owner.id]
            ).map { HeldRun(record: Records.record($0), owner: Records.owner($0)) }
            let givenUp = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Records.columns) FROM runs WHERE finishedAt IS NULL AND startedAt IS NOT NULL
                      AND NOT EXISTS (SELECT 1 FROM owners WHERE run = runs.id) ORDER BY id
                    """
            ).map { HeldRun(record: Records.record($0), owner: nil) }
            return held + givenUp
        }
    }

    public func letGo(of run: RunID, heldBy owner: Owner) async throws {
        try await self.write(isUrgent: false) { db in
            let statement = try db.cachedStatement(
                sql: "DELETE FROM owners WHERE owner = ? AND run = (SELECT id FROM runs WHERE uid = ? AND finishedAt IS NOT NULL)")
            try statement.execute(arguments: [owner.id, run.text])
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
