import CJQ
import Dispatch
import Glibc
import Synchronization
import WorkflowModel

/// Carries jq filters out in processes of their own: a filter may run for ever or take all memory, and libjq can neither be interrupted nor
/// bounded. A process has an empty environment, so that no filter reads it, and no home to load definitions from.
public struct JQProcess: Sendable {
    private let executable: String
    private let arguments: [String]

    /// - Parameters: a program that calls `JQWorker.run()` when it is given the arguments.
    public init(executable: String, arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    /// - Throws: `ResourceFault`, `CancellationError`.
    func apply(_ filter: String, to object: JSONValue) async throws -> String {
        guard !filter.utf8.contains(0) else { throw JQFilter.fault(filter, "it holds a NUL") }
        let input = Array(filter.utf8) + [0] + Array(object.json.utf8)
        let child = try JQChild(self.executable, self.arguments)
        let end = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: child.talk(input)) }
            }
        } onCancel: {
            child.kill()
        }
        try Task.checkCancellation()
        switch end {
        case .exited(0, let text): return text
        case .exited(1, let reason): throw ResourceFault(reason)
        case .exited(let code, _): throw JQFilter.fault(filter, "its process ended with \(code)")
        case .killed: throw JQFilter.fault(filter, "it takes more time, memory or room than a filter may")
        }
    }
}

/// A process that was started, until it has been waited for.
private final class JQChild: Sendable {
    enum End: Sendable {
        /// With what it wrote: to standard output for 0, to standard error otherwise.
        case exited(Int32, String)
        case killed
    }

    private let pid: pid_t
    private let input: CInt
    private let output: CInt
    private let errors: CInt
    /// Until it is waited for, the number is its own.
    private let isGone = Mutex(false)

    /// - Throws: `ResourceFault`.
    init(_ executable: String, _ arguments: [String]) throws(ResourceFault) {
        var pipes: [[CInt]] = []
        for _ in 0..<3 {
            var ends: [CInt] = [-1, -1]
            guard cjq_pipe(&ends) else {
                for end in pipes.joined() { close(end) }
                throw ResourceFault("no process for a jq filter: \(String(cString: strerror(errno)).lowercased())")
            }
            pipes.append(ends)
        }
        var pid: pid_t = 0
        let status = Self.spawn(executable, arguments, [pipes[0][0], pipes[1][1], pipes[2][1]], &pid)
        for end in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(end) }
        (self.pid, self.input, self.output, self.errors) = (pid, pipes[0][1], pipes[1][0], pipes[2][0])
        guard status == 0 else {
            for end in [self.input, self.output, self.errors] { close(end) }
            throw ResourceFault("no process for a jq filter: \(String(cString: strerror(status)).lowercased())")
        }
    }

    private static func spawn(_ executable: String, _ arguments: [String], _ descriptors: [CInt], _ pid: inout pid_t) -> CInt {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (place, descriptor) in descriptors.enumerated() { posix_spawn_file_actions_adddup2(&actions, descriptor, CInt(place)) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        // A group of its own: Ctrl-C stops the run, which decides itself what becomes of its steps.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        return posix_spawn(&pid, executable, &actions, &attributes, &words, &environment)
    }

    /// Hands over the input, takes the output, waits for the end. Call it once, on a thread that may wait.
    func talk(_ bytes: [UInt8]) -> End {
        // The child reads everything before it writes anything.
        self.write(bytes)
        close(self.input)
        let (text, isCut) = Self.read(self.output)
        if isCut { self.kill() }
        close(self.output)
        let (reason, _) = Self.read(self.errors)
        close(self.errors)
        var status: CInt = 0
        // Seen, and taken only under the lock: until then the number is its own, and a signal reaches nobody else.
        var information = siginfo_t()
        while waitid(P_PID, id_t(self.pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        self.isGone.withLock { isGone in
            while waitpid(self.pid, &status, 0) < 0, errno == EINTR {}
            isGone = true
        }
        // The low seven bits are a signal, the byte above them the status.
        if status & 0x7F != 0 || isCut { return .killed }
        let code = status >> 8 & 0xFF
        return .exited(code, code == 0 ? text : reason)
    }

    func kill() { self.isGone.withLock { if !$0 { _ = Glibc.kill(self.pid, SIGKILL) } } }

    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(self.input, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            // It is gone, and its end will say why.
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func read(_ descriptor: CInt) -> (text: String, isCut: Bool) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= JQFilter.largestResult {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return (String(decoding: bytes, as: UTF8.self), false) }
            bytes += buffer[..<count]
        }
        return ("", true)
    }
}
