import Expressions
import Planning
import WorkflowModel

/// Templates that Skiff carries out itself.
extension RunMachine {
    mutating func beginCall(_ id: NodeID, _ call: PlannedCall) {
        switch self.callRequest(id) {
        case .failure(let fault): self.finish(id, .error, message: fault.message)
        case .success(let request):
            self.nodes[id.index].phase = .running
            if self.nodes[id.index].type != .pod { self.waiting.insert(id) }
            self.actions.append(.call(request))
            self.actions += self.deadlines(of: id)
        }
    }

    func callRequest(_ id: NodeID) -> Result<CallRequest, NodeFault> {
        do throws(NodeFault) {
            return .success(try self.buildCall(id))
        } catch {
            return .failure(error)
        }
    }

    private func buildCall(_ id: NodeID) throws(NodeFault) -> CallRequest {
        let node = self.nodes[id.index]
        guard let index = node.template, case .call(let call) = self.plan.templates[index].body else {
            throw NodeFault("the node makes no call")
        }
        let template = self.plan.templates[index]
        let scope = self.scope(of: id)
        let payload = try self.rendered(call.payload, scope)
        return CallRequest(
            id: PodID(run: self.id, node: id, attempt: node.podAttempt), kind: call.kind, namespace: self.plan.namespace,
            workflow: self.plan.name, workflowUID: self.plan.uid, templateName: template.key.name, payload: payload,
            parameters: node.inputs.parameters, artifacts: try self.inputs(node, template, scope),
            outputs: try self.queries(template, scope))
    }

    private func queries(_ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> [CallRequest.Output] {
        var outputs: [CallRequest.Output] = []
        for parameter in template.outputs {
            switch parameter.valueFrom?.source {
            case .jsonPath(let path): outputs.append(CallRequest.Output(name: parameter.name, query: .jsonPath(try scope.text(path))))
            case .jqFilter(let filter): outputs.append(CallRequest.Output(name: parameter.name, query: .jqFilter(try scope.text(filter))))
            case .path, .parameter, .expression, .configMapKey, .supplied, .event, .none?, nil: break
            }
        }
        return outputs
    }

    mutating func callFinished(_ id: NodeID, attempt: Int, _ result: CallResult) {
        guard id.index < self.nodes.count, !self.nodes[id.index].phase.isFulfilled, self.nodes[id.index].podAttempt == attempt,
            self.nodes[id.index].phase == .running, let index = self.nodes[id.index].template,
            case .call(let call) = self.plan.templates[index].body
        else { return }
        let (outputs, missing) = self.outputs(of: id, self.plan.templates[index], result)
        self.nodes[id.index].outputs = outputs
        self.exportGlobals(of: id)
        if let doom = self.nodes[id.index].doom { return self.finish(id, doom.phase, message: doom.message) }
        switch result.end {
        case .failed(let message): self.finish(id, .failed, message: message)
        case .error(let message): self.finish(id, .error, message: message)
        case .succeeded(let message):
            if let missing {
                self.finish(id, .error, message: "output parameter '\(missing)' has no value")
            } else {
                self.finish(id, .succeeded, message: message)
            }
        case .answered(let status, let headers): self.judge(id, call, status, headers, body: result.result ?? "")
        }
    }

    private func outputs(of id: NodeID, _ template: PlannedTemplate, _ result: CallResult) -> (NodeOutputs, missing: String?) {
        var outputs = NodeOutputs()
        outputs.result = result.result
        let scope = self.scope(of: id)
        var missing: String?
        for parameter in template.outputs {
            if let value = result.parameters[parameter.name] {
                outputs.parameters.append(NamedValue(name: parameter.name, value: value))
            } else if let fallback = parameter.valueFrom?.default ?? parameter.value ?? parameter.default,
                let value = try? scope.text(fallback)
            {
                outputs.parameters.append(NamedValue(name: parameter.name, value: value))
            } else {
                missing = missing ?? parameter.name
            }
        }
        return (outputs, missing)
    }

    /// An answer is good when `successCondition` says so, or without one when its status is 2xx.
    private mutating func judge(_ id: NodeID, _ call: PlannedCall, _ status: Int, _ headers: [String: [String]], body: String) {
        switch self.isGood(id, call, status, headers, body: body) {
        case .success(true): self.finish(id, .succeeded)
        case .success(false):
            let isJudged = !(200..<300).contains(status)
            self.finish(
                id, .failed,
                message: isJudged ? "received non-2xx response code: \(status)" : "successCondition evaluated to false: status \(status)")
        case .failure(let fault): self.finish(id, .error, message: fault.message)
        }
    }

    private func isGood(
        _ id: NodeID, _ call: PlannedCall, _ status: Int, _ headers: [String: [String]], body: String
    ) -> Result<Bool, NodeFault> {
        do throws(NodeFault) {
            let payload = try self.rendered(call.payload, self.scope(of: id))
            guard let condition = payload["successCondition"]?.string, !condition.isEmpty else {
                return .success((200..<300).contains(status))
            }
            let request = ExprValue.map([
                "method": .string(payload["method"]?.string ?? "GET"), "url": .string(payload["url"]?.string ?? ""),
                "body": .string(payload["body"]?.string ?? ""),
            ])
            let response = ExprValue.map([
                "statusCode": .int(Int64(status)), "body": .string(body),
                "headers": .map(headers.mapValues { .array($0.map { .string($0) }) }),
            ])
            do {
                let value = try Expression(condition).evaluate(
                    in: ["request": request, "response": response], clock: self.scope(of: id).clock)
                guard case .bool(let isGood) = value else { throw NodeFault("successCondition '\(condition)' is not true or false") }
                return .success(isGood)
            } catch let error as ExpressionError {
                throw NodeFault("failed to evaluate successCondition '\(condition)': \(error.message)")
            } catch let fault as NodeFault { throw fault } catch { throw NodeFault("\(error)") }
        } catch {
            return .failure(error)
        }
    }
}
