import Engine
import Ports
import Synchronization
import WorkflowModel

/// Takes launches from all runs, waits for their turn, gathers what the pods need, and hands them to the runtime.
final class PodLauncher: Sendable {
    /// Where a launch is between the run loop and the runtime.
    private enum Stage {
        /// It has its place in the machine; what it needs is being gathered. `stop`: it must not be started any more.
        case preparing(stop: Span?)
        /// The runtime is being told. A stop that comes now is passed on afterwards.
        case launching(stop: Span?)
    }

    private struct State {
        var admission: Admission
        /// Launches that wait for admission.
        var requests: [PodID: PodRequest] = [:]
        var stages: [PodID: Stage] = [:]
        /// Launches that an earlier process may have carried out already.
        var repeated: Set<PodID> = []
    }

    /// What an earlier process may have done about a launch.
    enum History: Sendable {
        case none
        /// It was asked for; whether it was started, only the runtime can tell.
        case asked
        /// It was started, and takes up room whether or not there is any.
        case started
    }

    private let state: Mutex<State>
    private let ready = Mailbox<PodRequest>()
    private let ports: DriverPorts

    init(ports: DriverPorts, capacity: Admission.Capacity) {
        self.ports = ports
        self.state = Mutex(State(admission: Admission(capacity: capacity)))
    }

    /// - Parameter priority: of its run.
    /// - Returns: why the pod can never run here; nil when it will.
    func launch(_ request: PodRequest, priority: Int, _ history: History) -> String? {
        let pod = request.id
        let (refusal, ready) = self.state.withLock { state -> (String?, [PodRequest]) in
            switch history {
            case .none: break
            case .asked: state.repeated.insert(pod)
            case .started:
                state.repeated.insert(pod)
                state.admission.count(pod, request.resources)
                state.stages[pod] = .preparing(stop: nil)
                return (nil, [request])
            }
            if let refusal = state.admission.request(pod, request.resources, priority: priority) { return (refusal, []) }
            if state.admission.isWaiting(pod) { state.requests[pod] = request }
            return (nil, Self.admit(&state))
        }
        self.ready.post(contentsOf: ready)
        return refusal
    }

    /// Takes a pod over that an earlier process may have started, and starts nothing.
    /// - Returns: false when there is no sign that it was started; it never will be.
    func adopt(_ request: PodRequest) async -> Bool {
        self.state.withLock { $0.admission.count(request.id, request.resources) }
        if await self.ports.runtime.adopt(request.id) { return true }
        self.ended(request.id)
        return false
    }

    /// Stops a pod wherever it is.
    /// - Returns: true when it was never started and never will be; its end is the caller's to tell.
    func stop(_ pod: PodID, grace: Span) async -> Bool {
        enum Place {
            case waiting(isRepeated: Bool)
            case underWay, elsewhere
        }
        let place = self.state.withLock { state -> Place in
            if state.admission.cancel(pod) {
                state.requests[pod] = nil
                return .waiting(isRepeated: state.repeated.remove(pod) != nil)
            }
            switch state.stages[pod] {
            case .preparing(let before): state.stages[pod] = .preparing(stop: min(before ?? grace, grace))
            case .launching(let before): state.stages[pod] = .launching(stop: min(before ?? grace, grace))
            case nil: return .elsewhere
            }
            return .underWay
        }
        switch place {
        case .underWay: return false
        case .elsewhere:
            await self.ports.runtime.stop(pod, grace: grace)
            return false
        case .waiting(let isRepeated):
            // Others may have waited behind it.
            self.admitMore()
            return !(await self.stopStarted(pod, isRepeated: isRepeated, grace))
        }
    }

    /// Stops a pod that must not be launched any more, if an earlier process started it.
    private func stopStarted(_ pod: PodID, isRepeated: Bool, _ grace: Span) async -> Bool {
        guard isRepeated, await self.ports.runtime.adopt(pod) else { return false }
        await self.ports.runtime.stop(pod, grace: grace)
        return true
    }

    /// The pod has ended: its room is for others.
    func ended(_ pod: PodID) {
        self.state.withLock { $0.admission.release(pod) }
        self.admitMore()
    }

    /// Starts no more pods of a run.
    func forget(_ run: RunID) {
        self.state.withLock { state in
            state.admission.cancelAll(of: run)
            state.requests = state.requests.filter { $0.key.run != run }
            state.repeated = state.repeated.filter { $0.run != run }
            for (pod, stage) in state.stages where pod.run == run {
                if case .preparing = stage { state.stages[pod] = nil }
            }
        }
        self.admitMore()
    }

    /// Launches what is let in, until the task is cancelled.
    /// - Parameter refused: told of each pod that could not be handed to the runtime, and why.
    func run(_ refused: @escaping @Sendable (PodID, String) -> Void) async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for request in await self.ready.next() {
                    if request.inputs.isEmpty, request.secretNames.isEmpty {
                        await self.handOver(PodLaunch(request: request, inputs: [], secrets: [:]), refused)
                    } else {
                        group.addTask { await self.prepare(request, refused) }
                    }
                }
            }
        }
    }

    private func admitMore() { self.ready.post(contentsOf: self.state.withLock { Self.admit(&$0) }) }

    private static func admit(_ state: inout State) -> [PodRequest] {
        state.admission.admit().compactMap { pod in
            state.stages[pod] = .preparing(stop: nil)
            return state.requests.removeValue(forKey: pod)
        }
    }

    private func prepare(_ request: PodRequest, _ refused: @Sendable (PodID, String) -> Void) async {
        do {
            let gathering = Gathering(ports: self.ports)
            let inputs = try await gathering.inputs(request.inputs, of: request.id)
            let secrets = try await gathering.secrets(request.secretNames, of: request.id.run)
            await self.handOver(PodLaunch(request: request, inputs: inputs, secrets: secrets), refused)
        } catch {
            await self.giveUp(request.id, "\(error)", refused)
        }
    }

    private func handOver(_ launch: PodLaunch, _ refused: @Sendable (PodID, String) -> Void) async {
        let pod = launch.request.id
        enum Decision {
            case launch
            case stop(Span, isRepeated: Bool)
            case nothing
        }
        let decision = self.state.withLock { state -> Decision in
            // Its run was left, or the same launch was asked for twice.
            guard case .preparing(let stop) = state.stages[pod] else { return .nothing }
            state.stages[pod] = stop == nil ? .launching(stop: nil) : nil
            let isRepeated = state.repeated.remove(pod) != nil
            return stop.map { .stop($0, isRepeated: isRepeated) } ?? .launch
        }
        switch decision {
        case .nothing: return
        case .stop(let grace, let isRepeated):
            if !(await self.stopStarted(pod, isRepeated: isRepeated, grace)) { refused(pod, Self.stoppedEarly) }
            return
        case .launch: break
        }
        await self.ports.runtime.launch(launch)
        let stage = self.state.withLock { $0.stages.removeValue(forKey: pod) }
        if case .launching(let grace?) = stage { await self.ports.runtime.stop(pod, grace: grace) }
    }

    /// What the pod needs cannot be had. If an earlier process had more luck, its pod counts.
    private func giveUp(_ pod: PodID, _ reason: String, _ refused: @Sendable (PodID, String) -> Void) async {
        let (stage, isRepeated) = self.state.withLock { ($0.stages.removeValue(forKey: pod), $0.repeated.remove(pod) != nil) }
        guard case .preparing(let stop)? = stage else { return }
        guard isRepeated, await self.ports.runtime.adopt(pod) else { return refused(pod, reason) }
        if let stop { await self.ports.runtime.stop(pod, grace: stop) }
    }

    static let stoppedEarly = "stopped before it was started"
}

extension PodRequest {
    /// Every secret that the pod names, sorted.
    var secretNames: [String] {
        var names: Set<String> = []
        for entry in self.allContainers.flatMap(\.env) {
            switch entry {
            case .value: break
            case .secretKey(_, let secret, _, _), .allOfSecret(let secret, _, _): names.insert(secret)
            }
        }
        for volume in self.volumes { names.formUnion(volume.source.secretNames) }
        return names.sorted()
    }
}

extension VolumeRequest.Source {
    fileprivate var secretNames: Set<String> {
        switch self {
        case .secret(let name, _, _, _): [name]
        case .projected(let sources): sources.reduce(into: []) { $0.formUnion($1.secretNames) }
        case .emptyDir, .hostPath, .files, .claim, .persistentClaim: []
        }
    }
}
