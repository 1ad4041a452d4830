import Diagnostics
import WorkflowModel

/// Kinds as people name them on the command line: `workflows`, `wf`, `Workflow`.
enum KindName {
    private static let shortNames = [
        "Workflow": ["wf"],
        "WorkflowTemplate": ["wftmpl"],
        "ClusterWorkflowTemplate": ["cwft", "cwftmpl", "clusterwftmpl"],
        "CronWorkflow": ["cwf", "cronwf"],
        "WorkflowEventBinding": ["wfeb"],
        "ConfigMap": ["cm"],
        "PersistentVolumeClaim": ["pvc"],
    ]

    /// The kinds that are read: `Workflow`.
    static let known = ManifestKind.all.filter(\.isRead).map(\.name)

    /// The kind that a name means: the kind itself, its plural or Kubernetes' short name for it, in any case.
    static func kind(named name: String) -> String? {
        let wanted = name.lowercased()
        return Self.known.first { kind in
            let singular = kind.lowercased()
            return wanted == singular || wanted == singular + "s" || Self.shortNames[kind]?.contains(wanted) ?? false
        }
    }

    /// What to say of a name that means none.
    static func unknown(_ name: String) -> String {
        let plurals = Self.known.map { $0.lowercased() + "s" }
        let guess = Spelling.closest(to: name.lowercased(), among: plurals).map { "did you mean '\($0)'? " } ?? ""
        return "there is no kind '\(name)'; \(guess)kinds: \(plurals.joined(separator: ", "))"
    }
}
