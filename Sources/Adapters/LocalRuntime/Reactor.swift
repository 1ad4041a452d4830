import CLocalRuntime
import Glibc
import Synchronization

/// One thread that waits for descriptors: supervisors that end, notices of a session, changes of log files.
final class Reactor: Sendable {
    typealias Handler = @Sendable () -> Void

    private struct Watched {
        let descriptor: Int32
        let handler: Handler
    }
    private struct State {
        var nextToken: UInt64 = 1
        var watched: [UInt64: Watched] = [:]
    }

    private let poll: Int32
    private let wakeUp: Int32
    private let state = Mutex(State())

    init() {
        self.poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        self.wakeUp = eventfd(0, Int32(EFD_CLOEXEC))
        precondition(self.poll >= 0 && self.wakeUp >= 0, "no descriptors for a reactor: \(errorText(errno))")
        self.add(self.wakeUp, token: 0)
        let (poll, wakeUp) = (self.poll, self.wakeUp)
        // The thread holds the reactor only while it handles something, so that it ends when nobody else holds it.
        PlainThread.start { [weak self] in
            var events = [epoll_event](repeating: epoll_event(), count: 64)
            var isRunning = true
            while isRunning {
                let count = epoll_wait(poll, &events, Int32(events.count), -1)
                if count < 0 && errno != EINTR { break }
                for event in events.prefix(Int(max(0, count))) {
                    if event.data.u64 == 0 { isRunning = false } else { self?.handle(event.data.u64) }
                }
            }
            close(poll)
            close(wakeUp)
        }
    }

    deinit {
        var one: UInt64 = 1
        _ = write(self.wakeUp, &one, 8)
    }

    /// Calls the handler on the reactor's thread whenever the descriptor can be read, until `forget`.
    func watch(_ descriptor: Int32, _ handler: @escaping Handler) -> UInt64 {
        let token = self.state.withLock { state in
            let token = state.nextToken
            state.nextToken += 1
            state.watched[token] = Watched(descriptor: descriptor, handler: handler)
            return token
        }
        self.add(descriptor, token: token)
        return token
    }

    /// The descriptor must still be open.
    func forget(_ token: UInt64) {
        guard let watched = self.state.withLock({ $0.watched.removeValue(forKey: token) }) else { return }
        epoll_ctl(self.poll, EPOLL_CTL_DEL, watched.descriptor, nil)
    }

    /// Returns when the descriptor can be read, or when the task is cancelled.
    func readable(_ descriptor: Int32) async {
        let waiting = Waiting()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard waiting.begin(continuation) else { return continuation.resume() }
                waiting.token.withLock { $0 = self.watch(descriptor) { waiting.end() } }
            }
        } onCancel: {
            waiting.end()
        }
        if let token = waiting.token.withLock({ $0 }) { self.forget(token) }
    }

    private func add(_ descriptor: Int32, token: UInt64) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = token
        epoll_ctl(self.poll, EPOLL_CTL_ADD, descriptor, &event)
    }

    private func handle(_ token: UInt64) {
        let handler = self.state.withLock { $0.watched[token]?.handler }
        handler?()
    }
}

/// Resumes a waiting task once, whoever comes first: the descriptor or the cancellation.
private final class Waiting: Sendable {
    private enum State {
        case new, ended
        case waiting(CheckedContinuation<Void, Never>)
    }
    private let state = Mutex(State.new)
    let token = Mutex<UInt64?>(nil)

    /// False when it was cancelled before it began.
    func begin(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        self.state.withLock { state in
            guard case .new = state else { return false }
            state = .waiting(continuation)
            return true
        }
    }

    func end() {
        let continuation: CheckedContinuation<Void, Never>? = self.state.withLock { state in
            defer { state = .ended }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
        continuation?.resume()
    }
}

/// Carries out, one after the other and on a thread of its own, work that blocks: removing trees, waiting for processes to die.
final class Worker: Sendable {
    typealias Job = @Sendable () -> Void
    private let jobs = Mutex<[Job]>([])
    private let bell: Int32

    init() {
        self.bell = eventfd(0, Int32(EFD_CLOEXEC))
        precondition(self.bell >= 0, "no descriptor for a worker: \(errorText(errno))")
        let bell = self.bell
        PlainThread.start { [weak self] in
            var count: UInt64 = 0
            // The highest value says that the worker is gone.
            while read(bell, &count, 8) == 8 || errno == EINTR {
                let jobs = self?.jobs.withLock { jobs in
                    defer { jobs = [] }
                    return jobs
                }
                guard let jobs else { break }
                for job in jobs { job() }
            }
            close(bell)
        }
    }

    deinit { self.ring() }

    func run(_ job: @escaping Job) {
        self.jobs.withLock { $0.append(job) }
        self.ring()
    }

    /// Runs the job and returns what it returned.
    func value<Value: Sendable>(_ job: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            self.run { continuation.resume(returning: job()) }
        }
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(self.bell, &one, 8)
    }
}

/// A thread outside the pool of Swift's concurrency, so that it may block.
enum PlainThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let error = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        precondition(error == 0, "no thread could be made: \(errorText(error))")
        pthread_detach(thread)
    }
}
