/// Having runs that ended done again, by whoever carries runs out.
public protocol RepetitionSubmitter: Sendable {
    /// Takes a run up again where it failed; what succeeded stays as it is.
    /// - Throws: as `RunRepeater.retry`.
    func retry(_ order: RetryOrder) async throws -> Submitted
    /// Starts a new run of the same Workflow, as it was submitted.
    func resubmit(_ order: ResubmitOrder) async throws -> Submitted
}
