import Engine

/// Labels that every run has, as in Argo: scripts select runs by them.
public enum RunLabel {
    /// `true` or `false`.
    public static let completed = "workflows.argoproj.io/completed"
    /// The phase as it is shown.
    public static let phase = "workflows.argoproj.io/phase"
}

extension RunRecord {
    /// What the run was given, and what it has because of how it stands. They are not stored: they would change with every event.
    public var allLabels: [String: String] {
        var labels = self.labels
        labels[RunLabel.completed] = self.finishedAt == nil ? "false" : "true"
        labels[RunLabel.phase] = self.phase.isEmpty ? RunPhase.pending.rawValue : self.phase
        return labels
    }
}
