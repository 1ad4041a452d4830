public import Engine
public import WorkflowModel

/// A run as lists see it.
public struct RunRecord: Sendable, Equatable {
    public var id: RunID
    public var namespace: String
    public var name: String
    /// Argo's phase; empty before the run started.
    public var phase: String
    public var message: String
    public var createdAt: Timestamp
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    public var priority: Int
    /// `finished/all` leaf nodes.
    public var progress: String
    public var labels: [String: String]
    /// `k=v` of the workflow's parameters, for wide lists.
    public var parameters: [String: String]
    /// When the run is deleted (`ttlStrategy`); set with `finishedAt`, nil for when retention says so.
    public var expiresAt: Timestamp?
    public init(
        id: RunID, namespace: String, name: String, phase: String, message: String = "", createdAt: Timestamp, startedAt: Timestamp? = nil,
        finishedAt: Timestamp? = nil, priority: Int = 0, progress: String = "0/0", labels: [String: String] = [:],
        parameters: [String: String] = [:], expiresAt: Timestamp? = nil
    ) {
        self.id = id
        self.namespace = namespace
        self.name = name
        self.phase = phase
        self.message = message
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.priority = priority
        self.progress = progress
        self.labels = labels
        self.parameters = parameters
        self.expiresAt = expiresAt
    }
}

/// What a run is made from, frozen when it is submitted: later edits of templates, ConfigMaps and files do not reach it.
public struct RunSource: Sendable, Equatable {
    /// The Workflow as it runs: JSON text of the object with name, uid and creation time filled in.
    public var workflow: String
    /// JSON texts of the WorkflowTemplates, ClusterWorkflowTemplates and ConfigMaps it was given.
    public var context: [String]
    /// Secret values by secret name and key. The journal encrypts them before they reach the disk.
    public var secrets: [String: [String: [UInt8]]]
    /// How the run is carried out, JSON text: runtime, parallel limit, image entry points.
    public var options: String
    public init(workflow: String, context: [String], secrets: [String: [String: [UInt8]]], options: String) {
        self.workflow = workflow
        self.context = context
        self.secrets = secrets
        self.options = options
    }
}

/// A row of the engine's state, opaque to the store.
public struct StateRow: Sendable, Equatable {
    /// The node's ordinal; -1 for the state of the run itself.
    public var ordinal: Int
    public var json: String
    public init(ordinal: Int, json: String) {
        self.ordinal = ordinal
        self.json = json
    }
}

public struct JournalEvent: Sendable, Equatable {
    public var at: Timestamp
    /// The engine's event as JSON text.
    public var json: String
    public init(at: Timestamp, json: String) {
        self.at = at
        self.json = json
    }
}

/// One transaction's worth of a run's history: the events, the rows they changed, and how the run now looks in lists.
public struct JournalEntry: Sendable, Equatable {
    public var events: [JournalEvent]
    public var rows: [StateRow]
    public var record: RunRecord
    /// Commands that were carried out with these events. They go with the same commit, so that no crash carries one out twice.
    public var completed: [RunCommand]
    public init(events: [JournalEvent], rows: [StateRow], record: RunRecord, completed: [RunCommand] = []) {
        self.events = events
        self.rows = rows
        self.record = record
        self.completed = completed
    }
}

/// Proof of owning a run: every commit carries it, and one that is out of date is refused.
public struct Ownership: Sendable, Equatable, Hashable {
    public var run: RunID
    public var epoch: Int64
    /// Of the owner's machine, as `Owner.bootID`; each commit leaves it with the run.
    public var bootID: String
    public init(run: RunID, epoch: Int64, bootID: String) {
        self.run = run
        self.epoch = epoch
        self.bootID = bootID
    }
}

/// Who owns a run: enough to tell whether the owner still lives, and where to ring.
public struct Owner: Sendable, Equatable {
    /// Unique to one life of one process.
    public var id: String
    public var processID: Int32
    /// Start time of the process in clock ticks since boot (`/proc/<pid>/stat` field 22), so that a reused pid is not taken for it.
    public var processStart: UInt64
    /// Names the time from one start of the machine to the next.
    public var bootID: String
    /// Path of the doorbell socket.
    public var doorbell: String
    public init(id: String, processID: Int32, processStart: UInt64, bootID: String, doorbell: String) {
        self.id = id
        self.processID = processID
        self.processStart = processStart
        self.bootID = bootID
        self.doorbell = doorbell
    }
}

public enum JournalError: Error, Sendable, Equatable {
    /// An unfinished run has this name already.
    case nameInUse(String)
    case noSuchRun(String)
    /// Another process owns the run.
    case ownedBy(Owner)
    /// This process owned the run and no longer does.
    case fenced
    /// The disk is full; what was recorded before stays readable.
    case storageFull(String)
    /// The data directory or the database cannot be written or read; the message says why and what to do.
    case unavailable(String)
    /// Written by a newer version of Skiff.
    case newerSchema(String)
}

/// A request of another process to the owner of a run.
public struct RunCommand: Sendable, Equatable {
    public enum Verb: String, Sendable, Codable { case stop, terminate, suspend, resume, set }
    public var id: Int64
    public var run: RunID
    public var verb: Verb
    public var issuedAt: Timestamp
    /// For people: who asks and why. Of `resume` and `set`, the engine's event as JSON text (`RunCommand.message(for:)`).
    public var message: String
    public init(id: Int64, run: RunID, verb: Verb, issuedAt: Timestamp, message: String = "") {
        self.id = id
        self.run = run
        self.verb = verb
        self.issuedAt = issuedAt
        self.message = message
    }

    /// What the command is to the engine; nil when it cannot be read.
    public var event: RunMachine.Event? {
        switch self.verb {
        case .stop: .shutdownRequested(.stop, message: self.message)
        case .terminate: .shutdownRequested(.terminate, message: self.message)
        case .suspend: .suspendRequested
        case .resume, .set: (try? JSONValue(json: self.message)).flatMap { RunMachine.Event(json: $0) }
        }
    }

    /// The message that carries an event in a command.
    public static func message(for event: RunMachine.Event) -> String { event.json.json }
}

/// The part of the store that a driver writes through. Each call has returned only when its effect survives a power cut, unless it says otherwise.
public protocol RunJournal: Sendable {
    /// Records a new run, owned by `owner`.
    /// - Throws: `JournalError.nameInUse` when an unfinished run of the namespace has the name.
    func create(_ record: RunRecord, source: RunSource, owner: Owner) async throws -> Ownership
    /// Takes an unfinished run over. A power cut may undo it, as it ends whoever took the run; the first urgent commit makes it last.
    /// - Throws: `ownedBy` while the current owner lives (`isAlive` decides), `noSuchRun`.
    func acquire(_ run: RunID, owner: Owner, isAlive: @Sendable (Owner) -> Bool) async throws -> Ownership
    /// Takes a run up again that has ended, for `owner`, and records what makes it unfinished. Commands that came too late for it are forgotten.
    /// - Parameters:
    ///   - entry: its record has no end.
    ///   - endedAt: when it ended, as far as the caller knows: somebody else may have taken it up since.
    ///   - workflow: its Workflow from now on (`RunSource.workflow`); nil when that does not change.
    /// - Throws: `noSuchRun` when it did not end then; `nameInUse` when an unfinished run of the namespace has its name.
    func reopen(_ entry: JournalEntry, endedAt: Timestamp, workflow: String?, owner: Owner) async throws -> Ownership
    /// Gives the run up, so that anybody may acquire it. A power cut may undo it, which ends the owner all the same.
    func release(_ ownership: Ownership) async throws
    /// Commits of many runs that come in at the same time share a transaction. Entries of one run are committed in the order of the calls.
    /// - Parameter isUrgent: false lets the commit return before it survives a power cut (it survives a crash of the process).
    /// - Throws: `fenced`, `storageFull`, `unavailable`; nothing of the entry is then recorded.
    func commit(_ entry: JournalEntry, by ownership: Ownership, isUrgent: Bool) async throws
    /// Commands that wait for the owner of a run, oldest first; they stay until a commit completes them.
    func pendingCommands(for run: RunID) async throws -> [RunCommand]
    /// The runs, of any owner, that commands wait for.
    func commandedRuns() async throws -> Set<RunID>
}

public struct RunFilter: Sendable, Equatable {
    public var namespace: String?
    public var name: String?
    public var prefix: String?
    public var phases: Set<String>
    /// nil for both.
    public var isFinished: Bool?
    public var createdAfter: Timestamp?
    public var finishedBefore: Timestamp?
    /// Exact label matches.
    public var labels: [String: String]
    /// At most so many, newest first.
    public var limit: Int
    public init(
        namespace: String? = nil, name: String? = nil, prefix: String? = nil, phases: Set<String> = [], isFinished: Bool? = nil,
        createdAfter: Timestamp? = nil, finishedBefore: Timestamp? = nil, labels: [String: String] = [:], limit: Int = 1000
    ) {
        self.namespace = namespace
        self.name = name
        self.prefix = prefix
        self.phases = phases
        self.isFinished = isFinished
        self.createdAfter = createdAfter
        self.finishedBefore = finishedBefore
        self.labels = labels
        self.limit = limit
    }
}

/// How long finished runs are kept. Unfinished ones always are, and one whose own time is over (`RunRecord.expiresAt`) is not.
public struct Retention: Sendable, Equatable {
    /// The newest so many, by their end; nil for any number.
    public var runs: Int?
    /// Since their end; nil for ever.
    public var age: Span?
    /// The newest so many that ended in a phase; any number of those that ended in another.
    public var runsByPhase: [RunPhase: Int]

    public init(runs: Int?, age: Span?, runsByPhase: [RunPhase: Int] = [:]) {
        self.runs = runs
        self.age = age
        self.runsByPhase = runsByPhase
    }

    /// What holds where nobody says otherwise: 1,000 runs, 90 days.
    public static let standard = Retention(runs: 1000, age: .seconds(90 * 86400))
}

/// The part of the store that only looks.
public protocol RunReader: Sendable {
    /// Unfinished runs first by newest creation, then finished ones by newest end.
    func runs(matching filter: RunFilter) async throws -> [RunRecord]
    /// The newest run of that name (or with that uid); nil when there is none.
    func run(named name: String, namespace: String) async throws -> RunRecord?
    func source(of run: RunID) async throws -> RunSource
    /// All state rows, by ordinal, the run's own row first.
    func rows(of run: RunID) async throws -> [StateRow]
    func owner(of run: RunID) async throws -> Owner?
    /// `Owner.bootID` of whoever committed to the run last: what was launched since the machine's last start was launched in that life of it.
    /// nil when nobody knows.
    func bootID(of run: RunID) async throws -> String?
    /// Finished runs that need not be kept any longer, those that ended first foremost, at most `limit`.
    func expiredRuns(_ retention: Retention, at now: Timestamp, limit: Int) async throws -> [RunID]
    /// How a lock stands, by its key as `LockRequest.text`.
    func standing(of lock: String) async throws -> LockStanding
    /// The earliest `RunRecord.expiresAt`; nil when there is none.
    func nextExpiry() async throws -> Timestamp?
    /// Events in the order they were committed.
    func events(of run: RunID) async throws -> [JournalEvent]
}

/// What other processes ask of the store.
public protocol RunCommands: Sendable {
    func send(_ verb: RunCommand.Verb, to run: RunID, at: Timestamp, message: String) async throws
    /// Removes a finished run and everything recorded about it.
    func delete(_ run: RunID) async throws
}

/// Wakes the owner of a run, so that it looks for commands.
public protocol DoorbellService: Sendable {
    /// Where this process listens.
    var address: String { get }
    /// One element a ring; rings in quick succession may become one.
    var rings: AsyncStream<Void> { get }
    /// Rings at another process; false when nobody listens there.
    func ring(_ address: String) async -> Bool
}

public protocol TimeSource: Sendable {
    func now() -> Timestamp
    func sleep(until: Timestamp) async throws
}
