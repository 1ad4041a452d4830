import CLocalRuntime
import Engine
import Glibc
import Ports
import Synchronization
import WorkflowModel

/// What supervisors and the session tell, on the reactor's thread.
extension LocalRuntime {
    func takeNotices() {
        withUnsafeTemporaryAllocation(of: skiff_notice.self, capacity: 1) { room in
            let notice = room.baseAddress!
            while self.receive(notice) {}
        }
    }

    private func receive(_ notice: UnsafeMutablePointer<skiff_notice>) -> Bool {
        guard skiff_notice_receive(self.notices, notice) == 1 else { return false }
        let request = notice.pointee.request
        guard let pod = self.state.withLock({ $0.requests[request] }) else {
            if notice.pointee.process >= 0 { close(notice.pointee.process) }
            return true
        }
        switch notice.pointee.kind {
        case SKIFF_NOTICE_LAUNCHED.rawValue: self.watch(pod, process: notice.pointee.process)
        case SKIFF_NOTICE_NOT_LAUNCHED.rawValue:
            self.refuse(pod, "no process could be made for the pod: \(errorText(notice.pointee.number))")
        case SKIFF_NOTICE_STARTED.rawValue:
            self.started(pod, at: Timestamp(milliseconds: notice.pointee.nanoseconds / 1_000_000))
        case SKIFF_NOTICE_STATE.rawValue:
            if let state = Self.text(of: notice).flatMap({ StateRecord($0) }) { self.tell(state, of: pod) } else { self.tellState(of: pod) }
        case SKIFF_NOTICE_FINISHED.rawValue: self.finished(pod, record: Self.text(of: notice))
        case SKIFF_NOTICE_ALREADY_STARTED.rawValue: self.handOver(pod)
        default: break
        }
        return true
    }

    private static func text(of notice: UnsafeMutablePointer<skiff_notice>) -> String? {
        let length = notice.pointee.length
        if length == 0 { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: skiff_notice_text(notice), count: length), as: UTF8.self)
    }

    /// Waits for a supervisor to end. Takes the pidfd over.
    func watch(_ pod: PodID, process: Int32) {
        let isKnown = self.state.withLock { state in
            guard state.pods[pod] != nil else { return false }
            state.pods[pod]?.process = process
            state.pods[pod]?.token = self.reactor.watch(process) { [weak self] in self?.supervisorEnded(pod) }
            if let grace = state.pods[pod]?.pendingGrace { Self.signal(process, grace) }
            return true
        }
        if !isKnown { close(process) }
    }

    func started(_ pod: PodID, at time: Timestamp) {
        let isNews = self.state.withLock { state in
            guard let active = state.pods[pod], !active.hasStarted, !active.hasEnded else { return false }
            state.pods[pod]?.hasStarted = true
            return true
        }
        if isNews { self.continuation.yield(.started(pod, at: time)) }
    }

    /// Tells what is new in the state of a pod.
    func tell(_ record: StateRecord, of pod: PodID) {
        self.state.withLock { state in
            guard var active = state.pods[pod], !active.hasEnded else { return }
            // Under the lock, so that what two threads learn at a time is told in one order.
            for event in active.told.news(record, of: pod) { self.continuation.yield(event) }
            state.pods[pod] = active
        }
    }

    /// The same, of what the pod's directory says.
    func tellState(of pod: PodID) {
        self.stateReading.withLock { _ in
            if let record = StateRecord.read(in: self.layout.directory(of: pod)) { self.tell(record, of: pod) }
        }
    }

    /// - Parameter record: text of the exit record; nil to read it from the pod's directory.
    private func finished(_ pod: PodID, record text: String?) {
        let directory = self.layout.directory(of: pod)
        guard let record = text.flatMap({ ExitRecord($0) }) ?? ExitRecord.read(in: directory) else { return }
        self.report(pod, record, directory: directory)
    }

    func report(_ pod: PodID, _ record: ExitRecord, directory: String) {
        // A start that nobody told: the notice was dropped, or the pod is an adopted one.
        if let startedAt = record.startedAt { self.started(pod, at: startedAt) }
        self.tell(StateRecord(containers: record.containers), of: pod)
        let isNews = self.state.withLock { state in
            guard let active = state.pods[pod], !active.hasEnded else { return false }
            state.pods[pod]?.hasEnded = true
            return true
        }
        guard isNews else { return }
        let outcome = PodOutcome(record, directory: directory)
        self.continuation.yield(.finished(pod, outcome.result, collected: outcome.collected))
    }

    private func supervisorEnded(_ pod: PodID) {
        // Its last words may still be in the socket.
        self.takeNotices()
        if self.state.withLock({ $0.pods[pod]?.hasEnded == false }) { self.finished(pod, record: nil) }
        self.forget(pod)
    }

    /// Lets go of a supervisor that is gone. A pod whose end was not told was lost with it.
    private func forget(_ pod: PodID) {
        let active: ActivePod? = self.state.withLock { state in
            guard let active = state.pods[pod], active.process != nil else { return nil }
            if let request = active.request { state.requests[request] = nil }
            state.pods[pod]?.process = nil
            state.pods[pod]?.token = nil
            return active
        }
        guard let active else { return }
        if let token = active.token { self.reactor.forget(token) }
        if let process = active.process { close(process) }
        self.stateWatch.forget(pod)
        let directory = self.layout.directory(of: pod)
        if active.hasEnded {
            self.worker.run {
                _ = skiff_pod_clean(directory)
                self.letGo(pod)
            }
        } else {
            self.lose(pod)
        }
    }

    /// Forgets a pod whose end was told and whose supervisor is gone; or tells its end again, when somebody asked after that.
    func letGo(_ pod: PodID) {
        let (isAskedForAgain, settled) = self.state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            if state.pods[pod]?.isAskedForAgain == true {
                state.pods[pod] = ActivePod()
                return (true, [])
            }
            state.pods[pod] = nil
            if state.pods.values.contains(where: \.hasEnded) { return (false, []) }
            defer { state.settling = [] }
            return (false, state.settling)
        }
        if isAskedForAgain { self.worker.run { _ = self.takeOver(pod) } }
        for continuation in settled { continuation.resume() }
    }

    /// The session found that the pod had been started before.
    private func handOver(_ pod: PodID) {
        let active: ActivePod? = self.state.withLock { state in
            let active = state.pods[pod]
            if let request = active?.request { state.requests[request] = nil }
            state.pods[pod]?.process = nil
            state.pods[pod]?.token = nil
            return active
        }
        if let token = active?.token { self.reactor.forget(token) }
        if let process = active?.process { close(process) }
        self.worker.run {
            if self.takeOver(pod) == .neverStarted { self.refuse(pod, "the pod's directory is in use") }
        }
    }

    func sessionEnded() {
        let orphans: [PodID]? = self.state.withLock { state in
            guard !state.isSessionGone else { return nil }
            state.isSessionGone = true
            return state.requests.values.filter { state.pods[$0]?.process == nil }
        }
        guard let orphans else { return }
        self.stopWatchingRequests()
        // Some of them may have been launched and could not say so.
        self.takeNotices()
        for pod in orphans {
            self.worker.run {
                guard self.state.withLock({ $0.pods[pod]?.process == nil }) else { return }
                let state = skiff_pod_refuse(self.layout.directory(of: pod))
                if state == SKIFF_POD_REFUSED.rawValue {
                    self.refuse(pod, "the process that starts pods is gone")
                } else {
                    _ = self.takeOver(pod)
                }
            }
        }
    }
}
