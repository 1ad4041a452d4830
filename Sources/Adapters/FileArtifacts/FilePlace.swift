import Glibc

/// What a name in a directory is.
enum FileKind: Equatable {
    case file, directory, symbolicLink
    /// A socket, a device, a pipe.
    case other

    init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symbolicLink
        default: self = .other
        }
    }
}

/// A name in an open directory: what steps leave behind is walked from directory to directory, so that no symbolic link is followed, no path
/// is too long, and names need not be UTF-8.
struct FilePlace {
    /// A descriptor, `AT_FDCWD` for a path.
    let directory: CInt
    /// The bytes of the name with a NUL at the end.
    let name: [CChar]
    /// For error messages.
    let shown: String

    init(_ path: String) {
        self.directory = AT_FDCWD
        self.name = Array(path.utf8CString)
        self.shown = path
    }

    private init(directory: CInt, name: [CChar], shown: String) {
        self.directory = directory
        self.name = name
        self.shown = shown
    }

    func child(_ name: [CChar], in directory: CInt) -> FilePlace {
        let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return FilePlace(directory: directory, name: name, shown: "\(self.shown)/\(text)")
    }

    /// Wraps the failed system call that came just before.
    func error(_ doing: String, _ number: CInt = errno) -> ArtifactError {
        if number == ENOSPC || number == EDQUOT { return ArtifactError(.storageFull, "cannot \(doing) '\(self.shown)': the disk is full") }
        return ArtifactError(.unavailable, "cannot \(doing) '\(self.shown)': \(String(cString: strerror(number)).lowercased())")
    }

    var unsupported: ArtifactError {
        ArtifactError(
            .unsupportedFile, "'\(self.shown)' is neither a file nor a directory nor a symbolic link, and cannot be part of an artifact")
    }

    /// - Returns: nil when nothing is there.
    func status() throws -> stat? {
        var status = stat()
        if fstatat(self.directory, self.name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw self.error("look at")
    }

    func kind() throws -> FileKind? { try self.status().map { FileKind(mode: $0.st_mode) } }

    /// Opens a file or directory for the time of `body`.
    func withDescriptor<Value>(_ flags: CInt = O_RDONLY, mode: mode_t = 0o600, _ body: (CInt) throws -> Value) throws -> Value {
        let file = openat(self.directory, self.name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw self.error("open") }
        defer { close(file) }
        return try body(file)
    }

    /// Calls `body` with each name in this directory, in the order of their bytes.
    func forEachChild(_ body: (FilePlace) throws -> Void) throws {
        try self.withDescriptor(O_RDONLY | O_DIRECTORY) { directory in
            for name in try self.names(in: directory) { try body(self.child(name, in: directory)) }
        }
    }

    private func names(in directory: CInt) throws -> [[CChar]] {
        guard let listing = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else { throw self.error("list") }
        defer { closedir(listing) }
        var names: [[CChar]] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append((name + [0]).map { CChar(bitPattern: $0) }) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) { UInt8(bitPattern: $0) < UInt8(bitPattern: $1) } }
    }

    /// What a symbolic link says.
    func target() throws -> [CChar] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlinkat(self.directory, self.name, &buffer, buffer.count - 1)
        guard count >= 0 else { throw self.error("read") }
        return Array(buffer[..<count]) + [0]
    }

    /// Reads what is left of an open file.
    func forEachChunk(of file: CInt, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
            while true {
                let count = read(file, buffer.baseAddress!, buffer.count)
                if count == 0 { return }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw self.error("read") }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    /// - Parameter offset: where to write; nil for after what was written last.
    func write(_ bytes: UnsafeRawBufferPointer, to file: CInt, at offset: Int64? = nil) throws {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count =
                if let offset { pwrite(file, rest.baseAddress!, rest.count, Int(offset) + written) } else {
                    Glibc.write(file, rest.baseAddress!, rest.count)
                }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw self.error("write") }
            written += count
        }
    }
}
