public import Operations
public import WorkflowModel

/// Tokens of a server.
public struct RemoteTokens: TokenOperations {
    private let connection: ServerConnection

    public init(_ connection: ServerConnection) { self.connection = connection }

    private static var collection: RequestTarget { RequestTarget("skiff", "v1", "tokens") }

    public func createToken(name: String, role: Role, namespaces: Set<String>?, expiresAt: Timestamp?) async throws -> String {
        var body = JSONObject()
        body["name"] = .string(name)
        body["role"] = .string(role.rawValue)
        body["namespaces"] = namespaces.map { .array($0.sorted().map { .string($0) }) }
        body["expiresAt"] = expiresAt.map { .string($0.rfc3339) }
        let answer = try await self.connection.ask(.post, Self.collection, .object(body))
        guard let token = answer["token"]?.string else {
            throw OperationError(.internalFault, "the server at \(self.connection.address.text) made a token and did not tell it")
        }
        return token
    }

    public func tokens() async throws -> [TokenSummary] {
        try await self.connection.ask(.get, Self.collection)["items"]?.array?.compactMap(Self.summary) ?? []
    }

    private static func summary(_ item: JSONValue) -> TokenSummary? {
        guard let name = item["name"]?.string, let role = item["role"]?.string.flatMap(Role.init) else { return nil }
        func time(_ field: String) -> Timestamp? { item[field]?.string.flatMap { Timestamp(rfc3339: $0) } }
        return TokenSummary(
            name: name, role: role, namespaces: item["namespaces"]?.array.map { Set($0.compactMap(\.string)) },
            createdAt: time("createdAt") ?? Timestamp(milliseconds: 0), expiresAt: time("expiresAt"))
    }

    public func revokeToken(name: String) async throws {
        try await self.connection.ask(.delete, RequestTarget("skiff", "v1", "tokens", name))
    }

    /// By asking the server with it.
    public func authenticate(token: String) async throws -> Principal? {
        var address = self.connection.address
        address.authorization = "Bearer \(token)"
        let known = ServerConnection(address, version: self.connection.version)
        let answer: JSONValue
        do { answer = try await known.ask(.get, .api("userinfo")) } catch let error as OperationError where error.code == .unauthorized {
            return nil
        }
        let role = answer["groups"]?.array?.first?.string.flatMap(Role.init) ?? .viewer
        return Principal(name: answer["subject"]?.string ?? "", role: role)
    }
}
