import Engine
import GRDB
public import Ports

extension SQLiteStore {
    public func standing(of lock: String) async throws -> LockStanding {
        try await self.read { db in
            let held = try db.cachedStatement(
                sql: """
                    SELECT runs.uid, runs.name, node FROM lockHolders JOIN runs ON runs.id = lockHolders.run WHERE lock = ? ORDER BY runs.id, node
                    """)
            let holders = try Row.fetchAll(held, arguments: [lock]).map { row -> LockHolding in
                let node: Int = row[2]
                return LockHolding(run: RunID(row[0]), name: row[1], node: node < 0 ? nil : NodeID(node))
            }
            let waiting = try db.cachedStatement(sql: "SELECT COUNT(*) FROM lockQueue WHERE lock = ?")
            return LockStanding(holders: holders, waiting: try Int.fetchOne(waiting, arguments: [lock]) ?? 0)
        }
    }
}
