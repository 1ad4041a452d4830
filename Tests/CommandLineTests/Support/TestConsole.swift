import CommandLine
import Synchronization
import WorkflowModel

/// A console that records what is written, with a clock that stands still at 2026-11-21T04:32:00Z, seven hours behind UTC.
final class TestConsole: Sendable {
    static let now = Timestamp(rfc3339: "2026-11-21T04:32:00Z")!

    private let texts = Mutex<[Console.Channel: String]>([:])
    private let signalStream: AsyncStream<ProcessSignal>
    private let signalContinuation: AsyncStream<ProcessSignal>.Continuation
    let writes: AsyncStream<String>
    private let writesContinuation: AsyncStream<String>.Continuation

    let terminals: Set<Console.Channel>
    let environment: [String: String]
    let size: TerminalSize

    init(
        terminals: Set<Console.Channel> = [], environment: [String: String] = [:], size: TerminalSize = TerminalSize(columns: 80, rows: 24)
    ) {
        self.terminals = terminals
        self.environment = environment
        self.size = size
        (self.signalStream, self.signalContinuation) = AsyncStream.makeStream()
        (self.writes, self.writesContinuation) = AsyncStream.makeStream()
    }

    var output: String { self.texts.withLock { $0[.output] ?? "" } }
    var errors: String { self.texts.withLock { $0[.errors] ?? "" } }

    func send(_ signal: ProcessSignal) { self.signalContinuation.yield(signal) }

    var console: Console {
        Console(
            write: { text, channel in
                self.texts.withLock { $0[channel, default: ""] += text }
                self.writesContinuation.yield(text)
                return true
            },
            isTerminal: { self.terminals.contains($0) }, size: { self.size }, environment: { self.environment[$0] }, now: { Self.now },
            secondsFromUTC: { _ in -7 * 3600 }, signals: { self.signalStream })
    }
}
