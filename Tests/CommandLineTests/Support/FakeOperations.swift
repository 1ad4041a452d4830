import CommandLine
import Operations
import Synchronization
import WorkflowModel

/// Stored runs in memory; it obeys the protocol as far as the command line can see, and records what it was asked.
final class FakeOperations: Operations {
    struct State {
        var runs: [RunSummary] = []
        var objects: [String: JSONValue] = [:]
        var lines: [PodLogLine] = []
        var listQueries: [ListQuery] = []
        var logsQueries: [LogsQuery] = []
        var calls: [String] = []
        var unfinished: Set<String> = []
    }

    let state = Mutex(State())

    init(runs: [RunSummary] = [], objects: [JSONValue] = [], lines: [PodLogLine] = [], unfinished: Set<String> = []) {
        self.state.withLock { state in
            state.runs = runs
            state.lines = lines
            state.unfinished = unfinished
            for object in objects { state.objects[object["metadata"]?["name"]?.string ?? ""] = object }
        }
    }

    var calls: [String] { self.state.withLock(\.calls) }

    func list(_ query: ListQuery) async throws -> [RunSummary] {
        self.state.withLock { state in
            state.listQueries.append(query)
            return Array(state.runs.filter { query.namespace == nil || $0.namespace == query.namespace }.prefix(query.limit))
        }
    }

    func get(_ name: String, namespace: String) async throws -> JSONValue {
        let real = try self.resolve(name)
        guard let object = self.state.withLock({ $0.objects[real] }) else {
            throw OperationError(.notFound, "run '\(name)' does not exist")
        }
        return object
    }

    func logs(_ query: LogsQuery) async throws -> AsyncThrowingStream<PodLogLine, any Error> {
        let lines = self.state.withLock { state in
            state.logsQueries.append(query)
            return state.lines
        }
        return AsyncThrowingStream { continuation in
            for line in lines { continuation.yield(line) }
            continuation.finish()
        }
    }

    func stop(_ name: String, namespace: String, message: String) async throws -> String {
        let real = try self.resolve(name)
        self.state.withLock { $0.calls.append("stop \(namespace)/\(real) \(message)") }
        return real
    }

    func terminate(_ name: String, namespace: String) async throws -> String {
        let real = try self.resolve(name)
        self.state.withLock { $0.calls.append("terminate \(namespace)/\(real)") }
        return real
    }

    func suspend(_ name: String, namespace: String) async throws -> String {
        let real = try self.resolve(name)
        self.state.withLock { $0.calls.append("suspend \(namespace)/\(real)") }
        return real
    }

    func resume(_ name: String, namespace: String, selector: String?, message: String) async throws -> String {
        let real = try self.resolve(name)
        self.state.withLock { $0.calls.append("resume \(namespace)/\(real) \(selector ?? "-") \(message)") }
        return real
    }

    func set(_ name: String, namespace: String, selector: String, _ change: NodeSetting) async throws -> String {
        let real = try self.resolve(name)
        let outputs = change.outputs.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        self.state.withLock { $0.calls.append("set \(namespace)/\(real) \(selector) \(outputs) \(change.phase ?? "-") \(change.message)") }
        return real
    }

    func delete(_ name: String, namespace: String) async throws -> String {
        let real = try self.resolve(name)
        if self.state.withLock({ $0.unfinished.contains(real) }) {
            throw OperationError(.conflict, "run '\(real)' has not ended", hint: "stop it first")
        }
        self.state.withLock { state in
            state.calls.append("delete \(namespace)/\(real)")
            state.runs.removeAll { $0.name == real }
        }
        return real
    }

    private func resolve(_ name: String) throws -> String {
        let names = self.state.withLock { state in state.runs.map { ($0.name, $0.uid) } + state.objects.keys.map { ($0, $0) } }
        if name == "@latest", let newest = names.first { return newest.0 }
        guard let found = names.first(where: { $0.0 == name || $0.1 == name }) else {
            throw OperationError(.notFound, "run '\(name)' does not exist", hint: "see: skiff list")
        }
        return found.0
    }
}

extension RunSummary {
    /// A run that ended a minute ago, unless said otherwise.
    static func sample(
        _ name: String, namespace: String = "default", phase: String = "Succeeded", message: String = "", age: Int64 = 300,
        ran: Int64? = 60,
        labels: [String: String] = [:], parameters: [String: String] = [:]
    ) -> RunSummary {
        let created = Timestamp(milliseconds: TestConsole.now.milliseconds - age * 1000)
        return RunSummary(
            namespace: namespace, name: name, uid: "uid-\(namespace)-\(name)", phase: phase, message: message, createdAt: created,
            startedAt: created, finishedAt: ran.map { created + .seconds($0) }, priority: 0, progress: "1/1", labels: labels,
            parameters: parameters)
    }
}

/// Runs the command line against fakes.
struct TestProgram {
    let console: TestConsole
    let operations: FakeOperations
    let starter: FakeStarter
    let resources: FakeResources
    let submitter: FakeSubmitter
    let coordination: FakeCoordination

    init(
        _ console: TestConsole = TestConsole(), operations: FakeOperations = FakeOperations(), starter: FakeStarter = FakeStarter(),
        resources: FakeResources = FakeResources(), submitter: FakeSubmitter = FakeSubmitter(),
        coordination: FakeCoordination = FakeCoordination()
    ) {
        self.resources = resources
        self.submitter = submitter
        self.coordination = coordination
        self.console = console
        self.operations = operations
        self.starter = starter
    }

    func run(_ arguments: String...) async -> Int32 { await self.run(arguments) }

    func run(_ arguments: [String]) async -> Int32 {
        let context = CommandLineContext(
            openOperations: { _ in self.operations }, openStarter: { _ in self.starter },
            openResources: { _ in self.resources }, openSubmitter: { _ in self.submitter },
            openCoordination: { _ in self.coordination }, version: "1.2.3", console: self.console.console)
        return await SkiffCommandLine.run(arguments: arguments, context: context)
    }
}
