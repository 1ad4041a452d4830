import Diagnostics
import WorkflowModel

/// What is sound Argo and this engine does not carry out yet. All of it stands here: a run is refused with an error, because leaving such a
/// field out would change what the workflow does; a check only mentions it.
extension Planner {
    struct SupportFinding {
        var origin: Origin
        var message: String
        var hint: String?
        /// The workflow runs without it: it is kept, and has no effect here.
        var isHarmless = false
    }

    mutating func findUnsupported(in spec: WorkflowSpec) {
        let raw = spec.raw
        for name in ["synchronization", "podSpecPatch"] where Self.isGiven(raw[name]) { self.unsupported(self.specField(name), name) }
        if raw["suspend"]?.bool ?? false { self.unsupported(self.specField("suspend"), "suspend") }
        for name in ["metrics", "executorPlugins", "artifactGC", "ttlStrategy", "podGC"] where Self.isGiven(raw[name]) {
            self.noEffect(self.specField(name), name)
        }
        if Self.isGiven(raw["workflowMetadata"]?["labelsFrom"]) {
            self.noEffect(self.specField("workflowMetadata").field("labelsFrom"), "labelsFrom")
        }
        self.findUnsupported(in: spec.hooks, self.specField("hooks"))
        self.findUnsupported(in: spec.arguments.parameters, self.specField("arguments").field("parameters"))
        self.findUnsupported(in: spec.arguments.artifacts, self.specField("arguments").field("artifacts"), areOutputs: false)
    }

    mutating func findUnsupported(in template: Template, _ origin: Origin) {
        let raw = template.raw
        switch template.types.first {
        case .containerSet?, .resource?, .data?, .http?, .plugin?:
            let type = template.types[0].rawValue
            self.unsupported(origin.field(type), "templates of type '\(type)'", areMany: true)
        case .suspend?:
            if raw["suspend"]?["duration"]?.scalarText?.isEmpty ?? true {
                self.unsupported(
                    origin.field("suspend"), "a suspend template without a duration",
                    hint: "give 'duration', or leave the step out for local runs")
            }
        case .container?, .script?, .steps?, .dag?, nil: break
        }
        for name in ["synchronization", "podSpecPatch"] where Self.isGiven(raw[name]) { self.unsupported(origin.field(name), name) }
        if template.daemon { self.unsupported(origin.field("daemon"), "daemon containers", areMany: true) }
        for list in ["sidecars", "initContainers"] where Self.isGiven(raw[list]) {
            self.unsupported(origin.field(list), list, areMany: true)
        }
        for name in ["memoize", "metrics", "pendingTimeout"] where Self.isGiven(raw[name]) { self.noEffect(origin.field(name), name) }
        if template.dag?.target?.hasTag ?? false { self.unsupported(origin.field("dag").field("target"), "a target with tags") }
        let inputs = origin.field("inputs")
        let outputs = origin.field("outputs")
        self.findUnsupported(in: template.inputs.parameters, inputs.field("parameters"))
        self.findUnsupported(in: template.outputs.parameters, outputs.field("parameters"))
        self.findUnsupported(in: template.inputs.artifacts, inputs.field("artifacts"), areOutputs: false)
        self.findUnsupported(in: template.outputs.artifacts, outputs.field("artifacts"), areOutputs: true)
        for (group, steps) in template.steps.enumerated() {
            for (at, step) in steps.enumerated() { self.findUnsupported(in: step, origin.field("steps").index(group).index(at)) }
        }
        for (at, task) in (template.dag?.tasks ?? []).enumerated() {
            self.findUnsupported(in: task, origin.field("dag").field("tasks").index(at))
        }
    }

    private mutating func findUnsupported(in step: WorkflowStep, _ origin: Origin) {
        if !step.hooks.isEmpty { self.findUnsupported(in: step.hooks, origin.field("hooks")) }
        if step.arguments.isEmpty { return }
        let place = origin.field("arguments")
        self.findUnsupported(in: step.arguments.parameters, place.field("parameters"))
        self.findUnsupported(in: step.arguments.artifacts, place.field("artifacts"), areOutputs: false)
    }

    private mutating func findUnsupported(in hooks: [LifecycleHook], _ origin: Origin) {
        for hook in hooks where hook.event != "exit" {
            self.unsupported(origin.field(hook.event), "lifecycle hook '\(hook.event)'", hint: "only the hook 'exit' runs today")
        }
    }

    private mutating func findUnsupported(in parameters: [Parameter], _ origin: Origin) {
        for (at, parameter) in parameters.enumerated() {
            guard let from = parameter.valueFrom else { continue }
            let place = origin.index(at).field("valueFrom")
            for (field, source) in [("jsonPath", from.jsonPath), ("jqFilter", from.jqFilter), ("event", from.event)] where source != nil {
                self.unsupported(place.field(field), "valueFrom.\(field)", hint: "it needs a resource template or an event")
            }
            if from.isSupplied { self.unsupported(place.field("supplied"), "valueFrom.supplied") }
        }
    }

    private mutating func findUnsupported(in artifacts: [Artifact], _ origin: Origin, areOutputs: Bool) {
        for (at, artifact) in artifacts.enumerated() {
            for location in artifact.remoteLocations {
                let place = origin.index(at).field(location)
                if areOutputs {
                    self.support.append(
                        SupportFinding(
                            origin: place,
                            message: "artifact '\(artifact.name)' is kept in the data directory; its \(location) location is not used here",
                            isHarmless: true))
                } else {
                    self.unsupported(
                        place, "artifacts from '\(location)'", areMany: true,
                        hint: "pass the artifact from another step, or give it as raw data")
                }
            }
        }
    }

    // MARK: Telling

    private static func isGiven(_ json: JSONValue?) -> Bool {
        switch json {
        case .null?, nil: false
        case .array(let items)?: !items.isEmpty
        case .object(let object)?: !object.isEmpty
        case .string(let text)?: !text.isEmpty
        case .bool?, .number?: true
        }
    }

    private mutating func unsupported(_ origin: Origin, _ what: String, areMany: Bool = false, hint: String? = nil) {
        self.support.append(
            SupportFinding(
                origin: origin, message: "\(what) \(areMany ? "are" : "is") not supported yet",
                hint: hint ?? "see docs/compatibility.md for what runs today"))
    }

    private mutating func noEffect(_ origin: Origin, _ what: String) {
        self.support.append(SupportFinding(origin: origin, message: "\(what) is not read yet and has no effect here", isHarmless: true))
    }

    mutating func tellSupport() {
        for finding in self.support {
            let isRefused = self.mode == .run && !finding.isHarmless
            self.faults.add(
                finding.isHarmless ? .ignoredField : .notSupported, isRefused ? .error : .hint, at: finding.origin, atKey: true,
                finding.message, hint: finding.hint)
        }
    }
}
