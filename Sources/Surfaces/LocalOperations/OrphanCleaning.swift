import Driver
import Ports

/// Finished runs whose process was killed before it had cleaned up behind them.
struct OrphanCleaning: Sendable {
    let tools: RunTools
    let driver: RunDriver

    /// Cleans up behind those that are given, and lets go of them.
    func clean(_ held: [HeldRun]) async {
        guard let queue = self.tools.records.queue else { return }
        for orphan in held where orphan.record.finishedAt != nil {
            guard let owner = orphan.owner, !LocalOwner.isAlive(owner) else { continue }
            // One that cannot be read any more is cleaned up when it is deleted.
            if let stored = try? await StoredRun.load(orphan.record, from: self.tools.records.reader) {
                await self.driver.clean(stored.machine)
            }
            try? await queue.letGo(of: orphan.record.id, heldBy: owner)
        }
    }

    func cleanAll() async {
        // What goes wrong with the store here goes wrong with the runs as well, and is told there.
        guard let held = try? await self.tools.records.queue?.heldRuns(besides: self.tools.owner) else { return }
        await self.clean(held)
    }
}
