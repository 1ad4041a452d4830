import Engine
import FileArtifacts
import Glibc
import LocalOperations
import Operations
import Ports
import Synchronization
import TestKit
import Testing
import WorkflowModel

@Suite struct ArtifactOperationsTests {
    let house: House

    init() throws { self.house = try House() }

    /// Carries out a run whose step leaves a directory, packed as `archive` says.
    private func run(_ archive: String = "") async throws -> LocalArtifacts {
        let out = "\(self.house.path)/out"
        try Files.write("one", to: "\(out)/a.txt")
        try Files.write("deep", to: "\(out)/inner/b.txt")
        try Files.write("outside", to: "\(self.house.path)/secret")
        symlink("\(self.house.path)/secret", "\(out)/link")
        symlink(self.house.path, "\(out)/way")
        let runtime = ScriptedRuntime { _ in
            let artifact = CollectedArtifact(
                name: "out", path: out, fileName: "out", archive: archive == "none" ? .none : .tar, isDirectory: true)
            let result = ScriptedRuntime.Ending.exit(0).result
            return ScriptedRuntime.Ending(result, collected: [artifact])
        }
        try await self.house.carryOut(try self.house.flow("build"), by: self.house.starter(runtime))
        return try await self.artifacts()
    }

    private func artifacts() async throws -> LocalArtifacts {
        LocalArtifacts(
            reader: try await self.house.store(), artifacts: FileArtifactStore(dataDirectory: self.house.data),
            resources: try StoreFixture().resources(),
            scratch: "\(self.house.data)/scratch", time: self.house.clock)
    }

    private func query(_ path: [String] = [], isPacked: Bool = false, artifact: String = "out") -> ArtifactQuery {
        ArtifactQuery(namespace: "default", run: "build", node: "build", artifact: artifact, path: path, isPacked: isPacked)
    }

    private func bytes(_ download: ArtifactDownload) async throws -> [UInt8] {
        guard case .file(_, let pieces) = download.content else { return [] }
        var bytes: [UInt8] = []
        for try await piece in pieces { bytes += piece }
        return bytes
    }

    @Test func `a directory is listed without its links, and its files are read`() async throws {
        let artifacts = try await self.run()
        guard case .directory(let entries) = try await artifacts.artifact(self.query()).content else {
            Issue.record("it is no directory")
            return
        }
        #expect(
            entries == [
                ArtifactEntry(name: "a.txt", isDirectory: false, sizeInBytes: 3),
                ArtifactEntry(name: "inner", isDirectory: true, sizeInBytes: 0),
            ])
        let file = try await artifacts.artifact(self.query(["inner", "b.txt"]))
        #expect(file.fileName == "b.txt")
        #expect(try await self.bytes(file) == Array("deep".utf8))
    }

    @Test(arguments: [
        ["link"], ["way"], ["way", "secret"], [".."], ["inner", "..", "a.txt"], ["a.txt", "x"], ["none"], [""], ["inner/b.txt"],
    ])
    func `no path leads out of an artifact`(path: [String]) async throws {
        let artifacts = try await self.run()
        await #expect(throws: OperationError.self) { try await artifacts.artifact(self.query(path)) }
    }

    @Test func `an artifact is packed as its producer says, and nothing of that stays`() async throws {
        let artifacts = try await self.run()
        var packed: ArtifactDownload? = try await artifacts.artifact(self.query(isPacked: true))
        #expect(packed?.fileName == "out.tgz")
        let bytes = try await self.bytes(try #require(packed))
        #expect(Array(bytes.prefix(2)) == [0x1F, 0x8B])
        packed = nil
        #expect(!Files.hasEntries("\(self.house.data)/scratch"))
        let plain = self.query(artifact: "none")
        await #expect(throws: OperationError.self) { try await artifacts.artifact(plain) }
    }

    @Test func `a file that was uploaded is the artifact of a run of its namespace, and of no other`() async throws {
        let fixture = try StoreFixture()
        let resources = fixture.resources()
        let template = manifest(
            "WorkflowTemplate", "etl",
            [
                "spec": [
                    "entrypoint": "main", "arguments": ["artifacts": [["name": "in", "raw": ["data": "none"]]]],
                    "templates": [["name": "main", "container": ["image": "busybox:1.36", "command": ["true"]]]],
                ]
            ])
        _ = try await resources.put([template], .create, namespace: "default", isDryRun: false)
        let artifacts = LocalArtifacts(
            reader: try await self.house.store(), artifacts: FileArtifactStore(dataDirectory: self.house.data), resources: resources,
            scratch: "\(self.house.data)/scratch", time: self.house.clock)
        let pieces = AsyncThrowingStream<[UInt8], any Error> { continuation in
            continuation.yield(Array("1,".utf8))
            continuation.yield(Array("2".utf8))
            continuation.finish()
        }
        let stored = try await artifacts.upload(pieces, fileName: "a.csv", artifact: "in", template: "etl", namespace: "default")
        #expect(stored.key.hasPrefix("uploads/default/") && stored.key.hasSuffix("/a.csv"))
        #expect(!Files.hasEntries("\(self.house.data)/scratch"))
        await #expect(throws: OperationError.self) {
            try await artifacts.upload(AsyncThrowingStream { nil }, fileName: "a", artifact: "other", template: "etl", namespace: "default")
        }

        #expect(try await self.consume(stored.key) == "Succeeded 1,2")
        #expect(try await self.consume(stored.key.replacing("uploads/default/", with: "uploads/team/")).hasPrefix("Error"))
        #expect(try await self.consume("uploads/default/../x/y").hasPrefix("Error"))
    }

    /// Carries out a run that is given the key, and tells how it ended and what its step saw.
    private func consume(_ key: String) async throws -> String {
        let seen = Mutex("")
        let runtime = ScriptedRuntime { launch in
            for input in launch.inputs {
                if case .copyOf(let path) = input.content { seen.withLock { $0 = Files.line(path) } }
            }
            return .exit(0)
        }
        let file = try self.house.file(
            "consume.yaml",
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {generateName: consume-}
            spec:
              entrypoint: main
              arguments: {artifacts: [{name: in, plugin: {name: local, key: \(key)}, archive: {none: {}}}]}
              templates:
              - name: main
                inputs: {artifacts: [{name: in, path: /tmp/in}]}
                container: {image: busybox, command: [run]}
            """)
        let session = try await self.house.starter(runtime).start(RunRequest(files: [file]))
        try await session.wait()
        let phase = await session.workflows()[0]["status"]?["phase"]?.string ?? ""
        return "\(phase) \(seen.withLock { $0 })"
    }
}

extension Files {
    fileprivate static func hasEntries(_ path: String) -> Bool {
        guard let listing = opendir(path) else { return false }
        defer { closedir(listing) }
        var count = 0
        while readdir(listing) != nil { count += 1 }
        return count > 2
    }
}
