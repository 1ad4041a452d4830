public import Engine
import GRDB
public import Ports
import WorkflowModel

extension SQLiteStore: RunIndex {
    public func page(_ query: RunPageQuery) async throws -> RunRecordPage {
        try await self.read { db in
            var page = PageReading(query: query)
            // Two walks along two indexes, each already in the order of the list.
            for isFinished in [false, true] where !page.isOver { try page.read(isFinished: isFinished, from: db) }
            return page.page
        }
    }

    public func run(_ id: RunID) async throws -> RunRecord? {
        try await self.read { db in
            let statement = try db.cachedStatement(sql: "SELECT \(Records.columns) FROM runs WHERE uid = ?")
            return try Row.fetchOne(statement, arguments: [id.text]).map { Records.record($0) }
        }
    }

    public func changes(since mark: RunMark?) async throws -> RunChanges? {
        try await self.read { db in try RunLook(db: db).changes(mark) }
    }

    public func labelKeys(namespace: String?) async throws -> [String] {
        try await self.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT key FROM runLabels JOIN runs ON runs.id = run
                    WHERE finishedAt IS NOT NULL AND namespace = coalesce(?, namespace) ORDER BY key
                    """, arguments: [namespace])
        }
    }

    public func labelValues(of key: String, namespace: String?) async throws -> [String] {
        try await self.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT value FROM runLabels JOIN runs ON runs.id = run
                    WHERE key = ? AND finishedAt IS NOT NULL AND namespace = coalesce(?, namespace) ORDER BY value
                    """, arguments: [key, namespace])
        }
    }
}

/// A page of runs as it is filled.
private struct PageReading {
    let query: RunPageQuery
    private(set) var page = RunRecordPage(records: [], next: nil)
    /// Where the last run of the page is.
    private var last: RunCursor?
    private(set) var isOver: Bool

    init(query: RunPageQuery) {
        self.query = query
        self.isOver = query.limit <= 0
        if query.countsRemaining { self.page.remaining = 0 }
    }

    mutating func read(isFinished: Bool, from db: Database) throws {
        if self.query.isFinished == !isFinished || (self.query.after?.isFinished == true && !isFinished) { return }
        if !isFinished, self.query.finishedBefore != nil { return }
        let selection = PageSelection(self.query, isFinished: isFinished)
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT \(Records.columns), id FROM runs WHERE \(selection.condition)",
            arguments: StatementArguments(selection.arguments))
        while let row = try cursor.next() {
            let record = Records.record(row)
            guard self.query.labels.matches(record.allLabels) else { continue }
            if self.page.records.count < self.query.limit {
                self.page.records.append(record)
                let time = isFinished ? record.finishedAt : record.createdAt
                self.last = RunCursor(isFinished: isFinished, time: time ?? record.createdAt, number: row["id"])
                continue
            }
            self.page.next = self.last
            guard self.query.countsRemaining else {
                self.isOver = true
                return
            }
            self.page.remaining = (self.page.remaining ?? 0) + 1
        }
    }
}

/// The unfinished or the finished half of a page, as SQL.
private struct PageSelection {
    private(set) var condition: String
    private(set) var arguments: [(any DatabaseValueConvertible)?] = []

    init(_ query: RunPageQuery, isFinished: Bool) {
        let time = isFinished ? "finishedAt" : "createdAt"
        self.condition = "finishedAt IS \(isFinished ? "NOT NULL" : "NULL")"
        if let namespace = query.namespace { self.require("namespace = ?", namespace) }
        switch query.name {
        case .exact(let name)?: self.require("name = ?", name)
        case .prefix(let prefix)?: self.require("name >= ? AND name < ?", prefix, prefix + "\u{10FFFF}")
        case .contains(let part)?: self.require("instr(name, ?) > 0", part)
        case .differs(let name)?: self.require("name <> ?", name)
        case nil: break
        }
        if let time = query.createdAfter { self.require("createdAt > ?", time.milliseconds) }
        if let time = query.finishedBefore { self.require("finishedAt < ?", time.milliseconds) }
        if let time = query.startedAfter { self.require("startedAt > ?", time.milliseconds) }
        if let time = query.startedBefore { self.require("startedAt < ?", time.milliseconds) }
        for (key, value) in query.labels.exact.sorted(by: { $0.key < $1.key }) {
            let label = LabelCondition(key, value)
            self.require(label.condition, label.arguments)
        }
        if let after = query.after, after.isFinished == isFinished {
            self.require("(\(time), id) < (?, ?)", after.time.milliseconds, after.number)
        }
        self.condition += " ORDER BY \(time) DESC, id DESC"
    }

    private mutating func require(_ condition: String, _ values: any DatabaseValueConvertible...) { self.require(condition, values) }

    private mutating func require(_ condition: String, _ values: [any DatabaseValueConvertible]) {
        self.condition += " AND \(condition)"
        self.arguments += values
    }
}

/// An exact label of a run, as SQL.
struct LabelCondition {
    let condition: String
    let arguments: [any DatabaseValueConvertible]

    init(_ key: String, _ value: String) {
        switch (key, value) {
        // What every run has because of how it stands is in columns of its own.
        case (RunLabel.completed, "true"): (self.condition, self.arguments) = ("finishedAt IS NOT NULL", [])
        case (RunLabel.completed, "false"): (self.condition, self.arguments) = ("finishedAt IS NULL", [])
        case (RunLabel.phase, RunPhase.pending.rawValue): (self.condition, self.arguments) = ("phase IN (?, '')", [value])
        case (RunLabel.phase, _): (self.condition, self.arguments) = ("phase = ?", [value])
        default:
            (self.condition, self.arguments) = ("id IN (SELECT run FROM runLabels WHERE key = ? AND value = ?)", [key, value])
        }
    }
}

/// Finds out what became of the runs since another look.
///
/// Only unfinished runs change, so that their counts of events tell. A run that was unfinished and is not among them any more has finished or
/// was deleted; one with a greater number than any before is new, finished or not.
private struct RunLook {
    let db: Database

    func changes(_ before: RunMark?) throws -> RunChanges? {
        let mark = try self.mark()
        guard let before else { return RunChanges(added: [], changed: [], deleted: [], mark: mark) }
        guard let deleted = try self.deleted(since: before.lastDeletion) else { return nil }
        var changes = RunChanges(added: [], changed: [], deleted: deleted, mark: mark)
        changes.added = try self.records("id > ? ORDER BY id", [before.newest])
        var changed: Set<Int64> = []
        for (id, count) in mark.unfinished where id <= before.newest && before.unfinished[id] != count { changed.insert(id) }
        for id in before.unfinished.keys where mark.unfinished[id] == nil { changed.insert(id) }
        for id in changed.sorted() { changes.changed += try self.records("id = ?", [id]) }
        return changes
    }

    private func mark() throws -> RunMark {
        let unfinished = try self.db.cachedStatement(sql: "SELECT id, eventCount FROM runs WHERE finishedAt IS NULL")
        var counts: [Int64: Int] = [:]
        let cursor = try Row.fetchCursor(unfinished)
        while let row = try cursor.next() { counts[row[0]] = row[1] }
        return RunMark(unfinished: counts, newest: try self.greatest("runs"), lastDeletion: try self.greatest("deletedRuns"))
    }

    /// The greatest number that was ever given out in a table.
    private func greatest(_ table: String) throws -> Int64 {
        let statement = try self.db.cachedStatement(sql: "SELECT seq FROM sqlite_sequence WHERE name = ?")
        return try Int64.fetchOne(statement, arguments: [table]) ?? 0
    }

    private func records(_ condition: String, _ arguments: StatementArguments) throws -> [RunRecord] {
        let statement = try self.db.cachedStatement(sql: "SELECT \(Records.columns) FROM runs WHERE \(condition)")
        return try Row.fetchAll(statement, arguments: arguments).map { Records.record($0) }
    }

    private func deleted(since last: Int64) throws -> [DeletedRun]? {
        let oldest = try Int64.fetchOne(self.db.cachedStatement(sql: "SELECT min(id) FROM deletedRuns"))
        if let oldest, last + 1 < oldest { return nil }
        let statement = try self.db.cachedStatement(sql: "SELECT uid, namespace, name, labels FROM deletedRuns WHERE id > ? ORDER BY id")
        return try Row.fetchAll(statement, arguments: [last]).map { row in
            DeletedRun(id: RunID(row[0]), namespace: row[1], name: row[2], labels: (try? Records.dictionary(row[3])) ?? [:])
        }
    }
}
