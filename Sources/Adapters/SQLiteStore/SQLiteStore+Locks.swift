public import Engine
import GRDB
public import Ports
import WorkflowModel

/// Locks are rows: who holds, and who waits in which order. A run's rows go with the run.
extension SQLiteStore: LockService {
    public func acquire(_ demand: LockDemand) async throws -> LockAnswer {
        try await self.write { db in
            guard let run = try Self.id(of: demand.holder.run, in: db) else {
                return .refused(message: "run '\(demand.holder.run)' is not recorded")
            }
            var limits: [Int] = []
            for lock in demand.locks {
                guard let limit = try Self.limit(of: lock, in: db) else { return .refused(message: Self.unknownLimit(lock.request)) }
                guard limit > 0 else { return .refused(message: "the limit of \(lock.request.text) is \(limit): it must be 1 or more") }
                limits.append(limit)
            }
            let node = Self.number(demand.holder.node)
            if try Self.holdsAll(demand, run, node, in: db) { return .granted }
            for lock in demand.locks { try Self.join(lock.request.text, demand, run, node, in: db) }
            for (lock, limit) in zip(demand.locks, limits) {
                let held = try Self.count(lock.request.text, exceptRun: run, node: node, in: db)
                let isFree = held < limit
                if try !isFree || !Self.isFirst(run, in: lock.request.text, in: db) {
                    return .wait(lock: lock.request.text, held: held, limit: limit)
                }
            }
            try Self.leaveQueues(run, node, in: db)
            for lock in demand.locks {
                try db.cachedStatement(sql: "INSERT OR IGNORE INTO lockHolders (lock, run, node) VALUES (?, ?, ?)")
                    .execute(arguments: [lock.request.text, run, node])
            }
            return .granted
        }
    }

    public func release(_ holder: LockHolder) async throws -> [LockWaiter] {
        try await self.write { db in
            guard let run = try Self.id(of: holder.run, in: db) else { return [] }
            let node = Self.number(holder.node)
            let waiting = try Self.waiters(behind: "run = ? AND node = ?", [run, node], in: db)
            try db.cachedStatement(sql: "DELETE FROM lockHolders WHERE run = ? AND node = ?").execute(arguments: [run, node])
            try Self.leaveQueues(run, node, in: db)
            return waiting
        }
    }

    public func releaseAll(of run: RunID) async throws -> [LockWaiter] {
        try await self.write { db in
            guard let run = try Self.id(of: run, in: db) else { return [] }
            let waiting = try Self.waiters(behind: "run = ?", [run], in: db)
            try db.cachedStatement(sql: "DELETE FROM lockHolders WHERE run = ?").execute(arguments: [run])
            try db.cachedStatement(sql: "DELETE FROM lockQueue WHERE run = ?").execute(arguments: [run])
            return waiting
        }
    }

    // MARK: Rows

    private static func id(of run: RunID, in db: Database) throws -> Int64? {
        try Int64.fetchOne(try db.cachedStatement(sql: "SELECT id FROM runs WHERE uid = ?"), arguments: [run.text])
    }

    /// The run itself is node -1.
    private static func number(_ node: NodeID?) -> Int64 { node.map { Int64($0.ordinal) } ?? -1 }

    private static func limit(of lock: LockDemand.Lock, in db: Database) throws -> Int? {
        switch lock.request.kind {
        case .mutex: return lock.limit
        case .configMap:
            // A stored one is read each time, so that a limit can be changed while runs wait.
            guard let stored = try Self.configMap(lock.request, in: db) else { return lock.limit }
            return Self.limit(in: stored, lock.request)
        case .database:
            return try Int.fetchOne(
                try db.cachedStatement(sql: "SELECT size FROM lockLimits WHERE namespace = ? AND key = ?"),
                arguments: [lock.request.namespace, lock.request.name])
        }
    }

    private static func configMap(_ request: LockRequest, in db: Database) throws -> JSONValue? {
        let statement = try db.cachedStatement(sql: "SELECT json FROM resources WHERE kind = ? AND namespace = ? AND name = ?")
        let json = try String.fetchOne(statement, arguments: [ResourceKind.configMap.rawValue, request.namespace, request.name])
        return try json.map { try JSONValue(json: $0) }
    }

    private static func limit(in configMap: JSONValue, _ request: LockRequest) -> Int? {
        request.key.flatMap { configMap["data"]?[$0]?.scalarText }.flatMap { Int($0) }
    }

    /// Of a semaphore whose ConfigMap is stored.
    static func storedLimit(of request: LockRequest, in db: Database) throws -> Int? {
        try Self.configMap(request, in: db).flatMap { Self.limit(in: $0, request) }
    }

    private static func unknownLimit(_ lock: LockRequest) -> String {
        switch lock.kind {
        case .configMap:
            "the limit of \(lock.text) is not known: ConfigMap '\(lock.name)' with a number under '\(lock.key ?? "")' is needed"
        case .database: "the limit of \(lock.text) is not known: set one with skiff sync create"
        case .mutex: "the limit of \(lock.text) is not known"
        }
    }

    private static func holdsAll(_ demand: LockDemand, _ run: Int64, _ node: Int64, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM lockHolders WHERE lock = ? AND run = ? AND node = ?")
        return try demand.locks.allSatisfy { try Int.fetchOne(statement, arguments: [$0.request.text, run, node]) != nil }
    }

    private static func join(_ lock: String, _ demand: LockDemand, _ run: Int64, _ node: Int64, in db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO lockQueue (lock, run, node, priority, createdAt) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [lock, run, node, demand.priority, demand.createdAt.milliseconds])
    }

    private static func leaveQueues(_ run: Int64, _ node: Int64, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM lockQueue WHERE run = ? AND node = ?").execute(arguments: [run, node])
    }

    private static func count(_ lock: String, exceptRun run: Int64, node: Int64, in db: Database) throws -> Int {
        try Int.fetchOne(
            try db.cachedStatement(sql: "SELECT COUNT(*) FROM lockHolders WHERE lock = ? AND NOT (run = ? AND node = ?)"),
            arguments: [lock, run, node]) ?? 0
    }

    /// The first in a queue may take the lock, and so may any node of the same run.
    private static func isFirst(_ run: Int64, in lock: String, in db: Database) throws -> Bool {
        let first = try Int64.fetchOne(
            try db.cachedStatement(sql: "SELECT run FROM lockQueue WHERE lock = ? ORDER BY priority DESC, createdAt, id LIMIT 1"),
            arguments: [lock])
        return first == run
    }

    /// Who is in the queues of the locks that the given rows hold or wait for.
    private static func waiters(behind condition: String, _ arguments: StatementArguments, in db: Database) throws -> [LockWaiter] {
        let sql = """
            SELECT DISTINCT runs.uid, owners.doorbell FROM lockQueue JOIN runs ON runs.id = lockQueue.run
              LEFT JOIN owners ON owners.run = lockQueue.run
              WHERE lockQueue.lock IN (
                SELECT lock FROM lockHolders WHERE \(condition) UNION SELECT lock FROM lockQueue WHERE \(condition))
            """
        let statement = try db.cachedStatement(sql: sql)
        return try Array(
            Row.fetchCursor(statement, arguments: arguments + arguments).map { LockWaiter(run: RunID($0[0]), doorbell: $0[1]) })
    }
}
