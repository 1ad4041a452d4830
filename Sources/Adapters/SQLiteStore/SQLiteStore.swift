import Dispatch
import Foundation
import GRDB
import Glibc
public import Ports

/// The journal in one SQLite file, `<data>/skiff.db`, which any number of processes share.
///
/// The file is in WAL mode: readers never wait for a writer, and what one process commits the others see at once. An urgent commit waits for
/// the disk (`synchronous=FULL`), any other only for the operating system (NORMAL), and commits that arrive together share a transaction
/// (`GroupWriter`). The tables are described at `Schema`; Secret values are sealed first (`SecretBox`).
///
/// Nothing here removes what it cannot read. A database that is damaged or newer than this program is an error that leaves the file alone.
public final class SQLiteStore: Sendable {
    static let fileName = "skiff.db"
    /// Seconds that a lock of another process is waited for.
    static let longestWait = 10

    let reader: any DatabaseReader
    /// nil when the store was opened to read only.
    private let groupWriter: GroupWriter?
    let secrets: SecretBox
    let fault: StoreFault
    /// Stamped on every event.
    let engineVersion: String

    private init(reader: any DatabaseReader, groupWriter: GroupWriter?, fault: StoreFault, engineVersion: String) {
        self.reader = reader
        self.groupWriter = groupWriter
        self.secrets = SecretBox(dataDirectory: fault.dataDirectory, fault: fault)
        self.fault = fault
        self.engineVersion = engineVersion
    }

    /// Opens the database of a data directory.
    ///
    /// To write, the directory and the database are made when missing (for their owner only) and an older database is migrated. To read only,
    /// nothing is made or changed: a directory without a database holds no runs, and a database on a read-only or full disk can still be read.
    /// - Parameter engineVersion: what the events of this process are stamped with.
    /// - Throws: `newerSchema`, `storageFull`, `unavailable`.
    public static func open(
        dataDirectory: String, engineVersion: String, readOnly: Bool = false
    ) async throws(JournalError) -> SQLiteStore {
        let path = dataDirectory.hasPrefix("/") ? dataDirectory : FileManager.default.currentDirectoryPath + "/" + dataDirectory
        // On a thread of its own, because SQLite may wait there for another process.
        let result: Result<SQLiteStore, JournalError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let opening = StoreOpening(
                    directory: DataDirectory(path: path, fault: StoreFault(dataDirectory: path)), version: engineVersion)
                continuation.resume(returning: Result { () throws(JournalError) in try opening.open(readOnly: readOnly) })
            }
        }
        return try result.get()
    }

    static func writable(_ pool: DatabasePool, fault: StoreFault, engineVersion: String) -> SQLiteStore {
        SQLiteStore(reader: pool, groupWriter: GroupWriter(database: pool, fault: fault), fault: fault, engineVersion: engineVersion)
    }

    static func readOnly(_ reader: any DatabaseReader, fault: StoreFault, engineVersion: String) -> SQLiteStore {
        SQLiteStore(reader: reader, groupWriter: nil, fault: fault, engineVersion: engineVersion)
    }

    /// Runs `body` in a transaction that it may share with others.
    /// - Throws: `JournalError`; nothing of it is then recorded.
    func write<Value: Sendable>(
        isUrgent: Bool = true, bytes: Int = 0, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        guard let groupWriter = self.groupWriter else { throw self.fault.notWritable(cause: "it was opened to read only") }
        return try await groupWriter.write(isUrgent: isUrgent, bytes: bytes, body)
    }

    /// Runs `body` on a snapshot of the database.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await self.reader.read(body)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw self.fault.error(error)
        }
    }
}

/// The steps from a path to an open store.
struct StoreOpening {
    let directory: DataDirectory
    let version: String

    private var fault: StoreFault { self.directory.fault }

    func open(readOnly: Bool) throws(JournalError) -> SQLiteStore {
        do {
            return try readOnly ? self.openToRead() : self.openToWrite()
        } catch {
            throw self.fault.error(error)
        }
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "skiff.store"
        configuration.maximumReaderCount = 4
        // SQLite's own waiting grows to 100 ms a try, far too long for commits that take less than one.
        configuration.busyMode = .callback { tries in
            usleep(tries < 200 ? 500 : 2_000)
            return tries < SQLiteStore.longestWait * 500
        }
        configuration.prepareDatabase { db in
            // Debian's SQLite zeroes what is deleted. Secrets are sealed, so that this would only cost writes.
            try db.execute(sql: "PRAGMA secure_delete = OFF")
        }
        return configuration
    }

    // MARK: To write

    private func openToWrite() throws -> SQLiteStore {
        try self.directory.create()
        return try self.directory.whileOpening {
            try self.createFile()
            let pool = try DatabasePool(path: self.directory.databasePath, configuration: self.configuration)
            let migrator = Schema.migrator(writer: self.version)
            let isCurrent = try pool.writeWithoutTransaction { db in try self.isCurrent(db, migrator) }
            if !isCurrent { try migrator.migrate(pool) }
            return SQLiteStore.writable(pool, fault: self.fault, engineVersion: self.version)
        }
    }

    /// Makes the file for its owner only; SQLite gives the files beside it the same permissions.
    ///
    /// A file that exists is not opened: closing it would drop the locks of other connections of this process (POSIX locks belong to the
    /// process, whichever descriptor they came by).
    private func createFile() throws {
        if self.directory.hasDatabase { return }
        let file = Glibc.open(self.directory.databasePath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file < 0, errno == EEXIST { return }
        guard file >= 0 else { throw self.fault.system(errno, doing: "opening '\(SQLiteStore.fileName)'") }
        close(file)
    }

    /// - Throws: `newerSchema` when a migration was applied that is not known here.
    private func isCurrent(_ db: Database, _ migrator: DatabaseMigrator) throws -> Bool {
        let applied = try migrator.appliedIdentifiers(db)
        if !applied.subtracting(migrator.migrations).isEmpty {
            let writer = Schema.writer(of: db).map { "Skiff \($0)" } ?? "a newer version of Skiff"
            throw JournalError.newerSchema(
                "data directory '\(self.directory.path)' was written by \(writer), this is Skiff \(self.version): update Skiff, or choose another with --data-dir or SKIFF_HOME"
            )
        }
        return applied.count == migrator.migrations.count
    }

    // MARK: To read only

    private func openToRead() throws -> SQLiteStore {
        guard self.directory.hasDatabase else { return try self.empty() }
        var configuration = self.configuration
        configuration.readonly = true
        do {
            return try self.readable(DatabasePool(path: self.directory.databasePath, configuration: configuration))
        } catch let error as DatabaseError where self.needsLog(error) && !self.directory.hasLog {
            // Reading in WAL mode makes a shared-memory file, which a read-only or full disk refuses. Without a log nobody is writing either,
            // so that the file may be read as one that does not change.
            return try self.readable(DatabaseQueue(path: self.immutableAddress, configuration: configuration))
        }
    }

    private func needsLog(_ error: DatabaseError) -> Bool {
        [.SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_IOERR, .SQLITE_FULL].contains(error.resultCode)
    }

    private var immutableAddress: String {
        let path = self.directory.databasePath.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed)
        return "file:\(path ?? self.directory.databasePath)?immutable=1"
    }

    private func readable(_ reader: any DatabaseReader) throws -> SQLiteStore {
        let migrator = Schema.migrator(writer: self.version)
        let state = try reader.read { db in (isCurrent: try self.isCurrent(db, migrator), isNew: try migrator.appliedMigrations(db).isEmpty)
        }
        if state.isNew { return try self.empty() }
        guard state.isCurrent else {
            throw JournalError.unavailable(
                "the database in '\(self.directory.path)' was written by an older Skiff: any command that writes, such as 'skiff run', updates it"
            )
        }
        return SQLiteStore.readOnly(reader, fault: self.fault, engineVersion: self.version)
    }

    private func empty() throws -> SQLiteStore {
        let memory = try DatabaseQueue()
        try Schema.migrator(writer: self.version).migrate(memory)
        return SQLiteStore.readOnly(memory, fault: self.fault, engineVersion: self.version)
    }
}
