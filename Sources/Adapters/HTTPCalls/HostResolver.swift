import Dispatch
import Glibc
import Synchronization

/// Asks the system for the addresses of a name.
enum HostResolver {
    /// As many as are tried, so that a name with very many keeps nobody waiting.
    private static let most = 8

    /// - Returns: at least one, in the order in which they are to be tried.
    /// - Throws: `TransportError`, or `CancellationError` at once when the task is cancelled: the system's own search cannot be stopped, and is
    ///   left to end by itself.
    static func addresses(of host: String) async throws -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        let answer = Answer()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                answer.await(continuation)
                DispatchQueue.global().async { answer.give(Result { try Self.lookUp(host) }) }
            }
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }

    /// The first answer counts, also one that comes before anybody waits for it.
    private final class Answer: Sendable {
        private enum State {
            case new
            case awaited(CheckedContinuation<[IPAddress], any Error>)
            case given(Result<[IPAddress], any Error>)
            case done
        }
        private let state = Mutex(State.new)

        func await(_ continuation: CheckedContinuation<[IPAddress], any Error>) {
            let result: Result<[IPAddress], any Error>? = self.state.withLock { state in
                if case .given(let result) = state {
                    state = .done
                    return result
                }
                state = .awaited(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }

        func give(_ result: Result<[IPAddress], any Error>) {
            let continuation: CheckedContinuation<[IPAddress], any Error>? = self.state.withLock { state in
                switch state {
                case .new:
                    state = .given(result)
                    return nil
                case .awaited(let continuation):
                    state = .done
                    return continuation
                case .given, .done: return nil
                }
            }
            continuation?.resume(with: result)
        }
    }

    private static func lookUp(_ host: String) throws -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            let reason = status == EAI_SYSTEM ? String(cString: strerror(errno)) : String(cString: gai_strerror(status))
            throw TransportError(.unresolved, "host '\(host)' cannot be found: \(reason.lowercased())")
        }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next, found.count < Self.most {
            if let pointer = entry.pointee.ai_addr, let address = IPAddress(pointer), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        if found.isEmpty { throw TransportError(.unresolved, "host '\(host)' cannot be found: it has no address") }
        return found
    }
}
