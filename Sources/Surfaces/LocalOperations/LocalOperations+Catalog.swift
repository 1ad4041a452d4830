import Engine
public import Operations
import Ports
import WorkflowModel

extension LocalOperations: RunCatalog {
    private func index() throws -> (index: any RunIndex, watching: RunWatchHub) {
        guard let index = self.store.index, let watching = self.watching else {
            throw OperationError(.unavailable, "runs cannot be listed in pages here")
        }
        return (index, watching)
    }

    public func page(_ query: RunListQuery) async throws -> RunPage {
        try await OperationError.translating {
            let (index, watching) = try self.index()
            // Taken first: what changes while the page is read is told again to whoever watches from there.
            let version = try await watching.version()
            let page = try await index.page(try RunPageQuery(query))
            let items: [JSONValue]
            switch query.detail {
            case .summary: items = page.records.map(\.summaryObject)
            case .whole: items = try await self.wholeObjects(page.records)
            }
            return RunPage(items: items, resourceVersion: String(version), next: page.next.map(\.token), remaining: page.remaining)
        }
    }

    /// Without those that are deleted meanwhile.
    private func wholeObjects(_ records: [RunRecord]) async throws -> [JSONValue] {
        var objects: [JSONValue] = []
        for record in records {
            do { objects.append(try await StoredRun.load(record, from: self.store.reader).view) } catch JournalError.noSuchRun { continue }
        }
        return objects
    }

    public func watch(_ query: RunWatchQuery) async throws -> AsyncThrowingStream<RunChange, any Error> {
        let (_, watching) = try self.index()
        let since = try query.since.map { try OperationError.version($0) }
        return try await OperationError.translating { try await watching.watch(query, since: since) }
    }

    public func locate(uid: String) async throws -> RunLocation {
        try await OperationError.translating {
            guard let record = try await self.index().index.run(RunID(uid)) else {
                throw OperationError(.notFound, "there is no run with the uid '\(uid)'", hint: "see which there are: skiff list -A")
            }
            return RunLocation(namespace: record.namespace, name: record.name, uid: uid)
        }
    }

    public func labelKeys(namespace: String?) async throws -> [String] {
        try await OperationError.translating { try await self.index().index.labelKeys(namespace: namespace) }
    }

    public func labelValues(of key: String, namespace: String?) async throws -> [String] {
        try await OperationError.translating { try await self.index().index.labelValues(of: key, namespace: namespace) }
    }
}

extension RunPageQuery {
    /// - Throws: `OperationError.invalid` for a continuation that no list gave.
    init(_ query: RunListQuery) throws {
        self.init(
            namespace: query.namespace, name: query.name.map(NameCondition.init), labels: query.labels, isFinished: query.isFinished,
            createdAfter: query.createdAfter, finishedBefore: query.finishedBefore, startedAfter: query.startedAfter,
            startedBefore: query.startedBefore, limit: query.limit, after: try query.continuation.map { try RunCursor(token: $0) },
            countsRemaining: query.countsRemaining)
    }
}

extension NameCondition {
    init(_ filter: NameFilter) {
        switch filter {
        case .exact(let name): self = .exact(name)
        case .prefix(let prefix): self = .prefix(prefix)
        case .contains(let part): self = .contains(part)
        case .differs(let name): self = .differs(name)
        }
    }
}

extension RunCursor {
    var token: String { "\(self.isFinished ? "finished" : "unfinished").\(self.time.milliseconds).\(self.number)" }

    /// - Throws: `OperationError.invalid`.
    init(token: String) throws {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "finished" || parts[0] == "unfinished", let time = Int64(parts[1]),
            let number = Int64(parts[2])
        else {
            throw OperationError(.invalid, "'\(token)' does not continue a list", hint: "take 'metadata.continue' of the page before")
        }
        self.init(isFinished: parts[0] == "finished", time: Timestamp(milliseconds: time), number: number)
    }
}

extension RunRecord {
    /// The Workflow object as far as the list knows it.
    var summaryObject: JSONValue {
        var metadata: JSONValue = [
            "name": .string(self.name), "namespace": .string(self.namespace), "uid": .string(self.id.text),
            "creationTimestamp": .string(self.createdAt.rfc3339),
        ]
        var labels = JSONObject()
        for key in self.labels.keys.sorted() { labels[key] = self.labels[key].map { .string($0) } }
        labels["workflows.argoproj.io/completed"] = .string(self.finishedAt == nil ? "false" : "true")
        labels["workflows.argoproj.io/phase"] = .string(self.shownPhase)
        metadata.set(["labels"], .object(labels))
        var object: JSONValue = ["apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": [:]]
        if !self.parameters.isEmpty {
            let parameters = self.parameters.sorted { $0.key < $1.key }
            let given: [JSONValue] = parameters.map { ["name": .string($0.key), "value": .string($0.value)] }
            object.set(["spec", "arguments", "parameters"], .array(given))
        }
        if self.priority != 0 { object.set(["spec", "priority"], .integer(self.priority)) }
        object.set(["status"], self.summaryStatus)
        return object
    }

    /// A run that waits for its turn is as pending as one whose pods do.
    private var shownPhase: String { self.phase.isEmpty ? RunPhase.pending.rawValue : self.phase }

    private var summaryStatus: JSONValue {
        var status: JSONValue = ["phase": .string(self.shownPhase)]
        status.set(["startedAt"], self.startedAt.map { .string($0.rfc3339) } ?? .null)
        status.set(["finishedAt"], self.finishedAt.map { .string($0.rfc3339) } ?? .null)
        status.set(["progress"], .string(self.progress))
        if !self.message.isEmpty { status.set(["message"], .string(self.message)) }
        return status
    }
}

extension DeletedRun {
    /// What is left to say of the Workflow.
    var object: JSONValue {
        var labels = JSONObject()
        for key in self.labels.keys.sorted() { labels[key] = self.labels[key].map { .string($0) } }
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": [
                "name": .string(self.name), "namespace": .string(self.namespace), "uid": .string(self.id.text), "labels": .object(labels),
            ],
        ]
    }
}
