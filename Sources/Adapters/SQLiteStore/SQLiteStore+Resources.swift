import Foundation
import GRDB
public import Ports
public import WorkflowModel

extension SQLiteStore: ResourceStore {
    public func resource(_ key: ResourceKey, withSecrets: Bool) async throws -> StoredResource? {
        try await self.read { db in try self.resources(in: db).find(key, withSecrets: withSecrets) }
    }

    public func resources(_ query: ResourceQuery) async throws -> ResourcePage {
        try await self.read { db in try self.resources(in: db).page(query) }
    }

    @discardableResult public func put(
        _ draft: ResourceDraft, _ rule: PutRule, at now: Timestamp
    ) async throws -> (resource: StoredResource, outcome: PutOutcome) {
        let sealed = try draft.secretValues.map {
            try self.secrets.seal($0, name: draft.key.name, of: .namespace(draft.key.namespace))
        }
        let write = ResourceWrite(draft: draft, rule: rule, sealed: sealed, now: now)
        let result = try await self.write(bytes: draft.object.json.utf8.count * 2) { db in try write.carryOut(self.resources(in: db)) }
        return try result.get()
    }

    @discardableResult public func remove(_ key: ResourceKey, uid: String?, version: Int64?) async throws -> StoredResource {
        let result = try await self.write { db in
            try ResourceRemoval(key: key, uid: uid, version: version).carryOut(self.resources(in: db))
        }
        return try result.get()
    }

    private func resources(in db: Database) -> ResourceTable { ResourceTable(db: db, box: self.secrets, fault: self.fault) }
}

/// Storing one object: everything that may refuse it is asked before anything changes, so that those it shares a transaction with go on.
private struct ResourceWrite: Sendable {
    let draft: ResourceDraft
    let rule: PutRule
    let sealed: Data?
    let now: Timestamp

    typealias Done = (resource: StoredResource, outcome: PutOutcome)

    func carryOut(_ table: ResourceTable) throws -> Result<Done, ResourceError> {
        let existing = try table.find(self.draft.key, withSecrets: true)
        if let refusal = self.refusal(existing) { return .failure(refusal) }
        guard try self.changes(existing) else {
            guard let existing else { preconditionFailure("an object that does not exist stays as it is") }
            return .success((existing, .unchanged))
        }
        try table.ensureNamespace(of: self.draft.key, at: self.now)
        let version = try ChangeLog(db: table.db, fault: table.fault).newest() + 1
        guard let resource = self.merged(existing, version) else { preconditionFailure("a change depends on its number") }
        try table.save(resource, sealed: self.sealed, over: existing)
        return .success((resource, existing == nil ? .created : .configured))
    }

    private func refusal(_ existing: StoredResource?) -> ResourceError? {
        let expected: Int64?
        switch self.rule {
        case .create: return existing == nil ? nil : .alreadyExists(self.draft.key)
        case .replace(let version):
            if existing == nil { return .notFound(self.draft.key) }
            expected = version
        case .apply(let version):
            if existing == nil, version != nil { return .notFound(self.draft.key) }
            expected = version
        }
        guard let existing else { return nil }
        if let expected, expected != existing.version { return .conflict(self.draft.key, current: existing.version) }
        return existing.forbids(self.draft) ? .immutable(self.draft.key) : nil
    }

    private func changes(_ existing: StoredResource?) throws -> Bool { self.merged(existing, 0) != nil }

    private func merged(_ existing: StoredResource?, _ version: Int64) -> StoredResource? {
        StoredResource.putting(self.draft, over: existing, uid: ResourceTable.newUID(), version: version, at: self.now)
    }
}

private struct ResourceRemoval: Sendable {
    let key: ResourceKey
    let uid: String?
    let version: Int64?

    func carryOut(_ table: ResourceTable) throws -> Result<StoredResource, ResourceError> {
        guard let existing = try table.find(self.key, withSecrets: false) else { return .failure(.notFound(self.key)) }
        if self.uid.map({ $0 != existing.uid }) ?? false || self.version.map({ $0 != existing.version }) ?? false {
            return .failure(.conflict(self.key, current: existing.version))
        }
        if self.key.kind == .namespace {
            if self.key.name == "default" { return .failure(.permanent(self.key)) }
            let count = try table.count(in: self.key.name)
            if count > 0 { return .failure(.notEmpty(self.key, objects: count)) }
        }
        try table.remove(existing)
        return .success(existing)
    }
}
