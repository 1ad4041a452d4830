import Dispatch
import Glibc
import Operations

/// A file or directory inside an artifact. Symbolic links are followed nowhere: what a step left behind may point at anything of this machine.
enum ArtifactFile {
    private static let pieceSize = 1 << 16

    /// - Parameters:
    ///   - root: the artifact on disk.
    ///   - path: names below it.
    ///   - directory: kept until the last byte was read.
    /// - Returns: nil when there is nothing, or something that is neither a file nor a directory.
    static func open(_ root: String, _ path: [String], keeping directory: ScratchDirectory) async throws -> ArtifactDownload? {
        guard path.allSatisfy({ Self.isName($0) }) else { return nil }
        return try await Self.onThreadOfItsOwn {
            guard let descriptor = Self.descriptor(root, path) else { return nil }
            let name = path.last ?? root.split(separator: "/").last.map(String.init) ?? ""
            var status = stat()
            guard fstat(descriptor.number, &status) == 0 else { return nil }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: return ArtifactDownload(fileName: name, content: .directory(Self.entries(of: descriptor)))
            case S_IFREG:
                let bytes = Self.bytes(of: descriptor, size: Int64(status.st_size), keeping: directory)
                return ArtifactDownload(fileName: name, content: .file(sizeInBytes: Int64(status.st_size), bytes: bytes))
            default: return nil
            }
        }
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(0) && !name.contains("/")
    }

    private static func descriptor(_ root: String, _ path: [String]) -> FileDescriptor? {
        // Nothing that waits for somebody at its other end is opened, and no terminal.
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        var current = FileDescriptor(Glibc.open(root, flags))
        for name in path {
            guard let parent = current else { return nil }
            current = FileDescriptor(openat(parent.number, name, flags))
        }
        return current
    }

    /// Files and directories by name; links and special files are left out.
    private static func entries(of descriptor: FileDescriptor) -> [ArtifactEntry] {
        guard let listing = fdopendir(dup(descriptor.number)) else { return [] }
        defer { closedir(listing) }
        var entries: [ArtifactEntry] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name, name != ".", name != ".." else { continue }
            var status = stat()
            guard fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: entries.append(ArtifactEntry(name: name, isDirectory: true, sizeInBytes: 0))
            case S_IFREG: entries.append(ArtifactEntry(name: name, isDirectory: false, sizeInBytes: Int64(status.st_size)))
            default: continue
            }
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// As many bytes as the file had when it was opened: so many are promised.
    private static func bytes(
        of descriptor: FileDescriptor, size: Int64, keeping directory: ScratchDirectory
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        let reading = FileReading(descriptor, size: size, keeping: directory)
        return AsyncThrowingStream { try await Self.onThreadOfItsOwn { try reading.next(Self.pieceSize) } }
    }

    /// Disks may be slow, and the threads of tasks are few.
    private static func onThreadOfItsOwn<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
    }
}

/// Closed when nobody has it any more.
final class FileDescriptor: Sendable {
    let number: Int32

    /// nil for the answer of a call that failed.
    init?(_ number: Int32) {
        guard number >= 0 else { return nil }
        self.number = number
    }

    deinit { close(self.number) }
}

/// Reads a file from its start to its end.
///
/// `@unchecked` is sound because whoever holds it asks for one piece at a time.
private final class FileReading: @unchecked Sendable {
    private let descriptor: FileDescriptor
    private let directory: ScratchDirectory
    private let size: Int64
    private var position: Int64 = 0

    init(_ descriptor: FileDescriptor, size: Int64, keeping directory: ScratchDirectory) {
        self.descriptor = descriptor
        self.directory = directory
        self.size = size
    }

    /// - Returns: nil at the end.
    /// - Throws: `OperationError` when the file has become shorter.
    func next(_ most: Int) throws -> [UInt8]? {
        let left = self.size - self.position
        if left <= 0 { return nil }
        let wanted = min(most, Int(left))
        let descriptor = self.descriptor.number
        let position = self.position
        let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, wanted, off_t(position)))
        }
        guard !piece.isEmpty else { throw OperationError(.unavailable, "the artifact cannot be read to its end") }
        self.position += Int64(piece.count)
        return piece
    }
}

/// A directory that is removed with everything in it when nobody needs it any more. It need not be there.
final class ScratchDirectory: Sendable {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Writes a file below the directory, in one of its own.
    /// - Returns: its path.
    func write(_ bytes: AsyncThrowingStream<[UInt8], any Error>, to name: String) async throws -> String {
        for directory in [self.path, self.path + "/file"] {
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST || (errno == ENOENT && Self.makeParents(of: directory)) else {
                throw OperationError(.unavailable, "cannot make '\(directory)': \(String(cString: strerror(errno)))")
            }
        }
        let path = "\(self.path)/file/\(name)"
        guard let file = FileDescriptor(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)) else {
            throw OperationError(.unavailable, "cannot write '\(path)': \(String(cString: strerror(errno)))")
        }
        for try await piece in bytes { try Self.write(piece, to: file) }
        return path
    }

    private static func makeParents(of directory: String) -> Bool {
        var path = ""
        for part in directory.split(separator: "/") {
            path += "/" + part
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { return false }
        }
        return true
    }

    private static func write(_ piece: [UInt8], to file: FileDescriptor) throws {
        var written = 0
        while written < piece.count {
            let count = piece[written...].withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let code: OperationError.Code = errno == ENOSPC || errno == EDQUOT ? .storageFull : .unavailable
                throw OperationError(code, "the upload cannot be written: \(String(cString: strerror(errno)))")
            }
            written += count
        }
    }

    deinit {
        // Only packed files lie in it, each in a directory of its own.
        guard let listing = opendir(self.path) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            Self.removeFiles(in: "\(self.path)/\(name)")
        }
        rmdir(self.path)
    }

    private static func removeFiles(in directory: String) {
        guard let listing = opendir(directory) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { unlink("\(directory)/\(name)") }
        }
        rmdir(directory)
    }
}
