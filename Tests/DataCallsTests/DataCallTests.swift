import Engine
import Foundation
import Ports
import Testing
import WorkflowModel

@testable import DataCalls

private struct StoppedClock: TimeSource {
    func now() -> Timestamp { Timestamp(milliseconds: 1_700_000_000_000) }
    func sleep(until: Timestamp) async throws {}
}

/// A directory with files, for as long as this lives.
private final class Tree {
    let root: URL

    init(_ files: [String]) throws {
        self.root = FileManager.default.temporaryDirectory.appendingPathComponent("skiff-data-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.root, withIntermediateDirectories: true)
        for file in files {
            let place = self.root.appendingPathComponent(file)
            try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: place)
        }
    }

    deinit { try? FileManager.default.removeItem(at: self.root) }
}

@Suite struct DataCallTests {
    private static func run(
        _ content: PlacedInput.Content?, _ transformation: [String] = [], mostFiles: Int = 100
    ) async -> CallResult {
        let stored = StoredArtifact(key: "k", fileName: "files", archive: .tar, isDirectory: true)
        let source = ArtifactInput(name: "files", path: "", source: .stored(stored), isOptional: true)
        let request = CallRequest(
            id: PodID(run: RunID("0192"), node: NodeID(1), attempt: 0),
            kind: .data(DataCall(source: content == nil ? nil : source, transformation: transformation)), namespace: "default",
            workflow: "flow", workflowUID: "0192", templateName: "list")
        let inputs = content.map { [PlacedInput(name: "files", path: "", content: $0)] } ?? []
        return await DataCallRunner(time: StoppedClock(), mostFiles: mostFiles).carryOut(
            CallLaunch(request: request, inputs: inputs, secrets: [:]))
    }

    @Test func `files are listed with their paths inside the artifact, in the order of their bytes`() async throws {
        let tree = try Tree(["b.txt", "a/z.pdf", "a/b/c.pdf", "Z"])
        try FileManager.default.createDirectory(at: tree.root.appendingPathComponent("empty"), withIntermediateDirectories: false)
        let result = await Self.run(.copyOf(localPath: tree.root.path))
        #expect(result.end == .succeeded(message: ""))
        #expect(result.result == #"["Z","a/b/c.pdf","a/z.pdf","b.txt"]"#)
    }

    @Test func `links are not listed, wherever they lead`() async throws {
        let tree = try Tree(["a"])
        for (name, target) in [("file", "/etc/passwd"), ("directory", "/etc"), ("loop", ".")] {
            try FileManager.default.createSymbolicLink(atPath: tree.root.path + "/" + name, withDestinationPath: target)
        }
        #expect(await Self.run(.copyOf(localPath: tree.root.path)).result == #"["a"]"#)
    }

    @Test func `an artifact that is one file is a list of its name`() async throws {
        let tree = try Tree(["only.csv"])
        #expect(await Self.run(.copyOf(localPath: tree.root.path + "/only.csv")).result == #"["only.csv"]"#)
    }

    @Test func `each expression is given what the one before made`() async throws {
        let tree = try Tree(["a.pdf", "b.txt", "c.pdf"])
        let result = await Self.run(.copyOf(localPath: tree.root.path), ["filter(data, {# endsWith '.pdf'})", "map(data, {# + '.ocr'})"])
        #expect(result.result == #"["a.pdf.ocr","c.pdf.ocr"]"#)
        #expect(await Self.run(.copyOf(localPath: tree.root.path), ["len(data)"]).result == "3")
    }

    @Test func `an optional artifact that is not there is an empty list`() async {
        #expect(await Self.run(nil).result == "[]")
    }

    @Test func `what cannot be listed or computed fails, and says what`() async throws {
        #expect(await Self.run(.text("raw")).end == .failed(message: "artifact 'files' is raw data, and only files can be listed"))
        #expect(
            await Self.run(.copyOf(localPath: "/nowhere")).end
                == .failed(message: "'/nowhere' cannot be looked at: no such file or directory"))
        let tree = try Tree(["a", "b", "c"])
        #expect(
            await Self.run(.copyOf(localPath: tree.root.path), mostFiles: 2).end == .failed(message: "the artifact has more than 2 files"))
        guard case .failed(let message) = await Self.run(.copyOf(localPath: tree.root.path), ["data", "nosuch(data)"]).end else {
            Issue.record("it did not fail")
            return
        }
        #expect(message.hasPrefix("expression 2 of the transformation, 'nosuch(data)', fails: "))
    }

    @Test func `a result that is too large fails rather than being cut`() async throws {
        let tree = try Tree(["a"])
        let result = await Self.run(.copyOf(localPath: tree.root.path), ["repeat('x', 600000) + repeat('y', 600000)"])
        guard case .failed(let message) = result.end else {
            Issue.record("it did not fail")
            return
        }
        #expect(message.hasSuffix("more than 1 MiB: let an expression filter it") || message.contains("expression 1"))
    }
}
