import Diagnostics
import WorkflowModel

/// The names that begin with `workflow.`
struct GlobalNames {
    /// nil: whoever runs the template brings the parameters.
    var parameters: KnownNames?
    var labels: KnownNames
    var annotations: KnownNames
    /// Labels and annotations of the WorkflowTemplate that is run: they do not become those of the run.
    var templateLabels: Set<String>
    var templateAnnotations: Set<String>
    /// Labels may still be added when the workflow is submitted.
    var isFinal: Bool

    private static let plain: Set<Substring> = [
        "name", "namespace", "uid", "mainEntrypoint", "serviceAccountName", "creationTimestamp", "scheduledTime", "priority", "parameters",
        "parameters.json", "labels", "labels.json", "annotations", "annotations.json", "status", "duration",
    ]
    private static let timeFormats: Set<Substring> = [
        "B", "b", "m", "A", "a", "d", "H", "I", "M", "S", "Y", "y", "p", "Z", "z", "L", "s", "RFC3339",
    ]

    /// - Parameter mode: a plan that is to run gets no more labels, one that is checked may.
    init(_ input: PlanningInput, spec: WorkflowSpec, base: PlanningDocument?, mode: PlanningMode) {
        let workflow = input.workflow.workflow
        let stamped = spec.raw["workflowMetadata"]
        func names(_ field: String) -> [String] { stamped?[field]?.object?.keys ?? [] }
        self.parameters = workflow.kind == .workflow ? KnownNames(spec.arguments.parameters.map(\.name)) : nil
        self.labels = KnownNames(workflow.metadata.labels.map(\.key) + names("labels") + names("labelsFrom"))
        self.annotations = KnownNames(workflow.metadata.annotations.map(\.key) + names("annotations"))
        self.templateLabels = Set(base?.workflow.metadata.labels.map(\.key) ?? [])
        self.templateAnnotations = Set(base?.workflow.metadata.annotations.map(\.key) ?? [])
        self.isFinal = mode == .run
    }

    enum Verdict {
        case fine
        /// Known only when all templates are: `failures` and `outputs.`
        case later
        case problem(Severity, reason: String, hint: String?)
    }

    /// - Parameter name: without `workflow.`
    func verdict(on name: Substring) -> Verdict {
        if Self.plain.contains(name) { return .fine }
        if name == "failures" || name.hasPrefix("outputs.parameters.") || name.hasPrefix("outputs.artifacts.") { return .later }
        guard let dot = name.firstIndex(of: ".") else { return Self.unknown(name) }
        let rest = name[name.index(after: dot)...]
        switch name[..<dot] {
        case "parameters": return self.parameter(String(rest))
        case "labels": return self.metadata(String(rest), self.labels, self.templateLabels, "label")
        case "annotations": return self.metadata(String(rest), self.annotations, self.templateAnnotations, "annotation")
        case "creationTimestamp":
            if Self.timeFormats.contains(rest) { return .fine }
            return .problem(
                .warning, reason: "there is no time format '\(rest)'",
                hint: "formats are RFC3339, s and the letters B b m A a d H I M S Y y p Z z L")
        case "scheduledTime", "duration": return .fine
        default: return Self.unknown(name)
        }
    }

    private static func unknown(_ name: Substring) -> Verdict {
        .problem(
            .error, reason: "there is no such variable",
            hint: Spelling.question(String(name), among: self.plain.sorted().map(String.init))
                + "see 'workflow.' in Argo's list of variables")
    }

    private func parameter(_ name: String) -> Verdict {
        guard let parameters = self.parameters, !parameters.contains(name) else { return .fine }
        return .problem(
            .error, reason: "the workflow has no parameter '\(name)'",
            hint: parameters.hint(for: name, "parameters", none: "declare it under spec.arguments.parameters"))
    }

    private func metadata(_ name: String, _ own: KnownNames, _ base: Set<String>, _ what: String) -> Verdict {
        if own.contains(name) { return .fine }
        if base.contains(name) {
            return .problem(
                .error, reason: "a workflow does not take over the \(what)s of its WorkflowTemplate",
                hint: "put '\(name)' under metadata.\(what)s of the Workflow, or under workflowMetadata.\(what)s")
        }
        return .problem(
            self.isFinal ? .error : .warning, reason: "the workflow has no \(what) '\(name)'",
            hint: Spelling.question(name, among: own.sorted) + "give it under metadata.\(what)s or workflowMetadata.\(what)s")
    }
}
