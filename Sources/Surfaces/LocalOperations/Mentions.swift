import WorkflowModel

/// The other objects that an object's text names.
///
/// Found by the fields that Argo and Kubernetes name objects with, wherever they stand. Too many do no harm: what does not exist is left out.
struct Mentions {
    /// `templateRef` and `workflowTemplateRef`, by kind.
    private(set) var names: [ResourceKind: Set<String>] = [:]
    /// Kinds of which one is named by a tag (`{{inputs.parameters.table}}`), so that it may be any.
    private(set) var open: Set<ResourceKind> = []

    init(in object: JSONValue) { self.read(object) }

    private mutating func read(_ value: JSONValue) {
        switch value {
        case .object(let fields):
            for (name, field) in fields {
                self.note(name, field)
                self.read(field)
            }
        case .array(let items): for item in items { self.read(item) }
        case .null, .bool, .number, .string: break
        }
    }

    private mutating func note(_ field: String, _ value: JSONValue) {
        switch field {
        case "templateRef", "workflowTemplateRef":
            self.add(value["clusterScope"]?.bool == true ? .clusterWorkflowTemplate : .workflowTemplate, value["name"]?.string)
        case "configMapKeyRef", "configMapRef": self.add(.configMap, value["name"]?.string)
        // A volume; in `artifactRepositoryRef` the name itself.
        case "configMap": self.add(.configMap, value.string ?? value["name"]?.string)
        case "secretKeyRef", "secretRef": self.add(.secret, value["name"]?.string)
        // A volume; in a projected one `name`.
        case "secret": self.add(.secret, value["secretName"]?.string ?? value["name"]?.string)
        // `accessKeySecret`, `usernameSecret`, `caSecret`, …
        default: if field.hasSuffix("Secret"), value["key"] != nil { self.add(.secret, value["name"]?.string) }
        }
    }

    private mutating func add(_ kind: ResourceKind, _ name: String?) {
        guard let name, !name.isEmpty else { return }
        if name.contains("{{") { self.open.insert(kind) } else { self.names[kind, default: []].insert(name) }
    }
}
