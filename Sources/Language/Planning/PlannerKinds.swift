import Diagnostics
import Expressions
import WorkflowModel

/// Compiling what is not a plain container, steps or a dag.
extension Planner {
    mutating func containerSet(_ template: Template, _ origin: Origin) -> PlannedContainerSet? {
        guard let set = template.raw["containerSet"] else { return nil }
        let place = origin.field("containerSet")
        let shared = set["volumeMounts"]?.array ?? []
        var members: [PlannedContainerSet.Member] = []
        for (at, value) in (set["containers"]?.array ?? []).enumerated() {
            guard var container = value.object else { continue }
            let dependencies = (container["dependencies"]?.array ?? []).compactMap(\.string)
            container["dependencies"] = nil
            if !shared.isEmpty { container["volumeMounts"] = .array((container["volumeMounts"]?.array ?? []) + shared) }
            guard let compiled = self.compiled(.object(container), place.field("containers").index(at)) else { return nil }
            members.append(
                PlannedContainerSet.Member(name: container["name"]?.string ?? "", dependencies: dependencies, container: compiled))
        }
        let retry = place.field("retryStrategy")
        return PlannedContainerSet(
            members: members, retries: self.text(set["retryStrategy"]?["retries"]?.scalarText, retry.field("retries")),
            wait: self.duration(set["retryStrategy"]?["duration"]?.scalarText, retry.field("duration")))
    }

    mutating func call(_ kind: CallKind, _ template: Template, _ origin: Origin) -> PlannedCall? {
        guard let payload = template.raw[kind.rawValue] else { return nil }
        return self.compiled(payload, origin.field(kind.rawValue)).map { PlannedCall(kind: kind, payload: $0) }
    }

    /// Extra containers of a template: `sidecars`, `initContainers`.
    mutating func containers(_ field: String, _ template: Template, _ origin: Origin) -> [CompiledValue] {
        (template.raw[field]?.array ?? []).enumerated().compactMap { at, value in
            self.compiled(value, origin.field(field).index(at))
        }
    }

    /// The locks of a `synchronization`, 3.x's singular spellings included.
    mutating func locks(_ synchronization: JSONValue?, _ origin: Origin) -> [PlannedLock] {
        guard let synchronization else { return [] }
        var locks: [PlannedLock] = []
        for (place, mutex) in Self.entries("mutex", "mutexes", synchronization, origin) {
            guard let name = self.text(mutex["name"]?.string, place.field("name")) else { continue }
            let isShared = mutex["database"]?.bool ?? false
            locks.append(
                PlannedLock(
                    kind: .mutex, namespace: self.text(mutex["namespace"]?.string, place.field("namespace")), name: name,
                    key: isShared ? self.text("database", place) : nil))
        }
        for (place, semaphore) in Self.entries("semaphore", "semaphores", synchronization, origin) {
            let namespace = self.text(semaphore["namespace"]?.string, place.field("namespace"))
            if let reference = semaphore["configMapKeyRef"] {
                let within = place.field("configMapKeyRef")
                guard let name = self.text(reference["name"]?.string, within.field("name")),
                    let key = self.text(reference["key"]?.string, within.field("key"))
                else { continue }
                locks.append(PlannedLock(kind: .configMap, namespace: namespace, name: name, key: key))
            } else if let key = self.text(semaphore["database"]?["key"]?.string, place.field("database").field("key")) {
                locks.append(PlannedLock(kind: .database, namespace: namespace, name: key, key: nil))
            }
        }
        return locks
    }

    private static func entries(_ one: String, _ many: String, _ object: JSONValue, _ origin: Origin) -> [(Origin, JSONValue)] {
        var entries: [(Origin, JSONValue)] = []
        if let single = object[one], !single.isNull { entries.append((origin.field(one), single)) }
        for (at, value) in (object[many]?.array ?? []).enumerated() { entries.append((origin.field(many).index(at), value)) }
        return entries
    }

    mutating func memo(_ template: Template, _ origin: Origin) -> PlannedMemo? {
        guard let memo = template.raw["memoize"], !memo.isNull else { return nil }
        let place = origin.field("memoize")
        guard let key = self.text(memo["key"]?.string, place.field("key")),
            let cache = self.text(memo["cache"]?["configMap"]?["name"]?.string, place.field("cache").field("configMap").field("name"))
        else { return nil }
        return PlannedMemo(key: key, cache: cache, maxAge: self.duration(memo["maxAge"]?.scalarText, place.field("maxAge")))
    }

    mutating func metrics(_ metrics: JSONValue?, _ origin: Origin) -> [PlannedMetric] {
        (metrics?["prometheus"]?.array ?? []).enumerated().compactMap { at, metric in
            self.metric(metric, origin.field("prometheus").index(at))
        }
    }

    private mutating func metric(_ metric: JSONValue, _ origin: Origin) -> PlannedMetric? {
        guard let kind = self.metricKind(metric, origin) else { return nil }
        let labels = (metric["labels"]?.array ?? []).enumerated().compactMap { at, label -> (key: String, value: TemplateText)? in
            guard let value = self.text(label["value"]?.string, origin.field("labels").index(at).field("value")) else { return nil }
            return (label["key"]?.string ?? "", value)
        }
        return PlannedMetric(
            name: metric["name"]?.string ?? "", help: metric["help"]?.string ?? "", labels: labels,
            when: self.text(metric["when"]?.string, origin.field("when")), kind: kind)
    }

    private mutating func metricKind(_ metric: JSONValue, _ origin: Origin) -> PlannedMetric.Kind? {
        func value(_ kind: String, _ planner: inout Planner) -> TemplateText? {
            planner.text(metric[kind]?["value"]?.scalarText, origin.field(kind).field("value"))
        }
        if let text = value("counter", &self) { return .counter(value: text) }
        if let text = value("gauge", &self) {
            return .gauge(
                value: text, isRealtime: metric["gauge"]?["realtime"]?.bool ?? false,
                operation: metric["gauge"]?["operation"]?.string ?? "Set")
        }
        guard let text = value("histogram", &self) else { return nil }
        let buckets = (metric["histogram"]?["buckets"]?.array ?? []).compactMap { $0.scalarText.flatMap(Double.init) }
        return .histogram(value: text, buckets: buckets)
    }

    /// Lifecycle hooks other than `exit`, in the order they are written.
    mutating func triggers(_ hooks: [LifecycleHook], scope: TemplateScope, origin: Origin) -> [PlannedTrigger] {
        hooks.filter { $0.event != "exit" }.compactMap { hook in
            self.hook(hook, scope: scope, origin.field("hooks").field(hook.event)).map { PlannedTrigger(name: hook.event, hook: $0) }
        }
    }
}
