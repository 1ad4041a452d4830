import Driver
import Engine
import Ports
import Synchronization

/// The runs that a host carries out. One that has ended is forgotten at once.
final class HostedRuns: RunCarrier {
    private struct Hosted {
        var namespace: String
        /// nil while the run is being taken over.
        var handle: RunHandle?
    }

    private struct State {
        var places: RunPlaces
        var runs: [RunID: Hosted] = [:]
        /// Whether pods are ended when the runs are left; nil while they are not.
        var leaving: Bool?
        /// Resumed when the last run has ended.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let driver: RunDriver
    private let state: Mutex<State>
    /// Told of each run that has come to its end here.
    private let ended: @Sendable (RunID, RunHandle.Outcome) -> Void

    init(driver: RunDriver, limits: RunLimits, ended: @escaping @Sendable (RunID, RunHandle.Outcome) -> Void) {
        self.driver = driver
        self.state = Mutex(State(places: RunPlaces(limits: limits)))
        self.ended = ended
    }

    var places: RunPlaces { self.state.withLock { $0.places } }

    func setLimits(_ limits: RunLimits) { self.state.withLock { $0.places.limits = limits } }

    func holds(_ run: RunID) -> Bool { self.state.withLock { $0.runs[run] != nil } }

    /// Keeps a place for a run that is about to be taken over.
    /// - Parameter obeysLimits: false for a run that was begun already.
    /// - Returns: false when there is none, or the run has one.
    func reserve(_ record: RunRecord, obeysLimits: Bool) -> Bool {
        self.state.withLock { state in
            guard state.leaving == nil, state.runs[record.id] == nil else { return false }
            if obeysLimits, !state.places.admits(record.namespace) { return false }
            state.runs[record.id] = Hosted(namespace: record.namespace)
            state.places.take(record.namespace)
            return true
        }
    }

    /// The run is not carried out here after all, or not any more.
    func giveBack(_ run: RunID) {
        let waiting = self.state.withLock { state in
            if let hosted = state.runs.removeValue(forKey: run) { state.places.giveBack(hosted.namespace) }
            guard state.runs.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func add(_ run: RecordedRun, isAfterRestart: Bool?) {
        let handle =
            if let isAfterRestart {
                self.driver.resume(run.machine, record: run.record, ownership: run.ownership, isAfterRestart: isAfterRestart)
            } else {
                self.driver.start(run.machine, record: run.record, ownership: run.ownership)
            }
        let leaving = self.state.withLock { state in
            if state.runs[run.record.id] == nil { state.places.take(run.record.namespace) }
            state.runs[run.record.id] = Hosted(namespace: run.record.namespace, handle: handle)
            return state.leaving
        }
        // It was made by a step that did not hear of the end in time.
        if let leaving { Self.leave(handle, endingPods: leaving) }
        // Unstructured, because it waits for nothing but the run, which `leaveAll` ends.
        Task {
            let outcome = await handle.outcome()
            self.giveBack(handle.id)
            self.ended(handle.id, outcome)
        }
    }

    /// Gives all runs up. Returns when nothing is carried out any more.
    func leaveAll(endingPods: Bool) async {
        let handles = self.state.withLock { state in
            state.leaving = endingPods
            return state.runs.values.compactMap(\.handle)
        }
        for handle in handles { Self.leave(handle, endingPods: endingPods) }
        await withCheckedContinuation { continuation in
            let isOver = self.state.withLock { state in
                if !state.runs.isEmpty { state.waiting.append(continuation) }
                return state.runs.isEmpty
            }
            if isOver { continuation.resume() }
        }
    }

    private static func leave(_ handle: RunHandle, endingPods: Bool) { if endingPods { handle.leaveEndingPods() } else { handle.leave() } }
}
