#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Small files in which the system tells about itself.
enum SystemFile {
    private static let longest = 16 << 10

    /// - Returns: nil when there is no such file.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.longest)
        let count = systemRead(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

/// `read` of the C library, where a method of that name is in the way.
private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int { read(descriptor, bytes, count) }
