import Engine
import Operations
import WorkflowModel

/// Merges the lines of pods by time.
///
/// A pod's log is opened when the merge comes to the time the pod was made, so that only the logs of pods that ran side by side are open at once.
actor LogMerge {
    /// A pod's next line, and where the rest comes from.
    private struct Head {
        var line: PodLogLine
        var rest: PodLines
    }

    /// Not yet opened, the last made first.
    private var unopened: [LoggedPod]
    /// The pod with the oldest line is found by a scan: few pods run side by side.
    private var heads: [Head] = []
    private let open: @Sendable (LoggedPod) -> PodLines

    init(pods: [LoggedPod], open: @escaping @Sendable (LoggedPod) -> PodLines) {
        self.unopened = pods.sorted { ($0.createdAt, $0.id.node, $0.id.attempt) > ($1.createdAt, $1.id.node, $1.id.attempt) }
        self.open = open
    }

    func next() async throws -> PodLogLine? {
        while let pod = self.unopened.last, self.isDue(pod) {
            self.unopened.removeLast()
            let lines = self.open(pod)
            if let line = try await lines.next() { self.heads.append(Head(line: line, rest: lines)) }
        }
        guard let first = self.heads.indices.min(by: { self.heads[$0].line.nanoseconds < self.heads[$1].line.nanoseconds }) else {
            return nil
        }
        let head = self.heads[first]
        if let line = try await head.rest.next() { self.heads[first].line = line } else { self.heads.remove(at: first) }
        return head.line
    }

    /// Whether the pod may have written before the oldest line at hand.
    private func isDue(_ pod: LoggedPod) -> Bool {
        guard let oldest = self.heads.map(\.line.nanoseconds).min() else { return true }
        return pod.createdAt.milliseconds <= oldest / 1_000_000
    }
}
