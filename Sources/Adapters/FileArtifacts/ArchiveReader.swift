import CArchive
import Engine
import Glibc

/// How much an archive may unpack to. A few kilobytes can hold petabytes.
public struct ArchiveLimits: Sendable, Equatable {
    public var entries: Int
    /// Of all files together.
    public var bytes: Int64
    public init(entries: Int = 1_000_000, bytes: Int64 = 64 << 30) {
        self.entries = entries
        self.bytes = bytes
    }
}

/// Unpacks a tar, gzipped or not, or a zip that a step made: input that is not to be trusted.
struct ArchiveReader {
    let path: String
    let kind: ArtifactArchive
    /// The artifact, for error messages.
    let name: String
    let limits: ArchiveLimits

    /// True for a gzip stream that begins with a tar header. Anything shorter or other is content, not an archive.
    static func isGzippedTar(_ path: String) throws -> Bool {
        guard try FilePlace(path).kind() == .file else { return false }
        let reader = ArchiveReader(path: path, kind: .tar, name: path, limits: ArchiveLimits())
        return try reader.withArchive { archive in
            var entry: OpaquePointer?
            guard archive_read_open_filename(archive, path, Self.blockSize) == ARCHIVE_OK else { return false }
            let result = archive_read_next_header(archive, &entry)
            return (result == ARCHIVE_OK || result == ARCHIVE_WARN) && archive_filter_code(archive, 0) == Self.gzip
        }
    }

    private static let blockSize = 1 << 16
    /// libarchive's ARCHIVE_FILTER_GZIP.
    private static let gzip: CInt = 1

    /// - Throws: `wrongArchive`, `damagedArchive`, `unsafeArchive`, `archiveTooLarge`; what was unpacked by then stays in `directory`.
    func unpack(into directory: String) throws {
        let target = FilePlace(directory)
        try target.withDescriptor(O_RDONLY | O_DIRECTORY) { descriptor in
            var unpacking = Unpacking(root: descriptor, shown: directory, archive: self.name)
            try self.withArchive { archive in
                guard archive_read_open_filename(archive, self.path, Self.blockSize) == ARCHIVE_OK else { throw self.wrong(archive) }
                try self.unpackEntries(of: archive, to: &unpacking)
            }
            try unpacking.finish()
        }
    }

    private func withArchive<Value>(_ body: (OpaquePointer) throws -> Value) throws -> Value {
        guard let archive = archive_read_new() else { throw ArtifactError(.unavailable, "cannot read an archive: out of memory") }
        defer { archive_read_free(archive) }
        switch self.kind {
        case .tar:
            archive_read_support_filter_gzip(archive)
            archive_read_support_format_tar(archive)
        case .zip: archive_read_support_format_zip(archive)
        case .none: preconditionFailure("'archive: none' is nothing to unpack")
        }
        return try UTF8Locale.run { try body(archive) }
    }

    private func unpackEntries(of archive: OpaquePointer, to unpacking: inout Unpacking) throws {
        var entries = 0
        var bytes: Int64 = 0
        while true {
            var entry: OpaquePointer?
            let result = archive_read_next_header(archive, &entry)
            if result == ARCHIVE_EOF { return }
            guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let entry else {
                throw entries == 0 ? self.wrong(archive) : self.damaged(archive)
            }
            entries += 1
            if entries > self.limits.entries { throw self.tooLarge("more than \(self.limits.entries) files") }
            guard let file = try unpacking.begin(ArchivedFile(entry, of: self.name)) else { continue }
            defer { close(file.descriptor) }
            bytes += try self.copyContent(of: archive, to: file, atMost: self.limits.bytes - bytes)
            try unpacking.end(file)
        }
    }

    private func copyContent(of archive: OpaquePointer, to file: Unpacking.OpenFile, atMost limit: Int64) throws -> Int64 {
        var end: Int64 = 0
        while true {
            var block: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let result = archive_read_data_block(archive, &block, &count, &offset)
            if result == ARCHIVE_EOF { break }
            guard result == ARCHIVE_OK || result == ARCHIVE_WARN else { throw self.damaged(archive) }
            end = max(end, offset + Int64(count))
            // Sparse files count with their holes, which the next copy would fill.
            guard end <= limit else { throw self.tooLarge("more than \(self.limits.bytes) bytes") }
            try file.place.write(UnsafeRawBufferPointer(start: block, count: count), to: file.descriptor, at: offset)
        }
        guard end <= limit, file.size <= limit else { throw self.tooLarge("more than \(self.limits.bytes) bytes") }
        end = max(end, file.size)
        guard ftruncate(file.descriptor, Int(end)) == 0 else { throw file.place.error("write") }
        return end
    }

    private func wrong(_ archive: OpaquePointer) -> ArtifactError {
        ArtifactError(
            .wrongArchive,
            "artifact '\(self.name)' is not a \(self.kind.rawValue) file, as 'archive: \(self.kind.rawValue)' says (\(Self.cause(archive)))"
        )
    }

    private func damaged(_ archive: OpaquePointer) -> ArtifactError {
        ArtifactError(.damagedArchive, "artifact '\(self.name)' cannot be unpacked: \(Self.cause(archive))")
    }

    private func tooLarge(_ what: String) -> ArtifactError { ArtifactError(.archiveTooLarge, "artifact '\(self.name)' unpacks to \(what)") }

    private static func cause(_ archive: OpaquePointer) -> String {
        archive_error_string(archive).map { String(cString: $0).lowercased() } ?? "unknown format"
    }
}

/// An entry of an archive, checked: every path in it stays inside.
struct ArchivedFile {
    enum Content {
        case file(size: Int64)
        case directory
        case symbolicLink(target: [CChar])
        /// To a file that came before.
        case hardLink(target: [[CChar]])
    }

    /// Names from the top of the archive, each with a NUL at its end; empty for the top itself.
    let components: [[CChar]]
    let content: Content
    /// Permission bits only: who unpacks hands out no other user's rights.
    let mode: mode_t
    let modified: timespec

    init(_ entry: OpaquePointer, of archive: String) throws {
        guard let name = archive_entry_pathname(entry) ?? archive_entry_pathname_utf8(entry) else {
            throw ArtifactError(.damagedArchive, "artifact '\(archive)' holds a file without a name")
        }
        let shown = String(cString: name)
        self.components = try Self.components(of: name, shown: shown, archive)
        self.mode = archive_entry_perm(entry) & 0o777
        self.modified = timespec(tv_sec: archive_entry_mtime(entry), tv_nsec: archive_entry_mtime_nsec(entry))
        if let target = archive_entry_hardlink(entry) {
            self.content = .hardLink(target: try Self.components(of: target, shown: shown, archive))
            return
        }
        switch FileKind(mode: archive_entry_filetype(entry)) {
        case .file: self.content = .file(size: archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0)
        case .directory: self.content = .directory
        case .symbolicLink:
            guard let target = archive_entry_symlink(entry) ?? archive_entry_symlink_utf8(entry) else {
                throw ArtifactError(.damagedArchive, "symbolic link '\(shown)' in artifact '\(archive)' has no target")
            }
            try Self.checkStaysInside(target, from: self.components.count - 1, shown: shown, archive)
            self.content = .symbolicLink(target: Array(UnsafeBufferPointer(start: target, count: strlen(target) + 1)))
        case .other: throw ArtifactError(.unsupportedFile, "'\(shown)' in artifact '\(archive)' is a device, a pipe or a socket")
        }
    }

    private static func parts(_ path: UnsafePointer<CChar>) -> [ArraySlice<CChar>] {
        let bytes = Array(UnsafeBufferPointer(start: path, count: strlen(path)))
        return bytes.split(separator: CChar(UInt8(ascii: "/"))).filter { $0 != [CChar(UInt8(ascii: "."))] }
    }

    private static let parent = [CChar](repeating: CChar(UInt8(ascii: ".")), count: 2)

    private static func components(of path: UnsafePointer<CChar>, shown: String, _ archive: String) throws -> [[CChar]] {
        let parts = Self.parts(path)
        guard path.pointee != CChar(UInt8(ascii: "/")), !parts.contains(where: { Array($0) == Self.parent }) else {
            throw Self.escape("'\(shown)' in artifact '\(archive)'")
        }
        return parts.map { Array($0) + [0] }
    }

    /// - Parameter depth: how many directories below the top the link lies.
    private static func checkStaysInside(_ target: UnsafePointer<CChar>, from depth: Int, shown: String, _ archive: String) throws {
        var depth = target.pointee == CChar(UInt8(ascii: "/")) ? -1 : depth
        for part in Self.parts(target) where depth >= 0 { depth += Array(part) == Self.parent ? -1 : 1 }
        if depth < 0 { throw Self.escape("symbolic link '\(shown)' in artifact '\(archive)' to '\(String(cString: target))'") }
    }

    private static func escape(_ what: String) -> ArtifactError {
        ArtifactError(.unsafeArchive, "\(what) leads outside the directory it is unpacked into")
    }
}

/// Runs libarchive with UTF-8 names, where the system has such a locale; without it names pass through as bytes.
///
/// The locale is the thread's own for that time: the rest of the process keeps the plain one.
enum UTF8Locale {
    // Sound because it is made once and never changed or freed.
    private nonisolated(unsafe) static let locale = newlocale(CInt(1 << LC_CTYPE), "C.UTF-8", nil)

    static func run<Value>(_ body: () throws -> Value) rethrows -> Value {
        guard let locale = Self.locale else { return try body() }
        let former = uselocale(locale)
        defer { uselocale(former) }
        return try body()
    }
}
