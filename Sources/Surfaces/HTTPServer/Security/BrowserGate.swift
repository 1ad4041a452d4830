import HTTPTypes
import WireFormat

/// Keeps web pages out. A browser of somebody who works on this machine reaches loopback, and any page it shows can make it send requests.
///
/// - A page of another site may not: its `Origin` is not this server.
/// - A name of another site that was made to lead here (DNS rebinding) may not: its `Host` is not a name of this server.
/// - A form or an image may not: what changes something is `application/json`, which pages cannot send without being asked first.
struct BrowserGate: Sendable {
    /// Whether the server asks nobody for a token, and only this machine reaches it: then the name it is called by must be known.
    let checksHost: Bool
    /// In lower case.
    let hostNames: Set<String>

    /// - Throws: `WireError`.
    func check(_ head: HTTPRequest, body: Route.Body) throws {
        try self.checkHost(head)
        try self.checkOrigin(head)
        try Self.checkContentType(head, body)
    }

    private func checkHost(_ head: HTTPRequest) throws {
        guard let authority = head.authority, !authority.isEmpty else { throw WireError.invalid("the request has no Host") }
        guard self.checksHost else { return }
        let host = Self.host(of: authority)
        guard LoopbackName.isLoopback(host) || self.hostNames.contains(host) else {
            throw WireError(421, .permissionDenied, "this server is not called '\(host)'")
        }
    }

    private func checkOrigin(_ head: HTTPRequest) throws {
        let fields = head.headerFields
        if let origin = fields[.origin] {
            // Its scheme is that of the page: what was checked is where the page comes from.
            let place = origin.firstRange(of: "://").map { String(origin[$0.upperBound...]) }
            guard let place, place.lowercased() == head.authority?.lowercased() else {
                throw WireError.forbidden("requests of pages of another origin are not taken")
            }
        }
        if Self.changes(head.method), fields[.secFetchSite].map({ $0 != "same-origin" && $0 != "none" }) ?? false {
            throw WireError.forbidden("requests of pages of another site are not taken")
        }
    }

    private static func changes(_ method: HTTPRequest.Method) -> Bool { method != .get && method != .head && method != .options }

    private static func checkContentType(_ head: HTTPRequest, _ body: Route.Body) throws {
        guard Self.changes(head.method) else { return }
        let type = head.headerFields[.contentType]?.split(separator: ";").first?.filter { $0 != " " }.lowercased() ?? ""
        switch body {
        case .upload:
            guard type == "multipart/form-data" else { throw Self.wrongType("multipart/form-data") }
        case .none:
            // No page can send these methods without being asked first.
            if head.method == .delete && type.isEmpty { return }
            guard type == "application/json" || (head.method != .post && type.isEmpty) else { throw Self.wrongType("application/json") }
        case .json:
            guard type == "application/json" else { throw Self.wrongType("application/json") }
        case .event:
            guard type == "application/json" || type.hasPrefix("application/") && type.hasSuffix("+json") else {
                throw Self.wrongType("application/json")
            }
        }
    }

    private static func wrongType(_ expected: String) -> WireError {
        WireError(415, .invalidArgument, "the body must be of type \(expected), and Content-Type must say so")
    }

    /// Without port and brackets, in lower case.
    static func host(of authority: String) -> String {
        let authority = authority.lowercased()
        if authority.first == "[" { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }
}

extension HTTPField.Name {
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
    static let argoVersion = HTTPField.Name("Grpc-Metadata-Argo-Version")!
    static let frameOptions = HTTPField.Name("X-Frame-Options")!
    static let retryAfter = HTTPField.Name("Retry-After")!
}
