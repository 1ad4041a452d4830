public import Engine
import FoundationEssentials
public import Ports
import WorkflowModel

/// Carries out `http` and `plugin` templates.
///
/// Each request has a connection of its own. It is not sent through a proxy, whatever the environment names: the address that is checked must be
/// the one that is reached.
public final class HTTPCallRunner: CallRunner, Sendable {
    /// As much as is kept of what a container prints.
    public static let largestBody = 256 << 10

    let transport: HTTPTransport
    let agent: String
    let time: any TimeSource
    private let rules: AddressRules
    let plugins: PluginList

    /// - Parameters:
    ///   - version: of Skiff, for the servers' logs.
    ///   - trustRoots: a PEM file with the certificates that are trusted in place of the machine's; nil for the machine's.
    public init(rules: AddressRules, plugins: [PluginService] = [], version: String, trustRoots: String? = nil, time: any TimeSource) {
        self.transport = HTTPTransport(trustRoots: trustRoots)
        self.agent = "skiff/\(version)"
        self.time = time
        self.rules = rules
        self.plugins = PluginList(plugins)
    }

    public func carryOut(_ call: CallLaunch) async -> CallResult {
        switch call.request.kind {
        case .http(let http): await self.request(http, call)
        case .plugin(let payload): await self.execute(payload, call)
        case .resource, .data: self.result(.error(message: "a template of this kind makes no HTTP request"))
        }
    }

    /// Ends what is under way and the threads it used.
    public func close() async { await self.transport.close() }

    func result(_ end: CallResult.End) -> CallResult { CallResult(end: end, finishedAt: self.time.now()) }

    // MARK: http

    private func request(_ http: HTTPCall, _ call: CallLaunch) async -> CallResult {
        do {
            let request = try HTTPRequest(http, secrets: call.secrets, agent: self.agent)
            let answer = try await self.within(http.timeout) { try await self.following(request) }
            let fields = Dictionary(answer.headers.map { (Self.canonical($0.name), [$0.value]) }, uniquingKeysWith: +)
            var result = self.result(.answered(status: answer.status, headers: fields))
            result.result = Self.text(answer)
            if answer.isCut { result.note = "the body of the answer is cut after \(Self.largestBody >> 10) KiB" }
            return result
        } catch {
            return self.result(.failed(message: "\(http.method) \(HTTPTarget.shown(http.url)): \(error)"))
        }
    }

    /// Sends the request, and again to wherever its answers lead, as Go's client does.
    private func following(_ request: HTTPRequest) async throws -> HTTPAnswer {
        var request = request
        for _ in 0...HTTPRequest.mostRedirects {
            let answer = try await self.transport.send(
                request.message, to: try await self.permitted(request.message.target), largestAnswer: Self.largestBody)
            guard let next = try request.redirected(by: answer) else { return answer }
            request = next
        }
        throw TransportError(.tooManyRedirects, "stopped after \(HTTPRequest.mostRedirects) redirects")
    }

    /// The addresses of a host that may be reached: all that are asked for are checked, on every hop.
    private func permitted(_ target: HTTPTarget) async throws -> [IPAddress] {
        var objection: TransportError?
        let addresses = try await HostResolver.addresses(of: target.host).filter { address in
            guard let reason = self.rules.objection(to: address, of: target.host) else { return true }
            let place = address.description == target.host ? target.host : "\(target.host) (\(address))"
            objection = TransportError(.forbidden, "\(place) must not be reached: \(reason)")
            return false
        }
        if addresses.isEmpty, let objection { throw objection }
        return addresses
    }

    func within<Value: Sendable>(_ limit: Span?, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        guard let limit else { return try await work() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: .milliseconds(limit.milliseconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                throw TransportError(.timedOut, "no answer within \(JSONValue.plainDecimal("\(limit.milliseconds)e-3")) s")
            }
            return value
        }
    }

    /// What is no UTF-8 is replaced, as it would be in Argo's JSON. A character that was cut in two is left out.
    private static func text(_ answer: HTTPAnswer) -> String {
        var bytes = answer.body[...]
        if answer.isCut, let start = bytes.suffix(4).lastIndex(where: { $0 & 0xC0 != 0x80 }) {
            let lead = bytes[start]
            let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            if bytes.endIndex - start < length { bytes = bytes[..<start] }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `content-type` as Go, and so every expression about headers, writes it: `Content-Type`.
    static func canonical(_ name: String) -> String {
        name.split(separator: "-", omittingEmptySubsequences: false).map { part in
            part.prefix(1).uppercased() + part.dropFirst().lowercased()
        }.joined(separator: "-")
    }
}
