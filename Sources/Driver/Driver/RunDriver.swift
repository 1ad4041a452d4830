public import Engine
public import Ports
import Synchronization

/// Carries runs out: any number of them, side by side, in one process.
public final class RunDriver: Sendable {
    /// A loop and where it begins.
    private struct Start: Sendable {
        var run: RunID
        var loop: RunLoop
        var beginning: RunLoop.Beginning
    }

    let ports: DriverPorts
    private let launcher: PodLauncher
    private let timers: Timers
    private let locks: LockKeeper
    private let calls: CallKeeper
    private let starts = Mailbox<Start>()
    private let handles = Mutex<[RunID: RunHandle]>([:])
    /// News of all runs, for one watcher.
    public let feed = RunFeed()

    public init(ports: DriverPorts, capacity: Admission.Capacity) {
        self.ports = ports
        self.launcher = PodLauncher(ports: ports, capacity: capacity)
        self.timers = Timers(time: ports.time)
        self.locks = LockKeeper(ports: ports)
        self.calls = CallKeeper(ports: ports)
    }

    /// Starts carrying out a run that was just recorded.
    /// - Parameter record: how the run looks in lists; its name, labels and parameters never change.
    public func start(_ machine: RunMachine, record: RunRecord, ownership: Ownership) -> RunHandle {
        self.begin(machine, record, ownership, .fresh)
    }

    /// Goes on with a run whose state was read from the journal and that this process now owns.
    /// - Parameter isAfterRestart: the machine may have been restarted since the last commit to the run (`RunReader.bootID(of:)`), so that
    ///   starts may have been forgotten. What was launched before is then found out about and never launched again.
    public func resume(_ machine: RunMachine, record: RunRecord, ownership: Ownership, isAfterRestart: Bool) -> RunHandle {
        self.begin(machine, record, ownership, .resumed(isAfterRestart: isAfterRestart))
    }

    private func begin(_ machine: RunMachine, _ record: RunRecord, _ ownership: Ownership, _ beginning: RunLoop.Beginning) -> RunHandle {
        let handle = RunHandle(id: machine.id, mailbox: Mailbox())
        self.handles.withLock { $0[machine.id] = handle }
        let loop = RunLoop(
            machine: machine, record: record, ownership: ownership, handle: handle, ports: self.ports, launcher: self.launcher,
            timers: self.timers, locks: self.locks, calls: self.calls, feed: self.feed)
        self.starts.post(Start(run: machine.id, loop: loop, beginning: beginning))
        return handle
    }

    /// Does the work, until the task is cancelled. Runs that are under way then are left for another process.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.pumpEvents() }
            group.addTask { await self.launcher.run { pod, message in self.refuse(pod, message) } }
            group.addTask { await self.timers.run { self.handle(of: $0.run)?.mailbox.post(.timerFired($0.timer)) } }
            group.addTask { await self.locks.run { self.handle(of: $0.run)?.mailbox.post(.locksAnswered($0.node, $1)) } }
            group.addTask { await self.answerDoorbell() }
            while !Task.isCancelled {
                for start in await self.starts.next() {
                    group.addTask {
                        var loop = start.loop
                        await loop.run(start.beginning)
                        self.handles.withLock { _ = $0.removeValue(forKey: start.run) }
                    }
                }
            }
        }
    }

    private func handle(of run: RunID) -> RunHandle? { self.handles.withLock { $0[run] } }

    // MARK: What comes in

    private func pumpEvents() async {
        await withDiscardingTaskGroup { group in
            for await event in self.ports.runtime.events {
                switch event {
                case .started(let pod, _): self.handle(of: pod.run)?.mailbox.post(.podStarted(pod))
                case .ready(let pod, _): self.handle(of: pod.run)?.mailbox.post(.podReady(pod))
                case .containerStarted(let pod, let container, _):
                    self.handle(of: pod.run)?.mailbox.post(.containerStarted(pod, container: container))
                case .containerFinished(let pod, let result): self.handle(of: pod.run)?.mailbox.post(.containerFinished(pod, result))
                case .progress(let pod, let done, let all): self.handle(of: pod.run)?.mailbox.post(.progress(pod, done: done, of: all))
                case .lost(let pod, let reason, _):
                    self.launcher.ended(pod)
                    self.handle(of: pod.run)?.mailbox.post(.podLost(pod, reason: reason))
                case .finished(let pod, let result, let collected):
                    self.launcher.ended(pod)
                    if collected.isEmpty {
                        self.handle(of: pod.run)?.mailbox.post(.podFinished(pod, result))
                    } else {
                        group.addTask {
                            let saved = await self.saving(collected, of: pod, result)
                            self.handle(of: pod.run)?.mailbox.post(.podFinished(pod, saved))
                        }
                    }
                }
            }
        }
    }

    /// Moves what a pod left behind to the artifact store, before anybody hears that the pod has finished.
    private func saving(_ collected: [CollectedArtifact], of pod: PodID, _ result: PodResult) async -> PodResult {
        var result = result
        for artifact in collected {
            let key = "\(pod.run)/\(pod.node.ordinal)/\(pod.attempt)/\(artifact.name)"
            do { result.artifacts[artifact.name] = try await self.ports.artifacts.save(artifact, key: key) } catch {
                // What the pod ended with is not lost: of a failed one the failure is the better news.
                if case .exited(let code) = result.end {
                    result.end = .outputsLost(code: code, message: "output artifact '\(artifact.name)' cannot be kept: \(error)")
                }
            }
        }
        return result
    }

    private func refuse(_ pod: PodID, _ message: String) {
        self.launcher.ended(pod)
        let result = PodResult(end: .notStarted(message: message), finishedAt: self.ports.time.now())
        self.handle(of: pod.run)?.mailbox.post(.podFinished(pod, result))
    }

    private func answerDoorbell() async {
        guard let doorbell = self.ports.doorbell else { return }
        for await _ in doorbell.rings {
            self.locks.wake()
            let handles = self.handles.withLock { $0 }
            // Of many runs few are commanded. When that cannot be found out, each looks for itself and meets the trouble as its own.
            let commanded = try? await self.ports.journal.commandedRuns()
            for (run, handle) in handles where commanded?.contains(run) ?? true { handle.mailbox.post(.commandsWaiting) }
        }
    }
}
