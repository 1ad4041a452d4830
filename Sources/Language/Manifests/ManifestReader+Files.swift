import Diagnostics
import Glibc

extension ManifestReader {
    /// Reads what a user named: a file, `-` for standard input, or a directory, searched for `*.yaml`, `*.yml` and `*.json` in all its depth.
    ///
    /// Hidden files and directories are left out of a search, links to directories are not followed.
    /// - Returns: one entry for each file, in the order of their paths; at least one, which says what is wrong when nothing could be read.
    public func readFile(path: String) -> [ManifestFile] {
        if path == "-" { return [self.read(descriptor: STDIN_FILENO, path: path, isOneOfMany: false)] }
        var status = stat()
        guard stat(path, &status) == 0 else { return [self.unreadable(path, errno)] }
        guard status.st_mode & S_IFMT == S_IFDIR else { return [self.readRegularFile(path, isOneOfMany: false)] }
        var search = DirectorySearch()
        search.search(path)
        let files =
            search.files.sorted().map { self.readRegularFile($0, isOneOfMany: true) }
            + search.failures.map { self.unreadable($0.path, $0.code) }
        guard files.isEmpty else { return files }
        let diagnostic = Diagnostic(.fileNotFound, file: path, message: "there is no .yaml, .yml or .json file in this directory")
        return [ManifestFile(file: path, diagnostics: [diagnostic])]
    }

    private func readRegularFile(_ path: String, isOneOfMany: Bool) -> ManifestFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return self.unreadable(path, errno) }
        defer { close(descriptor) }
        return self.read(descriptor: descriptor, path: path, isOneOfMany: isOneOfMany)
    }

    private func read(descriptor: Int32, path: String, isOneOfMany: Bool) -> ManifestFile {
        let checker = TextChecker(file: path, limits: self.limits)
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) > self.limits.fileBytes {
            return ManifestFile(file: path, diagnostics: [checker.tooLarge(count: Int(status.st_size)).diagnostic])
        }
        switch Self.bytes(of: descriptor, atMost: self.limits.fileBytes) {
        case .success(let bytes?): return self.read(file: path, bytes: bytes, isOneOfMany: isOneOfMany)
        case .success(nil): return ManifestFile(file: path, diagnostics: [checker.tooLarge(count: nil).diagnostic])
        case .failure(let error): return self.unreadable(path, error.code)
        }
    }

    private struct SystemError: Error {
        let code: Int32
    }

    /// Reads to the end, however the bytes come (a pipe has no size).
    /// - Returns: nil when there are more than `limit`.
    private static func bytes(of descriptor: Int32, atMost limit: Int) -> Result<[UInt8]?, SystemError> {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return .success(bytes) }
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(SystemError(code: errno))
            }
            if bytes.count + count > limit { return .success(nil) }
            bytes += buffer[..<count]
        }
    }

    private func unreadable(_ path: String, _ code: Int32) -> ManifestFile {
        let diagnostic =
            code == ENOENT || code == ENOTDIR
            ? Diagnostic(.fileNotFound, file: path, message: "there is no such file")
            : Diagnostic(.fileUnreadable, file: path, message: "this file cannot be read: \(String(cString: strerror(code)).lowercased())")
        return ManifestFile(file: path, diagnostics: [diagnostic])
    }
}

/// Finds the manifests below a directory.
private struct DirectorySearch {
    private(set) var files: [String] = []
    private(set) var failures: [(path: String, code: Int32)] = []

    mutating func search(_ directory: String) {
        guard let stream = opendir(directory) else { return self.failures.append((directory, errno)) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        closedir(stream)
        for name in names { self.add(directory.hasSuffix("/") ? directory + name : directory + "/" + name) }
    }

    private mutating func add(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return self.failures.append((path, errno)) }
        if status.st_mode & S_IFMT == S_IFDIR { return self.search(path) }
        guard [".yaml", ".yml", ".json"].contains(where: path.hasSuffix) else { return }
        // What a link leads to, so that a directory is not taken for a file.
        guard stat(path, &status) == 0 else { return self.failures.append((path, errno)) }
        if status.st_mode & S_IFMT == S_IFREG { self.files.append(path) }
    }
}
