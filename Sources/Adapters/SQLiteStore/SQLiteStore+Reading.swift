public import Engine
import Foundation
import GRDB
public import Ports
public import WorkflowModel

extension SQLiteStore: RunReader {
    public func runs(matching filter: RunFilter) async throws -> [RunRecord] {
        try await self.read { db in
            var records: [RunRecord] = []
            // Two walks along two indexes, each already in the order of the list.
            for isFinished in [false, true] where filter.isFinished != !isFinished && records.count < filter.limit {
                let query = RunQuery(filter, isFinished: isFinished, limit: filter.limit - records.count)
                guard !query.isEmpty else { continue }
                let cursor = try Row.fetchCursor(db, sql: query.sql, arguments: StatementArguments(query.arguments))
                while let row = try cursor.next() { records.append(Records.record(row)) }
            }
            return records
        }
    }

    public func run(named name: String, namespace: String) async throws -> RunRecord? {
        try await self.read { db in
            let byName = try db.cachedStatement(
                sql: "SELECT \(Records.columns) FROM runs WHERE namespace = ? AND name = ? ORDER BY createdAt DESC, id DESC LIMIT 1")
            let byUID = try db.cachedStatement(sql: "SELECT \(Records.columns) FROM runs WHERE namespace = ? AND uid = ?")
            let row = try Row.fetchOne(byName, arguments: [namespace, name]) ?? Row.fetchOne(byUID, arguments: [namespace, name])
            return row.map { Records.record($0) }
        }
    }

    public func source(of run: RunID) async throws -> RunSource {
        let (row, sealed) = try await self.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT workflow, context, options, run FROM sources JOIN runs ON runs.id = sources.run WHERE runs.uid = ?")
            guard let row = try Row.fetchOne(statement, arguments: [run.text]) else { throw JournalError.noSuchRun(run.text) }
            let secrets = try db.cachedStatement(sql: "SELECT name, sealed FROM secrets WHERE run = ?")
            let sealed = try Row.fetchAll(secrets, arguments: [row["run"] as Int64]).map { (name: $0[0] as String, value: $0[1] as Data) }
            return ((workflow: row[0] as String, context: row[1] as String, options: row[2] as String), sealed)
        }
        var secrets: [String: [String: [UInt8]]] = [:]
        for secret in sealed { secrets[secret.name] = try self.secrets.open(secret.value, name: secret.name, of: .run(run.text)) }
        do {
            return RunSource(workflow: row.workflow, context: try Records.texts(row.context), secrets: secrets, options: row.options)
        } catch {
            throw self.fault.damaged("what run '\(run)' was made from", cause: "\(error)")
        }
    }

    public func rows(of run: RunID) async throws -> [StateRow] {
        try await self.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT ordinal, json FROM nodes WHERE run = (SELECT id FROM runs WHERE uid = ?) ORDER BY ordinal")
            return try Array(Row.fetchCursor(statement, arguments: [run.text]).map { StateRow(ordinal: $0[0], json: $0[1]) })
        }
    }

    public func owner(of run: RunID) async throws -> Owner? {
        try await self.read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT owner, processID, processStart, bootID, doorbell FROM owners WHERE run = (SELECT id FROM runs WHERE uid = ?)
                    """)
            return try Row.fetchOne(statement, arguments: [run.text]).map { Records.owner($0) }
        }
    }

    public func bootID(of run: RunID) async throws -> String? {
        try await self.read { db in
            let statement = try db.cachedStatement(sql: "SELECT bootID FROM runs WHERE uid = ?")
            return try String?.fetchOne(statement, arguments: [run.text]) ?? nil
        }
    }

    public func expiredRuns(_ retention: Retention, at now: Timestamp, limit: Int) async throws -> [RunID] {
        let endedBefore = retention.age.map { now + Span(milliseconds: -$0.milliseconds) }
        return try await self.read { db in
            // The newest run beyond the number to keep; it and all that ended before it go. Both statements walk the index of finished runs.
            var first: Row?
            if let kept = retention.runs {
                let beyond = try db.cachedStatement(
                    sql: """
                        SELECT finishedAt, id FROM runs WHERE finishedAt IS NOT NULL ORDER BY finishedAt DESC, id DESC LIMIT 1 OFFSET ?
                        """)
                first = try Row.fetchOne(beyond, arguments: [kept])
            }
            let expired = try db.cachedStatement(
                sql: """
                    SELECT uid FROM runs WHERE finishedAt IS NOT NULL AND ((finishedAt, id) <= (?, ?) OR finishedAt < ?)
                    ORDER BY finishedAt, id LIMIT ?
                    """)
            let last: (Int64?, Int64?) = (first?[0], first?[1])
            var uids = try String.fetchAll(expired, arguments: [last.0, last.1, endedBefore?.milliseconds, limit])
            let over = try db.cachedStatement(
                sql: "SELECT uid FROM runs WHERE expiresAt <= ? AND finishedAt IS NOT NULL ORDER BY expiresAt LIMIT ?")
            uids += try String.fetchAll(over, arguments: [now.milliseconds, limit])
            for (phase, kept) in retention.runsByPhase.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                let beyond = try db.cachedStatement(
                    sql: """
                        SELECT uid FROM runs WHERE finishedAt IS NOT NULL AND phase = ? ORDER BY finishedAt DESC, id DESC LIMIT ? OFFSET ?
                        """)
                uids += try String.fetchAll(beyond, arguments: [phase.rawValue, limit, kept])
            }
            var seen: Set<String> = []
            return uids.filter { seen.insert($0).inserted }.prefix(limit).map { RunID($0) }
        }
    }

    public func nextExpiry() async throws -> Timestamp? {
        try await self.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT min(expiresAt) FROM runs WHERE expiresAt IS NOT NULL AND finishedAt IS NOT NULL")
            return (try Int64?.fetchOne(statement) ?? nil).map { Timestamp(milliseconds: $0) }
        }
    }

    public func events(of run: RunID) async throws -> [JournalEvent] {
        try await self.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT at, json FROM events WHERE run = (SELECT id FROM runs WHERE uid = ?) ORDER BY sequence")
            return try Array(
                Row.fetchCursor(statement, arguments: [run.text]).map { JournalEvent(at: Timestamp(milliseconds: $0[0]), json: $0[1]) })
        }
    }
}

extension SQLiteStore: SecretSource {
    public func values(of secret: String, in run: RunID) async throws -> [String: [UInt8]]? {
        let sealed = try await self.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT sealed FROM secrets WHERE run = (SELECT id FROM runs WHERE uid = ?) AND name = ?")
            return try Row.fetchOne(statement, arguments: [run.text, secret]).map { $0[0] as Data }
        }
        return try sealed.map { try self.secrets.open($0, name: secret, of: .run(run.text)) }
    }
}

/// The unfinished or the finished half of a filtered list, as SQL.
struct RunQuery {
    private(set) var sql: String
    private(set) var arguments: [(any DatabaseValueConvertible)?] = []
    /// True when no run can match.
    private(set) var isEmpty = false

    init(_ filter: RunFilter, isFinished: Bool, limit: Int) {
        self.sql = "SELECT \(Records.columns) FROM runs WHERE finishedAt IS \(isFinished ? "NOT NULL" : "NULL")"
        self.isEmpty = limit <= 0 || (!isFinished && filter.finishedBefore != nil)
        if let namespace = filter.namespace { self.require("namespace = ?", namespace) }
        if let name = filter.name { self.require("name = ?", name) }
        if let prefix = filter.prefix, !prefix.isEmpty { self.require("name >= ? AND name < ?", prefix, prefix + "\u{10FFFF}") }
        if let time = filter.createdAfter { self.require("createdAt > ?", time.milliseconds) }
        if let time = filter.finishedBefore { self.require("finishedAt < ?", time.milliseconds) }
        if !filter.phases.isEmpty {
            self.sql += " AND phase IN (\(Array(repeating: "?", count: filter.phases.count).joined(separator: ", ")))"
            self.arguments += filter.phases.sorted()
        }
        for (key, value) in filter.labels.sorted(by: { $0.key < $1.key }) {
            self.require("id IN (SELECT run FROM runLabels WHERE key = ? AND value = ?)", key, value)
        }
        self.sql += isFinished ? " ORDER BY finishedAt DESC, id DESC" : " ORDER BY createdAt DESC, id DESC"
        self.sql += " LIMIT \(max(0, limit))"
    }

    private mutating func require(_ condition: String, _ values: any DatabaseValueConvertible...) {
        self.sql += " AND \(condition)"
        self.arguments += values
    }
}
