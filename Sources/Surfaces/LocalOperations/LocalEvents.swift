import Diagnostics
import Expressions
public import Operations
public import Ports
public import WorkflowModel

/// Events of a data directory's WorkflowEventBindings.
///
/// A binding's selector, the metadata it gives and its arguments are expressions over `namespace`, `discriminator`, `metadata` (the headers of the
/// request) and `payload`. Everything is done before the answer, so that whoever sent the event learns what went wrong.
public struct LocalEvents: EventOperations {
    private let resources: any ResourceOperations
    private let submitter: any RunSubmitter
    private let time: any TimeSource

    public init(resources: any ResourceOperations, submitter: any RunSubmitter, time: any TimeSource) {
        self.resources = resources
        self.submitter = submitter
        self.time = time
    }

    @discardableResult public func dispatch(_ event: IncomingEvent) async throws -> [JSONValue] {
        var submitted: [JSONValue] = []
        var failure: OperationError?
        for binding in try await self.bindings(of: event.namespace) {
            do { submitted += try await self.dispatch(event, to: binding) } catch {
                // The other bindings are for others. The first failure is the one to tell.
                failure = failure ?? Self.told(error, of: binding)
            }
        }
        if let failure { throw failure }
        return submitted
    }

    private func bindings(of namespace: String) async throws -> [WorkflowEventBinding] {
        var bindings: [WorkflowEventBinding] = []
        var query = ResourceListQuery(.workflowEventBinding, namespace: namespace)
        repeat {
            let page = try await self.resources.list(query)
            bindings += page.items.compactMap { WorkflowEventBinding($0) }
            query.continuation = page.next
        } while query.continuation != nil
        return bindings
    }

    private static func told(_ error: any Error, of binding: WorkflowEventBinding) -> OperationError {
        let name = binding.metadata.name ?? ""
        switch error {
        case let refused as OperationError:
            return OperationError(refused.code, "event binding '\(name)': \(refused.message)", hint: refused.hint)
        case let fault as ManifestFault:
            let reason = fault.diagnostics.first { $0.severity == .error }?.message ?? "what it submits cannot be run"
            return OperationError(.invalid, "event binding '\(name)': \(reason)")
        case let fault as ExpressionError: return OperationError(.invalid, "event binding '\(name)': \(fault.message)")
        default: return OperationError(.internalFault, "event binding '\(name)': \(error)")
        }
    }

    private func dispatch(_ event: IncomingEvent, to binding: WorkflowEventBinding) async throws -> [JSONValue] {
        let scope = EventScope(event, now: self.time.now())
        guard let selector = binding.selector, try scope.selects(selector), let submit = binding.submit else { return [] }
        guard let template = submit.workflowTemplateRef else {
            throw OperationError(.invalid, "it submits nothing: there is no workflowTemplateRef")
        }
        let workflow = try scope.workflow(of: submit, template, binding: binding.metadata.name ?? "")
        let request = SubmitRequest(run: RunRequest(files: [], namespace: event.namespace), workflow: workflow)
        switch try await self.submitter.submit(request) {
        case .carriedOutHere(let session): return await session.workflows()
        case .handedOver(let workflows, _): return workflows
        }
    }
}

/// What the expressions of a binding see.
private struct EventScope {
    private let event: IncomingEvent
    private let environment: [String: ExprValue]
    private let clock: EvaluationClock

    init(_ event: IncomingEvent, now: Timestamp) {
        self.event = event
        self.environment = [
            "namespace": .string(event.namespace), "discriminator": .string(event.discriminator),
            "metadata": .map(event.metadata.mapValues { .array($0.map { .string($0) }) }), "payload": ExprValue(event.payload),
        ]
        self.clock = EvaluationClock(now: now, seed: UInt64.random(in: .min ... .max))
    }

    private func value(of text: String) throws(ExpressionError) -> ExprValue {
        try Expression(text).evaluate(in: self.environment, clock: self.clock)
    }

    func selects(_ selector: String) throws -> Bool {
        guard case .bool(let isMeant) = try self.value(of: selector) else {
            throw OperationError(.invalid, "the selector '\(selector)' is neither true nor false")
        }
        return isMeant
    }

    private func text(of expression: String, for field: String) throws -> String {
        guard case .string(let text) = try self.value(of: expression) else {
            throw OperationError(.invalid, "\(field) is no text", hint: "texts in expressions stand in quotes: '\"\(expression)\"'")
        }
        return text
    }

    /// The Workflow that runs the template.
    func workflow(of submit: WorkflowEventBinding.Submit, _ template: WorkflowTemplateRef, binding: String) throws -> JSONValue {
        var workflow: JSONValue = ["apiVersion": .string(ResourceKind.workflowTemplate.apiVersion), "kind": "Workflow"]
        workflow.set(["metadata", "namespace"], .string(self.event.namespace))
        if let name = submit.metadata.name { workflow.set(["metadata", "name"], .string(try self.text(of: name, for: "metadata.name"))) }
        let prefix = try submit.metadata.generateName.map { try self.text(of: $0, for: "metadata.generateName") }
        workflow.set(["metadata", "generateName"], .string(prefix ?? template.name + "-"))
        for (key, value) in submit.metadata.labels {
            workflow.set(["metadata", "labels", key], .string(try self.text(of: value, for: "label '\(key)'")))
        }
        for (key, value) in submit.metadata.annotations {
            workflow.set(["metadata", "annotations", key], .string(try self.text(of: value, for: "annotation '\(key)'")))
        }
        workflow.set(["metadata", "labels", "workflows.argoproj.io/workflow-event-binding"], .string(binding))
        let label = template.clusterScope ? "cluster-workflow-template" : "workflow-template"
        workflow.set(["metadata", "labels", "workflows.argoproj.io/\(label)"], .string(template.name))
        workflow.set(["spec", "workflowTemplateRef", "name"], .string(template.name))
        if template.clusterScope { workflow.set(["spec", "workflowTemplateRef", "clusterScope"], true) }
        let parameters = try self.parameters(submit)
        if !parameters.isEmpty { workflow.set(["spec", "arguments", "parameters"], .array(parameters)) }
        return workflow
    }

    /// Texts as they are, anything else as JSON.
    private func parameters(_ submit: WorkflowEventBinding.Submit) throws -> [JSONValue] {
        try submit.arguments.parameters.map { parameter in
            guard let event = parameter.valueFrom?.event else {
                throw OperationError(.invalid, "argument '\(parameter.name)' has no valueFrom.event")
            }
            let value: JSONValue
            do throws(ExpressionError) { value = try self.value(of: event).json } catch {
                throw OperationError(.invalid, "argument '\(parameter.name)': \(error.message)")
            }
            return ["name": .string(parameter.name), "value": .string(value.string ?? value.json)]
        }
    }
}
