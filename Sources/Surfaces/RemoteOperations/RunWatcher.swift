import Operations
import WireFormat
import WorkflowModel

/// Changes of runs. When the connection breaks it is opened again; runs that were deleted in between are told then.
actor RunWatcher {
    private let query: RunWatchQuery
    private let connection: ServerConnection
    private var messages: MessageStream?
    private var persistence = Persistence()
    /// Runs that are there, by uid, with what tells of them when they are gone: as many entries as the server has matching runs.
    private var known: [String: JSONValue] = [:]
    private var gone: [JSONValue] = []

    init(_ query: RunWatchQuery, connection: ServerConnection) {
        self.query = query
        self.connection = connection
    }

    func open() async throws { self.messages = try await self.connection.messages(self.target(since: self.query.since)) }

    func next() async throws -> RunChange? {
        while true {
            if let object = self.gone.popLast() { return RunChange(.deleted, object) }
            do {
                if self.messages == nil {
                    try await self.reopen()
                    continue
                }
                if let message = try await self.messages?.next() {
                    self.persistence.succeeded()
                    if let change = self.change(message) { return change }
                } else {
                    // Servers end a watch when they like; that is no trouble, and yet nothing to do in a tight circle.
                    self.messages = nil
                    try await Task.sleep(for: .milliseconds(200))
                }
            } catch {
                self.messages = nil
                try await Task.sleep(for: try self.persistence.pause(after: error))
            }
        }
    }

    /// Watches anew, from what there is: every run comes as added again.
    private func reopen() async throws {
        self.messages = try await self.connection.messages(self.target(since: nil))
        var query = RunListQuery(namespace: self.query.namespace, name: self.query.name, labels: self.query.labels, limit: 500)
        var living: Set<String> = []
        repeat {
            let page = try await RemoteOperations(self.connection).page(query)
            living.formUnion(page.items.map { WorkflowFields($0).uid })
            query.continuation = page.next
        } while query.continuation != nil
        for (uid, object) in self.known where !living.contains(uid) {
            self.known[uid] = nil
            self.gone.append(object)
        }
    }

    private func target(since version: String?) -> RequestTarget {
        var target = RequestTarget.api("workflow-events", self.query.namespace ?? "")
        if self.query.detail == .summary {
            target.add("fields", (["result.type"] + WorkflowFields.summarized.map { "result.object." + $0 }).joined(separator: ","))
        }
        target.add("listOptions.labelSelector", RemoteOperations.labels(self.query.labels))
        if case .exact(let name)? = self.query.name { target.add("listOptions.fieldSelector", "metadata.name=\(name)") }
        target.add("listOptions.resourceVersion", version)
        return target
    }

    private func change(_ message: JSONValue) -> RunChange? {
        guard let change = WatchEvent.change(message) else { return nil }
        let run = WorkflowFields(change.object)
        guard self.isWanted(run.name) else { return nil }
        if change.change == .deleted {
            self.known[run.uid] = nil
            return change
        }
        let isKnown = self.known.updateValue(["metadata": change.object["metadata"] ?? .null], forKey: run.uid) != nil
        return isKnown ? RunChange(.modified, change.object) : change
    }

    private func isWanted(_ name: String) -> Bool {
        switch self.query.name {
        case .exact(let text)?: name == text
        case .prefix(let text)?: name.hasPrefix(text)
        case .contains(let text)?: text.isEmpty || !name.split(separator: text, omittingEmptySubsequences: false).dropFirst().isEmpty
        case .differs(let text)?: name != text
        case nil: true
        }
    }
}
