import GRDB
import Ports
import WorkflowModel

/// The rows of `resourceChanges`: what watchers are told, in the order it happened.
///
/// `version` numbers the changes of all objects from 1 without a gap, and is the resourceVersion of the object after the change. The log keeps
/// the newest change at least, so that the next number is one more than the greatest, and beyond that as many as `mostChanges` and `mostBytes`
/// allow. `bytesUpToHere` counts the bytes of all changes there ever were up to this one, so that a bound on those kept costs one look at the
/// oldest. The last state of an object is kept with each of its changes: a watcher gets every state in turn, and of a deletion what it took away.
struct ChangeLog {
    static let mostChanges: Int64 = 10_000
    static let mostBytes: Int64 = 64 << 20

    let db: Database
    let fault: StoreFault

    /// The number of the newest change; 0 when there was none.
    func newest() throws -> Int64 {
        try Int64.fetchOne(self.db.cachedStatement(sql: "SELECT max(version) FROM resourceChanges")) ?? 0
    }

    /// The oldest change that is kept.
    private func oldest() throws -> (version: Int64, bytes: Int64)? {
        let statement = try self.db.cachedStatement(sql: "SELECT version, bytesUpToHere FROM resourceChanges ORDER BY version LIMIT 1")
        return try Row.fetchOne(statement).map { ($0[0], $0[1]) }
    }

    /// - Parameters:
    ///   - resource: as it is after the change, of a deletion before it, with the next number as its version.
    ///   - before: what it was.
    func add(_ change: ResourceEvent.Change, _ resource: StoredResource, before: StoredResource?) throws {
        let version = try self.newest() + 1
        precondition(resource.version == version, "a change with another number than the next")
        let last = try Int64.fetchOne(
            self.db.cachedStatement(sql: "SELECT bytesUpToHere FROM resourceChanges ORDER BY version DESC LIMIT 1"))
        let json = resource.object.json
        let bytes = (last ?? 0) + Int64(json.utf8.count)
        try self.db.cachedStatement(
            sql: """
                INSERT INTO resourceChanges (version, change, kind, namespace, name, uid, labelsBefore, labels, json, bytesUpToHere)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                version, change.rawValue, resource.key.kind.rawValue, resource.key.namespace, resource.key.name, resource.uid,
                before.map { Records.text($0.labels) }, Records.text(resource.labels), json, bytes,
            ])
        try self.trim(newest: version, bytes: bytes)
    }

    private func trim(newest: Int64, bytes: Int64) throws {
        while let oldest = try self.oldest(), oldest.version < newest {
            guard oldest.version <= newest - Self.mostChanges || oldest.bytes <= bytes - Self.mostBytes else { return }
            try self.db.cachedStatement(sql: "DELETE FROM resourceChanges WHERE version = ?").execute(arguments: [oldest.version])
        }
    }

    /// The changes after a version, at most `limit` of the log.
    /// - Returns: those that the query asks for, and the version up to which that is all.
    /// - Throws: `ResourceError.tooOld` when some of them are not kept any more.
    func changes(of query: ResourceQuery, since version: Int64, limit: Int) throws -> (events: [ResourceEvent], upTo: Int64) {
        if let oldest = try self.oldest(), version + 1 < oldest.version { throw ResourceError.tooOld(version: version) }
        let statement = try self.db.cachedStatement(
            sql: """
                SELECT version, change, kind, namespace, name, uid, labelsBefore, labels, json FROM resourceChanges WHERE version > ?
                ORDER BY version LIMIT ?
                """)
        let cursor = try Row.fetchCursor(statement, arguments: [version, limit])
        var events: [ResourceEvent] = []
        var upTo = version
        while let row = try cursor.next() {
            upTo = row["version"]
            if let event = try self.event(row, query) { events.append(event) }
        }
        return (events, upTo)
    }

    /// nil for a change that the query does not ask for.
    private func event(_ row: Row, _ query: ResourceQuery) throws -> ResourceEvent? {
        guard row["kind"] == query.kind.rawValue else { return nil }
        let key = ResourceKey(query.kind, namespace: row["namespace"], name: row["name"])
        if query.kind.isNamespaced, let namespace = query.namespace, namespace != key.namespace { return nil }
        guard query.fields.matches(name: key.name, namespace: key.namespace) else { return nil }
        let labelsBefore: String? = row["labelsBefore"]
        let wasAsked = try labelsBefore.map { query.labels.matches(try Records.dictionary($0)) } ?? false
        let isThere = row["change"] != ResourceEvent.Change.deleted.rawValue
        let isAsked = try isThere && query.labels.matches(Records.dictionary(row["labels"]))
        let change: ResourceEvent.Change
        switch (wasAsked, isAsked) {
        case (false, false): return nil
        case (false, true): change = .added
        case (true, true): change = .modified
        case (true, false): change = .deleted
        }
        return ResourceEvent(
            change,
            StoredResource(
                key: key, uid: row["uid"], version: row["version"], object: try ResourceTable.object(row["json"], key, self.fault)))
    }
}
