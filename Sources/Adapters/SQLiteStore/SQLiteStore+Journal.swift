public import Engine
import GRDB
public import Ports
public import WorkflowModel

extension SQLiteStore: RunJournal {
    public func create(_ record: RunRecord, source: RunSource, owner: Owner) async throws -> Ownership {
        try await self.insert([try self.newRun(record, source)], owner: owner)
        return Ownership(run: record.id, epoch: 1, bootID: owner.bootID)
    }

    public func acquire(_ run: RunID, owner: Owner, isAlive: @Sendable (Owner) -> Bool) async throws -> Ownership {
        while true {
            let held = try await self.read { db in try Self.holding(of: run, in: db) }
            // Asked outside a transaction, because it looks at processes; whether it was still that owner is checked when writing.
            if let current = held.owner, isAlive(current) { throw JournalError.ownedBy(current) }
            let ownership = try await self.write(isUrgent: false) { db -> Ownership? in
                guard try Self.holding(of: run, in: db) == held else { return nil }
                try db.cachedStatement(sql: "UPDATE runs SET epoch = epoch + 1 WHERE id = ?").execute(arguments: [held.id])
                try Self.setOwner(owner, of: held.id, in: db)
                return Ownership(run: run, epoch: held.epoch + 1, bootID: owner.bootID)
            }
            if let ownership { return ownership }
        }
    }

    public func release(_ ownership: Ownership) async throws {
        try await self.write(isUrgent: false) { db in
            // The epoch moves on, so that a commit that comes late with the old one is refused. Somebody else may have taken the run over
            // meanwhile, which is what releasing is for.
            let statement = try db.cachedStatement(sql: "UPDATE runs SET epoch = epoch + 1 WHERE uid = ? AND epoch = ? RETURNING id")
            guard let run = try Int64.fetchOne(statement, arguments: [ownership.run.text, ownership.epoch]) else { return }
            try db.cachedStatement(sql: "DELETE FROM owners WHERE run = ?").execute(arguments: [run])
        }
    }

    public func commit(_ entry: JournalEntry, by ownership: Ownership, isUrgent: Bool) async throws {
        precondition(entry.record.id == ownership.run, "an entry of run \(entry.record.id) committed by the owner of \(ownership.run)")
        let columns = Records.changing(entry.record)
        let bytes = entry.events.reduce(0) { $0 + $1.json.utf8.count } + entry.rows.reduce(0) { $0 + $1.json.utf8.count }
        let engineVersion = self.engineVersion
        try await self.write(isUrgent: isUrgent, bytes: bytes) { db in
            let held = try db.cachedStatement(sql: "SELECT id, eventCount, labels, finishedAt FROM runs WHERE uid = ? AND epoch = ?")
            guard let row = try Row.fetchOne(held, arguments: [ownership.run.text, ownership.epoch]) else { throw JournalError.fenced }
            let run: Int64 = row[0]
            let eventCount: Int = row[1]
            if row[2] != Records.text(entry.record.labels) { try Records.setLabels(entry.record.labels, of: run, in: db) }
            let finishedAt = entry.record.finishedAt?.milliseconds
            // A run that goes on after its end has no time set any more.
            let expiresAt = finishedAt == nil ? nil : entry.record.expiresAt?.milliseconds
            if row[3] != finishedAt {
                try db.cachedStatement(sql: "UPDATE runs SET finishedAt = ?, expiresAt = ? WHERE id = ?")
                    .execute(arguments: [finishedAt, expiresAt, run])
            }
            try db.cachedStatement(
                sql: """
                    UPDATE runs SET phase = ?, message = ?, startedAt = ?, progress = ?, labels = ?, parameters = ?, bootID = ?, eventCount = ?
                      WHERE id = ?
                    """
            ).execute(
                arguments: StatementArguments(
                    columns + [ownership.bootID.databaseValue, (eventCount + entry.events.count).databaseValue, run.databaseValue]))
            try Self.append(entry.events, to: run, from: eventCount, engineVersion: engineVersion, in: db)
            try Self.save(entry.rows, of: run, in: db)
            for command in entry.completed {
                try db.cachedStatement(sql: "DELETE FROM commands WHERE id = ?").execute(arguments: [command.id])
            }
        }
    }

    public func pendingCommands(for run: RunID) async throws -> [RunCommand] {
        try await self.read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT commands.id, verb, issuedAt, commands.message FROM commands JOIN runs ON runs.id = commands.run
                    WHERE runs.uid = ? ORDER BY commands.id
                    """)
            return try Row.fetchAll(statement, arguments: [run.text]).map { row in
                guard let verb = RunCommand.Verb(rawValue: row[1]) else {
                    throw JournalError.unavailable(
                        "command \(row[0] as Int64) of run '\(run)' is '\(row[1] as String)', which this version does not know")
                }
                return RunCommand(id: row[0], run: run, verb: verb, issuedAt: Timestamp(milliseconds: row[2]), message: row[3])
            }
        }
    }

    public func commandedRuns() async throws -> Set<RunID> {
        try await self.read { db in
            let statement = try db.cachedStatement(sql: "SELECT DISTINCT uid FROM commands JOIN runs ON runs.id = commands.run")
            return Set(try String.fetchAll(statement).map { RunID($0) })
        }
    }

}

extension SQLiteStore {
    /// Who holds an unfinished run.
    private struct Holding: Equatable {
        var id: Int64
        var epoch: Int64
        var owner: Owner?
    }

    private static func holding(of run: RunID, in db: Database) throws -> Holding {
        let statement = try db.cachedStatement(
            sql: """
                SELECT runs.id, epoch, owner, processID, processStart, owners.bootID, doorbell FROM runs LEFT JOIN owners ON owners.run = runs.id
                WHERE uid = ? AND finishedAt IS NULL
                """)
        guard let row = try Row.fetchOne(statement, arguments: [run.text]) else { throw JournalError.noSuchRun(run.text) }
        return Holding(id: row[0], epoch: row[1], owner: row.hasNull(atIndex: 2) ? nil : Records.owner(row))
    }

    static func isInUse(_ name: String, namespace: String, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM runs WHERE namespace = ? AND name = ? AND finishedAt IS NULL")
        return try Int.fetchOne(statement, arguments: [namespace, name]) != nil
    }

    static func setOwner(_ owner: Owner, of run: Int64, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO owners (run, owner, processID, processStart, bootID, doorbell) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (run) DO UPDATE SET owner = excluded.owner, processID = excluded.processID,
                  processStart = excluded.processStart, bootID = excluded.bootID, doorbell = excluded.doorbell
                """
        ).execute(
            arguments: [run, owner.id, owner.processID, Int64(bitPattern: owner.processStart), owner.bootID, owner.doorbell])
    }

    private static func append(_ events: [JournalEvent], to run: Int64, from sequence: Int, engineVersion: String, in db: Database) throws {
        let statement = try db.cachedStatement(sql: "INSERT INTO events (run, sequence, at, engine, json) VALUES (?, ?, ?, ?, ?)")
        for (offset, event) in events.enumerated() {
            try statement.execute(arguments: [run, sequence + offset, event.at.milliseconds, engineVersion, event.json])
        }
    }

    private static func save(_ rows: [StateRow], of run: Int64, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO nodes (run, ordinal, json) VALUES (?, ?, ?) ON CONFLICT (run, ordinal) DO UPDATE SET json = excluded.json")
        for row in rows { try statement.execute(arguments: [run, row.ordinal, row.json]) }
    }
}

extension SQLiteStore {
    public func reopen(_ entry: JournalEntry, endedAt: Timestamp, workflow: String?, owner: Owner) async throws -> Ownership {
        let record = entry.record
        precondition(record.finishedAt == nil, "run \(record.id) is taken up again and has ended")
        let columns = Records.changing(record)
        let bytes = entry.rows.reduce(workflow?.utf8.count ?? 0) { $0 + $1.json.utf8.count }
        let engineVersion = self.engineVersion
        return try await self.write(bytes: bytes) { db in
            let ended = try db.cachedStatement(sql: "SELECT id, eventCount, epoch FROM runs WHERE uid = ? AND finishedAt = ?")
            guard let row = try Row.fetchOne(ended, arguments: [record.id.text, endedAt.milliseconds]) else {
                throw JournalError.noSuchRun(record.id.text)
            }
            let (run, eventCount, epoch): (Int64, Int, Int64) = (row[0], row[1], row[2])
            if try Self.isInUse(record.name, namespace: record.namespace, in: db) { throw JournalError.nameInUse(record.name) }
            try Records.setLabels(record.labels, of: run, in: db)
            try db.cachedStatement(
                sql: """
                    UPDATE runs SET phase = ?, message = ?, startedAt = ?, progress = ?, labels = ?, parameters = ?, bootID = ?,
                      eventCount = ?, finishedAt = NULL, expiresAt = NULL, epoch = ? WHERE id = ?
                    """
            ).execute(
                arguments: StatementArguments(
                    columns + [
                        owner.bootID.databaseValue, (eventCount + entry.events.count).databaseValue, (epoch + 1).databaseValue,
                        run.databaseValue,
                    ]))
            try db.cachedStatement(sql: "DELETE FROM commands WHERE run = ?").execute(arguments: [run])
            if let workflow {
                try db.cachedStatement(sql: "UPDATE sources SET workflow = ? WHERE run = ?").execute(arguments: [workflow, run])
            }
            try Self.append(entry.events, to: run, from: eventCount, engineVersion: engineVersion, in: db)
            try Self.save(entry.rows, of: run, in: db)
            try Self.setOwner(owner, of: run, in: db)
            return Ownership(run: record.id, epoch: epoch + 1, bootID: owner.bootID)
        }
    }
}
