import Planning
import WorkflowModel

/// What `node set` gives a node that waits for a person.
public struct NodeUpdate: Sendable, Equatable {
    /// Values of its `supplied` outputs.
    public var outputs: [NamedValue]
    /// How it ends; nil leaves it waiting.
    public var phase: NodePhase?
    public var message: String
    public init(outputs: [NamedValue] = [], phase: NodePhase? = nil, message: String = "") {
        self.outputs = outputs
        self.phase = phase
        self.message = message
    }
}

/// What people ask of a run under way.
extension RunMachine {
    /// Nothing new starts until the run is resumed; what runs goes on.
    mutating func suspend() {
        self.run.isSuspended = true
    }

    /// Without a selector the whole run goes on, and every node that waits for a person with it; with one, the nodes that match.
    mutating func resume(_ selector: NodeSelector?, message: String) {
        if selector == nil { self.run.isSuspended = false }
        for id in self.waitingForPeople where selector.map({ self.matches($0, self.nodes[id.index]) }) ?? true {
            self.resume(id, message: message)
        }
        if selector == nil { self.refillWorkflow() }
    }

    /// Suspend nodes under way.
    private var waitingForPeople: [NodeID] {
        self.waiting.filter { self.nodes[$0.index].type == .suspend }.sorted()
    }

    /// The node ends well, its `supplied` outputs taking their defaults where nobody gave a value. One that lacks both goes on waiting.
    private mutating func resume(_ id: NodeID, message: String) {
        switch self.suppliedOutputs(of: id) {
        case .success(let outputs):
            self.nodes[id.index].outputs = outputs
            self.exportGlobals(of: id)
            self.finish(id, .succeeded, message: message)
        case .failure(let fault):
            self.nodes[id.index].message = fault.message
            self.changed.insert(id)
        }
    }

    /// The time of a suspend node is over.
    mutating func suspensionEnded(_ id: NodeID) {
        guard self.waiting.contains(id) else { return }
        switch self.suppliedOutputs(of: id) {
        case .success(let outputs):
            self.nodes[id.index].outputs = outputs
            self.exportGlobals(of: id)
            self.finish(id, .succeeded)
        case .failure(let fault): self.finish(id, .error, message: fault.message)
        }
    }

    private func suppliedOutputs(of id: NodeID) -> Result<NodeOutputs, NodeFault> {
        var outputs = self.nodes[id.index].outputs
        guard let index = self.nodes[id.index].template else { return .success(outputs) }
        let scope = self.scope(of: id)
        do throws(NodeFault) {
            for parameter in self.plan.templates[index].outputs where !outputs.parameters.contains(where: { $0.name == parameter.name }) {
                if let fallback = parameter.valueFrom?.default ?? parameter.value ?? parameter.default {
                    outputs.parameters.append(NamedValue(name: parameter.name, value: try scope.text(fallback)))
                } else {
                    throw NodeFault("output parameter '\(parameter.name)' was not supplied and has no default")
                }
            }
            return .success(outputs)
        } catch {
            return .failure(error)
        }
    }

    /// Gives waiting nodes values and, when asked to, ends them.
    mutating func set(_ selector: NodeSelector, _ update: NodeUpdate) {
        for id in self.waitingForPeople where self.matches(selector, self.nodes[id.index]) {
            self.changed.insert(id)
            for output in update.outputs where self.takes(output.name, id) {
                if let at = self.nodes[id.index].outputs.parameters.firstIndex(where: { $0.name == output.name }) {
                    self.nodes[id.index].outputs.parameters[at].value = output.value
                } else {
                    self.nodes[id.index].outputs.parameters.append(output)
                }
            }
            if !update.message.isEmpty { self.nodes[id.index].message = update.message }
            guard let phase = update.phase else { continue }
            if phase == .succeeded {
                self.resume(id, message: update.message)
            } else {
                self.finish(id, phase, message: update.message)
            }
        }
    }

    private func takes(_ output: String, _ id: NodeID) -> Bool {
        self.nodes[id.index].template.map { self.plan.templates[$0].outputs.contains { $0.name == output } } ?? false
    }
}

extension RunMachine {
    /// Why a command would change nothing, in words for the one who asks; nil when it would.
    public func objection(toSetting update: NodeUpdate, of selector: NodeSelector) -> String? {
        let matching = self.waitingForPeople.filter { self.matches(selector, self.nodes[$0.index]) }
        if matching.isEmpty { return "no node that waits matches '\(selector.text)'" }
        for output in update.outputs where !matching.contains(where: { self.takes(output.name, $0) }) {
            return "no node that matches '\(selector.text)' has an output parameter '\(output.name)'"
        }
        return nil
    }

    public func objection(toResuming selector: NodeSelector?) -> String? {
        let matching = self.waitingForPeople.filter { id in selector.map { self.matches($0, self.nodes[id.index]) } ?? true }
        if matching.isEmpty, selector != nil || !self.run.isSuspended {
            return selector.map { "no node that waits matches '\($0.text)'" } ?? "the run is not suspended and none of its nodes waits"
        }
        for id in matching {
            if case .failure(let fault) = self.suppliedOutputs(of: id) {
                return "\(self.displayName(of: self.nodes[id.index])): \(fault.message); give it with node set --output-parameter"
            }
        }
        return nil
    }
}
