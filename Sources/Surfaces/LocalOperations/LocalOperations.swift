import Engine
public import Operations
import Ports
public import WorkflowModel

/// Stored runs of a data directory, asked in this process.
public struct LocalOperations: Operations {
    private let store: RunStore

    public init(store: RunStore) { self.store = store }

    public func list(_ query: ListQuery) async throws -> [RunSummary] {
        let filter = RunFilter(
            namespace: query.namespace, prefix: query.prefix, phases: query.phases, isFinished: query.isFinished,
            createdAfter: query.createdAfter, finishedBefore: query.finishedBefore, labels: query.labels, limit: query.limit)
        return try await OperationError.translating { try await self.store.reader.runs(matching: filter).map(Self.summary) }
    }

    public func get(_ name: String, namespace: String) async throws -> JSONValue {
        try await OperationError.translating {
            let record = try await self.store.reader.findRun(name, namespace: namespace)
            return try await StoredRun.load(record, from: self.store.reader).view
        }
    }

    public func logs(_ query: LogsQuery) async throws -> AsyncThrowingStream<PodLogLine, any Error> {
        try await OperationError.translating {
            let record = try await self.store.reader.findRun(query.run, namespace: query.namespace)
            return try await RunLogs(store: self.store, query: query, record: record).stream()
        }
    }

    @discardableResult public func stop(_ name: String, namespace: String, message: String) async throws -> String {
        try await self.send(.stop, to: name, namespace: namespace, message: message)
    }

    @discardableResult public func terminate(_ name: String, namespace: String) async throws -> String {
        try await self.send(.terminate, to: name, namespace: namespace, message: "")
    }

    @discardableResult public func delete(_ name: String, namespace: String) async throws -> String {
        try await OperationError.translating {
            let record = try await self.store.reader.findRun(name, namespace: namespace)
            guard record.finishedAt != nil else {
                let isCarriedOut = try await self.livingOwner(of: record.id) != nil
                throw OperationError(
                    .conflict, "run '\(record.name)' has not ended, and only finished runs can be deleted",
                    hint: isCarriedOut
                        ? "end it with: skiff terminate \(record.name)"
                        : "its process is gone; go on with it with: skiff run --resume \(record.name)")
            }
            // The files first: records whose files are gone can be deleted again, files without records nobody would find.
            do { try await self.store.removeFiles(record.id) } catch {
                throw OperationError(.unavailable, "what run '\(record.name)' left cannot be removed: \(error)")
            }
            try await self.store.commands.delete(record.id)
            return record.name
        }
    }

    private func send(_ verb: RunCommand.Verb, to name: String, namespace: String, message: String) async throws -> String {
        try await OperationError.translating {
            let record = try await self.store.reader.findRun(name, namespace: namespace)
            guard record.finishedAt == nil else {
                throw OperationError(.conflict, "run '\(record.name)' has ended already: \(record.phase)")
            }
            try await self.store.commands.send(verb, to: record.id, at: self.store.time.now(), message: message)
            guard let owner = try await self.livingOwner(of: record.id) else {
                throw OperationError(
                    .conflict,
                    "no process carries run '\(record.name)' out; that it is to \(verb.rawValue) is recorded and done when it goes on",
                    hint: "go on with it: skiff run --resume \(record.name)")
            }
            // An owner that is just ending does not hear it; it looked for commands, or the next owner will.
            _ = await self.store.ring(owner.doorbell)
            return record.name
        }
    }

    private func livingOwner(of run: RunID) async throws -> Owner? {
        guard let owner = try await self.store.reader.owner(of: run), LocalOwner.isAlive(owner) else { return nil }
        return owner
    }

    private static func summary(_ record: RunRecord) -> RunSummary {
        RunSummary(
            namespace: record.namespace, name: record.name, uid: record.id.text, phase: record.phase, message: record.message,
            createdAt: record.createdAt, startedAt: record.startedAt, finishedAt: record.finishedAt, priority: record.priority,
            progress: record.progress, labels: record.labels, parameters: record.parameters)
    }
}

extension RunReader {
    /// Runs that are looked at to find the newest.
    private static var searched: Int { 1000 }

    /// The newest run of that name or uid; `@latest` is the newest of the namespace.
    func findRun(_ name: String, namespace: String) async throws -> RunRecord {
        if name == "@latest" {
            let runs = try await self.runs(matching: RunFilter(namespace: namespace, limit: Self.searched))
            if let newest = runs.max(by: { ($0.createdAt, $0.id.text) < ($1.createdAt, $1.id.text) }) { return newest }
            throw OperationError(.notFound, "there are no runs in namespace '\(namespace)'", hint: "start one with: skiff run FILE")
        }
        if let record = try await self.run(named: name, namespace: namespace) { return record }
        throw OperationError(.notFound, "there is no run '\(name)' in namespace '\(namespace)'", hint: "see which there are: skiff list -A")
    }
}
