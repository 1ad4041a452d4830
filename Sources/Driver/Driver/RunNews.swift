public import Engine
import Synchronization

/// What a watcher of runs is told.
public enum RunNews: Sendable, Equatable {
    case started(RunID)
    case nodeChanged(RunID, NodeChange)
    case finished(RunID, RunPhase, message: String)
}

/// How a node stands now.
public struct NodeChange: Sendable, Equatable {
    public var id: NodeID
    /// Argo's full node name.
    public var name: String
    public var displayName: String
    public var type: NodeType
    public var phase: NodePhase
    public var message: String
    public init(id: NodeID, name: String, displayName: String, type: NodeType, phase: NodePhase, message: String) {
        self.id = id
        self.name = name
        self.displayName = displayName
        self.type = type
        self.phase = phase
        self.message = message
    }
}

/// News of all runs for one watcher. A watcher that is slow misses what a node went through, never how it stands: of each node the newest
/// change is kept, so that the feed holds no more than the runs have nodes.
public final class RunFeed: Sendable {
    private struct State {
        var waiting: [RunNews] = []
        /// Where in `waiting` a node's change is.
        var places: [RunID: [NodeID: Int]] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let changes = Mailbox<Void>()

    public init() {}

    func post(_ news: [RunNews]) {
        if news.isEmpty { return }
        self.state.withLock { state in
            // Nobody reads it any more.
            if state.isClosed { return }
            for item in news {
                if case .nodeChanged(let run, let change) = item {
                    if let place = state.places[run]?[change.id] {
                        state.waiting[place] = item
                        continue
                    }
                    state.places[run, default: [:]][change.id] = state.waiting.count
                }
                state.waiting.append(item)
            }
        }
        self.changes.post(())
    }

    /// There will be no more news.
    public func close() {
        self.state.withLock { $0.isClosed = true }
        self.changes.post(())
    }

    /// Waits for news.
    /// - Returns: nothing when there will be no more, or the task was cancelled.
    public func next() async -> [RunNews] {
        while true {
            let news = self.take()
            if !news.isEmpty { return news }
            if self.state.withLock({ $0.isClosed }) { return [] }
            if await self.changes.next().isEmpty { return [] }
        }
    }

    /// What there is now.
    public func take() -> [RunNews] {
        self.state.withLock { state in
            defer { (state.waiting, state.places) = ([], [:]) }
            return state.waiting
        }
    }
}
