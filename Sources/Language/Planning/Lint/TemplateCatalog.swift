import WorkflowModel

/// Where a template stands: in which document, and at which place of its `spec.templates`.
struct TemplatePlace: Hashable {
    var document: Int
    var template: Int
}

/// The templates that references of a document can lead to.
struct TemplateCatalog {
    private struct ObjectName: Hashable {
        var isCluster: Bool
        var name: String
    }

    /// The document itself comes first.
    let documents: [PlanningDocument]
    /// What `workflowTemplateRef` brings in.
    private(set) var base: Int?
    /// Made when the first reference is looked up.
    private var objects: [ObjectName: Int]?
    private var tables: [Int: [String: Int]] = [:]
    private var names: [TemplatePlace: PartNames] = [:]

    static let own = 0

    init(_ input: PlanningInput) {
        self.documents = [input.workflow] + input.library
        self.base = nil
        if let reference = input.workflow.workflow.spec.workflowTemplateRef {
            self.base = self.find(ObjectName(isCluster: reference.clusterScope, name: reference.name))
        }
    }

    private mutating func find(_ name: ObjectName) -> Int? {
        if let objects = self.objects { return objects[name] }
        var objects: [ObjectName: Int] = [:]
        for (at, document) in self.documents.enumerated() {
            guard document.workflow.kind != .workflow, let name = document.workflow.metadata.name else { continue }
            let key = ObjectName(isCluster: document.workflow.kind == .clusterWorkflowTemplate, name: name)
            if objects[key] == nil { objects[key] = at }
        }
        self.objects = objects
        return objects[name]
    }

    subscript(place: TemplatePlace) -> Template { self.documents[place.document].workflow.spec.templates[place.template] }

    /// - Parameter document: where the name is written.
    mutating func find(_ name: String, from document: Int) -> TemplatePlace? {
        if let at = self.table(of: document)[name] { return TemplatePlace(document: document, template: at) }
        guard document == Self.own, let base = self.base, base != document else { return nil }
        return self.table(of: base)[name].map { TemplatePlace(document: base, template: $0) }
    }

    mutating func find(_ reference: TemplateRef) -> TemplatePlace? {
        guard let document = self.find(ObjectName(isCluster: reference.clusterScope, name: reference.name)) else { return nil }
        return self.table(of: document)[reference.template].map { TemplatePlace(document: document, template: $0) }
    }

    /// Where the parts of a template are found by name.
    mutating func names(of target: TemplateCall.Target) -> PartNames {
        switch target {
        case .template(let place):
            if let known = self.names[place] { return known }
            let names = PartNames(self[place])
            self.names[place] = names
            return names
        case .inline(let template): return PartNames(template)
        case .unknown: return PartNames(nil)
        }
    }

    private mutating func table(of document: Int) -> [String: Int] {
        if let known = self.tables[document] { return known }
        var table: [String: Int] = [:]
        for (at, template) in self.documents[document].workflow.spec.templates.enumerated() {
            if let name = template.name, table[name] == nil { table[name] = at }
        }
        self.tables[document] = table
        return table
    }
}

/// The parts of a template by name. Of two with one name the first counts.
struct PartNames {
    var inputs: [String: Parameter]
    var inputArtifacts: Set<String>
    var outputs: [String: Parameter]

    init(_ template: Template?) {
        func table(_ parameters: [Parameter]?) -> [String: Parameter] {
            Dictionary((parameters ?? []).map { ($0.name, $0) }) { first, _ in first }
        }
        self.inputs = table(template?.inputs.parameters)
        self.inputArtifacts = Set((template?.inputs.artifacts ?? []).map(\.name))
        self.outputs = table(template?.outputs.parameters)
    }
}

/// A step, task or hook that calls a template.
struct TemplateCall {
    enum Target {
        case template(TemplatePlace)
        case inline(Template)
        /// Not given, or known only while the run goes.
        case unknown
    }

    /// Its place among the templates that are looked at; nil for what the spec calls.
    var owner: Int?
    var target: Target
    var arguments: Arguments
    /// The workflow's arguments go in instead of those.
    var takesWorkflowArguments: Bool
    /// Of the step, the task or the hook.
    var origin: Origin
    /// What is written there: the step or task; nil for hooks.
    var step: WorkflowStep?

    /// The calls that the steps or tasks of a template make.
    static func all(of linted: LintedTemplate, owner: Int, in catalog: inout TemplateCatalog) -> [TemplateCall] {
        linted.template.placedSteps(linted.origin).flatMap { step, origin in
            Self.all(of: step, origin, owner: owner, from: TemplateCatalog.own, in: &catalog)
        }
    }

    /// - Parameter document: where names of templates are looked up.
    static func all(
        of step: WorkflowStep, _ origin: Origin, owner: Int?, from document: Int, in catalog: inout TemplateCatalog
    ) -> [TemplateCall] {
        let target =
            step.inline.map { Target.inline($0) }
            ?? Self.target(step.template, step.templateRef, from: document, in: &catalog)
        var calls = [
            TemplateCall(
                owner: owner, target: target, arguments: step.arguments, takesWorkflowArguments: false, origin: origin, step: step)
        ]
        if let onExit = step.onExit {
            calls.append(
                TemplateCall(
                    owner: owner, target: Self.target(onExit, nil, from: document, in: &catalog), arguments: Arguments(nil),
                    takesWorkflowArguments: true, origin: origin.field("onExit")))
        }
        return calls + Self.hooks(step.hooks, origin, owner: owner, from: document, in: &catalog)
    }

    static func hooks(
        _ hooks: [LifecycleHook], _ origin: Origin, owner: Int?, from document: Int, in catalog: inout TemplateCatalog
    ) -> [TemplateCall] {
        hooks.map { hook in
            let arguments = hook.arguments ?? Arguments(nil)
            return TemplateCall(
                owner: owner, target: Self.target(hook.template, hook.templateRef, from: document, in: &catalog), arguments: arguments,
                takesWorkflowArguments: arguments.isEmpty, origin: origin.field("hooks").field(hook.event))
        }
    }

    /// The spec's own calls, by entrypoint and onExit, which get the workflow's arguments.
    static func ofSpec(_ name: String, _ origin: Origin, in catalog: inout TemplateCatalog) -> TemplateCall {
        TemplateCall(
            target: Self.target(name, nil, from: TemplateCatalog.own, in: &catalog), arguments: Arguments(nil),
            takesWorkflowArguments: true,
            origin: origin)
    }

    private static func target(
        _ name: String?, _ reference: TemplateRef?, from document: Int, in catalog: inout TemplateCatalog
    ) -> Target {
        if let reference { return catalog.find(reference).map { .template($0) } ?? .unknown }
        return name.flatMap { catalog.find($0, from: document) }.map { .template($0) } ?? .unknown
    }
}

extension TemplateCatalog {
    /// The template that a call leads to.
    func template(_ target: TemplateCall.Target) -> Template? {
        switch target {
        case .template(let place): self[place]
        case .inline(let template): template
        case .unknown: nil
        }
    }

    /// `template 'work'`, `template 'work' of WorkflowTemplate 'tools'`.
    func title(_ target: TemplateCall.Target) -> String {
        switch target {
        case .template(let place):
            let workflow = self.documents[place.document].workflow
            let name = "template '\(self[place].name ?? "")'"
            return place.document == Self.own ? name : "\(name) of \(workflow.kind.rawValue) '\(workflow.metadata.name ?? "")'"
        case .inline: return "the inline template"
        case .unknown: return "the template"
        }
    }
}
