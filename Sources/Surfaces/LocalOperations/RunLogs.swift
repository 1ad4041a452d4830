import Driver
import Engine
import Expressions
import Operations
import Planning
import Ports
import WorkflowModel

/// What the pods of a run wrote, merged by time.
struct RunLogs: Sendable {
    let store: RunStore
    let query: LogsQuery
    let record: RunRecord
    private let pattern: RegularExpression?

    /// - Throws: `OperationError.invalid` for a pattern that is none.
    init(store: RunStore, query: LogsQuery, record: RunRecord) throws {
        self.store = store
        self.query = query
        self.record = record
        do { self.pattern = try query.pattern.map { try RegularExpression($0) } } catch {
            throw OperationError(.invalid, "\(error)", hint: "patterns are RE2's, see https://github.com/google/re2/wiki/Syntax")
        }
    }

    /// - Throws: `OperationError.notFound` when the query names a node that the run does not have.
    func stream() async throws -> AsyncThrowingStream<PodLogLine, any Error> {
        let run = try await StoredRun.load(self.record, from: self.store.reader)
        let pods = LoggedPod.all(of: run.machine, node: self.query.node)
        if pods.isEmpty, let node = self.query.node, !LoggedPod.isKnown(node, in: run.machine),
            self.record.finishedAt != nil || !self.query.follows
        {
            throw OperationError(
                .notFound, "run '\(self.record.name)' has no pod '\(node)'", hint: "see its nodes: skiff get \(self.record.name)")
        }
        if self.query.follows, self.record.finishedAt == nil { return FollowedLogs(logs: self, known: pods).stream() }
        let merge = LogMerge(pods: pods) { self.lines(of: $0, follow: false) }
        return AsyncThrowingStream { try await merge.next() }
    }

    /// The wanted lines of one pod.
    func lines(of pod: LoggedPod, follow: Bool) -> PodLines {
        let query = LogQuery(container: self.query.container, since: self.query.since, tail: self.query.tail)
        return PodLines(name: pod.name, lines: self.store.logs.lines(of: pod.id, query, follow: follow), pattern: self.pattern)
    }
}

/// A pod that may have written something.
struct LoggedPod: Sendable, Hashable {
    var id: PodID
    var name: String
    /// No line of it is older.
    var createdAt: Timestamp

    /// Every start of every pod of the run.
    /// - Parameter node: a node's name, display name, id or pod name; what is below it belongs to it. nil for all.
    static func all(of machine: RunMachine, node: String?) -> [LoggedPod] {
        let wanted = node.map { Self.selected($0, in: machine) }
        return machine.nodes.filter { $0.type == .pod && !$0.isRetired && (wanted?.contains($0.id) ?? true) }.flatMap { node in
            let name = Self.podName(of: node, in: machine)
            return (0...node.podAttempt).map {
                LoggedPod(id: PodID(run: machine.id, node: node.id, attempt: $0), name: name, createdAt: node.startedAt)
            }
        }
    }

    static func isKnown(_ node: String, in machine: RunMachine) -> Bool { !self.selected(node, in: machine).isEmpty }

    /// The nodes of that name with everything they contain. Whoever contains a node was made before it.
    private static func selected(_ text: String, in machine: RunMachine) -> Set<NodeID> {
        var selected: Set<NodeID> = []
        for node in machine.nodes {
            let isInside = node.owner.map(selected.contains) ?? false || node.boundary.map(selected.contains) ?? false
            if isInside || self.isNamed(text, node, in: machine) { selected.insert(node.id) }
        }
        return selected
    }

    private static func isNamed(_ text: String, _ node: Node, in machine: RunMachine) -> Bool {
        text == node.name || text == machine.displayName(of: node) || text == ArgoNames.nodeID(node.name, workflow: machine.plan.name)
            || (node.type == .pod && text == self.podName(of: node, in: machine))
    }

    private static func podName(of node: Node, in machine: RunMachine) -> String {
        let template = node.template.map { machine.plan.templates[$0] }
        let name = template.map { $0.isInline ? "" : $0.key.name } ?? ""
        return ArgoNames.podName(node.name, workflow: machine.plan.name, template: name)
    }
}

/// The lines of one pod, whole and filtered, one at a time.
///
/// `@unchecked` is sound because whoever holds it asks for one line at a time.
final class PodLines: @unchecked Sendable {
    /// A line without an end is told in pieces of this size.
    private static let longestLine = 1 << 20

    private let name: String
    private var iterator: AsyncThrowingStream<LogLine, any Error>.Iterator
    private let pattern: RegularExpression?

    init(name: String, lines: AsyncThrowingStream<LogLine, any Error>, pattern: RegularExpression?) {
        self.name = name
        self.iterator = lines.makeAsyncIterator()
        self.pattern = pattern
    }

    func next() async throws -> PodLogLine? {
        while let line = try await self.nextWhole() {
            if self.pattern?.matches(line.text) ?? true { return line }
        }
        return nil
    }

    private func nextWhole() async throws -> PodLogLine? {
        guard var piece = try await self.piece() else { return nil }
        var line = PodLogLine(podName: self.name, nanoseconds: piece.nanoseconds, text: piece.text)
        while piece.isPartial, line.text.utf8.count < Self.longestLine, let next = try await self.piece() {
            line.text += next.text
            piece = next
        }
        return line
    }

    private func piece() async throws -> LogLine? {
        var iterator = self.iterator
        defer { self.iterator = iterator }
        return try await iterator.next()
    }
}
