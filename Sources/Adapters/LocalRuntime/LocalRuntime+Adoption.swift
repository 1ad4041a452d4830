import CLocalRuntime
import Engine
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
            guard let record = ExitRecord.read(in: directory), record.isTrusted(in: Clock.bootID) else {
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
        let isOtherBoot = (start?.bootID ?? ExitRecord.read(in: directory)?.bootID).map { $0 != Clock.bootID } ?? false
        if isOtherBoot { _ = skiff_remove_tree(PodFiles.memoryDirectory(of: pod)) } else { PodFiles.proveDead(pod) }
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
