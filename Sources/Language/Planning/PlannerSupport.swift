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
        for name in ["metrics", "executorPlugins"] where Self.isGiven(raw[name]) {
            self.noEffect(self.specField(name), name)
        }
        self.findUnsupported(in: spec.arguments.artifacts, self.specField("arguments").field("artifacts"), areOutputs: false)
    }

    mutating func findUnsupported(in template: Template, _ origin: Origin) {
        let raw = template.raw
        if Self.isGiven(raw["metrics"]) { self.noEffect(origin.field("metrics"), "metrics") }
        if template.dag?.target?.hasTag ?? false { self.unsupported(origin.field("dag").field("target"), "a target with tags") }
        self.findUnsupported(in: template.inputs.artifacts, origin.field("inputs").field("artifacts"), areOutputs: false)
        self.findUnsupported(in: template.outputs.artifacts, origin.field("outputs").field("artifacts"), areOutputs: true)
        for (group, steps) in template.steps.enumerated() {
            for (at, step) in steps.enumerated() { self.findUnsupported(in: step, origin.field("steps").index(group).index(at)) }
        }
        for (at, task) in (template.dag?.tasks ?? []).enumerated() {
            self.findUnsupported(in: task, origin.field("dag").field("tasks").index(at))
        }
    }

    private mutating func findUnsupported(in step: WorkflowStep, _ origin: Origin) {
        if step.arguments.artifacts.isEmpty { return }
        self.findUnsupported(in: step.arguments.artifacts, origin.field("arguments").field("artifacts"), areOutputs: false)
    }

    private mutating func findUnsupported(in artifacts: [Artifact], _ origin: Origin, areOutputs: Bool) {
        for (at, artifact) in artifacts.enumerated() {
            for location in artifact.remoteLocations where areOutputs || !Self.isUpload(artifact, location) {
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

    /// What the server stored for this run, in the data directory.
    private static func isUpload(_ artifact: Artifact, _ location: String) -> Bool {
        let place = artifact.written[location]
        return location == "plugin" && place?["name"]?.string == "local" && place?["key"]?.string?.hasPrefix("uploads/") == true
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
