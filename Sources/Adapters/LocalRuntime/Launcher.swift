import CLocalRuntime
import Glibc
import Synchronization

/// The process that makes processes.
///
/// Start it as the first statement of the program, while there is only one thread: what it forks is then a small, quiet copy.
public final class Launcher: Sendable {
    private let process: skiff_launcher
    /// Asking and being answered is one exchange; two must not mix.
    private let exchange = Mutex<Void>(())

    /// - Throws: `LocalRuntimeError.noLauncher`.
    public init() throws(LocalRuntimeError) {
        var process = skiff_launcher()
        let error = skiff_launcher_start(&process)
        guard error == 0 else { throw .noLauncher(errorText(error)) }
        self.process = process
    }

    /// Pods outlive the launcher; their supervisors need nobody.
    deinit { skiff_launcher_stop(self.process) }

    /// Takes some milliseconds for a sandbox, whose namespaces and layers are built and tried out.
    func openSession(_ options: MessageWriter) throws(LocalRuntimeError) -> Session {
        var session = skiff_session()
        let error = self.exchange.withLock { _ in
            options.bytes.withUnsafeBufferPointer { skiff_session_open(self.process.control, $0.baseAddress, $0.count, &session) }
        }
        guard error == 0 else {
            let problem = withUnsafeBytes(of: session.problem) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw error == ENOTSUP ? .noSandbox(problem) : .noLauncher(problem)
        }
        return Session(requests: session.requests, notices: session.notices)
    }
}

/// The two ends of a session that belong to Skiff. Closing them ends the session.
struct Session: Sendable {
    let requests: Int32
    let notices: Int32

    static func options(kind: LocalRuntimeKind, dataDirectory: String, hiddenPaths: [String]) -> MessageWriter {
        var options = MessageWriter()
        options.add(SKIFF_SESSION_IS_SANDBOX.rawValue, number: kind == .sandbox ? 1 : 0)
        options.add(SKIFF_SESSION_DATA_DIRECTORY.rawValue, text: dataDirectory)
        for path in hiddenPaths where !path.utf8.contains(0) { options.add(SKIFF_SESSION_HIDDEN.rawValue, text: path) }
        return options
    }

    func close() {
        _ = Glibc.close(self.requests)
        _ = Glibc.close(self.notices)
    }
}
