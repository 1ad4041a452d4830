public import Engine
public import Ports

/// The stored runs, as this room needs them.
public struct RunStore: Sendable {
    public var reader: any RunReader
    /// For pages and watches; nil where there are none.
    public var index: (any RunIndex)?
    /// Where runs wait for the owner of the data directory; nil where there can be none.
    public var queue: (any RunQueue)?
    public var commands: any RunCommands
    /// For taking runs over whose process is gone.
    /// - Throws: `JournalError`.
    public var openJournal: @Sendable () async throws -> any RunJournal
    public var logs: any PodLogs
    /// Rings at the process that owns a run; false when nobody listens there.
    public var ring: @Sendable (String) async -> Bool
    /// Ends what still runs of a run that nobody carries out. Returns when nothing is left; nothing of it can start afterwards.
    public var endPods: @Sendable (RunID) async throws -> Void
    /// Removes logs, claims and artifacts of a run.
    public var removeFiles: @Sendable (RunID) async throws -> Void
    public var time: any TimeSource

    public init(
        reader: any RunReader, commands: any RunCommands, openJournal: @escaping @Sendable () async throws -> any RunJournal,
        logs: any PodLogs, ring: @escaping @Sendable (String) async -> Bool, endPods: @escaping @Sendable (RunID) async throws -> Void,
        removeFiles: @escaping @Sendable (RunID) async throws -> Void, time: any TimeSource, index: (any RunIndex)? = nil,
        queue: (any RunQueue)? = nil
    ) {
        self.reader = reader
        self.index = index
        self.queue = queue
        self.commands = commands
        self.openJournal = openJournal
        self.logs = logs
        self.ring = ring
        self.endPods = endPods
        self.removeFiles = removeFiles
        self.time = time
    }
}

extension RunStore {
    /// Whoever carries an unfinished run out, or will when its turn comes; nil when nobody does.
    func attendant(of run: RunID) async throws -> Owner? {
        if let owner = try await self.reader.owner(of: run), LocalOwner.isAlive(owner) { return owner }
        guard let owner = try await self.queue?.directoryOwner(), LocalOwner.isAlive(owner) else { return nil }
        return owner
    }
}
