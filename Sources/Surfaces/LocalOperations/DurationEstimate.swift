import Ports
import WorkflowModel

/// How long a run may take: as long as the newest run of the same template that succeeded before it began.
/// - Source: Argo's documentation of `estimatedDuration`.
struct DurationEstimate {
    /// The first of these labels that a run has says what it is a run of.
    private static let origins = ["cron-workflow", "cluster-workflow-template", "workflow-template"].map { "workflows.argoproj.io/\($0)" }
    private static let searched = 50

    let reader: any RunReader

    /// In whole seconds; nil for a run that comes from no template, or whose template never succeeded.
    func seconds(for run: RunRecord) async throws -> Int64? {
        guard let origin = Self.origins.first(where: { run.labels[$0] != nil }), let value = run.labels[origin] else { return nil }
        let filter = RunFilter(
            namespace: run.namespace, phases: ["Succeeded"], isFinished: true, labels: [origin: value], limit: Self.searched)
        let baseline = try await self.reader.runs(matching: filter).filter { other in
            other.id != run.id && (other.finishedAt.map { $0 <= run.createdAt } ?? false)
        }
        guard let newest = baseline.max(by: { $0.createdAt < $1.createdAt }), let start = newest.startedAt, let end = newest.finishedAt
        else {
            return nil
        }
        return (end - start).milliseconds / 1000
    }
}
