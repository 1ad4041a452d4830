import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Operations
import WorkflowModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Asks one server. Connections are kept and used again; nothing is opened before the first question.
public final class ServerConnection: Sendable {
    /// A whole answer that is no stream: a Workflow with a hundred thousand nodes has about 60 MB.
    private static let largestAnswer = 512 << 20
    private static let largestError = 1 << 20
    /// How long a server may take for an answer that is no stream.
    private static let patience = TimeAmount.seconds(120)
    /// Streams have a sign of life every 15 seconds.
    private static let longestSilence = TimeAmount.seconds(60)
    /// How often a question is asked that the server had no time for.
    private static let attempts = 6

    let address: ServerAddress
    let version: String
    private let client: HTTPClient

    public init(_ address: ServerAddress, version: String) {
        self.address = address
        var tls = TLSConfiguration.makeClientConfiguration()
        if address.skipsVerification { tls.certificateVerification = .none }
        if let roots = address.trustRoots { tls.trustRoots = .file(roots) }
        // A redirect could carry the token to another server.
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(10), read: Self.longestSilence), decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        self.client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
        self.version = version
    }

    deinit {
        // Unstructured, as nobody is left to wait for it: it only closes connections that nobody uses.
        Task { [client] in try? await client.shutdown() }
    }

    // MARK: One question, one answer

    /// - Parameter body: sent as JSON; nil for none.
    /// - Returns: the answer; null when it is empty.
    /// - Throws: `OperationError`, with the server's own words where it gave any.
    @discardableResult
    func ask(_ method: RequestMethod, _ target: RequestTarget, _ body: JSONValue? = nil) async throws -> JSONValue {
        let response = try await self.send(method, target, body, accept: "application/json", deadline: .now() + Self.patience)
        let bytes = try await self.collect(response, upTo: Self.largestAnswer)
        guard (200..<300).contains(response.status.code) else { throw self.refusal(response, bytes) }
        if bytes.readableBytes == 0 { return .null }
        do { return try JSONValue(json: String(buffer: bytes)) } catch {
            throw OperationError(
                .internalFault, "the server at \(self.address.text) answers with what is no JSON: \(error)",
                hint: "is it a server of Skiff or Argo? name another with --server")
        }
    }

    // MARK: Streams

    /// - Throws: as `ask`; nothing of the body is read yet.
    func open(_ target: RequestTarget, accept: String) async throws -> HTTPClientResponse {
        let response = try await self.send(.get, target, nil, accept: accept, deadline: .distantFuture)
        guard (200..<300).contains(response.status.code) else {
            throw self.refusal(response, try await self.collect(response, upTo: Self.largestError))
        }
        return response
    }

    /// Messages as they come.
    func messages(_ target: RequestTarget) async throws -> MessageStream {
        MessageStream(try await self.open(target, accept: "text/event-stream"), self)
    }

    // MARK: Bodies of other kinds

    /// Sends a body piece by piece. It is sent once: what it is made of is gone then.
    func send(_ body: MultipartBody, type: String, to target: RequestTarget) async throws -> JSONValue {
        var request = self.request(.post, target, accept: "application/json")
        request.headers.add(name: "Content-Type", value: type)
        request.body = .stream(body, length: .unknown)
        let response: HTTPClientResponse
        do { response = try await self.client.execute(request, deadline: .distantFuture) } catch { throw try self.failure(error) }
        let bytes = try await self.collect(response, upTo: Self.largestError)
        guard (200..<300).contains(response.status.code) else { throw self.refusal(response, bytes) }
        return (try? JSONValue(json: String(buffer: bytes))) ?? .null
    }

    // MARK: On the wire

    private func request(_ method: RequestMethod, _ target: RequestTarget, accept: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: self.address.text + target.text)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers.add(name: "User-Agent", value: "skiff/\(self.version)")
        request.headers.add(name: "Accept", value: accept)
        if let authorization = self.address.authorization { request.headers.add(name: "Authorization", value: authorization) }
        for header in self.address.headers { request.headers.add(name: header.name, value: header.value) }
        return request
    }

    private func send(
        _ method: RequestMethod, _ target: RequestTarget, _ body: JSONValue?, accept: String, deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        var request = self.request(method, target, accept: accept)
        if method != .get {
            // Also without a body: a server that lets no web page in wants it of all that change something.
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body.map { ByteBuffer(string: $0.json) } ?? ByteBuffer())
        }
        for attempt in 1... {
            let response: HTTPClientResponse
            do { response = try await self.client.execute(request, deadline: deadline) } catch let error as HTTPClientError
                where error == .remoteConnectionClosed && method == .get && attempt == 1
            {
                // A kept connection that the server was just closing.
                continue
            } catch {
                throw try self.failure(error)
            }
            guard response.status == .tooManyRequests, attempt < Self.attempts else { return response }
            // It was not carried out. The answer is read so that the connection can be used again.
            _ = try await self.collect(response, upTo: Self.largestError)
            try await Task.sleep(for: Self.pause(response.headers.first(name: "Retry-After"), attempt))
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }

    /// What the server says, else 0.2, 0.4, 0.8, 1.6, 3.2 seconds.
    private static func pause(_ told: String?, _ attempt: Int) -> Duration {
        if let seconds = told.flatMap({ Int($0) }), (0...10).contains(seconds) { return .seconds(max(seconds, 1)) }
        return .milliseconds(100 << attempt)
    }

    private func collect(_ response: HTTPClientResponse, upTo limit: Int) async throws -> ByteBuffer {
        do { return try await response.body.collect(upTo: limit) } catch { throw try self.failure(error) }
    }

    private func refusal(_ response: HTTPClientResponse, _ body: ByteBuffer) -> any Error {
        // What is no JSON is told by its status.
        Refusal.error(
            status: Int(response.status.code), body: try? JSONValue(json: String(buffer: body)), address: self.address.text)
    }

    /// What went wrong with the connection, in words.
    /// - Throws: `CancellationError` when it is only that nobody waits any more.
    func failure(_ error: any Error) throws -> any Error {
        if error is OperationError || error is ManifestFault { return error }
        if error is CancellationError || error as? HTTPClientError == .cancelled { throw CancellationError() }
        if let trouble = error as? HTTPClientError { return self.failure(trouble) }
        let place = self.address.text
        switch error {
        case is NIOTooManyBytesError:
            return OperationError(.internalFault, "the answer of the server at \(place) is larger than \(Self.largestAnswer >> 20) MiB")
        case is FrameParser.TooLong:
            return OperationError(.internalFault, "a message of the server at \(place) is too large to be one")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            return OperationError(
                .unreachable, "no TLS connection to the server at \(place): \(Self.tlsReason(error))",
                hint: "name the file with the server's certificates in SSL_CERT_FILE; a server without TLS is http://…")
        default: return self.unreachable(Self.reason(error))
        }
    }

    private func failure(_ trouble: HTTPClientError) -> OperationError {
        let place = self.address.text
        switch trouble {
        case .connectTimeout: return self.unreachable("it did not take the connection in 10 seconds")
        case .readTimeout, .deadlineExceeded:
            return OperationError(.unreachable, "the server at \(place) has gone silent", hint: "try again, or look at the server's log")
        case .remoteConnectionClosed:
            return OperationError(
                .unreachable, "the server at \(place) closed the connection before it had answered",
                hint: self.address.scheme == "http"
                    ? "try again, or look at the server's log; a server with TLS is https://…" : "try again, or look at the server's log")
        default: return self.unreachable(trouble.description)
        }
    }

    /// The library names what it found inside a text only.
    private static func tlsReason(_ error: any Error) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "its certificate is not one that is trusted here" }
        if text.contains("WRONG_VERSION_NUMBER") { return "it does not talk TLS" }
        return text
    }

    private func unreachable(_ reason: String) -> OperationError {
        OperationError(
            .unreachable, "cannot reach the server at \(self.address.text): \(reason)",
            hint: "start one with: skiff server, or name another with --server")
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let several as NIOConnectionError:
            if let first = several.connectionErrors.first { return Self.reason(first.error) }
            return "the name '\(several.host)' has no address"
        case let system as IOError: return String(cString: strerror(system.errnoCode)).lowercased()
        default: return "\(error)"
        }
    }
}

/// What is done to what a path names.
enum RequestMethod: String, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// Messages of a stream, as they are asked for: what the reader has not taken yet waits with the server.
actor MessageStream {
    private let connection: ServerConnection
    private var chunks: HTTPClientResponse.Body.AsyncIterator?
    private var parser = FrameParser()

    init(_ response: HTTPClientResponse, _ connection: ServerConnection) {
        self.connection = connection
        self.chunks = response.body.makeAsyncIterator()
    }

    /// - Returns: what stands in `result`; nil at the end.
    /// - Throws: `OperationError`: what the server says, or that the connection broke.
    func next() async throws -> JSONValue? {
        do {
            while true {
                if let text = try self.parser.next() { return try self.result(text) }
                guard var iterator = self.chunks else { return nil }
                if let chunk = try await iterator.next(isolation: self) {
                    self.parser.append(chunk)
                    continue
                }
                self.chunks = nil
                return try self.parser.rest().map(self.result)
            }
        } catch {
            self.chunks = nil
            throw try self.connection.failure(error)
        }
    }

    private func result(_ text: String) throws -> JSONValue {
        let message: JSONValue
        do { message = try JSONValue(json: text) } catch {
            throw OperationError(.internalFault, "the server at \(self.connection.address.text) streams what is no JSON: \(error)")
        }
        if let result = message["result"] { return result }
        let status = message["error"]?["http_code"]?.integer.map { Int(clamping: $0) } ?? 500
        throw Refusal.error(status: status, body: message, address: self.connection.address.text)
    }
}
