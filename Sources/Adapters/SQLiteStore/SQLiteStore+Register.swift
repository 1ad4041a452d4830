public import Engine
import GRDB
public import Ports
import WorkflowModel

/// Who holds which locks and who waits, and the limits that are kept here.
extension SQLiteStore: LockRegister {
    public func lockLimits(namespace: String?) async throws -> [LockLimit] {
        try await self.read { db in
            let sql = "SELECT namespace, key, size FROM lockLimits WHERE namespace = coalesce(?, namespace) ORDER BY namespace, key"
            return try Row.fetchAll(db, sql: sql, arguments: [namespace]).map { LockLimit(namespace: $0[0], key: $0[1], size: $0[2]) }
        }
    }

    public func lockLimit(_ key: String, namespace: String) async throws -> Int? {
        try await self.read { db in
            try Int.fetchOne(db, sql: "SELECT size FROM lockLimits WHERE namespace = ? AND key = ?", arguments: [namespace, key])
        }
    }

    public func setLockLimit(_ limit: LockLimit, isNew: Bool) async throws -> Bool {
        try await self.write { db in
            let sql =
                isNew
                ? "INSERT OR IGNORE INTO lockLimits (size, namespace, key) VALUES (?, ?, ?)"
                : "UPDATE lockLimits SET size = ? WHERE namespace = ? AND key = ?"
            try db.execute(sql: sql, arguments: [limit.size, limit.namespace, limit.key])
            return db.changesCount > 0
        }
    }

    public func removeLockLimit(_ key: String, namespace: String) async throws -> Bool {
        try await self.write { db in
            try db.execute(sql: "DELETE FROM lockLimits WHERE namespace = ? AND key = ?", arguments: [namespace, key])
            return db.changesCount > 0
        }
    }

    public func lockStates(namespace: String?) async throws -> [LockState] {
        try await self.read { db in
            var states: [String: LockState] = [:]
            for (table, order, part) in [
                ("lockHolders", "runs.createdAt, place.run, place.node", \LockState.holders),
                ("lockQueue", "place.priority DESC, place.createdAt, place.id", \LockState.waiters),
            ] {
                for row in try Row.fetchAll(db, sql: Self.parties(table, order), arguments: ["\(namespace ?? "")/", namespace]) {
                    let lock: String = row["lock"]
                    if states[lock] == nil { states[lock] = LockState(lock: lock, limit: nil, holders: [], waiters: []) }
                    states[lock]?[keyPath: part].append(Self.party(row))
                }
            }
            return try states.values.sorted { $0.lock < $1.lock }.map { state in
                var state = state
                state.limit = try Self.knownLimit(of: state.lock, in: db)
                return state
            }
        }
    }

    private static func parties(_ table: String, _ order: String) -> String {
        """
        SELECT place.lock, runs.uid, runs.name, runs.namespace, json_extract(nodes.json, '$.name') AS node, place.node AS ordinal,
            owners.owner, owners.processID, owners.processStart, owners.bootID, owners.doorbell
          FROM \(table) AS place JOIN runs ON runs.id = place.run
            LEFT JOIN owners ON owners.run = place.run
            LEFT JOIN nodes ON nodes.run = place.run AND nodes.ordinal = place.node
          WHERE ?2 IS NULL OR substr(place.lock, 1, length(?1)) = ?1
          ORDER BY \(order)
        """
    }

    private static func party(_ row: Row) -> LockState.Party {
        let ordinal: Int = row["ordinal"]
        let name: String? = row["node"]
        return LockState.Party(
            run: RunID(row["uid"]), runName: row["name"], namespace: row["namespace"],
            // A node asks before its first row is written only when the run was killed in between.
            node: ordinal < 0 ? nil : name ?? "\(ordinal)", owner: row["owner"] == nil ? nil : Records.owner(row))
    }

    /// What the store knows of the limit of a lock, by the text of the lock.
    private static func knownLimit(of lock: String, in db: Database) throws -> Int? {
        let parts = lock.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3 else { return nil }
        switch (LockRequest.Kind(rawValue: parts[1]), parts.count) {
        case (.mutex?, _): return 1
        case (.database?, _):
            let limit = try Int.fetchOne(
                db, sql: "SELECT size FROM lockLimits WHERE namespace = ? AND key = ?",
                arguments: [parts[0], parts.dropFirst(2).joined(separator: "/")])
            // A mutex of `database: true` has the same form, and no limit of its own.
            return limit ?? 1
        case (.configMap?, 4):
            let request = LockRequest(kind: .configMap, namespace: parts[0], name: parts[2], key: parts[3])
            return try Self.storedLimit(of: request, in: db)
        case (.configMap?, _), (nil, _): return nil
        }
    }
}

extension SQLiteStore: MemoRegister {
    public func memos(matching filter: MemoFilter, after: MemoRequest?, limit: Int) async throws -> [MemoEntry] {
        try await self.read { db in
            let sql = """
                SELECT namespace, cache, key, outputs, run, createdAt, lastHitAt FROM memos
                  WHERE \(Self.condition(filter)) AND (:after IS NULL OR (namespace, cache, key) > (:after, :afterCache, :afterKey))
                  ORDER BY namespace, cache, key LIMIT :limit
                """
            var arguments = Self.arguments(filter)
            arguments.updateValue(after?.namespace, forKey: "after")
            arguments.updateValue(after?.cache, forKey: "afterCache")
            arguments.updateValue(after?.key, forKey: "afterKey")
            arguments["limit"] = limit
            return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(arguments)).map { row in
                let outputs = (try? JSONValue(json: row["outputs"])).map { NodeOutputs(json: $0) } ?? NodeOutputs()
                return MemoEntry(
                    request: MemoRequest(namespace: row["namespace"], cache: row["cache"], key: row["key"]), outputs: outputs,
                    run: RunID(row["run"]), createdAt: Timestamp(milliseconds: row["createdAt"]),
                    lastHitAt: Timestamp(milliseconds: row["lastHitAt"]))
            }
        }
    }

    public func removeMemos(matching filter: MemoFilter) async throws -> Int {
        try await self.write { db in
            try db.execute(
                sql: "DELETE FROM memos WHERE \(Self.condition(filter))", arguments: StatementArguments(Self.arguments(filter)))
            return db.changesCount
        }
    }

    private static func condition(_ filter: MemoFilter) -> String {
        """
        namespace = coalesce(:namespace, namespace) AND cache = coalesce(:cache, cache) AND key = coalesce(:key, key)
          AND (:createdBefore IS NULL OR createdAt < :createdBefore) AND (:lastHitBefore IS NULL OR lastHitAt < :lastHitBefore)
        """
    }

    private static func arguments(_ filter: MemoFilter) -> [String: (any DatabaseValueConvertible)?] {
        [
            "namespace": filter.namespace, "cache": filter.cache, "key": filter.key, "createdBefore": filter.createdBefore?.milliseconds,
            "lastHitBefore": filter.lastHitBefore?.milliseconds,
        ]
    }
}
