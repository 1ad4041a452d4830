import CLocalRuntime
public import Engine
import Glibc
public import Ports
import Synchronization
public import WorkflowModel

/// Runs pods as processes of this machine.
///
/// Each pod has a directory `<data>/pods/<run>/<node>/<attempt>/` and a supervisor, a small process that outlives Skiff. The directory says
/// what became of the pod: `start` (locked by the supervisor while it lives; its content is the start record), `exit` (the exit record),
/// `state` (what a running pod has to tell: containers, readiness, progress), `<container>.log` and its rotated predecessors, `result`,
/// `outputs/`.
public final class LocalRuntime: PodRuntime, PodLogs {
    /// But for the images, which `images` has as they are now.
    private let configuration: LocalRuntimeConfiguration
    private let images: Mutex<[String: ImageEntry]>
    let layout: DataLayout
    let state = Mutex(State())
    let reactor = Reactor()
    let worker = Worker()
    let stateWatch = StateWatch()
    /// An older state must not be told after a newer one.
    let stateReading = Mutex<Void>(())
    private let session: Session
    private let logFiles: PodLogFiles
    private let sessionTokens = Mutex<[UInt64]>([])
    private let sending = Mutex<Void>(())
    let continuation: AsyncStream<PodEvent>.Continuation
    public let events: AsyncStream<PodEvent>

    /// A pod of which news is due.
    struct ActivePod {
        /// Of the launch message; nil for an adopted pod.
        var request: UInt64?
        /// pidfd of the supervisor, this runtime's to close.
        var process: Int32?
        var token: UInt64?
        var hasStarted = false
        var told = ToldState()
        /// The end was told; only the supervisor's own end is still awaited.
        var hasEnded = false
        /// Somebody launched or adopted it again after that; the end will be told once more.
        var isAskedForAgain = false
        /// A stop that came before there was a process to tell.
        var pendingGrace: Span?
    }

    struct State {
        var pods: [PodID: ActivePod] = [:]
        var requests: [UInt64: PodID] = [:]
        var nextRequest: UInt64 = 1
        var isSessionGone = false
        /// Resumed when no supervisor of an ended pod is left.
        var settling: [CheckedContinuation<Void, Never>] = []
    }

    /// - Throws: `LocalRuntimeError`; `.noSandbox` when the configuration asks for one and the machine does not allow it.
    public init(configuration: LocalRuntimeConfiguration, launcher: Launcher) throws(LocalRuntimeError) {
        let layout = try DataLayout.prepare(configuration.dataDirectory)
        self.configuration = configuration
        self.images = Mutex(configuration.images)
        self.layout = layout
        self.logFiles = PodLogFiles(layout: layout)
        self.session = try launcher.openSession(
            Session.options(kind: configuration.kind, dataDirectory: layout.root, hiddenPaths: configuration.hiddenPaths))
        (self.events, self.continuation) = AsyncStream.makeStream(of: PodEvent.self)
        let tokens = [
            self.reactor.watch(self.session.notices) { [weak self] in self?.takeNotices() },
            // The session never writes here: that this end becomes readable means that it is gone.
            self.reactor.watch(self.session.requests) { [weak self] in self?.sessionEnded() },
        ]
        self.sessionTokens.withLock { $0 = tokens }
    }

    /// Pods go on; another runtime can adopt them.
    deinit {
        for token in self.sessionTokens.withLock({ $0 }) { self.reactor.forget(token) }
        for pod in self.state.withLock({ $0.pods.values }) {
            if let token = pod.token { self.reactor.forget(token) }
            if let process = pod.process { close(process) }
        }
        self.session.close()
        self.continuation.finish()
    }

    /// Whether pods can be sandboxed on this machine, found out by building one view.
    /// - Returns: nil when they can; else why not.
    public static func sandboxProblem(dataDirectory: String, launcher: Launcher) throws(LocalRuntimeError) -> String? {
        let layout = try DataLayout.prepare(dataDirectory)
        do {
            try launcher.openSession(Session.options(kind: .sandbox, dataDirectory: layout.root, hiddenPaths: [])).close()
            return nil
        } catch .noSandbox(let reason) {
            return reason
        }
    }

    /// What images run that are started from now on.
    public func setImages(_ images: [String: ImageEntry]) { self.images.withLock { $0 = images } }

    private var currentConfiguration: LocalRuntimeConfiguration {
        var configuration = self.configuration
        configuration.images = self.images.withLock { $0 }
        return configuration
    }

    // MARK: PodRuntime

    public func launch(_ launch: PodLaunch) async {
        let pod = launch.request.id
        // Already on its way in this process: its news will come.
        guard self.takeIntoCare(pod) else { return }
        guard DataLayout.isName(pod.run.text) else { return self.refuse(pod, "'\(pod.run)' cannot be the id of a run") }
        let directory = self.layout.directory(of: pod)
        if access("\(directory)/start", F_OK) == 0 {
            let found = await self.worker.value { self.takeOver(pod) }
            guard found == .neverStarted else { return }
            // What a supervisor left that died before it started anything is in the way. The refusal keeps one that is still to come out.
            let isCleared = await self.worker.value {
                if skiff_pod_refuse(directory) == SKIFF_POD_REFUSED.rawValue { return skiff_remove_tree(directory) == 0 }
                return false
            }
            if !isCleared {
                if await self.worker.value({ self.takeOver(pod) }) == .neverStarted { self.refuse(pod, "the pod's directory is in use") }
                return
            }
        }
        do throws(LaunchProblem) {
            let message = try LaunchComposer(configuration: self.currentConfiguration, layout: self.layout).message(for: launch)
            let error = self.layout.makeDirectory(of: pod)
            guard error == 0 else { throw LaunchProblem("the pod's directory cannot be made: \(errorText(error))") }
            self.send(message, for: pod)
        } catch {
            self.refuse(pod, error.message)
        }
    }

    public func adopt(_ pod: PodID) async -> Bool {
        guard self.takeIntoCare(pod) else { return true }
        return await self.worker.value {
            guard self.takeOver(pod) == .neverStarted else { return true }
            // A supervisor that a dying Skiff has just asked for must not start it behind our back.
            if skiff_pod_refuse(self.layout.directory(of: pod)) != SKIFF_POD_REFUSED.rawValue {
                return self.takeOver(pod) != .neverStarted
            }
            _ = self.state.withLock { $0.pods.removeValue(forKey: pod) }
            return false
        }
    }

    public func stop(_ pod: PodID, grace: Span) async {
        let isKnown = self.state.withLock { state in
            guard var active = state.pods[pod] else { return false }
            if let process = active.process {
                Self.signal(process, grace)
            } else {
                active.pendingGrace = min(active.pendingGrace ?? grace, grace)
                state.pods[pod] = active
            }
            return true
        }
        if isKnown { return }
        // Not in this runtime's care (yet); whoever supervises it can still be told.
        var process: Int32 = -1
        _ = skiff_pod_inspect(self.layout.directory(of: pod), &process)
        guard process >= 0 else { return }
        Self.signal(process, grace)
        close(process)
    }

    public func remove(_ run: RunID) async throws {
        guard DataLayout.isName(run.text) else { return }
        let layout = self.layout
        try await self.worker.value { Result { () throws(LocalRuntimeError) in try PodFiles.remove(run, layout: layout) } }.get()
    }

    public func removeClaims(of run: RunID) async throws {
        guard DataLayout.isName(run.text) else { return }
        let path = self.layout.claims(of: run)
        let error = await self.worker.value { skiff_remove_tree(path) }
        if error != 0 { throw LocalRuntimeError.notRemoved(path: path, reason: errorText(error)) }
    }

    public func collectLog(of pod: PodID, container: String, name: String) async throws -> CollectedArtifact {
        // Beside the pod's directory: what is no record of a pod goes with its supervisor.
        let path = "\(self.layout.directory(of: pod)).\(container).log"
        let file = try PlainLog(path: path)
        let lines = self.logFiles.lines(of: pod, LogQuery(container: container), follow: false)
        for try await line in lines { try file.write(line.isPartial ? line.text : line.text + "\n") }
        try file.finish()
        return CollectedArtifact(name: name, path: path, fileName: "\(container).log", archive: .none, isDirectory: false)
    }

    /// Returns when everything that ended pods no longer need is off the disk. Worth waiting for before the program ends.
    public func settle() async {
        await withCheckedContinuation { continuation in
            let isSettled = self.state.withLock { state in
                if state.pods.values.contains(where: \.hasEnded) {
                    state.settling.append(continuation)
                    return false
                }
                return true
            }
            if isSettled { continuation.resume() }
        }
    }

    /// Whether the pod was not in this runtime's care yet.
    private func takeIntoCare(_ pod: PodID) -> Bool {
        self.state.withLock { state in
            guard let active = state.pods[pod] else {
                state.pods[pod] = ActivePod()
                return true
            }
            // Whoever asks after the end was told has forgotten it.
            if active.hasEnded { state.pods[pod]?.isAskedForAgain = true }
            return false
        }
    }

    // MARK: PodLogs

    public func lines(of pod: PodID, _ query: LogQuery, follow: Bool) -> AsyncThrowingStream<LogLine, any Error> {
        self.logFiles.lines(of: pod, query, follow: follow)
    }

    // MARK: the session

    var notices: Int32 { self.session.notices }

    func stopWatchingRequests() {
        let token = self.sessionTokens.withLock { tokens in tokens.count > 1 ? tokens.remove(at: 1) : nil }
        if let token { self.reactor.forget(token) }
    }

    private func send(_ message: MessageWriter, for pod: PodID) {
        let request: UInt64? = self.state.withLock { state in
            guard !state.isSessionGone else { return nil }
            let request = state.nextRequest
            state.nextRequest += 1
            state.requests[request] = pod
            state.pods[pod]?.request = request
            return request
        }
        guard let request else { return self.refuse(pod, "the process that starts pods is gone") }
        var frame = skiff_frame(magic: UInt32(SKIFF_FRAME_MAGIC), length: UInt32(message.bytes.count), request: request)
        let socket = self.session.requests
        let isSent = self.sending.withLock { _ in
            withUnsafeBytes(of: &frame) { Self.sendAll(socket, $0) } && message.bytes.withUnsafeBytes { Self.sendAll(socket, $0) }
        }
        // A session that is gone is noticed by the reactor, which looks after all its pods.
        if !isSent { self.sessionEnded() }
    }

    private static func sendAll(_ socket: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.send(socket, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return false }
            sent += count
        }
        return true
    }

    static func signal(_ process: Int32, _ grace: Span) {
        // A supervisor that has just ended needs no signal.
        _ = skiff_pod_stop(process, UInt32(clamping: max(0, min(grace.milliseconds, Int64(Int32.max)))))
    }

    /// Ends a pod of which nothing ran.
    func refuse(_ pod: PodID, _ message: String) {
        self.state.withLock { state in
            if let request = state.pods.removeValue(forKey: pod)?.request { state.requests[request] = nil }
        }
        self.continuation.yield(.finished(pod, PodResult(end: .notStarted(message: message), finishedAt: Clock.now()), collected: []))
    }
}

enum Clock {
    static func now() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    static let bootID: String =
        FileText.read("/proc/sys/kernel/random/boot_id", limit: 4096).map {
            String(decoding: $0.prefix { $0 != 0x0A }, as: UTF8.self)
        } ?? "unknown"
}
