import Hummingbird
import NIOCore
import WireFormat

/// Reads a whole body, as long as it is neither too large nor too slow.
struct BodyReader: Sendable {
    let limit: Int
    let patience: Duration

    /// - Throws: `WireError`: 413 or 408.
    func bytes(of request: Request) async throws -> [UInt8] {
        if let told = request.headers[.contentLength].flatMap({ Int($0) }), told > self.limit { throw self.tooLarge }
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try await self.collected(request.body) }
            group.addTask {
                try await Task.sleep(for: self.patience)
                return nil
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() ?? nil else {
                throw WireError(408, .deadlineExceeded, "the body did not come within \(self.patience)")
            }
            return bytes
        }
    }

    private func collected(_ body: RequestBody) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in body {
            guard bytes.count + piece.readableBytes <= self.limit else { throw self.tooLarge }
            bytes += piece.readableBytesView
        }
        return bytes
    }

    private var tooLarge: WireError { WireError(413, .resourceExhausted, "the body is larger than \(self.limit) bytes") }
}
