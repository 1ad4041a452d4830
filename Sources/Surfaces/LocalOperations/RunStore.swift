public import Engine
public import Ports

/// The stored runs, as this room needs them.
public struct RunStore: Sendable {
    public var reader: any RunReader
    public var commands: any RunCommands
    public var logs: any PodLogs
    /// Rings at the process that owns a run; false when nobody listens there.
    public var ring: @Sendable (String) async -> Bool
    /// Removes logs, claims and artifacts of a run.
    public var removeFiles: @Sendable (RunID) async throws -> Void
    public var time: any TimeSource

    public init(
        reader: any RunReader, commands: any RunCommands, logs: any PodLogs, ring: @escaping @Sendable (String) async -> Bool,
        removeFiles: @escaping @Sendable (RunID) async throws -> Void, time: any TimeSource
    ) {
        self.reader = reader
        self.commands = commands
        self.logs = logs
        self.ring = ring
        self.removeFiles = removeFiles
        self.time = time
    }
}
