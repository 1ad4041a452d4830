import Engine
import FileArtifacts
import Foundation
import Ports
import Testing

@Suite struct PlacingTests {
    let workspace: Workspace

    init() throws { self.workspace = try Workspace() }

    enum Given: Sendable { case content, gzippedTar, zip, refusal }

    static let table: [(producer: ArtifactArchive, consumer: ArtifactArchive?, given: Given)] = [
        (.tar, nil, .content), (.tar, .tar, .content), (.tar, .zip, .refusal), (.tar, ArtifactArchive.none, .gzippedTar),
        (.zip, nil, .zip), (.zip, .tar, .refusal), (.zip, .zip, .content), (.zip, ArtifactArchive.none, .zip),
        (.none, nil, .content), (.none, .tar, .refusal), (.none, .zip, .refusal), (.none, ArtifactArchive.none, .content),
    ]

    @Test(arguments: table, ["file", "directory"])
    func `a consumer gets what it asks for`(row: (producer: ArtifactArchive, consumer: ArtifactArchive?, given: Given), kind: String)
        async throws
    {
        try self.workspace.write("hello", to: kind == "file" ? "out" : "out/sub/hello.txt")
        let content = Tree(self.workspace.pod("out"))
        let artifact = try await self.workspace.save("out", archive: row.producer)
        if row.given == .refusal {
            let error = await #expect(throws: ArtifactError.self) { try await self.workspace.place(artifact, row.consumer) }
            #expect(error?.code == .wrongArchive)
            return
        }
        let path = try await self.workspace.place(artifact, row.consumer)
        switch row.given {
        case .content:
            #expect(path == self.workspace.stored("run/3/0/data/out"))
            #expect(Tree(path) == content)
        case .gzippedTar, .zip:
            #expect(path.hasPrefix(self.workspace.scratch + "/"))
            #expect(path.hasSuffix(row.given == .zip ? "/out.zip" : "/out.tgz"))
            // The packed form, given on as a file of its own, unpacks to the content again.
            let bytes = Array(try #require(FileManager.default.contents(atPath: path)))
            let packed = try await self.workspace.save(bytes, as: "packed")
            let again = try await self.workspace.place(packed, row.given == .zip ? .zip : nil)
            #expect(Tree(again) == content)
            #expect(URL(fileURLWithPath: again).lastPathComponent == "out")
        case .refusal: break
        }
        #expect(Tree(self.workspace.stored("run/3/0/data/out")) == content)
    }

    @Test(arguments: [ArtifactArchive.tar, .zip]) func `packing keeps modes, links, empty directories and names`(archive: ArtifactArchive)
        async throws
    {
        let long = String(repeating: "long", count: 50)
        try self.workspace.write("#!", to: "out/tool")
        try self.workspace.write("π", to: "out/größe/日本語 🚢")
        try self.workspace.write("x", to: "out/\(long)/\(long)")
        try self.workspace.write("", to: "out/nothing")
        try self.workspace.write(String(repeating: "0123456789", count: 100_000), to: "out/large")
        try FileManager.default.createDirectory(atPath: self.workspace.pod("out/empty"), withIntermediateDirectories: true)
        chmod(self.workspace.pod("out/tool"), 0o755)
        chmod(self.workspace.pod("out/empty"), 0o711)
        symlink("größe/日本語 🚢", self.workspace.pod("out/link"))
        symlink("../tool", self.workspace.pod("out/größe/up"))
        let content = Tree(self.workspace.pod("out"))
        let artifact = try await self.workspace.save("out", archive: archive)
        let packed = try await self.workspace.place(artifact, ArtifactArchive.none)
        let bytes = Array(try #require(FileManager.default.contents(atPath: packed)))
        let again = try await self.workspace.place(try await self.workspace.save(bytes, as: "packed"), archive)
        #expect(Tree(again) == content)
        #expect(mode(again + "/tool") == 0o755)
        #expect(mode(again + "/nothing") == 0o644)
        #expect(mode(again + "/empty") == 0o711)
        var (before, after) = (stat(), stat())
        #expect(stat(self.workspace.stored("run/3/0/data/out/tool"), &before) == 0 && stat(again + "/tool", &after) == 0)
        #expect(before.st_mtim.tv_sec == after.st_mtim.tv_sec)
        // The same content packs to the same bytes.
        let twice = try await self.workspace.place(artifact, ArtifactArchive.none)
        #expect(twice != packed)
        #expect(FileManager.default.contents(atPath: twice) == FileManager.default.contents(atPath: packed))
    }

    @Test func `what is packed can be read by tar`() async throws {
        try self.workspace.write("b", to: "out/größe")
        try self.workspace.write("a", to: "out/a")
        let packed = try await self.workspace.place(try await self.workspace.save("out"), ArtifactArchive.none)
        let listing = String(decoding: try output(of: "tar", ["--quoting-style=literal", "-tzf", packed]), as: UTF8.self)
        #expect(listing == "out/\nout/a\nout/größe\n")
    }

    @Test func `a file name that is not UTF-8 survives a tar and is refused by a zip`() async throws {
        try self.workspace.write("a", to: "out/a")
        let name: [CChar] = [47, -1, 120, 0]
        close(open(Array(self.workspace.pod("out").utf8CString.dropLast()) + name, O_CREAT | O_WRONLY, 0o600))
        var artifact = try await self.workspace.save("out")
        let packed = try await self.workspace.place(artifact, ArtifactArchive.none)
        let bytes = Array(try #require(FileManager.default.contents(atPath: packed)))
        let again = try await self.workspace.place(try await self.workspace.save(bytes, as: "packed"))
        var status = stat()
        #expect(lstat(Array(again.utf8CString.dropLast()) + name, &status) == 0)
        artifact.archive = .zip
        await #expect(
            throws: ArtifactError(
                .unsupportedFile,
                "'\(self.workspace.stored("run/3/0/data/out/\u{FFFD}x"))' has a name that is not UTF-8, which a zip file cannot hold")
        ) { try await self.workspace.place(artifact) }
    }

    // MARK: Archives that steps made

    @Test func `a gzipped tar that was not packed by the store is unpacked, a plain tar and a zip are not`() async throws {
        let entries = [HandMade(name: "one", text: "1"), HandMade(name: "two/three", text: "3")]
        let tree = Tree.directory(["one": .file("1"), "two": .directory(["three": .file("3")])])
        let tar = try await self.workspace.save(HandMade.tar(entries), as: "a.tar", key: "run/0/0/a")
        let tgz = try await self.workspace.save(gzipped(HandMade.tar(entries)), as: "a.bin", key: "run/1/0/a")
        let zip = try await self.workspace.save(HandMade.zip(entries), as: "a.zip", key: "run/2/0/a")
        #expect(try await self.workspace.place(tar) == self.workspace.stored("run/0/0/a/a.tar"))
        #expect(Tree(try await self.workspace.place(tgz)) == tree)
        #expect(try await self.workspace.place(zip) == self.workspace.stored("run/2/0/a/a.zip"))
        #expect(Tree(try await self.workspace.place(tar, .tar)) == tree)
        #expect(Tree(try await self.workspace.place(tgz, .tar)) == tree)
        #expect(Tree(try await self.workspace.place(zip, .zip)) == tree)
        #expect(try await self.workspace.place(tgz, ArtifactArchive.none) == self.workspace.stored("run/1/0/a/a.bin"))
        // Packed by its producer as well, a tar is content like any other.
        let inner = try await self.workspace.save(gzipped(HandMade.tar(entries)), as: "b.tgz", archive: .tar, key: "run/3/0/a")
        #expect(try await self.workspace.place(inner) == self.workspace.stored("run/3/0/a/b.tgz"))
    }

    @Test func `a gzip stream that is no tar is content`() async throws {
        for (index, bytes) in [
            try gzipped(Array("just text".utf8)), try gzipped([]), [0x1f, 0x8b], try gzipped([UInt8](repeating: 0, count: 10240)),
        ].enumerated() {
            let artifact = try await self.workspace.save(bytes, as: "a.gz", key: "run/\(index)/0/a")
            #expect(try await self.workspace.place(artifact) == self.workspace.stored("run/\(index)/0/a/a.gz"))
        }
    }

    @Test func `an archive of one entry gives that entry, of several or none a directory`() async throws {
        let one = try await self.workspace.save(
            gzipped(HandMade.tar([HandMade(name: "./top/a", text: "1"), HandMade(name: "top/b", text: "2")])), as: "a", key: "run/0/0/a")
        #expect(Tree(try await self.workspace.place(one)) == .directory(["a": .file("1"), "b": .file("2")]))
        let file = try await self.workspace.save(gzipped(HandMade.tar([HandMade(name: "only", text: "1")])), as: "a", key: "run/1/0/a")
        #expect(Tree(try await self.workspace.place(file)) == .file("1"))
        let none = try await self.workspace.save(HandMade.tar([]), as: "a", key: "run/2/0/a")
        let error = await #expect(throws: ArtifactError.self) { try await self.workspace.place(none, .zip) }
        #expect(error?.code == .wrongArchive)
        let top = try await self.workspace.save(gzipped(HandMade.tar([HandMade(name: "./", type: "5")])), as: "a", key: "run/3/0/a")
        #expect(Tree(try await self.workspace.place(top)) == .directory([:]))
    }

    @Test func `a later entry replaces an earlier one of its name`() async throws {
        let entries = [
            HandMade(name: "a", text: "first"), HandMade(name: "b", text: "kept"), HandMade(name: "a", text: "second"),
            HandMade(name: "c", type: "1", link: "b"), HandMade(name: "d", type: "2", link: "a"), HandMade(name: "d", text: "was a link"),
        ]
        let artifact = try await self.workspace.save(gzipped(HandMade.tar(entries)), as: "a")
        #expect(
            Tree(try await self.workspace.place(artifact))
                == .directory(["a": .file("second"), "b": .file("kept"), "c": .file("kept"), "d": .file("was a link")]))
    }

    @Test func `rights beyond reading, writing and running are not unpacked`() async throws {
        let entries = [
            HandMade(name: "tool", text: "x", mode: 0o6755), HandMade(name: "closed", type: "5", mode: 0o000),
            HandMade(name: "closed/in", text: "y", mode: 0o400),
        ]
        let path = try await self.workspace.place(try await self.workspace.save(gzipped(HandMade.tar(entries)), as: "a"))
        #expect(mode(path + "/tool") == 0o755)
        #expect(mode(path + "/closed") == 0o700)
        #expect(mode(path + "/closed/in") == 0o400)
    }

    // MARK: Archives that mean harm

    static let harmful: [(entries: [HandMade], message: String)] = [
        ([HandMade(name: "../evil", text: "x")], "'../evil' in artifact 'run/4/0/packed' leads outside the directory it is unpacked into"),
        (
            [HandMade(name: "a/../../evil", text: "x")],
            "'a/../../evil' in artifact 'run/4/0/packed' leads outside the directory it is unpacked into"
        ),
        (
            [HandMade(name: "/tmp/evil", text: "x")],
            "'/tmp/evil' in artifact 'run/4/0/packed' leads outside the directory it is unpacked into"
        ),
        (
            [HandMade(name: "link", type: "2", link: "/etc")],
            "symbolic link 'link' in artifact 'run/4/0/packed' to '/etc' leads outside the directory it is unpacked into"
        ),
        (
            [HandMade(name: "a/link", type: "2", link: "../../etc")],
            "symbolic link 'a/link' in artifact 'run/4/0/packed' to '../../etc' leads outside the directory it is unpacked into"
        ),
    ]

    @Test(arguments: harmful, [ArtifactArchive.tar, .zip])
    func `an archive that leads outside is refused`(row: (entries: [HandMade], message: String), archive: ArtifactArchive) async throws {
        let bytes = archive == .zip ? HandMade.zip(row.entries) : HandMade.tar(row.entries)
        let artifact = try await self.workspace.save(bytes, as: "a")
        await #expect(throws: ArtifactError(.unsafeArchive, row.message)) { try await self.workspace.place(artifact, archive) }
        #expect(!FileManager.default.fileExists(atPath: "/tmp/evil"))
        #expect(!FileManager.default.fileExists(atPath: self.workspace.scratch + "/evil"))
    }

    @Test func `an archive that writes through a link it made is refused`() async throws {
        let entries = [
            HandMade(name: "real", type: "5", mode: 0o755), HandMade(name: "link", type: "2", link: "real"),
            HandMade(name: "link/evil", text: "x"),
        ]
        let artifact = try await self.workspace.save(HandMade.tar(entries), as: "a")
        let error = await #expect(throws: ArtifactError.self) { try await self.workspace.place(artifact, .tar) }
        #expect(error?.code == .unsafeArchive)
        #expect(error?.message.hasSuffix("/content/link', which is not a directory") == true)
    }

    @Test func `hard links lead nowhere else either`() async throws {
        for target in ["/etc/passwd", "../outside"] {
            let artifact = try await self.workspace.save(
                HandMade.tar([HandMade(name: "a", type: "1", link: target)]), as: "a", key: "run/\(target.count)/0/a")
            let error = await #expect(throws: ArtifactError.self) { try await self.workspace.place(artifact, .tar) }
            #expect(error?.code == .unsafeArchive)
        }
    }

    @Test(arguments: ["3", "4", "6"] as [Character]) func `devices and pipes are refused`(type: Character) async throws {
        let artifact = try await self.workspace.save(HandMade.tar([HandMade(name: "special", type: type)]), as: "a")
        await #expect(throws: ArtifactError(.unsupportedFile, "'special' in artifact 'run/4/0/packed' is a device, a pipe or a socket")) {
            try await self.workspace.place(artifact, .tar)
        }
    }

    @Test func `an archive that unpacks to more than the limits is refused`() async throws {
        let workspace = try Workspace(limits: ArchiveLimits(entries: 3, bytes: 100_000))
        let many = try await workspace.save(HandMade.tar((0..<4).map { HandMade(name: "\($0)") }), as: "a", key: "run/0/0/many")
        await #expect(throws: ArtifactError(.archiveTooLarge, "artifact 'run/0/0/many' unpacks to more than 3 files")) {
            try await workspace.place(many, .tar)
        }
        let zeros = String(repeating: "\0", count: 60_000)
        let large = try await workspace.save(
            gzipped(HandMade.tar([HandMade(name: "a", text: zeros), HandMade(name: "b", text: zeros)])), as: "a", key: "run/0/0/large")
        await #expect(throws: ArtifactError(.archiveTooLarge, "artifact 'run/0/0/large' unpacks to more than 100000 bytes")) {
            try await workspace.place(large)
        }
        let enough = try await workspace.save(
            gzipped(HandMade.tar([HandMade(name: "a", text: zeros), HandMade(name: "b", text: "")])), as: "a", key: "run/0/0/enough")
        #expect(Tree(try await workspace.place(enough)) == .directory(["a": .file(zeros), "b": .file("")]))
    }

    @Test func `an archive cut anywhere is an error or content, never a crash`() async throws {
        let bytes = try gzipped(
            HandMade.tar([HandMade(name: "a", text: String(repeating: "text ", count: 500)), HandMade(name: "b", text: "b")]))
        let zip = HandMade.zip([HandMade(name: "a", text: String(repeating: "text ", count: 30)), HandMade(name: "b", text: "b")])
        for (kind, whole) in [(ArtifactArchive.tar, bytes), (.zip, zip)] {
            for cut in stride(from: 0, to: whole.count, by: 7) {
                let artifact = try await self.workspace.save(Array(whole[..<cut]), as: "a", key: "run/\(cut)/0/\(kind)")
                do {
                    _ = try await self.workspace.place(artifact, kind)
                } catch {
                    let code = (error as? ArtifactError)?.code
                    #expect(code == .wrongArchive || code == .damagedArchive, "\(error)")
                }
            }
        }
    }

    // MARK: Parts and absence

    @Test func `a subPath selects a part`() async throws {
        try self.workspace.write("1", to: "out/sub/one")
        try self.workspace.write("2", to: "out/two")
        symlink("/etc", self.workspace.pod("out/etc"))
        var artifact = try await self.workspace.save("out")
        let stored = self.workspace.stored("run/3/0/data/out")
        for (subPath, expected) in [("", ""), ("sub", "/sub"), ("/sub/./one/", "/sub/one"), ("two", "/two")] {
            artifact.subPath = subPath
            #expect(try await self.workspace.place(artifact) == stored + expected)
        }
        artifact.subPath = "sub"
        let packed = try await self.workspace.place(artifact, ArtifactArchive.none)
        #expect(try output(of: "tar", ["-tzf", packed]) == Array("sub/\nsub/one\n".utf8))
        for subPath in ["gone/x", "two/x"] {
            artifact.subPath = subPath
            let error = MissingArtifact("artifact 'run/3/0/data' has no '\(subPath)'")
            await #expect(throws: error) { try await self.workspace.place(artifact) }
        }
        for (subPath, error) in [
            ("../../other", ArtifactError(.invalidKey, "subPath '../../other' leaves artifact 'run/3/0/data'")),
            (
                "etc/passwd",
                ArtifactError(
                    .unsupportedFile, "subPath 'etc/passwd' of artifact 'run/3/0/data' goes through a symbolic link or a special file")
            ),
        ] {
            artifact.subPath = subPath
            await #expect(throws: error) { try await self.workspace.place(artifact) }
        }
    }

    @Test func `an artifact that is gone is named with its place`() async throws {
        let artifact = StoredArtifact(key: "run/3/0/data", fileName: "out.txt", archive: .tar, isDirectory: false)
        await #expect(
            throws: MissingArtifact(
                "artifact 'run/3/0/data' is gone: there is nothing at '\(self.workspace.stored("run/3/0/data/out.txt"))'")
        ) { try await self.workspace.place(artifact) }
        // What is there and is no artifact is not missing.
        try self.workspace.write("1", to: "out.txt")
        _ = try await self.workspace.save("out.txt")
        unlink(self.workspace.stored("run/3/0/data/out.txt"))
        symlink("/etc/passwd", self.workspace.stored("run/3/0/data/out.txt"))
        await #expect(
            throws: ArtifactError(
                .unsupportedFile,
                "artifact 'run/3/0/data' at '\(self.workspace.stored("run/3/0/data/out.txt"))' is neither a file nor a directory")
        ) { try await self.workspace.place(artifact) }
    }

    @Test func `what cannot be packed is named`() async throws {
        try self.workspace.write("1", to: "out/one")
        mkfifo(self.workspace.pod("out/pipe"), 0o600)
        let artifact = try await self.workspace.save("out")
        await #expect(
            throws: ArtifactError(
                .unsupportedFile,
                "'\(self.workspace.stored("run/3/0/data/out/pipe"))' is neither a file nor a directory nor a symbolic link, and cannot be part of an artifact"
            )
        ) { try await self.workspace.place(artifact, ArtifactArchive.none) }
    }
}
