import CArchive
import Glibc

/// Whole trees of files: copying, removing, and making them survive a power cut.
enum FileTree {
    /// Makes a directory, with those above it, for its owner only.
    static func makeDirectories(_ path: String) throws {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw FilePlace(path).error("make") }
        try Self.makeDirectories(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FilePlace(path).error("make") }
    }

    // MARK: Copying

    /// Copies a file or a directory with modes, times and symbolic links as they are. `target` must not exist.
    static func copy(_ source: FilePlace, to target: FilePlace) throws {
        guard let status = try source.status() else { throw source.error("copy", ENOENT) }
        switch FileKind(mode: status.st_mode) {
        case .file: try Self.copyFile(source, to: target)
        case .symbolicLink:
            guard symlinkat(try source.target(), target.directory, target.name) == 0 else { throw target.error("make") }
        case .directory: try Self.copyDirectory(source, to: target)
        case .other: throw source.unsupported
        }
        if FileKind(mode: status.st_mode) != .symbolicLink {
            guard fchmodat(target.directory, target.name, status.st_mode & 0o7777, 0) == 0 else { throw target.error("change the mode of") }
        }
        var times = [status.st_atim, status.st_mtim]
        guard utimensat(target.directory, target.name, &times, AT_SYMLINK_NOFOLLOW) == 0 else { throw target.error("change the time of") }
    }

    private static func copyFile(_ source: FilePlace, to target: FilePlace) throws {
        try source.withDescriptor { input in
            try target.withDescriptor(O_WRONLY | O_CREAT | O_EXCL) { output in
                try source.forEachChunk(of: input) { chunk in try target.write(chunk, to: output) }
            }
        }
    }

    private static func copyDirectory(_ source: FilePlace, to target: FilePlace) throws {
        guard mkdirat(target.directory, target.name, 0o700) == 0 else { throw target.error("make") }
        try target.withDescriptor(O_RDONLY | O_DIRECTORY) { directory in
            try source.forEachChild { child in try Self.copy(child, to: target.child(child.name, in: directory)) }
        }
    }

    // MARK: Durability

    private static let syncedOneByOne = 64

    /// Makes a file or directory survive a power cut, together with its name: file by file while there are few, else by writing out the whole
    /// file system, which may wait for what others have written.
    static func sync(_ path: String) throws {
        let place = FilePlace(path)
        var count = 0
        if try !Self.sync(place, count: &count) {
            try place.withDescriptor { file in
                guard syncfs(file) == 0 else { throw place.error("sync") }
            }
        }
        if let slash = path.lastIndex(of: "/") { try Self.syncOne(FilePlace(String(path[..<slash]))) }
    }

    /// - Returns: false when there are too many.
    private static func sync(_ place: FilePlace, count: inout Int) throws -> Bool {
        guard let kind = try place.kind(), kind == .file || kind == .directory else { return true }
        count += 1
        if count > Self.syncedOneByOne { return false }
        if kind == .directory {
            var isComplete = true
            try place.forEachChild { child in
                guard isComplete else { return }
                isComplete = try Self.sync(child, count: &count)
            }
            guard isComplete else { return false }
        }
        try Self.syncOne(place)
        return true
    }

    private static func syncOne(_ place: FilePlace) throws {
        try place.withDescriptor { file in
            guard fsync(file) == 0 else { throw place.error("sync") }
        }
    }

    // MARK: Removing

    /// Removes a file or a directory with everything in it, also where a step took away the permission to. Nothing there is no error.
    static func remove(_ place: FilePlace) throws {
        if unlinkat(place.directory, place.name, 0) == 0 || errno == ENOENT { return }
        let number = errno
        guard try place.kind() == .directory else { throw place.error("remove", number) }
        fchmodat(place.directory, place.name, 0o700, 0)
        try place.forEachChild { child in try Self.remove(child) }
        guard unlinkat(place.directory, place.name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw place.error("remove") }
    }
}
