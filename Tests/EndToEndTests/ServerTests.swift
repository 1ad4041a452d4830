import GRDB
import Glibc
import Testing
import WorkflowModel

/// The server as a process.
@Suite(.timeLimit(.minutes(5))) struct ServerTests {
    /// Starts a server on a port of its own. Returns when it takes runs.
    private func server(_ home: Home, _ options: String...) async throws -> Program {
        let program = try Program(["server", "--port", "0"] + options, home: home)
        await program.tells("ready:")
        return program
    }

    private func submit(_ home: Home, _ file: String, _ options: String...) async throws -> Program.Outcome {
        try await Program(["submit", file, "-o", "name"] + options, home: home).outcome()
    }

    /// A step that notes its start and goes on when it may.
    private func waiting(_ home: Home) throws -> String {
        let command = "echo start >> \(home.shared)/starts\nwhile [ ! -e \(home.shared)/go ]; do sleep 0.02; done"
        let spec = Flow.volume(home) + "  templates:\n" + Flow.sharing(home, "main", command)
        return try home.file("flow.yaml", Flow.workflow("flow", spec))
    }

    /// Returns when the steps have noted so many starts.
    private func started(_ count: Int, _ home: Home) async throws {
        while (home.text("shared/starts") ?? "").split(separator: "\n").count < count { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test func `a submitted run is carried out by the server, which says who it is`() async throws {
        let home = try Home()
        let server = try await self.server(home)
        let file = try home.file("flow.yaml", Flow.shell("flow", "echo hello"))
        let submitted = try await Program.run("submit", file, "--log", home: home)
        #expect(submitted.status == 0, "\(submitted)")
        #expect(submitted.errors.contains("process \(server.process) carries the run out"), "\(submitted)")
        #expect(submitted.output.contains("hello"), "\(submitted)")
        let second = try await Program.run("server", "--port", "0", home: home)
        #expect(second.status == 1)
        #expect(second.errors.contains("process \(server.process) carries out the runs of this data directory already"), "\(second)")
        server.signal(SIGTERM)
        #expect(await server.outcome().status == 0)
    }

    @Test(arguments: [(true, 1), (false, 2)])
    func `a server that ends leaves its runs to the next one`(leavesRunning: Bool, starts: Int) async throws {
        let home = try Home()
        let first = try await leavesRunning ? self.server(home, "--leave-running") : self.server(home)
        #expect(try await self.submit(home, self.waiting(home)).output == "flow\n")
        try await self.started(1, home)
        first.signal(SIGTERM)
        #expect(await first.outcome().status == 0)
        #expect(Home.processes(marked: home.path).isEmpty != leavesRunning)
        let second = try await self.server(home)
        try await self.started(starts, home)
        try home.file("shared/go", "")
        let logs = try await Program.run("logs", "flow", "-f", home: home)
        #expect(logs.status == 0, "\(logs)")
        let listed = try await Program.run("list", "-o", "json", home: home)
        #expect(try JSONValue(json: listed.output).array?[0]["status"]?["phase"] == "Succeeded", "\(listed)")
        #expect(home.text("shared/starts")?.split(separator: "\n").count == starts)
        second.signal(SIGTERM)
        _ = await second.outcome()
    }

    @Test func `SIGHUP reads the configuration again, and a wrong one changes nothing`() async throws {
        let home = try Home()
        mkdir(home.data, 0o700)
        let file = try home.file("\(home.data)/config.yaml", "parallelism: 1\nnodeEvents: {enabled: true}\n")
        let server = try await self.server(home)
        await server.tells("'nodeEvents' has no effect here")
        try home.file(file, "parallelism: many\n")
        server.signal(SIGHUP)
        await server.tells("the configuration stays as it was")
        await server.tells("config.yaml:1:14: error: 'parallelism' is a number of runs, or 0 for any number [bad-value]")
        try home.file(file, "parallelism: 2\n")
        server.signal(SIGHUP)
        await server.tells("the configuration was read again")
        server.signal(SIGTERM)
        #expect(await server.outcome().status == 0)
    }

    @Test func `tokens are made, listed and revoked on the data directory`() async throws {
        let home = try Home()
        let made = try await Program.run("auth", "token", "create", "ci", "--role", "submitter", "--for-namespace", "team", home: home)
        #expect(made.status == 0 && made.output.hasPrefix("skiff_"), "\(made)")
        let listed = try await Program.run("auth", "token", "list", home: home)
        #expect(listed.output.contains("submitter") && !listed.output.contains(made.output), "\(listed)")
        #expect(try await Program.run("auth", "token", "revoke", "ci", home: home).status == 0)
        #expect(try await Program.run("auth", "token", "revoke", "ci", home: home).status == 1)
    }

    // MARK: Killed again and again

    /// How long: `SKIFF_SOAK_SECONDS`, which `make soak` sets.
    private static let seconds = getenv("SKIFF_SOAK_SECONDS").flatMap { Int(String(cString: $0)) } ?? 20

    @Test func `a server that is killed again and again under load loses no run and starts no step twice`() async throws {
        let home = try Home()
        let steps = "    - - {name: a, template: leaf}\n      - {name: b, template: leaf}\n    - - {name: c, template: leaf}\n"
        let leaf = Flow.sharing(home, "leaf", "echo $SKIFF_TEST_STEP >> \(home.shared)/starts; sleep 0.05")
            .replacing(
                "command: [sh, -c]",
                with: "env: [{name: SKIFF_TEST_STEP, value: '{{workflow.name}} {{pod.name}}'}]\n      command: [sh, -c]")
        let spec = Flow.volume(home) + "  templates:\n  - name: main\n    steps:\n\(steps)" + leaf
        let manifest = Flow.workflow("flow", spec).replacing("name: flow\n", with: "generateName: flow-\n")
        let file = try home.file("flow.yaml", manifest)
        let start = ContinuousClock.now
        let end = start + .seconds(Self.seconds)
        let acknowledged = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var names: [String] = []
                    while ContinuousClock.now < end {
                        let outcome = try await self.submit(home, file)
                        names += outcome.output.split(separator: "\n").map(String.init)
                    }
                    return names
                }
            }
            group.addTask {
                while ContinuousClock.now < end {
                    let server = try await self.server(home)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 50...1500)))
                    server.signal(SIGKILL)
                    _ = await server.outcome()
                }
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let last = try await self.server(home)
        for name in acknowledged {
            let followed = try await Program.run("logs", name, "-f", home: home)
            #expect(followed.status == 0, "\(followed)")
        }
        last.signal(SIGTERM)
        #expect(await last.outcome().status == 0)
        try self.judge(home, acknowledged)
    }

    /// What must hold when all is over.
    private func judge(_ home: Home, _ acknowledged: [String]) throws {
        #expect(!acknowledged.isEmpty)
        var configuration = Configuration()
        configuration.readonly = true
        let database = try DatabaseQueue(path: "\(home.data)/skiff.db", configuration: configuration)
        let (verdict, runs, owners, locks) = try database.read { db in
            (
                try String.fetchOne(db, sql: "PRAGMA integrity_check"), try Row.fetchAll(db, sql: "SELECT name, phase FROM runs"),
                try Int.fetchOne(db, sql: "SELECT count(*) FROM owners"), try Int.fetchOne(db, sql: "SELECT count(*) FROM lockHolders")
            )
        }
        #expect(verdict == "ok")
        #expect((owners, locks) == (0, 0))
        let ended = runs.map { "\($0[0] as String) \($0[1] as String)" }
        #expect(Set(ended).count == ended.count)
        #expect(Set(ended).isSuperset(of: acknowledged.map { "\($0) Succeeded" }), "\(ended)")
        let starts = (home.text("shared/starts") ?? "").split(separator: "\n")
        #expect(Set(starts).count == starts.count, "a step was started twice")
        #expect(starts.count == 3 * runs.count)
        #expect(Home.processes(marked: home.path).isEmpty)
    }
}
