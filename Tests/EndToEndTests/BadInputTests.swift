import Glibc
import Testing

/// One clear error, exit 2, nothing run, nothing kept.
@Suite(.timeLimit(.minutes(3))) struct BadInputTests {
    private func refused(_ home: Home, _ text: String, name: String = "flow.yaml") async throws -> Program.Outcome {
        let run = try await Program.run("run", try home.file(name, text), home: home)
        #expect(run.status == 2, "\(run)")
        #expect(run.output == "", "\(run)")
        #expect(run.errors.contains("error:"), "\(run)")
        #expect(run.peakMemoryBytes < 256 << 20, "\(run.peakMemoryBytes)")
        #expect(!home.exists("data/pods"))
        return run
    }

    @Test func `a missing file`() async throws {
        let home = try Home()
        let run = try await Program.run("run", "\(home.path)/nothing.yaml", home: home)
        #expect(run.status == 2)
        #expect(run.errors == "\(home.path)/nothing.yaml: error: there is no such file [file-not-found]\n")
    }

    @Test func `an empty file`() async throws {
        let home = try Home()
        #expect(try await self.refused(home, "").errors.contains("[empty-file]"))
    }

    @Test func `a file that is not YAML`() async throws {
        let home = try Home()
        #expect(try await self.refused(home, "a: [1, 2\nb: }\n").errors.contains("[not-yaml]"))
    }

    @Test func `a file that is no manifest`() async throws {
        let home = try Home()
        #expect(try await self.refused(home, "just: text\n").errors.contains("[not-a-manifest]"))
    }

    @Test func `a file without a Workflow`() async throws {
        let home = try Home()
        let template = Flow.shell("lib", "true").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let text = template.map { $0 == "kind: Workflow" ? "kind: WorkflowTemplate" : $0 }.joined(separator: "\n")
        // One alone is run; of two that have nothing to do with each other nobody knows which is meant.
        let run = try await self.refused(home, text + "\n---\n" + text.replacing("name: lib", with: "name: other"))
        #expect(run.errors.contains("there is no Workflow to run here"), "\(run)")
        #expect(run.errors.contains("workflowTemplateRef"), "\(run)")
    }

    @Test func `duplicate keys`() async throws {
        let home = try Home()
        let run = try await self.refused(home, Flow.shell("flow", "true") + "spec: {}\n")
        #expect(run.errors.contains("[duplicate-key]"), "\(run)")
    }

    @Test func `an alias bomb`() async throws {
        let home = try Home()
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(try await self.refused(home, text).errors.contains("[alias-expansion]"))
    }

    @Test func `100 MB of one line`() async throws {
        let home = try Home()
        let path = try home.file("flow.yaml", "")
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        let chunk = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        for _ in 0..<100 { #expect(write(descriptor, chunk, chunk.count) == chunk.count) }
        close(descriptor)
        let run = try await Program.run("run", path, home: home)
        #expect(run.status == 2)
        #expect(run.errors.contains("[file-too-large]"), "\(run)")
        #expect(run.peakMemoryBytes < 256 << 20, "\(run.peakMemoryBytes)")
    }

    @Test func `all faults are told at once, with a suggestion`() async throws {
        let home = try Home()
        let spec =
            "  templates:\n  - name: main\n    steps:\n    - - {name: a, template: ecoh}\n    containre: {}\n"
            + Flow.template("echo", "echo")
        let run = try await self.refused(home, Flow.workflow("flow", spec))
        #expect(run.errors.contains("[unknown-field]") && run.errors.contains("[unknown-template]"), "\(run)")
        #expect(run.errors.contains("did you mean 'echo'?"), "\(run)")
    }

    @Test func `bad usage`() async throws {
        let home = try Home()
        #expect(try await Program.run("run", home: home).status == 2)
        #expect(try await Program.run("frobnicate", home: home).status == 2)
        #expect(try await Program.run("run", "x.yaml", "-p", "novalue", home: home).status == 2)
    }

    @Test func `a data directory that cannot be made`() async throws {
        let home = try Home()
        let file = try home.file("flow.yaml", Flow.shell("flow", "true"))
        let blocked = try home.file("blocked", "") + "/data"
        let run = try await Program.run("run", file, "--data-dir", blocked, home: home)
        #expect(run.status == 1, "\(run)")
        #expect(run.errors.contains("error: ") && run.errors.contains(blocked), "\(run)")
        #expect(run.output == "")
    }

    @Test func `a disk that fills up ends the run with a clear error, and what was recorded stays readable`() async throws {
        let home = try Home()
        let spec =
            "  templates:\n  - name: main\n    steps:\n    - - {name: say, template: say}\n    - - {name: fill, template: fill}\n"
            + Flow.template("say", "echo said") + Flow.template("fill", "head -c 100M /dev/zero > \(home.data)/fill; true")
        try home.file("flow.yaml", Flow.workflow("flow", spec))
        let script = """
            mkdir \(home.data) && mount -t tmpfs -o size=4m none \(home.data) || exit 90
            \(Program.path) run --runtime process \(home.path)/flow.yaml; echo "status $?"
            \(Program.path) list -o name; \(Program.path) logs flow
            """
        let run = try await Program(["-rm", "sh", "-c", script], home: home, executable: "/usr/bin/unshare").outcome()
        #expect(run.status == 0, "\(run)")
        #expect(run.errors.contains("is full: make room") && run.errors.contains("skiff run --resume flow"), "\(run)")
        let lines = run.output.split(separator: "\n")
        #expect(lines.contains("status 1") && lines.contains("flow"), "\(run)")
        #expect(lines.last?.hasSuffix(": said") ?? false, "\(run)")
    }

    @Test func `lint needs no data directory`() async throws {
        let home = try Home()
        let file = try home.file("flow.yaml", Flow.shell("flow", "true"))
        let lint = try await Program.run("lint", file, home: home)
        #expect(lint.status == 0, "\(lint)")
        #expect(!home.exists("data"))
        try home.file("flow.yaml", Flow.shell("flow", "true") + "  entrypiont: x\n")
        let wrong = try await Program.run("lint", file, home: home)
        #expect(wrong.status == 1, "\(wrong)")
    }
}
