import Engine
import Foundation
import GRDB
import Ports
import WorkflowModel

/// A run that is to be recorded, with its Secrets sealed.
struct NewRun: Sendable {
    let record: RunRecord
    let source: RunSource
    let context: String
    let sealed: [(name: String, value: Data)]

    /// About what it writes.
    var bytes: Int { self.source.workflow.utf8.count + self.context.utf8.count }

    func insert(owner: Owner?, in db: Database) throws {
        let record = self.record
        try db.cachedStatement(
            sql: """
                INSERT INTO runs (uid, namespace, name, createdAt, finishedAt, priority, phase, message, startedAt, progress, labels,
                  parameters, bootID, epoch, eventCount) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0)
                """
        ).execute(
            arguments: [
                record.id.text, record.namespace, record.name, record.createdAt.milliseconds, record.finishedAt?.milliseconds,
                record.priority,
            ]
                + StatementArguments(Records.changing(record) + [owner?.bootID.databaseValue ?? .null]))
        let run = db.lastInsertedRowID
        try Records.setLabels(record.labels, of: run, in: db)
        try db.cachedStatement(sql: "INSERT INTO sources (run, workflow, context, options) VALUES (?, ?, ?, ?)")
            .execute(arguments: [run, self.source.workflow, self.context, self.source.options])
        for secret in self.sealed {
            try db.cachedStatement(sql: "INSERT INTO secrets (run, name, sealed) VALUES (?, ?, ?)")
                .execute(arguments: [run, secret.name, secret.value])
        }
        if let owner { try SQLiteStore.setOwner(owner, of: run, in: db) }
    }
}

extension SQLiteStore {
    func newRun(_ record: RunRecord, _ source: RunSource) throws -> NewRun {
        NewRun(
            record: record, source: source, context: Records.text(source.context),
            sealed: try source.secrets.keys.sorted().map { name in
                (name: name, value: try self.secrets.seal(source.secrets[name] ?? [:], name: name, of: .run(record.id.text)))
            })
    }

    /// Records new runs in one transaction.
    /// - Parameter owner: nil for runs that wait for one.
    func insert(_ runs: [NewRun], owner: Owner?) async throws {
        try await self.write(bytes: runs.reduce(0) { $0 + $1.bytes }) { db in
            // Names first: a refusal must come before anything changes.
            var names: Set<[String]> = []
            for record in runs.map(\.record) where record.finishedAt == nil {
                let isNew = names.insert([record.namespace, record.name]).inserted
                if try !isNew || Self.isInUse(record.name, namespace: record.namespace, in: db) {
                    throw JournalError.nameInUse(record.name)
                }
            }
            for run in runs { try run.insert(owner: owner, in: db) }
        }
    }
}
