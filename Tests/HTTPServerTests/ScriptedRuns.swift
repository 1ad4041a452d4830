import Operations
import Synchronization
import WorkflowModel

/// Runs that are only written down: what is asked of them is remembered.
final class ScriptedRuns: Operations, RunCatalog, Sendable {
    struct State {
        /// By name; `@latest` is the last.
        var runs: [(name: String, object: JSONValue)] = []
        var calls: [String] = []
        var lines: [PodLogLine] = []
        var watchers: [AsyncThrowingStream<RunChange, any Error>.Continuation] = []
        var logsQuery: LogsQuery?
        var listQuery: RunListQuery?
        /// Thrown by commands.
        var refusal: OperationError?
    }

    let state = Mutex(State())

    func add(_ name: String, namespace: String = "default", phase: String = "Running", _ fields: JSONValue = [:]) {
        var object: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": ["name": .string(name), "namespace": .string(namespace), "uid": .string("uid-\(name)")],
            "spec": ["entrypoint": "main", "templates": [["name": "main"]]],
            "status": ["phase": .string(phase), "nodes": ["n1": ["id": "n1", "phase": .string(phase)]]],
        ]
        if case .object(var whole) = object, let more = fields.object {
            for (key, value) in more { whole[key] = value }
            object = .object(whole)
        }
        self.state.withLock { $0.runs.append((name, object)) }
    }

    var calls: [String] { self.state.withLock { $0.calls } }

    private func note(_ call: String, _ name: String) throws -> String {
        try self.state.withLock { state in
            state.calls.append(call)
            if let refusal = state.refusal { throw refusal }
            return name
        }
    }

    // MARK: Operations

    func list(_ query: ListQuery) async throws -> [RunSummary] { [] }

    func get(_ name: String, namespace: String) async throws -> JSONValue {
        let found = self.state.withLock { state in
            let runs = state.runs.filter { $0.object["metadata"]?["namespace"]?.string == namespace }
            return name == "@latest" ? runs.last : runs.last { $0.name == name || $0.object["metadata"]?["uid"]?.string == name }
        }
        guard let found else {
            throw OperationError(.notFound, "there is no run '\(name)' in namespace '\(namespace)'", hint: "skiff list")
        }
        return found.object
    }

    func logs(_ query: LogsQuery) async throws -> AsyncThrowingStream<PodLogLine, any Error> {
        _ = try await self.get(query.run, namespace: query.namespace)
        if query.pattern == "(" { throw OperationError(.invalid, "'(' is no regular expression") }
        let lines = self.state.withLock { state in
            state.logsQuery = query
            return state.lines
        }
        return AsyncThrowingStream { continuation in
            for line in lines { continuation.yield(line) }
            continuation.finish()
        }
    }

    func stop(_ name: String, namespace: String, message: String) async throws -> String { try self.note("stop \(name) \(message)", name) }
    func terminate(_ name: String, namespace: String) async throws -> String { try self.note("terminate \(name)", name) }
    func why(_ name: String, namespace: String, node: String?) async throws -> RunExplanation {
        let run = try self.note("why \(name) \(node ?? "-")", name)
        return RunExplanation(run: run, explanations: [NodeExplanation(node: "a", phase: "Pending", reasons: ["waits for room"])], more: 2)
    }
    func suspend(_ name: String, namespace: String) async throws -> String { try self.note("suspend \(name)", name) }
    func resume(_ name: String, namespace: String, selector: String?, message: String) async throws -> String {
        try self.note("resume \(name) \(selector ?? "-") \(message)", name)
    }
    func set(_ name: String, namespace: String, selector: String, _ change: NodeSetting) async throws -> String {
        let outputs = change.outputs.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        return try self.note("set \(name) \(selector) \(outputs) \(change.phase ?? "-") \(change.message)", name)
    }
    func delete(_ name: String, namespace: String) async throws -> String {
        _ = try await self.get(name, namespace: namespace)
        return try self.note("delete \(name)", name)
    }

    // MARK: RunCatalog

    func page(_ query: RunListQuery) async throws -> RunPage {
        let objects = self.state.withLock { state in
            state.listQuery = query
            return state.runs.map(\.object)
        }
        let items = objects.filter { query.namespace == nil || $0["metadata"]?["namespace"]?.string == query.namespace }
        return RunPage(
            items: items, resourceVersion: "7", next: query.limit == 1 ? "more" : nil, remaining: query.countsRemaining ? 3 : nil)
    }

    func watch(_ query: RunWatchQuery) async throws -> AsyncThrowingStream<RunChange, any Error> {
        let (stream, continuation) = AsyncThrowingStream<RunChange, any Error>.makeStream()
        self.state.withLock { $0.watchers.append(continuation) }
        return stream
    }

    var watchers: [AsyncThrowingStream<RunChange, any Error>.Continuation] { self.state.withLock { $0.watchers } }

    func locate(uid: String) async throws -> RunLocation {
        let found = self.state.withLock { $0.runs.first { $0.object["metadata"]?["uid"]?.string == uid } }
        guard let found else { throw OperationError(.notFound, "there is no run with uid '\(uid)'") }
        return RunLocation(namespace: found.object["metadata"]?["namespace"]?.string ?? "", name: found.name, uid: uid)
    }

    func labelKeys(namespace: String?) async throws -> [String] { ["team"] }
    func labelValues(of key: String, namespace: String?) async throws -> [String] { key == "team" ? ["data", "web"] : [] }
}

/// Three tokens that everybody knows, and those that are made.
final class ScriptedTokens: TokenOperations, Sendable {
    let made = Mutex<[TokenSummary]>([])

    func createToken(name: String, role: Role, namespaces: Set<String>?, expiresAt: Timestamp?) async throws -> String {
        self.made.withLock {
            $0.append(
                TokenSummary(
                    name: name, role: role, namespaces: namespaces, createdAt: Timestamp(milliseconds: 0), expiresAt: expiresAt))
        }
        return "secret-\(name)"
    }
    func tokens() async throws -> [TokenSummary] { self.made.withLock { $0 } }
    func revokeToken(name: String) async throws {
        try self.made.withLock { made in
            guard made.contains(where: { $0.name == name }) else { throw OperationError(.notFound, "there is no token '\(name)'") }
            made.removeAll { $0.name == name }
        }
    }
    func authenticate(token: String) async throws -> Principal? {
        switch token {
        case "admin-token": Principal(name: "root", role: .admin)
        case "viewer-token": Principal(name: "eye", role: .viewer)
        case "team-token": Principal(name: "team", role: .submitter, namespaces: ["team"])
        default: nil
        }
    }
}

/// One artifact with a directory in it.
struct ScriptedArtifacts: ArtifactOperations {
    func artifact(_ query: ArtifactQuery) async throws -> ArtifactDownload {
        guard query.artifact == "out" else { throw OperationError(.notFound, "there is no artifact '\(query.artifact)'") }
        switch query.path {
        case [] where query.isPacked: return Self.file("out.tgz", "packed")
        case []:
            return ArtifactDownload(
                fileName: "out",
                content: .directory([
                    ArtifactEntry(name: "a<b.txt", isDirectory: false, sizeInBytes: 2),
                    ArtifactEntry(name: "site", isDirectory: true, sizeInBytes: 0),
                ]))
        case ["site"]:
            return ArtifactDownload(
                fileName: "site", content: .directory([ArtifactEntry(name: "index.html", isDirectory: false, sizeInBytes: 4)]))
        case ["site", "index.html"]: return Self.file("index.html", "<p>hi")
        default: throw OperationError(.notFound, "there is nothing at '\(query.path)'")
        }
    }

    private static func file(_ name: String, _ text: String) -> ArtifactDownload {
        ArtifactDownload(
            fileName: name,
            content: .file(
                sizeInBytes: Int64(text.utf8.count),
                bytes: AsyncThrowingStream { continuation in
                    continuation.yield(Array(text.utf8))
                    continuation.finish()
                }))
    }

    func upload(
        _ bytes: AsyncThrowingStream<[UInt8], any Error>, fileName: String, artifact: String, template: String, namespace: String
    ) async throws -> UploadedArtifact {
        var all: [UInt8] = []
        for try await piece in bytes { all += piece }
        return UploadedArtifact(name: artifact, key: "uploads/\(namespace)/1/\(fileName)/\(String(decoding: all, as: UTF8.self))")
    }
}

/// Remembers events.
final class ScriptedEvents: EventOperations, Sendable {
    let received = Mutex<[IncomingEvent]>([])
    func dispatch(_ event: IncomingEvent) async throws -> [JSONValue] {
        self.received.withLock { $0.append(event) }
        if event.payload["fail"] != nil { throw OperationError(.invalid, "binding 'b': payload.x is not there") }
        return []
    }
}
