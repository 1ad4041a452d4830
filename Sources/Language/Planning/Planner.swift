public import Diagnostics
import Expressions
import WorkflowModel

/// Resolves references, merges defaults, finds every fault and compiles a workflow to a plan.
public struct Planner {
    var faults = Faults()
    let input: PlanningInput
    /// The workflow's spec with what workflowTemplateRef brings in.
    var spec: WorkflowSpec
    /// Templates by key: the JSON with defaults merged in, and where it was written.
    var sources: [TemplateKey: (template: Template, origin: Origin)] = [:]
    var index: [TemplateKey: TemplateIndex] = [:]
    var templates: [PlannedTemplate?] = []
    var pending: [(key: TemplateKey, slot: Int, template: Template, origin: Origin, isInline: Bool)] = []
    /// Calls to check once the called templates are compiled.
    var calls: [(target: TemplateIndex, arguments: PlannedArguments, origin: Origin)] = []
    /// Where the top-level fields of the merged spec were written.
    let base: PlanningDocument?

    /// Plans a workflow that is to run.
    public static func plan(_ input: PlanningInput) -> PlanningResult {
        var planner = Planner(input)
        let plan = planner.plan(isRunnable: true)
        return PlanningResult(plan: planner.faults.hasErrors ? nil : plan, diagnostics: planner.faults.sorted)
    }

    /// Finds the faults of a Workflow, WorkflowTemplate or ClusterWorkflowTemplate that need not be runnable as it stands: argument values may
    /// be missing, and a template needs no entry point.
    public static func check(_ input: PlanningInput) -> [Diagnostic] {
        var planner = Planner(input)
        _ = planner.plan(isRunnable: false)
        return LintFaults.sorted(planner.faults.sorted + Self.lint(input))
    }

    private init(_ input: PlanningInput) {
        self.input = input
        let workflow = input.workflow.workflow
        if let reference = workflow.spec.workflowTemplateRef,
            let base = input.library.first(where: {
                $0.workflow.metadata.name == reference.name
                    && $0.workflow.kind == (reference.clusterScope ? .clusterWorkflowTemplate : .workflowTemplate)
            })
        {
            self.base = base
            self.spec = WorkflowSpec(SpecMerge.merge(workflow.spec.raw, onto: base.workflow.spec.raw))
        } else {
            self.base = nil
            self.spec = workflow.spec
        }
    }

    var specOrigin: Origin { Origin(document: self.input.workflow, path: FieldPath("spec")) }

    /// The template of a merged field: where the workflow says it, or else where the referenced template does.
    func specField(_ name: String) -> Origin {
        if let base = self.base, self.input.workflow.workflow.spec.raw[name] == nil {
            return Origin(document: base, path: FieldPath("spec").field(name))
        }
        return self.specOrigin.field(name)
    }

    private mutating func plan(isRunnable: Bool) -> Plan? {
        let workflow = self.input.workflow.workflow
        self.checkReference(workflow)
        self.checkSpec(isRunnable: isRunnable)
        self.collectTemplates()
        let resolved = self.entrypoint(workflow, isRunnable: isRunnable)
        let onExit = self.exitHook(
            onExit: self.spec.onExit, hooks: self.spec.hooks, scope: .local, origin: self.specOrigin, isWorkflow: true)
        let arguments = self.arguments(self.spec.arguments, origin: self.specField("arguments"))
        let volumes = self.spec.volumes.enumerated().compactMap { at, volume in self.compiled(volume, self.specField("volumes").index(at)) }
        for key in self.sources.keys.filter({ $0.scope == .local }).sorted(by: { $0.name < $1.name }) { _ = self.slot(of: key) }
        while let next = self.pending.popLast() {
            self.templates[next.slot] = self.template(next.key, next.template, next.origin, isInline: next.isInline)
        }
        for call in self.calls { self.checkCall(call.target, call.arguments, call.origin) }
        guard let entrypoint = resolved else { return nil }
        if isRunnable {
            self.checkValues(self.spec.arguments)
            self.checkCall(entrypoint, arguments, self.specField("entrypoint"))
        }
        let compiled = self.templates.compactMap { $0 }
        guard compiled.count == self.templates.count, !self.faults.hasErrors else { return nil }
        return Plan(
            name: workflow.metadata.name ?? "", namespace: workflow.metadata.namespace ?? "default", uid: workflow.metadata.uid ?? "",
            createdAt: workflow.metadata.creationTimestamp ?? Timestamp(milliseconds: 0), labels: workflow.metadata.labels,
            annotations: workflow.metadata.annotations, serviceAccountName: self.spec.serviceAccountName ?? "default",
            priority: self.spec.priority, entrypointName: self.spec.entrypoint ?? "", templates: compiled, entrypoint: entrypoint,
            arguments: arguments, onExit: onExit, parallelism: self.spec.parallelism,
            activeDeadlineSeconds: self.spec.activeDeadlineSeconds,
            volumes: volumes, claimNames: self.spec.volumeClaimTemplates.compactMap { $0["metadata"]?["name"]?.string },
            resources: self.input.resources, index: self.index)
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
        let guess = Spelling.closest(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
        let listed = known.isEmpty ? "no \(kind.rawValue) was given" : "given: \(known.sorted().joined(separator: ", "))"
        self.faults.add(
            .unknownWorkflowTemplate, at: origin, word: name, "\(kind.rawValue) '\(name)' is not among the files given",
            hint: "\(guess)\(listed); name its file in the same call")
    }

    private mutating func entrypoint(_ workflow: Workflow, isRunnable: Bool) -> TemplateIndex? {
        guard let name = self.spec.entrypoint, !name.isEmpty else {
            // While a referenced template is missing nobody can tell what it would have brought.
            if workflow.kind == .workflow, workflow.spec.workflowTemplateRef == nil || self.base != nil {
                self.faults.add(
                    .missingEntrypoint, at: self.specOrigin, atKey: true, "spec.entrypoint is required",
                    hint: self.sources.isEmpty ? nil : "name the template to start from: \(self.names(in: .local))")
            }
            return nil
        }
        if self.base == nil, workflow.spec.workflowTemplateRef != nil { return nil }
        return self.resolve(name, in: .local, at: self.specField("entrypoint"))
    }

    /// Finds the templates of every document and lays the defaults under them.
    private mutating func collectTemplates() {
        var places: [(document: PlanningDocument, scope: TemplateScope)] = [(self.input.workflow, .local)]
        if let base = self.base { places.append((base, .local)) }
        for document in self.input.library {
            let name = document.workflow.metadata.name ?? ""
            switch document.workflow.kind {
            case .workflowTemplate: places.append((document, .namespaced(name)))
            case .clusterWorkflowTemplate: places.append((document, .cluster(name)))
            case .workflow: break
            }
        }
        for (document, scope) in places {
            var seen: [String: Int] = [:]
            for (at, template) in document.workflow.spec.templates.enumerated() {
                let origin = Origin(document: document, path: FieldPath("spec.templates").index(at))
                let isOwn = scope == .local
                guard let name = template.name, !name.isEmpty else {
                    if isOwn { self.faults.add(.badName, at: origin, "\(origin.path).name is required", hint: "give the template a name") }
                    continue
                }
                if isOwn { self.checkName(name, origin.field("name"), what: "template") }
                if let first = seen[name] {
                    if isOwn {
                        self.faults.add(
                            .duplicateName, at: origin.field("name"),
                            "template name '\(name)' is used twice: spec.templates[\(first)] has it too",
                            hint: "rename one of them")
                    }
                    continue
                }
                seen[name] = at
                let key = TemplateKey(scope: scope, name: name)
                if self.sources[key] == nil { self.sources[key] = (self.withDefaults(template), origin) }
            }
        }
    }

    /// The running workflow's defaults reach every template, those of referenced objects too.
    func withDefaults(_ template: Template) -> Template {
        guard let defaults = self.spec.templateDefaults else { return template }
        return Template(SpecMerge.applyDefaults(defaults, to: template.raw))
    }

    func names(in scope: TemplateScope) -> String {
        let names = self.sources.keys.filter { $0.scope == scope }.map(\.name).sorted()
        return names.count > 12 ? names.prefix(12).joined(separator: ", ") + ", …" : names.joined(separator: ", ")
    }

    /// The place of a named template, compiled later; nil and a fault when there is none.
    mutating func resolve(_ name: String, in scope: TemplateScope, at origin: Origin) -> TemplateIndex? {
        if let found = self.slot(of: TemplateKey(scope: scope, name: name)) { return found }
        let known = self.sources.keys.filter { $0.scope == scope }.map(\.name)
        let guess = Spelling.closest(to: name, among: known).map { "did you mean '\($0)'? " } ?? ""
        let place =
            switch scope {
            case .local: ""
            case .namespaced(let library): " of WorkflowTemplate '\(library)'"
            case .cluster(let library): " of ClusterWorkflowTemplate '\(library)'"
            }
        self.faults.add(
            .unknownTemplate, at: origin, word: name, "template name '\(name)'\(place) undefined",
            hint: known.isEmpty ? "there are no templates\(place)" : "\(guess)templates\(place): \(self.names(in: scope))")
        return nil
    }

    mutating func slot(of key: TemplateKey) -> TemplateIndex? {
        if let known = self.index[key] { return known }
        guard let source = self.sources[key] else { return nil }
        let slot = self.reserve(key, source.template, source.origin, isInline: false)
        self.index[key] = slot
        return slot
    }

    mutating func reserve(_ key: TemplateKey, _ template: Template, _ origin: Origin, isInline: Bool) -> TemplateIndex {
        self.templates.append(nil)
        self.pending.append((key, self.templates.count - 1, template, origin, isInline))
        return TemplateIndex(self.templates.count - 1)
    }
}
