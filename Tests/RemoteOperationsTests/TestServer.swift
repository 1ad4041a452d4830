import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import WorkflowModel

/// A server on loopback that answers as a test says, and remembers what it was asked.
final class TestServer: Sendable {
    struct Request: Sendable, Equatable {
        var method: String
        var uri: String
        var headers: [String: String]
        var body: String

        var path: String { String(self.uri.prefix { $0 != "?" }) }
        /// Without the question mark, as it came.
        var query: String { String(self.uri.drop { $0 != "?" }.dropFirst()) }
        var json: JSONValue? { try? JSONValue(json: self.body) }
    }

    enum Answer: Sendable {
        case reply(Int, String, [String: String] = [:])
        /// Pieces, and then the end of the answer.
        case stream([String])
        /// Pieces, and then nothing more until `breakConnections`.
        case held([String])
        case hangUp

        static func json(_ value: JSONValue, status: Int = 200) -> Answer { .reply(status, value.json) }
    }

    private let channel = Mutex<(any Channel)?>(nil)
    private let seen = Mutex<[Request]>([])
    private let held = Mutex<[any Channel]>([])
    let port: Int

    /// - Parameter answer: is given each request and how many came before it.
    init(_ answer: @escaping @Sendable (Request, Int) -> Answer) async throws {
        let box = Box()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Conversation(hold: { box.hold($0) }, answer: { answer($0, box.remember($0)) }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = channel.localAddress?.port ?? 0
        self.channel.withLock { $0 = channel }
        box.set(self)
    }

    convenience init(_ answer: Answer) async throws { try await self.init { _, _ in answer } }

    var requests: [Request] { self.seen.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(self.port)" }

    /// Once the client has read what the test wants it to have: what is still on its way may be lost.
    func breakConnections() {
        for channel in self.held.withLock({ $0 }) { channel.close(promise: nil) }
    }

    func close() async throws { try await self.channel.withLock { $0 }?.close().get() }

    /// The server, once it is there.
    private final class Box: Sendable {
        private let server = Mutex<TestServer?>(nil)
        func set(_ server: TestServer) { self.server.withLock { $0 = server } }
        func hold(_ channel: any Channel) { self.server.withLock { $0 }?.held.withLock { $0.append(channel) } }
        func remember(_ request: Request) -> Int {
            self.server.withLock { $0 }?.seen.withLock { seen in
                seen.append(request)
                return seen.count - 1
            } ?? 0
        }
    }
}

/// One connection.
private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let hold: (any Channel) -> Void
    private let answer: (TestServer.Request) -> TestServer.Answer
    private var request = TestServer.Request(method: "", uri: "", headers: [:], body: "")

    init(hold: @escaping (any Channel) -> Void, answer: @escaping (TestServer.Request) -> TestServer.Answer) {
        self.hold = hold
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $1 }
            self.request = TestServer.Request(method: head.method.rawValue, uri: head.uri, headers: headers, body: "")
        case .body(let buffer): self.request.body += String(buffer: buffer)
        case .end: self.reply(context)
        }
    }

    private func reply(_ context: ChannelHandlerContext) {
        switch self.answer(self.request) {
        case .reply(let status, let body, let headers):
            var fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
            fields.add(name: "Content-Length", value: String(body.utf8.count))
            self.write(context, status, fields, [body])
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        case .stream(let pieces):
            self.write(context, 200, [:], pieces)
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        case .held(let pieces):
            self.hold(context.channel)
            self.write(context, 200, [:], pieces)
            context.flush()
        case .hangUp: context.close(promise: nil)
        }
    }

    private func write(_ context: ChannelHandlerContext, _ status: Int, _ headers: HTTPHeaders, _ pieces: [String]) {
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        for piece in pieces { context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: piece)))), promise: nil) }
    }
}
