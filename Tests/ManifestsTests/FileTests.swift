import Diagnostics
import Foundation
import Manifests
import Testing
import WorkflowModel

@Suite struct FileTests {
    private let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

    @Test func `a missing file is one clear error`() {
        let result = ManifestReader().readFile(path: "/no/such/file.yaml")
        #expect(result.map(\.file) == ["/no/such/file.yaml"])
        #expect(result.map(\.report) == ["error [file-not-found] there is no such file\n"])
    }

    @Test func `what the system refuses is one clear error`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/loop.yaml"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        #expect(
            ManifestReader().readFile(path: path).map(\.report) == [
                "error [file-unreadable] this file cannot be read: too many levels of symbolic links\n"
            ])
    }

    @Test func `a directory is searched in all its depth, in order`() throws {
        let directory = try TemporaryDirectory()
        for name in ["b.yaml", "a.yml", "sub/deep/c.json", "d.txt", ".hidden.yaml", ".git/e.yaml"] {
            try directory.write(name, self.manifest)
        }
        try FileManager.default.createSymbolicLink(atPath: directory.path + "/sub/up", withDestinationPath: directory.path)
        try FileManager.default.createSymbolicLink(atPath: directory.path + "/link.yaml", withDestinationPath: directory.path + "/d.txt")
        try FileManager.default.createSymbolicLink(atPath: directory.path + "/away.yaml", withDestinationPath: directory.path + "/sub")
        let result = ManifestReader().readFile(path: directory.path)
        #expect(result.map(\.file) == ["a.yml", "b.yaml", "link.yaml", "sub/deep/c.json"].map { directory.path + "/" + $0 })
        #expect(result.allSatisfy { $0.documents.count == 1 && $0.diagnostics.isEmpty })
        #expect(ManifestReader().readFile(path: directory.path + "/").map(\.file) == result.map(\.file))
    }

    @Test func `other YAML in a directory is a warning, in a file an error`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("values.yaml", "replicas: 3\n")
        try directory.write("list.yaml", "- 3\n")
        try directory.write("empty.yaml", "")
        #expect(ManifestReader().readFile(path: directory.path).flatMap(\.diagnostics).map(\.severity) == [.warning, .warning, .warning])
        #expect(ManifestReader().readFile(path: directory.path + "/values.yaml").flatMap(\.diagnostics).map(\.severity) == [.error])
    }

    @Test func `a directory without manifests is one clear error`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("readme.txt", "hello")
        #expect(
            ManifestReader().readFile(path: directory.path).map(\.report) == [
                "error [file-not-found] there is no .yaml, .yml or .json file in this directory\n"
            ])
    }

    @Test func `a link that leads nowhere does not hide the other files`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("a.yaml", self.manifest)
        try FileManager.default.createSymbolicLink(atPath: directory.path + "/b.yaml", withDestinationPath: "nowhere")
        #expect(ManifestReader().readFile(path: directory.path).map(\.report) == ["", "error [file-not-found] there is no such file\n"])
    }

    @Test func `a pipe is read to its end`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        let text = self.manifest + "data:\n" + (0..<20_000).map { "  key\($0): value\n" }.joined()
        let writer = Thread { FileHandle(forWritingAtPath: path)?.write(Data(text.utf8)) }
        writer.start()
        let result = ManifestReader().readFile(path: path)
        #expect(result.map(\.report) == [""])
        #expect(result[0].documents[0].value["data"]?.object?.count == 20_000)
    }
}
