import Engine
import Ports
import Synchronization
import WorkflowModel

/// Carries out the calls of the runs of this process, each in a task of its own.
final class CallKeeper: Sendable {
    /// As many calls go on at once as Argo's agent has workers, for each process. Steps that work on objects do not count: they mostly wait, and
    /// what one waits for may be a run whose own calls wait for their turn.
    static let mostAtOnce = 16

    private struct State {
        var waiting: [CallRequest] = []
        /// Under way, of those that count.
        var counted: Set<PodID> = []
        var tasks: [PodID: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())
    private let ports: DriverPorts
    private let gathering: Gathering

    init(ports: DriverPorts) {
        self.ports = ports
        self.gathering = Gathering(ports: ports)
    }

    func start(_ request: CallRequest, _ finished: @escaping @Sendable (PodID, CallResult) -> Void) {
        self.state.withLock { state in
            guard state.tasks[request.id] == nil, !state.waiting.contains(where: { $0.id == request.id }) else { return }
            if request.counts { state.waiting.append(request) } else { self.begin(request, &state, finished) }
        }
        self.startMore(finished)
    }

    private func startMore(_ finished: @escaping @Sendable (PodID, CallResult) -> Void) {
        self.state.withLock { state in
            while state.counted.count < Self.mostAtOnce, !state.waiting.isEmpty {
                let request = state.waiting.removeFirst()
                state.counted.insert(request.id)
                self.begin(request, &state, finished)
            }
        }
    }

    private func begin(_ request: CallRequest, _ state: inout State, _ finished: @escaping @Sendable (PodID, CallResult) -> Void) {
        // Unstructured, because whoever asks goes on with the run; `stop` and `forget` end it.
        state.tasks[request.id] = Task {
            let result = await self.carryOut(request)
            // A call that was given up has nobody to tell.
            let isAwaited = self.state.withLock { state in
                state.counted.remove(request.id)
                return state.tasks.removeValue(forKey: request.id) != nil
            }
            if isAwaited { finished(request.id, result) }
            self.startMore(finished)
        }
    }

    private func carryOut(_ request: CallRequest) async -> CallResult {
        guard let runner = self.ports.calls else {
            return CallResult(end: .error(message: "templates of this kind are not carried out here"), finishedAt: self.ports.time.now())
        }
        do {
            let launch = CallLaunch(
                request: request, inputs: try await self.gathering.inputs(request.artifactInputs, of: request.id),
                secrets: try await self.gathering.secrets(request.secretNames, of: request.id.run))
            return await runner.carryOut(launch)
        } catch {
            return CallResult(end: .error(message: "\(error)"), finishedAt: self.ports.time.now())
        }
    }

    /// Ends a call early.
    /// - Returns: true when there was one; its end is the caller's to tell.
    func stop(_ id: PodID) -> Bool {
        let (task, wasWaiting) = self.state.withLock { state in
            let count = state.waiting.count
            state.waiting.removeAll { $0.id == id }
            return (state.tasks.removeValue(forKey: id), state.waiting.count < count)
        }
        task?.cancel()
        return task != nil || wasWaiting
    }

    func forget(_ run: RunID) {
        let tasks = self.state.withLock { state in
            state.waiting.removeAll { $0.id.run == run }
            let gone = state.tasks.filter { $0.key.run == run }
            for id in gone.keys { state.tasks[id] = nil }
            return Array(gone.values)
        }
        for task in tasks { task.cancel() }
    }
}

extension CallRequest {
    /// Whether it is one of the calls of which only so many go on at once.
    fileprivate var counts: Bool { if case .resource = self.kind { false } else { true } }

    /// The inputs of the template, and the artifact that a data template lists.
    var artifactInputs: [ArtifactInput] {
        if case .data(let data) = self.kind, let source = data.source { self.artifacts + [source] } else { self.artifacts }
    }

    var secretNames: [String] {
        guard case .http(let http) = self.kind else { return [] }
        var names: Set<String> = []
        for header in http.headers { if case .secret(let name, _) = header.value { names.insert(name) } }
        return names.sorted()
    }
}
