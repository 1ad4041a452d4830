public import Engine

/// Runs that were submitted and that nobody carries out yet, and who is there to do it.
///
/// A data directory has at most one *owner*: a process that adopts every run that is submitted into it, until it gives the directory up.
/// Each run is owned by itself, as ever (`RunJournal.acquire`), by that process or by another one. Where there is no directory owner, whoever
/// submits a run carries it out.
public protocol RunQueue: Sendable {
    /// Records new runs that nobody owns: all of them, or none. They survive a power cut when it returns.
    /// - Throws: `JournalError.nameInUse` when an unfinished run of the namespace, or an earlier one of these, has the name.
    func submit(_ runs: [(record: RunRecord, source: RunSource)]) async throws
    /// Unfinished runs without an owner: those submitted and not begun, and those that were given up. By priority, then by age, at most
    /// `limit`. For a run whose owner died see `heldRuns`.
    /// - Parameter namespaces: whose runs are passed over.
    func unownedRuns(limit: Int, except namespaces: Set<String>) async throws -> [RunRecord]
    /// Those of them that a command waits for, a stop for one. They need not wait for their turn.
    func unownedCommandedRuns() async throws -> [RunRecord]
    /// Runs that were begun, or taken, by another process than `owner`: those it has, those it had when it died, and those it gave up. A finished
    /// run is among them until its owner has let go of it, which it does when it has cleaned up behind the run.
    func heldRuns(besides owner: Owner) async throws -> [HeldRun]
    /// Lets go of a finished run in place of its owner, which is dead. Nothing happens when that is not its owner any more.
    func letGo(of run: RunID, heldBy owner: Owner) async throws
    /// Makes a process the owner of the data directory.
    /// - Throws: `JournalError.ownedBy` while another owner lives (`isAlive` decides).
    func claimDirectory(_ owner: Owner, isAlive: @Sendable (Owner) -> Bool) async throws
    /// Gives the directory up. Nothing happens when somebody else has it.
    func releaseDirectory(_ owner: Owner) async throws
    /// Who claimed the directory last and did not give it up; whether it lives is for the caller to find out.
    func directoryOwner() async throws -> Owner?
}

extension RunQueue {
    public func unownedRuns(limit: Int) async throws -> [RunRecord] { try await self.unownedRuns(limit: limit, except: []) }
}

/// A run that somebody began.
public struct HeldRun: Sendable, Equatable {
    public var record: RunRecord
    /// nil for one that was given up.
    public var owner: Owner?
    public init(record: RunRecord, owner: Owner?) {
        self.record = record
        self.owner = owner
    }
}
