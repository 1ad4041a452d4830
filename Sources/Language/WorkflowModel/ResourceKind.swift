/// The kinds of objects that are stored until somebody deletes them. Runs are none of them: they have a journal.
public enum ResourceKind: String, Sendable, Hashable, CaseIterable {
    case workflowTemplate = "WorkflowTemplate"
    case clusterWorkflowTemplate = "ClusterWorkflowTemplate"
    case cronWorkflow = "CronWorkflow"
    case workflowEventBinding = "WorkflowEventBinding"
    case configMap = "ConfigMap"
    case secret = "Secret"
    case persistentVolumeClaim = "PersistentVolumeClaim"
    case namespace = "Namespace"

    /// `argoproj.io`; empty for the kinds of Kubernetes' core.
    public var group: String {
        switch self {
        case .workflowTemplate, .clusterWorkflowTemplate, .cronWorkflow, .workflowEventBinding: "argoproj.io"
        case .configMap, .secret, .persistentVolumeClaim, .namespace: ""
        }
    }

    public var apiVersion: String { self.group.isEmpty ? "v1" : "\(self.group)/v1alpha1" }

    /// Whether an object of the kind lives in a namespace.
    public var isNamespaced: Bool { self != .clusterWorkflowTemplate && self != .namespace }

    /// Whether an object counts the changes of what it says, beside its metadata, in `metadata.generation`.
    public var hasGeneration: Bool { !self.group.isEmpty }

    /// `workflowtemplate`.
    public var singular: String { self.rawValue.lowercased() }

    /// `workflowtemplates`.
    public var plural: String { self.singular + "s" }

    public var shortNames: [String] {
        switch self {
        case .workflowTemplate: ["wftmpl"]
        case .clusterWorkflowTemplate: ["cwft", "cwftmpl", "clusterwftmpl"]
        case .cronWorkflow: ["cwf", "cronwf"]
        case .workflowEventBinding: ["wfeb"]
        case .configMap: ["cm"]
        case .secret: []
        case .persistentVolumeClaim: ["pvc"]
        case .namespace: ["ns"]
        }
    }

    /// `workflowtemplate.argoproj.io`: how an object of the kind is called where several kinds are told together.
    public var qualifiedName: String { self.group.isEmpty ? self.singular : "\(self.singular).\(self.group)" }

    /// The kind that a user means: its name in any case, singular, plural, short, with or without the group.
    public static func named(_ word: String) -> ResourceKind? {
        var word = word.lowercased()
        if word.hasSuffix(".argoproj.io") { word = String(word.dropLast(".argoproj.io".count)) }
        return Self.allCases.first { $0.singular == word || $0.plural == word || $0.shortNames.contains(word) }
    }

    /// How many characters a name may have. Of a CronWorkflow fewer, because its runs add `-<seconds since 1970>`.
    public var longestName: Int {
        switch self {
        case .workflowTemplate, .clusterWorkflowTemplate, .namespace: 63
        case .cronWorkflow: 52
        case .workflowEventBinding, .configMap, .secret, .persistentVolumeClaim: 253
        }
    }
}
