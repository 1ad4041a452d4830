import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why no answer came.
struct TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    enum Code: Sendable {
        /// The request itself cannot be sent.
        case invalid
        /// The rules forbid the address.
        case forbidden
        case unresolved
        /// Nobody took the connection.
        case unreachable
        /// The server's certificate is not what it should be.
        case untrusted
        /// The connection broke, or what came is no HTTP.
        case broken
        case timedOut
        case tooManyRedirects
    }
    let code: Code
    let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Whether another try may go better.
    var isTransient: Bool {
        switch self.code {
        case .unresolved, .unreachable, .broken, .timedOut: true
        case .invalid, .forbidden, .untrusted, .tooManyRedirects: false
        }
    }

    /// What the client library threw, in words.
    init(_ error: any Error, connectTimeout: Int64) {
        switch error {
        case let error as TransportError: self = error
        case let error as HTTPClientError: self = Self.of(error, connectTimeout)
        case let error as NIOConnectionError:
            self = error.connectionErrors.first.map { Self($0.error, connectTimeout: connectTimeout) } ?? Self(.unreachable, "\(error)")
        case let error as IOError: self = Self.of(error)
        case let error as ChannelError:
            if case .connectTimeout = error {
                self.init(.unreachable, "no connection within \(connectTimeout) s")
            } else {
                self.init(.broken, "the connection broke: \(error)")
            }
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            let reason = "\(error)"
            self.init(
                .untrusted,
                reason.contains("CERTIFICATE_VERIFY_FAILED") || error is NIOSSLExtraError
                    ? "the server's certificate is not trusted: it is signed by nobody this machine knows, or is for another name or time ('insecureSkipVerify: true' takes any)"
                    : "no TLS connection: \(reason)")
        case is HTTPParserError: self.init(.broken, "the answer is not HTTP: \(error)")
        default: self.init(.broken, "\(error)")
        }
    }

    private static func of(_ error: HTTPClientError, _ connectTimeout: Int64) -> Self {
        switch error {
        case .connectTimeout: Self(.unreachable, "no connection within \(connectTimeout) s")
        case .tlsHandshakeTimeout: Self(.unreachable, "no TLS connection within \(connectTimeout) s")
        case .remoteConnectionClosed: Self(.broken, "the server closed the connection before its answer was complete")
        case .uncleanShutdown: Self(.broken, "the server closed the TLS connection before its answer was complete")
        // The long description would print header values, and those may be secret.
        default: Self(.broken, error.shortDescription.lowercased())
        }
    }

    private static func of(_ error: IOError) -> Self {
        let reason = String(cString: strerror(error.errnoCode)).lowercased()
        switch error.errnoCode {
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, EADDRNOTAVAIL, EACCES, EPERM: return Self(.unreachable, reason)
        default: return Self(.broken, reason)
        }
    }
}
