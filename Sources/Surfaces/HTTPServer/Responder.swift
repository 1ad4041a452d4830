import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Operations
import WireFormat
import WorkflowModel

/// What a request comes with beside itself.
struct ConnectionContext: InitializableFromSource {
    let channel: any Channel
    let logger: Logger

    init(source: ApplicationRequestContextSource) {
        self.channel = source.channel
        self.logger = source.logger
    }

    /// The address of the client, without its port.
    var client: String { self.channel.remoteAddress?.ipAddress ?? "" }
}

/// Answers requests: lets them in, finds their route, has it carried out, and writes what it says.
struct Responder: HTTPResponder {
    typealias Context = ConnectionContext

    let table: RouteTable
    let gate: BrowserGate
    let identification: Identification
    let rates: RateLimiter
    let limits: ServerLimits
    let version: String
    let isSecure: Bool

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let log = RequestLog(request.head, context)
        do {
            let response = try await self.answer(request, context)
            log.answered(response.status.code)
            return response
        } catch let error as MethodNotAllowed {
            var response = self.refusal(error.wire, context)
            response.headers[.allow] = error.allowed
            return response
        } catch {
            let told = WireError(error)
            if told.status >= 500 { log.failed(error) } else { log.answered(told.status) }
            return self.refusal(told, context)
        }
    }

    private func answer(_ request: Request, _ context: ConnectionContext) async throws -> Response {
        guard self.rates.admits(context.client) else {
            throw WireError(429, .resourceExhausted, "more than \(self.limits.requestsPerSecond) requests a second from one address")
        }
        let head = request.head
        let target = head.path ?? ""
        guard target.utf8.count <= self.limits.targetBytes else { throw WireError(414, .invalidArgument, "the URL is too long") }
        let path = try RequestPath(target)
        let isHead = head.method == .head
        let match = try self.table.match(isHead ? .get : head.method, path.segments)
        try self.gate.check(head, body: match.route.body)
        let (principal, body) = try await self.admitted(request, match)
        let call = Call(
            parameters: match.parameters, rest: match.rest, endsWithSlash: path.text.last == "/", path: path.text, query: path.query,
            headers: head.headerFields, principal: principal, body: body, request: request)
        let response = self.written(try await match.route.handler(call), call, context)
        return isHead ? response.createHeadResponse() : response
    }

    /// Who asks, and the body. Nobody's body is read who may not ask, but that of an event, which may be signed.
    private func admitted(_ request: Request, _ match: RouteTable.Match) async throws -> (Principal, [UInt8]) {
        let route = match.route
        let namespace = match.parameters["namespace"].flatMap { $0.isEmpty ? nil : $0 }
        guard let known = try await self.identification.principal(request.headers, route.access) else {
            let body = try await self.body(of: request, route)
            let signer = try await self.identification.webhooks.principal(request.headers, body: body, namespace: namespace ?? "")
            return (signer, body)
        }
        try Identification.require(route.access, of: known, namespace: namespace)
        return (known, try await self.body(of: request, route))
    }

    private func body(of request: Request, _ route: Route) async throws -> [UInt8] {
        let limit: Int
        switch route.body {
        case .upload: return []
        case .none, .json: limit = self.limits.bodyBytes
        case .event: limit = self.limits.eventBytes
        }
        // Whoever has no body to give, and whoever streams, is not waited for.
        if request.method == .get || request.method == .head { return [] }
        return try await BodyReader(limit: limit, patience: self.limits.bodyTime).bytes(of: request)
    }

    // MARK: Writing

    private func written(_ reply: Reply, _ call: Call, _ context: ConnectionContext) -> Response {
        var headers = self.headers(reply.headers)
        headers[.argoVersion] = self.version
        let status = HTTPResponse.Status(code: reply.status)
        switch reply.content {
        case .json(let value):
            headers[.contentType] = "application/json"
            let text = reply.fields.applied(to: value).json
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        case .text(let text, let type):
            headers[.contentType] = type
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        case .bytes(let pieces, let size, let type):
            headers[.contentType] = type
            let body = ResponseBody(contentLength: size.map { Int($0) }) { writer in
                for try await piece in pieces { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            }
            return Response(status: status, headers: headers, body: body)
        case .messages(let messages):
            let framing = StreamFraming(accept: call.headers[.accept])
            return self.streamed(messages, framing, isWrapped: true, reply, headers, call, context)
        case .events(let messages):
            return self.streamed(messages, .lines, isWrapped: false, reply, headers, call, context)
        }
    }

    private func streamed(
        _ messages: AsyncThrowingStream<JSONValue, any Error>, _ framing: StreamFraming, isWrapped: Bool, _ reply: Reply,
        _ headers: HTTPFields, _ call: Call, _ context: ConnectionContext
    ) -> Response {
        var headers = headers
        headers[.contentType] = framing.contentType
        // The connection tells when the client has gone, and so cannot be used again.
        headers[.connection] = "close"
        let stream = MessageStream(
            messages: messages, framing: framing, isWrapped: isWrapped, fields: reply.fields, keepAlive: self.limits.keepAlive,
            logger: context.logger)
        let request = call.request
        let body = ResponseBody { writer in
            do {
                try await request.body.consumeWithCancellationOnInboundClose { _ in try await stream.write(to: &writer) }
            } catch is CancellationError {
                // The client has gone.
            }
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// Those of all answers, with those of one.
    private func headers(_ own: HTTPFields = HTTPFields()) -> HTTPFields {
        var headers = HTTPFields()
        headers[.xContentTypeOptions] = "nosniff"
        headers[.cacheControl] = "no-store"
        headers[.frameOptions] = "DENY"
        if self.isSecure { headers[.strictTransportSecurity] = "max-age=31536000" }
        for field in own { headers[field.name] = field.value }
        return headers
    }

    private func refusal(_ error: WireError, _ context: ConnectionContext) -> Response {
        var headers = self.headers()
        headers[.contentType] = "application/json"
        if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if error.status == 429 || error.status == 503 { headers[.retryAfter] = "1" }
        if error.status == 408 || error.status == 413 {
            headers[.connection] = "close"
            // Whoever goes on sending is not listened to for long. The client gets the time to read the answer.
            let channel = context.channel
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
        let body = ResponseBody(byteBuffer: ByteBuffer(string: error.body.json))
        return Response(status: HTTPResponse.Status(code: error.status), headers: headers, body: body)
    }
}

/// One line a request. Neither queries nor headers nor bodies are in it: they may hold what is secret.
private struct RequestLog: Sendable {
    private let logger: Logger
    private let what: Logger.Metadata
    private let start = ContinuousClock.now

    init(_ head: HTTPRequest, _ context: ConnectionContext) {
        self.logger = context.logger
        let path = head.path.map { $0.prefix { $0 != "?" }.prefix(256) } ?? ""
        self.what = ["method": "\(head.method.rawValue)", "path": "\(path)", "client": "\(context.client)"]
    }

    func answered(_ status: Int) {
        self.logger.debug(
            "request", metadata: self.what.merging(["status": "\(status)", "took": "\(ContinuousClock.now - self.start)"]) { $1 })
    }

    func failed(_ error: any Error) {
        self.logger.error("a request failed", metadata: self.what.merging(["error": "\(error)"]) { $1 })
    }
}
