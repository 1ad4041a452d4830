public import Operations
import WireFormat
import WorkflowModel

extension RemoteOperations: RunCatalog {
    public func page(_ query: RunListQuery) async throws -> RunPage {
        var target = RequestTarget.api("workflows", query.namespace ?? "")
        if query.detail == .summary {
            target.add("fields", (["metadata"] + WorkflowFields.summarized.map { "items." + $0 }).joined(separator: ","))
        }
        target.add("listOptions.limit", String(query.limit))
        target.add("listOptions.continue", query.continuation)
        target.add("listOptions.labelSelector", Self.labels(query.labels, isFinished: query.isFinished))
        target.add("nameFilter", query.name?.word)
        target.add("listOptions.fieldSelector", Self.fields(query))
        target.add("createdAfter", query.createdAfter?.rfc3339)
        target.add("finishedBefore", query.finishedBefore?.rfc3339)
        var page = ListDocument.page(try await self.connection.ask(.get, target))
        page.remaining = query.countsRemaining ? page.remaining ?? 0 : nil
        return page
    }

    private static func fields(_ query: RunListQuery) -> String? {
        var parts: [String] = []
        if let name = query.name { parts.append("metadata.name\(name.sign)\(name.text)") }
        if let time = query.startedAfter { parts.append("spec.startedAt>\(time.rfc3339)") }
        if let time = query.startedBefore { parts.append("spec.startedAt<\(time.rfc3339)") }
        if query.countsRemaining { parts.append("ext.showRemainingItemCount=true") }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }

    static func labels(_ labels: LabelSelector, isFinished: Bool? = nil) -> String? {
        var parts = labels.text.isEmpty ? [] : [labels.text]
        if let isFinished { parts.append("workflows.argoproj.io/completed\(isFinished ? "=" : "!=")true") }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }

    public func watch(_ query: RunWatchQuery) async throws -> AsyncThrowingStream<RunChange, any Error> {
        let watcher = RunWatcher(query, connection: self.connection)
        try await watcher.open()
        return AsyncThrowingStream { try await watcher.next() }
    }

    public func locate(uid: String) async throws -> RunLocation {
        let run = WorkflowFields(try await self.connection.ask(.get, .api("archived-workflows", uid)))
        return RunLocation(namespace: run.namespace, name: run.name, uid: run.uid)
    }

    public func labelKeys(namespace: String?) async throws -> [String] {
        let target = RequestTarget.api("archived-workflows-label-keys").adding("namespace", namespace)
        return Self.items(try await self.connection.ask(.get, target))
    }

    public func labelValues(of key: String, namespace: String?) async throws -> [String] {
        let target = RequestTarget.api("archived-workflows-label-values").adding("listOptions.labelSelector", key)
            .adding("namespace", namespace)
        return Self.items(try await self.connection.ask(.get, target))
    }

    private static func items(_ answer: JSONValue) -> [String] { (answer["items"]?.array ?? []).compactMap(\.string) }
}

extension NameFilter {
    /// The value of `nameFilter`; nil for what a field selector says by itself.
    fileprivate var word: String? {
        switch self {
        case .exact, .differs: nil
        case .prefix: "Prefix"
        case .contains: "Contains"
        }
    }

    fileprivate var sign: String { if case .differs = self { "!=" } else { "=" } }

    fileprivate var text: String {
        switch self {
        case .exact(let text), .prefix(let text), .contains(let text), .differs(let text): text
        }
    }
}
