import Engine
import Ports
import Synchronization
import WorkflowModel

/// Takes launches from all runs, waits for their turn, gathers what the pods need, and hands them to the runtime.
final class PodLauncher: Sendable {
    /// Where a launch is between the run loop and the runtime.
    private enum Stage {
        /// It has its place in the machine; what it needs is being gathered. `isStopped`: it must not be started any more.
        case preparing(isStopped: Bool)
        /// The runtime is being told. A stop that comes now is passed on afterwards.
        case launching(stop: Span?)
    }

    private struct State {
        var admission: Admission
        /// Launches that wait for admission.
        var requests: [PodID: PodRequest] = [:]
        var stages: [PodID: Stage] = [:]
    }

    private let state: Mutex<State>
    private let ready = Mailbox<PodRequest>()
    private let ports: DriverPorts

    init(ports: DriverPorts, capacity: Admission.Capacity) {
        self.ports = ports
        self.state = Mutex(State(admission: Admission(capacity: capacity)))
    }

    /// - Parameter isRunning: it was started by an earlier process, so that it takes up room whether or not there is any.
    /// - Returns: why the pod can never run here; nil when it will.
    func launch(_ request: PodRequest, isRunning: Bool) -> String? {
        let (refusal, ready) = self.state.withLock { state -> (String?, [PodRequest]) in
            if isRunning {
                state.admission.count(request.id, request.resources)
                state.stages[request.id] = .preparing(isStopped: false)
                return (nil, [request])
            }
            if let refusal = state.admission.request(request.id, request.resources) { return (refusal, []) }
            if state.admission.isWaiting(request.id) { state.requests[request.id] = request }
            return (nil, Self.admit(&state))
        }
        self.ready.post(contentsOf: ready)
        return refusal
    }

    /// Stops a pod wherever it is.
    /// - Returns: true when it was never started and never will be; its end is the caller's to tell.
    func stop(_ pod: PodID, grace: Span) async -> Bool {
        let (isHere, wasWaiting) = self.state.withLock { state -> (Bool, Bool) in
            if state.admission.cancel(pod) {
                state.requests[pod] = nil
                return (true, true)
            }
            switch state.stages[pod] {
            case .preparing: state.stages[pod] = .preparing(isStopped: true)
            case .launching(let before): state.stages[pod] = .launching(stop: min(before ?? grace, grace))
            case nil: return (false, false)
            }
            return (true, false)
        }
        if !isHere { await self.ports.runtime.stop(pod, grace: grace) }
        // Others may have waited behind it.
        if wasWaiting { self.admitMore() }
        return wasWaiting
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
            state.stages[pod] = .preparing(isStopped: false)
            return state.requests.removeValue(forKey: pod)
        }
    }

    private func prepare(_ request: PodRequest, _ refused: @Sendable (PodID, String) -> Void) async {
        do {
            let inputs = try await self.placed(request)
            let secrets = try await self.secrets(of: request)
            await self.handOver(PodLaunch(request: request, inputs: inputs, secrets: secrets), refused)
        } catch {
            let isWanted = self.state.withLock { $0.stages.removeValue(forKey: request.id) != nil }
            if isWanted { refused(request.id, "\(error)") }
        }
    }

    private func handOver(_ launch: PodLaunch, _ refused: @Sendable (PodID, String) -> Void) async {
        let pod = launch.request.id
        let isStopped: Bool? = self.state.withLock { state in
            guard case .preparing(let isStopped) = state.stages[pod] else { return nil }
            state.stages[pod] = isStopped ? nil : .launching(stop: nil)
            return isStopped
        }
        // nil: its run was left, or the same launch was asked for twice.
        guard let isStopped else { return }
        if isStopped { return refused(pod, Self.stoppedEarly) }
        await self.ports.runtime.launch(launch)
        let stage = self.state.withLock { $0.stages.removeValue(forKey: pod) }
        if case .launching(let grace?) = stage { await self.ports.runtime.stop(pod, grace: grace) }
    }

    static let stoppedEarly = "stopped before it was started"

    private func placed(_ request: PodRequest) async throws -> [PlacedInput] {
        var inputs: [PlacedInput] = []
        for input in request.inputs {
            let content: PlacedInput.Content
            switch input.source {
            case .raw(let text): content = .text(text)
            case .stored(let artifact):
                do {
                    content = .copyOf(
                        localPath: try await self.ports.artifacts.place(
                            artifact, archive: input.archive, scratch: self.ports.scratch(request.id)))
                } catch {
                    if input.isOptional { continue }
                    throw LaunchFault("input artifact '\(input.name)': \(error)")
                }
            }
            inputs.append(
                PlacedInput(name: input.name, path: input.path, content: content, mode: input.mode, isModeRecursive: input.isModeRecursive))
        }
        return inputs
    }

    /// What exists of the secrets that the pod names; which of them must exist is the runtime's to judge.
    private func secrets(of request: PodRequest) async throws -> [String: [String: [UInt8]]] {
        var secrets: [String: [String: [UInt8]]] = [:]
        for name in request.secretNames {
            do { secrets[name] = try await self.ports.secrets.values(of: name, in: request.id.run) } catch {
                throw LaunchFault("secret '\(name)' cannot be read: \(error)")
            }
        }
        return secrets
    }
}

/// Why a pod cannot be handed to the runtime, for people.
private struct LaunchFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension PodRequest {
    /// Every secret that the pod names, sorted.
    var secretNames: [String] {
        var names: Set<String> = []
        for entry in self.main.env {
            switch entry {
            case .value: break
            case .secretKey(_, let secret, _, _), .allOfSecret(let secret, _, _): names.insert(secret)
            }
        }
        for volume in self.volumes {
            if case .secret(let name, _, _, _) = volume.source { names.insert(name) }
        }
        return names.sorted()
    }
}
