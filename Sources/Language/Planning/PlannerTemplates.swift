import Diagnostics
import Expressions
import WorkflowModel

/// Compiling templates.
extension Planner {
    mutating func template(_ next: PendingTemplate) -> PlannedTemplate? {
        let (template, origin) = (next.template, next.origin)
        self.checkTemplate(template, origin)
        guard template.types.count == 1, let type = template.types.first else {
            let given = template.types.map(\.rawValue).joined(separator: ", ")
            self.faults.add(
                .templateType, at: origin,
                template.types.isEmpty ? "template type unspecified" : "multiple template types specified: \(given)",
                hint: "give exactly one of container, script, steps, dag, suspend, containerSet, resource, http, data, plugin")
            return nil
        }
        self.findUnsupported(in: template, origin)
        let inputs = self.parameters(template.inputs.parameters, origin.field("inputs").field("parameters"))
        let inputArtifacts = self.artifacts(template.inputs.artifacts, origin.field("inputs").field("artifacts"))
        let built = self.body(type, next)
        let outputs = self.parameters(template.outputs.parameters, origin.field("outputs").field("parameters"))
        let outputArtifacts = self.artifacts(template.outputs.artifacts, origin.field("outputs").field("artifacts"))
        let retry = self.retry(template, origin)
        let parts = self.parts(of: template, origin)
        let timeouts = self.timeouts(of: template, origin)
        let end = self.mentions.count
        let metrics = self.metrics(template.raw["metrics"], origin.field("metrics"))
        self.judge(template, next, built.names, metricsFrom: end)
        guard var body = built.body else { return nil }
        self.keepReadResults(&body)
        return PlannedTemplate(
            key: next.key, isInline: next.outer != nil, type: type, body: body, inputs: inputs, inputArtifacts: inputArtifacts,
            outputs: outputs, outputArtifacts: outputArtifacts, retry: retry, parallelism: template.parallelism,
            failFast: template.failFast ?? false, timeout: timeouts.timeout, pendingTimeout: timeouts.pending,
            activeDeadlineSeconds: timeouts.deadline, displayName: timeouts.displayName, isDaemon: template.daemon,
            synchronization: parts.synchronization, memoize: parts.memoize, metrics: metrics, sidecars: parts.sidecars,
            initContainers: parts.initContainers, podSpecPatch: parts.podSpecPatch, archiveLocation: parts.archiveLocation,
            archivesLogs: parts.archivesLogs, clusterFields: parts.clusterFields)
    }

    /// The texts outside of steps and tasks, which were judged with them.
    private mutating func judge(_ template: Template, _ next: PendingTemplate, _ names: TemplateNames, metricsFrom end: Int) {
        var scope = ReferenceScope(names: names, sight: names.sites == nil ? .none : .all, outer: next.outer)
        scope.handled = Self.namesWithDefault(in: template.outputs, names.sites)
        self.judge(self.mentions[..<end].filter { !$0.isJudged }, in: scope)
        scope.isMetric = true
        // Argo looks into the metrics of leaf templates only.
        scope.isLenient = names.sites != nil
        self.judge(self.mentions[end...], in: scope)
    }

    /// The references of outputs that have something to fall back on.
    private static func namesWithDefault(in outputs: Outputs, _ sites: SiteTable?) -> Set<String> {
        guard sites != nil else { return [] }
        var names: Set<String> = []
        for output in outputs.parameters {
            guard let from = output.valueFrom, from.default != nil, let text = from.parameter else { continue }
            names.insert((try? TemplateText(text))?.singleTagName ?? text)
        }
        for output in outputs.artifacts where output.optional {
            if let from = output.from, let name = (try? TemplateText(from))?.singleTagName { names.insert(name) }
        }
        return names
    }

    private mutating func body(_ type: TemplateType, _ next: PendingTemplate) -> (body: PlannedTemplate.Body?, names: TemplateNames) {
        let (template, origin) = (next.template, next.origin)
        let plain = { TemplateNames(template) }
        switch type {
        case .container, .script: return (self.pod(type, template, origin).map { .pod($0) }, plain())
        case .steps:
            let (steps, names) = self.steps(next)
            return (.steps(steps), names)
        case .dag:
            guard let dag = template.dag else { return (nil, plain()) }
            let (planned, names) = self.dag(dag, next)
            return (planned.map { .dag($0) }, names)
        case .suspend:
            let duration = template.raw["suspend"]?["duration"]?.scalarText
            return (.suspend(self.duration(duration, origin.field("suspend").field("duration"))), plain())
        case .containerSet: return (self.containerSet(template, origin).map { .containerSet($0) }, plain())
        case .resource: return (self.resource(template, origin).map { .resource($0) }, plain())
        case .data: return (self.data(template, origin).map { .data($0) }, plain())
        case .http: return (self.http(template, origin).map { .http($0) }, plain())
        case .plugin: return (self.plugin(template, origin).map { .plugin($0) }, plain())
        }
    }

    /// Marks the steps and tasks whose standard output somebody reads.
    private func keepReadResults(_ body: inout PlannedTemplate.Body) {
        var readers = ResultReaders()
        for mention in self.mentions { readers.add(mention) }
        switch body {
        case .steps(var steps):
            for (at, step) in steps.steps.enumerated() where readers.reads(step.name) { steps.steps[at] = step.capturing }
            body = .steps(steps)
        case .dag(var dag):
            for (at, task) in dag.tasks.enumerated() where readers.reads(task.name) { dag.tasks[at] = task.capturing }
            body = .dag(dag)
        case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: break
        }
    }

    private mutating func pod(_ type: TemplateType, _ template: Template, _ origin: Origin) -> PlannedPod? {
        guard var container = template.raw[type.rawValue]?.object else { return nil }
        let place = origin.field(type.rawValue)
        let source = container["source"]?.string
        container["source"] = nil
        let hasImage = !(container["image"]?.string?.isEmpty ?? true)
        if !hasImage {
            self.faults.add(
                .badContainer, at: place, atKey: true, "\(type.rawValue) needs an image",
                hint: "Skiff uses it to find the program and to run the same file on a cluster")
        }
        self.checkMounts(of: .object(container), place, template, origin)
        let compiled = self.compiled(.object(container), place)
        let text = self.text(source, place.field("source"))
        let (volumes, security) = self.volumes(of: template, origin)
        guard let compiled, hasImage else { return nil }
        return PlannedPod(container: compiled, source: text, volumes: volumes, securityContext: security)
    }

    /// The template's own volumes, and its security context or the workflow's.
    mutating func volumes(of template: Template, _ origin: Origin) -> (volumes: [CompiledValue], security: CompiledValue?) {
        let volumes = self.compiledList(template.raw["volumes"], origin.field("volumes"))
        if let own = template.raw["securityContext"], !own.isNull { return (volumes, self.compiled(own, origin.field("securityContext"))) }
        guard let inherited = self.spec.raw["securityContext"], !inherited.isNull else { return (volumes, nil) }
        return (volumes, self.compiled(inherited, self.specField("securityContext")))
    }

    private mutating func timeouts(of template: Template, _ origin: Origin) -> (
        timeout: TemplateText?, pending: TemplateText?, deadline: TemplateText?, displayName: TemplateText?
    ) {
        let display = template.annotations.first { $0.key == "workflows.argoproj.io/display-name" }?.value
        return (
            self.duration(template.timeout, origin.field("timeout")),
            self.duration(template.raw["pendingTimeout"]?.scalarText, origin.field("pendingTimeout")),
            self.text(template.activeDeadlineSeconds, origin.field("activeDeadlineSeconds")),
            self.text(display, origin.field("annotations"))
        )
    }

    private struct Parts {
        var synchronization: PlannedSynchronization?
        var memoize: PlannedMemoize?
        var sidecars: [CompiledValue] = []
        var initContainers: [CompiledValue] = []
        var podSpecPatch: TemplateText?
        var archiveLocation: CompiledValue?
        var archivesLogs = false
        var clusterFields: CompiledValue?
    }

    private static let clusterFields = [
        "metadata", "nodeSelector", "affinity", "tolerations", "schedulerName", "priorityClassName", "hostAliases", "serviceAccountName",
        "automountServiceAccountToken", "executor", "podResources", "resourceClaims",
    ]

    private mutating func parts(of template: Template, _ origin: Origin) -> Parts {
        let raw = template.raw
        var parts = Parts()
        parts.synchronization = self.synchronization(raw["synchronization"], origin.field("synchronization"))
        parts.memoize = self.memoize(raw["memoize"], origin.field("memoize"))
        parts.sidecars = self.compiledList(raw["sidecars"], origin.field("sidecars"))
        parts.initContainers = self.compiledList(raw["initContainers"], origin.field("initContainers"))
        parts.podSpecPatch = self.text(raw["podSpecPatch"]?.string, origin.field("podSpecPatch"))
        if let location = raw["archiveLocation"], !location.isNull {
            let place = origin.field("archiveLocation")
            self.checkLocation(location, of: "the archive location", place)
            parts.archiveLocation = self.compiled(location, place)
        }
        parts.archivesLogs =
            self.input.archivesLogs || raw["archiveLocation"]?["archiveLogs"]?.bool ?? self.spec.raw["archiveLogs"]?.bool ?? false
        var others = JSONObject()
        var values: [(key: TemplateText, value: CompiledValue)] = []
        for name in Self.clusterFields {
            guard let value = raw[name], !value.isNull, let key = try? TemplateText(name) else { continue }
            others[name] = value
            if let compiled = self.compiled(value, origin.field(name)) { values.append((key, compiled)) }
        }
        if !values.isEmpty { parts.clusterFields = values.allSatisfy(\.value.isLiteral) ? .literal(.object(others)) : .object(values) }
        return parts
    }
}
