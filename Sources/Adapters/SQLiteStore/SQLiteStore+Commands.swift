public import Engine
import GRDB
public import Ports
public import WorkflowModel

extension SQLiteStore: RunCommands {
    /// - Throws: `noSuchRun` when there is no unfinished run of that uid.
    public func send(_ verb: RunCommand.Verb, to run: RunID, at: Timestamp, message: String) async throws {
        try await self.write { db in
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO commands (run, verb, issuedAt, message)
                    SELECT id, ?, ?, ? FROM runs WHERE uid = ? AND finishedAt IS NULL
                    """)
            try statement.execute(arguments: [verb.rawValue, at.milliseconds, message, run.text])
            if db.changesCount == 0 { throw JournalError.noSuchRun(run.text) }
        }
    }

    /// - Throws: `ownedBy` when the run is unfinished and owned, `noSuchRun` when there is no finished run of that uid.
    public func delete(_ run: RunID) async throws {
        try await self.write { db in
            if try DeletionLog(db: db).deleteFinished(run) { return }
            let owner = try db.cachedStatement(
                sql: "SELECT owner, processID, processStart, bootID, doorbell FROM owners WHERE run = (SELECT id FROM runs WHERE uid = ?)")
            if let row = try Row.fetchOne(owner, arguments: [run.text]) { throw JournalError.ownedBy(Records.owner(row)) }
            throw JournalError.noSuchRun(run.text)
        }
    }
}
