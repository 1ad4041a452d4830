import HTTPTypes
import Hummingbird
import NIOCore
import WireFormat
import WorkflowModel

/// What a route answers.
struct Reply: Sendable {
    enum Content: Sendable {
        case json(JSONValue)
        case text(String, type: String)
        /// A file, piece by piece.
        case bytes(AsyncThrowingStream<[UInt8], any Error>, size: Int64?, type: String)
        /// Messages as they come, without the `result` around them.
        case messages(AsyncThrowingStream<JSONValue, any Error>)
        /// The same in Kubernetes' form: a line each, and nothing around them.
        case events(AsyncThrowingStream<JSONValue, any Error>)
    }

    var status = 200
    var headers = HTTPFields()
    var content: Content
    /// Applied to what is sent: to the whole document, or to each message with its `result`.
    var fields = FieldsFilter.all

    init(_ content: Content, status: Int = 200, headers: HTTPFields = HTTPFields(), fields: FieldsFilter = .all) {
        self.content = content
        self.status = status
        self.headers = headers
        self.fields = fields
    }

    static func json(_ value: JSONValue, fields: FieldsFilter = .all, status: Int = 200) -> Reply {
        Reply(.json(value), status: status, fields: fields)
    }

    /// `{}`.
    static let done = Reply.json(.object(JSONObject()))
}
