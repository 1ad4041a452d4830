public import Operations

/// Where a server is, and how it is talked to.
public struct ServerAddress: Sendable, Equatable {
    /// `http` or `https`.
    public var scheme: String
    /// As it stands in a URL: an IPv6 address in brackets.
    public var host: String
    public var port: Int
    /// What all paths start with: empty, or `/argo` without a slash at the end.
    public var basePath: String
    /// The whole value of the header; nil to send none.
    public var authorization: String?
    /// Sent with every request.
    public var headers: [(name: String, value: String)]
    /// Takes any certificate.
    public var skipsVerification: Bool
    /// PEM file with the certificates that are trusted in place of the machine's.
    public var trustRoots: String?

    private static let standardPort = 2746

    /// - Parameters:
    ///   - text: `https://host:port/base`, or `host:port`.
    ///   - isSecure: what a text without `http://` or `https://` means; nil for TLS everywhere but on loopback.
    ///   - token: `word`, which becomes `Bearer word`, or a whole value like `Basic …`.
    /// - Throws: `OperationError.invalid`.
    public init(
        _ text: String, isSecure: Bool? = nil, basePath: String = "", token: String? = nil, headers: [(name: String, value: String)] = [],
        skipsVerification: Bool = false, trustRoots: String? = nil
    ) throws(OperationError) {
        var rest = Substring(text)
        var scheme: String?
        for name in ["http", "https"] where rest.lowercased().hasPrefix(name + "://") {
            scheme = name
            rest = rest.dropFirst(name.count + 3)
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        (self.host, self.port) = try Self.authority(rest[..<slash], in: text)
        self.scheme = scheme ?? (isSecure ?? !Self.isLoopback(self.host) ? "https" : "http")
        self.basePath = Self.trimmed(String(rest[slash...])) + Self.trimmed(basePath)
        self.authorization = token.flatMap { $0.isEmpty ? nil : $0.contains(" ") ? $0 : "Bearer \($0)" }
        self.headers = headers
        self.skipsVerification = skipsVerification
        self.trustRoots = trustRoots
    }

    /// `http://127.0.0.1:2746`: what people are told, without anything secret.
    public var text: String { "\(self.scheme)://\(self.host):\(self.port)\(self.basePath)" }

    private static func authority(_ text: Substring, in whole: String) throws(OperationError) -> (host: String, port: Int) {
        let fault = OperationError(
            .invalid, "'\(whole)' is not the address of a server", hint: "write one like http://127.0.0.1:2746 or host.example.com:2746")
        if text.contains("@") || text.contains("?") || text.contains("#") || text.contains(where: \.isWhitespace) { throw fault }
        // The colons of an IPv6 address stand in brackets.
        let bracket = text.lastIndex(of: "]") ?? text.startIndex
        guard let colon = text[bracket...].lastIndex(of: ":") else {
            if text.isEmpty { throw fault }
            return (String(text), Self.standardPort)
        }
        guard let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port), colon > text.startIndex else { throw fault }
        return (String(text[..<colon]), port)
    }

    private static func isLoopback(_ host: String) -> Bool { host == "localhost" || host == "[::1]" || host.hasPrefix("127.") }

    /// With a slash in front and none at the end; empty for nothing.
    private static func trimmed(_ path: String) -> String {
        let parts = path.split(separator: "/")
        return parts.isEmpty ? "" : "/" + parts.joined(separator: "/")
    }

    public static func == (left: ServerAddress, right: ServerAddress) -> Bool {
        left.text == right.text && left.authorization == right.authorization && left.headers.elementsEqual(right.headers) { $0 == $1 }
            && left.skipsVerification == right.skipsVerification && left.trustRoots == right.trustRoots
    }
}
