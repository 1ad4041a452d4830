public import Operations
public import Ports
public import WorkflowModel

/// The tokens of a data directory.
public struct LocalTokens: TokenOperations {
    /// What every token begins with, so that people and scanners of leaked secrets know one.
    static let prefix = "skiff_"
    /// Random bytes in a token.
    private static let length = 32

    private let openReader: @Sendable () async throws -> any TokenStore
    private let openStore: @Sendable () async throws -> any TokenStore
    private let time: any TimeSource

    /// - Parameters:
    ///   - openReader: to look; makes nothing.
    ///   - openStore: to change.
    public init(
        openReader: @escaping @Sendable () async throws -> any TokenStore, openStore: @escaping @Sendable () async throws -> any TokenStore,
        time: any TimeSource
    ) {
        self.openReader = openReader
        self.openStore = openStore
        self.time = time
    }

    public func createToken(name: String, role: Role, namespaces: Set<String>?, expiresAt: Timestamp?) async throws -> String {
        guard ObjectName.isLegal(name, longest: 63, allowsDots: true) else {
            throw OperationError(
                .invalid, "'\(name)' cannot be the name of a token",
                hint: "use at most 63 lower case letters, digits, '-' and '.', with a letter or digit at both ends")
        }
        if let namespaces, namespaces.isEmpty {
            throw OperationError(.invalid, "a token for no namespace opens nothing", hint: "name a namespace, or leave it out for all")
        }
        let now = self.time.now()
        if let expiresAt, expiresAt <= now { throw OperationError(.invalid, "the token would have expired already") }
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<Self.length).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let url = String(Base64Text.encoded(bytes).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.filter { $0 != "=" })
        let text = Self.prefix + url
        let token = StoredToken(name: name, role: role.rawValue, namespaces: namespaces, createdAt: now, expiresAt: expiresAt)
        return try await OperationError.translating {
            guard try await self.openStore().add(token, text: text) else {
                throw OperationError(
                    .alreadyExists, "there is a token '\(name)' already", hint: "revoke it first: skiff auth token revoke \(name)")
            }
            return text
        }
    }

    public func tokens() async throws -> [TokenSummary] {
        try await OperationError.translating {
            try await self.openReader().tokens().map { token in
                TokenSummary(
                    name: token.name, role: try Self.role(of: token), namespaces: token.namespaces, createdAt: token.createdAt,
                    expiresAt: token.expiresAt)
            }
        }
    }

    public func revokeToken(name: String) async throws {
        try await OperationError.translating {
            guard try await self.openStore().removeToken(named: name) else {
                throw OperationError(.notFound, "there is no token '\(name)'", hint: "see which there are: skiff auth token list")
            }
        }
    }

    public func authenticate(token text: String) async throws -> Principal? {
        guard text.hasPrefix(Self.prefix) else { return nil }
        return try await OperationError.translating {
            guard let token = try await self.openReader().token(text: text) else { return nil }
            if let end = token.expiresAt, end <= self.time.now() { return nil }
            return Principal(name: token.name, role: try Self.role(of: token), namespaces: token.namespaces)
        }
    }

    private static func role(of token: StoredToken) throws -> Role {
        guard let role = Role(rawValue: token.role) else {
            throw OperationError(.internalFault, "token '\(token.name)' has the role '\(token.role)', which this version does not know")
        }
        return role
    }
}
