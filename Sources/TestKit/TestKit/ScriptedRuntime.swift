public import Engine
public import Ports
import Synchronization
public import WorkflowModel

/// The processes of a pretended machine. They outlive the runtimes that start them, as real ones do.
public final class PodWorld: Sendable {
    struct Ended: Sendable {
        var result: PodResult
        var collected: [CollectedArtifact]
    }

    struct State {
        var starts: [PodID: Int] = [:]
        var requests: [PodID: PodRequest] = [:]
        var ends: [PodID: Ended] = [:]
        var running: Set<PodID> = []
        var mostRunning = 0
        var graces: [PodID: [Span]] = [:]
        /// What a restart of the machine left of pods that ran: a record of their start, or nothing.
        var lost: Set<PodID> = []
        var forgotten: Set<PodID> = []
    }

    let state = Mutex(State())

    public init() {}

    /// How often each pod was started. More than once is what must never happen.
    public var starts: [PodID: Int] { self.state.withLock { $0.starts } }
    public var running: Set<PodID> { self.state.withLock { $0.running } }
    public var mostRunning: Int { self.state.withLock { $0.mostRunning } }
    /// Of each stop that was asked for, in order.
    public func graces(_ pod: PodID) -> [Span] { self.state.withLock { $0.graces[pod] ?? [] } }
    public func request(_ pod: PodID) -> PodRequest? { self.state.withLock { $0.requests[pod] } }

    /// Ends everything that runs, as a restart of the machine does.
    /// - Parameter remembered: of so many pods, the first by node, the records reached the disk; the others are as if never started.
    public func restart(remembered: Int) {
        self.state.withLock { state in
            let known = Set(state.starts.keys.sorted { $0.node < $1.node }.prefix(remembered))
            state.forgotten.formUnion(state.starts.keys.filter { !known.contains($0) })
            state.lost.formUnion(state.running.intersection(known))
            state.running = []
            for pod in state.forgotten { state.ends[pod] = nil }
        }
    }
}

/// Pretends to run pods: each ends as the script says, or when the test says so.
public final class ScriptedRuntime: PodRuntime {
    /// How a pod ends.
    public struct Ending: Sendable {
        public var result: PodResult
        public var collected: [CollectedArtifact]
        public init(_ result: PodResult, collected: [CollectedArtifact] = []) {
            self.result = result
            self.collected = collected
        }
        public static func exit(_ code: Int, result: String? = nil) -> Ending {
            Ending(PodResult(end: .exited(code: code), finishedAt: Timestamp(milliseconds: 0), result: result))
        }
    }

    public let world: PodWorld
    public let events: AsyncStream<PodEvent>
    private let continuation: AsyncStream<PodEvent>.Continuation
    private let script: @Sendable (PodLaunch) -> Ending?
    private let chronicle: Chronicle?
    /// As a step that ignores SIGTERM and has time left.
    private let refusesToEnd: Bool
    private let known = Mutex<Set<PodID>>([])

    /// - Parameters:
    ///   - refusesToEnd: a stop ends no pod.
    ///   - script: nil for a pod that runs until it is stopped or `finish` is called.
    public init(
        world: PodWorld = PodWorld(), chronicle: Chronicle? = nil, refusesToEnd: Bool = false,
        script: @escaping @Sendable (PodLaunch) -> Ending? = { _ in .exit(0) }
    ) {
        self.world = world
        self.chronicle = chronicle
        self.refusesToEnd = refusesToEnd
        self.script = script
        (self.events, self.continuation) = AsyncStream.makeStream(of: PodEvent.self)
    }

    public func launch(_ launch: PodLaunch) async {
        let pod = launch.request.id
        guard self.known.withLock({ $0.insert(pod).inserted }) else { return }
        let isNew = self.world.state.withLock { state in
            guard state.starts[pod] == nil || state.forgotten.remove(pod) != nil else { return false }
            state.starts[pod, default: 0] += 1
            state.requests[pod] = launch.request
            state.running.insert(pod)
            state.mostRunning = max(state.mostRunning, state.running.count)
            return true
        }
        self.chronicle?.add("\(isNew ? "launch" : "adopt") \(pod.node.ordinal)")
        self.continuation.yield(.started(pod, at: Timestamp(milliseconds: 0)))
        if self.isLost(pod) { return }
        if let ended = self.world.state.withLock({ $0.ends[pod] }) {
            self.continuation.yield(.finished(pod, ended.result, collected: ended.collected))
        } else if let ending = self.script(launch) {
            self.finish(pod, ending)
        }
    }

    public func adopt(_ pod: PodID) async -> Bool {
        guard self.world.state.withLock({ $0.starts[pod] != nil && !$0.forgotten.contains(pod) }) else { return false }
        guard self.known.withLock({ $0.insert(pod).inserted }) else { return true }
        self.chronicle?.add("adopt \(pod.node.ordinal)")
        self.continuation.yield(.started(pod, at: Timestamp(milliseconds: 0)))
        if self.isLost(pod) { return true }
        if let ended = self.world.state.withLock({ $0.ends[pod] }) {
            self.continuation.yield(.finished(pod, ended.result, collected: ended.collected))
        }
        return true
    }

    /// Tells the loss of a pod that a restart of the machine ended.
    private func isLost(_ pod: PodID) -> Bool {
        guard self.world.state.withLock({ $0.lost.contains(pod) }) else { return false }
        self.lose(pod, reason: "the machine was restarted while the pod ran")
        return true
    }

    public func stop(_ pod: PodID, grace: Span) async {
        self.world.state.withLock { $0.graces[pod, default: []].append(grace) }
        self.chronicle?.add("stop \(pod.node.ordinal)")
        if self.refusesToEnd { return }
        if self.world.running.contains(pod) { self.finish(pod, .exit(143)) }
    }

    public func remove(_ run: RunID) async throws {}

    public func removeClaims(of run: RunID) async throws { self.chronicle?.add("remove claims") }

    public func collectLog(of pod: PodID, container: String, name: String) async throws -> CollectedArtifact {
        CollectedArtifact(name: name, path: "/nowhere/\(container)", fileName: "\(container).log", archive: .none, isDirectory: false)
    }

    public func finish(_ pod: PodID, _ ending: Ending) {
        self.world.state.withLock { state in
            state.running.remove(pod)
            state.ends[pod] = PodWorld.Ended(result: ending.result, collected: ending.collected)
        }
        self.continuation.yield(.finished(pod, ending.result, collected: ending.collected))
    }

    /// The daemon can be used from now on.
    public func ready(_ pod: PodID) { self.continuation.yield(.ready(pod, at: Timestamp(milliseconds: 0))) }

    /// A container of a container set runs.
    public func containerStarted(_ pod: PodID, _ container: String) {
        self.continuation.yield(.containerStarted(pod, container: container, at: Timestamp(milliseconds: 0)))
    }

    /// A container of a container set has ended; its pod goes on.
    public func containerFinished(_ pod: PodID, _ container: String, exit code: Int) {
        let zero = Timestamp(milliseconds: 0)
        self.continuation.yield(
            .containerFinished(pod, ContainerResult(name: container, end: .exited(code: code), startedAt: zero, finishedAt: zero)))
    }

    public func progress(_ pod: PodID, done: Int64, of all: Int64) { self.continuation.yield(.progress(pod, done: done, of: all)) }

    public func lose(_ pod: PodID, reason: String) {
        self.world.state.withLock { state in _ = state.running.remove(pod) }
        self.continuation.yield(.lost(pod, reason: reason, at: Timestamp(milliseconds: 0)))
    }
}
