import Dispatch
import Glibc

/// Names the files of an artifact as an object store names what it holds: no directories, and paths that begin inside it.
struct FileListing: Sendable {
    let mostFiles: Int
    /// Deeper directories are a fault: each level keeps one open.
    private static let deepest = 200

    /// - Throws: `DataFault`.
    func files(at path: String) async throws -> [String] {
        let stopping = Stop()
        return try await withTaskCancellationHandler {
            // Disks may be slow, and the threads of Swift's tasks are few.
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(with: Result { try self.list(path, stopping) }) }
            }
        } onCancel: {
            stopping.set()
        }
    }

    private func list(_ path: String, _ stopping: Stop) throws -> [String] {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw Self.fault("looked at", path) }
        if status.st_mode & S_IFMT == S_IFREG { return [path.split(separator: "/").last.map(String.init) ?? path] }
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { throw Self.fault("listed", path) }
        var walk = Walk(mostFiles: self.mostFiles)
        try walk.directory(directory, prefix: "", depth: 0, stopping)
        return walk.files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func fault(_ what: String, _ path: String) -> DataFault {
        DataFault("'\(path)' cannot be \(what): \(String(cString: strerror(errno)).lowercased())")
    }

    private struct Walk {
        let mostFiles: Int
        var files: [String] = []

        /// - Parameter descriptor: closed here.
        mutating func directory(_ descriptor: CInt, prefix: String, depth: Int, _ stopping: Stop) throws {
            guard let listing = fdopendir(descriptor) else {
                defer { close(descriptor) }
                throw FileListing.fault("listed", prefix)
            }
            defer { closedir(listing) }
            if depth > FileListing.deepest { throw DataFault("'\(prefix)' is more than \(FileListing.deepest) directories deep") }
            while let entry = readdir(listing) {
                if stopping.isSet { throw CancellationError() }
                let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
                let name = String(decoding: bytes, as: UTF8.self)
                if name != ".", name != ".." { try self.add(bytes, prefix + name, in: dirfd(listing), depth, stopping) }
            }
        }

        private mutating func add(_ name: [UInt8], _ shown: String, in parent: CInt, _ depth: Int, _ stopping: Stop) throws {
            let name = name.map { CChar(bitPattern: $0) } + [0]
            var status = stat()
            guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw FileListing.fault("looked at", shown) }
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                guard self.files.count < self.mostFiles else { throw DataFault("the artifact has more than \(self.mostFiles) files") }
                self.files.append(shown)
            case S_IFDIR:
                let child = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard child >= 0 else { throw FileListing.fault("listed", shown) }
                try self.directory(child, prefix: shown + "/", depth: depth + 1, stopping)
            // A link may lead anywhere, and an object store would hold none.
            default: break
            }
        }
    }
}
