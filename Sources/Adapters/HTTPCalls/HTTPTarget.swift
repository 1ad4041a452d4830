import FoundationEssentials

/// Where a request goes: an absolute http or https URL.
struct HTTPTarget: Sendable, Equatable {
    /// As it is sent, without user, password and fragment.
    let text: String
    let host: String
    let port: Int
    let isEncrypted: Bool
    /// What stood before the `@`.
    let user: String?
    let password: String?
    private let url: URL

    /// - Throws: `TransportError`.
    init(_ text: String) throws(TransportError) {
        guard let url = URL(string: text) else { throw TransportError(.invalid, "'\(text)' is not a URL") }
        try self.init(url, shown: text)
    }

    private init(_ url: URL, shown: String) throws(TransportError) {
        // Only these two: others lead to sockets of this machine, past the check of addresses.
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https" else {
            throw TransportError(.invalid, "'\(Self.masked(shown))' does not begin with http:// or https://")
        }
        guard var components = URLComponents(url: url, resolvingAgainstBaseURL: true) else {
            throw TransportError(.invalid, "'\(Self.masked(shown))' is not a URL")
        }
        self.user = components.user
        self.password = components.password
        components.user = nil
        components.password = nil
        components.fragment = nil
        guard let bare = components.url, let host = bare.host, !host.isEmpty else {
            throw TransportError(.invalid, "'\(Self.masked(shown))' names no host")
        }
        let port = bare.port ?? (scheme == "https" ? 443 : 80)
        guard (1...65535).contains(port) else { throw TransportError(.invalid, "'\(Self.masked(shown))' has no port between 1 and 65535") }
        self.url = bare
        self.text = bare.absoluteString
        self.host = Self.withoutBrackets(host)
        self.port = port
        self.isEncrypted = scheme == "https"
    }

    /// Where a `Location` of an answer leads.
    func redirected(to location: String) throws(TransportError) -> HTTPTarget {
        guard let url = URL(string: location, relativeTo: self.url) else {
            throw TransportError(.invalid, "the server redirects to '\(Self.masked(location))', which is not a URL")
        }
        return try HTTPTarget(url.absoluteURL, shown: location)
    }

    private static func withoutBrackets(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    /// As it is shown to people: without what may be a password, and not longer than a line or two.
    static func shown(_ text: String) -> String { String(Self.masked(text).prefix(300)) }

    private static func masked(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@"), let slash = text.firstIndex(of: "/"), slash < at else { return text }
        let start = text[slash...].firstIndex { $0 != "/" } ?? at
        return text[..<start] + "***" + text[at...]
    }
}
