import Expressions
import Planning
import WorkflowModel

/// Templates that Skiff carries out itself.
extension RunMachine {
    mutating func beginCall(_ id: NodeID) {
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
        guard let index = node.template else { throw NodeFault("the node makes no call") }
        let template = self.plan.templates[index]
        let scope = self.scope(of: id)
        var request = CallRequest(
            id: self.podID(of: id), kind: try self.callKind(template.body, scope), namespace: self.plan.namespace, workflow: self.plan.name,
            workflowUID: self.plan.uid, templateName: template.key.name, podName: self.podName(of: id),
            parameters: node.inputs.parameters, artifacts: try self.inputs(node, template, scope),
            outputs: try self.queries(template, scope))
        if case .plugin = template.body {
            request.template = self.description(of: template, node, try self.renderedFields(of: template, scope))
        }
        return request
    }

    /// A template as Argo's object, without what it asks to be done.
    private func description(of template: PlannedTemplate, _ node: Node, _ clusterFields: JSONValue?) -> JSONValue {
        var object = JSONObject()
        object["name"] = .string(template.key.name)
        object["inputs"] = Self.section(
            parameters: node.inputs.parameters.map { ["name": .string($0.name), "value": .string($0.value)] },
            artifacts: template.inputArtifacts.map(\.name))
        object["outputs"] = Self.section(
            parameters: template.outputs.map { ["name": .string($0.name)] }, artifacts: template.outputArtifacts.map(\.name))
        object["metadata"] = clusterFields?["metadata"] ?? .object(JSONObject())
        return .object(object)
    }

    private static func section(parameters: [JSONValue], artifacts: [String]) -> JSONValue {
        var section = JSONObject()
        if !parameters.isEmpty { section["parameters"] = .array(parameters) }
        if !artifacts.isEmpty { section["artifacts"] = .array(artifacts.map { ["name": .string($0)] }) }
        return .object(section)
    }

    private func renderedFields(of template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> JSONValue? {
        guard let fields = template.clusterFields else { return nil }
        return try self.rendered(fields, scope)
    }

    private func callKind(_ body: PlannedTemplate.Body, _ scope: Scope) throws(NodeFault) -> CallKind {
        switch body {
        case .http(let http): return .http(try self.httpCall(http, scope))
        case .resource(let resource): return .resource(try self.resourceCall(resource, scope))
        case .data(let data): return .data(try self.dataCall(data, scope))
        case .plugin(let payload): return .plugin(try self.rendered(payload, scope))
        case .pod, .containerSet, .steps, .dag, .suspend: throw NodeFault("the node makes no call")
        }
    }

    private func httpCall(_ http: PlannedHTTP, _ scope: Scope) throws(NodeFault) -> HTTPCall {
        var headers: [HTTPCall.Header] = []
        for header in http.headers {
            let value: HTTPCall.HeaderValue
            switch header.value {
            case .text(let text): value = .text(try scope.text(text))
            case .secret(let name, let key):
                let (name, key) = (try scope.text(name), try scope.text(key))
                guard self.plan.resources.secrets[name]?.contains(key) ?? false else {
                    throw NodeFault(
                        "secret \"\(name)\" with key '\(key)' not found: give the Secret in the same call, or store it with 'skiff apply'")
                }
                value = .secret(name: name, key: key)
            }
            headers.append(HTTPCall.Header(name: try scope.text(header.name), value: value))
        }
        let method = try scope.optional(http.method) ?? ""
        return HTTPCall(
            method: method.isEmpty ? "GET" : method, url: try scope.text(http.url), headers: headers,
            timeout: http.timeoutSeconds.map { .seconds($0) }, body: try scope.optional(http.body),
            bodyBytes: try scope.optional(http.bodyBytes), skipsVerification: http.skipsVerification)
    }

    private func resourceCall(_ resource: PlannedResource, _ scope: Scope) throws(NodeFault) -> ResourceCall {
        var flags: [String] = []
        for flag in resource.flags { flags.append(try scope.text(flag)) }
        return ResourceCall(
            action: try scope.text(resource.action), mergeStrategy: try scope.optional(resource.mergeStrategy) ?? "strategic",
            manifest: try scope.optional(resource.manifest), manifestArtifact: try scope.optional(resource.manifestArtifact),
            setsOwnerReference: resource.setsOwnerReference, successCondition: try scope.optional(resource.successCondition),
            failureCondition: try scope.optional(resource.failureCondition), flags: flags)
    }

    private func dataCall(_ data: PlannedData, _ scope: Scope) throws(NodeFault) -> DataCall {
        var transformation: [String] = []
        for step in data.transformation { transformation.append(try scope.text(step)) }
        let source = try scope.source(of: data.source, mayBeMissing: data.source.isOptional)
        return DataCall(
            source: source.map { ArtifactInput(name: data.source.name, path: "", source: $0, isOptional: data.source.isOptional) },
            transformation: transformation)
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
            self.nodes[id.index].phase == .running, let index = self.nodes[id.index].template, self.plan.templates[index].isCall
        else { return }
        let (parameters, missing) = self.outputParameters(of: id, self.plan.templates[index], result.parameters)
        self.nodes[id.index].outputs.parameters = parameters
        self.nodes[id.index].outputs.result = result.result
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
        case .answered(let status, let headers): self.judge(id, status, headers, result)
        }
    }

    /// An answer is good when `successCondition` says so, or without one when its status is 2xx.
    private mutating func judge(_ id: NodeID, _ status: Int, _ headers: [String: [String]], _ result: CallResult) {
        switch self.isGood(id, status, headers, body: result.result ?? "") {
        case .success(true): self.finish(id, .succeeded, message: result.note ?? "")
        case .success(false):
            let isJudged = !(200..<300).contains(status)
            self.finish(
                id, .failed,
                message: isJudged ? "received non-2xx response code: \(status)" : "successCondition evaluated to false: status \(status)")
        case .failure(let fault): self.finish(id, .error, message: fault.message)
        }
    }

    private func isGood(_ id: NodeID, _ status: Int, _ headers: [String: [String]], body: String) -> Result<Bool, NodeFault> {
        do throws(NodeFault) {
            let scope = self.scope(of: id)
            guard let index = self.nodes[id.index].template, case .http(let http) = self.plan.templates[index].body,
                let condition = try scope.optional(http.successCondition), !condition.isEmpty
            else { return .success((200..<300).contains(status)) }
            let call = try self.httpCall(http, scope)
            let request = ExprValue.map(["method": .string(call.method), "url": .string(call.url), "body": .string(call.body ?? "")])
            let response = ExprValue.map([
                "statusCode": .int(Int64(status)), "body": .string(body),
                "headers": .map(headers.mapValues { .array($0.map { .string($0) }) }),
            ])
            return .success(try Self.holds(condition, ["request": request, "response": response], scope.clock))
        } catch {
            return .failure(error)
        }
    }

    private static func holds(_ condition: String, _ environment: [String: ExprValue], _ clock: EvaluationClock) throws(NodeFault) -> Bool {
        let value: ExprValue
        do { value = try Expression(condition).evaluate(in: environment, clock: clock) } catch {
            throw NodeFault("failed to evaluate successCondition '\(condition)': \(error.message)")
        }
        guard case .bool(let holds) = value else { throw NodeFault("successCondition '\(condition)' is not true or false") }
        return holds
    }
}
