import Glibc
import Testing
import WorkflowModel

/// A small file system of its own under the data directory of a test, which only root may mount.
private final class SmallDisk {
    let path: String

    /// - Parameter pods: another directory stands in for the one of the pods, so that only the store runs out of room.
    init(_ home: Home, size: String, pods: Bool) throws {
        self.path = home.data
        try #require(mkdir(self.path, 0o700) == 0)
        try #require(mount("tmpfs", self.path, "tmpfs", 0, "size=\(size),mode=0700") == 0, "\(errno)")
        guard pods else { return }
        let elsewhere = "\(home.path)/pods"
        try #require(mkdir(elsewhere, 0o700) == 0 && mkdir("\(self.path)/pods", 0o700) == 0)
        try #require(mount(elsewhere, "\(self.path)/pods", nil, UInt(MS_BIND), nil) == 0, "\(errno)")
    }

    func grow(to size: String) throws {
        try #require(mount("tmpfs", self.path, "tmpfs", UInt(MS_REMOUNT), "size=\(size)") == 0, "\(errno)")
    }

    deinit {
        umount2("\(self.path)/pods", Int32(MNT_DETACH))
        umount2(self.path, Int32(MNT_DETACH))
    }
}

@Suite(.timeLimit(.minutes(3))) struct DiskTests {
    private static let isRoot = geteuid() == 0

    /// Twenty steps, one after the other, each with 150 kB in a parameter. Every attempt writes a line of its own. What they write lies on
    /// another disk, so that only the journal finds no room.
    private static func flow(_ home: Home) -> String {
        let steps = (0..<20).map { "    - - {name: s\($0), template: one}\n" }.joined()
        let command = "echo $SKIFF_POD >> \(home.shared)/starts\nhead -c 150000 /dev/zero | tr '\\0' x > \(home.shared)/large"
        let outputs = "    outputs: {parameters: [{name: large, valueFrom: {path: \(home.shared)/large}}]}\n"
        return Flow.workflow(
            "flow",
            Flow.volume(home) + "  templates:\n  - name: main\n    steps:\n" + steps + Flow.sharing(home, "one", command) + outputs)
    }

    @Test(.enabled(if: isRoot, "only root may mount a small disk"))
    func `a run whose journal finds no room stops and says so, and goes on when there is room`() async throws {
        let home = try Home()
        let disk = try SmallDisk(home, size: "3m", pods: true)
        let run = try await Program.run("run", try home.file("flow.yaml", Self.flow(home)), home: home)
        #expect(run.status == 1, "\(run)")
        #expect(run.errors.contains("the disk that holds data directory '\(home.data)' is full"), "\(run)")
        #expect(run.errors.contains("skiff run --resume flow"), "\(run)")
        // What was recorded stays readable.
        let listed = try await Program.run("list", "-o", "name", home: home)
        #expect(listed.output == "flow\n", "\(listed)")
        let recorded = try JSONValue(json: try await Program.run("get", "flow", "-o", "json", home: home).output)
        #expect(recorded["status"]?["phase"] == "Running")
        // As long as there is none, it is an error again, and nothing runs for it.
        let starts = home.text("shared/starts")
        let early = try await Program.run("run", "--resume", "flow", home: home)
        #expect(early.status == 1, "\(early)")
        #expect(early.errors.contains("is full"), "\(early)")
        #expect(home.text("shared/starts") == starts)

        try disk.grow(to: "64m")
        let resumed = try await Program.run("run", "--resume", "flow", home: home)
        #expect(resumed.status == 0, "\(resumed)")
        let lines = (home.text("shared/starts") ?? "").split(separator: "\n")
        #expect(lines.count == 20 && Set(lines).count == 20, "\(lines)")
    }

    @Test(.enabled(if: isRoot, "only root may mount a small disk"))
    func `a disk that is full for all of a run ends it or stops it with an error, and leaves nothing running`() async throws {
        let home = try Home()
        let disk = try SmallDisk(home, size: "2m", pods: false)
        let run = try await Program.run("run", try home.file("flow.yaml", Self.flow(home)), home: home)
        #expect(run.status == 1, "\(run)")
        let text = run.output + run.errors
        #expect(text.contains("is full") || text.contains("No space left on device"), "\(run)")
        #expect(try await Program.run("list", "-o", "name", home: home).output == "flow\n")
        try disk.grow(to: "64m")
        let workflow = try JSONValue(json: try await Program.run("get", "flow", "-o", "json", home: home).output)
        if workflow["status"]?["finishedAt"]?.string == nil {
            let resumed = try await Program.run("run", "--resume", "flow", home: home)
            #expect(resumed.status == 0 || resumed.output.contains("No space left on device"), "\(resumed)")
        }
        let lines = (home.text("shared/starts") ?? "").split(separator: "\n")
        #expect(Set(lines).count == lines.count, "\(lines)")
        let uid = try #require(workflow["metadata"]?["uid"]?.string)
        #expect(Home.processes(marked: "SKIFF_POD=\(uid)/").isEmpty)
    }
}
