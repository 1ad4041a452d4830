import Operations
import Synchronization
import WorkflowModel

extension FakeOperations {
    func why(_ name: String, namespace: String, node: String?) async throws -> RunExplanation {
        if node == "nobody" { throw OperationError(.notFound, "run '\(name)' has no node and no step 'nobody'") }
        return RunExplanation(
            run: name,
            explanations: [
                NodeExplanation(node: name, phase: "Running", reasons: ["1 node is under way or awaited"]),
                NodeExplanation(node: node ?? "flow.b", phase: "", reasons: ["waits for a (Pending)"]),
            ], more: 2)
    }
}

extension FakeStarter {
    func retry(_ order: RetryOrder) async throws -> any RunSession {
        let parameters = order.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        self.orders.withLock {
            $0.append("retry \(order.namespace)/\(order.run) \(order.restartsSuccessful) \(order.nodeSelector ?? "-") \(parameters)")
        }
        return try self.steered()
    }

    func forecast(_ order: RetryOrder) async throws -> RetryForecast {
        self.orders.withLock { $0.append("forecast \(order.namespace)/\(order.run)") }
        let node = RetryForecast.Node(
            name: "\(order.run).a", displayName: "a", type: "Pod", template: "work", phase: "Failed", message: "exit code 1")
        return RetryForecast(run: order.run, again: [node])
    }

    func exported(_ file: String) async throws -> JSONValue {
        self.orders.withLock { $0.append("exported \(file)") }
        return SampleFlow.steps.workflow("Failed")
    }

    func resubmit(_ order: ResubmitOrder) async throws -> any RunSession {
        self.orders.withLock { $0.append("resubmit \(order.namespace)/\(order.run) \(order.isMemoized) \(order.priority ?? 0)") }
        return try self.steered()
    }
}
