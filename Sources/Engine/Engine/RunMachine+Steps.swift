import Expressions
import Planning
import WorkflowModel

/// A steps node under way.
struct StepsState: Sendable, Equatable {
    /// The node of each step, once there is one; of a fanned-out step only when it was skipped or failed as a whole.
    var siteNodes: [NodeID?]
    var items: [Int: [NodeID]] = [:]
    var group = 0
    var groupNode: NodeID?
    /// Nodes of the current group that have not settled.
    var open = 0
    var hasFailure = false
    /// Groups after the current one that are there already, because the run was retried.
    var later: [Int: NodeID] = [:]

    init(sites: Int) { self.siteNodes = Array(repeating: nil, count: sites) }
}

extension RunMachine {
    mutating func startGroup(of id: NodeID, _ group: Int) {
        guard let template = self.nodes[id.index].template, case .steps(let planned) = self.plan.templates[template].body else { return }
        guard group < planned.groups.count else { return self.finishSteps(id) }
        if self.isShut(isExit: self.nodes[id.index].isExit) { return self.finishComposite(id, .failed, message: self.shutMessage) }
        if let made = self.steps[id]?.later.removeValue(forKey: group) { return self.reopenGroup(made, group, of: id) }
        let node = self.nodes[id.index]
        let seed = NodeSeed(name: "\(node.name)[\(group)]", role: .group(index: group), owner: id, boundary: id, isExit: node.isExit)
        let groupNode = self.add(seed, type: .stepGroup, template: nil, depth: node.depth, inputs: NodeInputs())
        self.nodes[groupNode.index].phase = .running
        self.steps[id]!.group = group
        self.steps[id]!.groupNode = groupNode
        // One that is held open while the group is made, so that it cannot end before all of it exists.
        self.steps[id]!.open = 1
        for site in planned.groups[group] { self.startSite(site, of: id, owner: groupNode, prefix: "\(node.name)[\(group)].") }
        self.stepSettled(id)
    }

    /// Makes the nodes of a step or task: one, or one for each item.
    mutating func startSite(_ site: Int, of boundary: NodeID, owner: NodeID, prefix: String) {
        guard let step = self.step(of: boundary, site) else { return }
        let isExit = self.nodes[boundary.index].isExit
        var seed = NodeSeed(name: prefix + step.name, role: .site(site), owner: owner, boundary: boundary, isExit: isExit)
        self.opened(boundary)
        if let name = step.dynamicName {
            do throws(NodeFault) {
                seed.name = prefix + (try self.scope(inside: boundary, item: nil).text(name))
            } catch {
                self.addEnded(seed, .error, message: error.message)
                return
            }
        }
        switch self.opening(of: step, in: boundary) {
        case .skipped(let reason): self.addEnded(seed, .skipped, message: reason)
        case .failed(let reason): self.addEnded(seed, .error, message: reason)
        case .call(let call): self.startNode(seed, call)
        case .items(let items): self.startItems(items, step, seed)
        }
    }

    /// What becomes of a step or task. It is found out before anything changes: a scope that is held while nodes change would have all of
    /// them copied.
    private enum Opening {
        case skipped(String)
        case failed(String)
        case call(Result<Call, NodeFault>)
        case items([JSONValue])
    }

    private func opening(of step: PlannedStep, in boundary: NodeID) -> Opening {
        let scope = self.scope(inside: boundary, item: nil)
        do throws(NodeFault) {
            guard let fanOut = step.fanOut else { return try self.opening(of: step, scope) }
            // A condition that does not look at the item is settled once, before the list is even read.
            if let reason = try self.skipReasonBeforeItems(step, scope) { return .skipped(reason) }
            let items = try self.items(of: fanOut, scope)
            return items.isEmpty ? .skipped("Skipped, empty params") : .items(items)
        } catch {
            return .failed(error.message)
        }
    }

    private func opening(of step: PlannedStep, _ scope: Scope) throws(NodeFault) -> Opening {
        if let reason = try self.skipReason(step, scope) { return .skipped(reason) }
        return .call(self.call(step.target, step.arguments, scope))
    }

    private func opening(of step: PlannedStep, in boundary: NodeID, item: String) -> Opening {
        do throws(NodeFault) {
            return try self.opening(of: step, self.scope(inside: boundary, item: item))
        } catch {
            return .failed(error.message)
        }
    }

    private mutating func startItems(_ items: [JSONValue], _ step: PlannedStep, _ seed: NodeSeed) {
        guard let boundary = seed.boundary else { return }
        var owner = seed.owner
        if self.dags[boundary] != nil {
            let group = self.add(seed, type: .taskGroup, template: nil, depth: 0, inputs: NodeInputs())
            self.nodes[group.index].phase = .running
            self.openItems[group] = items.count
            owner = group
        } else {
            // The step counted as one; now it is as many as there are items.
            self.steps[boundary]!.open += items.count - 1
            self.nodes.reserveCapacity(self.nodes.count + items.count)
        }
        for (index, item) in items.enumerated() { self.startItem(index, item, step, seed, owner: owner) }
    }

    /// - Parameter seed: of the step or task that fans out.
    mutating func startItem(_ index: Int, _ item: JSONValue, _ step: PlannedStep, _ seed: NodeSeed, owner: NodeID?) {
        guard let boundary = seed.boundary, case .site(let site) = seed.role else { return }
        let one = NodeSeed(
            name: "\(seed.name)(\(index):\(Self.describe(item)))", role: .item(site: site, item: index), owner: owner, boundary: boundary,
            isExit: seed.isExit, item: item)
        switch self.opening(of: step, in: boundary, item: item.json) {
        case .skipped(let reason): self.addEnded(one, .skipped, message: reason)
        case .failed(let reason): self.addEnded(one, .error, message: reason)
        case .call(let call): self.startNode(one, call)
        case .items: break
        }
    }

    /// The items of a step or task that fans out, read once more; none when they cannot be.
    func itemsAgain(of step: PlannedStep, in boundary: NodeID) -> [JSONValue] {
        if case .items(let items) = self.opening(of: step, in: boundary) { return items }
        return []
    }

    private mutating func opened(_ boundary: NodeID) {
        if self.steps[boundary] != nil { self.steps[boundary]!.open += 1 } else { self.dags[boundary]?.open += 1 }
    }

    // MARK: Conditions and items

    /// Why the step is not run; nil when it is.
    private func skipReason(_ step: PlannedStep, _ scope: Scope) throws(NodeFault) -> String? {
        guard let when = step.when else { return nil }
        let text = try scope.text(when)
        do {
            return try WhenExpression.evaluate(text) ? nil : "when '\(text)' evaluated false"
        } catch {
            throw NodeFault(error.message)
        }
    }

    private func skipReasonBeforeItems(_ step: PlannedStep, _ scope: Scope) throws(NodeFault) -> String? {
        guard let when = step.when else { return nil }
        let usesItem =
            when.simpleNames.contains { $0.name == "item" || $0.name.hasPrefix("item.") || $0.name.contains("{{") }
            || when.expressionReferences.contains { $0.path.first == "item" }
        return usesItem ? nil : try self.skipReason(step, scope)
    }

    private func items(of fanOut: PlannedFanOut, _ scope: Scope) throws(NodeFault) -> [JSONValue] {
        switch fanOut {
        case .items(let items):
            var rendered: [JSONValue] = []
            for item in items {
                do { rendered.append(try item.render(scope, mode: scope.mode, clock: scope.clock)) } catch { throw NodeFault(error) }
            }
            return rendered
        case .parameter(let text):
            let list = try scope.text(text)
            let json: JSONValue
            do { json = try JSONValue(json: list) } catch {
                throw NodeFault("withParam value could not be parsed as a JSON list: \(error): \(list.prefix(200))")
            }
            guard let items = json.array else { throw NodeFault("withParam value could not be parsed as a JSON list: \(list.prefix(200))") }
            return items
        case .sequence(let start, let end, let count, let format):
            do {
                return try SequenceItems.expand(
                    start: start.map { try scope.text($0) }, end: end.map { try scope.text($0) }, count: count.map { try scope.text($0) },
                    format: format.map { try scope.text($0) }
                ).map { .string($0) }
            } catch {
                throw NodeFault((error as? NodeFault)?.message ?? (error as? ExpressionError)?.message ?? "\(error)")
            }
        }
    }

    /// An item in a node's name: scalars as they are, a list in brackets, a map as sorted `key:value` pairs, without parentheses.
    static func describe(_ item: JSONValue) -> String {
        func plain(_ value: JSONValue) -> String {
            switch value {
            case .array(let items): "[" + items.map(plain).joined(separator: " ") + "]"
            case .object(let object): "map[" + object.sorted { $0.0 < $1.0 }.map { "\($0.0):\(plain($0.1))" }.joined(separator: " ") + "]"
            case .null: "<nil>"
            case .bool, .number, .string: value.itemText
            }
        }
        let text =
            if case .object(let object) = item {
                object.sorted { $0.0 < $1.0 }.map { "\($0.0):\(plain($0.1))" }.joined(separator: ",")
            } else { plain(item) }
        return String(text.unicodeScalars.filter { $0 != "(" && $0 != ")" })
    }

    // MARK: Ends

    mutating func stepSettled(_ id: NodeID) {
        self.steps[id]!.open -= 1
        guard self.steps[id]!.open == 0, let groupNode = self.steps[id]!.groupNode,
            let template = self.nodes[id.index].template, case .steps(let planned) = self.plan.templates[template].body
        else { return }
        let failed = self.nodes[groupNode.index].children.first { child in
            let node = self.nodes[child.index]
            let site: Int
            switch node.role {
            case .site(let at), .item(let at, _): site = at
            case .entry, .group, .attempt, .exitHandler, .hook, .container: return false
            }
            return !self.isTolerated(node.phase, planned.steps[site].continueOn)
        }
        if let failed {
            let message = "child '\(ArgoNames.nodeID(self.nodes[failed.index].name, workflow: self.plan.name))' failed"
            self.finish(groupNode, self.nodes[failed.index].phase == .error ? .error : .failed, message: message)
            self.finishComposite(id, .failed, message: message)
        } else {
            self.finish(groupNode, .succeeded)
            self.work.append(.startGroup(id, self.steps[id]!.group + 1))
        }
    }

    func isTolerated(_ phase: NodePhase, _ continueOn: ContinueOn) -> Bool {
        switch phase {
        case .failed: continueOn.failed
        case .error: continueOn.error
        case .held, .pending, .running, .daemoned, .succeeded, .skipped, .omitted: true
        }
    }

    private mutating func finishSteps(_ id: NodeID) { self.finishWithOutputs(id) }

    /// A steps or dag node whose work has succeeded: its outputs decide how it ends.
    mutating func finishWithOutputs(_ id: NodeID) {
        do throws(NodeFault) {
            let outputs = try self.compositeOutputs(of: id)
            self.nodes[id.index].outputs = outputs
            self.exportGlobals(of: id)
            self.finishComposite(id, .succeeded, message: "")
        } catch {
            self.finishComposite(id, .error, message: error.message)
        }
    }

    mutating func finishComposite(_ id: NodeID, _ phase: NodePhase, message: String) {
        self.finish(id, phase, message: message)
    }

    private func compositeOutputs(of id: NodeID) throws(NodeFault) -> NodeOutputs {
        var outputs = NodeOutputs()
        guard let index = self.nodes[id.index].template else { return outputs }
        let template = self.plan.templates[index]
        let scope = self.scope(inside: id, item: self.nodes[id.index].item)
        for parameter in template.outputs {
            outputs.parameters.append(NamedValue(name: parameter.name, value: try self.output(parameter, scope)))
        }
        for artifact in template.outputArtifacts {
            guard let source = try scope.source(of: artifact, mayBeMissing: artifact.isOptional) else {
                if artifact.isOptional { continue }
                throw NodeFault("unable to resolve output artifact '\(artifact.name)'")
            }
            outputs.artifacts.append(NamedArtifact(name: artifact.name, path: nil, source: source))
        }
        return outputs
    }

    private func output(_ parameter: PlannedParameter, _ scope: Scope) throws(NodeFault) -> String {
        guard let from = parameter.valueFrom else {
            if let value = parameter.value { return try scope.text(value) }
            throw NodeFault("output parameter '\(parameter.name)' has no value")
        }
        do throws(NodeFault) {
            if let value = try self.valueOfOutput(from, scope) { return value }
        } catch {
            if let fallback = from.default { return try scope.text(fallback) }
            throw NodeFault("output parameter '\(parameter.name)': \(error.message)")
        }
        if let fallback = from.default { return try scope.text(fallback) }
        throw NodeFault("output parameter '\(parameter.name)' has no value, and no default")
    }

    private func valueOfOutput(_ from: PlannedValueFrom, _ scope: Scope) throws(NodeFault) -> String? {
        switch from.source {
        case .parameter(let text): try scope.reference(text)
        case .expression(let text): try scope.evaluate(text).flatMap { scope.insertion(of: $0) }
        case .path, .configMapKey, .supplied, .jsonPath, .jqFilter, .event, .none: nil
        }
    }

    /// Outputs with a globalName become the workflow's own.
    mutating func exportGlobals(of id: NodeID) {
        guard let index = self.nodes[id.index].template, self.plan.templates[index].hasGlobals else { return }
        let (parameters, artifacts) = self.globals(of: id, self.plan.templates[index])
        for parameter in parameters {
            if let at = self.run.globalParameters.firstIndex(where: { $0.name == parameter.name }) {
                self.run.globalParameters[at].value = parameter.value
            } else {
                self.run.globalParameters.append(parameter)
            }
        }
        for artifact in artifacts {
            self.run.globalArtifacts.removeAll { $0.name == artifact.name }
            self.run.globalArtifacts.append(artifact)
        }
    }

    private func globals(of id: NodeID, _ template: PlannedTemplate) -> (parameters: [NamedValue], artifacts: [NamedArtifact]) {
        let outputs = self.nodes[id.index].outputs
        let scope = self.scope(of: id)
        let parameters = template.outputs.compactMap { parameter -> NamedValue? in
            guard let global = parameter.globalName, let value = outputs.parameters.first(where: { $0.name == parameter.name })?.value,
                let name = try? scope.text(global)
            else { return nil }
            return NamedValue(name: name, value: value)
        }
        let artifacts = template.outputArtifacts.compactMap { artifact -> NamedArtifact? in
            guard let global = artifact.globalName, let found = outputs.artifacts.first(where: { $0.name == artifact.name }),
                let name = try? scope.text(global)
            else { return nil }
            return NamedArtifact(name: name, path: nil, source: found.source)
        }
        return (parameters, artifacts)
    }
}

extension PlannedTemplate {
    fileprivate var hasGlobals: Bool {
        self.outputs.contains { $0.globalName != nil } || self.outputArtifacts.contains { $0.globalName != nil }
    }
}
