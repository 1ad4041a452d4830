import Glibc
import Ports

/// Makes the data directory and guards the opening of the database in it.
struct DataDirectory {
    let path: String
    let fault: StoreFault

    var databasePath: String { "\(self.path)/\(SQLiteStore.fileName)" }
    private var lockPath: String { "\(self.path)/\(SQLiteStore.fileName)-opening" }

    /// Makes the directory, for its owner only, with those above it as far as they are missing.
    func create() throws(JournalError) {
        var made = ""
        for component in self.path.split(separator: "/") {
            made += (made.isEmpty && !self.path.hasPrefix("/") ? "" : "/") + component
            guard mkdir(made, 0o700) != 0, errno != EEXIST else { continue }
            // Above it a directory may be there and still refuse with something else than EEXIST, a read-only file system for one.
            let number = errno
            if !Self.isDirectory(made) { throw self.refusal(number, at: made) }
        }
        guard Self.isDirectory(self.path) else { throw self.refusal(ENOTDIR, at: self.path) }
    }

    private func refusal(_ number: CInt, at place: String) -> JournalError {
        if number == ENOSPC || number == EDQUOT { return self.fault.full() }
        return .unavailable(
            "data directory '\(self.path)' cannot be made (\(StoreFault.text(number)) at '\(place)'): choose another with --data-dir or SKIFF_HOME"
        )
    }

    var hasDatabase: Bool {
        var status = stat()
        return stat(self.databasePath, &status) == 0 && status.st_size > 0
    }

    /// True when a log with commits that are not yet in the database file lies beside it.
    var hasLog: Bool {
        var status = stat()
        return stat(self.databasePath + "-wal", &status) == 0 && status.st_size > 0
    }

    /// Runs `body` while no other process opens the database: two that make or migrate it at once would trip over each other.
    func whileOpening<Value>(_ body: () throws -> Value) throws -> Value {
        let file = open(self.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw self.fault.system(errno, doing: "creating '\(SQLiteStore.fileName)-opening'") }
        defer { close(file) }
        var attempts = SQLiteStore.longestWait * 100
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, attempts > 0 else {
                throw JournalError.unavailable(
                    "another process is opening the database in '\(self.path)' and does not get on: look for a stopped skiff")
            }
            attempts -= 1
            usleep(10_000)
        }
        return try body()
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes names in a directory survive a power cut. A file system that cannot is left to do as well as it can.
    static func sync(_ directory: String) {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }
}
