import Operations

/// How long a stream that broke is opened again: a server that is started anew is back within seconds, one that is gone is not waited for.
struct Persistence {
    /// Seconds from the first failure of a row until giving up: 0.2, 0.4, … 5, 5, … add up to about a minute.
    private static let attempts = 15
    private static let longestPause = 5000

    private var failures = 0

    /// Something came: whatever broke before is over.
    mutating func succeeded() { self.failures = 0 }

    /// How long to wait before the next try.
    /// - Throws: the error itself, when it is no trouble of the connection or has lasted too long.
    mutating func pause(after error: any Error) throws -> Duration {
        let code = (error as? OperationError)?.code
        guard code == .unreachable || code == .unavailable, self.failures < Self.attempts else { throw error }
        self.failures += 1
        return .milliseconds(min(100 << self.failures, Self.longestPause))
    }
}
