import Driver
import Engine
import Operations
import Ports
import WorkflowModel

/// What one session works with: everything opened.
struct RunTools: Sendable {
    let machinery: RunMachinery
    let records: RunRecords
    let runtime: OpenedRuntime
    let doorbell: OpenedDoorbell
    let calls: OpenedCalls
    let objects: LocalObjects
    let owner: Owner
    /// With the runtime that was chosen.
    let options: RunOptions
    let retention: Retention

    /// Opens the store and the runtime side by side, since each takes some milliseconds.
    static func open(
        _ machinery: RunMachinery, _ options: RunOptions, _ settings: RunSettings, records: RunRecords? = nil
    ) async throws -> RunTools {
        try await OperationError.translating {
            async let opening = machinery.openRuntime(options)
            let opened: RunRecords
            if let records { opened = records } else { opened = try await machinery.openRecords() }
            let id = Identity.uuid(at: machinery.time.now())
            let doorbell = try machinery.openDoorbell(id)
            let objects = LocalObjects(machinery: machinery)
            let calls = try machinery.openCalls(settings.calls, objects)
            let runtime = try await opening
            var chosen = options
            chosen.runtime = runtime.kind
            return RunTools(
                machinery: machinery, records: opened, runtime: runtime, doorbell: doorbell, calls: calls, objects: objects,
                owner: LocalOwner.current(id: id, doorbell: doorbell.service.address), options: chosen, retention: settings.retention)
        }
    }

    var driver: RunDriver {
        RunDriver(
            ports: DriverPorts(
                journal: self.records.journal, runtime: self.runtime.runtime, artifacts: self.machinery.artifacts,
                secrets: self.records.secrets, locks: self.records.locks, cache: self.records.cache, calls: self.calls.runner,
                time: self.machinery.time, doorbell: self.doorbell.service, scratch: self.machinery.scratch),
            capacity: .ofThisMachine(maxParallel: self.options.maxParallel))
    }

    var history: HistoryKeeper {
        HistoryKeeper(
            retention: self.retention, reader: self.records.reader, commands: self.records.commands,
            removeFiles: self.machinery.removeFiles,
            time: self.machinery.time)
    }
}

/// A run that is recorded and owned by this process.
struct RecordedRun: Sendable {
    var record: RunRecord
    var manifest: JSONValue
    var machine: RunMachine
    var ownership: Ownership
}
