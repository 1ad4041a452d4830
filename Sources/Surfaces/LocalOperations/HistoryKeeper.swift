import Engine
import Ports
import WorkflowModel

/// Removes finished runs that need no longer be kept, with all they left.
struct HistoryKeeper: Sendable {
    /// At most so many at a time; the next call goes on.
    private static let most = 1000

    var retention: Retention
    let reader: any RunReader
    let commands: any RunCommands
    let removeFiles: @Sendable (RunID) async throws -> Void
    let time: any TimeSource

    /// Removes one run after the other, until the task is cancelled or nothing is left to remove.
    /// - Parameter fewest: so many are removed even when the task is cancelled before.
    func tidy(atLeast fewest: Int) async {
        // What goes wrong with the store here goes wrong with the runs as well, and is told there.
        guard let expired = try? await self.expired() else { return }
        var removed = 0
        for run in expired {
            if Task.isCancelled, removed >= fewest { return }
            // A run whose files resist stays listed, and `skiff delete` says why.
            if (try? await self.removeWhole(run)) == true { removed += 1 }
        }
    }

    // The store breaks off what a cancelled task asks of it. Tasks of their own are not cancelled, so that the fewest are removed however
    // short the runs beside this were.

    private func expired() async throws -> [RunID] {
        try await Task { try await self.reader.expiredRuns(self.retention, at: self.time.now(), limit: Self.most) }.value
    }

    private func removeWhole(_ run: RunID) async throws -> Bool { try await Task { try await self.remove(run) }.value }

    private func remove(_ run: RunID) async throws -> Bool {
        // Its process has recorded the end and is about to let go of it.
        if let owner = try await self.reader.owner(of: run), LocalOwner.isAlive(owner) { return false }
        // The files first: records whose files are gone can be removed again, files without records nobody would find.
        try await self.removeFiles(run)
        try await self.commands.delete(run)
        return true
    }
}
