import Glibc

/// A log on its way to becoming an artifact.
final class PlainLog: @unchecked Sendable {
    // Sound because one task writes it, from line to line.
    private var file: UnsafeMutablePointer<FILE>?
    private let path: String

    init(path: String) throws(LocalRuntimeError) {
        self.path = path
        self.file = fopen(path, "we")
        if self.file == nil { throw self.failure }
    }

    deinit { if let file = self.file { fclose(file) } }

    func write(_ text: String) throws(LocalRuntimeError) {
        guard let file = self.file, fputs(text, file) >= 0 else { throw self.failure }
    }

    func finish() throws(LocalRuntimeError) {
        guard let file = self.file else { return }
        self.file = nil
        guard fclose(file) == 0 else { throw self.failure }
    }

    private var failure: LocalRuntimeError { .dataDirectory(path: self.path, reason: errorText(errno)) }
}
