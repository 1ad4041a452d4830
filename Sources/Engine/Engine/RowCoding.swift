public import Planning
public import WorkflowModel

/// What is wrong with a stored row.
public struct RowError: Error, Sendable, Equatable, CustomStringConvertible {
    public let ordinal: Int
    public let message: String
    public var description: String { self.ordinal < 0 ? "the run's state: \(self.message)" : "node \(self.ordinal): \(self.message)" }
}

/// Rows are JSON objects with short keys; what is empty is left out.
enum RowCoding {
    static func artifact(_ source: ArtifactSource) -> JSONValue {
        switch source {
        case .raw(let text): return ["raw": .string(text)]
        case .stored(let stored):
            var object = JSONObject()
            object["key"] = .string(stored.key)
            object["fileName"] = .string(stored.fileName)
            object["archive"] = .string(stored.archive.rawValue)
            object["isDirectory"] = .bool(stored.isDirectory)
            object["subPath"] = stored.subPath.map { .string($0) }
            return .object(object)
        }
    }

    static func artifact(_ json: JSONValue) -> ArtifactSource? {
        if let raw = json["raw"]?.string { return .raw(raw) }
        guard let key = json["key"]?.string, let fileName = json["fileName"]?.string,
            let archive = json["archive"]?.string.flatMap({ ArtifactArchive(rawValue: $0) })
        else { return nil }
        return .stored(
            StoredArtifact(
                key: key, fileName: fileName, archive: archive, isDirectory: json["isDirectory"]?.bool ?? false,
                subPath: json["subPath"]?.string))
    }

    static func parameters(_ values: [NamedValue]) -> JSONValue? {
        values.isEmpty ? nil : .array(values.map { .array([.string($0.name), .string($0.value)]) })
    }

    static func parameters(_ json: JSONValue?) -> [NamedValue] {
        (json?.array ?? []).compactMap { pair in
            guard let name = pair[0]?.string, let value = pair[1]?.string else { return nil }
            return NamedValue(name: name, value: value)
        }
    }

    static func artifacts(_ values: [NamedArtifact]) -> JSONValue? {
        if values.isEmpty { return nil }
        return .array(
            values.map { artifact in
                var object = JSONObject()
                object["name"] = .string(artifact.name)
                object["path"] = artifact.path.map { .string($0) }
                object["source"] = Self.artifact(artifact.source)
                return .object(object)
            })
    }

    static func artifacts(_ json: JSONValue?) -> [NamedArtifact] {
        (json?.array ?? []).compactMap { item in
            guard let name = item["name"]?.string, let source = item["source"].flatMap({ Self.artifact($0) }) else { return nil }
            return NamedArtifact(name: name, path: item["path"]?.string, source: source)
        }
    }

    static func role(_ role: NodeRole) -> JSONValue {
        switch role {
        case .entry: ["entry"]
        case .group(let index): ["group", .integer(index)]
        case .site(let site): ["site", .integer(site)]
        case .item(let site, let item): ["item", .integer(site), .integer(item)]
        case .attempt(let index): ["attempt", .integer(index)]
        case .exitHandler: ["exit"]
        }
    }

    static func role(_ json: JSONValue?) -> NodeRole? {
        let first = json?[1]?.integer.flatMap { Int(exactly: $0) }
        let second = json?[2]?.integer.flatMap { Int(exactly: $0) }
        switch json?[0]?.string {
        case "entry": return .entry
        case "group": return first.map { .group(index: $0) }
        case "site": return first.map { .site($0) }
        case "item": return first.flatMap { site in second.map { .item(site: site, item: $0) } }
        case "attempt": return first.map { .attempt(index: $0) }
        case "exit": return .exitHandler
        default: return nil
        }
    }
}

extension JSONValue {
    fileprivate var int: Int? { self.integer.flatMap { Int(exactly: $0) } }
    fileprivate var time: Timestamp? { self.integer.map { Timestamp(milliseconds: $0) } }
    fileprivate init(_ time: Timestamp) { self = .integer(time.milliseconds) }
}

extension Node {
    var row: JSONValue {
        var row = JSONObject()
        row["owner"] = self.owner.map { .integer($0.ordinal) }
        row["boundary"] = self.boundary.map { .integer($0.ordinal) }
        row["role"] = RowCoding.role(self.role)
        row["name"] = .string(self.name)
        row["displayName"] = self.displayName.map { .string($0) }
        row["type"] = .string(self.type.rawValue)
        row["template"] = self.template.map { .integer($0) }
        row["depth"] = .integer(self.depth)
        row["phase"] = .string(self.phase.rawValue)
        if !self.message.isEmpty { row["message"] = .string(self.message) }
        row["startedAt"] = JSONValue(self.startedAt)
        row["finishedAt"] = self.finishedAt.map { JSONValue($0) }
        row["inputs"] = RowCoding.parameters(self.inputs.parameters)
        row["inputArtifacts"] = RowCoding.artifacts(self.inputs.artifacts)
        row["outputs"] = RowCoding.parameters(self.outputs.parameters)
        row["outputArtifacts"] = RowCoding.artifacts(self.outputs.artifacts)
        row["result"] = self.outputs.result.map { .string($0) }
        row["exitCode"] = self.outputs.exitCode.map { .integer($0) }
        row["item"] = self.item.map { .string($0) }
        if self.podAttempt > 0 { row["podAttempt"] = .integer(self.podAttempt) }
        if self.isExit { row["isExit"] = true }
        row["doom"] = self.doom.map { [.string($0.phase.rawValue), .string($0.message)] }
        row["dueAt"] = self.dueAt.map { JSONValue($0) }
        row["cpuMillis"] = self.cpuMillis.map { .integer($0) }
        row["peakMemoryBytes"] = self.peakMemoryBytes.map { .integer($0) }
        return .object(row)
    }

    init(row: JSONValue, ordinal: Int) throws(RowError) {
        func fault(_ field: String) -> RowError { RowError(ordinal: ordinal, message: "field '\(field)' is missing or cannot be read") }
        guard let role = RowCoding.role(row["role"]) else { throw fault("role") }
        guard let name = row["name"]?.string else { throw fault("name") }
        guard let type = row["type"]?.string.flatMap({ NodeType(rawValue: $0) }) else { throw fault("type") }
        guard let phase = row["phase"]?.string.flatMap({ NodePhase(rawValue: $0) }) else { throw fault("phase") }
        guard let startedAt = row["startedAt"]?.time else { throw fault("startedAt") }
        self.init(
            id: NodeID(ordinal), owner: row["owner"]?.int.map { NodeID($0) }, boundary: row["boundary"]?.int.map { NodeID($0) }, role: role,
            name: name, displayName: row["displayName"]?.string, type: type, template: row["template"]?.int, depth: row["depth"]?.int ?? 0,
            phase: phase, message: row["message"]?.string ?? "", startedAt: startedAt, finishedAt: row["finishedAt"]?.time,
            inputs: NodeInputs(),
            outputs: NodeOutputs(), item: row["item"]?.string, podAttempt: row["podAttempt"]?.int ?? 0,
            isExit: row["isExit"]?.bool ?? false,
            doom: nil, dueAt: row["dueAt"]?.time, cpuMillis: row["cpuMillis"]?.integer, peakMemoryBytes: row["peakMemoryBytes"]?.integer,
            children: [])
        self.inputs.parameters = RowCoding.parameters(row["inputs"])
        self.inputs.artifacts = RowCoding.artifacts(row["inputArtifacts"])
        self.outputs.parameters = RowCoding.parameters(row["outputs"])
        self.outputs.artifacts = RowCoding.artifacts(row["outputArtifacts"])
        self.outputs.result = row["result"]?.string
        self.outputs.exitCode = row["exitCode"]?.int
        if let doom = row["doom"] {
            guard let phase = doom[0]?.string.flatMap({ NodePhase(rawValue: $0) }), let message = doom[1]?.string else {
                throw fault("doom")
            }
            self.doom = Doom(phase: phase, message: message)
        }
    }
}

extension RunState {
    var row: JSONValue {
        var row = JSONObject()
        row["phase"] = .string(self.phase.rawValue)
        if !self.message.isEmpty { row["message"] = .string(self.message) }
        row["startedAt"] = self.startedAt.map { JSONValue($0) }
        row["finishedAt"] = self.finishedAt.map { JSONValue($0) }
        row["shutdown"] = self.shutdown.map { .string($0.rawValue) }
        if self.isPastDeadline { row["isPastDeadline"] = true }
        row["globals"] = RowCoding.parameters(self.globalParameters)
        row["globalArtifacts"] = RowCoding.artifacts(self.globalArtifacts)
        row["now"] = JSONValue(self.now)
        row["exitNode"] = self.exitNode.map { .integer($0.ordinal) }
        return .object(row)
    }

    init(row: JSONValue) throws(RowError) {
        guard let phase = row["phase"]?.string.flatMap({ RunPhase(rawValue: $0) }) else {
            throw RowError(ordinal: -1, message: "field 'phase' is missing or cannot be read")
        }
        self.phase = phase
        self.message = row["message"]?.string ?? ""
        self.startedAt = row["startedAt"]?.time
        self.finishedAt = row["finishedAt"]?.time
        self.shutdown = row["shutdown"]?.string.flatMap { Shutdown(rawValue: $0) }
        self.isPastDeadline = row["isPastDeadline"]?.bool ?? false
        self.globalParameters = RowCoding.parameters(row["globals"])
        self.globalArtifacts = RowCoding.artifacts(row["globalArtifacts"])
        self.now = row["now"]?.time ?? Timestamp(milliseconds: 0)
        self.exitNode = row["exitNode"]?.int.map { NodeID($0) }
    }
}

extension RunMachine {
    /// A run as its journal rows have it, the nodes by ordinal.
    public init(plan: Plan, id: RunID, run: JSONValue, nodes: [JSONValue]) throws(RowError) {
        self.init(plan: plan, id: id)
        self.run = try RunState(row: run)
        self.nodes.reserveCapacity(nodes.count)
        for (ordinal, row) in nodes.enumerated() { self.nodes.append(try Node(row: row, ordinal: ordinal)) }
        for node in self.nodes {
            for other in [node.owner, node.boundary] {
                if let other, other.index >= node.id.index || other.index < 0 {
                    throw RowError(ordinal: node.id.index, message: "it belongs to a later node")
                }
            }
            if let template = node.template, !self.plan.templates.indices.contains(template) {
                throw RowError(ordinal: node.id.index, message: "its template is not in the plan")
            }
            if let owner = node.owner { self.nodes[owner.index].children.append(node.id) }
        }
        self.rebuild()
    }

    /// Tells the derived state again from the nodes.
    private mutating func rebuild() {
        for node in self.nodes {
            if node.type == .pod {
                self.leaves.all += 1
                if node.phase.isFulfilled { self.leaves.finished += 1 }
            }
            guard let template = node.template, node.type != .retry, node.phase != .held else { continue }
            switch self.plan.templates[template].body {
            case .steps(let steps): self.steps[node.id] = StepsState(sites: steps.steps.count)
            case .dag(let dag):
                self.dags[node.id] = DAGState(
                    taskNodes: Array(repeating: nil, count: dag.tasks.count), unmet: dag.dependencies.map { Int32($0.count) })
            case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: break
            }
        }
        for node in self.nodes { self.register(node.id) }
        for node in self.nodes { self.rebuild(node) }
    }

    private mutating func rebuild(_ node: Node) {
        if node.dueAt != nil, !node.phase.isFulfilled { self.waiting.insert(node.id) }
        self.rebuildGates(node)
        if node.type == .taskGroup, !node.phase.isFulfilled {
            self.openItems[node.id] = node.children.count { !self.isSettled($0) }
        }
        if self.steps[node.id] != nil, let group = node.children.last(where: { self.nodes[$0.index].type == .stepGroup }) {
            if case .group(let index) = self.nodes[group.index].role { self.steps[node.id]!.group = index }
            self.steps[node.id]!.groupNode = group
            let children = self.nodes[group.index].children
            self.steps[node.id]!.open = self.nodes[group.index].phase.isFulfilled ? 0 : children.count { !self.isSettled($0) }
            self.steps[node.id]!.hasFailure = node.phase.isFailure && self.nodes[group.index].phase.isFailure
        }
        if let state = self.dags[node.id], let template = node.template, case .dag(let dag) = self.plan.templates[template].body {
            for (task, id) in state.taskNodes.enumerated() {
                guard let id else { continue }
                if self.isSettled(id) {
                    for dependent in dag.dependents[task] { self.dags[node.id]!.unmet[dependent] -= 1 }
                    if self.nodes[id.index].phase.isFailure { self.dags[node.id]!.hasFailure = true }
                } else {
                    self.dags[node.id]!.open += 1
                }
            }
        }
    }

    private mutating func rebuildGates(_ node: Node) {
        guard node.type == .pod || node.type == .steps || node.type == .dag else { return }
        switch node.phase {
        case .pending, .running:
            if node.type == .pod { self.gates.activePods += 1 }
            if let boundary = node.boundary { self.gates.activeChildren[boundary, default: 0] += 1 }
        case .held:
            // A pod whose boundary sets no limit can only be waiting for the workflow's.
            self.gates.held += 1
            if let boundary = node.boundary, self.limit(of: boundary) != nil {
                self.gates.forBoundary[boundary, default: HeldQueue()].append(node.id)
            } else {
                if let boundary = node.boundary { self.gates.activeChildren[boundary, default: 0] += 1 }
                self.gates.forWorkflow.append(node.id)
            }
        case .succeeded, .skipped, .omitted, .failed, .error: break
        }
    }

    /// Fulfilled, and so is its exit handler.
    private func isSettled(_ id: NodeID) -> Bool {
        let node = self.nodes[id.index]
        return node.phase.isFulfilled
            && node.children.allSatisfy { child in
                guard case .exitHandler = self.nodes[child.index].role else { return true }
                return self.nodes[child.index].phase.isFulfilled
            }
    }
}

extension RunMachine.Event {
    /// For the journal: history and audit, and replay by the same version.
    public var json: JSONValue {
        switch self {
        case .started: return ["event": "started"]
        case .podStarted(let node, let attempt):
            return ["event": "podStarted", "node": .integer(node.ordinal), "attempt": .integer(attempt)]
        case .podLost(let node, let attempt, let reason):
            return ["event": "podLost", "node": .integer(node.ordinal), "attempt": .integer(attempt), "reason": .string(reason)]
        case .podFinished(let node, let attempt, let result):
            return ["event": "podFinished", "node": .integer(node.ordinal), "attempt": .integer(attempt), "result": result.row]
        case .timerFired(let timer):
            var object = JSONObject()
            object["event"] = "timerFired"
            object["node"] = timer.node.map { .integer($0.ordinal) }
            object["kind"] = .string(timer.kind.rawValue)
            return .object(object)
        case .shutdownRequested(let kind, let message):
            return ["event": "shutdownRequested", "kind": .string(kind.rawValue), "message": .string(message)]
        }
    }

    /// nil when it is none.
    public init?(json: JSONValue) {
        let node = json["node"]?.int.map { NodeID($0) }
        let attempt = json["attempt"]?.int
        switch json["event"]?.string {
        case "started": self = .started
        case "podStarted":
            guard let node, let attempt else { return nil }
            self = .podStarted(node, attempt: attempt)
        case "podLost":
            guard let node, let attempt, let reason = json["reason"]?.string else { return nil }
            self = .podLost(node, attempt: attempt, reason: reason)
        case "podFinished":
            guard let node, let attempt, let result = json["result"].flatMap({ PodResult(row: $0) }) else { return nil }
            self = .podFinished(node, attempt: attempt, result)
        case "timerFired":
            guard let kind = json["kind"]?.string.flatMap({ TimerKind(rawValue: $0) }) else { return nil }
            self = .timerFired(TimerID(node: node, kind: kind))
        case "shutdownRequested":
            guard let kind = json["kind"]?.string.flatMap({ RunState.Shutdown(rawValue: $0) }) else { return nil }
            self = .shutdownRequested(kind, message: json["message"]?.string ?? "")
        default: return nil
        }
    }
}

extension PodResult {
    var row: JSONValue {
        var row = JSONObject()
        switch self.end {
        case .exited(let code): row["end"] = ["exited", .integer(code)]
        case .notStarted(let message): row["end"] = ["notStarted", .string(message)]
        case .outputsLost(let code, let message): row["end"] = ["outputsLost", .integer(code), .string(message)]
        }
        row["startedAt"] = self.startedAt.map { JSONValue($0) }
        row["finishedAt"] = JSONValue(self.finishedAt)
        row["result"] = self.result.map { .string($0) }
        row["parameters"] = RowCoding.parameters(
            self.parameters.sorted { $0.key < $1.key }.map { NamedValue(name: $0.key, value: $0.value) })
        row["artifacts"] = RowCoding.artifacts(
            self.artifacts.sorted { $0.key < $1.key }.map { NamedArtifact(name: $0.key, path: nil, source: .stored($0.value)) })
        row["cpuMillis"] = self.cpuMillis.map { .integer($0) }
        row["peakMemoryBytes"] = self.peakMemoryBytes.map { .integer($0) }
        return .object(row)
    }

    init?(row: JSONValue) {
        let end: End
        switch (row["end"]?[0]?.string, row["end"]?[1]?.int, row["end"]?[1]?.string, row["end"]?[2]?.string) {
        case ("exited", let code?, _, _): end = .exited(code: code)
        case ("notStarted", _, let message?, _): end = .notStarted(message: message)
        case ("outputsLost", let code?, _, let message?): end = .outputsLost(code: code, message: message)
        default: return nil
        }
        guard let finishedAt = row["finishedAt"]?.time else { return nil }
        var artifacts: [String: StoredArtifact] = [:]
        for artifact in RowCoding.artifacts(row["artifacts"]) {
            if case .stored(let stored) = artifact.source { artifacts[artifact.name] = stored }
        }
        self.init(
            end: end, startedAt: row["startedAt"]?.time, finishedAt: finishedAt, result: row["result"]?.string,
            parameters: Dictionary(RowCoding.parameters(row["parameters"]).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
            artifacts: artifacts, cpuMillis: row["cpuMillis"]?.integer, peakMemoryBytes: row["peakMemoryBytes"]?.integer)
    }
}
