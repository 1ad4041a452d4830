import Testing

/// Every verb says the same, whether it asks the data directory or its server.
@Suite(.timeLimit(.minutes(5))) struct ParityTests {
    private static let template = """
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata: {name: greet, labels: {team: data}}
        spec:
          entrypoint: main
          arguments: {parameters: [{name: who, value: world}]}
          templates:
          - name: main
            container: {image: busybox, command: [sh, -c], args: ["echo hello {{workflow.parameters.who}}"]}
        """

    private static let others = """
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: nightly}
        spec: {schedules: ["0 4 29 2 *"], workflowSpec: {workflowTemplateRef: {name: greet}}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {a: "1"}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: login}
        stringData: {password: hidden-value}
        """

    /// Ages and what follows from them differ between two calls.
    private static func still(_ text: String) -> String {
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let words = String(line.prefix { $0 != "(" }).split(separator: " ")
            lines.append(words.filter { $0.last.map { !"smhd".contains($0) } ?? true || Int($0.dropLast()) == nil }.joined(separator: " "))
        }
        return lines.joined(separator: "\n")
    }

    @Test func `verbs that look say the same both ways`() async throws {
        let (home, away) = (try Home(), try Home())
        let server = try await RunningServer(home)
        let file = try home.file("greet.yaml", Self.template)
        for arguments in [
            ["apply", "-f", file, "-f", try home.file("others.yaml", Self.others)],
            ["submit", "--from", "wftmpl/greet", "--name", "one", "--wait"],
            ["submit", "--from", "wftmpl/greet", "--name", "two", "-p", "who=you", "-l", "k=v", "--wait"],
            ["submit", try home.file("bad.yaml", Flow.shell("three", "exit 3")), "--wait"],
        ] {
            let outcome = try await server.run(arguments, from: away)
            #expect(outcome.status == (arguments.last == "--wait" && arguments[1].hasSuffix("bad.yaml") ? 1 : 0), "\(outcome)")
        }
        let lint = try home.file(
            "lint.yaml", Flow.workflow("lint", "  templates:\n  - name: main\n    steps: [[{name: a, template: b}]]\n"))
        for words in [
            "list", "list -o name", "list -o json", "list -o yaml", "list -o wide", "list --completed", "list --running",
            "list --status Failed", "list --prefix t", "list -l k=v", "list -l k!=v", "list -A", "list -n none", "list --since 1h",
            "list --limit 2",
            "get one", "get @latest -o name", "get two -o json", "get two -o yaml", "get three -o wide", "get none", "get one none",
            "logs one", "logs two --tail 1", "logs one --grep hello", "logs one --grep (", "logs one main", "logs one nothing", "logs none",
            "wait one", "wait three", "wait none", "watch three", "stop one", "terminate one", "suspend one", "resume one",
            "delete none", "archive list", "archive get two", "archive get three -o json", "archive list-label-keys",
            "archive list-label-values -l k", "archive get none", "template list", "template get greet", "template get greet -o yaml",
            "template get none", "cluster-template list", "cron list", "cron get nightly", "get cm", "get cm settings -o yaml",
            "get secret",
            "get secret login -o json", "get cm none", "get ns", "lint \(lint)", "lint \(file)", "lint -o json \(lint)",
            "submit --from wftmpl/none", "submit --from wftmpl/greet --dry-run -o name", "submit \(lint)", "template create \(file)",
        ] {
            let arguments = words.split(separator: " ").map(String.init)
            let near = try await Program(arguments, home: home).outcome()
            let far = try await server.run(arguments, from: away)
            #expect(near.status == far.status, "\(words): \(near.errors) \(far.errors)")
            #expect(Self.still(near.output) == Self.still(far.output), "\(words)")
            #expect(Self.still(near.errors) == Self.still(far.errors), "\(words)")
            #expect(!far.output.contains("hidden-value"))
        }
        #expect(await server.stop().status == 0)
    }

    @Test func `verbs that change do it both ways`() async throws {
        let (home, away) = (try Home(), try Home())
        let server = try await RunningServer(home)
        var told: [[String]] = []
        for isNear in [true, false] {
            let name = isNear ? "near" : "far"
            var outputs: [String] = []
            func run(_ words: String, status: Int32 = 0) async throws {
                let arguments = words.split(separator: " ").map(String.init)
                let outcome = isNear ? try await Program(arguments, home: home).outcome() : try await server.run(arguments, from: away)
                #expect(outcome.status == status, "\(words): \(outcome)")
                outputs.append(outcome.output.replacing(name, with: "run"))
            }
            let waiting = try home.file(
                "\(name).yaml", Flow.workflow(name, "  templates:\n  - name: main\n    suspend: {}\n"))
            let busy = try home.file("busy-\(name).yaml", Flow.shell("busy-\(name)", "exec sleep 600"))
            try await run("submit \(waiting) -o name")
            try await run("suspend \(name)")
            try await run("resume \(name)")
            try await run("wait \(name)")
            try await run("submit \(busy) -o name")
            try await run("delete busy-\(name)", status: 1)
            try await run("stop busy-\(name) --message enough")
            try await run("wait busy-\(name)", status: 1)
            try await run("delete busy-\(name) \(name)")
            try await run("get \(name)", status: 1)
            try await run("cron create \(try home.file("cron-\(name).yaml", Self.cron(name))) -o name")
            try await run("cron suspend \(name)")
            try await run("cron resume \(name)")
            try await run("cron delete \(name)")
            // When each ended is another matter.
            told.append(outputs.map { $0.split(separator: " at ").first.map(String.init) ?? "" })
        }
        #expect(told[0] == told[1])
        #expect(await server.stop().status == 0)
    }

    private static func cron(_ name: String) -> String {
        """
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: \(name)}
        spec: {schedules: ["0 4 29 2 *"], workflowSpec: {entrypoint: main, templates: [{name: main, suspend: {}}]}}
        """
    }

    @Test func `a run goes on where its watcher lost the server`() async throws {
        let (home, away) = (try Home(), try Home())
        let server = try await RunningServer(home)
        let port = String(server.address.split(separator: ":").last ?? "")
        let command = "echo begun\nuntil test -e \(home.shared)/go; do sleep 0.1; done\necho ended"
        let spec = Flow.volume(home) + "  templates:\n" + Flow.sharing(home, "main", command)
        let submitted = try await server.run("submit", try home.file("flow.yaml", Flow.workflow("flow", spec)), from: away)
        #expect(submitted.status == 0, "\(submitted)")
        let waiting = try Program(["wait", "flow"], home: away, environment: ["SKIFF_SERVER": server.address])
        let logs = try Program(["logs", "-f", "flow"], home: away, environment: ["SKIFF_SERVER": server.address])
        await logs.shows("begun")
        server.program.signal(9)
        _ = await server.program.outcome()
        let next = try Program(["server", "--port", port], home: home)
        await next.tells("listening: ")
        try home.file("\(home.shared)/go", "")
        #expect(await waiting.outcome().output.hasPrefix("flow Succeeded at "))
        let told = await logs.outcome()
        #expect(told.output == "flow: begun\nflow: ended\n", "\(told)")
        next.signal(15)
        #expect(await next.outcome().status == 0)
    }
}
