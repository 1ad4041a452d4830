import Diagnostics
import WorkflowModel

/// What a template does with an input that not every text can serve.
enum ValueDemand: Hashable {
    case list
    case wholeNumber
    case duration

    func accepts(_ text: String) -> Bool {
        switch self {
        case .list:
            if case .array? = try? JSONValue(json: text) { return true }
            return false
        case .wholeNumber: return Int(text) != nil
        case .duration: return Span(unitOptional: text) != nil
        }
    }

    var description: String {
        switch self {
        case .list: "a JSON list"
        case .wholeNumber: "a whole number"
        case .duration: "a duration such as '30s'"
        }
    }
}

/// Values that do not fit the template that they are given to.
extension Linter {
    mutating func checkCalls() {
        for call in self.calls {
            if self.catalog.template(call.target) != nil { self.check(call) }
            if let step = call.step { self.checkList(of: step, call) }
        }
        for (at, linted) in self.templates.enumerated() { self.checkDefaults(of: linted, at) }
        self.checkWorkflowArguments()
    }

    private mutating func check(_ call: TemplateCall) {
        guard !call.arguments.isEmpty else { return }
        let place = call.origin.field("arguments")
        let demands = self.demands(of: call.target)
        let names = self.catalog.names(of: call.target)
        for (at, argument) in call.arguments.parameters.enumerated() {
            guard let value = argument.value, let input = names.inputs[argument.name] else {
                continue
            }
            let origin = place.field("parameters").index(at).field("value")
            self.checkMixed(value, origin)
            guard input.enum != nil || demands[input.name] != nil else { continue }
            let title = self.catalog.title(call.target)
            if !value.hasTag {
                self.check(value, input, demands[input.name], of: title, origin)
            } else {
                for (item, place) in Self.items(value, of: call) { self.check(item, input, demands[input.name], of: title, place) }
            }
        }
        for (at, argument) in call.arguments.artifacts.enumerated() {
            self.checkMixed(argument, place.field("artifacts").index(at))
            if argument.name.isEmpty || names.inputArtifacts.contains(argument.name) { continue }
            let guess = self.faults.question(argument.name, among: names.inputArtifacts.sorted())
            let isParameter = names.inputs[argument.name] != nil
            self.faults.add(
                .badArgument, .warning, at: place.field("artifacts").index(at).field("name"), word: argument.name,
                "\(self.catalog.title(call.target)) has no input artifact '\(argument.name)'",
                hint: isParameter
                    ? "'\(argument.name)' is an input parameter there" : "\(guess)declare it under inputs.artifacts, or remove it")
        }
    }

    /// The items of the step that a value stands for, as far as they are texts, and where they are written.
    private static func items(_ value: String, of call: TemplateCall) -> [(text: String, origin: Origin)] {
        guard let items = call.step?.withItems, let name = SimpleTag.name(value), name == "item" || name.hasPrefix("item.") else {
            return []
        }
        let key = name.dropFirst(5)
        return items.enumerated().compactMap { at, item in
            let place = call.origin.field("withItems").index(at)
            guard let text = key.isEmpty ? item.scalarText : item[String(key)]?.scalarText, !text.hasTag else { return nil }
            return (text, key.isEmpty ? place : place.field(String(key)))
        }
    }

    private mutating func check(_ value: String, _ input: Parameter, _ demand: ValueDemand?, of template: String, _ origin: Origin) {
        if let allowed = input.enum, !allowed.isEmpty, !allowed.contains(value) {
            self.faults.add(
                .badArgument, .warning, at: origin, word: value,
                "'\(Self.shown(value))' is not one of the values of input '\(input.name)' of \(template)",
                hint: self.choice(value, allowed))
        } else if let demand, !demand.accepts(value) {
            self.faults.add(
                .badArgument, .warning, at: origin, word: value,
                "'\(Self.shown(value))' is not \(demand.description), which \(template) needs as input '\(input.name)'")
        }
    }

    private mutating func choice(_ value: String, _ allowed: [String]) -> String {
        "\(self.faults.question(value, among: allowed))values: \(LintFaults.listed(allowed))"
    }

    static func shown(_ text: String) -> String { text.count > 60 ? text.prefix(60) + "…" : text }

    /// What a template gives its own inputs when nobody else does.
    private mutating func checkDefaults(of linted: LintedTemplate, _ owner: Int) {
        let inputs = linted.template.inputs.parameters
        guard inputs.contains(where: { $0.value != nil || $0.default != nil }) else { return }
        let target: TemplateCall.Target =
            linted.index.map { .template(TemplatePlace(document: TemplateCatalog.own, template: $0)) } ?? .inline(linted.template)
        let demands = self.demands(of: target)
        let place = linted.origin.field("inputs").field("parameters")
        for (at, input) in inputs.enumerated() {
            for (field, value) in [("value", input.value), ("default", input.default)] {
                // An empty default is how people write that there is none.
                guard let value, !value.isEmpty, !value.hasTag else { continue }
                self.check(value, input, demands[input.name], of: linted.title, place.index(at).field(field))
            }
        }
    }

    /// The workflow's own values, as its entry template gets them or the template that it refers to restricts them.
    private mutating func checkWorkflowArguments() {
        let base = self.catalog.base.map { self.catalog.documents[$0].workflow.spec }
        let place = self.specOrigin.field("arguments").field("parameters")
        var entry: TemplateCall.Target = .unknown
        if let name = self.spec.entrypoint ?? base?.entrypoint, let found = self.catalog.find(name, from: TemplateCatalog.own) {
            entry = .template(found)
        }
        let inputs = self.catalog.names(of: entry).inputs
        let declared = Dictionary((base?.arguments.parameters ?? []).map { ($0.name, $0) }) { first, _ in first }
        let demands = inputs.isEmpty ? [:] : self.demands(of: entry)
        for (at, argument) in self.spec.arguments.parameters.enumerated() {
            guard let value = argument.value, !value.hasTag else { continue }
            let origin = place.index(at).field("value")
            if argument.enum == nil, let allowed = declared[argument.name]?.enum,
                !allowed.contains(value)
            {
                self.faults.add(
                    .badArgument, .warning, at: origin, word: value,
                    "'\(Self.shown(value))' is not one of the values that '\(self.spec.workflowTemplateRef?.name ?? "")' allows for '\(argument.name)'",
                    hint: self.choice(value, allowed))
            } else if let input = inputs[argument.name] {
                self.check(value, input, demands[input.name], of: self.catalog.title(entry), origin)
            }
        }
    }

    // MARK: What templates want of their inputs

    private mutating func demands(of target: TemplateCall.Target) -> [String: ValueDemand] {
        switch target {
        case .template(let place):
            if let known = self.demands[place] { return known }
            // A template that calls itself asks nothing more of itself. A chain of calls is followed as far as the stack is sure to last.
            guard self.demandDepth < 100 else { return [:] }
            self.demandDepth += 1
            defer { self.demandDepth -= 1 }
            self.demands[place] = [:]
            let found = self.demands(of: self.catalog[place], from: place.document)
            self.demands[place] = found
            return found
        case .inline(let template): return self.demands(of: template, from: TemplateCatalog.own)
        case .unknown: return [:]
        }
    }

    private mutating func demands(of template: Template, from document: Int) -> [String: ValueDemand] {
        guard !template.inputs.parameters.isEmpty else { return [:] }
        var demands: [String: ValueDemand] = [:]
        func note(_ text: String?, _ demand: ValueDemand) {
            if let text, let name = SimpleTag.inputParameter(text) { demands[name] = demand }
        }
        let retry = template.retryStrategy
        note(template.activeDeadlineSeconds, .wholeNumber)
        note(retry?.limit, .wholeNumber)
        note(retry?.backoff?.factor, .wholeNumber)
        let suspension = template.raw["suspend"]?["duration"]?.scalarText
        for text in [template.timeout, retry?.backoff?.duration, retry?.backoff?.cap, retry?.backoff?.maxDuration, suspension] {
            note(text, .duration)
        }
        let nowhere = Origin(document: self.input.workflow, path: FieldPath())
        for (step, _) in template.placedSteps(nowhere) {
            note(step.withParam, .list)
            for text in [step.withSequence?.count, step.withSequence?.start, step.withSequence?.end] { note(text, .wholeNumber) }
            // What is passed on must please whoever gets it. An inline template has seen the input in its own text already.
            guard step.inline == nil, step.arguments.parameters.contains(where: { $0.value.flatMap(SimpleTag.inputParameter) != nil }),
                let call = TemplateCall.all(of: step, nowhere, owner: nil, from: document, in: &self.catalog).first
            else { continue }
            let wanted = self.demands(of: call.target)
            for argument in step.arguments.parameters { if let demand = wanted[argument.name] { note(argument.value, demand) } }
        }
        return demands
    }

    // MARK: Lists

    /// Parts of a step's status that are never a JSON list.
    private static let plainParts: Set<String> = ["id", "ip", "status", "startedAt", "finishedAt", "exitCode", "hostNodeName", "name"]
    private static let plainNames: Set<String> = [
        "workflow.name", "workflow.namespace", "workflow.uid", "workflow.status", "workflow.mainEntrypoint", "workflow.serviceAccountName",
        "workflow.creationTimestamp", "workflow.duration", "workflow.priority", "pod.name", "node.name", "steps.name", "tasks.name",
    ]

    private mutating func checkList(of step: WorkflowStep, _ call: TemplateCall) {
        guard let list = step.withParam, let name = SimpleTag.name(list) else { return }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let origin = call.origin.field("withParam")
        let isPlain = parts.count == 3 && ["steps", "tasks"].contains(parts[0]) && Self.plainParts.contains(parts[2])
        if isPlain || Self.plainNames.contains(name) {
            self.faults.add(
                .badFanOut, .warning, at: origin, word: name, "'{{\(name)}}' is never a JSON list, which withParam needs",
                hint: "use an output of a step, or withItems")
        } else if parts.count >= 5, ["steps", "tasks"].contains(parts[0]), parts[2] == "outputs", parts[3] == "parameters" {
            self.checkOutput(parts[4...].joined(separator: "."), of: parts[1], name, call, origin)
        }
    }

    /// An output whose value is written in the template that makes it.
    private mutating func checkOutput(_ output: String, of wanted: String, _ name: String, _ call: TemplateCall, _ origin: Origin) {
        guard let maker = self.steps[StepName(owner: call.owner, name: wanted)].map({ self.calls[$0] }), maker.step?.fansOut == false,
            let value = self.catalog.names(of: maker.target).outputs[output]?.value, !value.hasTag,
            !ValueDemand.list.accepts(value)
        else { return }
        self.faults.add(
            .badFanOut, .warning, at: origin, word: name, "'{{\(name)}}' is '\(Self.shown(value))', and withParam needs a JSON list",
            hint: "let the output be a list, such as '[\"a\", \"b\"]'")
    }

    // MARK: Parameters for artifacts and the other way round

    private mutating func checkMixed(_ artifact: Artifact, _ origin: Origin) {
        guard let from = artifact.from, let name = SimpleTag.name(from) else { return }
        let parts = name.split(separator: ".")
        let isParameter =
            name.hasPrefix("inputs.parameters.") || name.hasPrefix("workflow.parameters.") || name.hasPrefix("workflow.outputs.parameters.")
            || (parts.count > 4 && parts[2] == "outputs" && parts[3] == "parameters")
            || (parts.count == 4 && parts[2] == "outputs" && parts[3] == "result")
        guard isParameter else { return }
        self.faults.add(
            .mixedReference, .warning, at: origin.field("from"), word: name, "'{{\(name)}}' is a text, and 'from' needs an artifact",
            hint: "name an artifact, or pass the text as a parameter; 'raw: {data: …}' makes an artifact of a text")
    }

    private mutating func checkMixed(_ value: String, _ origin: Origin) {
        guard let name = SimpleTag.name(value), !name.hasSuffix(".path") else { return }
        let parts = name.split(separator: ".")
        let isArtifact =
            name.hasPrefix("inputs.artifacts.") || name.hasPrefix("workflow.outputs.artifacts.")
            || (parts.count > 4 && parts[2] == "outputs" && parts[3] == "artifacts")
        guard isArtifact else { return }
        self.faults.add(
            .mixedReference, .warning, at: origin, word: name, "'{{\(name)}}' is an artifact, and a parameter needs a text",
            hint: "pass it under arguments.artifacts with 'from'")
    }
}
