public import Diagnostics
import Expressions
import WorkflowModel

/// Resolves references, merges defaults, finds every fault and compiles a workflow to a plan.
public struct Planner {
    var faults = Faults()
    let input: PlanningInput
    let mode: PlanningMode
    /// The workflow's spec with what workflowTemplateRef brings in.
    let spec: WorkflowSpec
    let specOrigin: Origin
    /// Where the top-level fields of the merged spec were written.
    let base: PlanningDocument?
    let globals: GlobalNames
    /// The documents that references may name, and those of which the templates were collected already.
    let libraries: [TemplateScope: PlanningDocument]
    var collected: Set<TemplateScope> = []
    /// Templates by key, with defaults merged in, and where they were written.
    var sources: [TemplateKey: (template: Template, origin: Origin)] = [:]
    var names: [TemplateScope: [String]] = [:]
    var producers: [TemplateKey: Producer] = [:]
    var index: [TemplateKey: TemplateIndex] = [:]
    var templates: [PlannedTemplate?] = []
    var pending: [PendingTemplate] = []
    /// The template that is being compiled; nil while the workflow's own fields are.
    var current: TemplateIndex?
    /// The texts compiled so far of the template that is being compiled.
    var mentions: [Mention] = []
    /// Calls to check once the called templates are compiled.
    var calls: [Call] = []
    var lateReferences: [LateReference] = []
    /// What hooks get that say nothing of arguments.
    var workflowArguments = PlannedArguments(parameters: [], artifacts: [])
    /// Fields that this engine cannot carry out, or has no use for.
    var support: [SupportFinding] = []

    struct PendingTemplate {
        var key: TemplateKey
        var slot: TemplateIndex
        var template: Template
        var origin: Origin
        /// What an inline template sees of the step it is written in; nil for any other.
        var outer: ReferenceScope.Outer?
    }

    struct Call {
        /// nil: the workflow itself.
        var caller: TemplateIndex?
        var target: TemplateIndex
        /// nil: nothing is said about them here.
        var arguments: PlannedArguments?
        var origin: Origin
        /// Run by a hook of the workflow, where `workflow.failures` is known.
        var isWorkflowHook = false
        /// Inputs that nobody supplies are told as warnings: Argo does not look at this call.
        var isLenient = false
        /// Arguments that the template does not take are told.
        var tellsExtra = true
    }

    /// Plans a workflow that is to run.
    public static func plan(_ input: PlanningInput) -> PlanningResult {
        var planner = Planner(input, .run)
        let plan = planner.plan()
        return PlanningResult(plan: planner.faults.hasErrors ? nil : plan, diagnostics: planner.faults.sorted)
    }

    /// Finds the faults of a Workflow, WorkflowTemplate or ClusterWorkflowTemplate that need not be runnable as it stands: values of the
    /// workflow's arguments may be missing, a template needs no entry point, and nothing is refused that only this engine cannot run.
    public static func check(_ input: PlanningInput) -> [Diagnostic] {
        var planner = Planner(input, .check)
        _ = planner.plan()
        return LintFaults.sorted(planner.faults.sorted + Self.lint(input))
    }

    private init(_ input: PlanningInput, _ mode: PlanningMode) {
        self.input = input
        self.mode = mode
        var libraries: [TemplateScope: PlanningDocument] = [:]
        for document in input.library {
            guard let scope = TemplateScope(document.workflow), libraries[scope] == nil else { continue }
            libraries[scope] = document
        }
        self.libraries = libraries
        let workflow = input.workflow.workflow
        self.base = workflow.spec.workflowTemplateRef.flatMap { libraries[$0.clusterScope ? .cluster($0.name) : .namespaced($0.name)] }
        self.spec = self.base.map { WorkflowSpec(StrategicMerge.merge(workflow.spec.raw, onto: $0.workflow.spec.raw)) } ?? workflow.spec
        self.specOrigin = Origin(document: input.workflow, path: FieldPath("spec"))
        self.globals = GlobalNames(input, spec: self.spec, base: self.base, mode: mode)
    }

    /// The place of a merged field: where the workflow says it, or else where the referenced template does.
    func specField(_ name: String) -> Origin {
        if let base = self.base, self.input.workflow.workflow.spec.raw[name] == nil {
            return Origin(document: base, path: FieldPath("spec").field(name))
        }
        return self.specOrigin.field(name)
    }

    var isWorkflow: Bool { self.input.workflow.workflow.kind == .workflow }

    private mutating func plan() -> Plan? {
        let workflow = self.input.workflow.workflow
        self.checkReference(workflow)
        self.checkObject()
        self.collect(self.input.workflow, .local)
        if let base = self.base { self.collect(base, .local) }
        let resolved = self.entrypoint(workflow)
        let arguments = self.arguments(self.spec.arguments, origin: self.specField("arguments"))
        self.workflowArguments = arguments
        self.checkWorkflowArguments()
        let hooks = self.workflowHooks()
        let parts = self.workflowParts()
        self.judgeWorkflowMentions()
        for name in (self.names[.local] ?? []).sorted() { _ = self.slot(of: TemplateKey(scope: .local, name: name)) }
        while let next = self.pending.popLast() { self.compile(next) }
        if let resolved, self.isWorkflow {
            self.calls.append(
                Call(caller: nil, target: resolved, arguments: arguments, origin: self.specField("entrypoint"), tellsExtra: false))
        }
        for call in self.calls { self.checkCall(call) }
        self.judgeLateReferences(entrypoint: resolved)
        self.tellSupport()
        guard let entrypoint = resolved else { return nil }
        let compiled = self.templates.compactMap { $0 }
        guard compiled.count == self.templates.count, !self.faults.hasErrors else { return nil }
        let metadata = workflow.metadata
        return Plan(
            name: metadata.name ?? "", namespace: metadata.namespace ?? "default", uid: metadata.uid ?? "",
            createdAt: metadata.creationTimestamp ?? Timestamp(milliseconds: 0), labels: self.stamped(metadata.labels, "labels"),
            annotations: self.stamped(metadata.annotations, "annotations"), serviceAccountName: self.spec.serviceAccountName ?? "default",
            priority: self.spec.priority, entrypointName: self.spec.entrypoint ?? "", templates: compiled, entrypoint: entrypoint,
            arguments: arguments, onExit: hooks.exit, hooks: hooks.others, synchronization: parts.synchronization, metrics: parts.metrics,
            podSpecPatch: parts.podSpecPatch,
            podMetadata: self.spec.raw["podMetadata"].flatMap { self.compiled($0, self.specField("podMetadata")) },
            startsSuspended: self.spec.raw["suspend"]?.bool ?? false, computedLabels: parts.computedLabels,
            parallelism: self.spec.parallelism, activeDeadlineSeconds: self.spec.activeDeadlineSeconds, volumes: parts.volumes,
            claimNames: self.spec.volumeClaimTemplates.compactMap { $0["metadata"]?["name"]?.string },
            lifecycle: PlannedLifecycle(self.spec),
            resources: self.input.resources, index: self.index, readYAML: self.input.readYAML ?? YAMLFault.jsonOnly)
    }

    /// The workflow's labels or annotations with those that `workflowMetadata` puts on it.
    private func stamped(_ own: [(key: String, value: String)], _ field: String) -> [(key: String, value: String)] {
        guard let added = self.spec.raw["workflowMetadata"]?[field]?.object else { return own }
        return own.filter { added[$0.key] == nil } + added.compactMap { key, value in value.scalarText.map { (key: key, value: $0) } }
    }

    private mutating func compile(_ next: PendingTemplate) {
        self.current = next.slot
        self.mentions = []
        self.templates[next.slot.value] = self.template(next)
        self.current = nil
    }

    private mutating func checkReference(_ workflow: Workflow) {
        guard let reference = workflow.spec.workflowTemplateRef else { return }
        if workflow.kind == .workflow, !workflow.spec.templates.isEmpty {
            self.faults.add(
                .templateType, at: self.specOrigin.field("templates"), atKey: true,
                "a workflow with workflowTemplateRef may not have templates of its own",
                hint: "move the templates to WorkflowTemplate '\(reference.name)', or drop workflowTemplateRef")
        }
        guard self.base == nil else { return }
        let kind = reference.clusterScope ? WorkflowKind.clusterWorkflowTemplate : .workflowTemplate
        self.unknownWorkflowTemplate(reference.name, kind, self.specOrigin.field("workflowTemplateRef").field("name"))
    }

    mutating func unknownWorkflowTemplate(_ name: String, _ kind: WorkflowKind, _ origin: Origin) {
        let known = self.input.library.filter { $0.workflow.kind == kind }.compactMap(\.workflow.metadata.name)
        let listed = known.isEmpty ? "no \(kind.rawValue) was given" : Spelling.list("given", known)
        self.faults.add(
            .unknownWorkflowTemplate, at: origin, word: name, "\(kind.rawValue) '\(name)' is not among the files given",
            hint: "\(Spelling.question(name, among: known))\(listed); \(Faults.giveOrStore)")
    }

    private mutating func entrypoint(_ workflow: Workflow) -> TemplateIndex? {
        guard let name = self.spec.entrypoint, !name.isEmpty else {
            // While a referenced template is missing nobody can tell what it would have brought.
            if workflow.kind == .workflow, workflow.spec.workflowTemplateRef == nil || self.base != nil {
                let names = self.names[.local] ?? []
                self.faults.add(
                    .missingEntrypoint, at: self.specOrigin, atKey: true, "spec.entrypoint is required",
                    hint: names.isEmpty ? nil : Spelling.list("name the template to start from", names))
            }
            return nil
        }
        if self.base == nil, workflow.spec.workflowTemplateRef != nil { return nil }
        return self.resolve(name, in: .local, at: self.specField("entrypoint"))
    }
}

// MARK: Templates by name

extension TemplateScope {
    /// Where references find the templates of an object; nil for a Workflow, whose templates only itself can use.
    init?(_ object: Workflow) {
        let name = object.metadata.name ?? ""
        switch object.kind {
        case .workflowTemplate: self = .namespaced(name)
        case .clusterWorkflowTemplate: self = .cluster(name)
        case .workflow: return nil
        }
    }
}

extension Planner {
    /// Takes the templates of a document in and lays the defaults under them. Of a library's templates only those that are used are judged;
    /// their names are judged when the library itself is checked.
    private mutating func collect(_ document: PlanningDocument, _ scope: TemplateScope) {
        var seen: [String: Int] = [:]
        let isOwn = scope == .local
        let templates = Origin(document: document, path: FieldPath("spec.templates"))
        for (at, template) in document.workflow.spec.templates.enumerated() {
            let origin = templates.index(at)
            guard let name = template.name, !name.isEmpty else {
                if isOwn { self.faults.add(.badName, at: origin, "\(origin.path).name is required", hint: "give the template a name") }
                continue
            }
            if isOwn { self.checkName(name, origin.field("name"), what: "template") }
            if let first = seen[name] {
                if isOwn {
                    self.faults.add(
                        .duplicateName, at: origin.field("name"), word: name,
                        "template name '\(name)' is not unique: spec.templates[\(first)] has it too", hint: "rename one of them")
                }
                continue
            }
            seen[name] = at
            let key = TemplateKey(scope: scope, name: name)
            guard self.sources[key] == nil else { continue }
            self.sources[key] = (self.withDefaults(template), origin)
            self.names[scope, default: []].append(name)
        }
    }

    /// The running workflow's defaults reach every template, those of referenced objects too.
    func withDefaults(_ template: Template) -> Template {
        guard let defaults = self.spec.templateDefaults else { return template }
        return Template(StrategicMerge.applyDefaults(defaults, to: template.raw))
    }

    private mutating func source(of key: TemplateKey) -> (template: Template, origin: Origin)? {
        if let library = self.libraries[key.scope], self.collected.insert(key.scope).inserted { self.collect(library, key.scope) }
        return self.sources[key]
    }

    /// The place of a named template, compiled later; nil and a fault when there is none.
    mutating func resolve(_ name: String, in scope: TemplateScope, at origin: Origin) -> TemplateIndex? {
        if let found = self.slot(of: TemplateKey(scope: scope, name: name)) { return found }
        let known = self.names[scope] ?? []
        let place =
            switch scope {
            case .local: ""
            case .namespaced(let library): " of WorkflowTemplate '\(library)'"
            case .cluster(let library): " of ClusterWorkflowTemplate '\(library)'"
            }
        self.faults.add(
            .unknownTemplate, at: origin, word: name, "template name '\(name)'\(place) undefined",
            hint: known.isEmpty
                ? "there are no templates\(place)" : Spelling.question(name, among: known) + Spelling.list("templates\(place)", known))
        return nil
    }

    mutating func slot(of key: TemplateKey) -> TemplateIndex? {
        if let known = self.index[key] { return known }
        guard let source = self.source(of: key) else { return nil }
        let slot = self.reserve(key, source.template, source.origin)
        self.index[key] = slot
        return slot
    }

    /// - Parameter outer: for an inline template, what it sees of the step it is written in.
    mutating func reserve(_ key: TemplateKey, _ template: Template, _ origin: Origin, outer: ReferenceScope.Outer? = nil) -> TemplateIndex {
        self.templates.append(nil)
        let slot = TemplateIndex(self.templates.count - 1)
        self.pending.append(PendingTemplate(key: key, slot: slot, template: template, origin: origin, outer: outer))
        return slot
    }

    /// What others can read of a node that runs the template of that name.
    mutating func producer(_ key: TemplateKey) -> Producer? {
        if let known = self.producers[key] { return known }
        guard let source = self.source(of: key) else { return nil }
        let producer = Producer(source.template)
        self.producers[key] = producer
        return producer
    }
}
