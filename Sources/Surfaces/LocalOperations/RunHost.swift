import Diagnostics
import Driver
import Engine
import Operations
import Ports
import Synchronization
import WorkflowModel

/// How a host carries runs out.
public struct HostOptions: Sendable, Equatable {
    /// `auto`, `sandbox` or `process`; for all runs, whatever was asked for when they were submitted.
    public var runtime: String
    /// Pods at once, of all runs together.
    public var maxParallel: Int?
    /// Steps go on when the host stops, for the next one to take over; else they are ended, and started anew by the next one.
    public var leavesRunning: Bool

    public init(runtime: String = "auto", maxParallel: Int? = nil, leavesRunning: Bool = false) {
        self.runtime = runtime
        self.maxParallel = maxParallel
        self.leavesRunning = leavesRunning
    }
}

/// What a host has to tell whoever runs it.
public enum HostNews: Sendable, Equatable {
    /// The data directory is this process', everything that was begun is adopted, and submitted runs are taken from now on.
    case ready(runtime: String)
    /// Something went wrong that is tried again, or that somebody has to look after.
    case trouble(String)
}

/// Carries out every run of a data directory: those that were begun and that nobody goes on with, and those that are submitted, in the order
/// of their priority and age.
///
/// The runs outlive it: what it is in the middle of when it stops, or is killed, the next one goes on with.
public final class RunHost: Sendable {
    /// What is to be done next.
    private enum Call: Equatable {
        case look
        case reload
        case stop(endsPods: Bool)
    }

    /// A run that was submitted rings, and so does one that ended for those that wait. This is only a net below that: whose owner died rang
    /// nobody.
    private static let patience = Span.seconds(10)

    private let machinery: RunMachinery
    private let options: HostOptions
    private let tell: @Sendable (HostNews) -> Void
    private let calls = Mailbox<Call>()
    private let ready = Mutex(false)
    private let ownership = Milestone()
    /// nil until runs are carried out.
    private let switchedCalls = SharedValue<SwitchedCalls?>(nil)

    /// - Parameter tell: told what happens; it must not wait.
    public init(machinery: RunMachinery, options: HostOptions, tell: @escaping @Sendable (HostNews) -> Void) {
        self.machinery = machinery
        self.options = options
        self.tell = tell
    }

    /// Whether submitted runs are taken.
    public var isReady: Bool { self.ready.withLock { $0 } }

    /// Returns when the data directory is this process', so that runs that are submitted from here are not lost on others; or when `run` has
    /// ended, or the task is cancelled.
    public func whenOwner() async { await self.ownership.reached() }

    /// Takes the settings of the configuration file again.
    public func reload() { self.calls.post(.reload) }

    /// Gives the runs up, and ends `run`.
    public func stop() { self.calls.post(.stop(endsPods: !self.options.leavesRunning)) }

    /// Carries runs out until `stop`. When the task is cancelled, something else went wrong: then steps are left running whatever the options.
    /// - Throws: `OperationError`, `ManifestFault` when it cannot begin: another process has the data directory, or the configuration is wrong.
    public func run() async throws {
        // Unstructured, because giving runs up takes work, which a cancelled task does not do.
        let work = Task { try await self.carryOut() }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            self.calls.post(.stop(endsPods: false))
        }
    }

    private func carryOut() async throws {
        // Nobody waits for what will not come any more.
        defer { self.ownership.reach() }
        let settings = try self.machinery.settings()
        let tools = try await self.openTools(settings)
        do { try await self.claim(tools) } catch {
            await Self.close(tools)
            throw error
        }
        self.ownership.reach()
        let driver = tools.driver
        driver.feed.close()
        let keeper = HostKeeper(history: tools.history, reader: tools.records.reader, time: self.machinery.time)
        let runs = HostedRuns(driver: driver, limits: settings.limits) { run, outcome in
            if case .failed(let error) = outcome { self.tell(.trouble("run '\(run)' is not carried out any more: \(error)")) }
            self.calls.post(.look)
            keeper.wake()
        }
        tools.objects.attach(tools, runs)
        await withDiscardingTaskGroup { group in
            group.addTask { await driver.run() }
            group.addTask { await keeper.run() }
            let endsPods = await self.attend(HostDesk(tools: tools, driver: driver, runs: runs, tell: self.tell), keeper)
            self.ready.withLock { $0 = false }
            await runs.leaveAll(endingPods: endsPods)
            group.cancelAll()
        }
        // Whoever comes next finds the directory free, and would find its owner dead otherwise.
        try? await tools.records.queue?.releaseDirectory(tools.owner)
        await Self.close(tools)
    }

    private func openTools(_ settings: RunSettings) async throws -> RunTools {
        var machinery = self.machinery
        let switched = self.switchedCalls
        machinery.openCalls = { [open = machinery.openCalls] settings, objects in
            let calls = SwitchedCalls(try open(settings, objects))
            switched.withLock { $0 = calls }
            return OpenedCalls(runner: calls, close: { await calls.close() })
        }
        let calls = self.calls
        machinery.openDoorbell = { [open = machinery.openDoorbell] id in
            let opened = try open(id)
            return OpenedDoorbell(service: RelayedDoorbell(opened.service) { calls.post(.look) }, close: opened.close)
        }
        let options = RunOptions(
            runtime: self.options.runtime, maxParallel: self.options.maxParallel, images: settings.images,
            archivesLogs: settings.rules.archivesLogs)
        return try await RunTools.open(machinery, options, settings)
    }

    private static func close(_ tools: RunTools) async {
        tools.doorbell.close()
        await tools.calls.close()
        await tools.runtime.settle()
    }

    private func claim(_ tools: RunTools) async throws {
        guard let queue = tools.records.queue else { throw OperationError(.unavailable, "runs cannot be submitted to this store") }
        do { try await queue.claimDirectory(tools.owner, isAlive: LocalOwner.isAlive) } catch JournalError.ownedBy(let owner) {
            throw OperationError(
                .conflict, "process \(owner.processID) carries out the runs of this data directory already",
                hint: "end that one first, or choose another directory with --data-dir")
        } catch let error as JournalError {
            throw OperationError(error)
        }
    }

    // MARK: Attending

    /// Until somebody says stop.
    /// - Returns: whether pods are to be ended.
    private func attend(_ desk: HostDesk, _ keeper: HostKeeper) async -> Bool {
        await desk.readLimits(of: self.machinery, nil)
        await desk.look(everywhere: true)
        self.ready.withLock { $0 = true }
        self.tell(.ready(runtime: desk.tools.runtime.description))
        var lastLook = self.machinery.time.now()
        while true {
            let calls = await self.calls.next(until: lastLook + Self.patience, self.machinery.time)
            for case .stop(let endsPods) in calls { return endsPods }
            let now = self.machinery.time.now()
            let isEverywhere = calls.isEmpty || now - lastLook >= Self.patience
            if isEverywhere { lastLook = now }
            if calls.contains(.reload) || isEverywhere {
                let settings = calls.contains(.reload) ? self.settings() : nil
                if let settings { await self.apply(settings, desk.tools, keeper) }
                await desk.readLimits(of: self.machinery, settings?.limits)
            }
            await desk.look(everywhere: isEverywhere)
        }
    }

    private func apply(_ settings: RunSettings, _ tools: RunTools, _ keeper: HostKeeper) async {
        keeper.setRetention(settings.retention)
        tools.runtime.setImages(settings.images)
        guard let switched = self.switchedCalls.withLock({ $0 }) else { return }
        do { await switched.replace(with: try self.machinery.openCalls(settings.calls, tools.objects)) } catch {
            self.tell(.trouble("calls go on with the former configuration: \(error)"))
        }
    }

    /// nil when the file is wrong: what was said before holds on.
    private func settings() -> RunSettings? {
        do { return try self.machinery.settings() } catch {
            self.tell(.trouble("the configuration stays as it was: \(Self.text(error))"))
            return nil
        }
    }

    private static func text(_ error: any Error) -> String {
        guard let fault = error as? ManifestFault, let first = fault.diagnostics.first else { return "\(error)" }
        let place = first.position.map { ":\($0.line):\($0.column)" } ?? ""
        let more = fault.diagnostics.count > 1 ? " (and \(fault.diagnostics.count - 1) more)" : ""
        return "\(first.file)\(place): \(first.message)\(more)"
    }
}
