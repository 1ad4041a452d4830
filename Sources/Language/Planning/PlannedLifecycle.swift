public import WorkflowModel

/// What becomes of a run, and of what it made, when it has ended.
public struct PlannedLifecycle: Sendable, Equatable {
    /// When artifacts are deleted, as Argo's `artifactGC` says.
    public enum ArtifactDeletion: String, Sendable {
        case onCompletion = "OnWorkflowCompletion"
        /// With the run. Here that is so for every artifact.
        case onDeletion = "OnWorkflowDeletion"
        case never = "Never"
    }

    /// `ttlStrategy`, in seconds; nil where it is silent.
    public var secondsAfterCompletion: Int64?
    public var secondsAfterSuccess: Int64?
    public var secondsAfterFailure: Int64?
    /// Of artifacts that do not say otherwise.
    public var artifactDeletion: ArtifactDeletion
    /// Whether the claims that the run made for itself go when it fails too, and not only when it succeeds.
    public var deletesClaimsOfFailure: Bool

    /// When a run that has ended is to be deleted; nil for when nobody wants to keep it any longer. What is said of success or failure wins over
    /// what is said of every end.
    public func expiry(hasSucceeded: Bool, finishedAt: Timestamp) -> Timestamp? {
        let seconds = (hasSucceeded ? self.secondsAfterSuccess : self.secondsAfterFailure) ?? self.secondsAfterCompletion
        return seconds.map { finishedAt + .seconds($0) }
    }

    init(_ spec: WorkflowSpec) {
        let times = spec.raw["ttlStrategy"]
        func seconds(_ name: String) -> Int64? { times?[name]?.integer.map { max(0, min($0, 1 << 40)) } }
        self.secondsAfterCompletion = seconds("secondsAfterCompletion")
        self.secondsAfterSuccess = seconds("secondsAfterSuccess")
        self.secondsAfterFailure = seconds("secondsAfterFailure")
        let strategy = spec.raw["artifactGC"]?["strategy"]?.string ?? ""
        self.artifactDeletion = ArtifactDeletion(rawValue: strategy) ?? .never
        self.deletesClaimsOfFailure = spec.raw["volumeClaimGC"]?["strategy"]?.string == "OnWorkflowCompletion"
    }
}
