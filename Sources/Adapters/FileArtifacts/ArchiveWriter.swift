import CArchive
import Glibc

enum PackedFormat {
    case gzippedTar, zip
    var suffix: String {
        switch self {
        case .gzippedTar: ".tgz"
        case .zip: ".zip"
        }
    }
}

/// Packs a file or directory of the store. The same content gives the same bytes: names are in order, owners and the time of packing left out.
enum ArchiveWriter {
    static func pack(_ content: String, to target: String, as format: PackedFormat) throws {
        guard let archive = archive_write_new() else { throw ArtifactError(.unavailable, "cannot write an archive: out of memory") }
        defer { archive_write_free(archive) }
        try UTF8Locale.run {
            try Self.configure(archive, as: format, target: target)
            let place = FilePlace(content)
            let name = content.utf8CString.split(separator: CChar(UInt8(ascii: "/"))).last.map { Array($0) } ?? place.name
            try Self.add(place, named: name, to: archive, as: format)
            try Self.check(archive_write_close(archive), archive)
        }
    }

    private static func configure(_ archive: OpaquePointer, as format: PackedFormat, target: String) throws {
        switch format {
        case .gzippedTar:
            try Self.check(archive_write_add_filter_gzip(archive), archive)
            try Self.check(archive_write_set_filter_option(archive, "gzip", "timestamp", nil), archive)
            // The format that takes names as bytes, of any length.
            try Self.check(archive_write_set_format_gnutar(archive), archive)
        case .zip: try Self.check(archive_write_set_format_zip(archive), archive)
        }
        try Self.check(archive_write_set_bytes_in_last_block(archive, 1), archive)
        try Self.check(archive_write_open_filename(archive, target), archive)
    }

    /// - Parameter name: the path inside the archive, with a NUL at the end.
    private static func add(_ place: FilePlace, named name: [CChar], to archive: OpaquePointer, as format: PackedFormat) throws {
        if format == .zip, String(validating: name.map { UInt8(bitPattern: $0) }, as: UTF8.self) == nil {
            throw ArtifactError(.unsupportedFile, "'\(place.shown)' has a name that is not UTF-8, which a zip file cannot hold")
        }
        guard let status = try place.status() else { throw place.error("pack", ENOENT) }
        guard let entry = archive_entry_new() else { throw ArtifactError(.unavailable, "cannot write an archive: out of memory") }
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, name)
        archive_entry_set_mode(entry, status.st_mode)
        archive_entry_set_mtime(entry, status.st_mtim.tv_sec, 0)
        switch FileKind(mode: status.st_mode) {
        case .file: try Self.addFile(place, entry, to: archive)
        case .symbolicLink:
            archive_entry_set_symlink(entry, try place.target())
            try Self.check(archive_write_header(archive, entry), archive)
        case .directory:
            try Self.check(archive_write_header(archive, entry), archive)
            try place.forEachChild { child in
                try Self.add(child, named: name.dropLast() + [CChar(UInt8(ascii: "/"))] + child.name, to: archive, as: format)
            }
        case .other: throw place.unsupported
        }
    }

    private static func addFile(_ place: FilePlace, _ entry: OpaquePointer, to archive: OpaquePointer) throws {
        try place.withDescriptor { file in
            var status = stat()
            guard fstat(file, &status) == 0 else { throw place.error("read") }
            archive_entry_set_size(entry, Int64(status.st_size))
            try Self.check(archive_write_header(archive, entry), archive)
            try place.forEachChunk(of: file) { chunk in
                guard archive_write_data(archive, chunk.baseAddress, chunk.count) == chunk.count else { throw Self.failure(archive) }
            }
        }
    }

    private static func check(_ result: CInt, _ archive: OpaquePointer) throws {
        // A warning is about a name that is not of the locale and is written as its bytes.
        guard result == ARCHIVE_OK || result == ARCHIVE_WARN else { throw Self.failure(archive) }
    }

    private static func failure(_ archive: OpaquePointer) -> ArtifactError {
        let cause = archive_error_string(archive).map { String(cString: $0).lowercased() } ?? "unknown cause"
        if archive_errno(archive) == ENOSPC || archive_errno(archive) == EDQUOT {
            return ArtifactError(.storageFull, "cannot pack an artifact: the disk is full")
        }
        return ArtifactError(.unavailable, "cannot pack an artifact: \(cause)")
    }
}
