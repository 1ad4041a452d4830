import Diagnostics
import Manifests
import Operations
import Planning
import WorkflowModel

extension ManifestContext {
    /// Where no Workflow is given, and exactly one of the WorkflowTemplates, ClusterWorkflowTemplates and CronWorkflows can be started and is
    /// used by none of the others, with the Workflow that starts it once: what `submit --from` makes of a stored one.
    func startingWhatStandsAlone() throws -> ManifestContext {
        guard self.workflows.isEmpty, !self.diagnostics.contains(where: { $0.severity == .error }) else { return self }
        let objects = self.library.map(\.workflow.raw) + self.cronWorkflows.map(\.object)
        var used: Set<String> = []
        for object in objects {
            var names: Set<String> = []
            Self.collectReferences(in: object, &names)
            used.formUnion(names.subtracting([object["metadata"]?["name"]?.string ?? ""]))
        }
        let origins = objects.filter { Self.canStart($0) && !used.contains($0["metadata"]?["name"]?.string ?? "") }
        guard origins.count == 1, let object = origins.first, let kind = object["kind"]?.string.flatMap(ResourceKind.init(rawValue:)),
            let name = object["metadata"]?["name"]?.string
        else { return self }
        let workflow = try StoredOrigin(reference: ResourceReference(kind, name), object: object).workflow
        return self.with(ManifestReader().read(file: "\(kind.singular)/\(name)", bytes: Array(workflow.json.utf8)))
    }

    private static func canStart(_ object: JSONValue) -> Bool {
        let spec = object["spec"]
        return (spec?["workflowSpec"] ?? spec)?["entrypoint"]?.string?.isEmpty == false
            || spec?["workflowSpec"]?["workflowTemplateRef"] != nil
    }

    /// Names of templates that a template refers to.
    private static func collectReferences(in value: JSONValue, _ names: inout Set<String>) {
        for item in value.array ?? [] { Self.collectReferences(in: item, &names) }
        for (key, item) in value.object ?? JSONObject() {
            if key == "templateRef" || key == "workflowTemplateRef", let name = item["name"]?.string { names.insert(name) }
            Self.collectReferences(in: item, &names)
        }
    }
}
