import Diagnostics
import Driver
import Engine
import Manifests
public import Operations
import Planning
import Ports
import WorkflowModel

/// Starts and resumes runs in this process.
public struct LocalRunStarter: RunStarter {
    let machinery: RunMachinery
    private let namespace: String

    /// - Parameter namespace: where objects belong that say nothing else and that are not run.
    public init(machinery: RunMachinery, namespace: String = "default") {
        self.machinery = machinery
        self.namespace = namespace
    }

    // MARK: lint

    public func lint(_ request: LintRequest) async throws -> LintReport {
        let open = request.isOffline ? nil : self.machinery.openResources
        return try await FileLinter(request, open: open, namespace: self.namespace).report()
    }

    // MARK: start

    public func start(_ request: RunRequest) async throws -> any RunSession {
        try await self.start(try await self.prepare(request, ManifestContext.read(request.files).startingWhatStandsAlone()), request)
    }

    /// Records prepared runs and carries them out.
    /// - Parameter records: the store, when it is open already.
    func start(_ prepared: PreparedRuns, _ request: RunRequest, records: RunRecords? = nil) async throws -> LocalRunSession {
        let settings = try self.machinery.settings()
        let options = RunOptions(
            runtime: request.runtime, maxParallel: request.maxParallel, images: settings.images, archivesLogs: settings.rules.archivesLogs)
        let tools = try await RunTools.open(self.machinery, options, settings, records: records)
        let recorded = try await RunRecorder(tools: tools, createdAt: prepared.createdAt).record(prepared.runs)
        var news: [RunUpdate] = [.runtimeChosen(tools.runtime.description)]
        if !prepared.diagnostics.isEmpty { news.append(.diagnostics(prepared.diagnostics, excerpts: prepared.excerpts)) }
        return LocalRunSession(tools: tools, runs: recorded, beginning: .fresh, news: news)
    }

    /// - Throws: `ManifestFault`, `OperationError`.
    func prepare(_ request: RunRequest, _ given: ManifestContext) async throws -> PreparedRuns {
        try await RunPreparation(request: request, given: given, machinery: self.machinery).prepared()
    }

    // MARK: resume

    public func resume(_ name: String, namespace: String, maxParallel: Int?) async throws -> any RunSession {
        let settings = try self.machinery.settings()
        let records = try await OperationError.translating { try await self.machinery.openRecords() }
        return try await OperationError.translating {
            let record = try await records.reader.findRun(name, namespace: namespace)
            guard record.finishedAt == nil else {
                throw OperationError(
                    .conflict, "run '\(record.name)' has ended already: \(record.phase)", hint: "look at it with: skiff get \(record.name)")
            }
            let source = try await records.reader.source(of: record.id)
            var options = try RunOptions(json: source.options)
            if let maxParallel { options.maxParallel = maxParallel }
            let tools = try await RunTools.open(self.machinery, options, settings, records: records)
            let ownership: Ownership
            do {
                ownership = try await records.journal.acquire(record.id, owner: tools.owner, isAlive: LocalOwner.isAlive)
            } catch JournalError.ownedBy(
                let owner)
            {
                throw OperationError(
                    .conflict, "run '\(record.name)' is being carried out by process \(owner.processID)",
                    hint: "follow it with: skiff logs -f \(record.name)")
            }
            // Read only now: until it was owned, somebody else could have gone on with it.
            let stored = try await StoredRun.load(record, from: records.reader)
            let isAfterRestart = try await records.reader.bootID(of: record.id) != tools.owner.bootID
            let run = RecordedRun(record: record, manifest: stored.manifest, machine: stored.machine, ownership: ownership)
            return LocalRunSession(
                tools: tools, runs: [run], beginning: .resumed(isAfterRestart: isAfterRestart),
                news: [.runtimeChosen(tools.runtime.description)])
        }
    }
}
