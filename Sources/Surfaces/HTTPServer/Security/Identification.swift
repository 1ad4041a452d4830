import HTTPTypes
import Operations
import WireFormat

/// Finds out who sends a request, and whether they may.
struct Identification: Sendable {
    let mode: AuthenticationMode
    let tokens: any TokenOperations
    let webhooks: WebhookSignatures

    /// Who sends a request, as its header says.
    /// - Returns: nil where nothing is said and nothing must be.
    /// - Throws: `WireError`: 401.
    func principal(_ headers: HTTPFields, _ access: Route.Access) async throws -> Principal? {
        switch self.mode {
        case .none: return .everybody
        case .client:
            if access == .open { return .everybody }
            guard let header = headers[.authorization] else {
                if access == .webhook { return nil }
                throw Self.unknown("the request has no token")
            }
            guard let token = Self.token(header), let principal = try await self.tokens.authenticate(token: token) else {
                throw Self.unknown("the token is not known here, or its time is over")
            }
            return principal
        }
    }

    private static func token(_ header: String) -> String? {
        guard let blank = header.firstIndex(of: " "), header[..<blank].lowercased() == "bearer" else { return nil }
        let token = header[header.index(after: blank)...].filter { $0 != " " }
        return token.isEmpty || token.utf8.count > 1024 ? nil : token
    }

    private static func unknown(_ message: String) -> WireError { WireError(401, .unauthenticated, message) }

    /// - Parameter namespace: of the path; nil where the path has none, or names all.
    /// - Throws: `WireError`: 403.
    static func require(_ access: Route.Access, of principal: Principal, namespace: String?) throws {
        switch access {
        case .open: return
        case .webhook: try Self.require(.role(.submitter), of: principal, namespace: namespace)
        case .anywhere(let role): try Self.require(role, of: principal)
        case .role(let role):
            try Self.require(role, of: principal)
            if let namespace {
                try principal.require(namespace: namespace)
            } else if principal.namespaces != nil {
                throw WireError.forbidden("token '\(principal.name)' is only for some namespaces")
            }
        }
    }

    private static func require(_ role: Role, of principal: Principal) throws {
        guard principal.role.includes(role) else {
            throw WireError.forbidden("token '\(principal.name)' has role \(principal.role.rawValue), and this needs \(role.rawValue)")
        }
    }
}
