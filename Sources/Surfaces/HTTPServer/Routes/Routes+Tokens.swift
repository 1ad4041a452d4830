import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Tokens of this server: who may do what. Not of Argo's API, which leaves that to Kubernetes.
extension Routes {
    var tokens: [Route] {
        [
            Route(
                .get, "/skiff/v1/tokens", "listTokens", "Lists tokens by name; never what they are.", .role(.admin),
                answer: .json(schema: "TokenList")
            ) { _ in .json(["items": .array(try await self.services.tokens.tokens().map(Self.summary))]) },
            Route(
                .post, "/skiff/v1/tokens", "createToken", "Makes a token and tells it this once.", .role(.admin),
                body: .json(schema: "TokenRequest"), answer: .json(schema: "NewToken"), handler: self.createToken),
            Route(
                .delete, "/skiff/v1/tokens/{name}", "revokeToken", "Makes a token worthless.", .role(.admin), answer: .json(schema: "Empty")
            ) { call in
                try await self.services.tokens.revokeToken(name: call.name)
                return .done
            },
        ]
    }

    @Sendable private func createToken(_ call: Call) async throws -> Reply {
        let fields = try RequestFields(try call.json())
        guard let name = try fields.string("name") else { throw WireError.invalid("the body needs 'name'") }
        let word = try fields.string("role") ?? ""
        guard let role = Role(rawValue: word) else {
            throw WireError.invalid("'role' is '\(word)', expected \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var expiry: Timestamp?
        if let text = try fields.string("expiresAt") {
            guard let time = Timestamp(rfc3339: text) else {
                throw WireError.invalid("'expiresAt' is '\(text)', expected a time like 2026-01-31T08:00:00Z")
            }
            expiry = time
        }
        let namespaces = try fields.strings("namespaces")
        let token = try await self.services.tokens.createToken(
            name: name, role: role, namespaces: namespaces.isEmpty ? nil : Set(namespaces), expiresAt: expiry)
        return .json(["name": .string(name), "token": .string(token)])
    }

    private static func summary(_ token: TokenSummary) -> JSONValue {
        var summary = JSONObject()
        summary["name"] = .string(token.name)
        summary["role"] = .string(token.role.rawValue)
        summary["namespaces"] = token.namespaces.map { .array($0.sorted().map { .string($0) }) }
        summary["createdAt"] = .string(token.createdAt.rfc3339)
        summary["expiresAt"] = token.expiresAt.map { .string($0.rfc3339) }
        return .object(summary)
    }
}
