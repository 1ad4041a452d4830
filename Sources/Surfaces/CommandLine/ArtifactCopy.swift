import Operations

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// One artifact on its way to a file.
struct ArtifactCopy {
    let query: ArtifactQuery
    /// Directory for the file.
    let target: FileTarget
    let artifacts: any ArtifactOperations

    /// - Returns: the path of the file.
    func write() async throws -> String {
        let download = try await self.artifacts.artifact(self.query)
        guard case .file(_, let bytes) = download.content else {
            throw OperationError(.internalFault, "artifact '\(self.query.artifact)' came as a directory, expected it packed")
        }
        let name = FileTarget.isName(download.fileName) ? download.fileName : self.query.artifact
        let file = try self.target.below(name)
        try await file.write(bytes)
        return file.path
    }
}

/// A file to make, or the directory for it, below the one that the user named.
struct FileTarget {
    let path: String

    private init(path: String) { self.path = path }

    /// - Parameter place: path below the directory, from the user too.
    init(_ directory: String, _ place: String) throws {
        self.path = directory + "/" + place
    }

    /// - Throws: `OperationError.invalid` for what is no plain name: it comes from a run, or from a server.
    func below(_ name: String) throws -> FileTarget {
        guard Self.isName(name) else {
            throw OperationError(.invalid, "'\(TerminalText.safe(name))' cannot be the name of a file of an artifact")
        }
        return FileTarget(path: self.path + "/" + name)
    }

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && !text.utf8.contains(UInt8(ascii: "/")) && !text.utf8.contains(0)
    }

    /// Makes the directory and those above it.
    func makeDirectory() throws {
        var made = self.path.hasPrefix("/") ? "" : "."
        for part in self.path.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o777) != 0, errno != EEXIST { throw self.trouble(made) }
        }
    }

    /// Writes beside the file and puts it in its place when it is whole.
    func write(_ bytes: AsyncThrowingStream<[UInt8], any Error>) async throws {
        if let slash = self.path.utf8.lastIndex(of: UInt8(ascii: "/")) { try FileTarget(path: String(self.path[..<slash])).makeDirectory() }
        let partial = self.path + ".partial"
        // A link that somebody has put there is not followed.
        unlink(partial)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw self.trouble(partial) }
        do { for try await chunk in bytes { try self.write(chunk, to: descriptor) } } catch {
            close(descriptor)
            unlink(partial)
            throw error
        }
        // Only now a full disk may show.
        guard close(descriptor) == 0, rename(partial, self.path) == 0 else {
            let trouble = self.trouble(self.path)
            unlink(partial)
            throw trouble
        }
    }

    private func write(_ chunk: [UInt8], to descriptor: Int32) throws {
        try chunk.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw self.trouble(self.path) }
                rest = rest.dropFirst(count)
            }
        }
    }

    private func trouble(_ path: String) -> OperationError {
        OperationError(.unavailable, "cannot write '\(path)': \(String(cString: strerror(errno)).lowercased())")
    }
}

/// The C function, out of reach of the members of the same name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
