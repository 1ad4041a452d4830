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

    func write(_ name: String, _ text: String) throws -> String {
        let file = self.directory.appending(path: name)
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
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

/// `skiff run` killed again and again.
struct KillTests {
    @Test func `a run that is killed at ten random moments ends as if nothing had happened, every step once`() throws {
        let skiff = try Installation()
        defer { skiff.remove() }
        let log = skiff.directory.appending(path: "log")
        try FileManager.default.createDirectory(at: log, withIntermediateDirectories: true)
        let file = try skiff.write(
            "steps.yaml",
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: steps}
            spec:
              entrypoint: main
              parallelism: 4
              volumes: [{name: log, hostPath: {path: "\(log.path)", type: Directory}}]
              templates:
              - name: main
                steps:
                - - name: step
                    template: append
                    arguments: {parameters: [{name: number, value: "{{item}}"}]}
                    withSequence: {count: 200}
              - name: append
                inputs: {parameters: [{name: number}]}
                container:
                  image: "busybox:1"
                  command: [sh, -c, "echo {{inputs.parameters.number}} >> /log/started"]
                  volumeMounts: [{name: log, mountPath: /log}]
            """)
        var seed = UInt64.random(in: 0...UInt64.max)
        let first = seed
        var arguments = ["run", file]
        for kill in 1...10 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            try self.kill(skiff.process(arguments), afterLines: Int(seed >> 33) % 30 + (kill == 1 ? 3 : 1))
            arguments = ["run", "--resume", "steps"]
        }
        // The last kill may have come after the end, and then there is nothing to resume.
        let end = try skiff.run("run", "--resume", "steps")
        #expect(end.status == 0 || end.errors.contains("has ended already"), "seed \(first): \(end.errors)")
        let status = try JSONValue(json: try skiff.run("get", "steps", "-o", "json").output)["status"]
        #expect(status?["phase"] == "Succeeded", "seed \(first)")
        let lines = try String(contentsOf: log.appending(path: "started"), encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 200, "seed \(first)")
        #expect(Set(lines).count == 200, "seed \(first)")
    }

    /// Kills the process when it has told of so many changes.
    private func kill(_ process: Process, afterLines wanted: Int) throws {
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var lines = 0
        while lines < wanted {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            lines += data.count { $0 == UInt8(ascii: "\n") }
        }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
    }
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
