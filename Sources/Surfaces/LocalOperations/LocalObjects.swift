import Diagnostics
import Engine
import Manifests
import Operations
import Ports
import Synchronization
import WorkflowModel

/// Stored objects and runs as the steps of a session's runs see them.
///
/// A Workflow that is created becomes a run. Where another process owns the data directory, that one carries it out; else this one does.
final class LocalObjects: ObjectService {
    private struct Session {
        var tools: RunTools
        var carrier: any RunCarrier
    }

    private let machinery: RunMachinery
    /// nil until there is a session; nothing is asked before.
    private let session = Mutex<Session?>(nil)

    init(machinery: RunMachinery) { self.machinery = machinery }

    func attach(_ tools: RunTools, _ carrier: any RunCarrier) {
        self.session.withLock { $0 = Session(tools: tools, carrier: carrier) }
    }

    private func current() throws(ObjectError) -> Session {
        guard let session = self.session.withLock({ $0 }) else { throw .refused("nothing is carried out here yet") }
        return session
    }

    private func resources() throws(ObjectError) -> any ResourceOperations {
        guard let resources = self.machinery.resources else { throw .refused("nothing is stored here") }
        return resources
    }

    private func operations() async throws -> any Operations {
        guard let open = self.machinery.openOperations else { throw ObjectError.refused("no runs are kept here") }
        return try await open()
    }

    /// What operations throw, as the answer to a step.
    private func answering<Value>(_ reference: ObjectReference, _ body: () async throws -> Value) async throws -> Value {
        do { return try await OperationError.translating(body) } catch let error as OperationError {
            switch error.code {
            case .notFound: throw ObjectError.notFound(reference)
            case .alreadyExists: throw ObjectError.alreadyExists(reference)
            case .conflict: throw ObjectError.refused(error.message)
            default: throw ObjectError.refused(error.message)
            }
        } catch let fault as ManifestFault {
            throw ObjectError.refused(Self.text(fault, reference))
        }
    }

    private static func text(_ fault: ManifestFault, _ reference: ObjectReference) -> String {
        let errors = fault.diagnostics.filter { $0.severity == .error }
        let shown = errors.prefix(3).map { $0.path.text.isEmpty ? $0.message : "\($0.path.text): \($0.message)" }
        let rest = errors.count > shown.count ? " (and \(errors.count - shown.count) more)" : ""
        return "\(reference) is not valid: \(shown.joined(separator: "; "))\(rest)"
    }

    // MARK: Looking

    func object(_ reference: ObjectReference, withSecrets: Bool) async throws -> JSONValue? {
        do {
            return try await self.answering(reference) {
                switch reference.kind {
                case .workflow: try await self.operations().get(reference.name, namespace: reference.namespace)
                case .stored(let kind):
                    try await self.resources().get(
                        ResourceReference(kind, reference.name), namespace: reference.namespace, withSecrets: withSecrets)
                }
            }
        } catch ObjectError.notFound {
            return nil
        }
    }

    func objects(_ kind: ObjectKind, namespace: String, labels: LabelSelector, limit: Int) async throws -> [ObjectReference] {
        let names: [String]
        switch kind {
        case .workflow:
            let runs = try await self.operations().list(ListQuery(namespace: namespace, labels: labels.exact, limit: limit))
            names = runs.filter { labels.matches($0.labels) }.map(\.name)
        case .stored(let stored):
            let query = ResourceListQuery(stored, namespace: namespace, labels: labels, limit: limit)
            names = try await self.resources().list(query).items.compactMap { $0["metadata"]?["name"]?.string }
        }
        return names.map { ObjectReference(kind, namespace: namespace, name: $0) }
    }

    // MARK: Changing

    func create(_ object: JSONValue, uid: String, for parent: RunID) async throws -> JSONValue {
        let reference = try Self.reference(of: object)
        guard case .workflow = reference.kind else { return try await self.put(object, .create, reference) }
        return try await self.answering(reference) { try await self.createRun(object, reference, uid: uid, for: parent) }
    }

    func replace(_ object: JSONValue) async throws -> JSONValue {
        let reference = try Self.reference(of: object)
        guard case .workflow = reference.kind else { return try await self.put(object, .update, reference) }
        return try await self.answering(reference) {
            let existing = try await self.operations().get(reference.name, namespace: reference.namespace)
            try await self.carryOut(try WorkflowChange(from: existing, to: object), on: reference)
            return try await self.operations().get(reference.name, namespace: reference.namespace)
        }
    }

    func delete(_ reference: ObjectReference) async throws {
        try await self.answering(reference) {
            switch reference.kind {
            case .workflow: try await self.operations().delete(reference.name, namespace: reference.namespace)
            case .stored(let kind):
                try await self.resources().delete(
                    ResourceReference(kind, reference.name), namespace: reference.namespace, resourceVersion: nil)
            }
        }
    }

    private static func reference(of object: JSONValue) throws(ObjectError) -> ObjectReference {
        let metadata = object["metadata"]
        guard let kind = object["kind"]?.string.flatMap({ ObjectKind.named($0) }), let name = metadata?["name"]?.string else {
            throw .refused("an object needs a kind and a name")
        }
        return ObjectReference(kind, namespace: metadata?["namespace"]?.string ?? "default", name: name)
    }

    private func put(_ object: JSONValue, _ rule: ResourceWriteRule, _ reference: ObjectReference) async throws -> JSONValue {
        try await self.answering(reference) {
            let file = ManifestReader().read(file: "\(reference.kind.name)/\(reference.name)", bytes: Array(object.json.utf8))
            guard !file.diagnostics.contains(where: { $0.severity == .error }), let document = file.documents.first else {
                throw ManifestFault(diagnostics: file.diagnostics, excerpts: [:])
            }
            let manifest = ResourceManifest(object: document.value, source: document.source)
            let report = try await self.resources().put([manifest], rule, namespace: reference.namespace, isDryRun: false)
            guard let result = report.results.first?.result else { throw ObjectError.refused("\(reference) cannot be stored") }
            switch result {
            case .success(let stored): return stored.object
            case .failure(let error) where error.code == .conflict: throw ObjectError.conflict(reference)
            case .failure(let error): throw error
            }
        }
    }

    // MARK: Runs

    private func createRun(_ object: JSONValue, _ reference: ObjectReference, uid: String, for parent: RunID) async throws -> JSONValue {
        let session = try self.current()
        if let existing = try await session.tools.records.reader.run(named: uid, namespace: reference.namespace) {
            try await self.takeOver(existing, session)
            return try await self.operations().get(uid, namespace: reference.namespace)
        }
        let file = ManifestReader().read(file: "Workflow/\(reference.name)", bytes: Array(object.json.utf8))
        var given = ManifestContext.of(file)
        try await self.addContext(of: parent, to: &given, session)
        let request = RunRequest(files: [], namespace: reference.namespace)
        let prepared = try await RunPreparation(request: request, given: given, machinery: self.machinery, uid: uid).prepared()
        // What waits for a run that it made must not keep that one waiting for its place, so that this process takes it at once.
        if let queue = session.tools.records.queue, let owner = try await queue.directoryOwner(), owner.id != session.tools.owner.id,
            LocalOwner.isAlive(owner)
        {
            try await queue.submit(prepared.runs.map { ($0.record(createdAt: prepared.createdAt), $0.source(session.tools.options)) })
            _ = await session.tools.doorbell.service.ring(owner.doorbell)
        } else {
            let recorded = try await RunRecorder(tools: session.tools, createdAt: prepared.createdAt).record(prepared.runs)
            for run in recorded { session.carrier.add(run, isAfterRestart: nil) }
        }
        return try await self.operations().get(uid, namespace: reference.namespace)
    }

    /// What was given with the run that makes another is there for that one too.
    private func addContext(of parent: RunID, to given: inout ManifestContext, _ session: Session) async throws {
        let source = try await session.tools.records.reader.source(of: parent)
        for text in source.context {
            guard let object = try? JSONValue(json: text) else { continue }
            given.add(ResourceManifest(object: object, source: SourceMap(file: "", lines: [])))
        }
        for (name, values) in source.secrets {
            var data = JSONObject()
            for (key, value) in values { data[key] = .string(Base64Text.encoded(value)) }
            let secret: JSONValue = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)], "data": .object(data)]
            given.add(ResourceManifest(object: secret, source: SourceMap(file: "", lines: [])))
        }
    }

    func attend(_ reference: ObjectReference) async throws {
        guard case .workflow = reference.kind else { return }
        let session = try self.current()
        let reader = session.tools.records.reader
        guard let record = try await reader.run(named: reference.name, namespace: reference.namespace) else { return }
        try await self.takeOver(record, session)
    }

    /// Goes on with a run that nobody carries out.
    private func takeOver(_ record: RunRecord, _ session: Session) async throws {
        guard record.finishedAt == nil, !session.carrier.holds(record.id) else { return }
        let records = session.tools.records
        if let owner = try await records.reader.owner(of: record.id) {
            if LocalOwner.isAlive(owner) { return }
        } else if let owner = try await records.queue?.directoryOwner(), owner.id != session.tools.owner.id, LocalOwner.isAlive(owner) {
            return
        }
        let ownership: Ownership
        do {
            ownership = try await records.journal.acquire(record.id, owner: session.tools.owner, isAlive: LocalOwner.isAlive)
        } catch JournalError.ownedBy, JournalError.noSuchRun {
            // Somebody was faster, or it has just ended.
            return
        }
        let stored = try await StoredRun.load(record, from: records.reader)
        let isAfterRestart = try await records.reader.bootID(of: record.id) != session.tools.owner.bootID
        session.carrier.add(
            RecordedRun(record: record, manifest: stored.manifest, machine: stored.machine, ownership: ownership),
            isAfterRestart: isAfterRestart)
    }

    private func carryOut(_ change: WorkflowChange, on reference: ObjectReference) async throws {
        let operations = try await self.operations()
        switch change.shutdown {
        case "Stop": try await operations.stop(reference.name, namespace: reference.namespace, message: "")
        case "Terminate": try await operations.terminate(reference.name, namespace: reference.namespace)
        case nil: break
        case let other?: throw ObjectError.refused("spec.shutdown is '\(other)', expected Stop or Terminate")
        }
        guard let suspends = change.suspends else { return }
        let tools = try self.current().tools
        let record = try await tools.records.reader.findRun(reference.name, namespace: reference.namespace)
        let message = suspends ? "" : RunCommand.message(for: .resumeRequested(nil, message: ""))
        try await tools.records.commands.send(
            suspends ? .suspend : .resume, to: record.id, at: tools.machinery.time.now(), message: message)
        if let owner = try await tools.records.reader.owner(of: record.id) { _ = await tools.doorbell.service.ring(owner.doorbell) }
    }
}

/// What a Workflow object asks to become of its run.
struct WorkflowChange: Equatable {
    /// nil where nothing is asked.
    let shutdown: String?
    let suspends: Bool?

    /// - Throws: `ObjectError.refused` when it asks for what cannot be done to a run.
    init(from existing: JSONValue, to wanted: JSONValue) throws(ObjectError) {
        for field in ["labels", "annotations"] {
            for (key, value) in wanted["metadata"]?[field]?.object ?? JSONObject() where existing["metadata"]?[field]?[key] != value {
                throw .refused("metadata.\(field) of a run cannot be changed, and '\(key)' differs")
            }
        }
        let before = existing["spec"]?.object ?? JSONObject()
        let after = wanted["spec"]?.object ?? JSONObject()
        for key in Set(before.keys).union(after.keys).sorted() where key != "suspend" && key != "shutdown" {
            guard Self.sayTheSame(before[key] ?? .null, after[key] ?? .null) else {
                throw .refused("of a run only spec.suspend and spec.shutdown can be changed, and spec.\(key) differs")
            }
        }
        let shutdown = after["shutdown"]?.string ?? ""
        self.shutdown = shutdown.isEmpty || shutdown == before["shutdown"]?.string ? nil : shutdown
        let (was, willBe) = (before["suspend"]?.bool ?? false, after["suspend"]?.bool ?? false)
        self.suspends = was == willBe ? nil : willBe
    }

    /// Whatever the order of their fields.
    private static func sayTheSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
        switch (one, other) {
        case (.object(let one), .object(let other)):
            Set(one.keys) == Set(other.keys) && one.keys.allSatisfy { Self.sayTheSame(one[$0] ?? .null, other[$0] ?? .null) }
        case (.array(let one), .array(let other)): one.count == other.count && zip(one, other).allSatisfy { Self.sayTheSame($0, $1) }
        default: one == other
        }
    }
}
