import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Artifacts in memory: a name to a file's text, or to a directory's files.
private struct FakeArtifacts: ArtifactOperations {
    enum Artifact {
        case file(String, String)
        case directory([String: String])
    }
    let all: [String: Artifact]

    func artifact(_ query: ArtifactQuery) async throws -> ArtifactDownload {
        switch self.all[query.artifact] {
        case .file(let name, let text)?: return ArtifactDownload(fileName: name, content: Self.file(text))
        case .directory(let files)?:
            if let name = query.path.first { return ArtifactDownload(fileName: name, content: Self.file(files[name] ?? "")) }
            let entries = files.keys.sorted().map { ArtifactEntry(name: $0, isDirectory: false, sizeInBytes: 1) }
            return ArtifactDownload(fileName: query.artifact, content: .directory(entries))
        case nil: throw OperationError(.notFound, "no artifact '\(query.artifact)'")
        }
    }

    private static func file(_ text: String) -> ArtifactDownload.Content {
        .file(
            sizeInBytes: nil,
            bytes: AsyncThrowingStream { continuation in
                for byte in text.utf8 { continuation.yield([byte]) }
                continuation.finish()
            })
    }

    func upload(
        _ bytes: AsyncThrowingStream<[UInt8], any Error>, fileName: String, artifact: String, template: String, namespace: String
    ) async throws -> UploadedArtifact { throw OperationError(.invalid, "nothing is uploaded here") }
}

@Suite struct CopyTests {
    private static var flow: JSONValue {
        var flow = SampleFlow()
        flow.add("flow", "flow", "DAG", more: ["outputs": ["artifacts": [["name": "report"]]]])
        flow.add(
            "flow.make", "make", "Pod", template: "make", in: "flow", after: ["flow"],
            more: ["outputs": ["artifacts": [["name": "report"], ["name": "many"]]]])
        flow.add("flow.other", "other", "Pod", template: "other", more: ["outputs": ["artifacts": [["name": "evil"]]]])
        return flow.workflow()
    }

    private func run(_ arguments: [String]) async -> (status: Int32, console: TestConsole) {
        let artifacts = FakeArtifacts(all: [
            "report": .file("report.txt", "all is well"), "many": .directory(["a": "1", "b": "2"]), "evil": .directory(["../x": "no"]),
        ])
        let console = TestConsole()
        let operations = FakeOperations(objects: [Self.flow])
        let context = CommandLineContext(
            openOperations: { _ in operations }, openStarter: { _ in FakeStarter() }, openArtifacts: { _ in artifacts }, version: "1",
            console: console.console)
        return (await SkiffCommandLine.run(arguments: ["cp"] + arguments, context: context), console)
    }

    private func inDirectory(_ body: (String) async throws -> Void) async throws {
        var template = Array("/tmp/skiff-cp-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        try await body(directory)
        for path in SourceTree.everything(below: directory).reversed() { remove(path) }
        remove(directory)
    }

    @Test func `artifacts become files and directories below the one that is named`() async throws {
        try await self.inDirectory { directory in
            let result = await self.run(["flow", directory + "/out", "--template-name", "make"])
            #expect(result.status == 0)
            let root = directory + "/out/default/flow/flow-1/outputs"
            let report = try SourceTree.text(of: root + "/report/report.txt")
            #expect(report == "all is well")
            let second = try SourceTree.text(of: root + "/many/b")
            #expect(second == "2")
            #expect(
                result.console.errors == """
                    Created "\(root)/report/report.txt"
                    Created "\(root)/many/a"
                    Created "\(root)/many/b"

                    """)
        }
    }

    @Test func `the path is what the user makes of it`() async throws {
        try await self.inDirectory { directory in
            let result = await self.run(["flow", directory, "--artifact-name", "report", "--path", "{templateName}-{artifactName}"])
            #expect(result.status == 0)
            let named = try SourceTree.text(of: directory + "/make-report/report.txt")
            #expect(named == "all is well")
        }
    }

    @Test func `a name that leads out of the directory is refused`() async throws {
        try await self.inDirectory { directory in
            let result = await self.run(["flow", directory, "--artifact-name", "evil"])
            #expect(result.status == 2)
            #expect(result.console.errors.contains("'../x' cannot be the name of a file"))
        }
    }

    @Test func `nothing to copy is an error`() async {
        let result = await self.run(["flow", "/tmp/nowhere", "--artifact-name", "none"])
        #expect(result.status == 1)
        #expect(result.console.errors.contains("has no such artifacts"))
    }
}
