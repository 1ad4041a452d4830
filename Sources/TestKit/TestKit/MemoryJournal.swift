public import Engine
public import Ports
import Synchronization
public import WorkflowModel

/// A journal in memory that outlives the drivers that write to it, and that can fail at a chosen moment.
public final class MemoryJournal: RunJournal, RunReader, RunCommands, SecretSource {
    /// When the power is cut.
    public enum Cut: Sendable, Equatable {
        /// The commit is lost.
        case before(commit: Int)
        /// The commit is on the disk, and nobody hears of it.
        case after(commit: Int)
    }

    /// The process is gone: nothing it does afterwards has an effect.
    public struct PowerCut: Error, Equatable {}

    private struct Stored {
        var record: RunRecord
        var source: RunSource
        var rows: [Int: String] = [:]
        var events: [JournalEvent] = []
        var epoch: Int64 = 1
        var owner: Owner?
        var bootID: String?
        var commands: [RunCommand] = []
    }

    private struct State {
        var runs: [RunID: Stored] = [:]
        var commits = 0
        var cut: Cut?
        var failure: JournalError?
        var nextCommand: Int64 = 1
    }

    private let state = Mutex(State())
    private let chronicle: Chronicle?
    private let isSlow: Bool

    /// - Parameter isSlow: a commit lets everybody else do what they have in hand before it is on the disk.
    public init(chronicle: Chronicle? = nil, isSlow: Bool = false) {
        self.chronicle = chronicle
        self.isSlow = isSlow
    }

    // MARK: For tests

    public var commitCount: Int { self.state.withLock { $0.commits } }

    /// Counts commits from 0 anew.
    public func cutPower(_ cut: Cut?) {
        self.state.withLock { state in
            state.cut = cut
            state.commits = 0
        }
    }

    /// Every later commit fails.
    public func fail(_ error: JournalError?) { self.state.withLock { $0.failure = error } }

    // MARK: RunJournal

    public func create(_ record: RunRecord, source: RunSource, owner: Owner) async throws -> Ownership {
        try self.state.withLock { state in
            if state.runs.values.contains(where: {
                $0.record.name == record.name && $0.record.namespace == record.namespace && $0.record.finishedAt == nil
            }) {
                throw JournalError.nameInUse(record.name)
            }
            state.runs[record.id] = Stored(record: record, source: source, owner: owner, bootID: owner.bootID)
            return Ownership(run: record.id, epoch: 1, bootID: owner.bootID)
        }
    }

    public func acquire(_ run: RunID, owner: Owner, isAlive: @Sendable (Owner) -> Bool) async throws -> Ownership {
        try self.state.withLock { state in
            guard var stored = state.runs[run], stored.record.finishedAt == nil else { throw JournalError.noSuchRun(run.text) }
            if let current = stored.owner, isAlive(current) { throw JournalError.ownedBy(current) }
            stored.epoch += 1
            stored.owner = owner
            state.runs[run] = stored
            return Ownership(run: run, epoch: stored.epoch, bootID: owner.bootID)
        }
    }

    public func reopen(_ entry: JournalEntry, endedAt: Timestamp, workflow: String?, owner: Owner) async throws -> Ownership {
        let ownership = try self.state.withLock { state in
            guard var stored = state.runs[entry.record.id], stored.record.finishedAt == endedAt else {
                throw JournalError.noSuchRun(entry.record.id.text)
            }
            stored.epoch += 1
            stored.owner = owner
            stored.record = entry.record
            stored.bootID = owner.bootID
            stored.events += entry.events
            stored.commands = []
            if let workflow { stored.source.workflow = workflow }
            for row in entry.rows { stored.rows[row.ordinal] = row.json }
            state.runs[entry.record.id] = stored
            return Ownership(run: entry.record.id, epoch: stored.epoch, bootID: owner.bootID)
        }
        self.chronicle?.add("reopened")
        return ownership
    }

    public func release(_ ownership: Ownership) async throws {
        self.state.withLock { state in
            guard state.runs[ownership.run]?.epoch == ownership.epoch else { return }
            state.runs[ownership.run]?.epoch += 1
            state.runs[ownership.run]?.owner = nil
        }
        self.chronicle?.add("released")
    }

    public func commit(_ entry: JournalEntry, by ownership: Ownership, isUrgent: Bool) async throws {
        if self.isSlow { for _ in 0..<1000 { await Task.yield() } }
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            guard var stored = state.runs[ownership.run], stored.epoch == ownership.epoch else { throw JournalError.fenced }
            state.commits += 1
            if case .before(let at)? = state.cut, state.commits >= at { throw PowerCut() }
            stored.record = entry.record
            stored.bootID = ownership.bootID
            stored.events += entry.events
            for row in entry.rows { stored.rows[row.ordinal] = row.json }
            stored.commands.removeAll { command in entry.completed.contains { $0.id == command.id } }
            state.runs[ownership.run] = stored
            if case .after(let at)? = state.cut, state.commits >= at { throw PowerCut() }
        }
        self.chronicle?.add("commit" + entry.rows.map { " \($0.ordinal)" }.joined() + (isUrgent ? "" : " (not urgent)"))
        for command in entry.completed { self.chronicle?.add("completed \(command.verb.rawValue)") }
    }

    public func pendingCommands(for run: RunID) async throws -> [RunCommand] { self.state.withLock { $0.runs[run]?.commands ?? [] } }

    public func commandedRuns() async throws -> Set<RunID> {
        self.state.withLock { state in Set(state.runs.filter { !$0.value.commands.isEmpty }.keys) }
    }

    // MARK: RunReader

    /// Filters by namespace, name and end only.
    public func runs(matching filter: RunFilter) async throws -> [RunRecord] {
        self.state.withLock { state in
            state.runs.values.map(\.record).filter { record in
                (filter.namespace.map { $0 == record.namespace } ?? true) && (filter.name.map { $0 == record.name } ?? true)
                    && (filter.isFinished.map { $0 == (record.finishedAt != nil) } ?? true)
            }.sorted { $0.createdAt > $1.createdAt }
        }
    }

    public func run(named name: String, namespace: String) async throws -> RunRecord? {
        self.state.withLock { state in
            state.runs.values.map(\.record).filter { $0.id.text == name || ($0.name == name && $0.namespace == namespace) }
                .max { $0.createdAt < $1.createdAt }
        }
    }

    public func source(of run: RunID) async throws -> RunSource { try self.stored(run).source }

    public func rows(of run: RunID) async throws -> [StateRow] {
        try self.stored(run).rows.sorted { $0.key < $1.key }.map { StateRow(ordinal: $0.key, json: $0.value) }
    }

    public func owner(of run: RunID) async throws -> Owner? { try self.stored(run).owner }

    public func bootID(of run: RunID) async throws -> String? { try self.stored(run).bootID }

    /// It keeps no locks.
    public func standing(of lock: String) async throws -> LockStanding { LockStanding(holders: [], waiting: 0) }

    public func events(of run: RunID) async throws -> [JournalEvent] { try self.stored(run).events }

    public func expiredRuns(_ retention: Retention, at now: Timestamp, limit: Int) async throws -> [RunID] {
        let ended = self.state.withLock { $0.runs.values.map(\.record) }.compactMap { record in record.finishedAt.map { ($0, record.id) } }
            .sorted { $0.0 > $1.0 }
        let over = self.state.withLock { state in
            Set(state.runs.values.compactMap { stored in stored.record.expiresAt.flatMap { $0 <= now ? stored.record.id : nil } })
        }
        let expired = ended.enumerated().filter { place, run in
            over.contains(run.1) || retention.runs.map { place >= $0 } ?? false || retention.age.map { now - run.0 > $0 } ?? false
        }
        return expired.reversed().prefix(limit).map(\.element.1)
    }

    public func nextExpiry() async throws -> Timestamp? {
        self.state.withLock { state in state.runs.values.compactMap(\.record.expiresAt).min() }
    }

    private func stored(_ run: RunID) throws -> Stored {
        guard let stored = self.state.withLock({ $0.runs[run] }) else { throw JournalError.noSuchRun(run.text) }
        return stored
    }

    // MARK: RunCommands

    public func send(_ verb: RunCommand.Verb, to run: RunID, at: Timestamp, message: String) async throws {
        self.state.withLock { state in
            state.runs[run]?.commands.append(RunCommand(id: state.nextCommand, run: run, verb: verb, issuedAt: at, message: message))
            state.nextCommand += 1
        }
    }

    public func delete(_ run: RunID) async throws { self.state.withLock { $0.runs[run] = nil } }

    // MARK: SecretSource

    public func values(of secret: String, in run: RunID) async throws -> [String: [UInt8]]? { try self.stored(run).source.secrets[secret] }
}
