import CommandLine
import Diagnostics
import Doorbell
import FileArtifacts
import Glibc
import HTTPServer
import LocalOperations
import LocalRuntime
import Logging
import Operations
import SQLiteStore
import ServiceLifecycle
import Synchronization
import UnixSignals
import WireFormat
import WorkflowModel

/// `skiff server`: the host of the runs, and whoever serves them, as the services of one group.
struct Serving: Sendable {
    private let request: ServerRequest
    private let wiring: Wiring
    private let launcher: Result<Launcher, LocalRuntimeError>?

    init(_ request: ServerRequest, _ wiring: Wiring, _ launcher: Result<Launcher, LocalRuntimeError>?) {
        self.request = request
        self.wiring = wiring
        self.launcher = launcher
    }

    /// Serves until a signal ends it.
    func run() async throws {
        let configuration = ServedConfiguration(
            file: ConfigurationFile(path: self.wiring.configuration, dataDirectory: self.wiring.dataDirectory))
        Self.tell(notes: try configuration.reload())
        var wiring = self.wiring
        do { wiring.sharedStore = try await wiring.store() } catch { throw OperationError(error) }
        wiring.sharedOperations = try await wiring.operations()
        wiring.settings = { configuration.settings }
        let directory = wiring.dataDirectory
        let host = RunHost(
            machinery: wiring.machinery(self.launcher),
            options: HostOptions(
                runtime: self.request.runtime, maxParallel: self.request.maxParallel, leavesRunning: self.request.leavesRunning),
            tell: { news in
                switch news {
                case .ready(let runtime): Self.tell("ready: runs of \(directory) are carried out; runtime \(runtime)")
                case .trouble(let text): Self.tell("warning: \(text)")
                }
            })
        let server = try await self.server(wiring, configuration, host)
        // They end in the opposite order: nothing is accepted any more when the runs are given up.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    HostService(host: host), ReloadService { self.reload(configuration, host) }, APIService(server: server, host: host),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "skiff") { _ in SwiftLogNoOpLogHandler() }))
        try await group.run()
    }

    private func server(_ wiring: Wiring, _ configuration: ServedConfiguration, _ host: RunHost) async throws -> HTTPServer {
        let operations = try await wiring.operations()
        let submitter = LocalRunSubmitter(machinery: wiring.machinery(self.launcher), ring: { DatagramDoorbell.ring(at: $0) })
        let services = ServerServices(
            operations: operations, catalog: operations, resources: wiring.resources(),
            submitter: submitter, tokens: wiring.tokens(), artifacts: try await wiring.artifactOperations(),
            events: LocalEvents(resources: wiring.resources(), submitter: submitter, time: SystemTime()),
            repetition: Self.repetition(submitter), information: { configuration.settings.interface }, isReady: { host.isReady })
        let tls = self.request.certificate.flatMap { certificate in
            self.request.privateKey.map { ServerSettings.TLSFiles(certificate: certificate, privateKey: $0) }
        }
        let (address, scheme) = (self.request.address, tls == nil ? "http" : "https")
        return HTTPServer(
            services,
            ServerSettings(
                address: address, port: self.request.port, authentication: self.request.authentication, tls: tls,
                version: VersionDocument(version: version), logger: Self.logger,
                onListening: { port in
                    Self.tell("listening: \(scheme)://\(address.contains(":") ? "[\(address)]" : address):\(port)")
                }))
    }

    private static func repetition(_ submitter: LocalRunSubmitter) -> RunRepetition {
        // The host has the directory, so whatever is done again is handed to it.
        @Sendable func handedOver(_ submitted: Submitted) throws -> JSONValue {
            guard case .handedOver(let workflows, _) = submitted, let workflow = workflows.first else {
                throw OperationError(.unavailable, "the server is starting or ending", hint: "try again in a moment")
            }
            return workflow
        }
        return RunRepetition(
            retry: { try handedOver(try await submitter.retry($0)) }, resubmit: { try handedOver(try await submitter.resubmit($0)) })
    }

    /// What the libraries have to say, on standard error.
    private static let logger: Logger = {
        var logger = Logger(label: "skiff server") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }()

    private func reload(_ configuration: ServedConfiguration, _ host: RunHost) {
        do {
            Self.tell(notes: try configuration.reload())
            host.reload()
            Self.tell("the configuration was read again")
        } catch let fault as ManifestFault {
            for diagnostic in fault.diagnostics { Self.tell(Self.text(diagnostic)) }
            Self.tell("warning: the configuration stays as it was")
        } catch {
            Self.tell("warning: the configuration stays as it was: \(error)")
        }
    }

    // MARK: Telling

    /// A line on standard error, where whoever started the server looks for it.
    private static func tell(_ text: String) {
        _ = Array("skiff server: \(text)\n".utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func tell(notes: [Diagnostic]) { for note in notes { Self.tell(Self.text(note)) } }

    private static func text(_ diagnostic: Diagnostic) -> String {
        let place = diagnostic.position.map { ":\($0.line):\($0.column)" } ?? ""
        return "\(diagnostic.file)\(place): \(diagnostic.severity.rawValue): \(diagnostic.message) [\(diagnostic.code)]"
    }
}

/// The configuration as it was when it was last right.
private final class ServedConfiguration: Sendable {
    private let file: ConfigurationFile
    private let current = Mutex(RunSettings())

    init(file: ConfigurationFile) { self.file = file }

    var settings: RunSettings { self.current.withLock { $0 } }

    /// - Returns: hints about it.
    /// - Throws: `ManifestFault`, `OperationError`; it stays as it was then.
    func reload() throws -> [Diagnostic] {
        let read = try self.file.settings()
        self.current.withLock { $0 = read }
        return read.notes
    }
}

private struct HostService: Service {
    let host: RunHost

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await self.host.run()
        } onGracefulShutdown: {
            self.host.stop()
        }
    }
}

/// The API, from when what it records is this process' to carry out.
private struct APIService: Service {
    let server: HTTPServer
    let host: RunHost

    func run() async throws {
        await self.host.whenOwner()
        try await self.server.run()
    }
}

/// Reads the configuration again at each SIGHUP.
private struct ReloadService: Service {
    let reload: @Sendable () -> Void

    init(_ reload: @escaping @Sendable () -> Void) { self.reload = reload }

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { self.reload() }
    }
}
