import Diagnostics
import Driver
import Engine
public import Operations
import Planning
import Ports
import WorkflowModel

extension LocalRunStarter {
    public func retry(_ order: RetryOrder) async throws -> any RunSession {
        let settings = try self.machinery.settings()
        return try await OperationError.translating {
            let records = try await self.machinery.openRecords()
            if order.isFile { return try await self.retryForeign(order, settings, records) }
            let retry = try await StoredRetry.load(order, from: records.reader)
            var options = try RunOptions(json: retry.run.source.options)
            if let maxParallel = order.maxParallel { options.maxParallel = maxParallel }
            let tools = try await RunTools.open(self.machinery, options, settings, records: records)
            let run = try await retry.reopened(by: tools.owner, in: records.journal, at: self.machinery.time.now())
            return LocalRunSession(
                tools: tools, runs: [run], beginning: .resumed(isAfterRestart: false), news: [.runtimeChosen(tools.runtime.description)])
        }
    }

    /// Records that a run goes on, for somebody else to carry it out.
    func recordRetry(_ order: RetryOrder, by owner: Owner, in records: RunRecords) async throws -> RecordedRun {
        let now = self.machinery.time.now()
        if order.isFile {
            return try await self.foreignRetry(order, try self.machinery.settings()).retry.created(by: owner, in: records.journal, at: now)
        }
        return try await StoredRetry.load(order, from: records.reader).reopened(by: owner, in: records.journal, at: now)
    }

    public func forecast(_ order: RetryOrder) async throws -> RetryForecast {
        try await OperationError.translating {
            if order.isFile { return try self.foreignRetry(order, try self.machinery.settings()).retry.forecast }
            let records = try await self.machinery.openRecords()
            return try await StoredRetry.load(order, from: records.reader).forecast
        }
    }

    // MARK: From a file

    private func foreignRetry(_ order: RetryOrder, _ settings: RunSettings) throws -> (retry: StoredRetry, notes: [String]) {
        let options = RunOptions(runtime: "auto", maxParallel: order.maxParallel, images: settings.images)
        let (run, notes) = try self.foreignRun(order.run, namespace: order.namespace, order.parameters, options)
        return (try StoredRetry(run, order, endedAt: run.record.createdAt), notes)
    }

    /// Records the run under its own name, as one that goes on.
    private func retryForeign(_ order: RetryOrder, _ settings: RunSettings, _ records: RunRecords) async throws -> any RunSession {
        let (retry, notes) = try self.foreignRetry(order, settings)
        let options = try RunOptions(json: retry.run.source.options)
        let tools = try await RunTools.open(self.machinery, options, settings, records: records)
        let run = try await retry.created(by: tools.owner, in: records.journal, at: self.machinery.time.now())
        return LocalRunSession(
            tools: tools, runs: [run], beginning: .fresh,
            news: [.runtimeChosen(tools.runtime.description)] + RunUpdate.notes(notes, order.run))
    }
}

/// A run that ended and what is asked of it, checked.
private struct StoredRetry {
    let run: StoredRun
    let request: RetryRequest
    let parameters: [String: String]
    let endedAt: Timestamp

    /// - Throws: `OperationError` when the run cannot be retried so.
    static func load(_ order: RetryOrder, from reader: any RunReader) async throws -> StoredRetry {
        let record = try await reader.findRun(order.run, namespace: order.namespace)
        guard let endedAt = record.finishedAt else {
            throw OperationError(
                .conflict, "run '\(record.name)' has not ended: \(record.phase.isEmpty ? "Pending" : record.phase)",
                hint:
                    "end it with 'skiff stop \(record.name)', or go on with it with 'skiff run --resume \(record.name)' if its process is gone"
            )
        }
        return try StoredRetry(try await StoredRun.load(record, from: reader, parameters: order.parameters), order, endedAt: endedAt)
    }

    init(_ run: StoredRun, _ order: RetryOrder, endedAt: Timestamp) throws {
        self.run = run
        self.request = RetryRequest(
            selector: try order.nodeSelector.map(Self.selector), restartsSuccessful: order.restartsSuccessful,
            parameters: order.parameters.map { NamedValue(name: $0.name, value: $0.value) })
        self.parameters = Dictionary(order.parameters.map { ($0.name, $0.value) }) { _, last in last }
        self.endedAt = endedAt
        guard let reason = run.machine.objection(toRetrying: self.request) else { return }
        let name = run.record.name
        throw OperationError(
            .conflict, "run '\(name)' cannot be retried: \(reason)",
            hint: "look at it with: skiff get \(order.isFile ? "-f " + order.run : name)")
    }

    private static func selector(_ text: String) throws -> NodeSelector {
        do { return try NodeSelector(text) } catch { throw OperationError(.invalid, error.description) }
    }

    var forecast: RetryForecast {
        let machine = self.run.machine
        let again = machine.preview(ofRetrying: self.request).again.map { machine.nodes[$0.index] }
        return RetryForecast(
            run: self.run.record.name,
            again: again.map { node in
                RetryForecast.Node(
                    name: node.name, displayName: machine.displayName(of: node), type: node.type.rawValue,
                    template: node.template.map { machine.plan.templates[$0].key.name } ?? "", phase: node.phase.shown,
                    message: node.message)
            })
    }

    /// Records a run that was taken over from elsewhere. Until all of it is recorded nothing of it has begun.
    func created(by owner: Owner, in journal: any RunJournal, at now: Timestamp) async throws -> RecordedRun {
        var machine = self.run.machine
        let events: [RunMachine.Event] = [.restored(machine.resubmission(named: machine.plan.name)), .retryRequested(self.request)]
        _ = machine.handle(events[1], at: now)
        var record = self.run.record
        record.phase = ""
        record.message = ""
        let ownership = try await journal.create(record, source: self.run.source, owner: owner)
        let entry = JournalEntry(
            events: events.map { JournalEvent(at: now, json: $0.json.json) }, rows: StateRow.rows(of: machine.takeChanges()), record: record
        )
        try await journal.commit(entry, by: ownership, isUrgent: true)
        return RecordedRun(record: record, manifest: self.run.manifest, machine: machine, ownership: ownership)
    }

    /// Records that the run goes on, so that nobody loses it from here on.
    func reopened(by owner: Owner, in journal: any RunJournal, at now: Timestamp) async throws -> RecordedRun {
        var machine = self.run.machine
        let event = RunMachine.Event.retryRequested(self.request)
        let actions = machine.handle(event, at: now)
        precondition(actions.isEmpty, "a retry starts nothing by itself")
        let changes = machine.takeChanges()
        var record = self.run.record
        record.phase = machine.run.phase.rawValue
        record.message = ""
        record.startedAt = nil
        record.finishedAt = nil
        record.parameters.merge(self.parameters) { _, new in new }
        let entry = JournalEntry(
            events: [JournalEvent(at: now, json: event.json.json)], rows: StateRow.rows(of: changes), record: record)
        do {
            let ownership = try await journal.reopen(
                entry, endedAt: self.endedAt, workflow: self.parameters.isEmpty ? nil : self.run.source.workflow, owner: owner)
            return RecordedRun(record: record, manifest: self.run.manifest, machine: machine, ownership: ownership)
        } catch JournalError.noSuchRun {
            throw OperationError(
                .conflict, "run '\(record.name)' is being retried by another process", hint: "look at it with: skiff get \(record.name)")
        }
    }
}

extension RunUpdate {
    /// What was left out of a file, for those who watch.
    static func notes(_ notes: [String], _ file: String) -> [RunUpdate] {
        if notes.isEmpty { return [] }
        let diagnostics = notes.map {
            Diagnostic(
                DiagnosticCode("not-taken-over"), .warning, file: file, message: $0,
                hint: "have the node that makes it run again: --restart-successful --node-field-selector name=NODE")
        }
        return [.diagnostics(diagnostics, excerpts: [:])]
    }
}

extension StateRow {
    static func rows(of changes: (run: JSONValue?, nodes: [(id: NodeID, row: JSONValue)])) -> [StateRow] {
        let run = changes.run.map { [StateRow(ordinal: -1, json: $0.json)] } ?? []
        return run + changes.nodes.map { StateRow(ordinal: $0.id.index, json: $0.row.json) }
    }
}

extension RunSource {
    mutating func setParameters(_ parameters: [RetryOrder.Override]) throws {
        if parameters.isEmpty { return }
        var workflow = try JSONValue(json: self.workflow)
        for parameter in parameters { workflow.setParameter(parameter.name, parameter.value) }
        self.workflow = workflow.json
    }
}

extension StoredRun {
    /// The run with other values of its parameters.
    /// - Throws: `OperationError.invalid` for a parameter that it does not have.
    static func load(
        _ record: RunRecord, from reader: any RunReader, parameters: [RetryOrder.Override]
    ) async throws -> StoredRun {
        let run = try await Self.load(record, from: reader)
        if parameters.isEmpty { return run }
        try run.refuseUnknown(parameters)
        return try await Self.load(record, from: reader) { try $0.setParameters(parameters) }
    }

    private func refuseUnknown(_ parameters: [RetryOrder.Override]) throws {
        let known = Set(self.machine.plan.arguments.parameters.map(\.name))
        for parameter in parameters where !known.contains(parameter.name) {
            throw OperationError(
                .invalid, "run '\(self.record.name)' has no parameter '\(parameter.name)'",
                hint: known.isEmpty ? "its workflow declares none" : "declared: \(known.sorted().joined(separator: ", "))")
        }
    }
}
