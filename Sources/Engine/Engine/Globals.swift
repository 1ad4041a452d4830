import Expressions
import Planning
import WorkflowModel

/// The variables that begin with `workflow.`.
extension RunMachine {
    func global(_ name: String) -> ScopeValue {
        let plan = self.plan
        switch name {
        case "name": return .text(plan.name)
        case "namespace": return .text(plan.namespace)
        case "uid": return .text(plan.uid)
        case "mainEntrypoint": return .text(plan.entrypointName)
        case "serviceAccountName": return .text(plan.serviceAccountName)
        case "creationTimestamp": return .text(plan.createdAt.rfc3339)
        // Outside a schedule, the moment it was created.
        case "scheduledTime":
            return .text(plan.annotations.first { $0.key == "workflows.argoproj.io/scheduled-time" }?.value ?? plan.createdAt.rfc3339)
        case "priority": return .text(String(plan.priority ?? 0))
        case "status": return .text(self.status)
        case "duration": return .text(self.duration)
        case "failures": return .text(self.failures)
        case "parameters", "parameters.json": return .text(Scope.parameterList(self.workflowParameters))
        case "labels", "labels.json": return .text(Self.object(self.labels).json)
        case "annotations", "annotations.json": return .text(Self.object(plan.annotations).json)
        default: break
        }
        func rest(_ prefix: String) -> String? { name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil }
        if let wanted = rest("parameters.") {
            return self.workflowParameters.first { $0.name == wanted }.map { .text($0.value) } ?? .missing
        }
        if let wanted = rest("outputs.parameters.") {
            return self.run.globalParameters.first { $0.name == wanted }.map { .text($0.value) } ?? .missing
        }
        if let wanted = rest("labels.") { return self.labels.first { $0.key == wanted }.map { .text($0.value) } ?? .missing }
        if let wanted = rest("annotations.") { return plan.annotations.first { $0.key == wanted }.map { .text($0.value) } ?? .missing }
        if let format = rest("creationTimestamp.") { return plan.createdAt.formatted(format).map { .text($0) } ?? .missing }
        return .missing
    }

    /// The workflow's arguments with their values; the texts may refer to what does not depend on them.
    var workflowParameters: [NamedValue] {
        self.plan.arguments.parameters.compactMap { parameter in
            if let text = parameter.value ?? parameter.default, let value = self.ownText(text) {
                return NamedValue(name: parameter.name, value: value)
            }
            guard let from = parameter.valueFrom else { return nil }
            if case .configMapKey(let name, let key, _) = from.source, let name = self.ownText(name), let key = self.ownText(key),
                let value = try? self.configMapValue(name, key)
            {
                return NamedValue(name: parameter.name, value: value)
            }
            return from.default.flatMap { self.ownText($0) }.map { NamedValue(name: parameter.name, value: $0) }
        }
    }

    /// A text of the spec itself: a parameter may refer to the workflow's name and to other parameters that are plain text.
    private func ownText(_ text: TemplateText) -> String? {
        if text.isLiteral { return text.source }
        struct SpecScope: VariableScope {
            let machine: RunMachine
            func value(of name: String) -> ScopeValue {
                if name.hasPrefix("workflow.parameters.") {
                    let wanted = name.dropFirst(20)
                    guard let parameter = self.machine.plan.arguments.parameters.first(where: { $0.name == wanted }),
                        let text = parameter.value ?? parameter.default, text.isLiteral
                    else { return .missing }
                    return .text(text.source)
                }
                return name.hasPrefix("workflow.") && name != "workflow.parameters" && name != "workflow.parameters.json"
                    ? self.machine.global(String(name.dropFirst(9))) : .missing
            }
            func environment(for references: [ExprReference]) -> [String: ExprValue] {
                var parameters: [String: ExprValue] = [:]
                for parameter in self.machine.plan.arguments.parameters {
                    if let text = parameter.value ?? parameter.default, text.isLiteral { parameters[parameter.name] = .string(text.source) }
                }
                return ["workflow": .map(self.machine.globalFields.merging(["parameters": .map(parameters)]) { $1 })]
            }
        }
        return try? text.render(SpecScope(machine: self), mode: .lenient, clock: EvaluationClock(now: self.plan.createdAt, seed: 0))
    }

    /// The workflow's own labels and those that were computed.
    public var labels: [(key: String, value: String)] {
        self.plan.labels.filter { label in !self.run.labels.contains { $0.name == label.key } }
            + self.run.labels.map { (key: $0.name, value: $0.value) }
    }

    private var status: String {
        guard self.hasEntry, case let entry = self.nodes[self.run.entryNode.index], entry.phase.isFulfilled else {
            return self.run.phase == .pending ? RunPhase.running.rawValue : self.run.phase.rawValue
        }
        switch entry.phase {
        case .failed: return RunPhase.failed.rawValue
        case .error: return RunPhase.error.rawValue
        case .succeeded, .skipped, .omitted: return (self.run.shutdown == nil ? RunPhase.succeeded : .failed).rawValue
        case .held, .pending, .running, .daemoned: return RunPhase.running.rawValue
        }
    }

    /// Seconds since the start with six decimals, as Go prints a float.
    private var duration: String {
        let span = max(0, (self.run.now - (self.run.startedAt ?? self.run.now)).milliseconds)
        let fraction = String(span % 1000)
        return "\(span / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)000"
    }

    /// Failed nodes as a JSON list inside a quoted string, as Argo gives them.
    private var failures: String {
        guard self.hasEntry, self.nodes[self.run.entryNode.index].phase.isFulfilled else { return "" }
        let failed = self.nodes.filter { $0.phase.isFailure && $0.type == .pod && !$0.isRetired }
        if failed.isEmpty { return JSONValue.string("null").json }
        let list = JSONValue.array(
            failed.map { node in
                [
                    "displayName": .string(self.displayName(of: node)),
                    "message": .string(node.message), "templateName": .string(node.template.map { self.plan.templates[$0].key.name } ?? ""),
                    "phase": .string(node.phase.shown), "podName": .string(self.podName(of: node.id)),
                    "finishedAt": .string((node.finishedAt ?? node.startedAt).rfc3339),
                ]
            })
        return JSONValue.string(list.json).json
    }

    static func object(_ pairs: [(key: String, value: String)]) -> JSONValue {
        var object = JSONObject()
        for (key, value) in pairs { object[key] = .string(value) }
        return .object(object)
    }

    /// Everything under `workflow` but the parameters, nested on dots.
    var globalFields: [String: ExprValue] {
        var flat: [(String, String)] = []
        for name in [
            "name", "namespace", "uid", "mainEntrypoint", "serviceAccountName", "scheduledTime", "priority", "duration", "status",
            "failures",
        ] {
            if case .text(let value) = self.global(name) { flat.append((name, value)) }
        }
        if flat.last?.1.isEmpty ?? false { flat.removeLast() }
        flat.append(("labels.json", Self.object(self.labels).json))
        flat.append(("annotations.json", Self.object(self.plan.annotations).json))
        flat += self.labels.map { ("labels.\($0.key)", $0.value) } + self.plan.annotations.map { ("annotations.\($0.key)", $0.value) }
        flat += ["B", "b", "m", "A", "a", "d", "H", "I", "M", "S", "Y", "y", "p", "Z", "z", "L", "s", "RFC3339"].compactMap { format in
            self.plan.createdAt.formatted(format).map { ("creationTimestamp.\(format)", $0) }
        }
        var root = ExprValue.map([:])
        for (name, value) in flat { root.insert(.string(value), at: name.split(separator: ".")[...]) }
        guard case .map(let fields) = root else { return [:] }
        return fields
    }

    func globalsMap() -> ExprValue {
        var fields = self.globalFields
        var parameters: [String: ExprValue] = ["json": .string(Scope.parameterList(self.workflowParameters))]
        for parameter in self.workflowParameters { parameters[parameter.name] = .string(parameter.value) }
        fields["parameters"] = .map(parameters)
        var outputs: [String: ExprValue] = [:]
        for parameter in self.run.globalParameters { outputs[parameter.name] = .string(parameter.value) }
        let artifacts = Dictionary(
            self.run.globalArtifacts.map { ($0.name, Scope.expression(of: $0.source, name: $0.name)) }, uniquingKeysWith: { $1 })
        fields["outputs"] = .map(["parameters": .map(outputs), "artifacts": .map(artifacts)])
        return .map(fields)
    }
}

extension ExprValue {
    mutating func insert(_ value: ExprValue, at path: ArraySlice<Substring>) {
        guard let first = path.first else {
            self = value
            return
        }
        var map: [String: ExprValue] = [:]
        if case .map(let existing) = self { map = existing }
        map[String(first), default: .map([:])].insert(value, at: path.dropFirst())
        self = .map(map)
    }
}

extension Timestamp {
    /// One letter of strftime, `s` (seconds since 1970) or `RFC3339`; nil for anything else. UTC.
    func formatted(_ format: String) -> String? {
        let c = self.civil
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
        ]
        let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        switch format {
        case "B": return months[c.month - 1]
        case "b": return String(months[c.month - 1].prefix(3))
        case "m": return two(c.month)
        case "A": return days[c.weekday]
        case "a": return String(days[c.weekday].prefix(3))
        case "d": return two(c.day)
        case "H": return two(c.hour)
        case "I": return two(c.hour % 12 == 0 ? 12 : c.hour % 12)
        case "M": return two(c.minute)
        case "S": return two(c.second)
        case "Y": return String(c.year)
        case "y": return two(c.year % 100)
        case "p": return c.hour < 12 ? "AM" : "PM"
        case "Z": return "UTC"
        case "z": return "+0000"
        case "L":
            let millis = self.milliseconds - self.seconds * 1000
            return String(repeating: "0", count: 3 - String(millis).count) + String(millis)
        case "s": return String(self.seconds)
        case "RFC3339": return self.rfc3339
        default: return nil
        }
    }
}
