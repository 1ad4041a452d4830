public import Engine
import GRDB
public import Ports
import WorkflowModel

/// Stored objects that belong to a run: `metadata.ownerReferences` names it.
extension SQLiteStore {
    /// What goes when the run goes: its objects, but for those that somebody else who is still there owns as well.
    ///
    /// Looks at every stored object, of which there are few beside the runs, and reads only those that hold the uid somewhere.
    public func resources(ownedBy run: RunID) async throws -> [ResourceKey] {
        try await self.read { db in
            let sql = """
                SELECT kind, namespace, name FROM resources
                  WHERE instr(json, :uid) > 0
                    AND EXISTS (
                      SELECT 1 FROM json_each(resources.json, '$.metadata.ownerReferences') AS owner WHERE owner.value ->> 'uid' = :uid)
                    AND NOT EXISTS (
                      SELECT 1 FROM json_each(resources.json, '$.metadata.ownerReferences') AS owner
                        WHERE owner.value ->> 'uid' <> :uid
                          AND (owner.value ->> 'uid' IN (SELECT uid FROM runs) OR owner.value ->> 'uid' IN (SELECT uid FROM resources)))
                  ORDER BY kind, namespace, name
                """
            return try Row.fetchAll(db, sql: sql, arguments: ["uid": run.text]).compactMap { row in
                ResourceKind(rawValue: row["kind"]).map { ResourceKey($0, namespace: row["namespace"], name: row["name"]) }
            }
        }
    }

    /// - Returns: false when it was gone.
    public func removeIfThere(_ key: ResourceKey) async throws -> Bool {
        do {
            try await self.remove(key, uid: nil, version: nil)
            return true
        } catch ResourceError.notFound { return false }
    }
}
