public import Planning

/// What a run leaves that is not kept until the run is deleted.
extension RunMachine {
    /// Artifacts that are deleted when the run has ended, as `artifactGC` says.
    public var expendableArtifacts: [StoredArtifact] {
        self.nodes.flatMap { $0.expendableArtifacts(in: self.plan, of: self.id) }.compactMap { artifact in
            if case .stored(let stored) = artifact.source { stored } else { nil }
        }
    }

    /// Whether the claims that the run made for itself go now that it has ended, as `volumeClaimGC` says. Those of a run that failed are kept
    /// for whoever wants to know why, or to try it again.
    public var leavesNoClaims: Bool {
        !self.plan.claimNames.isEmpty && (self.run.phase == .succeeded || self.plan.lifecycle.deletesClaimsOfFailure)
    }

    /// Containers of a pod whose logs become artifacts.
    public func archivedLogs(of id: NodeID) -> [String] {
        guard id.index < self.nodes.count, let index = self.nodes[id.index].template else { return [] }
        return self.plan.templates[index].archivedLogs
    }
}

extension PlannedTemplate {
    var archivedLogs: [String] {
        if !self.archivesLogs { return [] }
        if case .containerSet(let set) = self.body { return set.members.map(\.name) }
        return ["main"]
    }

    /// Argo's name for the log of a container as an artifact.
    public static func logArtifact(_ container: String) -> String { "\(container)-logs" }
}

extension Node {
    /// Outputs that are deleted when the run has ended. What came from another run, out of the cache, is that run's.
    public func expendableArtifacts(in plan: Plan, of run: RunID) -> [NamedArtifact] {
        guard self.type == .pod, let index = self.template else { return [] }
        let declared = plan.templates[index].outputArtifacts
        return self.outputs.artifacts.filter { artifact in
            guard case .stored(let stored) = artifact.source, stored.key.hasPrefix("\(run)/"),
                let output = declared.first(where: { $0.name == artifact.name })
            else { return false }
            return (output.deletion ?? plan.lifecycle.artifactDeletion) == .onCompletion
        }
    }
}
