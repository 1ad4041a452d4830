public import Engine
import GRDB
public import Ports
public import WorkflowModel

/// What memoized templates gave.
extension SQLiteStore: MemoCache {
    public func recall(_ request: MemoRequest, maxAge: Span?, at now: Timestamp) async throws -> NodeOutputs? {
        let found = try await self.read { db -> (text: String, createdAt: Int64)? in
            let statement = try db.cachedStatement(
                sql: "SELECT outputs, createdAt FROM memos WHERE namespace = ? AND cache = ? AND key = ?")
            return try Row.fetchOne(statement, arguments: [request.namespace, request.cache, request.key]).map { ($0[0], $0[1]) }
        }
        guard let found else { return nil }
        if let maxAge, now.milliseconds - found.createdAt > maxAge.milliseconds { return nil }
        guard let json = try? JSONValue(json: found.text) else { return nil }
        let outputs = NodeOutputs(json: json)
        try await self.write { db in
            try db.cachedStatement(sql: "UPDATE memos SET lastHitAt = ? WHERE namespace = ? AND cache = ? AND key = ?")
                .execute(arguments: [now.milliseconds, request.namespace, request.cache, request.key])
        }
        return outputs
    }

    public func remember(_ request: MemoRequest, _ outputs: NodeOutputs, of run: RunID, node: NodeID, at now: Timestamp) async throws {
        let text = outputs.json.json
        try await self.write(bytes: text.utf8.count) { db in
            try db.cachedStatement(
                sql: """
                    INSERT INTO memos (namespace, cache, key, run, node, outputs, createdAt, lastHitAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                      ON CONFLICT (namespace, cache, key) DO UPDATE SET run = excluded.run, node = excluded.node, outputs = excluded.outputs,
                        createdAt = excluded.createdAt, lastHitAt = excluded.lastHitAt
                    """
            ).execute(
                arguments: [
                    request.namespace, request.cache, request.key, run.text, node.ordinal, text, now.milliseconds, now.milliseconds,
                ])
        }
    }
}
