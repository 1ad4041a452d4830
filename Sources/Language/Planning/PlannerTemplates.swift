import Diagnostics
import Expressions
import WorkflowModel

/// Compiling templates.
extension Planner {
    mutating func template(_ key: TemplateKey, _ template: Template, _ origin: Origin, isInline: Bool) -> PlannedTemplate? {
        self.checkTemplate(template, origin)
        guard template.types.count == 1, let type = template.types.first else {
            let given = template.types.map(\.rawValue).joined(separator: ", ")
            self.faults.add(
                .templateType, at: origin,
                template.types.isEmpty ? "template type unspecified" : "multiple template types specified: \(given)",
                hint: "give exactly one of container, script, steps, dag, suspend, containerSet, resource, http, data, plugin")
            return nil
        }
        guard let body = self.body(type, template, key.scope, origin, isInline: isInline) else { return nil }
        let planned = PlannedTemplate(
            key: key, isInline: isInline, type: type, body: body,
            inputs: self.parameters(template.inputs.parameters, origin.field("inputs").field("parameters")),
            inputArtifacts: self.artifacts(template.inputs.artifacts, origin.field("inputs").field("artifacts")),
            outputs: self.parameters(template.outputs.parameters, origin.field("outputs").field("parameters")),
            outputArtifacts: self.artifacts(template.outputs.artifacts, origin.field("outputs").field("artifacts")),
            retry: self.retry(template, origin), parallelism: template.parallelism, failFast: template.failFast ?? false,
            timeout: self.duration(template.timeout, origin.field("timeout")),
            activeDeadlineSeconds: self.text(template.activeDeadlineSeconds, origin.field("activeDeadlineSeconds")),
            pendingTimeout: self.duration(template.raw["pendingTimeout"]?.scalarText, origin.field("pendingTimeout")),
            isDaemon: template.daemon, locks: self.locks(template.raw["synchronization"], origin.field("synchronization")),
            memo: self.memo(template, origin), metrics: self.metrics(template.raw["metrics"], origin.field("metrics")),
            displayName: self.text(
                template.annotations.first { $0.key == "workflows.argoproj.io/display-name" }?.value, origin.field("annotations")))
        self.checkReferences(in: planned, origin)
        return planned
    }

    private mutating func body(
        _ type: TemplateType, _ template: Template, _ scope: TemplateScope, _ origin: Origin, isInline: Bool
    ) -> PlannedTemplate
        .Body?
    {
        switch type {
        case .container, .script: return self.pod(type, template, origin).map { .pod($0) }
        case .steps: return .steps(self.steps(template, scope, origin.field("steps"), isInline: isInline))
        case .dag: return template.dag.flatMap { self.dag($0, template, scope, origin.field("dag"), isInline: isInline) }.map { .dag($0) }
        case .suspend:
            return .suspend(self.duration(template.raw["suspend"]?["duration"]?.scalarText, origin.field("suspend").field("duration")))
        case .containerSet:
            guard let set = self.containerSet(template, origin) else { return nil }
            var pod = PlannedPod(container: .literal(.object(JSONObject())), source: nil, volumes: [], securityContext: nil)
            self.complete(&pod, template, origin)
            pod.set = set
            return .pod(pod)
        case .http: return self.call(.http, template, origin).map { .call($0) }
        case .resource: return self.call(.resource, template, origin).map { .call($0) }
        case .data: return self.call(.data, template, origin).map { .call($0) }
        case .plugin: return self.call(.plugin, template, origin).map { .call($0) }
        }
    }

    private mutating func pod(_ type: TemplateType, _ template: Template, _ origin: Origin) -> PlannedPod? {
        guard var container = template.raw[type.rawValue]?.object else { return nil }
        let place = origin.field(type.rawValue)
        let source = container["source"]?.string
        container["source"] = nil
        if container["image"]?.string?.isEmpty ?? true {
            self.faults.add(
                .templateType, at: place, atKey: true, "\(type.rawValue) needs an image",
                hint: "Skiff uses it to find the program and to run the same file on a cluster")
            return nil
        }
        guard let compiled = self.compiled(.object(container), place) else { return nil }
        var pod = PlannedPod(container: compiled, source: self.text(source, place.field("source")), volumes: [], securityContext: nil)
        self.complete(&pod, template, origin)
        return pod
    }

    /// What every pod may have beside its main container.
    private mutating func complete(_ pod: inout PlannedPod, _ template: Template, _ origin: Origin) {
        pod.volumes = (template.raw["volumes"]?.array ?? []).enumerated().compactMap { at, volume in
            self.compiled(volume, origin.field("volumes").index(at))
        }
        let security = template.raw["securityContext"] ?? self.spec.raw["securityContext"]
        pod.securityContext = security.flatMap { self.compiled($0, origin.field("securityContext")) }
        pod.initContainers = self.containers("initContainers", template, origin)
        pod.sidecars = self.containers("sidecars", template, origin)
        pod.patch = self.text(template.raw["podSpecPatch"]?.string, origin.field("podSpecPatch"))
        pod.metadata = template.raw["metadata"].flatMap { self.compiled($0, origin.field("metadata")) }
    }

    // MARK: Steps and tasks

    private mutating func steps(_ template: Template, _ scope: TemplateScope, _ origin: Origin, isInline: Bool) -> PlannedSteps {
        var planned = PlannedSteps(steps: [], groups: [], sites: [:])
        let captured = CaptureScan(template.raw)
        var names: Set<String> = []
        for (group, steps) in template.steps.enumerated() {
            let start = planned.steps.count
            for (at, step) in steps.enumerated() {
                let place = origin.index(group).index(at)
                self.checkStepName(step, place, isTaken: !names.insert(step.name).inserted, what: "step")
                guard let one = self.step(step, scope, place, captures: captured.mentions("steps", step.name)) else { continue }
                planned.sites[step.name] = planned.steps.count
                planned.steps.append(one)
            }
            planned.groups.append(start..<planned.steps.count)
        }
        if !isInline { self.checkReferences(of: planned, template, origin) }
        return planned
    }

    /// Looks upwards from the task, its own dependencies first, where what it refers to nearly always is.
    private static func isAncestor(_ wanted: Int, of task: Int, _ dependencies: [[Int]]) -> Bool {
        var queue = dependencies[task]
        if queue.contains(wanted) { return true }
        var seen = Set(queue)
        while let next = queue.popLast() {
            if next == wanted { return true }
            for need in dependencies[next] where seen.insert(need).inserted { queue.append(need) }
        }
        return false
    }

    private mutating func checkReferences(of steps: PlannedSteps, _ template: Template, _ origin: Origin) {
        for (group, range) in steps.groups.enumerated() {
            for at in range {
                let before = { (name: String) -> Bool? in steps.sites[name].map { $0 < range.lowerBound } }
                self.checkReferences(
                    of: steps.steps[at], root: "steps", template: template, names: steps.sites.keys, before: before,
                    origin.index(group).index(at - range.lowerBound))
            }
        }
    }

    private mutating func dag(
        _ dag: DAGTemplate, _ template: Template, _ scope: TemplateScope, _ origin: Origin, isInline: Bool
    ) -> PlannedDAG? {
        let tasks = origin.field("tasks")
        if dag.tasks.isEmpty {
            self.faults.add(.badDependency, at: origin, atKey: true, "a dag needs at least one task", hint: "add tasks")
            return nil
        }
        let captured = CaptureScan(template.raw)
        var sites: [String: Int] = [:]
        var planned: [PlannedStep] = []
        for (at, task) in dag.tasks.enumerated() {
            self.checkStepName(task, tasks.index(at), isTaken: sites[task.name] != nil, what: "task")
            if sites[task.name] == nil { sites[task.name] = at }
            if let one = self.step(task, scope, tasks.index(at), captures: captured.mentions("tasks", task.name)) { planned.append(one) }
        }
        let formulas = dag.tasks.enumerated().map { at, task in self.formula(task, dag, sites, tasks.index(at)) }
        guard planned.count == dag.tasks.count, sites.count == planned.count else { return nil }
        let dependencies = formulas.map { formula in formula.map { $0.tasks.compactMap { sites[$0] } } ?? [] }
        var dependents = [[Int]](repeating: [], count: planned.count)
        for (task, needs) in dependencies.enumerated() { for need in needs { dependents[need].append(task) } }
        guard let order = self.order(dag, dependencies, dependents, tasks) else { return nil }
        for (at, task) in planned.enumerated() where !isInline {
            let before = { (name: String) -> Bool? in
                sites[name].map { Self.isAncestor($0, of: at, dependencies) }
            }
            self.checkReferences(of: task, root: "tasks", template: template, names: sites.keys, before: before, tasks.index(at))
        }
        let targets = self.targets(dag, sites, dependents, origin.field("target"))
        var isNeeded = [Bool](repeating: false, count: planned.count)
        var queue = targets
        while let next = queue.popLast() {
            if isNeeded[next] { continue }
            isNeeded[next] = true
            queue += dependencies[next]
        }
        return PlannedDAG(
            tasks: planned, sites: sites, formulas: formulas, dependencies: dependencies, dependents: dependents, targets: targets,
            isNeeded: isNeeded, order: order)
    }

    private mutating func formula(_ task: WorkflowStep, _ dag: DAGTemplate, _ sites: [String: Int], _ origin: Origin) -> DependsFormula? {
        let continueOn = { (name: String) -> (error: Bool, failed: Bool) in
            guard let at = sites[name] else { return (false, false) }
            return (dag.tasks[at].continueOn.error, dag.tasks[at].continueOn.failed)
        }
        if task.depends != nil, task.dependencies != nil {
            self.faults.add(
                .badDependency, at: origin.field("dependencies"), atKey: true, "task '\(task.name)' has both depends and dependencies",
                hint: "keep depends")
        }
        var formula: DependsFormula?
        var place = origin.field("dependencies")
        if let depends = task.depends {
            place = origin.field("depends")
            do {
                formula = try DependsFormula(depends, continueOn: continueOn)
            } catch {
                self.faults.add(.badDependency, at: place, "depends of task '\(task.name)': \(error.message)")
                return nil
            }
        } else if let dependencies = task.dependencies, !dependencies.isEmpty {
            formula = DependsFormula(dependencies: dependencies, continueOn: continueOn)
        }
        for reference in formula?.references ?? [] {
            guard let at = sites[reference.task] else {
                let guess = Spelling.closest(to: reference.task, among: sites.keys).map { "did you mean '\($0)'? " } ?? ""
                let names = sites.keys.sorted()
                self.faults.add(
                    .unknownDependency, at: place, word: reference.task,
                    "task '\(task.name)' depends on '\(reference.task)', which is not in this DAG",
                    hint: "\(guess)tasks here: \(names.prefix(20).joined(separator: ", "))\(names.count > 20 ? ", …" : "")")
                formula = nil
                continue
            }
            if reference.result == .anySucceeded || reference.result == .allFailed, !dag.tasks[at].fansOut {
                self.faults.add(
                    .badDependency, at: place, word: reference.task,
                    "'\(reference.task).\(reference.result!.rawValue)' needs a task with items, and '\(reference.task)' has none",
                    hint: "use .Succeeded or .Failed")
            }
            if let first = reference.task.unicodeScalars.first, ("0"..."9").contains(first) {
                self.faults.add(
                    .badName, at: place, word: reference.task, "task '\(reference.task)' begins with a digit, which depends cannot name")
            }
        }
        return formula
    }

    /// Every task after its dependencies; nil and a fault when there is a circle.
    private mutating func order(_ dag: DAGTemplate, _ dependencies: [[Int]], _ dependents: [[Int]], _ origin: Origin) -> [Int]? {
        var unmet = dependencies.map(\.count)
        var order = unmet.indices.filter { unmet[$0] == 0 }
        var next = 0
        while next < order.count {
            for dependent in dependents[order[next]] {
                unmet[dependent] -= 1
                if unmet[dependent] == 0 { order.append(dependent) }
            }
            next += 1
        }
        guard order.count < dag.tasks.count else { return order }
        // Walk back along unmet dependencies until a task comes up again: that is a circle to show.
        var at = unmet.indices.first { unmet[$0] > 0 }!
        var trail: [Int] = []
        while !trail.contains(at) {
            trail.append(at)
            at = dependencies[at].first { unmet[$0] > 0 }!
        }
        let circle = (trail[trail.firstIndex(of: at)!...] + [at]).map { dag.tasks[$0].name }.joined(separator: " -> ")
        self.faults.add(
            .dependencyCycle, at: origin.index(at), "dependency cycle detected: \(circle)", hint: "drop one of these dependencies")
        return nil
    }

    private mutating func targets(_ dag: DAGTemplate, _ sites: [String: Int], _ dependents: [[Int]], _ origin: Origin) -> [Int] {
        guard let target = dag.target else {
            return dependents.indices.filter { dependents[$0].isEmpty }.sorted { dag.tasks[$0].name < dag.tasks[$1].name }
        }
        var found: [Int] = []
        for name in target.split(separator: " ").map(String.init) {
            if let at = sites[name] {
                found.append(at)
            } else {
                let guess = Spelling.closest(to: name, among: sites.keys).map { "did you mean '\($0)'?" }
                self.faults.add(.unknownDependency, at: origin, word: name, "target '\(name)' is not a task of this DAG", hint: guess)
            }
        }
        return found
    }

    private mutating func step(_ step: WorkflowStep, _ scope: TemplateScope, _ origin: Origin, captures: Bool) -> PlannedStep? {
        self.checkStep(step, origin)
        guard let target = self.target(of: step, scope, origin) else { return nil }
        let arguments = self.arguments(step.arguments, origin: origin.field("arguments"))
        if case .template(let index) = target { self.calls.append((index, arguments, origin)) }
        return PlannedStep(
            name: step.name, target: target, reference: step.inline == nil ? step.templateRef : nil, arguments: arguments,
            when: self.text(step.when, origin.field("when")), fanOut: self.fanOut(step, origin), continueOn: step.continueOn,
            exit: self.exitHook(onExit: step.onExit, hooks: step.hooks, scope: scope, origin: origin, isWorkflow: false),
            triggers: self.triggers(step.hooks, scope: scope, origin: origin),
            capturesResult: captures)
    }

    private mutating func target(of step: WorkflowStep, _ scope: TemplateScope, _ origin: Origin) -> PlannedTarget? {
        if step.template != nil, step.templateRef != nil {
            self.faults.add(
                .missingTemplate, at: origin.field("templateRef"), atKey: true, "template name cannot be combined with templateRef",
                hint: "keep one of template and templateRef")
            return nil
        }
        if let inline = step.inline {
            let key = TemplateKey(scope: scope, name: "")
            return .template(self.reserve(key, self.withDefaults(inline), origin.field("inline"), isInline: true))
        }
        return self.target(template: step.template, reference: step.templateRef, scope, origin, what: step.name)
    }

    mutating func target(template: String?, reference: TemplateRef?, _ scope: TemplateScope, _ origin: Origin, what: String)
        -> PlannedTarget?
    {
        if let reference { return self.target(reference, scope, origin.field("templateRef")) }
        guard let name = template, !name.isEmpty else {
            self.faults.add(
                .missingTemplate, at: origin, "'\(what)' names no template", hint: "give one of template, templateRef and inline")
            return nil
        }
        if name.contains("{{") {
            return self.text(name, origin.field("template")).map { .dynamic(scope: scope, name: nil, template: $0, isCluster: false) }
        }
        return self.resolve(name, in: scope, at: origin.field("template")).map { .template($0) }
    }

    private mutating func target(_ reference: TemplateRef, _ scope: TemplateScope, _ origin: Origin) -> PlannedTarget? {
        if reference.name.isEmpty || reference.template.isEmpty {
            self.faults.add(.missingTemplate, at: origin, "templateRef needs \(reference.name.isEmpty ? "a name" : "a template")")
            return nil
        }
        if reference.name.contains("{{") || reference.template.contains("{{") {
            guard let name = self.text(reference.name, origin.field("name")),
                let template = self.text(reference.template, origin.field("template"))
            else {
                return nil
            }
            return .dynamic(scope: scope, name: name, template: template, isCluster: reference.clusterScope)
        }
        let kind = reference.clusterScope ? WorkflowKind.clusterWorkflowTemplate : .workflowTemplate
        guard self.input.library.contains(where: { $0.workflow.kind == kind && $0.workflow.metadata.name == reference.name }) else {
            self.unknownWorkflowTemplate(reference.name, kind, origin.field("name"))
            return nil
        }
        let target = reference.clusterScope ? TemplateScope.cluster(reference.name) : .namespaced(reference.name)
        return self.resolve(reference.template, in: target, at: origin.field("template")).map { .template($0) }
    }

    private mutating func fanOut(_ step: WorkflowStep, _ origin: Origin) -> PlannedFanOut? {
        if let items = step.withItems {
            return .items(items.enumerated().compactMap { at, item in self.compiled(item, origin.field("withItems").index(at)) })
        }
        if let list = step.withParam { return self.text(list, origin.field("withParam")).map { .parameter($0) } }
        guard let range = step.withSequence else { return nil }
        let place = origin.field("withSequence")
        return .sequence(
            start: self.text(range.start, place.field("start")), end: self.text(range.end, place.field("end")),
            count: self.text(range.count, place.field("count")), format: self.text(range.format, place.field("format")))
    }

    mutating func exitHook(onExit: String?, hooks: [LifecycleHook], scope: TemplateScope, origin: Origin, isWorkflow: Bool) -> PlannedHook?
    {
        if let hook = hooks.first(where: { $0.event == "exit" }), !isWorkflow || onExit == nil {
            return self.hook(hook, scope: scope, origin.field("hooks").field("exit"))
        }
        guard let name = onExit, !name.isEmpty else { return nil }
        return self.resolve(name, in: scope, at: isWorkflow ? self.specField("onExit") : origin.field("onExit")).map {
            PlannedHook(target: .template($0), arguments: nil, expression: nil, reference: nil)
        }
    }

    mutating func hook(_ hook: LifecycleHook, scope: TemplateScope, _ place: Origin) -> PlannedHook? {
        guard let target = self.target(template: hook.template, reference: hook.templateRef, scope, place, what: "hooks.\(hook.event)")
        else {
            return nil
        }
        let hasArguments = !(hook.arguments?.isEmpty ?? true)
        let arguments = hook.arguments.map { self.arguments($0, origin: place.field("arguments")) }
        if case .template(let index) = target, let arguments, hasArguments { self.calls.append((index, arguments, place)) }
        return PlannedHook(
            target: target, arguments: hasArguments ? arguments : nil, expression: self.text(hook.expression, place.field("expression")),
            reference: hook.templateRef)
    }

    // MARK: Parameters, artifacts, texts

    mutating func arguments(_ arguments: Arguments, origin: Origin) -> PlannedArguments {
        PlannedArguments(
            parameters: self.parameters(arguments.parameters, origin.field("parameters")),
            artifacts: self.artifacts(arguments.artifacts, origin.field("artifacts")))
    }

    private mutating func parameters(_ parameters: [Parameter], _ origin: Origin) -> [PlannedParameter] {
        self.checkNames(parameters.map(\.name), origin, what: "parameter")
        return parameters.enumerated().map { at, parameter in
            let place = origin.index(at)
            return PlannedParameter(
                name: parameter.name, value: self.text(parameter.value, place.field("value")),
                default: self.text(parameter.default, place.field("default")),
                valueFrom: parameter.valueFrom.map { self.valueFrom($0, place.field("valueFrom")) },
                globalName: self.text(parameter.globalName, place.field("globalName")))
        }
    }

    private mutating func valueFrom(_ from: ValueFrom, _ origin: Origin) -> PlannedValueFrom {
        var source = PlannedValueFrom.Source.none
        if let path = self.text(from.path, origin.field("path")) {
            source = .path(path)
        } else if let parameter = self.text(from.parameter, origin.field("parameter")) {
            source = .parameter(parameter)
        } else if let expression = self.text(from.expression, origin.field("expression")) {
            self.checkExpression(expression, origin.field("expression"))
            source = .expression(expression)
        } else if let key = from.configMapKeyRef {
            let place = origin.field("configMapKeyRef")
            if let name = self.text(key.name, place.field("name")), let entry = self.text(key.key, place.field("key")) {
                source = .configMapKey(name: name, key: entry, isOptional: key.isOptional)
            }
        } else if from.isSupplied {
            source = .supplied
        } else if let path = self.text(from.jsonPath, origin.field("jsonPath")) {
            source = .jsonPath(path)
        } else if let filter = self.text(from.jqFilter, origin.field("jqFilter")) {
            source = .jqFilter(filter)
        } else if let event = self.text(from.event, origin.field("event")) {
            source = .event(event)
        }
        return PlannedValueFrom(source: source, default: self.text(from.default, origin.field("default")))
    }

    private mutating func artifacts(_ artifacts: [Artifact], _ origin: Origin) -> [PlannedArtifact] {
        self.checkNames(artifacts.map(\.name), origin, what: "artifact")
        return artifacts.enumerated().map { at, artifact in
            let place = origin.index(at)
            self.checkArtifact(artifact, place)
            let computed = self.text(artifact.fromExpression, place.field("fromExpression"))
            if let computed { self.checkExpression(computed, place.field("fromExpression")) }
            return PlannedArtifact(
                name: artifact.name, path: self.text(artifact.path, place.field("path")),
                from: self.text(artifact.from, place.field("from")),
                fromExpression: computed, raw: self.text(artifact.raw, place.field("raw").field("data")), archive: artifact.archive,
                mode: artifact.mode, isModeRecursive: artifact.recurseMode, isOptional: artifact.optional,
                subPath: self.text(artifact.subPath, place.field("subPath")),
                globalName: self.text(artifact.globalName, place.field("globalName")))
        }
    }

    private mutating func retry(_ template: Template, _ origin: Origin) -> PlannedRetry? {
        let place = template.retryStrategy == nil ? self.specField("retryStrategy") : origin.field("retryStrategy")
        guard let strategy = template.retryStrategy ?? self.spec.retryStrategy else { return nil }
        let policy = strategy.retryPolicy.flatMap { PlannedRetry.Policy(rawValue: $0) }
        if let given = strategy.retryPolicy, policy == nil {
            let guess =
                Spelling.closest(to: given, among: ["Always", "OnFailure", "OnError", "OnTransientError"]).map { "did you mean '\($0)'? " }
                ?? ""
            self.faults.add(
                .badRetry, at: place.field("retryPolicy"), "'\(given)' is no retryPolicy",
                hint: "\(guess)choose Always, OnFailure, OnError or OnTransientError")
        }
        if let limit = strategy.limit, !limit.contains("{{"), Int(limit).map({ $0 < 0 }) ?? true {
            self.faults.add(.badNumber, at: place.field("limit"), "limit '\(limit)' is not a whole number of 0 or more")
        }
        if let factor = strategy.backoff?.factor, !factor.contains("{{"), Int(factor).map({ $0 < 1 }) ?? true {
            self.faults.add(.badNumber, at: place.field("backoff").field("factor"), "factor '\(factor)' is not a whole number of 1 or more")
        }
        let expression = self.text(strategy.expression, place.field("expression"))
        if let expression { self.checkExpression(expression, place.field("expression")) }
        let backoff = strategy.backoff
        let within = place.field("backoff")
        return PlannedRetry(
            limit: self.text(strategy.limit, place.field("limit")), policy: policy ?? (strategy.expression == nil ? .onFailure : .always),
            expression: expression,
            backoff: backoff.map { backoff in
                (
                    duration: self.duration(backoff.duration, within.field("duration")),
                    factor: self.text(backoff.factor, within.field("factor")),
                    cap: self.duration(backoff.cap, within.field("cap")),
                    maxDuration: self.duration(backoff.maxDuration, within.field("maxDuration"))
                )
            })
    }

    mutating func duration(_ text: String?, _ origin: Origin) -> TemplateText? {
        guard let compiled = self.text(text, origin) else { return nil }
        if compiled.isLiteral, Span(unitOptional: compiled.source) == nil {
            self.faults.add(
                .badNumber, at: origin, "'\(compiled.source)' is not a duration",
                hint: "write it as '30s', '5m' or '1h30m'; a bare whole number is seconds")
        }
        return compiled
    }

    mutating func text(_ text: String?, _ origin: Origin) -> TemplateText? {
        guard let text else { return nil }
        do {
            return try TemplateText(text)
        } catch {
            self.unreadable(error, origin)
            return nil
        }
    }

    mutating func compiled(_ json: JSONValue, _ origin: Origin) -> CompiledValue? {
        do {
            return try CompiledValue(json)
        } catch {
            self.unreadable(error, origin)
            return nil
        }
    }

    private mutating func unreadable(_ error: ExpressionError, _ origin: Origin) {
        self.faults.add(.badTag, at: origin, error.message, hint: "tags are written {{name}} or {{=expression}}")
    }
}

/// Finds out whose standard output anybody reads: Argo keeps `outputs.result` only of steps that the calling template mentions.
struct CaptureScan {
    private let text: String
    private let mentionsAny: Bool

    init(_ template: JSONValue) {
        self.text = template.json
        self.mentionsAny =
            self.text.contains("outputs.result") || self.text.contains("outputs['result']") || self.text.contains("outputs[\\\"result\\\"]")
    }

    func mentions(_ root: String, _ name: String) -> Bool {
        guard self.mentionsAny else { return false }
        return ["\(root).\(name).outputs", "\(root)['\(name)']", "\(root)[\\\"\(name)\\\"]", "\(root)?.\(name)"].contains {
            self.text.contains($0)
        }
    }
}
