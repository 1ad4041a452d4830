import Dispatch
public import Engine
import Glibc
public import Ports

/// Artifacts as plain files under `<data>/artifacts/<key>/<file name>`.
///
/// However an artifact is declared to be packed, it is kept as the step left it: taking it over is a rename, and giving it to a consumer that
/// wants it unpacked, which is nearly all of them, costs nothing. Only a consumer that asks for the packed form makes this store pack.
public final class FileArtifactStore: ArtifactStore, Sendable {
    private let root: String
    private let limits: ArchiveLimits

    public init(dataDirectory: String, limits: ArchiveLimits = ArchiveLimits()) {
        self.root = dataDirectory + "/artifacts"
        self.limits = limits
    }

    public func save(_ artifact: CollectedArtifact, key: String) async throws -> StoredArtifact {
        let directory = try self.directory(of: key)
        guard Self.isName(artifact.fileName) else {
            throw ArtifactError(
                .invalidKey, "artifact '\(artifact.name)' has no file name: '\(artifact.fileName)' is not the name of a file")
        }
        let target = "\(directory)/\(artifact.fileName)"
        return try await Self.onThreadOfItsOwn {
            try Self.take(artifact, to: target, in: directory)
            let isDirectory = try FilePlace(target).kind() == .directory
            return StoredArtifact(key: key, fileName: artifact.fileName, archive: artifact.archive, isDirectory: isDirectory)
        }
    }

    /// What the consumer gets follows Argo, as if the artifact had been packed by its producer:
    ///
    /// | the producer says | consumer says nothing | `tar` | `zip` | `none` |
    /// |---|---|---|---|---|
    /// | `tar` | the content | the content | error | a gzipped tar |
    /// | `zip` | a zip file | error | the content | a zip file |
    /// | `none` | the content; a gzipped tar is unpacked | unpacked, plain or gzipped | unpacked | the content |
    ///
    /// An archive that unpacks to a single file or directory gives that; any other gives the directory it was unpacked into.
    public func place(_ artifact: StoredArtifact, archive: ArtifactArchive?, scratch: String) async throws -> String {
        let directory = try self.directory(of: artifact.key)
        guard Self.isName(artifact.fileName) else { throw ArtifactError(.invalidKey, "'\(artifact.fileName)' is not the name of a file") }
        let limits = self.limits
        return try await Self.onThreadOfItsOwn {
            let content = try Self.locate(artifact, in: directory)
            switch (artifact.archive, archive) {
            case (.tar, nil), (.tar, .tar), (.zip, .zip), (.none, .some(.none)): return content
            case (.tar, .some(.none)): return try Self.pack(content, as: .gzippedTar, in: scratch)
            case (.zip, nil), (.zip, .some(.none)): return try Self.pack(content, as: .zip, in: scratch)
            case (.none, nil):
                guard try ArchiveReader.isGzippedTar(content) else { return content }
                return try Self.unpack(content, as: .tar, limits, of: artifact, in: scratch)
            case (.none, .tar): return try Self.unpack(content, as: .tar, limits, of: artifact, in: scratch)
            case (.none, .zip): return try Self.unpack(content, as: .zip, limits, of: artifact, in: scratch)
            case (.tar, .zip), (.zip, .tar):
                throw ArtifactError(
                    .wrongArchive,
                    "artifact '\(artifact.key)' is packed as \(artifact.archive.rawValue) by its producer, and 'archive: \(archive?.rawValue ?? "")' asks for another"
                )
            }
        }
    }

    public func holds(_ artifact: StoredArtifact) async -> Bool {
        guard let directory = try? self.directory(of: artifact.key) else { return false }
        return (try? Self.locate(artifact, in: directory)) != nil
    }

    /// Removes everything that was saved under keys of the run. Nothing there is no error.
    public func remove(_ run: RunID) async throws {
        let directory = try self.directory(of: run.text)
        try await Self.onThreadOfItsOwn { try FileTree.remove(FilePlace(directory)) }
    }

    public func remove(_ artifact: StoredArtifact) async throws {
        let directory = try self.directory(of: artifact.key)
        try await Self.onThreadOfItsOwn { try FileTree.remove(FilePlace(directory)) }
    }

    // MARK: Keys

    private func directory(of key: String) throws -> String {
        guard key.split(separator: "/", omittingEmptySubsequences: false).allSatisfy({ Self.isName($0) }) else {
            throw ArtifactError(.invalidKey, "'\(key)' is not the key of an artifact: expected names between single slashes")
        }
        return "\(self.root)/\(key)"
    }

    private static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255 && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }

    // MARK: Saving

    private static func take(_ artifact: CollectedArtifact, to target: String, in directory: String) throws {
        let source = FilePlace(artifact.path)
        let kind = try source.kind()
        // Taken over before, by this process or by one that was killed after; what a copy left behind of the source goes as well.
        if try FilePlace(target).kind() != nil { return try FileTree.remove(source) }
        switch kind {
        case .file, .directory: break
        case .symbolicLink, .other:
            throw ArtifactError(.unsupportedFile, "artifact '\(artifact.name)' at '\(artifact.path)' is neither a file nor a directory")
        case nil: throw ArtifactError(.missing, "artifact '\(artifact.name)' is gone: there is nothing at '\(artifact.path)'")
        }
        try FileTree.makeDirectories(directory)
        if rename(artifact.path, target) == 0 { return try FileTree.sync(target) }
        guard errno == EXDEV else { throw source.error("move") }
        try Self.moveAcross(source, to: target, by: directory + ".partial")
    }

    /// Moves to another file system: a copy under another name first, so that a name in the store always stands for all of its content.
    private static func moveAcross(_ source: FilePlace, to target: String, by partial: String) throws {
        try FileTree.remove(FilePlace(partial))
        try Self.removingOnFailure(partial) {
            try FileTree.copy(source, to: FilePlace(partial))
            try FileTree.sync(partial)
            guard rename(partial, target) == 0 else { throw FilePlace(partial).error("move") }
        }
        try FileTree.sync(target)
        try FileTree.remove(source)
    }

    // MARK: Placing

    private static func locate(_ artifact: StoredArtifact, in directory: String) throws -> String {
        let stored = "\(directory)/\(artifact.fileName)"
        switch try FilePlace(stored).kind() {
        case .file, .directory: break
        case .symbolicLink, .other:
            throw ArtifactError(.unsupportedFile, "artifact '\(artifact.key)' at '\(stored)' is neither a file nor a directory")
        case nil: throw MissingArtifact("artifact '\(artifact.key)' is gone: there is nothing at '\(stored)'")
        }
        guard let subPath = artifact.subPath, !subPath.isEmpty else { return stored }
        let components = subPath.split(separator: "/").filter { $0 != "." }
        guard !components.contains("..") else { throw ArtifactError(.invalidKey, "subPath '\(subPath)' leaves artifact '\(artifact.key)'") }
        var path = stored
        for component in components {
            path += "/" + component
            switch try FilePlace(path).kind() {
            case .file, .directory: continue
            case .symbolicLink, .other:
                throw ArtifactError(
                    .unsupportedFile, "subPath '\(subPath)' of artifact '\(artifact.key)' goes through a symbolic link or a special file")
            case nil: throw MissingArtifact("artifact '\(artifact.key)' has no '\(subPath)'")
            }
        }
        return path
    }

    private static func pack(_ content: String, as format: PackedFormat, in scratch: String) throws -> String {
        let directory = try Self.freshDirectory(in: scratch)
        let name = content[content.index(after: content.lastIndex(of: "/") ?? content.startIndex)...]
        let target = "\(directory)/\(name)\(format.suffix)"
        try Self.removingOnFailure(directory) { try ArchiveWriter.pack(content, to: target, as: format) }
        return target
    }

    private static func unpack(
        _ content: String, as kind: ArtifactArchive, _ limits: ArchiveLimits, of artifact: StoredArtifact, in scratch: String
    ) throws -> String {
        guard try FilePlace(content).kind() == .file else {
            throw ArtifactError(
                .wrongArchive, "artifact '\(artifact.key)' is a directory, and 'archive: \(kind.rawValue)' asks for a \(kind.rawValue) file"
            )
        }
        let fresh = try Self.freshDirectory(in: scratch)
        let directory = fresh + "/content"
        try Self.removingOnFailure(fresh) {
            try FileTree.makeDirectories(directory)
            try ArchiveReader(path: content, kind: kind, name: artifact.key, limits: limits).unpack(into: directory)
        }
        var children: [String] = []
        try FilePlace(directory).forEachChild { child in children.append(child.shown) }
        return children.count == 1 ? children[0] : directory
    }

    private static func freshDirectory(in scratch: String) throws -> String {
        try FileTree.makeDirectories(scratch)
        var template = Array("\(scratch)/artifact-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FilePlace(scratch).error("write in") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What was written half is of no use, and may have filled the disk.
    private static func removingOnFailure(_ path: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            // The first failure is the one to tell; a remainder goes with the pod or the run.
            try? FileTree.remove(FilePlace(path))
            throw error
        }
    }

    /// Files may be large and disks slow, and the threads of Swift's tasks are few.
    private static func onThreadOfItsOwn<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
    }
}
