import Diagnostics
import Expressions
import WorkflowModel

/// Compiling steps templates, and what steps and tasks have in common.
extension Planner {
    mutating func steps(_ next: PendingTemplate) -> (PlannedSteps, TemplateNames) {
        let place = next.origin.field("steps")
        let table = SiteTable(root: "steps")
        for (group, steps) in next.template.steps.enumerated() {
            for (at, step) in steps.enumerated() { self.addSite(step, group, table, next.key.scope, place.index(group).index(at)) }
        }
        let names = TemplateNames(next.template, sites: table)
        var planned = PlannedSteps(steps: [], groups: [], sites: [:])
        var site = 0
        for (group, steps) in next.template.steps.enumerated() {
            let start = planned.steps.count
            for (at, step) in steps.enumerated() {
                let compiled = self.step(step, site, names, next, place.index(group).index(at))
                site += 1
                guard let compiled else { continue }
                planned.sites[step.name] = planned.steps.count
                planned.steps.append(compiled)
            }
            planned.groups.append(start..<planned.steps.count)
        }
        return (planned, names)
    }

    /// Takes a step or task into the table and judges its name.
    mutating func addSite(_ step: WorkflowStep, _ group: Int, _ table: SiteTable, _ scope: TemplateScope, _ origin: Origin) {
        let isNew = table.add(SiteTable.Site(step: step, group: group, producer: self.producer(of: step, scope)))
        if step.name.isEmpty {
            self.faults.add(.badName, at: origin, "\(origin.path).name is required", hint: "give the \(table.what) a name")
            return
        }
        if !step.name.hasTag { self.checkName(step.name, origin.field("name"), what: table.what) }
        if !isNew {
            self.faults.add(
                .duplicateName, at: origin.field("name"), word: step.name,
                "\(table.what) name '\(step.name)' is not unique in this template",
                hint: "rename one of them")
        }
    }

    private mutating func producer(of step: WorkflowStep, _ scope: TemplateScope) -> Producer? {
        if let inline = step.inline { return Producer(self.withDefaults(inline)) }
        if let reference = step.templateRef {
            let library = reference.clusterScope ? TemplateScope.cluster(reference.name) : .namespaced(reference.name)
            return self.producer(TemplateKey(scope: library, name: reference.template))
        }
        return step.template.flatMap { self.producer(TemplateKey(scope: scope, name: $0)) }
    }

    /// Compiles a step or task and judges what it refers to.
    mutating func step(_ step: WorkflowStep, _ site: Int, _ names: TemplateNames, _ next: PendingTemplate, _ origin: Origin) -> PlannedStep?
    {
        self.checkStep(step, origin)
        var scope = ReferenceScope(names: names, sight: .before(site), items: ReferenceScope.Items(step), outer: next.outer)
        if let table = names.sites { scope.handled = Self.namesWithDefault(in: step, table.sites[site].producer) }
        let start = self.mentions.count
        let name = self.text(step.name, origin.field("name"))
        let target = self.target(of: step, next.key.scope, origin, ReferenceScope.Outer(scope))
        let arguments = self.callArguments(step.arguments, origin.field("arguments"))
        let when = self.text(step.when, origin.field("when"))
        let fanOut = self.fanOut(step, origin)
        self.judgeNew(from: start, in: scope)
        let exit = self.exitHook(of: step, next.key.scope, origin)
        self.judgeNew(from: start, in: scope.with(.beforeAndSelf(site, outputs: true)))
        let hooks = step.hooks.filter { $0.event != "exit" }.compactMap { hook in
            self.hook(hook, next.key.scope, origin.field("hooks").field(hook.event), caller: .step)
        }
        self.judgeNew(from: start, in: scope.with(.beforeAndSelf(site, outputs: false)))
        if let inline = step.inline { self.rememberReaders(in: inline.raw) }
        guard let target else { return nil }
        if case .template(let index) = target {
            self.calls.append(Call(caller: self.current, target: index, arguments: arguments, origin: origin))
        }
        return PlannedStep(
            name: step.name, dynamicName: name.flatMap { $0.isLiteral ? nil : $0 }, target: target,
            reference: step.inline == nil ? step.templateRef : nil, arguments: arguments, when: when, fanOut: fanOut,
            continueOn: step.continueOn, exit: exit, hooks: hooks, capturesResult: false)
    }

    private mutating func judgeNew(from start: Int, in scope: ReferenceScope) {
        let new = self.mentions[start...].filter { !$0.isJudged }
        if new.isEmpty { return }
        self.judge(new, in: scope)
        for at in start..<self.mentions.count { self.mentions[at].isJudged = true }
    }

    /// An inline template may read the results of its neighbours; its texts are compiled and judged later.
    private mutating func rememberReaders(in json: JSONValue) {
        guard json.json.contains("outputs"), let compiled = try? CompiledValue(json) else { return }
        compiled.forEachText { text in
            var mention = Mention(content: .text(text), origin: self.specOrigin)
            mention.isJudged = true
            self.mentions.append(mention)
        }
    }

    /// The references of a step's arguments that have something to fall back on: the input's own default, or that it may be missing.
    private static func namesWithDefault(in step: WorkflowStep, _ producer: Producer?) -> Set<String> {
        guard let producer, !producer.optionalParameters.isEmpty || !producer.optionalArtifacts.isEmpty else { return [] }
        var names: Set<String> = []
        for parameter in step.arguments.parameters where producer.optionalParameters.contains(parameter.name) {
            if let value = parameter.value, let name = (try? TemplateText(value))?.singleTagName { names.insert(name) }
        }
        for artifact in step.arguments.artifacts where artifact.optional || producer.optionalArtifacts.contains(artifact.name) {
            if let from = artifact.from, let name = (try? TemplateText(from))?.singleTagName { names.insert(name) }
        }
        return names
    }

    private mutating func exitHook(of step: WorkflowStep, _ scope: TemplateScope, _ origin: Origin) -> PlannedHook? {
        if let hook = step.hooks.first(where: { $0.event == "exit" }) {
            return self.hook(hook, scope, origin.field("hooks").field("exit"), caller: .step)
        }
        return step.onExit.flatMap { self.exit($0, scope, origin.field("onExit"), caller: .step) }
    }

    private mutating func checkStep(_ step: WorkflowStep, _ origin: Origin) {
        let ways = [("withItems", step.withItems != nil), ("withParam", step.withParam != nil), ("withSequence", step.withSequence != nil)]
            .filter(\.1)
        if ways.count > 1 {
            self.faults.add(
                .badFanOut, at: origin.field(ways[1].0), atKey: true, "'\(step.name)' has \(ways.map(\.0).joined(separator: " and "))",
                hint: "keep one of them")
        }
        if let range = step.withSequence, (range.count == nil) == (range.end == nil) {
            self.faults.add(
                .badFanOut, at: origin.field("withSequence"), atKey: true, "withSequence needs exactly one of count and end",
                hint: "count says how many, end is the last number")
        }
        for (at, item) in (step.withItems ?? []).enumerated() where item.isNull {
            self.faults.add(
                .badFanOut, at: origin.field("withItems").index(at), "item \(at) of '\(step.name)' is null",
                hint: "items are texts, numbers, true or false, lists and maps")
        }
        if let list = step.withParam, !list.hasTag {
            var isList = false
            if case .array? = try? JSONValue(json: list) { isList = true }
            if !isList {
                self.faults.add(
                    .badFanOut, at: origin.field("withParam"), word: list, "withParam is not a JSON list: '\(list.prefix(60))'",
                    hint: "write a list such as '[\"a\", \"b\"]', or a tag that gives one")
            }
        }
        if let when = step.when, !when.hasTag {
            do { _ = try WhenExpression.evaluate(when) } catch {
                self.faults.add(.badExpression, at: origin.field("when"), in: when, offset: error.offset, error.message)
            }
        }
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

    // MARK: Targets

    private mutating func target(of step: WorkflowStep, _ scope: TemplateScope, _ origin: Origin, _ outer: ReferenceScope.Outer)
        -> PlannedTarget?
    {
        if step.template != nil, step.templateRef != nil {
            self.faults.add(
                .missingTemplate, at: origin.field("templateRef"), atKey: true, "template name cannot be combined with templateRef",
                hint: "keep one of template and templateRef")
            return nil
        }
        if let inline = step.inline {
            let key = TemplateKey(scope: scope, name: "")
            return .template(self.reserve(key, self.withDefaults(inline), origin.field("inline"), outer: outer))
        }
        return self.target(template: step.template, reference: step.templateRef, scope, origin, what: "'\(step.name)'")
    }

    mutating func target(template: String?, reference: TemplateRef?, _ scope: TemplateScope, _ origin: Origin, what: String)
        -> PlannedTarget?
    {
        if let reference { return self.target(reference, scope, origin.field("templateRef")) }
        guard let name = template, !name.isEmpty else {
            self.faults.add(.missingTemplate, at: origin, "\(what) names no template", hint: "give one of template, templateRef and inline")
            return nil
        }
        if name.hasTag {
            return self.text(name, origin.field("template")).map { .dynamic(scope: scope, name: nil, template: $0, isCluster: false) }
        }
        return self.resolve(name, in: scope, at: origin.field("template")).map { .template($0) }
    }

    private mutating func target(_ reference: TemplateRef, _ scope: TemplateScope, _ origin: Origin) -> PlannedTarget? {
        if reference.name.isEmpty || reference.template.isEmpty {
            self.faults.add(.missingTemplate, at: origin, "templateRef needs \(reference.name.isEmpty ? "a name" : "a template")")
            return nil
        }
        if reference.name.hasTag || reference.template.hasTag {
            guard let name = self.text(reference.name, origin.field("name")),
                let template = self.text(reference.template, origin.field("template"))
            else {
                return nil
            }
            return .dynamic(scope: scope, name: name, template: template, isCluster: reference.clusterScope)
        }
        let library = reference.clusterScope ? TemplateScope.cluster(reference.name) : .namespaced(reference.name)
        // A template may refer to itself by its full name.
        if self.libraries[library] == nil, TemplateScope(self.input.workflow.workflow) == library {
            return self.resolve(reference.template, in: .local, at: origin.field("template")).map { .template($0) }
        }
        guard self.libraries[library] != nil else {
            let kind = reference.clusterScope ? WorkflowKind.clusterWorkflowTemplate : .workflowTemplate
            self.unknownWorkflowTemplate(reference.name, kind, origin.field("name"))
            return nil
        }
        return self.resolve(reference.template, in: library, at: origin.field("template")).map { .template($0) }
    }
}
