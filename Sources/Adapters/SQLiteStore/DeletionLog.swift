import Engine
import GRDB

/// The rows of `deletedRuns`: which runs went, in order, for those who watch. The newest `most` are kept.
struct DeletionLog {
    static let most: Int64 = 10_000

    let db: Database

    /// Removes a finished run with everything that belongs to it, and notes that.
    /// - Returns: false when there is no such run.
    func deleteFinished(_ run: RunID) throws -> Bool {
        let noting = try self.db.cachedStatement(
            sql: """
                INSERT INTO deletedRuns (uid, namespace, name, labels)
                SELECT uid, namespace, name, labels FROM runs WHERE uid = ? AND finishedAt IS NOT NULL
                """)
        try noting.execute(arguments: [run.text])
        guard self.db.changesCount > 0 else { return false }
        let note = self.db.lastInsertedRowID
        try self.db.cachedStatement(sql: "DELETE FROM deletedRuns WHERE id <= ?").execute(arguments: [note - Self.most])
        try self.db.cachedStatement(sql: "DELETE FROM runs WHERE uid = ?").execute(arguments: [run.text])
        return true
    }
}
