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

    static func debt(_ debt: Debt) -> JSONValue {
        switch debt {
        case .release(let node): node.map { ["release", .integer($0.ordinal)] } ?? ["release"]
        case .remember(let node): ["remember", .integer(node.ordinal)]
        }
    }

    static func debt(_ json: JSONValue) -> Debt? {
        let node = json[1]?.integer.flatMap { Int(exactly: $0) }.map { NodeID($0) }
        switch json[0]?.string {
        case "release": return .release(node)
        case "remember": return node.map { .remember($0) }
        default: return nil
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
        case .hook(let name): ["hook", .string(name)]
        case .container(let index): ["container", .integer(index)]
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
        case "hook": return json?[1]?.string.map { .hook(name: $0) }
        case "container": return first.map { .container(index: $0) }
        default: return nil
        }
    }
}

extension JSONValue {
    var int: Int? { self.integer.flatMap { Int(exactly: $0) } }
    var time: Timestamp? { self.integer.map { Timestamp(milliseconds: $0) } }
    init(_ time: Timestamp) { self = .integer(time.milliseconds) }
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
        if self.stage != .place { row["stage"] = .string(self.stage.rawValue) }
        if self.turn > 0 { row["turn"] = .integer(self.turn) }
        if !self.locks.isEmpty { row["locks"] = .array(self.locks.map(\.row)) }
        row["waitsFor"] = self.waitsFor.map { .string($0) }
        row["memo"] = self.memo.map { [.bool($0.isHit), .string($0.key), .string($0.cache)] }
        row["progress"] = self.progress.map { [.integer($0.done), .integer($0.all)] }
        if self.isRetired { row["isRetired"] = true }
        row["original"] = self.original.map { .string($0) }
        row["metrics"] = MetricSample.rows(self.metrics)
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
        self.stage = row["stage"]?.string.flatMap { NodeStage(rawValue: $0) } ?? .place
        self.turn = row["turn"]?.int ?? 0
        self.locks = (row["locks"]?.array ?? []).compactMap { LockRequest(row: $0) }
        self.waitsFor = row["waitsFor"]?.string
        self.original = row["original"]?.string
        self.metrics = MetricSample.samples(row["metrics"])
        self.isRetired = row["isRetired"]?.bool ?? false
        if let hit = row["memo"]?[0]?.bool, let key = row["memo"]?[1]?.string, let cache = row["memo"]?[2]?.string {
            self.memo = MemoStatus(isHit: hit, key: key, cache: cache)
        }
        if let done = row["progress"]?[0]?.integer, let all = row["progress"]?[1]?.integer {
            self.progress = NodeProgress(done: done, of: all)
        }
        if let doom = row["doom"] {
            guard let phase = doom[0]?.string.flatMap({ NodePhase(rawValue: $0) }), let message = doom[1]?.string else {
                throw fault("doom")
            }
            self.doom = Doom(phase: phase, message: message)
        }
    }
}

extension LockRequest {
    var row: JSONValue {
        var row = JSONObject()
        row["kind"] = .string(self.kind.rawValue)
        row["namespace"] = .string(self.namespace)
        row["name"] = .string(self.name)
        row["key"] = self.key.map { .string($0) }
        if self.isInDatabase { row["isInDatabase"] = true }
        return .object(row)
    }

    init?(row: JSONValue) {
        guard let kind = row["kind"]?.string.flatMap({ Kind(rawValue: $0) }), let namespace = row["namespace"]?.string,
            let name = row["name"]?.string
        else { return nil }
        self.init(
            kind: kind, namespace: namespace, name: name, key: row["key"]?.string, isInDatabase: row["isInDatabase"]?.bool ?? false)
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
        if self.isSuspended { row["isSuspended"] = true }
        row["globals"] = RowCoding.parameters(self.globalParameters)
        row["globalArtifacts"] = RowCoding.artifacts(self.globalArtifacts)
        row["now"] = JSONValue(self.now)
        row["metrics"] = MetricSample.rows(self.metrics)
        row["metricsError"] = self.metricsError.map { .string($0) }
        if self.entryNode.ordinal != 0 { row["entryNode"] = .integer(self.entryNode.ordinal) }
        row["exitNode"] = self.exitNode.map { .integer($0.ordinal) }
        if !self.locks.isEmpty { row["locks"] = .array(self.locks.map(\.row)) }
        row["waitsFor"] = self.waitsFor.map { .string($0) }
        row["labels"] = RowCoding.parameters(self.labels)
        row["deadlock"] = self.deadlock.map { .string($0) }
        if self.isExitDeadlocked { row["isExitDeadlocked"] = true }
        if self.latestTurn > 0 { row["latestTurn"] = .integer(self.latestTurn) }
        if !self.debts.isEmpty { row["debts"] = .array(self.debts.map(RowCoding.debt)) }
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
        self.isSuspended = row["isSuspended"]?.bool ?? false
        self.globalParameters = RowCoding.parameters(row["globals"])
        self.globalArtifacts = RowCoding.artifacts(row["globalArtifacts"])
        self.now = row["now"]?.time ?? Timestamp(milliseconds: 0)
        self.metrics = MetricSample.samples(row["metrics"])
        self.metricsError = row["metricsError"]?.string
        self.entryNode = NodeID(row["entryNode"]?.int ?? 0)
        self.exitNode = row["exitNode"]?.int.map { NodeID($0) }
        self.locks = (row["locks"]?.array ?? []).compactMap { LockRequest(row: $0) }
        self.waitsFor = row["waitsFor"]?.string
        self.labels = RowCoding.parameters(row["labels"])
        self.deadlock = row["deadlock"]?.string
        self.isExitDeadlocked = row["isExitDeadlocked"]?.bool ?? false
        self.latestTurn = row["latestTurn"]?.int ?? 0
        self.debts = (row["debts"]?.array ?? []).compactMap { RowCoding.debt($0) }
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
            if let owner = node.owner, !node.isRetired { self.nodes[owner.index].children.append(node.id) }
        }
        self.rebuild()
    }

    /// Tells the derived state again from the nodes.
    mutating func rebuild() {
        for node in self.nodes where !node.isRetired {
            if node.type == .pod {
                self.leaves.all += 1
                if node.phase.hasEnded { self.leaves.finished += 1 }
            }
            guard let template = node.template, node.type != .retry, node.phase != .held, !node.phase.isFulfilled else { continue }
            switch self.plan.templates[template].body {
            case .steps(let steps): self.steps[node.id] = StepsState(sites: steps.steps.count)
            case .dag(let dag):
                self.dags[node.id] = DAGState(
                    taskNodes: Array(repeating: nil, count: dag.tasks.count), unmet: dag.dependencies.map { Int32($0.count) })
            case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: break
            }
        }
        for node in self.nodes where !node.isRetired { self.register(node.id) }
        for node in self.nodes where !node.isRetired { self.rebuild(node) }
        for node in self.nodes.filter({ $0.turn > 0 && !$0.isRetired }).sorted(by: { $0.turn < $1.turn }) { self.rebuildQueue(node) }
    }

    private mutating func rebuild(_ node: Node) {
        if !node.phase.isFulfilled, self.waitsForSomething(node) { self.waiting.insert(node.id) }
        if self.isDormant(node.id) { self.dormant.insert(node.id) }
        if node.phase == .daemoned, node.type == .pod { self.daemons.insert(node.id) }
        if case .hook = node.role, node.owner == nil { self.runHooks.append(node.id) }
        if node.phase.isFulfilled { self.hooked.remove(node.id) }
        self.noteFailure(of: node.id)
        self.rebuildGates(node)
        if node.type == .taskGroup, node.phase == .running {
            self.openItems[node.id] = node.children.count { !self.isSettled($0) }
        }
        if self.steps[node.id] != nil { self.tellSteps(node.id) }
        if self.dags[node.id] != nil, let template = node.template, case .dag(let dag) = self.plan.templates[template].body {
            self.tellDAG(node.id, dag)
        }
    }

    private func waitsForSomething(_ node: Node) -> Bool {
        if node.dueAt != nil { return true }
        switch (node.type, node.phase) {
        case (_, .held): return node.stage != .place && node.stage != .slot && node.stage != .dormant
        case (.suspend, _), (.http, _), (.plugin, _): return true
        case (.pod, _), (.steps, _), (.stepGroup, _), (.dag, _), (.taskGroup, _), (.retry, _), (.skipped, _), (.container, _): return false
        }
    }

    private mutating func rebuildGates(_ node: Node) {
        if node.phase.hasEnded { return }
        if node.type == .pod, node.phase != .held { self.gates.activePods += 1 }
        if let boundary = node.boundary, self.isPlaced(node, in: node.phase) { self.gates.activeChildren[boundary, default: 0] += 1 }
    }

    private mutating func rebuildQueue(_ node: Node) {
        self.gates.held += 1
        if let boundary = node.boundary, node.stage == .place {
            self.gates.forBoundary[boundary, default: HeldQueue()].append(node.id)
        } else {
            self.gates.forWorkflow.append(node.id)
        }
    }
}
