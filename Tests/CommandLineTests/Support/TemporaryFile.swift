#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file that is removed with its owner.
final class TemporaryFile {
    let path: String

    init(_ text: String) throws {
        var template = Array("/tmp/skiff-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Failure() }
        defer { close(descriptor) }
        self.path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Failure() }
    }

    deinit { unlink(self.path) }

    struct Failure: Error {}
}
