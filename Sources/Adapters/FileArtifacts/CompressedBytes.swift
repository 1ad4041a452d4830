import CArchive

/// Unpacks bytes that were compressed as a whole: gzip, zstd and whatever else libarchive reads.
public enum CompressedBytes {
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    private static let blockSize = 1 << 16

    /// - Parameter limit: more bytes than that are refused: a few kilobytes can hold petabytes.
    /// - Throws: `Failure`.
    public static func unpacked(_ bytes: [UInt8], limit: Int = 256 << 20) throws -> [UInt8] {
        guard let archive = archive_read_new() else { throw Failure(description: "out of memory") }
        defer { archive_read_free(archive) }
        archive_read_support_filter_all(archive)
        archive_read_support_format_raw(archive)
        return try bytes.withUnsafeBytes { source in
            var entry: OpaquePointer?
            guard archive_read_open_memory(archive, source.baseAddress, source.count) == ARCHIVE_OK,
                archive_read_next_header(archive, &entry) == ARCHIVE_OK
            else { throw Self.failure(archive) }
            var unpacked: [UInt8] = []
            var block = [UInt8](repeating: 0, count: Self.blockSize)
            while true {
                let count = block.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
                if count == 0 { return unpacked }
                guard count > 0 else { throw Self.failure(archive) }
                unpacked += block[..<Int(count)]
                if unpacked.count > limit { throw Failure(description: "it holds more than \(limit) bytes") }
            }
        }
    }

    private static func failure(_ archive: OpaquePointer) -> Failure {
        Failure(description: archive_error_string(archive).map { String(cString: $0) } ?? "it cannot be unpacked")
    }
}
