import GRDB
import Ports
import Synchronization

/// Writes one transaction at a time, and everything that arrives meanwhile in the next one.
///
/// A transaction costs a wait for the disk whatever is in it, so that many runs that share one cost little more than a single run. No timer
/// gathers them: when nothing is being written, a lone write starts at once.
///
/// Whoever asks is suspended until its write is on disk, hence the queue never holds more than one entry for each of them; a transaction takes
/// at most `largestGroup` entries or `largestBytes`, and the rest wait for the one after.
///
/// One write cannot spoil those it shares a transaction with. What refuses a write (a lost ownership, a name in use) is found before the write
/// changes anything, so that the rest goes on. When anything else goes wrong (a full disk), the transaction is undone and each write is tried
/// again by itself, because a smaller one may still fit. Savepoints would do both, and double the cost of a write: SQLite copies every page
/// that is changed under one.
final class GroupWriter: Sendable {
    static let largestGroup = 512
    static let largestBytes = 4 << 20

    private struct State {
        var queue: [any QueuedWrite] = []
        var isWriting = false
    }

    private let database: any DatabaseWriter
    private let fault: StoreFault
    private let state = Mutex(State())
    /// The `synchronous` setting the connection has now; touched only on the writer's queue.
    private let durability = Durability()

    init(database: any DatabaseWriter, fault: StoreFault) {
        self.database = database
        self.fault = fault
    }

    /// Runs `body` in a transaction, after everything that was asked for before.
    ///
    /// Cancelling the caller's task does not take the write back.
    /// - Parameters:
    ///   - isUrgent: true to return only when the write survives a power cut; otherwise it survives the end of this process.
    ///   - bytes: about how much it writes.
    /// - Throws: `JournalError`; nothing of the write is then recorded.
    func write<Value: Sendable>(
        isUrgent: Bool, bytes: Int = 0, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let write = SingleWrite(isUrgent: isUrgent, bytes: bytes, body: body, continuation: continuation)
            let isIdle = self.state.withLock { state in
                state.queue.append(write)
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if isIdle { self.database.asyncWriteWithoutTransaction { db in self.drain(db) } }
        }
    }

    private func drain(_ db: Database) {
        while let group = self.nextGroup() { self.carryOut(group, in: db) }
    }

    private func nextGroup() -> [any QueuedWrite]? {
        self.state.withLock { state in
            var bytes = 0
            var count = 0
            for write in state.queue.prefix(Self.largestGroup) {
                bytes += write.bytes
                if count > 0, bytes > Self.largestBytes { break }
                count += 1
            }
            guard count > 0 else {
                state.isWriting = false
                return nil
            }
            let group = Array(state.queue.prefix(count))
            state.queue.removeFirst(count)
            return group
        }
    }

    private func carryOut(_ group: [any QueuedWrite], in db: Database) {
        do {
            try self.transaction(group, in: db)
            for write in group { write.finish() }
        } catch  where group.count == 1 {
            group[0].fail(self.fault.error(error))
        } catch {
            for write in group { self.carryOut([write], in: db) }
        }
    }

    private func transaction(_ group: [any QueuedWrite], in db: Database) throws {
        try self.durability.set(isFull: group.contains { $0.isUrgent }, in: db)
        try db.inTransaction(.immediate) {
            for write in group { try self.run(write, in: db) }
            return .commit
        }
    }

    private func run(_ write: any QueuedWrite, in db: Database) throws {
        let changes = db.totalChangesCount
        do {
            try write.run(in: db)
        } catch let refusal as JournalError where db.totalChangesCount == changes {
            write.refuse(refusal)
        }
    }
}

/// Switches `PRAGMA synchronous` where it changes, which costs about 3 µs.
///
/// FULL waits for the disk at every commit; NORMAL waits only when the log is copied into the database. Both leave a sound database after a
/// power cut; NORMAL may lose the newest commits, and a later FULL commit makes them durable with itself.
private final class Durability: @unchecked Sendable {
    // Sound because it is only used on the queue of the one writing connection.
    private var isFull: Bool?

    func set(isFull: Bool, in db: Database) throws {
        guard self.isFull != isFull else { return }
        self.isFull = nil
        try db.execute(sql: isFull ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
        guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == (isFull ? 2 : 1) else {
            throw JournalError.unavailable("the database does not take 'PRAGMA synchronous'")
        }
        self.isFull = isFull
    }
}

private protocol QueuedWrite: AnyObject, Sendable {
    var isUrgent: Bool { get }
    var bytes: Int { get }
    func run(in db: Database) throws
    /// Notes that this write, and only this one, is not part of the transaction.
    func refuse(_ error: JournalError)
    /// The transaction is on disk: answers the caller.
    func finish()
    /// The transaction is not: answers the caller.
    func fail(_ error: JournalError)
}

private final class SingleWrite<Value: Sendable>: QueuedWrite, @unchecked Sendable {
    let isUrgent: Bool
    let bytes: Int
    private let body: @Sendable (Database) throws -> Value
    private let continuation: CheckedContinuation<Value, any Error>
    // Sound because only the writer's queue touches it.
    private var outcome: Result<Value, JournalError>?

    init(
        isUrgent: Bool, bytes: Int, body: @escaping @Sendable (Database) throws -> Value,
        continuation: CheckedContinuation<Value, any Error>
    ) {
        self.isUrgent = isUrgent
        self.bytes = bytes
        self.body = body
        self.continuation = continuation
    }

    func run(in db: Database) throws { self.outcome = .success(try self.body(db)) }

    func refuse(_ error: JournalError) { self.outcome = .failure(error) }

    func finish() {
        guard let outcome = self.outcome else { preconditionFailure("a write finished that never ran") }
        self.continuation.resume(with: outcome.mapError { $0 as any Error })
    }

    func fail(_ error: JournalError) { self.continuation.resume(throwing: error) }
}
