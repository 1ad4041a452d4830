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

/// Artifacts in memory: the name of each to that of its file.
private struct FakeArtifacts: ArtifactOperations {
    let fileNames: [String: String]

    func artifact(_ query: ArtifactQuery) async throws -> ArtifactDownload {
        guard let name = self.fileNames[query.artifact], query.isPacked else {
            throw OperationError(.notFound, "no artifact '\(query.artifact)'")
        }
        let text = "all of \(query.artifact)"
        return ArtifactDownload(
            fileName: name,
            content: .file(
                sizeInBytes: nil,
                bytes: AsyncThrowingStream { continuation in
                    for byte in text.utf8 { continuation.yield([byte]) }
                    continuation.finish()
                }))
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
        let artifacts = FakeArtifacts(fileNames: ["report": "report.txt", "many": "many.tgz", "evil": "../../evil"])
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

    @Test func `artifacts become files below the directory that is named`() async throws {
        try await self.inDirectory { directory in
            let result = await self.run(["flow", directory + "/out", "--template-name", "make"])
            #expect(result.status == 0)
            let root = directory + "/out/default/flow/flow-1/outputs"
            let report = try SourceTree.text(of: root + "/report/report.txt")
            #expect(report == "all of report")
            #expect(
                result.console.errors == """
                    Created "\(root)/report/report.txt"
                    Created "\(root)/many/many.tgz"

                    """)
        }
    }

    @Test func `the path is what the user makes of it`() async throws {
        try await self.inDirectory { directory in
            let result = await self.run(["flow", directory, "--artifact-name", "report", "--path", "{templateName}-{artifactName}"])
            #expect(result.status == 0)
            let report = try SourceTree.text(of: directory + "/make-report/report.txt")
            #expect(report == "all of report")
        }
    }

    @Test func `a name that leads out of the directory is not taken`() async throws {
        try await self.inDirectory { directory in
            let result = await self.run(["flow", directory, "--artifact-name", "evil", "--path", "here"])
            #expect(result.status == 0)
            #expect(SourceTree.everything(below: directory) == ["here", "here/evil"].map { directory + "/" + $0 })
        }
    }

    @Test func `nothing to copy is an error`() async {
        let result = await self.run(["flow", "/tmp/nowhere", "--artifact-name", "none"])
        #expect(result.status == 1)
        #expect(result.console.errors.contains("has no such artifacts"))
    }
}
