import Glibc
import Synchronization
import Testing

/// The real binary, run as a user runs it.
final class Program: Sendable {
    struct Outcome: Sendable {
        /// The exit status; 128 + the number for a signal.
        var status: Int32
        var output: String
        var errors: String
        var peakMemoryBytes: Int
    }

    private struct State {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var outcome: Outcome?
        var waiters: [(isMet: @Sendable (State) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    let process: pid_t
    private let state = Mutex(State())

    /// Beside the bundle that these tests are in; `SKIFF_BINARY` names another.
    static let path: String = {
        if let named = getenv("SKIFF_BINARY") { return String(cString: named) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // `swift test` runs the bundle itself, or a helper that was given its path.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
        return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/skiff"
    }()

    /// - Parameters:
    ///   - environment: beside PATH, HOME and SKIFF_HOME.
    ///   - executable: nil for skiff itself.
    init(
        _ arguments: [String], home: Home, environment: [String: String] = [:], input: String? = nil, executable: String? = nil
    ) throws {
        let path = executable ?? Self.path
        let (output, errors) = (try Self.pipe(), try Self.pipe())
        let standardInput = open(try input.map { try home.file("input", $0) } ?? "/dev/null", O_RDONLY | O_CLOEXEC)
        defer { for descriptor in [output.write, errors.write, standardInput] { close(descriptor) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (at, descriptor) in [standardInput, output.write, errors.write].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(at))
        }
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let variables = ["PATH": search, "HOME": home.path, "SKIFF_HOME": home.data].merging(environment) { _, given in given }
        var process: pid_t = 0
        let error = Self.withCStrings([path] + arguments) { words in
            Self.withCStrings(variables.map { "\($0)=\($1)" }) { posix_spawn(&process, path, &actions, nil, words, $0) }
        }
        try #require(error == 0, "\(path) cannot be started: \(String(cString: strerror(error)))")
        self.process = process
        self.collect(output.read, errors.read)
    }

    /// Runs to the end.
    static func run(_ arguments: String..., home: Home, environment: [String: String] = [:], input: String? = nil) async throws -> Outcome {
        try await Program(arguments, home: home, environment: environment, input: input).outcome()
    }

    func signal(_ number: Int32) { kill(self.process, number) }

    func outcome() async -> Outcome {
        await self.wait { $0.outcome != nil }
        return self.state.withLock { $0.outcome } ?? Outcome(status: -1, output: "", errors: "", peakMemoryBytes: 0)
    }

    /// What it has written to its error output up to now.
    var errorsSoFar: String { self.state.withLock { String(decoding: $0.errors, as: UTF8.self) } }

    /// Returns when so many lines of the output contain the text, or the program has ended.
    func shows(_ text: String, times: Int = 1) async {
        await self.wait { state in
            state.outcome != nil
                || String(decoding: state.output, as: UTF8.self).split(separator: "\n").count { $0.contains(text) } >= times
        }
    }

    /// Returns when the error output contains the text, or the program has ended.
    func tells(_ text: String) async {
        await self.wait { state in state.outcome != nil || String(decoding: state.errors, as: UTF8.self).contains(text) }
    }

    private func wait(until isMet: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMetAlready = self.state.withLock { state in
                if isMet(state) { return true }
                state.waiters.append((isMet, continuation))
                return false
            }
            if isMetAlready { continuation.resume() }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let met = self.state.withLock { state in
            body(&state)
            let now = state
            state.waiters.removeAll { $0.isMet(now) }
            return now.waiters.filter { $0.isMet(now) }
        }
        for waiter in met { waiter.continuation.resume() }
    }

    /// Reads both streams to their ends and reaps the program, on threads of their own.
    private func collect(_ output: Int32, _ errors: Int32) {
        let reading = Thread.start { self.read(errors) { state, bytes in state.errors += bytes } }
        _ = Thread.start {
            self.read(output) { state, bytes in state.output += bytes }
            reading.join()
            var status: Int32 = 0
            var usage = rusage()
            while wait4(self.process, &status, 0, &usage) < 0 && errno == EINTR {}
            let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
            self.change { state in
                state.outcome = Outcome(
                    status: code, output: String(decoding: state.output, as: UTF8.self),
                    errors: String(decoding: state.errors, as: UTF8.self),
                    peakMemoryBytes: usage.ru_maxrss * 1024)
            }
        }
    }

    private func read(_ descriptor: Int32, _ add: (inout State, ArraySlice<UInt8>) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            self.change { add(&$0, buffer[..<count]) }
        }
        close(descriptor)
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        // Sockets, because they are made close-on-exec in one step: a program that another test starts just now must not hold them open.
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    private static func withCStrings<Value>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value) -> Value {
        let copies: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}

/// A thread, for system calls that wait.
private struct Thread: @unchecked Sendable {
    // Only ever handed to `pthread_join`, once.
    let thread: pthread_t

    static func start(_ body: @escaping @Sendable () -> Void) -> Thread {
        final class Work: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, Unmanaged.passRetained(Work(body)).toOpaque())
        return Thread(thread: thread)
    }

    func join() { pthread_join(self.thread, nil) }
}
