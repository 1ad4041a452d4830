import CLocalRuntime
public import Engine
import Glibc
import Ports
import Synchronization
import WorkflowModel

/// Pods that an earlier process started, and pods that were lost. On the worker's thread, because it reads and removes files.
extension LocalRuntime {
    enum Found {
        case neverStarted
        /// Its news has come or will come.
        case takenOver
    }

    /// Looks what became of a pod that is listed in `state`, and sees to it that its news arrives.
    func takeOver(_ pod: PodID) -> Found {
        let directory = self.layout.directory(of: pod)
        var process: Int32 = -1
        let state = skiff_pod_inspect(directory, &process)
        switch state {
        case Int32(SKIFF_POD_HELD.rawValue):
            // In this order, because its end may come at once.
            if let start = StartRecord.read(in: directory) { self.started(pod, at: start.at) }
            // What it has told goes to whoever launched it; its directory says it too.
            self.stateWatch.watch(pod, directory: directory, self.reactor) { [weak self] pod in self?.stateChanged(pod) }
            self.tellState(of: pod)
            self.watch(pod, process: process)
        case Int32(SKIFF_POD_FINISHED.rawValue):
            guard let record = ExitRecord.read(in: directory) else {
                self.lose(pod)
                break
            }
            self.report(pod, record, directory: directory)
            _ = skiff_pod_clean(directory)
            self.letGo(pod)
        case Int32(SKIFF_POD_ABANDONED.rawValue): self.lose(pod)
        case Int32(SKIFF_POD_REFUSED.rawValue): return .neverStarted
        case Int32(SKIFF_POD_NEVER_STARTED.rawValue): return .neverStarted
        default: self.refuse(pod, "the pod's directory cannot be read: \(errorText(-state))")
        }
        return .takenOver
    }

    /// An adopted pod has something to tell. Its start comes first, if that was not known yet.
    private func stateChanged(_ pod: PodID) {
        if let start = StartRecord.read(in: self.layout.directory(of: pod)) { self.started(pod, at: start.at) }
        self.tellState(of: pod)
    }

    /// Reports a pod as lost, after the last of its processes is gone. That may take long, and other pods must not wait for it.
    func lose(_ pod: PodID) {
        PlainThread.start { self.proveLost(pod) }
    }

    private func proveLost(_ pod: PodID) {
        let directory = self.layout.directory(of: pod)
        let start = StartRecord.read(in: directory)
        let isOtherBoot = start.map { $0.bootID != Clock.bootID } ?? false
        if !isOtherBoot {
            // With a sandbox's supervisor its whole pid namespace died; this finds nothing then.
            while skiff_pod_prove_dead(pod.description, 60_000) != 0 {}
        }
        _ = skiff_remove_tree(PodFiles.memoryDirectory(of: pod))
        _ = skiff_pod_clean(directory)
        if let start { self.started(pod, at: start.at) }
        let isNews = self.state.withLock { state in
            guard let active = state.pods.removeValue(forKey: pod) else { return false }
            if let request = active.request { state.requests[request] = nil }
            return !active.hasEnded
        }
        guard isNews else { return }
        let reason = isOtherBoot ? "the machine was restarted while the pod ran" : "the pod's supervisor was lost"
        self.continuation.yield(.lost(pod, reason: reason, at: Clock.now()))
    }
}

/// Files of pods outside any runtime: also for a process that runs no pods.
public enum PodFiles {
    /// Removes what the pods of a run left on disk.
    /// - Throws: `LocalRuntimeError.notRemoved`.
    public static func remove(_ run: RunID, dataDirectory: String) throws(LocalRuntimeError) {
        try Self.remove(run, layout: try DataLayout.prepare(dataDirectory))
    }

    static func remove(_ run: RunID, layout: DataLayout) throws(LocalRuntimeError) {
        guard DataLayout.isName(run.text) else { return }
        for path in [layout.pods(of: run), layout.claims(of: run)] {
            let error = skiff_remove_tree(path)
            if error != 0 { throw .notRemoved(path: path, reason: errorText(error)) }
        }
    }

    /// Removes a claim of the store with all it holds.
    /// - Throws: `LocalRuntimeError.notRemoved`.
    public static func removeClaim(_ name: String, namespace: String, dataDirectory: String) throws(LocalRuntimeError) {
        guard let path = try DataLayout.prepare(dataDirectory).persistentClaim(namespace: namespace, name: name) else { return }
        let error = skiff_remove_tree(path)
        if error != 0 { throw .notRemoved(path: path, reason: errorText(error)) }
    }

    /// Where the process runtime keeps volumes that must not reach the disk.
    static func memoryDirectory(of pod: PodID) -> String {
        "/dev/shm/skiff-" + pod.description.map { $0 == "/" ? "-" : String($0) }.joined()
    }
}
