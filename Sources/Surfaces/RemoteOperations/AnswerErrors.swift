import Operations
import WorkflowModel

extension OperationError {
    /// What a server says went wrong: `{"code": …, "message": …}`, or the same inside a stream.
    init(status: Int, body: JSONValue?, address: String) {
        let message = body?["message"]?.string ?? body?["error"]?.string ?? ""
        let text = message.isEmpty ? "the server at \(address) answers with status \(status)" : message
        let code = Self.code(status: status, number: (body?["code"] ?? body?["grpc_code"])?.integer)
        self.init(code, text, hint: body?["hint"]?.string ?? Self.hint(code, status: status, address: address))
    }

    /// The inverse of how servers choose the status; gRPC's number tells apart what HTTP has one status for.
    private static func code(status: Int, number: Int64?) -> Code {
        switch status {
        case 400, 405, 406, 411, 413, 414, 415, 422, 431: .invalid
        case 401, 403: .unauthorized
        case 404: .notFound
        case 409: number == alreadyExistsNumber ? .alreadyExists : .conflict
        case 410: .expired
        case 429, 502, 503, 504: .unavailable
        case 507: .storageFull
        default: .internalFault
        }
    }

    /// gRPC's ALREADY_EXISTS.
    private static var alreadyExistsNumber: Int64 { 6 }

    private static func hint(_ code: Code, status: Int, address: String) -> String? {
        switch status {
        case 401: "give a token with --token or SKIFF_TOKEN; whoever runs the server makes one with: skiff auth token create"
        case 403: "ask whoever runs the server for a token with more rights"
        case 429: "try again later: the server takes only so many requests a second"
        case 502, 503, 504: "try again later: the server at \(address) is there and cannot answer"
        default: nil
        }
    }
}
