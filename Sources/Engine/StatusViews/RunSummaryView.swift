public import Engine
public import Planning
import WorkflowModel

/// What is counted over the nodes of a run: progress and resources.
public struct RunSummaryView: Sendable {
    /// Sums over some nodes.
    struct Sums: Sendable {
        var finished = 0
        var executable = 0
        /// nil while no pod has ended.
        var resources: ResourcesDuration?

        static func += (left: inout Sums, right: Sums) {
            left.finished += right.finished
            left.executable += right.executable
            if let more = right.resources { left.resources = (left.resources ?? ResourcesDuration()) + more }
        }

        /// `N/M`; empty when there is nothing to count.
        var progress: String { self.executable == 0 ? "" : "\(self.finished)/\(self.executable)" }
    }

    /// Over the run.
    private(set) var all = Sums()
    /// By ordinal: a node and everything inside it.
    ///
    /// Argo sums over everything that can be reached from a node, so that an inner node also counts what comes after it. That costs a walk
    /// for each node and says less, so it is not copied; the two agree on the entry node.
    private(set) var parts: [Sums]
    private(set) var hasPods = false
    private(set) var hasRunningPod = false

    /// - Parameter nodes: all nodes of the run by ordinal.
    public init(plan: Plan, nodes: [Node]) {
        self.parts = Array(repeating: Sums(), count: nodes.count)
        let usage = TemplateResources(plan: plan)
        for node in nodes.reversed() where node.isShown {
            let own = Self.own(node, usage)
            self.all += own
            self.hasPods = self.hasPods || node.type == .pod
            self.hasRunningPod = self.hasRunningPod || node.type == .pod && node.phase.shown == NodePhase.running.rawValue
            // The exit handler of a pod is counted where the pod is, not as a part of its own progress.
            let inside = self.parts[node.id.index]
            if own.executable > 0 { self.parts[node.id.index] = own } else { self.parts[node.id.index] += own }
            guard let owner = node.owner else { continue }
            self.parts[owner.index] += own
            self.parts[owner.index] += inside
        }
    }

    /// `N/M`: how many of the nodes that carry something out have succeeded or were skipped; empty when there are none.
    public var progress: String { self.all.progress }

    private static func own(_ node: Node, _ usage: TemplateResources) -> Sums {
        var sums = Sums()
        switch node.type {
        case .pod, .suspend, .http, .plugin, .container:
            sums.executable = node.progress.map { Int($0.all) } ?? 1
            switch node.phase {
            case .succeeded, .skipped, .omitted: sums.finished = sums.executable
            case .held, .pending, .running, .daemoned, .failed, .error: sums.finished = node.progress.map { Int($0.done) } ?? 0
            }
        case .steps, .stepGroup, .dag, .taskGroup, .retry, .skipped: break
        }
        if node.type == .pod, node.phase.isCompleted, node.original == nil, let end = node.finishedAt {
            sums.resources = usage.duration(of: node, ran: end - node.startedAt)
        }
        return sums
    }
}
