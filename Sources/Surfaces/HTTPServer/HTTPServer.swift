import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import Operations
public import ServiceLifecycle
import WireFormat

/// Serves runs, templates and everything stored over Argo's REST API.
///
/// Each request goes through the same doors: how often its client asks, where it comes from (`BrowserGate`), who sends it (`Identification`),
/// how large it is. Behind them a route of the table carries it out by asking `Operations` and its siblings. Nothing of a run is known here.
public struct HTTPServer: Service {
    private let services: ServerServices
    private let settings: ServerSettings

    public init(_ services: ServerServices, _ settings: ServerSettings) {
        self.services = services
        self.settings = settings
    }

    /// Serves until the task is cancelled or its service group shuts down: requests under way are answered, streams end.
    /// - Throws: `OperationError` when it cannot listen, or must not.
    public func run() async throws {
        let application = Application(
            responder: try self.responder(), server: try self.channels(),
            configuration: ApplicationConfiguration(
                address: .hostname(self.settings.address, port: self.settings.port), serverName: "skiff",
                availableConnectionsDelegate: .maximum(self.settings.limits.connections, logger: self.settings.logger)),
            onServerRunning: { [settings] channel in await settings.onListening(channel.localAddress?.port ?? settings.port) },
            logger: self.settings.logger)
        do { try await application.run() } catch let error as IOError {
            throw OperationError(
                .unavailable, "cannot listen on \(self.settings.address) port \(self.settings.port): \(error)",
                hint: "another server may listen there; choose with --address and --port")
        }
    }

    private func responder() throws -> Responder {
        let mode = try self.settings.authenticationMode()
        return Responder(
            table: RouteTable(Routes(services: self.services, settings: self.settings).all),
            gate: BrowserGate(
                checksHost: mode == .none && self.settings.isLoopback, hostNames: Set(self.settings.hostNames.map { $0.lowercased() })),
            identification: Identification(
                mode: mode, tokens: self.services.tokens, webhooks: WebhookSignatures(resources: self.services.resources)),
            rates: RateLimiter(perSecond: self.settings.limits.requestsPerSecond), limits: self.settings.limits,
            version: self.settings.version.version, isSecure: self.settings.tls != nil)
    }

    private func channels() throws -> HTTPServerBuilder {
        let limits = self.settings.limits
        let plain = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [StallGuard(patience: TimeAmount(limits.stallTime))], idleTimeout: TimeAmount(limits.idleTime),
                httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                    maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes, maxHeaderFieldCount: limits.headerCount))
        )
        guard let files = self.settings.tls else { return plain }
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(files.certificate).map { NIOSSLCertificateSource.certificate($0) }
            let key = try NIOSSLPrivateKey(file: files.privateKey, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: certificates, privateKey: .privateKey(key))
            configuration.applicationProtocols = ["http/1.1"]
            return try .tls(plain, tlsConfiguration: configuration)
        } catch {
            throw OperationError(
                .invalid, "the certificate '\(files.certificate)' and the key '\(files.privateKey)' cannot be used: \(error)",
                hint: "both are PEM files; the certificate comes first in its file, those that signed it behind it")
        }
    }
}
