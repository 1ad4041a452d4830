import Expressions
import Planning
import WorkflowModel

/// What the texts of one template, or of one of its steps, can refer to.
struct Scope: VariableScope {
    /// A node whose inputs and siblings are in sight. An inline template sees its caller's frame before its own.
    struct Frame {
        var node: NodeID
        /// Steps or tasks of the node can be referred to.
        var seesSites: Bool
        var item: String?
    }

    let machine: RunMachine
    var frames: [Frame]
    /// The node the text is for, where there is one: `pod.name`, `node.name`.
    var own: NodeID?
    var retry: RetryVariables?
    /// The step whose exit handler is called: it has ended, though it has not settled.
    var current: (site: Int, node: NodeID)?

    init(machine: RunMachine, frames: [Frame], own: NodeID? = nil, retry: RetryVariables? = nil) {
        self.machine = machine
        self.frames = frames
        self.own = own
        self.retry = retry
    }

    /// Tags of these families are Skiff's to resolve: an unknown one is an error, never passed on as text.
    static let known = RenderMode.prefixes(["inputs.", "steps.", "tasks.", "workflow.", "item.", "outputs.", "pod.name", "node.name"])
    var mode: RenderMode { Self.known }
    var clock: EvaluationClock {
        EvaluationClock(
            now: self.machine.run.now, seed: UInt64(self.machine.nodes.count) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(self.own?.index ?? 0))
    }

    // MARK: Rendering

    func text(_ text: TemplateText) throws(NodeFault) -> String {
        do { return try text.render(self, mode: self.mode, clock: self.clock) } catch { throw NodeFault(error) }
    }

    func optional(_ text: TemplateText?) throws(NodeFault) -> String? {
        guard let text else { return nil }
        return try self.text(text)
    }

    func duration(_ text: TemplateText?) throws(NodeFault) -> Span? {
        guard let text else { return nil }
        let rendered = try self.text(text)
        if rendered.isEmpty { return nil }
        guard let span = Span(unitOptional: rendered) else { throw NodeFault("'\(rendered)' is not a duration") }
        return span
    }

    /// Evaluates an expression that is written without braces.
    func evaluate(_ text: TemplateText) throws(NodeFault) -> ExprValue? {
        let source = try self.text(text)
        do {
            let expression = try Expression(source)
            let value = try expression.evaluate(in: self.environment(for: expression.references), clock: self.clock)
            return value == .null ? nil : value
        } catch {
            throw NodeFault("failed to evaluate expression '\(source)': \(error.message)")
        }
    }

    /// An expression's result as text: strings as they are, anything else as JSON.
    func insertion(of value: ExprValue) -> String? {
        switch value {
        case .string(let text): text
        case .null: nil
        default: value.json.string ?? value.json.json
        }
    }

    /// A reference that is one tag, or the bare name of a variable.
    func reference(_ text: TemplateText) throws(NodeFault) -> String? {
        if text.isLiteral, case .text(let value) = self.value(of: text.source) { return value }
        if text.isLiteral, case .absent = self.value(of: text.source) { return nil }
        do {
            return try text.render(self, mode: self.mode, clock: self.clock)
        } catch {
            if error.isAbsent { return nil }
            throw NodeFault(error)
        }
    }

    // MARK: Artifacts

    func source(of artifact: PlannedArtifact, mayBeMissing: Bool) throws(NodeFault) -> ArtifactSource? {
        var source: ArtifactSource?
        if let raw = artifact.raw {
            source = .raw(try self.text(raw))
        } else if let from = artifact.from {
            let name: String
            if let tag = from.singleTagName { name = tag } else { name = try self.text(from) }
            source = self.artifact(named: name)
            if source == nil, !mayBeMissing { throw NodeFault("unable to resolve artifact reference '\(from.source)'") }
        } else if let computed = artifact.fromExpression {
            do throws(NodeFault) {
                source = try self.evaluate(computed).flatMap(Self.artifact)
            } catch {
                if !mayBeMissing { throw error }
            }
            if source == nil, !mayBeMissing { throw NodeFault("artifact expression '\(computed.source)' gives no artifact") }
        } else if let location = artifact.location, location.kind == "plugin" {
            source = .stored(try self.upload(location.value))
        }
        guard case .stored(var stored)? = source, let subPath = artifact.subPath else { return source }
        let part = try self.text(subPath)
        stored.subPath = stored.subPath.map { "\($0)/\(part)" } ?? part
        return .stored(stored)
    }

    /// A file that was uploaded to be an argument. Other keys are artifacts of other runs, and other namespaces' uploads are theirs.
    private func upload(_ location: CompiledValue) throws(NodeFault) -> StoredArtifact {
        let place: JSONValue
        do { place = try location.render(self, mode: self.mode, clock: self.clock) } catch { throw NodeFault(error) }
        let key = place["key"]?.string ?? ""
        let root = "uploads/\(self.machine.plan.namespace)/"
        guard place["name"]?.string == "local", key.hasPrefix(root), let cut = key.lastIndex(of: "/"), key.split(separator: "/").count == 4
        else { throw NodeFault("artifact key '\(key)' is not that of a file uploaded to namespace '\(self.machine.plan.namespace)'") }
        return StoredArtifact(key: String(key[..<cut]), fileName: String(key[key.index(after: cut)...]), archive: .none, isDirectory: false)
    }

    private func artifact(named name: String) -> ArtifactSource? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3 else { return nil }
        switch parts[0] {
        case "inputs" where parts[1] == "artifacts":
            return self.input(artifact: parts[2...].joined(separator: "."))
        case "workflow" where parts.count >= 4 && parts[1] == "outputs" && parts[2] == "artifacts":
            let wanted = parts[3...].joined(separator: ".")
            return self.machine.run.globalArtifacts.first { $0.name == wanted }?.source
        case "steps", "tasks":
            guard parts.count >= 5, parts[2] == "outputs", parts[3] == "artifacts", let nodes = self.siblings(parts[1]),
                let first = nodes.first
            else {
                return nil
            }
            let wanted = parts[4...].joined(separator: ".")
            return self.machine.nodes[first.index].outputs.artifacts.first { $0.name == wanted }?.source
        default: return nil
        }
    }

    private func input(artifact name: String) -> ArtifactSource? {
        for frame in self.frames {
            if let found = self.machine.nodes[frame.node.index].inputs.artifacts.first(where: { $0.name == name }) { return found.source }
        }
        return nil
    }

    static func expression(of source: ArtifactSource, name: String) -> ExprValue {
        ExprValue(RowCoding.artifact(source).merging(["name": .string(name)]))
    }

    static func artifact(_ value: ExprValue) -> ArtifactSource? { RowCoding.artifact(value.json) }

    // MARK: Names

    func value(of name: String) -> ScopeValue {
        let bytes = name.utf8
        switch bytes.first {
        case UInt8(ascii: "i"):
            if bytes.starts(with: "inputs.".utf8) { return self.input(String(name.dropFirst(7))) }
            if name == "item" || bytes.starts(with: "item.".utf8) { return self.itemValue(name) }
        case UInt8(ascii: "w"): if bytes.starts(with: "workflow.".utf8) { return self.machine.global(String(name.dropFirst(9))) }
        case UInt8(ascii: "s"): if bytes.starts(with: "steps.".utf8) { return self.sibling(String(name.dropFirst(6))) }
        case UInt8(ascii: "t"): if bytes.starts(with: "tasks.".utf8) { return self.sibling(String(name.dropFirst(6))) }
        case UInt8(ascii: "o"): if bytes.starts(with: "outputs.".utf8) { return self.outputPath(String(name.dropFirst(8))) }
        case UInt8(ascii: "p"): if name == "pod.name", let own = self.own { return .text(self.machine.podName(of: own)) }
        case UInt8(ascii: "n"): if name == "node.name", let own = self.own { return .text(self.machine.nodes[own.index].name) }
        case UInt8(ascii: "r"): if name == "retries", let retry = self.retry { return .text(String(retry.retries)) }
        case UInt8(ascii: "l"):
            guard let retry = self.retry else { return .missing }
            switch name {
            case "lastRetry.exitCode": return .text(retry.exitCode)
            case "lastRetry.status": return .text(retry.status)
            case "lastRetry.duration": return .text(retry.duration)
            case "lastRetry.message": return .text(retry.message)
            default: return .missing
            }
        default: break
        }
        return .missing
    }

    private func input(_ rest: String) -> ScopeValue {
        for frame in self.frames {
            let node = self.machine.nodes[frame.node.index]
            if rest.hasPrefix("parameters.") {
                let wanted = rest.dropFirst(11)
                if let found = node.inputs.parameters.first(where: { $0.name == wanted }) { return .text(found.value) }
            } else if rest == "parameters" {
                return .text(Self.parameterList(node.inputs.parameters))
            } else if rest.hasPrefix("artifacts."), rest.hasSuffix(".path") {
                let wanted = String(rest.dropFirst(10).dropLast(5))
                if let found = node.inputs.artifacts.first(where: { $0.name == wanted }), let path = found.path { return .text(path) }
                if let template = node.template,
                    let path = self.machine.plan.templates[template].inputArtifacts.first(where: { $0.name == wanted })?.path
                {
                    return (try? self.text(path)).map { .text($0) } ?? .missing
                }
            }
        }
        return .missing
    }

    static func parameterList(_ parameters: [NamedValue]) -> String {
        JSONValue.array(parameters.map { ["name": .string($0.name), "value": .string($0.value)] }).json
    }

    private func outputPath(_ rest: String) -> ScopeValue {
        guard rest.hasSuffix(".path"), let node = self.frames.last?.node, let index = self.machine.nodes[node.index].template else {
            return .missing
        }
        let template = self.machine.plan.templates[index]
        if rest.hasPrefix("parameters.") {
            let wanted = rest.dropFirst(11).dropLast(5)
            if case .path(let path)? = template.outputs.first(where: { $0.name == wanted })?.valueFrom?.source,
                let text = try? self.text(path)
            {
                return .text(text)
            }
        } else if rest.hasPrefix("artifacts.") {
            let wanted = rest.dropFirst(10).dropLast(5)
            if let path = template.outputArtifacts.first(where: { $0.name == wanted })?.path, let text = try? self.text(path) {
                return .text(text)
            }
        }
        return .missing
    }

    private var item: JSONValue? {
        for frame in self.frames { if let item = frame.item { return try? JSONValue(json: item) } }
        return nil
    }

    private func itemValue(_ name: String) -> ScopeValue {
        guard let item = self.item else { return .missing }
        if name == "item" { return .text(item.itemText) }
        guard let value = item[String(name.dropFirst(5))] else { return .missing }
        return .text(value.itemText)
    }

    // MARK: Siblings

    private var siteFrame: Frame? { self.frames.first { $0.seesSites } }

    private var siteMap: [String: Int] {
        guard let frame = self.siteFrame, let index = self.machine.nodes[frame.node.index].template else { return [:] }
        switch self.machine.plan.templates[index].body {
        case .steps(let steps): return steps.sites
        case .dag(let dag): return dag.sites
        case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: return [:]
        }
    }

    /// The nodes of a step or task that has ended: one, or its items; nil when it has not.
    private func siblings(_ name: String) -> [NodeID]? {
        guard let boundary = self.siteFrame?.node, let site = self.siteMap[name] else { return nil }
        if let current = self.current, current.site == site { return [current.node] }
        if let steps = self.machine.steps[boundary] {
            if let one = steps.siteNodes[site] { return self.machine.nodes[one.index].phase.isFulfilled ? [one] : nil }
            guard let items = steps.items[site], items.allSatisfy({ self.machine.nodes[$0.index].phase.isFulfilled }) else { return nil }
            return items
        }
        guard let node = self.machine.dags[boundary]?.taskNodes[site], self.machine.nodes[node.index].phase.isFulfilled else { return nil }
        return [node]
    }

    private func sibling(_ rest: String) -> ScopeValue {
        // Inside a called template, the name of the step or task that called it.
        if rest == "name", let own = self.own ?? self.frames.first?.node {
            return self.machine.callerName(of: own).map { .text($0) } ?? .missing
        }
        guard let (name, suffix) = self.split(rest), let nodes = self.siblings(name) else { return .missing }
        return self.sibling(name, nodes, suffix)
    }

    /// Step names have no dots, so the first one ends the name.
    private func split(_ rest: String) -> (String, String)? {
        guard let dot = rest.firstIndex(of: ".") else { return nil }
        return (String(rest[..<dot]), String(rest[rest.index(after: dot)...]))
    }

    private func sibling(_ name: String, _ nodes: [NodeID], _ suffix: String) -> ScopeValue {
        let first = self.machine.nodes[nodes[0].index]
        if nodes.count > 1 || first.type == .taskGroup || first.item != nil && self.current == nil,
            let found = self.aggregate(nodes, suffix)
        {
            return found
        }
        switch suffix {
        case "id": return .text(ArgoNames.nodeID(first.name, workflow: self.machine.plan.name))
        case "status": return .text(first.phase.shown)
        case "startedAt": return .text(first.startedAt.rfc3339)
        case "finishedAt": return .text((first.finishedAt ?? first.startedAt).rfc3339)
        case "ip": return .text("127.0.0.1")
        case "hostNodeName": return .text("localhost")
        case "exitCode": return first.outputs.exitCode.map { .text(String($0)) } ?? self.absence(of: first)
        case "outputs.result": return first.outputs.result.map { .text($0) } ?? self.absence(of: first)
        case "outputs.parameters": return .text(Self.parameterList(first.outputs.parameters))
        default:
            guard suffix.hasPrefix("outputs.parameters.") else { return .missing }
            let wanted = String(suffix.dropFirst(19))
            if let found = first.outputs.parameters.first(where: { $0.name == wanted }) { return .text(found.value) }
            if first.phase == .skipped || first.phase == .omitted, let fallback = self.producerDefault(name, wanted) {
                return .text(fallback)
            }
            return self.absence(of: first)
        }
    }

    /// A value that a node does not have: absent for good when the node never ran, an error otherwise.
    private func absence(of node: Node) -> ScopeValue { node.phase == .skipped || node.phase == .omitted ? .absent : .missing }

    private func producerDefault(_ site: String, _ parameter: String) -> String? {
        guard let boundary = self.siteFrame?.node, let at = self.siteMap[site], let step = self.machine.step(of: boundary, at),
            case .template(let index) = step.target
        else { return nil }
        guard let fallback = self.machine.plan[index].outputs.first(where: { $0.name == parameter })?.valueFrom?.default else { return nil }
        return fallback.isLiteral ? fallback.source : try? self.text(fallback)
    }

    /// Outputs of a fan-out as JSON lists, in the order of the items; only what succeeded counts.
    private func aggregate(_ nodes: [NodeID], _ suffix: String) -> ScopeValue? {
        guard suffix.hasPrefix("outputs") else { return nil }
        let children = nodes.flatMap { id in
            let node = self.machine.nodes[id.index]
            return node.type == .taskGroup ? node.children.map { self.machine.nodes[$0.index] } : [node]
        }
        if children.isEmpty
            || children.allSatisfy({ $0.phase == .skipped || $0.phase == .omitted }) && nodes.count == 1 && children[0].item == nil
        {
            return nil
        }
        let done = children.filter { $0.phase == .succeeded }
        if suffix == "outputs.result" {
            var results: [JSONValue] = []
            for result in done.compactMap(\.outputs.result) {
                // A result that is no JSON goes into the list as a string (Argo gives up here).
                results.append((try? JSONValue(json: result)) ?? .string(result))
            }
            return .text(JSONValue.array(results).json)
        }
        if suffix == "outputs.parameters" {
            return .text(
                JSONValue.array(
                    done.filter { !$0.outputs.parameters.isEmpty }.map { node in
                        var object = JSONObject()
                        for parameter in node.outputs.parameters { object[parameter.name] = .string(parameter.value) }
                        return .object(object)
                    }
                ).json)
        }
        guard suffix.hasPrefix("outputs.parameters.") else { return nil }
        let wanted = suffix.dropFirst(19)
        let values = done.compactMap { $0.outputs.parameters.first { $0.name == wanted }?.value }
        let parsed = values.map { try? JSONValue(json: $0) }
        let isNested = !values.isEmpty && parsed.allSatisfy { $0?.array != nil || $0?.object != nil }
        return .text(JSONValue.array(isNested ? parsed.compactMap { $0 } : values.map { .string($0) }).json)
    }

    // MARK: Expressions

    func environment(for references: [ExprReference]) -> [String: ExprValue] {
        var environment: [String: ExprValue] = [:]
        for root in Set(references.compactMap(\.path.first)) {
            switch root {
            case "inputs": environment[root] = self.inputsMap()
            case "workflow": environment[root] = self.machine.globalsMap()
            case "steps", "tasks":
                if self.siteFrame != nil {
                    environment[root] = self.siblingsMap(root, references)
                } else if let own = self.own ?? self.frames.first?.node, let name = self.machine.callerName(of: own) {
                    environment[root] = .map(["name": .string(name)])
                }
            case "item": if let item = self.item { environment[root] = Self.expression(ofItem: item) }
            case "pod": if let own = self.own { environment[root] = .map(["name": .string(self.machine.podName(of: own))]) }
            case "node": if let own = self.own { environment[root] = .map(["name": .string(self.machine.nodes[own.index].name)]) }
            case "retries": if let retry = self.retry { environment[root] = .string(String(retry.retries)) }
            case "lastRetry":
                if let retry = self.retry {
                    environment[root] = .map([
                        "exitCode": .string(retry.exitCode), "status": .string(retry.status), "duration": .string(retry.duration),
                        "message": .string(retry.message),
                    ])
                }
            default: break
            }
        }
        return environment
    }

    private static func expression(ofItem item: JSONValue) -> ExprValue {
        guard case .object(let object) = item else { return .string(item.itemText) }
        return .map(Dictionary(uniqueKeysWithValues: object.map { ($0.0, ExprValue.string($0.1.itemText)) }))
    }

    private func inputsMap() -> ExprValue {
        var parameters: [String: ExprValue] = [:]
        var artifacts: [String: ExprValue] = [:]
        for frame in self.frames.reversed() {
            let inputs = self.machine.nodes[frame.node.index].inputs
            for parameter in inputs.parameters { parameters[parameter.name] = .string(parameter.value) }
            for artifact in inputs.artifacts {
                var object = Self.expression(of: artifact.source, name: artifact.name)
                if case .map(var map) = object, let path = artifact.path {
                    map["path"] = .string(path)
                    object = .map(map)
                }
                artifacts[artifact.name] = object
            }
        }
        return .map(["parameters": .map(parameters), "artifacts": .map(artifacts)])
    }

    private func siblingsMap(_ root: String, _ references: [ExprReference]) -> ExprValue {
        let mine = references.filter { $0.path.first == root }
        let isAll = mine.contains { $0.path.count < 2 }
        let names = isAll ? Array(self.siteMap.keys) : Array(Set(mine.map { $0.path[1] }))
        var map: [String: ExprValue] = [:]
        for name in names {
            if name == "name", self.siteMap["name"] == nil {
                if case .text(let text) = self.sibling("name") { map[name] = .string(text) }
                continue
            }
            guard let nodes = self.siblings(name) else { continue }
            map[name] = self.siblingMap(name, nodes)
        }
        return .map(map)
    }

    private func siblingMap(_ name: String, _ nodes: [NodeID]) -> ExprValue {
        let first = self.machine.nodes[nodes[0].index]
        var map: [String: ExprValue] = [:]
        for suffix in ["id", "status", "startedAt", "finishedAt", "ip", "hostNodeName", "exitCode"] {
            if case .text(let text) = self.sibling(name, nodes, suffix) { map[suffix] = .string(text) }
        }
        var outputs: [String: ExprValue] = [:]
        if case .text(let text) = self.sibling(name, nodes, "outputs.result") { outputs["result"] = .string(text) }
        var parameters: [String: ExprValue] = [:]
        for wanted in self.outputNames(name, nodes) {
            if case .text(let text) = self.sibling(name, nodes, "outputs.parameters.\(wanted)") { parameters[wanted] = .string(text) }
        }
        outputs["parameters"] = .map(parameters)
        outputs["artifacts"] = .map(
            Dictionary(first.outputs.artifacts.map { ($0.name, Self.expression(of: $0.source, name: $0.name)) }, uniquingKeysWith: { $1 }))
        map["outputs"] = .map(outputs)
        return .map(map)
    }

    private func outputNames(_ site: String, _ nodes: [NodeID]) -> [String] {
        if let boundary = self.siteFrame?.node, let at = self.siteMap[site], let step = self.machine.step(of: boundary, at),
            case .template(let index) = step.target
        {
            return self.machine.plan[index].outputs.map(\.name)
        }
        return nodes.flatMap { self.machine.nodes[$0.index].outputs.parameters.map(\.name) }
    }
}

extension JSONValue {
    /// As an item goes into text: strings without quotes, everything else as JSON.
    var itemText: String { self.string ?? self.json }

    func merging(_ other: JSONValue) -> JSONValue {
        guard case .object(var object) = self, case .object(let more) = other else { return self }
        for (key, value) in more { object[key] = value }
        return .object(object)
    }
}

extension RunMachine {
    /// What the template of a node can refer to.
    func scope(of id: NodeID) -> Scope {
        let node = self.nodes[id.index]
        var scope = Scope(machine: self, frames: [self.frame(of: id)], own: id)
        if let template = node.template, self.plan.templates[template].isInline, let boundary = node.boundary {
            scope.frames = self.scope(inside: boundary, item: node.item).frames + scope.frames
        }
        if case .attempt = node.role, let owner = node.owner { scope.retry = self.retryVariables(of: owner) }
        return scope
    }

    /// What the steps, tasks and outputs of a steps or dag node can refer to.
    func scope(inside id: NodeID, item: String?) -> Scope {
        var frame = self.frame(of: id)
        frame.item = item
        var frames = [frame]
        let node = self.nodes[id.index]
        if let template = node.template, self.plan.templates[template].isInline, let boundary = node.boundary {
            frames += self.scope(inside: boundary, item: node.item).frames
        }
        return Scope(machine: self, frames: frames)
    }

    private func frame(of id: NodeID) -> Scope.Frame {
        let node = self.nodes[id.index]
        var seesSites = false
        if let template = node.template {
            switch self.plan.templates[template].body {
            case .steps, .dag: seesSites = true
            case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: break
            }
        }
        return Scope.Frame(node: id, seesSites: seesSites, item: nil)
    }

    /// The step or task that called the node's template.
    func callerName(of id: NodeID) -> String? {
        var current: NodeID? = id
        while let here = current {
            let node = self.nodes[here.index]
            switch node.role {
            case .site(let site), .item(let site, _): return node.boundary.flatMap { self.step(of: $0, site)?.name }
            case .attempt, .exitHandler, .hook, .container: current = node.owner
            case .entry, .group: return nil
            }
        }
        return nil
    }

    func podName(of id: NodeID) -> String {
        let node = self.nodes[id.index]
        return ArgoNames.podName(
            node.name, workflow: self.plan.name, template: node.template.map { self.plan.templates[$0].key.name } ?? "")
    }
}
