import Foundation
import GRDB
import Ports
import WorkflowModel

/// The rows of `resources`, inside a transaction.
struct ResourceTable {
    let db: Database
    let box: SecretBox
    let fault: StoreFault

    private static let columns = "kind, namespace, name, uid, version, json, sealed"

    // MARK: Reading

    /// - Returns: nil when there is no such object.
    func find(_ key: ResourceKey, withSecrets: Bool) throws -> StoredResource? {
        let statement = try self.db.cachedStatement(
            sql: "SELECT \(Self.columns) FROM resources WHERE kind = ? AND namespace = ? AND name = ?")
        let row = try Row.fetchOne(statement, arguments: [key.kind.rawValue, key.namespace, key.name])
        return try row.map { try self.resource($0, key, withSecrets: withSecrets) }
    }

    private func resource(_ row: Row, _ key: ResourceKey, withSecrets: Bool) throws -> StoredResource {
        var resource = StoredResource(
            key: key, uid: row["uid"], version: row["version"], object: try Self.object(row["json"], key, self.fault))
        guard withSecrets, key.kind == .secret else { return resource }
        let sealed: Data? = row["sealed"]
        resource.secretValues = try sealed.map { try self.box.open($0, name: key.name, of: .namespace(key.namespace)) } ?? [:]
        return resource
    }

    static func object(_ json: String, _ key: ResourceKey, _ fault: StoreFault) throws -> JSONValue {
        do { return try JSONValue(json: json) } catch {
            throw fault.damaged("\(key.kind.rawValue) '\(key.name)'", cause: "\(error)")
        }
    }

    /// One page: a walk along the index of the key, so that a page costs what it passes over, wherever it begins.
    func page(_ query: ResourceQuery) throws -> ResourcePage {
        let version = try ChangeLog(db: self.db, fault: self.fault).newest()
        let (sql, arguments) = Self.pageQuery(query)
        let cursor = try Row.fetchCursor(self.db, sql: sql, arguments: arguments)
        var items: [StoredResource] = []
        while let row = try cursor.next() {
            let key = ResourceKey(query.kind, namespace: row["namespace"], name: row["name"])
            guard query.fields.matches(name: key.name, namespace: key.namespace),
                query.labels.matches(try Records.dictionary(row["labels"]))
            else { continue }
            // There is another: the page is not the last.
            if items.count == query.limit, let last = items.last {
                let next = ResourceCursor(version: query.after?.version ?? version, namespace: last.key.namespace, name: last.key.name)
                return ResourcePage(items: items, version: next.version, next: next)
            }
            items.append(try self.resource(row, key, withSecrets: false))
        }
        return ResourcePage(items: items, version: query.after?.version ?? version, next: nil)
    }

    private static func pageQuery(_ query: ResourceQuery) -> (String, StatementArguments) {
        var sql = "SELECT \(Self.columns), labels FROM resources WHERE kind = ?"
        var arguments: StatementArguments = [query.kind.rawValue]
        if query.kind.isNamespaced, let namespace = query.namespace {
            sql += " AND namespace = ?"
            arguments += [namespace]
        }
        if let after = query.after {
            sql += " AND (namespace, name) > (?, ?)"
            arguments += [after.namespace, after.name]
        }
        return (sql + " ORDER BY namespace, name", arguments)
    }

    func count(in namespace: String) throws -> Int {
        try Int.fetchOne(self.db, sql: "SELECT count(*) FROM resources WHERE namespace = ?", arguments: [namespace]) ?? 0
    }

    // MARK: Writing

    /// - Parameter sealed: what a Secret holds.
    func save(_ resource: StoredResource, sealed: Data?, over existing: StoredResource?) throws {
        let labels = Records.text(resource.labels)
        try self.db.cachedStatement(
            sql: """
                INSERT INTO resources (kind, namespace, name, uid, version, labels, json, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (kind, namespace, name) DO UPDATE SET version = excluded.version, labels = excluded.labels,
                  json = excluded.json, sealed = excluded.sealed
                """
        ).execute(
            arguments: [
                resource.key.kind.rawValue, resource.key.namespace, resource.key.name, resource.uid, resource.version, labels,
                resource.object.json, sealed,
            ])
        try ChangeLog(db: self.db, fault: self.fault).add(existing == nil ? .added : .modified, resource, before: existing)
    }

    func remove(_ resource: StoredResource) throws {
        try self.db.cachedStatement(sql: "DELETE FROM resources WHERE kind = ? AND namespace = ? AND name = ?")
            .execute(arguments: [resource.key.kind.rawValue, resource.key.namespace, resource.key.name])
        let log = ChangeLog(db: self.db, fault: self.fault)
        try log.add(.deleted, resource.atVersion(try log.newest() + 1), before: resource)
    }

    /// Makes the namespace of an object when there is none yet.
    func ensureNamespace(of key: ResourceKey, at now: Timestamp) throws {
        guard key.kind.isNamespaced else { return }
        let namespace = ResourceKey(.namespace, namespace: "", name: key.namespace)
        guard try self.find(namespace, withSecrets: false) == nil else { return }
        let version = try ChangeLog(db: self.db, fault: self.fault).newest() + 1
        let made = StoredResource.putting(
            ResourceDraft(key: namespace, object: [:]), over: nil, uid: Self.newUID(), version: version, at: now)
        if let made { try self.save(made, sealed: nil, over: nil) }
    }

    static func newUID() -> String { UUID().uuidString.lowercased() }
}
