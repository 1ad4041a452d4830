import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// One request on its way to one server, everything in it decided.
struct HTTPMessage: Sendable {
    var method: String
    var target: HTTPTarget
    var headers: [(name: String, value: String)]
    var body: [UInt8]?
    var skipsVerification: Bool
}

struct HTTPAnswer: Sendable {
    var status: Int
    var headers: [(name: String, value: String)]
    /// At most as many bytes as were asked for.
    var body: [UInt8]
    /// There was more.
    var isCut: Bool

    func header(_ name: String) -> String? { self.headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// Carries single requests to addresses that have been checked. Nothing is opened before the first one: a run without calls pays nothing.
final class HTTPTransport: Sendable {
    /// As long as Go's dialer tries.
    static let connectTimeout: Int64 = 30

    private enum State {
        case idle
        case open(MultiThreadedEventLoopGroup)
        case closed
    }

    /// PEM file with the certificates that are trusted in place of the machine's.
    private let trustRoots: String?
    private let state = Mutex(State.idle)

    init(trustRoots: String?) { self.trustRoots = trustRoots }

    /// Sends a message to the first of the addresses that takes a connection.
    /// - Throws: `TransportError`, or `CancellationError` when the task was cancelled.
    func send(_ message: HTTPMessage, to addresses: [IPAddress], largestAnswer: Int) async throws -> HTTPAnswer {
        var failure = TransportError(.unreachable, "there is no address to connect to")
        for address in addresses {
            do {
                return try await self.send(message, to: address, largestAnswer)
            } catch {
                try Task.checkCancellation()
                failure = TransportError(error, connectTimeout: Self.connectTimeout)
                // A server that was reached may have begun to do what it was asked.
                if failure.code != .unreachable { break }
            }
        }
        throw failure
    }

    private func send(_ message: HTTPMessage, to address: IPAddress, _ largestAnswer: Int) async throws -> HTTPAnswer {
        let client = HTTPClient(eventLoopGroup: try self.group(), configuration: self.configuration(message, address))
        do {
            let answer = try await Self.exchange(message, client, largestAnswer)
            try await client.shutdown()
            return answer
        } catch {
            // What went wrong with the exchange is what matters; a client without it has nothing left to lose.
            try? await client.shutdown()
            throw error
        }
    }

    private func group() throws -> MultiThreadedEventLoopGroup {
        try self.state.withLock { state in
            switch state {
            case .open(let group): return group
            case .idle:
                let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
                state = .open(group)
                return group
            case .closed: throw CancellationError()
            }
        }
    }

    /// Ends the threads. Calls that are still under way fail.
    func close() async {
        let group: MultiThreadedEventLoopGroup? = self.state.withLock { state in
            defer { state = .closed }
            if case .open(let group) = state { return group }
            return nil
        }
        // It only fails when it is shut down already.
        try? await group?.shutdownGracefully()
    }

    private func configuration(_ message: HTTPMessage, _ address: IPAddress) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if message.skipsVerification { tls.certificateVerification = .none }
        if let trustRoots { tls.trustRoots = .file(trustRoots) }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(Self.connectTimeout)), decompression: .disabled)
        // The name is resolved once, by whoever checked the address: resolved again, it could lead elsewhere. An address leads to itself.
        if IPAddress(message.target.host) == nil { configuration.dnsOverride = [message.target.host: address.description] }
        configuration.httpVersion = .http1Only
        // A connection that is refused stays refused; whether to try again is decided elsewhere.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    private static func exchange(_ message: HTTPMessage, _ client: HTTPClient, _ largestAnswer: Int) async throws -> HTTPAnswer {
        var request = HTTPClientRequest(url: message.target.text)
        request.method = HTTPMethod(rawValue: message.method)
        for header in message.headers { request.headers.add(name: header.name, value: header.value) }
        if let body = message.body { request.body = .bytes(body) }
        let response = try await client.execute(request, deadline: .distantFuture)
        var body: [UInt8] = []
        var isCut = false
        for try await chunk in response.body {
            let room = largestAnswer - body.count
            body.append(contentsOf: chunk.readableBytesView.prefix(room))
            isCut = chunk.readableBytes > room
            if isCut { break }
        }
        return HTTPAnswer(
            status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) }, body: body, isCut: isCut)
    }
}
