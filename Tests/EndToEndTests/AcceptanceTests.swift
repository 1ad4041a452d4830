import Foundation
import Testing
import WorkflowModel

/// The binaries as their users start them, with a data directory of their own.
private struct Installation {
    /// Built beside the tests.
    static var debug: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "skiff")
    }
    static var repository: URL { URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL }
    /// The static release binary that `make release` leaves.
    static var release: URL { Self.repository.appending(path: "dist/skiff") }

    let directory: URL
    let binary: URL

    init(_ binary: URL = Installation.debug) throws {
        self.binary = binary
        self.directory = FileManager.default.temporaryDirectory.appending(path: "skiff-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
    }

    func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = self.binary
        process.arguments = arguments
        process.currentDirectoryURL = self.directory
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "SKIFF_HOME": self.directory.path + "/home",
        ]
        process.standardInput = FileHandle.nullDevice
        return process
    }

    func run(_ arguments: String...) throws -> (status: Int32, output: String, errors: String) {
        let process = self.process(arguments)
        let errorFile = self.directory.appending(path: "stderr-\(UUID().uuidString)")
        try Data().write(to: errorFile)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            String(decoding: data, as: UTF8.self), try String(contentsOf: errorFile, encoding: .utf8)
        )
    }

    func remove() { try? FileManager.default.removeItem(at: self.directory) }
}

/// What the documents promise of the examples and of the release binary.
struct ExampleTests {
    @Test func `the census of this machine ends, its check included, and leaves a table and a chart`() throws {
        let skiff = try Installation()
        defer { skiff.remove() }
        let run = try skiff.run("run", Installation.repository.appending(path: "Examples/debian-census/workflow.yaml").path, "-o", "json")
        #expect(run.status == 0, "\(run.errors)")
        let uid = try #require(try JSONValue(json: run.output)["metadata"]?["uid"]?.string)
        let kept = FileManager.default.enumerator(atPath: skiff.directory.path + "/home")?.compactMap { $0 as? String } ?? []
        for name in ["census.csv", "census.svg"] {
            #expect(kept.contains { $0.contains(uid) && $0.hasSuffix("/" + name) })
        }
    }

    @Test func `the clicks are loaded into PostgreSQL twice while a reader never misses the view`() throws {
        let script = Process()
        // Other tests of this process may ignore signals for a while, and children inherit that; the script stops its reader with one.
        script.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        script.arguments = [
            "--default-signal", Installation.repository.appending(path: "Examples/clicks-to-postgres/test.sh").path,
            Installation.debug.path,
        ]
        script.standardInput = FileHandle.nullDevice
        try script.run()
        script.waitUntilExit()
        #expect(script.terminationStatus == 0)
    }
}

struct StaticBinaryTests {
    @Test func `in an empty root the static binary tells its version, lints, and runs a step that is a static program`() throws {
        let skiff = try Installation(Installation.release)
        defer { skiff.remove() }
        #expect(FileManager.default.isExecutableFile(atPath: Installation.release.path), "make release builds dist/skiff")
        let root = skiff.directory.appending(path: "root")
        for folder in ["home", "tmp", "proc"] {
            try FileManager.default.createDirectory(at: root.appending(path: folder), withIntermediateDirectories: true)
        }
        try FileManager.default.copyItem(at: Installation.release, to: root.appending(path: "skiff"))
        try """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: alone}
        spec:
          entrypoint: main
          templates:
          - {name: main, container: {image: "none:1", command: [/skiff, version]}}
        """.write(to: root.appending(path: "flow.yaml"), atomically: true, encoding: .utf8)
        for arguments in [["version"], ["lint", "/flow.yaml"], ["run", "/flow.yaml", "--data-dir", "/home/data"]] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/sbin/chroot")
            process.arguments = [root.path, "/skiff"] + arguments
            process.environment = ["PATH": "/", "HOME": "/home"]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(arguments): \(text)")
        }
    }
}
