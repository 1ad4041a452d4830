public import Engine
import Synchronization

/// What others hold of a run that is carried out in this process.
public final class RunHandle: Sendable {
    /// How carrying a run out came to its end.
    public enum Outcome: Sendable {
        case finished(RunPhase)
        /// Given up for another process to take over.
        case left
        /// What the run did could not be recorded: a `JournalError`. The steps that run go on.
        case failed(any Error)
    }

    private struct State {
        var ending: (outcome: Outcome, machine: RunMachine)?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    public let id: RunID
    let mailbox: Mailbox<RunItem>
    private let state = Mutex(State())

    init(id: RunID, mailbox: Mailbox<RunItem>) {
        self.id = id
        self.mailbox = mailbox
    }

    public func shutDown(_ kind: RunState.Shutdown, message: String) { self.mailbox.post(.shutdown(kind, message: message)) }

    /// Nothing new starts until the run is resumed.
    public func suspend() { self.mailbox.post(.suspend) }

    /// Records what is known, gives the run up and leaves its pods running.
    public func leave() { self.mailbox.post(.leave(endsPods: false)) }

    /// Ends the pods that run, each with its grace period, and then gives the run up. Whoever goes on with it starts them anew, which costs a step
    /// none of its retries: it counts as a loss. A pod that ends well all the same has ended well.
    public func leaveEndingPods() { self.mailbox.post(.leave(endsPods: true)) }

    /// The run as it is now, asked of the task that owns it.
    public func snapshot() async -> RunMachine {
        await withCheckedContinuation { continuation in
            let ended = self.state.withLock { state in
                // Asked under the lock, so that the loop's end either answers it or has left its machine here.
                if state.ending == nil { self.mailbox.post(.snapshot(continuation)) }
                return state.ending?.machine
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// Returns when the run has come to its end here.
    public func outcome() async -> Outcome {
        await withCheckedContinuation { continuation in
            let hasEnded = self.state.withLock { state in
                if state.ending == nil { state.waiting.append(continuation) }
                return state.ending != nil
            }
            if hasEnded { continuation.resume() }
        }
        guard let ending = self.state.withLock({ $0.ending }) else { preconditionFailure("a run was said to have ended that has not") }
        return ending.outcome
    }

    func end(_ outcome: Outcome, _ machine: RunMachine) {
        let waiting = self.state.withLock { state in
            state.ending = (outcome, machine)
            defer { state.waiting = [] }
            return state.waiting
        }
        for case .snapshot(let continuation) in self.mailbox.take() { continuation.resume(returning: machine) }
        for continuation in waiting { continuation.resume() }
    }
}

/// What reaches the task that owns a run.
enum RunItem: Sendable {
    case podStarted(PodID)
    case podReady(PodID)
    case containerStarted(PodID, container: String)
    case containerFinished(PodID, ContainerResult)
    case progress(PodID, done: Int64, of: Int64)
    /// What the pod left behind is saved already.
    case podFinished(PodID, PodResult)
    /// As `podFinished`, with the logs among the artifacts.
    case logsArchived(PodID, PodResult)
    case podLost(PodID, reason: String)
    case timerFired(TimerID)
    case shutdown(RunState.Shutdown, message: String)
    case suspend
    case locksAnswered(NodeID?, LockAnswer)
    case recalled(NodeID, NodeOutputs?)
    case callFinished(PodID, CallResult)
    /// Commands of other processes may be waiting.
    case commandsWaiting
    case leave(endsPods: Bool)
    case snapshot(CheckedContinuation<RunMachine, Never>)
}
