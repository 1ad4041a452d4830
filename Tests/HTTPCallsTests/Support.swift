import Engine
import Ports
import Synchronization
import WorkflowModel

@testable import HTTPCalls

/// Never waits: whoever sleeps has slept.
final class HastyClock: TimeSource {
    private let state = Mutex<(now: Timestamp, sleeps: [Span])>((Timestamp(milliseconds: 1_700_000_000_000), []))

    func now() -> Timestamp { self.state.withLock { $0.now } }

    func sleep(until deadline: Timestamp) async throws {
        try Task.checkCancellation()
        self.state.withLock { state in
            state.sleeps.append(deadline - state.now)
            if deadline > state.now { state.now = deadline }
        }
    }

    var sleeps: [Span] { self.state.withLock { $0.sleeps } }
}

struct Client {
    let clock = HastyClock()
    let runner: HTTPCallRunner

    init(allow: [String] = [], deny: [String] = [], plugins: [PluginService] = [], trustRoots: String? = nil) throws {
        guard let rules = AddressRules(allow: allow, deny: deny) else { throw BadRules() }
        self.runner = HTTPCallRunner(rules: rules, plugins: plugins, version: "1.2.3", trustRoots: trustRoots, time: self.clock)
    }

    func call(_ http: HTTPCall, secrets: [String: [String: [UInt8]]] = [:]) async -> CallResult {
        await self.runner.carryOut(CallLaunch(request: Self.request(.http(http)), inputs: [], secrets: secrets))
    }

    func get(_ url: String) async -> CallResult { await self.call(HTTPCall(method: "GET", url: url)) }

    static func request(_ kind: CallKind, template: JSONValue = .null) -> CallRequest {
        CallRequest(
            id: PodID(run: RunID("0192"), node: NodeID(3), attempt: 0), kind: kind, namespace: "default", workflow: "flow",
            workflowUID: "0192",
            templateName: "call", template: template)
    }
}

struct BadRules: Error {}

extension CallResult {
    var status: Int? { if case .answered(let status, _) = self.end { status } else { nil } }
    var headers: [String: [String]] { if case .answered(_, let headers) = self.end { headers } else { [:] } }
    var failure: String? { if case .failed(let message) = self.end { message } else { nil } }
}
