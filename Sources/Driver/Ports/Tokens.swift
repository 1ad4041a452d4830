public import WorkflowModel

/// A token that opens the server, as it is kept: without its text.
public struct StoredToken: Sendable, Equatable {
    public var name: String
    public var role: String
    /// nil for all.
    public var namespaces: Set<String>?
    public var createdAt: Timestamp
    /// nil for never.
    public var expiresAt: Timestamp?
    public init(name: String, role: String, namespaces: Set<String>?, createdAt: Timestamp, expiresAt: Timestamp?) {
        self.name = name
        self.role = role
        self.namespaces = namespaces
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// The tokens of a data directory. Of a token's text only a hash is kept, which finds it and gives nothing away.
public protocol TokenStore: Sendable {
    /// - Returns: false when there is a token of that name; nothing is changed then.
    func add(_ token: StoredToken, text: String) async throws -> Bool
    /// By name.
    func tokens() async throws -> [StoredToken]
    /// - Returns: false when there is none.
    func removeToken(named name: String) async throws -> Bool
    func token(text: String) async throws -> StoredToken?
}
