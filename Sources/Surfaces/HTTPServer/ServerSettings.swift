public import Logging
public import Operations
public import WireFormat

/// How the server listens, and what it puts up with.
public struct ServerSettings: Sendable {
    /// PEM files.
    public struct TLSFiles: Sendable, Equatable {
        public var certificate: String
        public var privateKey: String
        public init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    /// An IP address or a host name.
    public var address: String
    /// 0 for any that is free.
    public var port: Int
    /// nil where the user says nothing: `none` on loopback; any other address is refused.
    public var authentication: AuthenticationMode?
    public var tls: TLSFiles?
    /// Further names that clients call this server by, beside `localhost` and addresses of loopback. Only asked for on loopback without
    /// authentication, where a name that somebody else controls could lead a browser here.
    public var hostNames: Set<String>
    public var limits: ServerLimits
    public var version: VersionDocument
    /// `Content-Security-Policy` of artifacts, which anybody may have written.
    public var artifactPolicy: String
    public var logger: Logger
    /// Told the port once the server listens.
    public var onListening: @Sendable (Int) async -> Void

    public init(
        address: String = "127.0.0.1", port: Int = 2746, authentication: AuthenticationMode? = nil, tls: TLSFiles? = nil,
        hostNames: Set<String> = [], limits: ServerLimits = ServerLimits(), version: VersionDocument,
        artifactPolicy: String = "sandbox; base-uri 'none'; default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'",
        logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.address = address
        self.port = port
        self.authentication = authentication
        self.tls = tls
        self.hostNames = hostNames
        self.limits = limits
        self.version = version
        self.artifactPolicy = artifactPolicy
        self.logger = logger
        self.onListening = onListening
    }

    /// Whether only programs of this machine reach the address.
    var isLoopback: Bool { LoopbackName.isLoopback(self.address) }

    /// Who may do what, as it was chosen or as it follows from the address.
    /// - Throws: `OperationError.invalid` for an address that others reach when nobody said who may do what.
    public func authenticationMode() throws -> AuthenticationMode {
        if let chosen = self.authentication { return chosen }
        if self.isLoopback { return .none }
        throw OperationError(
            .invalid, "'\(self.address)' is reached by other machines, and nothing says who may do what",
            hint: "make tokens with 'skiff auth token create' and add --auth-mode client; or add --auth-mode none to let everybody do "
                + "everything")
    }
}

/// What bounds the memory and the time that a client can take.
public struct ServerLimits: Sendable, Equatable {
    /// Of a JSON body.
    public var bodyBytes = 32 << 20
    /// Of an event.
    public var eventBytes = 2 << 20
    /// Of an uploaded artifact.
    public var uploadBytes = 1 << 30
    /// Of one header field, and of all together.
    public var headerBytes = 32 << 10
    public var headerCount = 100
    /// Of the path with its query.
    public var targetBytes = 16 << 10
    public var connections = 2048
    /// Requests a second from one address.
    public var requestsPerSecond = 1000
    /// How long a connection may be silent while it sends a request or sends none.
    public var idleTime: Duration = .seconds(60)
    /// How long a JSON body may take.
    public var bodyTime: Duration = .seconds(60)
    /// How long an upload may take.
    public var uploadTime: Duration = .seconds(3600)
    /// How long a client may leave what it is sent unread.
    public var stallTime: Duration = .seconds(60)
    /// Between signs of life of a stream.
    public var keepAlive: Duration = .seconds(15)

    public init() {}
}

/// Names and addresses that lead nowhere but to this machine.
enum LoopbackName {
    /// - Parameter host: without port and brackets.
    static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
