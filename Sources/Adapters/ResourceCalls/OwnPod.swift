import Engine
import WorkflowModel

/// The pod of the step itself. In a cluster a `resource` template runs in a pod, and may look at it and annotate it. Here there is none: the
/// step sees what it would see, and what it changes lasts as long as the step, as it would there.
struct OwnPod: Sendable {
    private static let words: Set<String> = ["pod", "pods", "po"]

    private let request: CallRequest

    init(_ request: CallRequest) { self.request = request }

    /// Whether flags or else a manifest name this very pod.
    func isMeant(by target: (kind: String, names: [String])?, _ manifest: JSONValue?) -> Bool {
        let given = manifest?["metadata"]?["name"]?.string
        let (kind, names) = target ?? (manifest?["kind"]?.string ?? "", [])
        guard Self.words.contains(kind.lowercased()), !self.request.podName.isEmpty else { return false }
        return (names.isEmpty ? [given].compactMap { $0 } : names) == [self.request.podName]
    }

    var object: JSONValue {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .string(self.request.podName), "namespace": .string(self.request.namespace),
                "labels": ["workflows.argoproj.io/workflow": .string(self.request.workflow), "workflows.argoproj.io/completed": "false"],
            ],
            "status": ["phase": "Running"],
        ]
    }
}
