import Diagnostics
import Expressions
import WorkflowModel

extension DiagnosticCode {
    static let unresolvedReference = DiagnosticCode("unresolved-reference")
}

/// References that can never resolve, found before anything runs. Only simple tags are judged; an expression may guard what it reads.
extension Planner {
    /// Texts of a template's own work: they see its inputs and what is global.
    mutating func checkReferences(in template: PlannedTemplate, _ origin: Origin) {
        guard !template.isInline else { return }
        var texts: [TemplateText] = []
        if case .pod(let pod) = template.body {
            pod.container.forEachText { texts.append($0) }
            for volume in pod.volumes { volume.forEachText { texts.append($0) } }
            if let source = pod.source { texts.append(source) }
        }
        for text in texts { self.checkInputs(text, template, origin) }
    }

    private mutating func checkInputs(_ text: TemplateText, _ template: PlannedTemplate, _ origin: Origin) {
        for (name, _) in text.simpleNames where !name.contains("{{") {
            if name.hasPrefix("inputs.parameters.") {
                let wanted = String(name.dropFirst(18))
                if !template.inputs.contains(where: { $0.name == wanted }) {
                    self.unresolved(name, wanted, template.inputs.map(\.name), "input parameter", origin)
                }
            } else if name.hasPrefix("inputs.artifacts."), name.hasSuffix(".path") {
                let wanted = String(name.dropFirst(17).dropLast(5))
                if !template.inputArtifacts.contains(where: { $0.name == wanted }) {
                    self.unresolved(name, wanted, template.inputArtifacts.map(\.name), "input artifact", origin)
                }
            } else if name.hasPrefix("steps."), name != "steps.name", !self.sees(template, .steps) {
                self.unresolved(name, "", [], "step", origin)
            } else if name.hasPrefix("tasks."), name != "tasks.name", !self.sees(template, .dag) {
                self.unresolved(name, "", [], "task", origin)
            }
        }
    }

    private func sees(_ template: PlannedTemplate, _ type: TemplateType) -> Bool { template.type == type }

    /// Texts of a step or task: they see the inputs of their template, and the steps or tasks that have ended before.
    ///
    /// - Parameter before: whether the named step has ended for certain when this one starts; nil when there is none of that name.
    mutating func checkReferences(
        of step: PlannedStep, root: String, template: Template, names: some Collection<String>, before: (String) -> Bool?, _ origin: Origin
    ) {
        var texts = step.arguments.parameters.flatMap { [$0.value, $0.default] }
        texts += step.arguments.artifacts.flatMap { [$0.from, $0.raw, $0.subPath] }
        texts.append(step.when)
        switch step.fanOut {
        case .parameter(let text): texts.append(text)
        case .sequence(let start, let end, let count, let format): texts += [start, end, count, format]
        case .items(let items): for item in items { item.forEachText { texts.append($0) } }
        case nil: break
        }
        for (name, _) in texts.compactMap({ $0 }).flatMap(\.simpleNames) where !name.contains("{{") {
            if name.hasPrefix(root + "."), name != root + ".name" {
                let rest = name.dropFirst(root.count + 1)
                let wanted = String(rest.prefix { $0 != "." })
                switch before(wanted) {
                case true?: break
                case false?:
                    self.faults.add(
                        .unresolvedReference, at: origin, word: name,
                        "failed to resolve {{\(name)}}: '\(wanted)' need not have ended when '\(step.name)' starts",
                        hint: root == "tasks" ? "let '\(step.name)' depend on '\(wanted)'" : "put '\(wanted)' into an earlier group")
                case nil: self.unresolved(name, wanted, Array(names), root == "tasks" ? "task" : "step", origin)
                }
            } else if name.hasPrefix("inputs.parameters.") {
                let wanted = String(name.dropFirst(18))
                if !template.inputs.parameters.contains(where: { $0.name == wanted }) {
                    self.unresolved(name, wanted, template.inputs.parameters.map(\.name), "input parameter", origin)
                }
            }
        }
    }

    mutating func unresolved(_ name: String, _ wanted: String, _ known: [String], _ what: String, _ origin: Origin) {
        let guess = Spelling.closest(to: wanted, among: known).map { "did you mean '\($0)'? " } ?? ""
        let listed = known.isEmpty ? "there is no \(what) here" : "\(what)s here: \(known.sorted().prefix(12).joined(separator: ", "))"
        self.faults.add(.unresolvedReference, at: origin, word: name, "failed to resolve {{\(name)}}", hint: guess + listed)
    }
}
