import Engine
import Operations
import Ports
import Synchronization
import WorkflowModel

/// The lines of a run that is under way: those of the pods it has, then those of each pod as it comes, until the run has ended.
struct FollowedLogs: Sendable {
    let logs: RunLogs
    let known: [LoggedPod]

    /// How long to wait between looks for new pods, at least, and how many times longer than a look takes.
    private static let shortestPause = Span(milliseconds: 200)
    private static let pauseFactor: Int64 = 20

    func stream() -> AsyncThrowingStream<PodLogLine, any Error> {
        let channel = LineChannel()
        // Unstructured, because it lives as long as the stream that is returned; the channel's end of life cancels it.
        let work = Task {
            do {
                try await self.follow(into: channel)
                channel.finish(nil)
            } catch { channel.finish(error) }
        }
        let guardian = Cancellation(work)
        return AsyncThrowingStream {
            _ = guardian
            return try await channel.next()
        }
    }

    private func follow(into channel: LineChannel) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var followed: Set<LoggedPod> = []
            var found: (pods: [LoggedPod], isOver: Bool) = (self.known, false)
            while true {
                for pod in found.pods where followed.insert(pod).inserted {
                    group.addTask {
                        let lines = self.logs.lines(of: pod, follow: true)
                        while let line = try await lines.next() { try await channel.send(line) }
                    }
                }
                if found.isOver { break }
                found = try await self.look()
            }
            try await group.waitForAll()
        }
    }

    /// Waits a moment, then looks which pods there are. The store has no bell for readers; looking costs a fraction of the time between looks.
    /// - Returns: `isOver` when there will be no more: the run has ended, or nobody carries it out any more.
    private func look() async throws -> (pods: [LoggedPod], isOver: Bool) {
        let store = self.logs.store
        let before = store.time.now()
        // First whether it is over: pods that come in between are then seen.
        guard let record = try await store.reader.run(named: self.logs.record.id.text, namespace: self.logs.record.namespace) else {
            return ([], true)
        }
        let attendant = try await store.attendant(of: record.id)
        let isOver = record.finishedAt != nil || attendant == nil
        let run = try await StoredRun.load(record, from: store.reader)
        let pods = LoggedPod.all(of: run.machine, node: self.logs.query.node)
        if isOver { return (pods, true) }
        let cost = store.time.now() - before
        let pause = max(Self.shortestPause, Span(milliseconds: cost.milliseconds * Self.pauseFactor))
        try await store.time.sleep(until: store.time.now() + pause)
        return (pods, false)
    }
}

/// Cancels a task when nobody holds it any more.
private final class Cancellation: Sendable {
    private let task: Task<Void, Never>
    init(_ task: Task<Void, Never>) { self.task = task }
    deinit { self.task.cancel() }
}

/// Lines on their way from many logs to one reader. Senders wait while it is full, so that a slow reader costs no memory.
private final class LineChannel: Sendable {
    private static let capacity = 256

    private struct State {
        var lines: [PodLogLine] = []
        var hasEnded = false
        var failure: (any Error)?
        var reader: CheckedContinuation<Void, Never>?
        var senders: [CheckedContinuation<Void, Never>] = []
        var isAbandoned = false
    }

    private let state = Mutex(State())

    /// - Throws: `CancellationError` when nobody reads any more.
    func send(_ line: PodLogLine) async throws {
        let reader = self.state.withLock { state in
            state.lines.append(line)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayGoOn = self.state.withLock { state in
                    if state.lines.count < Self.capacity || state.isAbandoned { return true }
                    state.senders.append(continuation)
                    return false
                }
                if mayGoOn { continuation.resume() }
            }
        } onCancel: {
            self.wakeSenders { $0.isAbandoned = true }
        }
        try Task.checkCancellation()
    }

    func finish(_ failure: (any Error)?) {
        let reader = self.state.withLock { state in
            state.hasEnded = true
            state.failure = failure
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    func next() async throws -> PodLogLine? {
        while true {
            let (line, hasEnded, failure) = self.state.withLock { state -> (PodLogLine?, Bool, (any Error)?) in
                let line = state.lines.isEmpty ? nil : state.lines.removeFirst()
                return (line, state.hasEnded, state.failure)
            }
            if let line {
                self.wakeSenders { _ in }
                return line
            }
            if let failure { throw failure }
            if hasEnded || Task.isCancelled { return nil }
            await self.arrival()
        }
    }

    private func arrival() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = self.state.withLock { state in
                    if !state.lines.isEmpty || state.hasEnded || Task.isCancelled { return true }
                    state.reader = continuation
                    return false
                }
                if isThere { continuation.resume() }
            }
        } onCancel: {
            let reader = self.state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume()
        }
    }

    private func wakeSenders(_ change: (inout State) -> Void) {
        let senders = self.state.withLock { state in
            change(&state)
            defer { state.senders = [] }
            return state.senders
        }
        for sender in senders { sender.resume() }
    }
}
