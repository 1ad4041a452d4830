import Dispatch

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What a process can be told while it carries runs out.
public enum ProcessSignal: Sendable, Equatable, CaseIterable {
    /// Ctrl-C.
    case interrupt
    case terminate
    /// The terminal is gone.
    case hangUp
    /// The terminal has another size.
    case resize

    var number: Int32 {
        switch self {
        case .interrupt: SIGINT
        case .terminate: SIGTERM
        case .hangUp: SIGHUP
        case .resize: SIGWINCH
        }
    }

    /// Takes the signals over until the stream is dropped, then gives them back. One stream at a time.
    ///
    /// A handler writes the signal's number to a pipe, and a dispatch source reads the pipe: that works whatever threads exist and whatever
    /// signals they block, which `signalfd` and Dispatch's signal sources do not. SIGHUP stays ignored where it was (`nohup`); SIGINT does
    /// not, because shells ignore it for every background job.
    static func stream() -> AsyncStream<ProcessSignal> {
        let (stream, continuation) = AsyncStream.makeStream(of: ProcessSignal.self)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return stream }
        let (reading, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        signalPipe = writing
        let source = DispatchSource.makeReadSource(fileDescriptor: reading, queue: DispatchQueue(label: "skiff.signals"))
        source.setEventHandler {
            var numbers = [UInt8](repeating: 0, count: 64)
            let count = read(reading, &numbers, numbers.count)
            for number in numbers.prefix(max(0, count)) {
                if let signal = Self.allCases.first(where: { $0.number == Int32(number) }) { continuation.yield(signal) }
            }
        }
        source.activate()
        let taken = TakenSignals(
            source: source, actions: Self.allCases.compactMap { signal in Self.install(signal).map { (signal.number, $0) } })
        continuation.onTermination = { _ in taken.giveBack() }
        return stream
    }

    /// Sets the handler. Returns the action that was there before; nil when the signal is left alone.
    private static func install(_ signal: ProcessSignal) -> sigaction? {
        var previous = sigaction()
        sigaction(signal.number, nil, &previous)
        if signal == .hangUp, isIgnored(previous) { return nil }
        var action = sigaction()
        setHandler(&action) { number in
            // Only what is safe inside a signal handler: one write, errno kept.
            let saved = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(signalPipe, &byte, 1)
            errno = saved
        }
        sigemptyset(&action.sa_mask)
        action.sa_flags = Int32(SA_RESTART)
        sigaction(signal.number, &action, nil)
        return previous
    }
}

/// The end of the pipe that the handler writes to. The pipe is never closed, because a handler may be about to write to it.
/// Unsafe in name only: a plain word that is set before a handler is installed.
private nonisolated(unsafe) var signalPipe: Int32 = -1

/// The handlers that are installed. Sendable because nothing in it changes, and Dispatch sources may be cancelled from any thread.
private struct TakenSignals: @unchecked Sendable {
    let source: any DispatchSourceRead
    /// What was to be done before, by the signal's number.
    let actions: [(number: Int32, action: sigaction)]

    func giveBack() {
        for (number, action) in self.actions {
            var action = action
            sigaction(number, &action, nil)
        }
        self.source.cancel()
    }
}

private func isIgnored(_ action: sigaction) -> Bool {
    #if canImport(Darwin)
        unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == 1
    #else
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    #endif
}

private func setHandler(_ action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void) {
    #if canImport(Darwin)
        action.__sigaction_u.__sa_handler = handler
    #else
        action.__sigaction_handler.sa_handler = handler
    #endif
}
