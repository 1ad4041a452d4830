import CLocalRuntime
import Engine
import Glibc
import Ports
import Synchronization

/// What was told of a running pod, so that nothing is told twice.
struct ToldState {
    private var isReady = false
    private var progress: StateRecord.Progress?
    private var started: Set<String> = []
    private var finished: Set<String> = []

    /// The events that the record adds to what was told; of several containers in the order in which they happened.
    mutating func news(_ record: StateRecord, of pod: PodID) -> [PodEvent] {
        var dated: [(nanoseconds: Int64, event: PodEvent)] = []
        for container in record.containers {
            if let startedAt = container.startedAt, self.started.insert(container.name).inserted {
                dated.append((container.startedNanoseconds, .containerStarted(pod, container: container.name, at: startedAt)))
            }
            if let result = container.result, self.finished.insert(container.name).inserted {
                dated.append((container.finishedNanoseconds, .containerFinished(pod, result)))
            }
        }
        var news = dated.sorted { $0.nanoseconds < $1.nanoseconds }.map(\.event)
        if let readyAt = record.readyAt, !self.isReady {
            self.isReady = true
            news.append(.ready(pod, at: readyAt))
        }
        if let progress = record.progress, progress != self.progress {
            self.progress = progress
            news.append(.progress(pod, done: progress.done, of: progress.all))
        }
        return news
    }
}

/// Notices when adopted pods write a new state record. Their supervisors tell it to the process that launched them, which is gone.
final class StateWatch: Sendable {
    private struct State {
        /// Made for the first pod.
        var queue: Int32 = -1
        var token: UInt64?
        var pods: [Int32: PodID] = [:]
    }
    private let state = Mutex(State())

    /// Whoever owns the reactor lets it go with this.
    deinit {
        let queue = self.state.withLock { $0.queue }
        if queue >= 0 { close(queue) }
    }

    /// Calls the handler on the reactor's thread after each new record.
    func watch(_ pod: PodID, directory: String, _ reactor: Reactor, _ handler: @escaping @Sendable (PodID) -> Void) {
        self.state.withLock { state in
            if state.queue < 0 {
                state.queue = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
                guard state.queue >= 0 else { return }
                state.token = reactor.watch(state.queue) { [weak self] in
                    for pod in self?.changed() ?? [] { handler(pod) }
                }
            }
            let place = inotify_add_watch(state.queue, directory, UInt32(IN_MOVED_TO))
            if place >= 0 { state.pods[place] = pod }
        }
    }

    func forget(_ pod: PodID) {
        self.state.withLock { state in
            for (place, watched) in state.pods where watched == pod {
                inotify_rm_watch(state.queue, place)
                state.pods[place] = nil
            }
        }
    }

    private func changed() -> Set<PodID> {
        self.state.withLock { state in
            var pods: Set<PodID> = []
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(state.queue, &bytes, bytes.count)
                guard count > 0 else { return pods }
                bytes.withUnsafeBytes { raw in
                    var at = 0
                    while at + MemoryLayout<inotify_event>.size <= count {
                        let event = raw.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
                        if let pod = state.pods[event.wd] { pods.insert(pod) }
                        at += MemoryLayout<inotify_event>.size + Int(event.len)
                    }
                }
            }
        }
    }
}
