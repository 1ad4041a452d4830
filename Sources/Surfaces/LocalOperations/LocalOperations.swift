import Engine
public import Operations
import Ports
public import WorkflowModel

/// Stored runs of a data directory, asked in this process.
public struct LocalOperations: Operations {
    let store: RunStore
    /// nil where nothing can be watched.
    let watching: RunWatchHub?

    public init(store: RunStore) {
        self.store = store
        self.watching = store.index.map { RunWatchHub(index: $0, reader: store.reader, time: store.time) }
    }

    public func list(_ query: ListQuery) async throws -> [RunSummary] {
        let filter = RunFilter(
            namespace: query.namespace, prefix: query.prefix, phases: query.phases, isFinished: query.isFinished,
            createdAfter: query.createdAfter, finishedBefore: query.finishedBefore, labels: query.labels, limit: query.limit)
        return try await OperationError.translating { try await self.store.reader.runs(matching: filter).map(Self.summary) }
    }

    public func get(_ name: String, namespace: String) async throws -> JSONValue {
        try await OperationError.translating {
            let record = try await self.store.reader.findRun(name, namespace: namespace)
            var view = try await StoredRun.load(record, from: self.store.reader).view
            if let seconds = try await DurationEstimate(reader: self.store.reader).seconds(for: record) {
                view.set(["status", "estimatedDuration"], .integer(seconds))
            }
            return view
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

    @discardableResult public func suspend(_ name: String, namespace: String) async throws -> String {
        try await self.send(.suspend, to: name, namespace: namespace, message: "")
    }

    @discardableResult public func resume(_ name: String, namespace: String, selector: String?, message: String) async throws -> String {
        try await OperationError.translating {
            let wanted = try selector.map(Self.selector)
            try await self.judge(name, namespace) { $0.objection(toResuming: wanted) }
            let event = RunMachine.Event.resumeRequested(wanted, message: message)
            return try await self.send(.resume, to: name, namespace: namespace, message: RunCommand.message(for: event))
        }
    }

    @discardableResult public func set(
        _ name: String, namespace: String, selector: String, _ change: NodeSetting
    ) async throws -> String {
        try await OperationError.translating {
            let wanted = try Self.selector(selector)
            let update = NodeUpdate(
                outputs: change.outputs.map { NamedValue(name: $0.name, value: $0.value) }, phase: try change.phase.map(Self.phase),
                message: change.message)
            try await self.judge(name, namespace) { $0.objection(toSetting: update, of: wanted) }
            let event = RunMachine.Event.nodeSet(wanted, update)
            return try await self.send(.set, to: name, namespace: namespace, message: RunCommand.message(for: event))
        }
    }

    /// Refuses what would change nothing, as the run is recorded now.
    private func judge(_ name: String, _ namespace: String, _ objection: (RunMachine) -> String?) async throws {
        let record = try await self.store.reader.findRun(name, namespace: namespace)
        guard record.finishedAt == nil else { return }
        let run = try await StoredRun.load(record, from: self.store.reader)
        if let reason = objection(run.machine) {
            throw OperationError(.conflict, "run '\(record.name)': \(reason)", hint: "see what waits: skiff get \(record.name)")
        }
    }

    private static func selector(_ text: String) throws -> NodeSelector {
        do { return try NodeSelector(text) } catch { throw OperationError(.invalid, error.description) }
    }

    private static func phase(_ text: String) throws -> NodePhase {
        switch NodePhase(rawValue: text) {
        case .succeeded?, .failed?, .error?: return NodePhase(rawValue: text) ?? .error
        default:
            throw OperationError(.invalid, "'\(text)' is no phase that a node can be set to", hint: "choose Succeeded, Failed or Error")
        }
    }

    @discardableResult public func delete(_ name: String, namespace: String) async throws -> String {
        try await OperationError.translating {
            let record = try await self.store.reader.findRun(name, namespace: namespace)
            if record.finishedAt == nil { try await self.end(record) }
            // The files first: records whose files are gone can be deleted again, files without records nobody would find.
            do { try await self.store.removeFiles(record.id) } catch {
                throw OperationError(.unavailable, "what run '\(record.name)' left cannot be removed: \(error)")
            }
            try await self.store.commands.delete(record.id)
            return record.name
        }
    }

    /// Takes an unfinished run over whose process is gone, ends what it left running, and records that nobody can go on with it: by their files
    /// alone its pods are known to have been started.
    /// - Throws: `OperationError.conflict` while a process carries it out.
    private func end(_ record: RunRecord) async throws {
        // Looked at first, so that nothing is opened for writing on behalf of a run that lives.
        if try await self.livingOwner(of: record.id) != nil { throw Self.notEnded(record) }
        let journal = try await self.store.openJournal()
        let owner = LocalOwner.current(id: Identity.uuid(at: self.store.time.now()), doorbell: "")
        let ownership: Ownership
        do { ownership = try await journal.acquire(record.id, owner: owner, isAlive: LocalOwner.isAlive) } catch JournalError.ownedBy {
            throw Self.notEnded(record)
        } catch JournalError.noSuchRun {
            // It has just ended.
            return
        }
        do { try await self.store.endPods(record.id) } catch {
            // What was ended is known by its records, so that others may go on with the run. The first error is the one to tell.
            try? await journal.release(ownership)
            throw OperationError(.unavailable, "what run '\(record.name)' left running cannot be ended: \(error)")
        }
        var ended = record
        ended.phase = RunPhase.error.rawValue
        ended.message = "deleted before its end"
        ended.finishedAt = self.store.time.now()
        try await journal.commit(JournalEntry(events: [], rows: [], record: ended), by: ownership, isUrgent: true)
        try await journal.release(ownership)
    }

    private static func notEnded(_ record: RunRecord) -> OperationError {
        OperationError(
            .conflict, "run '\(record.name)' has not ended, and a process carries it out",
            hint: "end it with: skiff terminate \(record.name)")
    }

    private func send(_ verb: RunCommand.Verb, to name: String, namespace: String, message: String) async throws -> String {
        try await OperationError.translating {
            let record = try await self.store.reader.findRun(name, namespace: namespace)
            guard record.finishedAt == nil else {
                throw OperationError(.conflict, "run '\(record.name)' has ended already: \(record.phase)")
            }
            try await self.store.commands.send(verb, to: record.id, at: self.store.time.now(), message: message)
            guard let owner = try await self.store.attendant(of: record.id) else {
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
            progress: record.progress, labels: record.allLabels, parameters: record.parameters)
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
