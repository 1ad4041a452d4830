import GRDB
import Glibc
import Ports

/// Turns what SQLite and the system say into the journal's words: what failed, why, and what to do.
struct StoreFault {
    let dataDirectory: String

    private var elsewhere: String { "choose another with --data-dir or SKIFF_HOME" }

    func error(_ error: any Error) -> JournalError {
        switch error {
        case let known as JournalError: known
        case let fault as DatabaseError: self.database(fault)
        default: .unavailable("the database in '\(self.dataDirectory)' failed: \(error)")
        }
    }

    /// - Parameter number: the `errno` of the call that failed.
    func system(_ number: CInt, doing what: String) -> JournalError {
        switch number {
        case ENOSPC, EDQUOT: return self.full()
        case EACCES, EPERM, EROFS: return self.notWritable(cause: Self.text(number))
        default:
            return .unavailable("\(what) failed in data directory '\(self.dataDirectory)': \(Self.text(number)): \(self.elsewhere)")
        }
    }

    static func text(_ number: CInt) -> String { String(cString: strerror(number)).lowercased() }

    func full() -> JournalError {
        .storageFull(
            "the disk that holds data directory '\(self.dataDirectory)' is full: make room or \(self.elsewhere); what was recorded stays readable"
        )
    }

    func notWritable(cause: String) -> JournalError {
        .unavailable("data directory '\(self.dataDirectory)' is not writable (\(cause)): \(self.elsewhere)")
    }

    func damaged(_ what: String, cause: String) -> JournalError {
        .unavailable(
            "\(what) in '\(self.dataDirectory)' cannot be read (\(cause)): nothing was removed; restore it from a copy, or \(self.elsewhere)"
        )
    }

    private func database(_ fault: DatabaseError) -> JournalError {
        let cause = fault.message ?? fault.resultCode.description
        switch fault.resultCode {
        case .SQLITE_FULL: return self.full()
        case .SQLITE_IOERR:
            // Growing the shared-memory file of the log fails so, not with SQLITE_FULL, when the disk is full.
            return self.isFull
                ? self.full() : .unavailable("reading or writing '\(self.dataDirectory)/\(SQLiteStore.fileName)' failed: \(cause)")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: return self.notWritable(cause: cause)
        case .SQLITE_CANTOPEN:
            return .unavailable(
                "'\(self.dataDirectory)/\(SQLiteStore.fileName)' cannot be opened (\(cause)): check who may read and write it, or \(self.elsewhere)"
            )
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return self.damaged("the database '\(SQLiteStore.fileName)'", cause: cause)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return .unavailable(
                "another process has kept the database in '\(self.dataDirectory)' locked for \(SQLiteStore.longestWait) seconds: try again when it is done"
            )
        default: return .unavailable("the database in '\(self.dataDirectory)' failed: \(cause)")
        }
    }

    private var isFull: Bool {
        var space = statvfs()
        guard statvfs(self.dataDirectory, &space) == 0 else { return false }
        return space.f_bavail * UInt(space.f_frsize) < 1 << 16
    }
}
