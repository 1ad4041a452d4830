import Glibc
import Testing
import WorkflowModel

/// The real binary, killed at random instants under a mixed workload.
///
/// `make soak ROUNDS=100 SEED=7` repeats it with other schedules, each told by its seed.
@Suite(.timeLimit(.minutes(getenv("SKIFF_SOAK_ROUNDS") == nil ? 5 : 24 * 60))) struct CrashTests {
    /// Chance that can be repeated: SplitMix64.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            self.state &+= 0x9E37_79B9_7F4A_7C15
            var word = self.state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }

    /// When a life ends.
    private struct Moment: CustomStringConvertible {
        /// After so many lines of its output; none is before the first.
        var lines: Int
        /// And so much later.
        var milliseconds: Int

        var description: String { "\(self.lines) lines + \(self.milliseconds) ms" }
    }

    /// Answers after a moment, and writes down what it was asked.
    private final class Server {
        private static let script = """
            import http.server, sys, time

            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    with open(sys.argv[2], "a") as file: file.write(self.path + "\\n")
                    time.sleep(0.05)
                    data = ("answer to " + self.path).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

                def log_message(self, *arguments): pass

            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            with open(sys.argv[1], "w") as file: file.write(str(server.server_address[1]))
            print("ready", flush=True)
            server.serve_forever()
            """
        private let program: Program
        let address: String

        init(_ home: Home) async throws {
            let script = try home.file("server.py", Self.script)
            self.program = try Program(
                ["python3", script, "\(home.path)/port", "\(home.shared)/calls"], home: home, executable: "/usr/bin/env")
            await self.program.shows("ready")
            self.address = "http://127.0.0.1:\(home.text("port") ?? "")"
        }

        deinit { self.program.signal(SIGKILL) }
    }

    /// A run of the mixed workflow, from its first life to its end.
    private final class MixedRun {
        let home: Home
        private let server: Server
        private var arguments: [String]
        private var isAnswered = false

        init(runtime: String) async throws {
            self.home = try Home()
            self.server = try await Server(self.home)
            let file = try self.home.file("mixed.yaml", MixedFlow.text(self.home, server: self.server.address))
            self.arguments = ["run", file, "--runtime", runtime, "--max-parallel", "40"]
        }

        func open(stage: Int) throws { _ = try self.home.file("shared/stage-\(stage)", "") }

        func workflow() async throws -> JSONValue? {
            try? JSONValue(json: try await Program.run("get", "mixed", "-o", "json", home: self.home).output)
        }

        /// One life, which does not end by itself.
        func live(until moment: Moment) async throws {
            let run = try Program(self.arguments, home: self.home)
            if moment.lines > 0 { await run.shows("", times: moment.lines) }
            // An instant is what is wanted here, and not an event.
            try await Task.sleep(for: .milliseconds(moment.milliseconds))
            run.signal(SIGKILL)
            let outcome = await run.outcome()
            #expect(outcome.status == 128 + SIGKILL, "\(outcome)")
            // A life that ended before the run was recorded leaves nothing to take up.
            guard let workflow = try await self.workflow() else { return }
            self.arguments = ["run", "--resume", "mixed", "--max-parallel", "40"]
            if !self.isAnswered, CrashTests.nodes(workflow)["mixed.approval[0].approve"]?["phase"] == "Running" { try await self.answer() }
        }

        /// Only once: an answer that was accepted must not be lost, though nobody carries the run out.
        private func answer() async throws {
            let outcome = try await Program.run(
                "node", "set", "mixed", "--node-field-selector", "displayName=approve", "-p", "answer=yes", "--phase", "Succeeded",
                home: self.home)
            self.isAnswered = true
            #expect(outcome.status == 0 || outcome.errors.contains("no process carries run 'mixed' out"), "\(outcome)")
        }

        /// The last life, which ends with the run.
        func finish() async throws -> JSONValue {
            let run = try Program(self.arguments, home: self.home)
            if !self.isAnswered {
                await run.shows("approve  Running")
                try await self.answer()
            }
            let outcome = await run.outcome()
            #expect(outcome.status == 0, "\(outcome)")
            return try #require(try await self.workflow())
        }

        func lines(_ file: String) -> [String] { (self.home.text("shared/\(file)") ?? "").split(separator: "\n").map(String.init) }
    }

    private static func nodes(_ workflow: JSONValue) -> [String: JSONValue] {
        let nodes = workflow["status"]?["nodes"]?.object?.values ?? []
        return Dictionary(nodes.map { ($0["name"]?.string ?? "", $0) }) { first, _ in first }
    }

    /// What a run came to: of each node its phase and what it gave. Names that are made up for stored objects are left out.
    private static func result(_ workflow: JSONValue) -> [String: String] {
        self.nodes(workflow).mapValues { node in
            let isNamed = node["templateName"] == "child" || node["templateName"] == "note" || node["templateName"] == "wait"
            let outputs = isNamed ? "" : (node["outputs"]?["result"]?.json ?? "") + (node["outputs"]?["parameters"]?.json ?? "")
            return "\(node["phase"]?.string ?? "") \(node["memoizationStatus"]?["hit"]?.json ?? "") \(outputs)"
        }
    }

    private static func number(_ variable: String) -> UInt64? { getenv(variable).flatMap { UInt64(String(cString: $0)) } }

    @Test func `killed at ten random instants, a run of everything ends as if it never was`() async throws {
        let calm = try await MixedRun(runtime: "sandbox")
        for stage in 0...MixedFlow.stages.count { try calm.open(stage: stage) }
        let expected = try await calm.finish()
        let starts = calm.lines("starts").count
        #expect(expected["status"]?["phase"] == "Succeeded")
        #expect(calm.lines("faults").isEmpty)
        #expect(calm.lines("calls").count == 4)

        let seed = Self.number("SKIFF_SOAK_SEED") ?? .random(in: 0...999_999)
        for round in 0..<(Self.number("SKIFF_SOAK_ROUNDS") ?? 1) {
            try await self.disturb(seed: seed + round, expected: expected, starts: starts)
        }
    }

    @Test func `a submission that was acknowledged is there, however soon its process is killed`() async throws {
        let home = try Home()
        let text = Flow.volume(home) + "  templates:\n" + Flow.sharing(home, "main", "echo {{workflow.name}} >> \(home.shared)/ran")
        let file = try home.file("flow.yaml", Flow.workflow("flow", text))
        let names = (0..<6).map { "run-\($0)" }
        for name in names {
            let submission = try Program(["submit", file, "--name", name], home: home)
            await submission.shows("Name:")
            submission.signal(SIGKILL)
            _ = await submission.outcome()
        }
        let listed = try await Program.run("list", "-o", "name", home: home)
        #expect(Set(listed.output.split(separator: "\n").map(String.init)) == Set(names), "\(listed)")
        for name in names {
            let outcome = try await Program.run("run", "--resume", name, home: home)
            // It may have come to its end before the signal came.
            #expect(outcome.status == 0 || outcome.errors.contains("has ended already: Succeeded"), "\(outcome)")
        }
        #expect((home.text("shared/ran") ?? "").split(separator: "\n").map(String.init).sorted() == names)
    }

    private func disturb(seed: UInt64, expected: JSONValue, starts: Int) async throws {
        var dice = Dice(state: seed)
        let run = try await MixedRun(runtime: Bool.random(using: &dice) ? "sandbox" : "process")
        let moments = MixedFlow.stages.map { _ in
            Moment(lines: .random(in: 0...4, using: &dice), milliseconds: .random(in: 0...150, using: &dice))
        }
        let label: Comment = "seed \(seed): \(moments)"
        for (stage, moment) in moments.enumerated() {
            try run.open(stage: stage)
            try await run.live(until: moment)
        }
        try run.open(stage: moments.count)
        let workflow = try await run.finish()

        #expect(workflow["status"]?["phase"] == "Succeeded", label)
        let (wanted, given) = (Self.result(expected), Self.result(workflow))
        for name in Set(wanted.keys).union(given.keys).sorted() { #expect(given[name] == wanted[name], "\(name), \(label)") }
        // Every program once, and none at once with another that holds its lock.
        let lines = run.lines("starts")
        #expect(Set(lines).count == lines.count, label)
        #expect(lines.count == starts, label)
        #expect(run.lines("faults").isEmpty, label)
        #expect(run.lines("ended") == ["ended"], label)
        // A call that was under way when the process was killed may be made again, one whose answer was recorded may not.
        let calls = run.lines("calls")
        #expect(Set(calls).count == 4 && calls.count <= 4 + 4 * moments.count, label)
        // One child and one object, however often the step that makes them was taken up.
        #expect(try await Program.run("list", "-o", "name", home: run.home).output.split(separator: "\n").count == 2, label)
        let notes = try await Program.run("get", "cm", "-l", "of=mixed", "-o", "name", home: run.home)
        #expect(notes.output.split(separator: "\n").count == 1, "\(notes) \(label)")
        // Nothing of it is left running.
        let uid = try #require(workflow["metadata"]?["uid"]?.string)
        #expect(Home.processes(marked: "SKIFF_POD=\(uid)/").isEmpty, label)
    }
}
