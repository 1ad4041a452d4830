import Expressions
import Planning
import WorkflowModel

/// What is known of a node before it exists.
struct NodeSeed {
    var name: String
    var role: NodeRole
    var owner: NodeID?
    var boundary: NodeID?
    var isExit: Bool
    var item: JSONValue?
}

/// A template with its inputs bound.
struct Call {
    var template: TemplateIndex
    var inputs: NodeInputs
}

/// Why a node cannot go on, in the author's words.
struct NodeFault: Error {
    var message: String
    init(_ message: String) { self.message = message }
    init(_ error: RenderError) { self.message = error.message }
}

/// Making nodes.
extension RunMachine {
    private static let deepest = 100

    /// What a node of this call will be; nothing changes yet.
    func call(_ target: PlannedTarget, _ arguments: PlannedArguments, _ scope: Scope) -> Result<Call, NodeFault> {
        do throws(NodeFault) {
            let index = try self.template(of: target, scope)
            return .success(Call(template: index, inputs: try self.bind(self.plan[index], arguments, scope)))
        } catch {
            return .failure(error)
        }
    }

    /// Creates the node of a call and starts it. A call that cannot be made becomes a node that says why.
    mutating func startNode(_ seed: NodeSeed, _ call: Result<Call, NodeFault>) {
        let depth = self.depth(of: seed)
        switch call {
        case .failure(let fault): self.addEnded(seed, .error, message: fault.message)
        case .success where depth >= Self.deepest:
            self.addEnded(seed, .error, message: "Maximum recursion depth exceeded. See docs/compatibility.md")
        case .success(let call): self.startNode(seed, call, depth: depth)
        }
    }

    private mutating func startNode(_ seed: NodeSeed, _ call: Call, depth: Int) {
        let template = self.plan[call.template]
        let id = self.add(
            seed, type: template.retry != nil ? .retry : template.nodeType, template: call.template.value, depth: depth, inputs: call.inputs
        )
        if !call.inputs.artifacts.isEmpty {
            switch self.placedInputs(of: id, template) {
            case .success(let artifacts): self.nodes[id.index].inputs.artifacts = artifacts
            case .failure(let fault): return self.finish(id, .error, message: fault.message)
            }
        }
        if let name = template.displayName { self.nodes[id.index].displayName = self.displayName(of: id, name) }
        self.prepare(id)
    }

    private func displayName(of id: NodeID, _ name: TemplateText) -> String? {
        let own = self.scope(of: id)
        return try? name.render(own, mode: own.mode, clock: own.clock)
    }

    /// Paths of input artifacts may speak of the node's own parameters.
    private func placedInputs(of id: NodeID, _ template: PlannedTemplate) -> Result<[NamedArtifact], NodeFault> {
        let scope = self.scope(of: id)
        var artifacts = self.nodes[id.index].inputs.artifacts
        do throws(NodeFault) {
            for at in artifacts.indices {
                let name = artifacts[at].name
                guard let path = template.inputArtifacts.first(where: { $0.name == name })?.path else { continue }
                artifacts[at].path = try scope.text(path)
            }
            return .success(artifacts)
        } catch {
            return .failure(error)
        }
    }

    /// Attempt `index` of a retried node: the same template and inputs once more.
    mutating func startAttempt(of owner: NodeID, _ index: Int) {
        let node = self.nodes[owner.index]
        guard let template = node.template else { return }
        let seed = NodeSeed(
            name: "\(node.name)(\(index))", role: .attempt(index: index), owner: owner, boundary: node.boundary, isExit: node.isExit)
        let id = self.add(
            seed, type: self.plan.templates[template].nodeType, template: template, depth: node.depth, inputs: node.inputs)
        self.nodes[id.index].item = node.item
        switch self.nodes[id.index].type {
        case .suspend, .http, .plugin: self.enterFreely(id)
        case .pod, .steps, .dag, .stepGroup, .taskGroup, .retry, .skipped, .container: self.admit(id)
        }
    }

    private func depth(of seed: NodeSeed) -> Int {
        let above = seed.boundary ?? seed.owner
        return above.map { self.nodes[$0.index].depth + 1 } ?? 0
    }

    @discardableResult
    mutating func add(_ seed: NodeSeed, type: NodeType, template: Int?, depth: Int, inputs: NodeInputs) -> NodeID {
        let id = NodeID(self.nodes.count)
        self.nodes.append(
            Node(
                id: id, owner: seed.owner, boundary: seed.boundary, role: seed.role, name: seed.name, displayName: nil, type: type,
                template: template, depth: depth, phase: .held, message: "", startedAt: self.run.now, finishedAt: nil, inputs: inputs,
                outputs: NodeOutputs(), item: seed.item?.json, podAttempt: 0, isExit: seed.isExit, doom: nil, dueAt: nil, cpuMillis: nil,
                peakMemoryBytes: nil, children: []))
        if let owner = seed.owner { self.nodes[owner.index].children.append(id) }
        self.changed.insert(id)
        if type == .pod { self.leaves.all += 1 }
        self.register(id)
        return id
    }

    /// Tells the boundary which node stands for its step or task.
    mutating func register(_ id: NodeID) {
        guard let boundary = self.nodes[id.index].boundary else { return }
        self.enter(id, in: boundary)
        if let site = self.site(of: id), !(self.step(of: site.boundary, site.index)?.hooks.isEmpty ?? true) { self.hooked.insert(id) }
    }

    mutating func enter(_ id: NodeID, in boundary: NodeID) {
        switch self.nodes[id.index].role {
        case .site(let site):
            if self.steps[boundary] != nil { self.steps[boundary]!.siteNodes[site] = id } else { self.dags[boundary]?.taskNodes[site] = id }
        case .item(let site, _): self.steps[boundary]?.items[site, default: []].append(id)
        case .entry, .group, .attempt, .exitHandler, .hook, .container: break
        }
    }

    /// A node that never runs.
    @discardableResult
    mutating func addEnded(_ seed: NodeSeed, _ phase: NodePhase, message: String) -> NodeID {
        let id = self.add(seed, type: .skipped, template: nil, depth: 0, inputs: NodeInputs())
        self.nodes[id.index].phase = .running
        self.finish(id, phase, message: message)
        return id
    }

    /// Starts a node that has its places.
    mutating func begin(_ id: NodeID) {
        self.changed.insert(id)
        self.nodes[id.index].stage = .place
        if self.isShut(isExit: self.nodes[id.index].isExit) {
            self.nodes[id.index].phase = .pending
            return self.finish(id, .failed, message: self.shutMessage)
        }
        guard let template = self.nodes[id.index].template else { return }
        switch self.plan.templates[template].body {
        case .pod, .containerSet: self.beginPod(id)
        case .steps(let steps):
            self.nodes[id.index].phase = .running
            if self.hasParts(id) { return self.reopenSteps(id) }
            self.steps[id] = StepsState(sites: steps.steps.count)
            self.work.append(.startGroup(id, 0))
        case .dag(let dag):
            self.nodes[id.index].phase = .running
            self.beginDAG(id, dag)
        case .suspend(let duration): self.beginSuspend(id, duration)
        case .http, .resource, .data, .plugin: self.beginCall(id)
        }
    }

    private mutating func beginSuspend(_ id: NodeID, _ duration: TemplateText?) {
        self.nodes[id.index].phase = .running
        self.waiting.insert(id)
        let scope = self.scope(of: id)
        do {
            guard let text = try duration?.render(scope, mode: scope.mode, clock: scope.clock), !text.isEmpty else { return }
            guard let span = Span(unitOptional: text) else { return self.finish(id, .error, message: "'\(text)' is not a duration") }
            let due = self.run.now + span
            self.nodes[id.index].dueAt = due
            self.actions.append(.schedule(TimerID(node: id, kind: .suspend), at: due))
        } catch {
            self.finish(id, .error, message: error.message)
        }
    }

    // MARK: Calls

    func template(of target: PlannedTarget, _ scope: Scope) throws(NodeFault) -> TemplateIndex {
        switch target {
        case .template(let index): return index
        case .dynamic(let within, let name, let template, let isCluster):
            let wanted = try scope.text(template)
            let place: TemplateScope =
                if let name {
                    isCluster ? .cluster(try scope.text(name)) : .namespaced(try scope.text(name))
                } else { within }
            if let found = self.plan.index[TemplateKey(scope: place, name: wanted)] { return found }
            throw NodeFault("template name '\(wanted)' undefined in \(place.text(workflow: self.plan.name))")
        }
    }

    /// Gives every input of the template its value.
    func bind(_ template: PlannedTemplate, _ arguments: PlannedArguments, _ scope: Scope) throws(NodeFault) -> NodeInputs {
        var inputs = NodeInputs()
        inputs.parameters.reserveCapacity(template.inputs.count)
        for input in template.inputs {
            let given = arguments.parameters.first { $0.name == input.name }
            guard let value = try self.value(of: input, given: given, scope) else {
                throw NodeFault("inputs.parameters.\(input.name) was not supplied")
            }
            inputs.parameters.append(NamedValue(name: input.name, value: value))
        }
        for input in template.inputArtifacts {
            let given = arguments.artifacts.first { $0.name == input.name }
            guard let source = try self.source(of: input, given: given, scope) else {
                if input.isOptional { continue }
                throw NodeFault("inputs.artifacts.\(input.name) was not supplied")
            }
            inputs.artifacts.append(NamedArtifact(name: input.name, path: nil, source: source))
        }
        return inputs
    }

    /// An argument's value, else what the template itself gives: its value, its ConfigMap, its default.
    private func value(of input: PlannedParameter, given: PlannedParameter?, _ scope: Scope) throws(NodeFault) -> String? {
        if let text = given?.value {
            do {
                return try text.render(scope, mode: scope.mode, clock: scope.clock)
            } catch {
                // An output that never came to be counts as not supplied when it is all there is; the input's own default then applies.
                guard error.isAbsent, text.singleTagName != nil else { throw NodeFault(error) }
                if let fallback = input.default ?? input.value { return try scope.text(fallback) }
                throw NodeFault(error)
            }
        }
        if let from = given?.valueFrom, let value = try self.value(from: from, scope) { return value }
        if let fallback = given?.default { return try scope.text(fallback) }
        if let text = input.value { return try scope.text(text) }
        if let from = input.valueFrom, let value = try self.value(from: from, scope) { return value }
        if let text = input.default { return try scope.text(text) }
        return nil
    }

    private func value(from: PlannedValueFrom, _ scope: Scope) throws(NodeFault) -> String? {
        switch from.source {
        case .configMapKey(let name, let key, let isOptional):
            let name = try scope.text(name)
            let key = try scope.text(key)
            do {
                return try self.configMapValue(name, key)
            } catch {
                if let fallback = from.default { return try scope.text(fallback) }
                if isOptional { return nil }
                throw error
            }
        case .expression(let text): return try scope.evaluate(text).flatMap { scope.insertion(of: $0) }
        case .parameter(let text): return try scope.reference(text)
        case .path, .supplied, .jsonPath, .jqFilter, .event, .none:
            return try from.default.map { (text) throws(NodeFault) in try scope.text(text) }
        }
    }

    func configMapValue(_ name: String, _ key: String) throws(NodeFault) -> String {
        guard let map = self.plan.resources.configMaps[name] else {
            throw NodeFault("configmaps \"\(name)\" not found: give the ConfigMap in the same call, or store it with 'skiff apply'")
        }
        guard map.isParameterSource else {
            throw NodeFault(
                "ConfigMap '\(name)' needs to have the label workflows.argoproj.io/configmap-type: Parameter to load parameters")
        }
        guard let value = map.data[key] else { throw NodeFault("ConfigMap '\(name)' does not have the key '\(key)'") }
        return value
    }

    private func source(of input: PlannedArtifact, given: PlannedArtifact?, _ scope: Scope) throws(NodeFault) -> ArtifactSource? {
        for artifact in [given, input].compactMap({ $0 }) {
            if let source = try scope.source(of: artifact, mayBeMissing: input.isOptional || artifact.isOptional) { return source }
        }
        return nil
    }

    func condition(_ text: TemplateText, _ scope: Scope) -> Result<Bool, NodeFault> {
        do throws(NodeFault) {
            if case .bool(let holds)? = try scope.evaluate(text) { return .success(holds) }
            return .failure(NodeFault("expression '\(text.source)' is not true or false"))
        } catch {
            return .failure(error)
        }
    }

    func step(of boundary: NodeID, _ site: Int) -> PlannedStep? {
        guard let template = self.nodes[boundary.index].template else { return nil }
        switch self.plan.templates[template].body {
        case .steps(let steps): return steps.steps[site]
        case .dag(let dag): return dag.tasks[site]
        case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: return nil
        }
    }
}

extension PlannedTemplate {
    /// Without the Retry node around it.
    var nodeType: NodeType {
        switch self.body {
        case .pod, .containerSet, .resource, .data: .pod
        case .steps: .steps
        case .dag: .dag
        case .suspend: .suspend
        case .http: .http
        case .plugin: .plugin
        }
    }

    /// Carried out by Skiff itself, without a pod.
    var isCall: Bool {
        switch self.body {
        case .http, .plugin, .resource, .data: true
        case .pod, .containerSet, .steps, .dag, .suspend: false
        }
    }
}
