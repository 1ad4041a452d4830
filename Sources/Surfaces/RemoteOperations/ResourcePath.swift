import Operations
import WorkflowModel

/// Where a server keeps the objects of a kind, and how its bodies call them.
///
/// Templates and schedules have Argo's paths, everything else those that Kubernetes has for it.
struct ResourcePath {
    let kind: ResourceKind
    /// Empty for all namespaces.
    let namespace: String

    init(_ kind: ResourceKind, namespace: String?) {
        self.kind = kind
        self.namespace = namespace ?? ""
    }

    /// The field that holds the object in the body of a request; nil where the body is the object.
    var bodyField: String? {
        switch self.kind {
        case .workflowTemplate, .clusterWorkflowTemplate: "template"
        case .cronWorkflow: "cronWorkflow"
        case .workflowEventBinding, .configMap, .secret, .persistentVolumeClaim, .namespace: nil
        }
    }

    /// Whether the paths are Argo's.
    private var isArgo: Bool { self.bodyField != nil }

    var collection: RequestTarget { RequestTarget(segments: self.segments) }

    /// - Parameter verb: below the object, such as `suspend`.
    func object(_ name: String, _ verb: String? = nil) -> RequestTarget {
        RequestTarget(segments: self.segments.filter { !$0.isEmpty } + [name] + [verb].compactMap { $0 })
    }

    private var segments: [String] {
        switch self.kind {
        case .workflowTemplate: return ["api", "v1", "workflow-templates", self.namespace]
        case .clusterWorkflowTemplate: return ["api", "v1", "cluster-workflow-templates"]
        case .cronWorkflow: return ["api", "v1", "cron-workflows", self.namespace]
        case .workflowEventBinding, .configMap, .secret, .persistentVolumeClaim, .namespace:
            let root = self.kind.group.isEmpty ? ["api", "v1"] : ["apis", self.kind.group, "v1alpha1"]
            let space = self.kind.isNamespaced && !self.namespace.isEmpty ? ["namespaces", self.namespace] : []
            return root + space + [self.kind.plural]
        }
    }

    /// The body that stores an object.
    func body(_ object: JSONValue, name: String) -> JSONValue {
        guard let field = self.bodyField else { return object }
        var body = JSONObject()
        body["name"] = .string(name)
        if self.kind.isNamespaced { body["namespace"] = .string(self.namespace) }
        body[field] = object
        return .object(body)
    }
}
