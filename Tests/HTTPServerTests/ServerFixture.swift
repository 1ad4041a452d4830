import Glibc
import HTTPServer
import LocalOperations
import Logging
import Operations
import Ports
import SQLiteStore
import Synchronization
import Testing
import WireFormat
import WorkflowModel

/// A server on a port of its own, with a real store of objects and runs that are only written down.
final class ServerFixture: Sendable {
    let runs = ScriptedRuns()
    let tokens = ScriptedTokens()
    let events = ScriptedEvents()
    let submitted = Mutex<[SubmitRequest]>([])
    /// Lines of the log.
    let log = Mutex<[String]>([])
    private let path: String

    init() throws {
        var template = Array("/tmp/skiff-http-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for file in ["skiff.db", "skiff.db-wal", "skiff.db-shm", "secret.key"] { unlink("\(self.path)/data/\(file)") }
        // What is left lies in /tmp and harms nobody.
        rmdir("\(self.path)/data")
        rmdir(self.path)
    }

    var resources: LocalResources {
        let data = self.path + "/data"
        return LocalResources(
            LocalResources.Place(
                openReader: { try await SQLiteStore.open(dataDirectory: data, engineVersion: "test") },
                openStore: { try await SQLiteStore.open(dataDirectory: data, engineVersion: "test") }, removeClaim: { _ in },
                time: MachineTime()))
    }

    private var services: ServerServices {
        ServerServices(
            operations: self.runs, catalog: self.runs, resources: self.resources, submitter: RememberingSubmitter(fixture: self),
            tokens: self.tokens, artifacts: ScriptedArtifacts(), events: self.events,
            repetition: self.repetition,
            information: { ServerInformation(links: [["name": "docs"]], navigationColor: "red") })
    }

    /// Runs that are done again under their own names.
    private var repetition: RunRepetition {
        let runs = self.runs
        return RunRepetition(
            retry: { order in
                let parameters = order.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                let call = "retry \(order.run) \(order.nodeSelector ?? "-") \(order.restartsSuccessful) \(parameters)"
                runs.state.withLock { $0.calls.append(call) }
                return try await runs.get(order.run, namespace: order.namespace)
            },
            resubmit: { order in
                runs.state.withLock { $0.calls.append("resubmit \(order.run) \(order.isMemoized)") }
                return try await runs.get(order.run, namespace: order.namespace)
            })
    }

    /// Runs a server for as long as the body takes.
    func serve<Value: Sendable>(
        _ authentication: AuthenticationMode? = nil, limits: ServerLimits = ServerLimits(), tls: ServerSettings.TLSFiles? = nil,
        _ body: @escaping @Sendable (RawClient) async throws -> Value
    ) async throws -> Value {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let logger = Logger(label: "test") { _ in LogMemory(fixture: self) }
        let settings = ServerSettings(
            port: 0, authentication: authentication, tls: tls, limits: limits, version: VersionDocument(version: "v1.2.3"), logger: logger,
            onListening: { port.yield($0) })
        let server = HTTPServer(self.services, settings)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await server.run()
                return nil
            }
            group.addTask {
                var ports = ports.makeAsyncIterator()
                return try await body(RawClient(port: try #require(await ports.next())))
            }
            defer { group.cancelAll() }
            return try #require(try await group.next() ?? nil)
        }
    }
}

/// Takes what is submitted, and answers with it.
private struct RememberingSubmitter: RunSubmitter {
    let fixture: ServerFixture

    func submit(_ request: SubmitRequest) async throws -> Submitted {
        self.fixture.submitted.withLock { $0.append(request) }
        return .handedOver([try Self.workflow(request)], owner: 1)
    }

    func preview(_ request: SubmitRequest) async throws -> [JSONValue] { [try Self.workflow(request)] }

    private static func workflow(_ request: SubmitRequest) throws -> JSONValue {
        if let workflow = request.workflow {
            guard workflow["spec"]?["entrypoint"] != nil else { throw OperationError(.invalid, "spec.entrypoint is missing") }
            return workflow
        }
        return [
            "kind": "Workflow", "metadata": ["generateName": .string("\(request.from?.name ?? "")-")],
            "spec": ["entrypoint": "main", "workflowTemplateRef": ["name": .string(request.from?.name ?? "")]],
        ]
    }
}

private struct MachineTime: TimeSource {
    func now() -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000) }
    func sleep(until: Timestamp) async throws {}
}

/// Keeps what is logged.
private struct LogMemory: LogHandler {
    let fixture: ServerFixture
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.trace
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }
    func log(event: LogEvent) {
        self.fixture.log.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}
