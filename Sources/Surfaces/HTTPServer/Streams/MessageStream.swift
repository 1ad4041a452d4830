import AsyncAlgorithms
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import WireFormat
import WorkflowModel

/// Messages on their way to one client.
///
/// The next message is asked for when the one before it was taken: what a slow client keeps waiting stays with whoever makes the messages. The
/// stream ends with its messages, with the connection, or when the server ends.
struct MessageStream: Sendable {
    let messages: AsyncThrowingStream<JSONValue, any Error>
    let framing: StreamFraming
    /// Whether each message is the value of `result`, as in Argo's API. In that of Kubernetes it stands alone.
    let isWrapped: Bool
    let fields: FieldsFilter
    let keepAlive: Duration
    let logger: Logger

    /// Writes until there is no more to write, and finishes the body.
    func write(to writer: inout any ResponseBodyWriter) async throws {
        let frames = AsyncChannel<String>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.send(to: frames)
                frames.finish()
            }
            group.addTask { try await self.showLife(to: frames) }
            group.addTask {
                try await gracefulShutdown()
                frames.finish()
            }
            for await frame in frames { try await writer.write(ByteBuffer(string: frame)) }
            group.cancelAll()
        }
        try await writer.finish(nil)
    }

    private func send(to frames: AsyncChannel<String>) async {
        do {
            for try await message in self.messages { await frames.send(self.framing.frame(self.shown(message))) }
        } catch is CancellationError {
        } catch {
            let told = WireError(error)
            if told.status == 500 { self.logger.error("a stream failed", metadata: ["error": "\(error)"]) }
            await frames.send(self.framing.frame(self.isWrapped ? told.streamMessage : Self.status(told)))
        }
    }

    private func shown(_ message: JSONValue) -> JSONValue {
        self.isWrapped ? self.fields.applied(to: ["result": message]) : message
    }

    /// An error in the words of a watch of Kubernetes.
    private static func status(_ error: WireError) -> JSONValue {
        [
            "type": "ERROR",
            "object": [
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": .string(error.message),
                "reason": .string(error.status == 410 ? "Expired" : "InternalError"), "code": .integer(error.status),
            ],
        ]
    }

    private func showLife(to frames: AsyncChannel<String>) async throws {
        guard let sign = self.framing.keepAlive else { return }
        while true {
            try await Task.sleep(for: self.keepAlive)
            await frames.send(sign)
        }
    }
}
