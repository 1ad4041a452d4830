import Driver
import Engine
public import Operations
import Planning
import Ports
import WorkflowModel

extension LocalRunStarter {
    public func resubmit(_ order: ResubmitOrder) async throws -> any RunSession {
        let settings = try self.machinery.settings()
        return try await OperationError.translating {
            let records = try await self.machinery.openRecords()
            let (resubmission, options, notes) = try await self.resubmission(order, settings, records)
            let tools = try await RunTools.open(self.machinery, options, settings, records: records)
            let run = try await resubmission.record(by: tools.owner, tools.options, in: records)
            return LocalRunSession(
                tools: tools, runs: [run], beginning: .fresh,
                news: [.runtimeChosen(tools.runtime.description)] + RunUpdate.notes(order.isMemoized ? notes : [], order.run))
        }
    }

    /// Records the new run, for somebody else to carry it out.
    func recordResubmission(_ order: ResubmitOrder, by owner: Owner, in records: RunRecords) async throws -> RecordedRun {
        let (resubmission, options, _) = try await self.resubmission(order, try self.machinery.settings(), records)
        return try await resubmission.record(by: owner, options, in: records)
    }

    /// - Returns: what is recorded, how it is carried out, and what could not be taken over.
    private func resubmission(
        _ order: ResubmitOrder, _ settings: RunSettings, _ records: RunRecords
    ) async throws -> (Resubmission, RunOptions, notes: [String]) {
        var notes: [String] = []
        let origin: StoredRun
        if order.isFile {
            let options = RunOptions(runtime: "auto", maxParallel: order.maxParallel, images: settings.images)
            (origin, notes) = try self.foreignRun(order.run, namespace: order.namespace, order.parameters, options)
        } else {
            let record = try await records.reader.findRun(order.run, namespace: order.namespace)
            origin = try await StoredRun.load(record, from: records.reader, parameters: order.parameters)
        }
        if order.isMemoized { try Self.refuseMemoized(origin) }
        var options = try RunOptions(json: origin.source.options)
        if let maxParallel = order.maxParallel { options.maxParallel = maxParallel }
        return (Resubmission(origin: origin, order: order, createdAt: self.machinery.time.now()), options, notes)
    }

    private static func refuseMemoized(_ run: StoredRun) throws {
        switch run.machine.run.phase {
        case .failed, .error: break
        case .pending, .running, .succeeded:
            throw OperationError(
                .conflict,
                "run '\(run.record.name)' is \(run.machine.run.phase.rawValue): only of one that failed is there something to take over",
                hint: "start it from the beginning without --memoized")
        }
    }
}

/// A new run of the Workflow that another run was made from.
struct Resubmission {
    /// A name that is taken is made anew so many times; with 36^5 suffixes, once is rare.
    private static let attempts = 8
    /// Of the former run only.
    private static let droppedLabels = [
        "phase", "completed", "workflow-archiving-status", "creator", "creator-email", "creator-preferred-username",
    ]
    private static let originLabel = "workflows.argoproj.io/resubmitted-from-workflow"

    let origin: StoredRun
    let order: ResubmitOrder
    let createdAt: Timestamp

    func record(by owner: Owner, _ options: RunOptions, in records: RunRecords) async throws -> RecordedRun {
        for attempt in 1... {
            let manifest = self.manifest(uid: Identity.uuid(at: self.createdAt), suffix: Identity.nameSuffix())
            var source = self.origin.source
            source.workflow = manifest.json
            source.options = options.json
            let (plan, _) = try StoredRun.plan(source, name: self.origin.record.name)
            var record = RunRecord(
                id: RunID(plan.uid), namespace: plan.namespace, name: plan.name, phase: "", createdAt: self.createdAt,
                priority: plan.priority ?? 0, labels: Dictionary(plan.labels.map { ($0.key, $0.value) }) { _, last in last },
                parameters: self.origin.record.parameters)
            for parameter in self.order.parameters { record.parameters[parameter.name] = parameter.value }
            do {
                let ownership = try await records.journal.create(record, source: source, owner: owner)
                var machine = RunMachine(plan: plan, id: record.id)
                if self.order.isMemoized { try await self.takeOver(into: &machine, record, ownership, records) }
                return RecordedRun(record: record, manifest: manifest, machine: machine, ownership: ownership)
            } catch JournalError.nameInUse where attempt < Self.attempts { continue }
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }

    /// Gives the new run what succeeded in the former one. Until this is recorded nothing of the new run has begun.
    private func takeOver(into machine: inout RunMachine, _ record: RunRecord, _ ownership: Ownership, _ records: RunRecords) async throws {
        let parameters = self.order.parameters.map { NamedValue(name: $0.name, value: $0.value) }
        let events: [RunMachine.Event] = [
            .restored(self.origin.machine.resubmission(named: machine.plan.name)), .retryRequested(RetryRequest(parameters: parameters)),
        ]
        // Neither starts anything by itself.
        for event in events { _ = machine.handle(event, at: self.createdAt) }
        let entry = JournalEntry(
            events: events.map { JournalEvent(at: self.createdAt, json: $0.json.json) }, rows: StateRow.rows(of: machine.takeChanges()),
            record: record)
        try await records.journal.commit(entry, by: ownership, isUrgent: true)
    }

    /// The Workflow as it was submitted, as a new run.
    private func manifest(uid: String, suffix: String) -> JSONValue {
        var manifest = self.origin.manifest
        let name = self.origin.record.name
        let prefix = manifest["metadata"]?["generateName"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "\(name)-"
        manifest.set(["status"], nil)
        for field in ["resourceVersion", "generation", "managedFields", "selfLink"] { manifest.set(["metadata", field], nil) }
        manifest.set(["metadata", "name"], .string(prefix + suffix))
        manifest.set(["metadata", "generateName"], .string(prefix))
        manifest.set(["metadata", "uid"], .string(uid))
        manifest.set(["metadata", "creationTimestamp"], .string(self.createdAt.rfc3339))
        for label in Self.droppedLabels { manifest.set(["metadata", "labels", "workflows.argoproj.io/\(label)"], nil) }
        manifest.set(["metadata", "labels", Self.originLabel], .string(name))
        manifest.set(["spec", "shutdown"], nil)
        if manifest["spec"]?["activeDeadlineSeconds"]?.integer == 0 { manifest.set(["spec", "activeDeadlineSeconds"], nil) }
        if let priority = self.order.priority { manifest.set(["spec", "priority"], .integer(priority)) }
        return manifest
    }
}
