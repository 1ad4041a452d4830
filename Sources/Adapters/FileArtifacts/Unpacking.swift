import Glibc

/// Writes the files of an archive below one directory and nowhere else.
///
/// Each name is reached from the directory before it, and a symbolic link on the way is an error rather than a way out. libarchive can write
/// to disk by itself; it sets the process's file mode mask to nothing for moments, which other threads that make files would feel.
struct Unpacking {
    struct OpenFile {
        let descriptor: CInt
        let place: FilePlace
        let size: Int64
        let file: ArchivedFile
    }

    private let root: CInt
    private let top: FilePlace
    private let archive: String
    /// Modes and times of directories, set at the end: a directory that is not writable could not be filled, and filling it changes its time.
    private var directories: [ArchivedFile] = []

    init(root: CInt, shown: String, archive: String) {
        self.root = root
        self.top = FilePlace(shown)
        self.archive = archive
    }

    /// Makes what the entry says.
    /// - Returns: an open file to be filled; nil when there is nothing to fill.
    mutating func begin(_ file: ArchivedFile) throws -> OpenFile? {
        guard let name = file.components.last else { return nil }
        return try self.within(file.components.dropLast()) { parent, place -> OpenFile? in
            let place = place.child(name, in: parent)
            switch file.content {
            case .directory:
                guard mkdirat(parent, name, 0o700) == 0 || errno == EEXIST else { throw place.error("make") }
                self.directories.append(file)
                return nil
            case .file(let size):
                try Self.makeRoom(place)
                let descriptor = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
                guard descriptor >= 0 else { throw place.error("make") }
                return OpenFile(descriptor: descriptor, place: place, size: size, file: file)
            case .symbolicLink(let target):
                try Self.makeRoom(place)
                guard symlinkat(target, parent, name) == 0 else { throw place.error("make") }
                return nil
            case .hardLink(let target):
                try Self.makeRoom(place)
                try self.link(target, to: place)
                return nil
            }
        }
    }

    func end(_ open: OpenFile) throws {
        var times = [open.file.modified, open.file.modified]
        guard fchmod(open.descriptor, open.file.mode) == 0, futimens(open.descriptor, &times) == 0 else { throw open.place.error("finish") }
    }

    func finish() throws {
        for file in self.directories.reversed() {
            try self.within(file.components[...]) { descriptor, place in
                var times = [file.modified, file.modified]
                // Its owner can always look into and remove it.
                guard fchmod(descriptor, file.mode | 0o700) == 0, futimens(descriptor, &times) == 0 else { throw place.error("finish") }
            }
        }
    }

    /// A later entry of the same name replaces the earlier one.
    private static func makeRoom(_ place: FilePlace) throws {
        guard unlinkat(place.directory, place.name, 0) == 0 || errno == ENOENT else { throw place.error("replace") }
    }

    private func link(_ target: [[CChar]], to place: FilePlace) throws {
        guard let name = target.last else { throw place.error("link", EINVAL) }
        try self.within(target.dropLast()) { parent, _ in
            guard linkat(parent, name, place.directory, place.name, 0) == 0 else { throw place.error("link") }
        }
    }

    /// Opens a directory below the top, making it where it is missing.
    private func within<Value>(_ components: ArraySlice<[CChar]>, _ body: (CInt, FilePlace) throws -> Value) throws -> Value {
        var current = dup(self.root)
        guard current >= 0 else { throw self.top.error("open") }
        defer { close(current) }
        var place = self.top
        for name in components {
            place = place.child(name, in: current)
            guard mkdirat(current, name, 0o700) == 0 || errno == EEXIST else { throw place.error("make") }
            let next = openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else {
                guard errno == ENOTDIR || errno == ELOOP else { throw place.error("open") }
                throw ArtifactError(.unsafeArchive, "artifact '\(self.archive)' unpacks through '\(place.shown)', which is not a directory")
            }
            close(current)
            current = next
        }
        return try body(current, place)
    }
}
