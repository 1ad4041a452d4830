import Diagnostics
import Expressions
import WorkflowModel

/// Compiling what templates and the workflow itself have in common: locks, caches, metrics, hooks.
extension Planner {
    // MARK: Locks and caches

    mutating func synchronization(_ json: JSONValue?, _ origin: Origin) -> PlannedSynchronization? {
        guard let json, json.object != nil else { return nil }
        var planned = PlannedSynchronization(mutexes: [], semaphores: [])
        for (mutex, place) in Self.oneOrMany(json, "mutex", "mutexes", origin) {
            guard let name = self.text(mutex["name"]?.string ?? "", place.field("name")) else { continue }
            planned.mutexes.append(
                PlannedSynchronization.Mutex(
                    name: name, namespace: self.text(mutex["namespace"]?.string, place.field("namespace")),
                    isInDatabase: mutex["database"]?.bool ?? false))
        }
        for (semaphore, place) in Self.oneOrMany(json, "semaphore", "semaphores", origin) {
            guard let limit = self.limit(of: semaphore, place) else { continue }
            planned.semaphores.append(
                PlannedSynchronization.Semaphore(
                    limit: limit, namespace: self.text(semaphore["namespace"]?.string, place.field("namespace"))))
        }
        return planned
    }

    /// The list of Argo 4, and the single object of Argo 3 before it.
    private static func oneOrMany(_ json: JSONValue, _ one: String, _ many: String, _ origin: Origin) -> [(JSONValue, Origin)] {
        var found: [(JSONValue, Origin)] = []
        if let single = json[one], single.object != nil { found.append((single, origin.field(one))) }
        for (at, item) in (json[many]?.array ?? []).enumerated() { found.append((item, origin.field(many).index(at))) }
        return found
    }

    private mutating func limit(of semaphore: JSONValue, _ origin: Origin) -> PlannedSynchronization.Semaphore.Limit? {
        if let key = semaphore["database"]?["key"]?.string {
            return self.text(key, origin.field("database").field("key")).map { .database(key: $0) }
        }
        guard let reference = semaphore["configMapKeyRef"].flatMap(KeySelector.init) else { return nil }
        let place = origin.field("configMapKeyRef")
        guard let name = self.text(reference.name, place.field("name")), let key = self.text(reference.key, place.field("key")) else {
            return nil
        }
        return .configMap(name: name, key: key)
    }

    mutating func memoize(_ json: JSONValue?, _ origin: Origin) -> PlannedMemoize? {
        guard let json, json.object != nil else { return nil }
        guard let key = self.text(json["key"]?.string ?? "", origin.field("key")),
            let cache = self.text(
                json["cache"]?["configMap"]?["name"]?.string ?? "", origin.field("cache").field("configMap").field("name"))
        else { return nil }
        return PlannedMemoize(key: key, cache: cache, maxAge: self.text(json["maxAge"]?.scalarText, origin.field("maxAge")))
    }

    // MARK: Metrics

    mutating func metrics(_ json: JSONValue?, _ origin: Origin) -> [PlannedMetric] {
        let place = origin.field("prometheus")
        return (json?["prometheus"]?.array ?? []).enumerated().compactMap { at, metric in self.metric(metric, place.index(at)) }
    }

    private mutating func metric(_ json: JSONValue, _ origin: Origin) -> PlannedMetric? {
        let name = json["name"]?.string ?? ""
        if !Self.isMetricName(name) {
            self.faults.add(
                .badMetric, at: origin.field("name"), word: name, "metric name '\(name)' is not valid",
                hint: "letters, digits and '_', not beginning with a digit")
        }
        let help = json["help"]?.string ?? ""
        if help.isEmpty { self.faults.add(.badMetric, at: origin, "metric '\(name)' has no help: help is required") }
        var labels: [(key: TemplateText, value: TemplateText)] = []
        for (at, label) in (json["labels"]?.array ?? []).enumerated() {
            let place = origin.field("labels").index(at)
            let key = label["key"]?.string ?? ""
            if !Self.isMetricName(key), !key.hasTag {
                self.faults.add(
                    .badMetric, at: place.field("key"), word: key, "label '\(key)' of metric '\(name)' is not valid",
                    hint: "letters, digits and '_', not beginning with a digit")
            }
            if let key = self.text(key, place.field("key")), let value = self.text(label["value"]?.scalarText ?? "", place.field("value")) {
                labels.append((key, value))
            }
        }
        let when = self.text(json["when"]?.scalarText, origin.field("when"))
        return self.metricKind(json, name, origin).map { PlannedMetric(name: name, help: help, labels: labels, when: when, kind: $0) }
    }

    private mutating func metricKind(_ json: JSONValue, _ name: String, _ origin: Origin) -> PlannedMetric.Kind? {
        let given = ["gauge", "histogram", "counter"].filter { !(json[$0]?.isNull ?? true) }
        guard given.count == 1 else {
            self.faults.add(
                .badMetric, at: origin,
                given.isEmpty ? "metric '\(name)' has no type" : "metric '\(name)' is \(given.joined(separator: " and "))",
                hint: "give exactly one of gauge, histogram and counter")
            return nil
        }
        let place = origin.field(given[0])
        let metric = json[given[0]] ?? .null
        let source = metric["value"]?.scalarText ?? ""
        if source.isEmpty {
            self.faults.add(.badMetric, at: place, atKey: true, "metric '\(name)' has no value: \(given[0]).value is required")
        }
        guard let value = self.text(source, place.field("value")) else { return nil }
        switch given[0] {
        case "counter": return .counter(value: value)
        case "histogram":
            return .histogram(value: value, buckets: (metric["buckets"]?.array ?? []).compactMap { $0.scalarText.flatMap(Double.init) })
        default:
            let isRealtime = metric["realtime"]?.bool ?? false
            if isRealtime, source.contains("resourcesDuration.") {
                self.faults.add(
                    .badMetric, at: place.field("value"), word: "resourcesDuration",
                    "metric '\(name)': 'resourcesDuration.*' metrics cannot be used in real-time",
                    hint: "drop realtime; the resources are known when the node has ended")
            }
            return .gauge(value: value, isRealtime: isRealtime, operation: metric["operation"]?.string ?? "Set")
        }
    }

    private static func isMetricName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return name.utf8.allSatisfy { Self.isNameByte($0) && $0 != UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    // MARK: Hooks

    /// The exit handler and the other hooks of the workflow.
    mutating func workflowHooks() -> (exit: PlannedHook?, others: [PlannedHook]) {
        let hooks = self.spec.hooks
        let place = self.specField("hooks")
        var others: [PlannedHook] = []
        for hook in hooks where hook.event != "exit" {
            if let planned = self.hook(hook, .local, place.field(hook.event), caller: .workflow) { others.append(planned) }
        }
        // `onExit` wins over `hooks.exit` here, other than in steps and tasks.
        if let name = self.spec.onExit, !name.isEmpty {
            return (self.exit(name, .local, self.specField("onExit"), caller: .workflow), others)
        }
        let exit = hooks.first { $0.event == "exit" }
        return (exit.flatMap { self.hook($0, .local, place.field("exit"), caller: .workflow) }, others)
    }

    enum HookCaller { case workflow, step }

    /// An exit handler that is only a template's name.
    mutating func exit(_ name: String, _ scope: TemplateScope, _ origin: Origin, caller: HookCaller) -> PlannedHook? {
        guard let index = self.resolve(name, in: scope, at: origin) else { return nil }
        self.call(.template(index), self.workflowArguments, origin, caller, tellsExtra: false)
        return PlannedHook(event: "exit", target: .template(index), arguments: nil, expression: nil, reference: nil)
    }

    mutating func hook(_ hook: LifecycleHook, _ scope: TemplateScope, _ origin: Origin, caller: HookCaller) -> PlannedHook? {
        let what = "hook '\(hook.event)'"
        let condition = hook.expression.flatMap { $0.isEmpty ? nil : $0 }
        if hook.event != "exit", condition == nil {
            self.faults.add(
                .badHook, at: origin, atKey: true, "\(what) has no expression: expression is required",
                hint: "say when it runs, such as 'expression: workflow.status == \"Running\"'; only 'exit' needs none")
        }
        let expression = self.expression(condition, origin.field("expression"))
        let target = self.target(template: hook.template, reference: hook.templateRef, scope, origin, what: what)
        let given = hook.arguments.flatMap { $0.isEmpty ? nil : $0 }
        let arguments = given.map { self.callArguments($0, origin.field("arguments")) }
        guard let target else { return nil }
        self.call(target, arguments ?? self.workflowArguments, origin, caller, tellsExtra: given != nil)
        return PlannedHook(event: hook.event, target: target, arguments: arguments, expression: expression, reference: hook.templateRef)
    }

    private mutating func call(
        _ target: PlannedTarget, _ arguments: PlannedArguments, _ origin: Origin, _ caller: HookCaller, tellsExtra: Bool
    ) {
        guard case .template(let index) = target else { return }
        self.calls.append(
            Call(
                caller: caller == .workflow ? nil : self.current, target: index, arguments: self.isWorkflow || tellsExtra ? arguments : nil,
                origin: origin, isWorkflowHook: caller == .workflow, isLenient: caller == .step && !tellsExtra, tellsExtra: tellsExtra))
    }

    // MARK: The workflow itself

    struct WorkflowParts {
        var volumes: [CompiledValue]
        var synchronization: PlannedSynchronization?
        var metrics: [PlannedMetric]
        var podSpecPatch: TemplateText?
        var computedLabels: [(key: String, expression: TemplateText)] = []
    }

    mutating func workflowParts() -> WorkflowParts {
        let raw = self.spec.raw
        var parts = WorkflowParts(
            volumes: self.compiledList(raw["volumes"], self.specField("volumes")),
            synchronization: self.synchronization(raw["synchronization"], self.specField("synchronization")),
            metrics: self.metrics(raw["metrics"], self.specField("metrics")),
            podSpecPatch: self.text(raw["podSpecPatch"]?.string, self.specField("podSpecPatch")))
        for (key, value) in raw["workflowMetadata"]?["labelsFrom"]?.object ?? JSONObject() {
            let place = self.specField("workflowMetadata").field("labelsFrom").field(key).field("expression")
            if let expression = self.expression(value["expression"]?.string, place) { parts.computedLabels.append((key, expression)) }
        }
        return parts
    }

    /// The workflow's own fields see only what is global; Argo does not look into them.
    mutating func judgeWorkflowMentions() {
        for mention in self.mentions {
            for (name, offset) in mention.names where name.hasPrefix("workflow.") {
                guard case .problem(let severity, let reason, let hint) = self.globals.verdict(on: name.dropFirst(9)) else { continue }
                self.faults.add(
                    .unresolvedReference, min(severity, .warning), at: mention.origin, word: name,
                    occurrence: Faults.count(of: name, in: mention.source, before: offset), "failed to resolve {{\(name)}}: \(reason)",
                    hint: hint)
            }
        }
        self.mentions = []
    }
}
