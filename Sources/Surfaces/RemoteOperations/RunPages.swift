import Operations
import WireFormat
import WorkflowModel

/// A list of runs, page by page.
struct RunPages {
    private static let pageSize = 500
    /// Only what the line of a list shows, as Argo's own command line asks for.
    private static let fields = (["metadata"] + WorkflowFields.summarized.map { "items." + $0 }).joined(separator: ",")

    private let query: ListQuery
    private let connection: ServerConnection
    private var continuation: String?
    private var isAtEnd = false

    init(_ query: ListQuery, connection: ServerConnection) {
        self.query = query
        self.connection = connection
    }

    /// The matching runs of the next page; nil after the last.
    mutating func next() async throws -> [RunSummary]? {
        if self.isAtEnd { return nil }
        // No namespace in the path is all of them.
        var target = RequestTarget.api("workflows", self.query.namespace ?? "")
        target.add("fields", Self.fields)
        target.add("listOptions.limit", String(min(Self.pageSize, self.query.limit)))
        target.add("listOptions.continue", self.continuation)
        target.add("listOptions.labelSelector", self.labels)
        if let prefix = self.query.prefix {
            target.add("nameFilter", "Prefix")
            target.add("listOptions.fieldSelector", "metadata.name=\(prefix)")
        }
        target.add("createdAfter", self.query.createdAfter?.rfc3339)
        target.add("finishedBefore", self.query.finishedBefore?.rfc3339)
        let page = ListDocument.page(try await self.connection.ask(.get, target))
        // A server that tells the same place for ever would keep us here for ever.
        self.isAtEnd = page.next == nil || page.next == self.continuation
        self.continuation = page.next
        // Not every server judges all of it.
        return page.items.map { WorkflowFields($0).summary }.filter(self.isWanted)
    }

    private var labels: String? {
        var parts = self.query.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !self.query.phases.isEmpty {
            parts.append("workflows.argoproj.io/phase in (\(self.query.phases.sorted().joined(separator: ",")))")
        }
        switch self.query.isFinished {
        case true?: parts.append("workflows.argoproj.io/completed=true")
        case false?: parts.append("workflows.argoproj.io/completed!=true")
        case nil: break
        }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }

    private func isWanted(_ run: RunSummary) -> Bool {
        let query = self.query
        if let prefix = query.prefix, !run.name.hasPrefix(prefix) { return false }
        if !query.phases.isEmpty, !query.phases.contains(run.phase) { return false }
        if let isFinished = query.isFinished, (run.finishedAt != nil) != isFinished { return false }
        // What servers tell is cut to whole seconds.
        if let after = query.createdAfter, run.createdAt + .seconds(1) < after { return false }
        if let before = query.finishedBefore, run.finishedAt.map({ $0 >= before }) ?? true { return false }
        return query.labels.allSatisfy { run.labels[$0.key] == $0.value }
    }
}
