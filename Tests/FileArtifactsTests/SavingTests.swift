import Engine
import FileArtifacts
import Foundation
import Ports
import Testing

@Suite struct SavingTests {
    let workspace: Workspace

    init() throws { self.workspace = try Workspace() }

    @Test(arguments: [ArtifactArchive.tar, .zip, .none]) func `a file is moved to its key as it is, whatever its packing`(
        archive: ArtifactArchive
    ) async throws {
        try self.workspace.write("hello", to: "out.txt")
        let artifact = try await self.workspace.save("out.txt", archive: archive)
        #expect(artifact == StoredArtifact(key: "run/3/0/data", fileName: "out.txt", archive: archive, isDirectory: false))
        #expect(
            Tree(self.workspace.stored("run"))
                == .directory(["3": .directory(["0": .directory(["data": .directory(["out.txt": .file("hello")])])])]))
        #expect(Tree(self.workspace.pod("out.txt")) == .nothing)
        #expect(mode(self.workspace.path + "/artifacts") == 0o700)
    }

    @Test func `a directory is moved with all that is in it`() async throws {
        try self.workspace.write("a", to: "out/a")
        try self.workspace.write("b", to: "out/deep/b")
        try FileManager.default.createDirectory(atPath: self.workspace.pod("out/empty"), withIntermediateDirectories: true)
        symlink("deep/b", self.workspace.pod("out/link"))
        let before = Tree(self.workspace.pod("out"))
        let artifact = try await self.workspace.save("out", archive: .none)
        #expect(artifact.isDirectory)
        #expect(Tree(self.workspace.stored("run/3/0/data/out")) == before)
    }

    @Test func `saving again after a crash is harmless`() async throws {
        try self.workspace.write("hello", to: "out.txt")
        let first = try await self.workspace.save("out.txt")
        #expect(try await self.workspace.save("out.txt") == first)
        // Killed between the copy to another file system and the removal of the source.
        try self.workspace.write("hello", to: "out.txt")
        #expect(try await self.workspace.save("out.txt") == first)
        #expect(Tree(self.workspace.pod("out.txt")) == .nothing)
        #expect(Tree(self.workspace.stored("run/3/0/data")) == .directory(["out.txt": .file("hello")]))
    }

    @Test func `a missing artifact is named with its path`() async throws {
        await #expect(throws: ArtifactError(.missing, "artifact 'data' is gone: there is nothing at '\(self.workspace.pod("out.txt"))'")) {
            try await self.workspace.save("out.txt")
        }
        #expect(Tree(self.workspace.stored("run")) == .nothing)
    }

    @Test func `what is neither a file nor a directory is refused`() async throws {
        symlink("/etc/passwd", self.workspace.pod("link"))
        mkfifo(self.workspace.pod("pipe"), 0o600)
        for name in ["link", "pipe"] {
            let path = self.workspace.pod(name)
            await #expect(throws: ArtifactError(.unsupportedFile, "artifact 'data' at '\(path)' is neither a file nor a directory")) {
                try await self.workspace.save(name)
            }
        }
    }

    @Test(arguments: ["", "/run", "run/", "run//x", "run/../x", "..", "run/./x", "run/\u{0}", String(repeating: "x", count: 256)])
    func `a key that is not names between slashes is refused`(key: String) async throws {
        try self.workspace.write("hello", to: "out.txt")
        let expected = ArtifactError(.invalidKey, "'\(key)' is not the key of an artifact: expected names between single slashes")
        await #expect(throws: expected) { try await self.workspace.save("out.txt", key: key) }
        await #expect(throws: expected) {
            try await self.workspace.place(StoredArtifact(key: key, fileName: "out.txt", archive: .tar, isDirectory: false))
        }
        await #expect(throws: expected) { try await self.workspace.store.remove(RunID(key)) }
        #expect(Tree(self.workspace.pod("out.txt")) == .file("hello"))
    }

    @Test(arguments: ["..", "a/b", ""]) func `a file name that is none is refused`(name: String) async throws {
        try self.workspace.write("hello", to: "out.txt")
        let collected = CollectedArtifact(
            name: "data", path: self.workspace.pod("out.txt"), fileName: name, archive: .tar, isDirectory: false)
        await #expect(throws: ArtifactError(.invalidKey, "artifact 'data' has no file name: '\(name)' is not the name of a file")) {
            try await self.workspace.store.save(collected, key: "run/0/0/data")
        }
    }

    @Test func `an artifact on another file system is copied as it is`() async throws {
        let elsewhere = try Workspace.makeTemporary(in: "/dev/shm")
        defer { try? FileManager.default.removeItem(atPath: elsewhere) }
        let source = elsewhere + "/out"
        try FileManager.default.createDirectory(atPath: source + "/sub/empty", withIntermediateDirectories: true)
        try Data("run me".utf8).write(to: URL(fileURLWithPath: source + "/sub/tool"))
        chmod(source + "/sub/tool", 0o755)
        symlink("sub/tool", source + "/link")
        chmod(source + "/sub/empty", 0o500)
        var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)]
        utimensat(AT_FDCWD, source + "/sub/tool", &times, 0)
        // A name that is not UTF-8.
        close(open(Array(source.utf8CString.dropLast()) + [47, -1, -2, 0], O_CREAT | O_WRONLY, 0o600))
        // What an earlier attempt left half done.
        try FileManager.default.createDirectory(
            atPath: self.workspace.stored("run/3/0/data.partial/old"), withIntermediateDirectories: true)

        let collected = CollectedArtifact(name: "data", path: source, fileName: "out", archive: .none, isDirectory: true)
        _ = try await self.workspace.store.save(collected, key: "run/3/0/data")
        let stored = self.workspace.stored("run/3/0/data/out")
        #expect(Tree(stored + "/sub") == .directory(["tool": .file("run me"), "empty": .directory([:])]))
        #expect(Tree(stored + "/link") == .link("sub/tool"))
        #expect(mode(stored + "/sub/tool") == 0o755)
        #expect(mode(stored + "/sub/empty") == 0o500)
        var status = stat()
        #expect(stat(stored + "/sub/tool", &status) == 0)
        #expect(status.st_mtim.tv_sec == 1_000_000_000)
        #expect(lstat(Array(stored.utf8CString.dropLast()) + [47, -1, -2, 0], &status) == 0)
        #expect(Tree(source) == .nothing)
        #expect(Tree(self.workspace.stored("run/3/0/data.partial")) == .nothing)
    }

    @Test func `removing a run removes its artifacts and no others`() async throws {
        try self.workspace.write("a", to: "a/b/c")
        try self.workspace.write("keep", to: "keep")
        try await self.workspace.save("a", key: "run/0/0/a")
        try await self.workspace.save("keep", key: "other/0/0/a")
        symlink(self.workspace.stored("other"), self.workspace.stored("run/0/0/a/a/link"))
        for index in 0..<300 { try Data().write(to: URL(fileURLWithPath: self.workspace.stored("run/0/0/a/a/\(index)"))) }
        chmod(self.workspace.stored("run/0/0/a/a/b"), 0o000)
        try await self.workspace.store.remove(RunID("run"))
        try await self.workspace.store.remove(RunID("run"))
        #expect(
            Tree(self.workspace.path + "/artifacts")
                == .directory(["other": .directory(["0": .directory(["0": .directory(["a": .directory(["keep": .file("keep")])])])])]))
    }

    @Test func `a large directory is kept too`() async throws {
        for index in 0..<100 { try self.workspace.write("\(index)", to: "out/\(index)") }
        try await self.workspace.save("out")
        #expect(Tree(self.workspace.stored("run/3/0/data/out/99")) == .file("99"))
    }

    @Test(.enabled(if: geteuid() == 0, "only root may mount a small disk")) func `a full disk is an error that leaves nothing half done`()
        async throws
    {
        let workspace = try Workspace(disk: "1m")
        try workspace.write("small", to: "small")
        let artifact = try await workspace.save("small", archive: .zip, key: "run/0/0/small")
        try workspace.write(String(repeating: "x", count: 2_000_000), to: "large")
        let partial = workspace.stored("run/1/0/large.partial")
        await #expect(throws: ArtifactError(.storageFull, "cannot write '\(partial)': the disk is full")) {
            try await workspace.save("large", key: "run/1/0/large")
        }
        #expect(Tree(workspace.stored("run/1/0")) == .directory(["large": .directory([:])]))
        #expect(Tree(workspace.pod("large")) != .nothing)
        try Data(repeating: 1, count: 1 << 20).write(to: URL(fileURLWithPath: workspace.scratch + "/filler"))
        let error = await #expect(throws: ArtifactError.self) { try await workspace.place(artifact) }
        #expect(error?.code == .storageFull)
        #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.scratch) == ["filler"])
    }
}
