import Diagnostics
import WorkflowModel

/// Inputs, arguments and templates that nobody uses.
extension Linter {
    mutating func checkUnused() {
        var everywhere = self.specMentions
        for template in self.templates { everywhere.merge(template.mentions) }
        for template in self.templates { self.checkInputs(of: template) }
        guard let reached = self.reach(from: self.roots()), reached.isComplete, !reached.entries.isEmpty else { return }
        self.checkArguments(mentioned: everywhere, reached)
        self.checkReachability(reached)
    }

    // MARK: Inputs

    private mutating func checkInputs(of linted: LintedTemplate) {
        let template = linted.template
        // A suspended step shows its inputs to whoever resumes it, and a plugin is given the whole template.
        guard template.types.count == 1, let type = template.types.first, type != .suspend, type != .plugin else { return }
        let place = linted.origin.field("inputs")
        let known = Set(template.inputs.parameters.map(\.name))
        var told: Set<String> = []
        let isSound = linted.mentions.inputParameters.names.isSubset(of: known.union(self.prefixes(of: known)))
        for (at, parameter) in template.inputs.parameters.enumerated() where isSound && !parameter.name.isEmpty {
            if linted.mentions.inputParameters.contains(parameter.name) { continue }
            if self.specMentions.inputParameters.contains(parameter.name) || !told.insert(parameter.name).inserted { continue }
            self.faults.add(
                .unusedInput, .warning, at: place.field("parameters").index(at).field("name"), word: parameter.name,
                "\(linted.title) does not use its input parameter '\(parameter.name)'",
                hint: "use it as '{{inputs.parameters.\(parameter.name)}}', or remove it")
        }
        // A program finds an artifact at its path; steps and tasks can only pass it on.
        guard type == .steps || type == .dag else { return }
        for (at, artifact) in template.inputs.artifacts.enumerated() where !artifact.name.isEmpty {
            if linted.mentions.inputArtifacts.contains(artifact.name) || self.specMentions.inputArtifacts.contains(artifact.name) {
                continue
            }
            self.faults.add(
                .unusedInput, .warning, at: place.field("artifacts").index(at).field("name"), word: artifact.name,
                "\(linted.title) does not use its input artifact '\(artifact.name)'",
                hint: "pass it on as '{{inputs.artifacts.\(artifact.name)}}', or remove it")
        }
    }

    /// What a scan also takes for a mention of these names. Anything else is a wrong name, of which `Planner` speaks; the right one is
    /// then no doubt meant to be used.
    private func prefixes(of names: Set<String>) -> Set<String> {
        var prefixes: Set<String> = []
        for name in names {
            var rest = name[...]
            while let minus = rest.lastIndex(of: "-") {
                rest = rest[..<minus]
                prefixes.insert(String(rest))
            }
        }
        return prefixes
    }

    // MARK: Arguments of the workflow

    private mutating func checkArguments(mentioned everywhere: MentionScan, _ reached: Reach) {
        let arguments = self.spec.arguments
        guard !arguments.isEmpty else { return }
        var mentions = everywhere
        let receivers = self.receivers(reached, &mentions)
        let place = self.specOrigin.field("arguments")
        // What the referenced template declares is told there.
        let declared = self.catalog.base.map { self.catalog.documents[$0].workflow.spec.arguments } ?? Arguments(nil)
        let parameters = receivers.flatMap { $0.inputs.parameters.map(\.name) }
        let artifacts = receivers.flatMap { $0.inputs.artifacts.map(\.name) }
        let knownParameters = Set(parameters + declared.parameters.map(\.name))
        let knownArtifacts = Set(artifacts + declared.artifacts.map(\.name))
        let names = Set((arguments.parameters + declared.parameters).map(\.name))
        // A wrong name is meant to be one of these, and is told as such.
        let isSound = mentions.workflowParameters.names.isSubset(of: names.union(self.prefixes(of: names)))
        var told: Set<String> = []
        for (at, parameter) in arguments.parameters.enumerated() where isSound && !parameter.name.isEmpty {
            if !told.insert(parameter.name).inserted { continue }
            if knownParameters.contains(parameter.name) || mentions.workflowParameters.contains(parameter.name) { continue }
            self.unused("parameter", parameter.name, place.field("parameters").index(at), parameters)
        }
        for (at, artifact) in arguments.artifacts.enumerated() where !artifact.name.isEmpty {
            if knownArtifacts.contains(artifact.name) { continue }
            self.unused("artifact", artifact.name, place.field("artifacts").index(at), artifacts)
        }
    }

    private mutating func unused(_ what: String, _ name: String, _ origin: Origin, _ inputs: [String]) {
        let guess = self.faults.question(name, among: inputs)
        let use = what == "parameter" ? "use it as '{{workflow.parameters.\(name)}}', " : ""
        self.faults.add(
            .unusedArgument, .warning, at: origin.field("name"), word: name, "nothing uses the workflow's \(what) '\(name)'",
            hint: "\(guess)\(use)declare it as an input of the entry template, or remove it")
    }

    /// The templates that get the workflow's arguments. Adds what the library's templates mention that it leads to.
    private func receivers(_ reached: Reach, _ mentions: inout MentionScan) -> [Template] {
        if let base = self.catalog.base {
            for (key, value) in self.catalog.documents[base].workflow.spec.raw.object ?? JSONObject() where key != "templates" {
                mentions.read(value, key: key)
            }
        }
        for place in reached.templates where place.document != TemplateCatalog.own { mentions.read(self.catalog[place].raw) }
        let own = self.calls.filter(\.takesWorkflowArguments).compactMap { self.catalog.template($0.target) }
        return reached.entries.map { self.catalog[$0] } + own
    }

    // MARK: Templates

    private mutating func checkReachability(_ reached: Reach) {
        // Every template of a library can be called from outside.
        guard self.workflow.kind == .workflow else { return }
        for linted in self.templates {
            guard let index = linted.index, let name = linted.template.name, !name.isEmpty else { continue }
            let place = TemplatePlace(document: TemplateCatalog.own, template: index)
            // Of two templates with one name the second is told about as such.
            guard !reached.templates.contains(place), self.catalog.find(name, from: TemplateCatalog.own) == place else { continue }
            self.faults.add(
                .unreachableTemplate, .hint, at: linted.origin.field("name"), word: name,
                "nothing leads from the entrypoint to template '\(name)'",
                hint: "call it from a step or task, or remove it")
        }
    }

    struct Reach {
        /// Templates that the spec itself names.
        var entries: [TemplatePlace] = []
        var templates: Set<TemplatePlace> = []
        /// Every name on the way led to a template.
        var isComplete = true
    }

    /// Calls of the spec itself: entry, exit handlers and hooks, the referenced template's among them.
    private mutating func roots() -> [TemplateCall]? {
        let reference = self.spec.workflowTemplateRef
        if reference != nil, self.catalog.base == nil { return nil }
        let base = self.catalog.base.map { self.catalog.documents[$0].workflow.spec }
        guard let entrypoint = self.spec.entrypoint ?? base?.entrypoint, !entrypoint.isEmpty else { return nil }
        var calls = [TemplateCall.ofSpec(entrypoint, self.specOrigin.field("entrypoint"), in: &self.catalog)]
        if let onExit = self.spec.onExit ?? base?.onExit, !onExit.isEmpty {
            calls.append(TemplateCall.ofSpec(onExit, self.specOrigin.field("onExit"), in: &self.catalog))
        }
        return calls
            + TemplateCall.hooks(
                self.spec.hooks + (base?.hooks ?? []), self.specOrigin, owner: nil, from: TemplateCatalog.own, in: &self.catalog)
    }

    /// Follows calls as far as they lead.
    private mutating func reach(from roots: [TemplateCall]?) -> Reach? {
        guard let roots else { return nil }
        var reach = Reach()
        var queue: [TemplatePlace] = []
        func follow(_ target: TemplateCall.Target) {
            switch target {
            case .template(let place): if reach.templates.insert(place).inserted { queue.append(place) }
            case .inline: break
            case .unknown: reach.isComplete = false
            }
        }
        for root in roots {
            follow(root.target)
            if case .template(let place) = root.target { reach.entries.append(place) }
        }
        while let place = queue.popLast() {
            let origin = Origin(document: self.catalog.documents[place.document], path: FieldPath())
            for call in self.calls(of: self.catalog[place], origin, from: place.document) { follow(call.target) }
        }
        return reach
    }

    /// The calls of a template's steps, those inside of inline templates too.
    private mutating func calls(of template: Template, _ origin: Origin, from document: Int) -> [TemplateCall] {
        var calls: [TemplateCall] = []
        for (step, _) in template.placedSteps(origin) {
            calls += TemplateCall.all(of: step, origin, owner: nil, from: document, in: &self.catalog)
            if let inline = step.inline { calls += self.calls(of: inline, origin, from: document) }
        }
        return calls
    }
}
