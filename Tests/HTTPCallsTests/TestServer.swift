import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server on loopback that answers as a test says, and remembers what it was asked.
final class TestServer: Sendable {
    struct Request: Sendable {
        var method: String
        var uri: String
        var headers: [(String, String)]
        var body: String
        func header(_ name: String) -> String? { self.headers.first { $0.0.lowercased() == name.lowercased() }?.1 }
    }

    enum Answer: Sendable {
        case reply(Int, [(String, String)] = [], String = "")
        /// So many bytes, chunk by chunk, with no length told before.
        case long(Int)
        /// Nothing ever.
        case silence
        case hangUp
        case garbage
    }

    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private let state = Mutex<(requests: [Request], waiting: [CheckedContinuation<Void, Never>])>(([], []))
    private let channel = Mutex<(any Channel)?>(nil)
    let port: Int
    let usesTLS: Bool

    init(tls: Bool = false, _ answer: @escaping @Sendable (Request) -> Answer) async throws {
        let context = tls ? try Self.tls() : nil
        self.usesTLS = tls
        let box = Box()
        let channel = try await ServerBootstrap(group: Self.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Conversation { request in
                            box.remember(request)
                            return answer(request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = channel.localAddress?.port ?? 0
        self.channel.withLock { $0 = channel }
        box.set(self)
    }

    private static func tls() throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
    }

    /// - Parameter host: `127.0.0.1` or `localhost`.
    func url(_ path: String = "/", host: String = "127.0.0.1") -> String {
        "\(self.usesTLS ? "https" : "http")://\(host):\(self.port)\(path)"
    }

    var requests: [Request] { self.state.withLock { $0.requests } }

    /// Returns when there has been a request.
    func firstRequest() async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.requests.isEmpty { state.waiting.append(continuation) }
                return !state.requests.isEmpty
            }
            if isThere { continuation.resume() }
        }
    }

    fileprivate func remember(_ request: Request) {
        let waiting = self.state.withLock { state in
            state.requests.append(request)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func close() async throws { try await self.channel.withLock { $0 }?.close().get() }

    /// The server, once it is there.
    private final class Box: Sendable {
        private let server = Mutex<TestServer?>(nil)
        func set(_ server: TestServer) { self.server.withLock { $0 = server } }
        func remember(_ request: Request) { self.server.withLock { $0 }?.remember(request) }
    }
}

/// One connection.
private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: (TestServer.Request) -> TestServer.Answer
    private var request = TestServer.Request(method: "", uri: "", headers: [], body: "")

    init(_ answer: @escaping (TestServer.Request) -> TestServer.Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.request = TestServer.Request(
                method: head.method.rawValue, uri: head.uri, headers: head.headers.map { ($0.name, $0.value) }, body: "")
        case .body(let buffer): self.request.body += String(buffer: buffer)
        case .end: self.reply(context)
        }
    }

    private func reply(_ context: ChannelHandlerContext) {
        switch self.answer(self.request) {
        case .reply(let status, let headers, let body):
            self.write(context, status, headers + [("Content-Length", String(body.utf8.count))])
            context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        case .long(let count):
            self.write(context, 200, [])
            self.pour(count, context)
        case .silence: break
        case .hangUp: context.close(promise: nil)
        case .garbage:
            let head = context.pipeline.context(handlerType: HTTPResponseEncoder.self)
            let channel = context.channel
            head.whenSuccess {
                $0.writeAndFlush(NIOAny(IOData.byteBuffer(ByteBuffer(string: "220 mail.example.com ESMTP\r\n\r\n"))), promise: nil)
            }
            head.whenFailure { _ in channel.close(promise: nil) }
        }
    }

    private func write(_ context: ChannelHandlerContext, _ status: Int, _ headers: [(String, String)]) {
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: HTTPHeaders(headers))
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    }

    /// Chunk after chunk, each when the one before is on its way.
    private func pour(_ left: Int, _ context: ChannelHandlerContext) {
        guard left > 0 else {
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        let chunk = ByteBuffer(repeating: UInt8(ascii: "x"), count: min(left, 64 << 10))
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(chunk)))).whenSuccess {
            let (handler, context) = bound.value
            handler.pour(left - chunk.readableBytes, context)
        }
    }
}
