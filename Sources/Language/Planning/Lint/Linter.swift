public import Diagnostics
import WorkflowModel

extension Planner {
    /// Finds what Argo accepts and is still most likely a mistake: warnings and hints, in no order. `check` has them among its own.
    public static func lint(_ input: PlanningInput) -> [Diagnostic] { Linter.check(input) }
}

/// Finds what Argo accepts and is still most likely a mistake: things that nobody uses, values that cannot fit, conditions that never hold.
///
/// It looks at the text of one document; the library only tells what references lead to. It never speaks of errors, because what Argo
/// accepts may run, and it is silent where it cannot be sure. What is refused is found by `Planner`.
struct Linter {
    var faults = LintFaults()
    let input: PlanningInput
    var catalog: TemplateCatalog
    /// The document's templates, those written inside steps among them.
    let templates: [LintedTemplate]
    /// What the spec mentions outside of its templates.
    let specMentions: MentionScan
    /// Every step, task and hook of the document that calls a template.
    private(set) var calls: [TemplateCall] = []
    /// The calls by their place among the templates and the name of the step.
    private(set) var steps: [StepName: Int] = [:]
    /// What templates want of their inputs, as far as that was asked.
    var demands: [TemplatePlace: [String: ValueDemand]] = [:]
    /// How many templates call one another where that is being asked.
    var demandDepth = 0
    /// What may still be spent on trying cases: bytes of conditions, states of formulas.
    var budget = 4 << 20

    struct StepName: Hashable {
        var owner: Int?
        var name: String
    }

    /// - Returns: warnings and hints, in no order.
    static func check(_ input: PlanningInput) -> [Diagnostic] {
        var linter = Linter(input)
        linter.check()
        return linter.faults.list
    }

    private init(_ input: PlanningInput) {
        self.input = input
        self.catalog = TemplateCatalog(input)
        self.templates = LintedTemplate.all(of: input.workflow)
        var mentions = MentionScan()
        for (key, value) in input.workflow.workflow.spec.raw.object ?? JSONObject() where key != "templates" {
            mentions.read(value, key: key)
        }
        self.specMentions = mentions
        for (owner, template) in self.templates.enumerated() {
            self.calls += TemplateCall.all(of: template, owner: owner, in: &self.catalog)
        }
        for (at, call) in self.calls.enumerated() {
            guard let step = call.step else { continue }
            let name = StepName(owner: call.owner, name: step.name)
            if self.steps[name] == nil { self.steps[name] = at }
        }
    }

    var workflow: Workflow { self.input.workflow.workflow }
    var spec: WorkflowSpec { self.workflow.spec }
    var specOrigin: Origin { Origin(document: self.input.workflow, path: FieldPath("spec")) }

    private mutating func check() {
        self.checkUnused()
        self.checkCalls()
        self.checkConditions()
        self.checkNames()
        self.checkPods()
        self.checkResources()
        self.checkSpellings()
    }
}

/// A template of the document that is looked at.
struct LintedTemplate {
    var template: Template
    var origin: Origin
    /// Its place in `spec.templates`; nil when it is written inside a step.
    var index: Int?
    var mentions: MentionScan

    /// `template 'main'`, or what else it can be called.
    var title: String {
        self.index == nil ? "the inline template" : "template '\(self.template.name ?? "")'"
    }

    static func all(of document: PlanningDocument) -> [LintedTemplate] {
        var found: [LintedTemplate] = []
        let list = FieldPath("spec.templates")
        for (index, template) in document.workflow.spec.templates.enumerated() {
            Self.add(template, Origin(document: document, path: list.index(index)), index, to: &found)
        }
        return found
    }

    private static func add(_ template: Template, _ origin: Origin, _ index: Int?, to found: inout [LintedTemplate]) {
        var mentions = MentionScan()
        mentions.read(template.raw)
        found.append(LintedTemplate(template: template, origin: origin, index: index, mentions: mentions))
        for (step, place) in template.placedSteps(origin) {
            if let inline = step.inline { Self.add(inline, place.field("inline"), nil, to: &found) }
        }
    }
}

extension Template {
    /// Its steps or tasks and where they are written.
    func placedSteps(_ origin: Origin) -> [(step: WorkflowStep, origin: Origin)] {
        var placed: [(step: WorkflowStep, origin: Origin)] = []
        let list = origin.field("steps")
        for (group, steps) in self.steps.enumerated() {
            for (at, step) in steps.enumerated() { placed.append((step, list.index(group).index(at))) }
        }
        let tasks = origin.field("dag").field("tasks")
        for (at, task) in (self.dag?.tasks ?? []).enumerated() { placed.append((task, tasks.index(at))) }
        return placed
    }

    var isDAG: Bool { self.dag != nil }
}

/// Texts of manifests that are one simple tag.
enum SimpleTag {
    /// The name in `{{ name }}`; nil for any other text.
    static func name(_ text: String) -> String? {
        guard text.hasPrefix("{{"), text.hasSuffix("}}"), text.utf8.count >= 4 else { return nil }
        let inside = text.utf8.dropFirst(2).dropLast(2)
        guard inside.first != UInt8(ascii: "="), !inside.contains(UInt8(ascii: "{")), !inside.contains(UInt8(ascii: "}")) else {
            return nil
        }
        return String(Substring(inside)).trimmed
    }

    /// `x` of `{{inputs.parameters.x}}`.
    static func inputParameter(_ text: String) -> String? {
        guard let name = self.name(text), name.hasPrefix("inputs.parameters.") else { return nil }
        return String(name.dropFirst("inputs.parameters.".count))
    }
}

extension String {
    var trimmed: String {
        guard let first = self.firstIndex(where: { !$0.isWhitespace }), let last = self.lastIndex(where: { !$0.isWhitespace }) else {
            return ""
        }
        return String(self[first...last])
    }
}
