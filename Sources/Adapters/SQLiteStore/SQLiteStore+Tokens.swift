import Crypto
import Foundation
import GRDB
public import Ports
import WorkflowModel

extension SQLiteStore: TokenStore {
    private static let tokenColumns = "name, role, namespaces, createdAt, expiresAt"

    public func add(_ token: StoredToken, text: String) async throws -> Bool {
        let namespaces = token.namespaces.map { Records.text($0.sorted()) }
        return try await self.write { db in
            let isTaken = try db.cachedStatement(sql: "SELECT 1 FROM tokens WHERE name = ?")
            if try Int.fetchOne(isTaken, arguments: [token.name]) != nil { return false }
            try db.cachedStatement(
                sql: "INSERT INTO tokens (name, hash, role, namespaces, createdAt, expiresAt) VALUES (?, ?, ?, ?, ?, ?)"
            ).execute(
                arguments: [
                    token.name, Self.hash(text), token.role, namespaces, token.createdAt.milliseconds, token.expiresAt?.milliseconds,
                ])
            return true
        }
    }

    public func tokens() async throws -> [StoredToken] {
        try await self.read { db in
            try Row.fetchAll(db, sql: "SELECT \(Self.tokenColumns) FROM tokens ORDER BY name").map(self.token)
        }
    }

    public func removeToken(named name: String) async throws -> Bool {
        try await self.write { db in
            try db.cachedStatement(sql: "DELETE FROM tokens WHERE name = ?").execute(arguments: [name])
            return db.changesCount > 0
        }
    }

    public func token(text: String) async throws -> StoredToken? {
        // Looked up by its hash: how long that takes tells something of the hash at most, and nobody finds a text for one.
        try await self.read { db in
            let statement = try db.cachedStatement(sql: "SELECT \(Self.tokenColumns) FROM tokens WHERE hash = ?")
            return try Row.fetchOne(statement, arguments: [Self.hash(text)]).map(self.token)
        }
    }

    private static func hash(_ text: String) -> Data { Data(SHA256.hash(data: Data(text.utf8))) }

    /// - Throws: `JournalError.unavailable` when what is stored cannot be read: a token must not open more than it was made for.
    private func token(_ row: Row) throws -> StoredToken {
        let name: String = row[0]
        var namespaces: Set<String>?
        if let text: String = row[2] {
            do { namespaces = Set(try Records.texts(text)) } catch { throw self.fault.damaged("token '\(name)'", cause: "\(error)") }
        }
        return StoredToken(
            name: name, role: row[1], namespaces: namespaces, createdAt: Timestamp(milliseconds: row[3]),
            expiresAt: (row[4] as Int64?).map { Timestamp(milliseconds: $0) })
    }
}
