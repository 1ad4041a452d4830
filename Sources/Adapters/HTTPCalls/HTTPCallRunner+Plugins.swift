import Engine
import Ports
import WorkflowModel

/// Executor plugins, called as Argo's agent calls them.
///
/// | a service answers | then |
/// |---|---|
/// | 200 with a node | the node tells how it went; one that has not ended is asked for again after `requeue` |
/// | 200 with `{}` | the next service is asked |
/// | 404 | it is not asked any more, and the next one is |
/// | 5xx, or nothing | it is asked again, at most five times; then the node fails |
/// | anything else | the node fails |
extension HTTPCallRunner {
    private static let path = "/api/v1/template.execute"
    private static let largestReply = 1 << 20
    /// Tries of one call, and the wait before the second; it doubles from then on.
    private static let mostTries = 5
    private static let firstPause = Span.seconds(1)
    private static let longestAnswerTime = Span.seconds(30)
    /// Whatever a service wants: not more often, and not more seldom.
    private static let requeueLimits = Span(milliseconds: 100)...Span.seconds(3600)

    func execute(_ payload: JSONValue, _ call: CallLaunch) async -> CallResult {
        let body = Array(Self.arguments(payload, call.request).json.utf8)
        do {
            while true {
                guard let reply = try await self.firstReply(to: body) else {
                    return self.result(.failed(message: self.nobody(payload)))
                }
                if let end = reply.end { return self.result(reply, end) }
                guard let pause = reply.requeue else {
                    return self.result(
                        .failed(message: "the plugin says that the node is \(reply.phase) and not when to ask again ('requeue')"))
                }
                let limits = Self.requeueLimits
                try await self.sleep(min(max(pause, limits.lowerBound), limits.upperBound))
            }
        } catch {
            return self.result(.failed(message: "\(error)"))
        }
    }

    private func nobody(_ payload: JSONValue) -> String {
        let wanted = payload.object?.keys.first ?? ""
        let known = self.plugins.current.map(\.name)
        let list =
            known.isEmpty
            ? "none is configured: name it under 'plugins' in the configuration file" : "asked: \(known.joined(separator: ", "))"
        return "no plugin executed the template ('\(wanted)'; \(list))"
    }

    private func result(_ reply: PluginReply, _ end: CallResult.End) -> CallResult {
        var result = self.result(end)
        result.result = reply.result
        result.parameters = reply.parameters
        return result
    }

    private static func arguments(_ payload: JSONValue, _ request: CallRequest) -> JSONValue {
        var template = request.template.object ?? JSONObject()
        template["plugin"] = payload
        return [
            "workflow": [
                "metadata": [
                    "name": .string(request.workflow), "namespace": .string(request.namespace), "uid": .string(request.workflowUID),
                ]
            ],
            "template": .object(template),
        ]
    }

    /// - Returns: nil when every service passes.
    private func firstReply(to body: [UInt8]) async throws -> PluginReply? {
        for service in self.plugins.current { if let reply = try await self.reply(of: service, to: body) { return reply } }
        return nil
    }

    private func reply(of service: PluginService, to body: [UInt8]) async throws -> PluginReply? {
        let target = try HTTPTarget(service.address.trimmingSlashes + Self.path)
        var headers = [("Content-Type", "application/json"), ("User-Agent", self.agent)]
        if let token = service.token { headers.append(("Authorization", "Bearer \(token)")) }
        let message = HTTPMessage(method: "POST", target: target, headers: headers, body: body, skipsVerification: false)
        var pause = Self.firstPause
        for attempt in 1... {
            let failure: String
            do {
                let answer = try await self.within(Self.longestAnswerTime) {
                    // Where services are is said by whoever configures this machine, not by a workflow: no rule applies.
                    try await self.transport.send(
                        message, to: try await HostResolver.addresses(of: target.host), largestAnswer: Self.largestReply)
                }
                switch answer.status {
                case 200: return try PluginReply(answer, of: service.name)
                case 404:
                    self.plugins.retire(service)
                    return nil
                case 500...: failure = "it answered with status \(answer.status)"
                default: throw PluginFault("plugin '\(service.name)' answered with status \(answer.status)")
                }
            } catch let error as TransportError where error.isTransient {
                failure = error.description
            } catch let error as TransportError {
                throw PluginFault("plugin '\(service.name)': \(error)")
            }
            guard attempt < Self.mostTries else {
                throw PluginFault("plugin '\(service.name)' gave no answer in \(attempt) tries: \(failure)")
            }
            try await self.sleep(pause)
            pause = Span(milliseconds: pause.milliseconds * 2)
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }

    private func sleep(_ pause: Span) async throws { try await self.time.sleep(until: self.time.now() + pause) }
}

/// What a service said about a node.
struct PluginReply: Sendable {
    let phase: String
    /// nil while the node has not ended.
    let end: CallResult.End?
    /// When to ask again.
    let requeue: Span?
    let result: String?
    let parameters: [String: String]

    /// - Returns: nil when the service does not know the template.
    /// - Throws: `PluginFault` when it answered what cannot be understood.
    init?(_ answer: HTTPAnswer, of service: String) throws {
        guard !answer.isCut, let json = try? JSONValue(json: String(decoding: answer.body, as: UTF8.self)) else {
            throw PluginFault("plugin '\(service)' answered with what is no JSON, or with too much of it")
        }
        guard let node = json["node"], node.object != nil else { return nil }
        let message = node["message"]?.string ?? ""
        self.phase = node["phase"]?.string ?? ""
        switch self.phase {
        case "Succeeded": self.end = .succeeded(message: message)
        case "Failed": self.end = .failed(message: message)
        case "Error": self.end = .error(message: message)
        case "", "Pending", "Running": self.end = nil
        default: throw PluginFault("plugin '\(service)' answered with phase '\(self.phase)', expected Running, Succeeded, Failed or Error")
        }
        self.requeue = json["requeue"]?.string.flatMap { Span(goDuration: $0) }.flatMap { $0.milliseconds > 0 ? $0 : nil }
        self.result = node["outputs"]?["result"]?.scalarText
        var parameters: [String: String] = [:]
        for parameter in node["outputs"]?["parameters"]?.array ?? [] {
            if let name = parameter["name"]?.string, let value = parameter["value"]?.scalarText { parameters[name] = value }
        }
        self.parameters = parameters
    }
}

/// Why a service is of no use for a node.
struct PluginFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension String {
    fileprivate var trimmingSlashes: String {
        var text = self[...]
        while text.hasSuffix("/") { text = text.dropLast() }
        return String(text)
    }
}
