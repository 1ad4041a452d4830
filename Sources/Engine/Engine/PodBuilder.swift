import Expressions
import Planning
import WorkflowModel

/// From a template to what a runtime is asked for.
extension RunMachine {
    func podRequest(_ id: NodeID) -> Result<PodRequest, NodeFault> {
        do throws(NodeFault) {
            return .success(try self.buildPod(id))
        } catch {
            return .failure(error)
        }
    }

    private func buildPod(_ id: NodeID) throws(NodeFault) -> PodRequest {
        let node = self.nodes[id.index]
        guard let index = node.template else { throw NodeFault("the node runs no pod") }
        let template = self.plan.templates[index]
        let scope = self.scope(of: id)
        let spec = try self.podSpec(template, scope)
        var request = try PodBuilder(machine: self, node: node, podName: self.podName(of: id), spec: spec).request()
        switch template.body {
        case .pod(let pod): request.main.scriptSource = try scope.optional(pod.source)
        case .containerSet(let set): try self.complete(&request, set, scope)
        case .resource, .data, .steps, .dag, .suspend, .http, .plugin: break
        }
        request.inputs = try self.inputs(node, template, scope)
        request.outputs = try self.outputs(node, template, scope)
        request.isDaemon = template.isDaemon
        return request
    }

    func rendered(_ value: CompiledValue, _ scope: Scope) throws(NodeFault) -> JSONValue {
        do { return try value.render(scope, mode: scope.mode, clock: scope.clock) } catch { throw NodeFault(error) }
    }

    /// Members of a set know whom they wait for, and how often they are run again.
    private func complete(_ request: inout PodRequest, _ set: PlannedContainerSet, _ scope: Scope) throws(NodeFault) {
        var retry: ContainerRetry?
        if let text = set.retries {
            let retries = try scope.text(text)
            guard let count = Int(retries), count >= 0 else {
                throw NodeFault("containerSet.retryStrategy.retries '\(retries)' is not a whole number of 0 or more")
            }
            // Argo counts runs, whatever its documentation says. None at all is what nobody asks for.
            retry = ContainerRetry(attempts: max(1, count), wait: try scope.duration(set.retryDuration) ?? Span(milliseconds: 0))
        }
        for at in request.containers.indices {
            guard let member = set.members.first(where: { $0.name == request.containers[at].name }) else { continue }
            request.containers[at].dependencies = member.dependencies.map { set.members[$0].name }
            request.containers[at].retry = retry
        }
    }

    // MARK: Inputs and outputs

    func inputs(_ node: Node, _ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> [ArtifactInput] {
        var inputs: [ArtifactInput] = []
        for declared in template.inputArtifacts {
            guard let given = node.inputs.artifacts.first(where: { $0.name == declared.name }) else { continue }
            guard let path = declared.path else { continue }
            let archive: ArtifactArchive? =
                switch declared.archive {
                case nil: nil
                case .some(.none): ArtifactArchive.none
                case .tar: .tar
                case .zip: .zip
                }
            inputs.append(
                ArtifactInput(
                    name: declared.name, path: try scope.text(path), source: given.source, archive: archive, mode: declared.mode,
                    isModeRecursive: declared.isModeRecursive, isOptional: declared.isOptional))
        }
        return inputs
    }

    private func outputs(_ node: Node, _ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> OutputRequest {
        var outputs = OutputRequest()
        for parameter in template.outputs {
            guard let from = parameter.valueFrom, case .path(let path) = from.source else { continue }
            outputs.parameters.append(
                OutputRequest.Parameter(
                    name: parameter.name, path: try scope.text(path),
                    isRequired: from.default == nil && parameter.default == nil && parameter.value == nil))
        }
        for artifact in template.outputArtifacts {
            guard let path = artifact.path else { continue }
            let archive: ArtifactArchive =
                switch artifact.archive {
                case .some(.none): .none
                case .zip: .zip
                case .tar, nil: .tar
                }
            outputs.artifacts.append(
                OutputRequest.Artifact(name: artifact.name, path: try scope.text(path), archive: archive, isOptional: artifact.isOptional))
        }
        outputs.capturesResult = self.capturesResult(node)
        return outputs
    }

    private func capturesResult(_ node: Node) -> Bool {
        switch node.role {
        case .site(let site), .item(let site, _): return node.boundary.flatMap { self.step(of: $0, site)?.capturesResult } ?? false
        case .attempt: return node.owner.map { self.capturesResult(self.nodes[$0.index]) } ?? false
        case .entry, .group, .exitHandler, .hook, .container: return false
        }
    }
}
