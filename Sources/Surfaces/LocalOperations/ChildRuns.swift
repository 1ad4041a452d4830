import Driver
import Engine
import Ports
import Synchronization

/// Whoever carries out runs that other runs made.
protocol RunCarrier: Sendable {
    /// - Parameter isAfterRestart: nil for a run that was just recorded.
    func add(_ run: RecordedRun, isAfterRestart: Bool?)
    /// Whether a run is carried out here.
    func holds(_ run: RunID) -> Bool
}

/// Runs that the runs of a session made, or wait for and took over. They are carried out beside the others, and the session lasts as long as
/// they do.
final class ChildRuns: RunCarrier {
    struct Child: Sendable {
        var handle: RunHandle
        var name: String
    }

    private struct State {
        var children: [Child] = []
        var names: [RunID: String]
        var shutdown: RunState.Shutdown?
    }

    private let driver: RunDriver
    private let state: Mutex<State>

    /// - Parameter names: of the session's own runs.
    init(driver: RunDriver, names: [RunID: String]) {
        self.driver = driver
        self.state = Mutex(State(names: names))
    }

    func add(_ run: RecordedRun, isAfterRestart: Bool?) {
        self.state.withLock { $0.names[run.record.id] = run.record.name }
        let handle =
            if let isAfterRestart {
                self.driver.resume(run.machine, record: run.record, ownership: run.ownership, isAfterRestart: isAfterRestart)
            } else {
                self.driver.start(run.machine, record: run.record, ownership: run.ownership)
            }
        let shutdown = self.state.withLock { state in
            state.children.append(Child(handle: handle, name: run.record.name))
            return state.shutdown
        }
        // It was made by a step that did not hear of the end in time.
        if let shutdown { handle.shutDown(shutdown, message: "") }
    }

    /// The session's own runs included.
    func holds(_ run: RunID) -> Bool { self.state.withLock { $0.names[run] != nil } }

    func name(of run: RunID) -> String? { self.state.withLock { $0.names[run] } }

    /// The children so far, in the order they came.
    var all: [Child] { self.state.withLock { $0.children } }

    func shutDown(_ kind: RunState.Shutdown) {
        let children = self.state.withLock { state in
            state.shutdown = kind
            return state.children
        }
        for child in children { child.handle.shutDown(kind, message: "") }
    }
}
