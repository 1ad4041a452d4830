public import Planning
public import WorkflowModel

/// Why a status cannot be taken over.
public struct ForeignStatusFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// Reads the `status` of a Workflow that ran elsewhere, in a cluster or under another data directory.
///
/// A node's place in the workflow stands in its full name (`flow[1].build(0:linux)(2)`), which is unique and begins with that of the node it
/// belongs to; so nodes are read from short names to long ones. Exit handlers and hooks are left out: a retry runs them again. Artifacts that lie
/// in a cluster's store are left out too, and named in `notes`: what needs one says so when it starts.
/// - Source: Argo's documentation of node names, `NodeStatus` and `boundaryID`.
public struct ForeignStatus {
    public private(set) var notes: [String] = []
    private let plan: Plan
    /// The name that node names begin with.
    private let workflow: String
    private var nodes: [Node] = []
    private var places: [String: NodeID] = [:]
    private var names: [String: String] = [:]
    private var leftOut: Set<String> = []

    /// - Parameter workflow: `metadata.name` of the exported Workflow; the run may have another name.
    public init(plan: Plan, workflow: String) {
        self.plan = plan
        self.workflow = workflow
    }

    public mutating func read(_ status: JSONValue) throws(ForeignStatusFault) -> RestoredRun {
        guard let phase = status["phase"]?.string.flatMap({ RunPhase(rawValue: $0) }), phase.isFinished else {
            throw ForeignStatusFault("its phase is '\(status["phase"]?.string ?? "")': only a workflow that has ended can go on here")
        }
        guard let given = status["nodes"]?.object else { throw Self.withoutNodes(status) }
        for (id, node) in given { self.names[id] = node["name"]?.string ?? "" }
        let ordered = given.map(\.1).sorted { left, right in
            let (left, right) = (left["name"]?.string ?? "", right["name"]?.string ?? "")
            return (left.utf8.count, left) < (right.utf8.count, right)
        }
        for node in ordered { try self.add(node) }
        guard self.nodes.first?.role == .entry else { throw ForeignStatusFault("its nodes have no node '\(self.workflow)' to begin with") }
        var run = RestoredRun(nodes: self.nodes, phase: phase, message: status["message"]?.string ?? "")
        run.globalParameters = Self.parameters(status["outputs"])
        return run
    }

    private static func withoutNodes(_ status: JSONValue) -> ForeignStatusFault {
        if status["offloadNodeStatusVersion"]?.string?.isEmpty == false {
            return ForeignStatusFault(
                "its nodes are in the cluster's database: export it through the Argo server, with 'argo get NAME -o json'")
        }
        if status["compressedNodes"]?.string?.isEmpty == false {
            return ForeignStatusFault("its nodes are compressed and were not unpacked")
        }
        return ForeignStatusFault("its status has no nodes")
    }

    // MARK: Nodes

    private mutating func add(_ status: JSONValue) throws(ForeignStatusFault) {
        guard let name = status["name"]?.string, let type = status["type"]?.string.flatMap({ NodeType(rawValue: $0) }) else {
            throw ForeignStatusFault("a node has no name, or the type '\(status["type"]?.string ?? "")', which is not known")
        }
        guard let phase = Self.phase(status) else {
            throw ForeignStatusFault("node '\(name)' has the phase '\(status["phase"]?.string ?? "")'")
        }
        let boundary = status["boundaryID"]?.string.flatMap { self.names[$0] }
        if status["nodeFlag"]?["hooked"]?.bool ?? false || name.hasSuffix(".onExit") || boundary.map(self.leftOut.contains) ?? false {
            self.leftOut.insert(name)
            return
        }
        let owned: (role: NodeRole, owner: NodeID?)
        if name == self.workflow {
            owned = (.entry, nil)
        } else {
            guard let found = self.role(of: name, type, in: boundary) else {
                // A part of something that was left out, such as an attempt of an exit handler.
                if self.leftOut.contains(where: { name.hasPrefix($0) }) { return }
                throw ForeignStatusFault("node '\(name)' has no place in the workflow: its status is of another spec")
            }
            owned = found
        }
        let id = NodeID(self.nodes.count)
        let boundaryID = boundary.flatMap { self.places[$0] }
        let above = (boundaryID ?? owned.owner).map { self.nodes[$0.index].depth + 1 } ?? 0
        var node = Node(
            id: id, owner: owned.owner, boundary: boundaryID, role: owned.role, name: self.plan.name + name.dropFirst(self.workflow.count),
            displayName: nil, type: type, template: nil, depth: above, phase: phase, message: status["message"]?.string ?? "",
            startedAt: Self.time(status["startedAt"]) ?? Timestamp(milliseconds: 0), finishedAt: Self.time(status["finishedAt"]),
            inputs: NodeInputs(), outputs: NodeOutputs(), item: nil, podAttempt: 0, isExit: false, doom: nil, dueAt: nil, cpuMillis: nil,
            peakMemoryBytes: nil, children: [])
        node.template = try self.template(of: node, status)
        node.inputs.parameters = Self.parameters(status["inputs"])
        node.outputs = self.outputs(status["outputs"], of: name)
        if type == .pod, phase == .succeeded { node.original = status["id"]?.string }
        self.places[name] = id
        self.nodes.append(node)
    }

    /// A daemon that still served has ended with its cluster; a node that was under way there has not succeeded.
    private static func phase(_ status: JSONValue) -> NodePhase? {
        if status["daemoned"]?.bool ?? false { return .succeeded }
        switch status["phase"]?.string {
        case "Pending", "Running", "": return .failed
        case let text: return text.flatMap { NodePhase(rawValue: $0) }
        }
    }

    private static func time(_ json: JSONValue?) -> Timestamp? { json?.string.flatMap { Timestamp(rfc3339: $0) } }

    // MARK: Places

    private func role(of name: String, _ type: NodeType, in boundary: String?) -> (NodeRole, NodeID?)? {
        if let attempt = self.attempt(name) { return attempt }
        guard let boundary, let around = self.places[boundary], name.hasPrefix(boundary) else { return nil }
        var rest = name.dropFirst(boundary.count)
        if type == .container { return self.member(String(rest.dropFirst()), of: around) }
        guard let index = self.nodes[around.index].template else { return nil }
        switch self.plan.templates[index].body {
        case .steps(let steps):
            guard rest.first == "[", let close = rest.firstIndex(of: "]"), let group = Int(rest[rest.index(after: rest.startIndex)..<close])
            else { return nil }
            rest = rest[rest.index(after: close)...]
            if rest.isEmpty { return (.group(index: group), around) }
            guard let owner = self.places["\(boundary)[\(group)]"] else { return nil }
            return self.site(rest, steps.sites, hasGroups: false, boundary, owner)
        case .dag(let dag): return self.site(rest, dag.sites, hasGroups: true, boundary, around)
        case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: return nil
        }
    }

    /// `X(2)` of a retried node X.
    private func attempt(_ name: String) -> (NodeRole, NodeID?)? {
        guard name.last == ")", let open = name.lastIndex(of: "("), let owner = self.places[String(name[..<open])],
            self.nodes[owner.index].type == .retry, let index = Int(name[name.index(after: open)...].dropLast())
        else { return nil }
        return (.attempt(index: index), owner)
    }

    private func member(_ name: String, of pod: NodeID) -> (NodeRole, NodeID?)? {
        guard let index = self.nodes[pod.index].template, case .containerSet(let set) = self.plan.templates[index].body,
            let at = set.members.firstIndex(where: { $0.name == name })
        else { return nil }
        return (.container(index: at), pod)
    }

    /// `.step` or `.step(2:item)`.
    private func site(
        _ text: Substring, _ sites: [String: Int], hasGroups: Bool, _ boundary: String, _ owner: NodeID
    ) -> (NodeRole, NodeID?)? {
        let open = text.firstIndex(of: "(") ?? text.endIndex
        let name = String(text[..<open].dropFirst())
        guard text.first == ".", let site = sites[name] else { return nil }
        if open == text.endIndex { return (.site(site), owner) }
        guard let colon = text[open...].firstIndex(of: ":"), let item = Int(text[text.index(after: open)..<colon]) else { return nil }
        // The items of a task belong to its TaskGroup.
        guard hasGroups else { return (.item(site: site, item: item), owner) }
        return self.places["\(boundary).\(name)"].map { (.item(site: site, item: item), $0) }
    }

    // MARK: Templates

    private func template(of node: Node, _ status: JSONValue) throws(ForeignStatusFault) -> Int? {
        let index: Int?
        switch node.role {
        case .group, .container, .exitHandler, .hook: return nil
        case .entry: index = self.plan.entrypoint.value
        case .attempt: index = node.owner.flatMap { self.nodes[$0.index].template }
        case .site(let site), .item(let site, _): index = node.boundary.flatMap { self.template(of: site, in: $0, status) }
        }
        if node.type == .skipped || node.type == .taskGroup { return nil }
        guard let index else { throw ForeignStatusFault("the template of node '\(node.name)' is not in this workflow") }
        let template = self.plan.templates[index]
        var isAttempt = false
        if case .attempt = node.role { isAttempt = true }
        let expected = template.retry != nil && !isAttempt ? NodeType.retry : template.nodeType
        guard node.type == expected else {
            throw ForeignStatusFault(
                "node '\(node.name)' is of type \(node.type.rawValue), and its template '\(template.key.name)' makes nodes of type "
                    + "\(expected.rawValue): its status is of another spec")
        }
        return index
    }

    private func template(of site: Int, in boundary: NodeID, _ status: JSONValue) -> Int? {
        guard let around = self.nodes[boundary.index].template else { return nil }
        let step: PlannedStep
        switch self.plan.templates[around].body {
        case .steps(let steps): step = steps.steps[site]
        case .dag(let dag): step = dag.tasks[site]
        case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: return nil
        }
        if case .template(let index) = step.target { return index.value }
        let reference = status["templateRef"]
        guard let name = reference?["template"]?.string ?? status["templateName"]?.string else { return nil }
        var scope = self.plan.templates[around].key.scope
        if let resource = reference?["name"]?.string {
            scope = reference?["clusterScope"]?.bool ?? false ? .cluster(resource) : .namespaced(resource)
        }
        return self.plan.index[TemplateKey(scope: scope, name: name)]?.value
    }

    // MARK: Values

    private static func parameters(_ json: JSONValue?) -> [NamedValue] {
        (json?["parameters"]?.array ?? []).compactMap { parameter in
            guard let name = parameter["name"]?.string, let value = parameter["value"]?.scalarText else { return nil }
            return NamedValue(name: name, value: value)
        }
    }

    private mutating func outputs(_ json: JSONValue?, of node: String) -> NodeOutputs {
        var outputs = NodeOutputs()
        outputs.parameters = Self.parameters(json)
        outputs.result = json?["result"]?.string
        outputs.exitCode = json?["exitCode"]?.scalarText.flatMap { Int($0) }
        for artifact in json?["artifacts"]?.array ?? [] {
            guard let name = artifact["name"]?.string else { continue }
            if let text = artifact["raw"]?["data"]?.string {
                outputs.artifacts.append(NamedArtifact(name: name, path: artifact["path"]?.string, source: .raw(text)))
            } else {
                self.notes.append("artifact '\(name)' of node '\(node)' is in another store and was not taken over")
            }
        }
        return outputs
    }
}
