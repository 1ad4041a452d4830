public import WorkflowModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Where the command line reads and writes: the terminal of the process, or a recording in tests.
public struct Console: Sendable {
    public enum Channel: Sendable, Hashable {
        /// Data: standard output.
        case output
        /// Everything for people: standard error.
        case errors
    }

    /// Writes all of the text at once; false when nobody reads the channel any more.
    public var write: @Sendable (String, Channel) -> Bool
    public var isTerminal: @Sendable (Channel) -> Bool
    public var size: @Sendable () -> TerminalSize
    public var environment: @Sendable (String) -> String?
    public var now: @Sendable () -> Timestamp
    /// Seconds that local time is ahead of UTC at an instant.
    public var secondsFromUTC: @Sendable (Timestamp) -> Int
    /// Takes the signals of the process over for as long as the stream is read.
    public var signals: @Sendable () -> AsyncStream<ProcessSignal>

    public init(
        write: @escaping @Sendable (String, Channel) -> Bool, isTerminal: @escaping @Sendable (Channel) -> Bool,
        size: @escaping @Sendable () -> TerminalSize, environment: @escaping @Sendable (String) -> String?,
        now: @escaping @Sendable () -> Timestamp, secondsFromUTC: @escaping @Sendable (Timestamp) -> Int,
        signals: @escaping @Sendable () -> AsyncStream<ProcessSignal>
    ) {
        self.write = write
        self.isTerminal = isTerminal
        self.size = size
        self.environment = environment
        self.now = now
        self.secondsFromUTC = secondsFromUTC
        self.signals = signals
    }

    /// The process's own streams, clock and signals.
    public static let standard = Console(
        write: { text, channel in Self.writeAll(text, to: channel.descriptor) },
        isTerminal: { isatty($0.descriptor) == 1 },
        size: { TerminalSize.current() },
        environment: { name in getenv(name).map { String(cString: $0) } },
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
        },
        secondsFromUTC: { instant in
            var seconds = time_t(instant.seconds)
            var local = tm()
            localtime_r(&seconds, &local)
            return local.tm_gmtoff
        },
        signals: { ProcessSignal.stream() })

    private static func writeAll(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = systemWrite(descriptor, rest.baseAddress, rest.count)
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno == EAGAIN {
                    // The stream was made non-blocking by somebody who shares it: wait until it takes more.
                    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wanted, 1, -1)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}

extension Console.Channel {
    var descriptor: Int32 {
        switch self {
        case .output: STDOUT_FILENO
        case .errors: STDERR_FILENO
        }
    }
}

/// The C function, out of reach of the member of the same name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }

public struct TerminalSize: Sendable, Equatable {
    public var columns: Int
    public var rows: Int
    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// The size of the terminal that any of the standard streams is; 80 by 24 when there is none or it does not know.
    static func current() -> TerminalSize {
        for descriptor in [STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO] {
            var window = winsize()
            if ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
                return TerminalSize(columns: Int(window.ws_col), rows: Int(window.ws_row))
            }
        }
        return TerminalSize(columns: 80, rows: 24)
    }
}
