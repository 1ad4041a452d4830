import Operations
import WireFormat
import WorkflowModel

/// What a server says went wrong.
enum Refusal {
    /// The error as the server threw it: an `OperationError`, or a `ManifestFault` with everything that is wrong at once.
    /// - Parameter body: nil where it was no JSON: proxies, and paths of artifacts, answer with text that tells people less than the status.
    static func error(status: Int, body: JSONValue?, address: String) -> any Error {
        var answer = WireError(status: status, body: body ?? [:])
        if body == nil { answer.message = "the server at \(address) answers with status \(status) (\(WireError.reason(status)))" }
        guard var refused = answer.thrown as? OperationError else { return answer.thrown }
        // Not the server itself: what stands in front of it.
        if status == 502 || status == 504 { refused.code = .unavailable }
        refused.hint = refused.hint ?? self.hint(status, address: address)
        return refused
    }

    private static func hint(_ status: Int, address: String) -> String? {
        switch status {
        case 401: "give a token with --token or SKIFF_TOKEN; whoever runs the server makes one with: skiff auth token create"
        case 403: "ask whoever runs the server for a token with more rights"
        case 429: "try again later: the server takes only so many requests a second"
        case 502, 503, 504: "try again later: the server at \(address) is there and cannot answer"
        default: nil
        }
    }
}
