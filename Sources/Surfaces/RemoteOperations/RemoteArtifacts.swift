import AsyncHTTPClient
import NIOCore
import NIOHTTP1
public import Operations
import WorkflowModel

/// Artifacts of the runs of a server.
public struct RemoteArtifacts: ArtifactOperations {
    private let connection: ServerConnection

    public init(_ connection: ServerConnection) { self.connection = connection }

    // MARK: Download

    /// What is inside a directory a server tells only to people, as a page: whole directories are asked for packed.
    public func artifact(_ query: ArtifactQuery) async throws -> ArtifactDownload {
        let response = try await self.connection.open(Self.target(query), accept: "*/*")
        let size = response.headers.first(name: "Content-Length").flatMap { Int64($0) }
        let bytes = ResponseBytes(response, self.connection)
        return ArtifactDownload(
            fileName: Self.fileName(response.headers.first(name: "Content-Disposition")) ?? query.path.last ?? query.artifact,
            content: .file(sizeInBytes: size, bytes: AsyncThrowingStream { try await bytes.next() }))
    }

    private static func target(_ query: ArtifactQuery) -> RequestTarget {
        if query.isPacked {
            let root = query.isInput ? "input-artifacts" : "artifacts"
            return RequestTarget(root, query.namespace, query.run, query.node, query.artifact)
        }
        let place = ["artifact-files", query.namespace, "workflows", query.run, query.node, query.isInput ? "inputs" : "outputs"]
        return RequestTarget(segments: place + [query.artifact] + query.path)
    }

    /// Of `filename="report.txt"`.
    private static func fileName(_ disposition: String?) -> String? {
        guard let disposition, let start = disposition.firstRange(of: "filename=\"")?.upperBound else { return nil }
        let name = disposition[start...].prefix { $0 != "\"" }
        return name.isEmpty ? nil : String(name)
    }

    // MARK: Upload

    private static let boundary = "skiff-2c1f9b7e5d3a4c60"

    public func upload(
        _ bytes: AsyncThrowingStream<[UInt8], any Error>, fileName: String, artifact: String, template: String, namespace: String
    ) async throws -> UploadedArtifact {
        let name = String(fileName.unicodeScalars.map { $0 == "\"" || $0 == "\\" || $0.value < 0x20 ? "_" : Character($0) })
        let head = "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n"
        let form = MultipartBody(head: head, bytes: bytes, tail: "\r\n--\(Self.boundary)--\r\n")
        let answer = try await self.connection.send(
            form, type: "multipart/form-data; boundary=\(Self.boundary)",
            to: RequestTarget("upload-artifacts", namespace, template, artifact))
        return UploadedArtifact(name: answer["name"]?.string ?? artifact, key: answer["key"]?.string ?? "")
    }
}

/// A file between the two parts of a form that hold it.
struct MultipartBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let head: String
    let bytes: AsyncThrowingStream<[UInt8], any Error>
    let tail: String

    struct AsyncIterator: AsyncIteratorProtocol {
        private var head: String?
        private var bytes: AsyncThrowingStream<[UInt8], any Error>.AsyncIterator
        private var tail: String?

        init(_ body: MultipartBody) {
            self.head = body.head
            self.bytes = body.bytes.makeAsyncIterator()
            self.tail = body.tail
        }

        mutating func next() async throws -> ByteBuffer? {
            if let head = self.head.take() { return ByteBuffer(string: head) }
            if self.tail != nil, let chunk = try await self.bytes.next() { return ByteBuffer(bytes: chunk) }
            return self.tail.take().map { ByteBuffer(string: $0) }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

/// The bytes of an answer, as they are asked for.
actor ResponseBytes {
    private let connection: ServerConnection
    private var chunks: HTTPClientResponse.Body.AsyncIterator?

    init(_ response: HTTPClientResponse, _ connection: ServerConnection) {
        self.connection = connection
        self.chunks = response.body.makeAsyncIterator()
    }

    func next() async throws -> [UInt8]? {
        guard var iterator = self.chunks else { return nil }
        do {
            if let chunk = try await iterator.next(isolation: self) { return Array(chunk.readableBytesView) }
            self.chunks = nil
            return nil
        } catch {
            self.chunks = nil
            throw try self.connection.failure(error)
        }
    }
}
