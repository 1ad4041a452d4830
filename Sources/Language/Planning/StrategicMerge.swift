public import WorkflowModel

/// Kubernetes' strategic merge, as far as workflow objects need it: objects merge field by field, lists that have a merge key merge by it,
/// everything else is replaced.
///
/// - Source: Argo's precedence Workflow > WorkflowTemplate, and templateDefaults under every template.
public enum StrategicMerge {
    private static let mergeKeys: [String: String] = [
        "templates": "name", "volumes": "name", "parameters": "name", "artifacts": "name", "env": "name", "volumeMounts": "mountPath",
        "ports": "containerPort", "sidecars": "name", "initContainers": "name", "imagePullSecrets": "name", "tolerations": "key",
        "hostAliases": "ip", "containers": "name",
    ]

    /// The field that tells elements of a list apart; nil for a list that is replaced as a whole.
    public static func mergeKey(of field: String) -> String? { self.mergeKeys[field] }

    /// `over` wins where both say something.
    public static func merge(_ over: JSONValue, onto base: JSONValue, field: String = "") -> JSONValue {
        switch (over, base) {
        case (.object(let upper), .object(let lower)):
            var merged = lower
            for (key, value) in upper {
                merged[key] = lower[key].map { Self.merge(value, onto: $0, field: key) } ?? value
            }
            return .object(merged)
        case (.array(let upper), .array(let lower)):
            guard let key = Self.mergeKeys[field] else { return over }
            var merged = lower
            var places: [JSONValue: Int] = [:]
            for (at, item) in lower.enumerated() { if let name = item[key], places[name] == nil { places[name] = at } }
            for item in upper {
                if let at = item[key].flatMap({ places[$0] }) {
                    // A parameter comes whole from whoever gives its value, never half from each.
                    merged[at] = field == "parameters" ? item : Self.merge(item, onto: merged[at])
                } else {
                    if let name = item[key] { places[name] = merged.count }
                    merged.append(item)
                }
            }
            return .array(merged)
        case (.null, _): return base
        case (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): return over
        }
    }

    /// The template with the defaults under it; parts of the defaults that belong to another type of template are left out.
    static func applyDefaults(_ defaults: JSONValue, to template: JSONValue) -> JSONValue {
        guard case .object(var lower) = defaults else { return template }
        let types = Template(template).types
        for type in TemplateType.allCases where !types.contains(type) { lower[type.rawValue] = nil }
        return Self.merge(template, onto: .object(lower))
    }
}
