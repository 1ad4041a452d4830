import Glibc
import Testing
import WorkflowModel

/// What happens to a run when its process is interrupted, left or killed.
@Suite(.timeLimit(.minutes(5))) struct InterruptionTests {
    @Test func `Ctrl-C stops the run, and its exit handler runs`() async throws {
        let home = try Home()
        let spec =
            Flow.volume(home) + "  onExit: bye\n  templates:\n" + Flow.template("main", "sleep 600")
            + Flow.sharing(home, "bye", "touch \(home.shared)/bye")
        let run = try Program(["run", try home.file("flow.yaml", Flow.workflow("flow", spec))], home: home)
        await run.shows("flow  flow  Running")
        run.signal(SIGINT)
        let outcome = await run.outcome()
        #expect(outcome.status == 1, "\(outcome)")
        #expect(outcome.errors.contains("stopping; press Ctrl-C again to terminate"), "\(outcome)")
        #expect(home.exists("shared/bye"))
    }

    @Test func `a second Ctrl-C ends the exit handler that the first one left alone`() async throws {
        let home = try Home()
        let spec = "  onExit: bye\n  templates:\n" + Flow.template("main", "exit 0") + Flow.template("bye", "sleep 600")
        let run = try Program(["run", try home.file("flow.yaml", Flow.workflow("flow", spec))], home: home)
        await run.shows("flow.onExit  Running")
        run.signal(SIGINT)
        // Two signals that are sent at once may become one.
        await run.tells("press Ctrl-C again to terminate")
        run.signal(SIGINT)
        let outcome = await run.outcome()
        #expect(outcome.status == 1, "\(outcome)")
    }

    @Test(arguments: ["sandbox", "process"]) func `SIGHUP leaves the steps running, and --resume takes them up`(runtime: String)
        async throws
    {
        let home = try Home()
        let command = "echo start >> \(home.shared)/starts\nwhile [ ! -e \(home.shared)/go ]; do sleep 0.02; done\necho end"
        let spec =
            Flow.volume(home)
            + "  templates:\n  - name: main\n    steps:\n    - - {name: a, template: long}\n    - - {name: b, template: long}\n"
            + Flow.sharing(home, "long", command)
        let run = try Program(["run", try home.file("flow.yaml", Flow.workflow("flow", spec)), "--runtime", runtime], home: home)
        await run.shows("flow  a  Running")
        run.signal(SIGHUP)
        let left = await run.outcome()
        #expect(left.status == 1)
        #expect(left.errors.contains("leaving 'flow' running; take it up again with: skiff run --resume flow"), "\(left)")
        let queued = try await Program.run("list", "--running", "-o", "name", home: home)
        #expect(queued.output == "flow\n")
        try home.file("shared/go", "")
        let resumed = try await Program.run("run", "--resume", "flow", home: home)
        #expect(resumed.status == 0, "\(resumed)")
        #expect(resumed.output.hasPrefix("runtime: \(runtime)"), "\(resumed)")
        #expect(home.text("shared/starts") == "start\nstart\n")
        let again = try await Program.run("run", "--resume", "flow", home: home)
        #expect(again.status == 1)
        #expect(again.errors.contains("run 'flow' has ended already: Succeeded"), "\(again)")
    }

    @Test func `a stop of a run that nobody carries out is kept until somebody does`() async throws {
        let home = try Home()
        let run = try Program(["run", try home.file("flow.yaml", Flow.shell("flow", "sleep 600"))], home: home)
        await run.shows("flow  flow  Running")
        run.signal(SIGKILL)
        _ = await run.outcome()
        let stop = try await Program.run("stop", "flow", home: home)
        #expect(stop.status == 1)
        #expect(stop.errors.contains("no process carries run 'flow' out"), "\(stop)")
        #expect(stop.errors.contains("hint: go on with it: skiff run --resume flow"), "\(stop)")
        let name = try await Program.run("run", "\(home.path)/flow.yaml", home: home)
        #expect(name.errors.contains("its process is gone") && name.errors.contains("skiff run --resume flow"), "\(name)")
        let resumed = try await Program.run("run", "--resume", "flow", home: home)
        #expect(resumed.status == 1, "\(resumed)")
        #expect(resumed.output.contains("flow  Failed"), "\(resumed)")
    }

    @Test(arguments: ["sandbox", "process"]) func `a run whose process was killed is deleted with what it left running`(runtime: String)
        async throws
    {
        let home = try Home()
        let command = "trap 'echo tidied > \(home.shared)/bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.02; done"
        let file = try home.file(
            "flow.yaml", Flow.workflow("flow", Flow.volume(home) + "  templates:\n" + Flow.sharing(home, "main", command)))
        let run = try Program(["run", file, "--runtime", runtime], home: home)
        await run.shows("flow  flow  Running")
        let logs = try Program(["logs", "-f", "flow"], home: home)
        await logs.shows("ready")
        let live = try await Program.run("delete", "flow", home: home)
        #expect(live.status == 1)
        #expect(live.errors.contains("run 'flow' has not ended, and a process carries it out"), "\(live)")
        run.signal(SIGKILL)
        _ = await run.outcome()
        let deletion = try await Program.run("delete", "flow", home: home)
        #expect(deletion.status == 0, "\(deletion)")
        #expect(deletion.output == "Workflow 'flow' deleted\n")
        #expect(home.text("shared/bye") == "tidied\n")
        #expect(try await Program.run("list", "-o", "name", home: home).output == "")
        #expect(try await Program.run("run", "--resume", "flow", home: home).status == 1)
    }

    @Test(arguments: ["sandbox", "process"])
    func `killed at ten random moments, a run of 200 steps ends as if it never was, every step started once`(runtime: String) async throws {
        let home = try Home()
        let spec =
            Flow.volume(home) + "  templates:\n  - name: main\n    steps:\n    - - name: s\n        template: one\n"
            + "        arguments: {parameters: [{name: word, value: '{{item}}'}]}\n        withSequence: {count: '200'}\n"
            + Flow.sharing(home, "one", "echo {{inputs.parameters.word}} >> \(home.shared)/lines", inputs: ["word"])
        let file = try home.file("flow.yaml", Flow.workflow("flow", spec))
        // After so many lines of its output each life ends; zero is before the first.
        let moments = (0..<10).map { _ in Int.random(in: 0...17) }
        var arguments = ["run", file, "--runtime", runtime, "--max-parallel", "6"]
        for moment in moments {
            let run = try Program(arguments, home: home)
            if moment > 0 { await run.shows("", times: moment) }
            run.signal(SIGKILL)
            let outcome = await run.outcome()
            #expect(outcome.status == 128 + SIGKILL, "\(moments): \(outcome)")
            // A life that ended before the run was recorded leaves nothing to take up.
            let list = try await Program.run("list", "-o", "name", home: home)
            if list.output == "flow\n" { arguments = ["run", "--resume", "flow", "--max-parallel", "6"] }
        }
        let last = try await Program(arguments, home: home).outcome()
        #expect(last.status == 0, "\(moments): \(last)")
        let lines = (home.text("shared/lines") ?? "").split(separator: "\n").compactMap { Int($0) }.sorted()
        #expect(lines == Array(0..<200), "\(moments)")
        let workflow = try JSONValue(json: try await Program.run("get", "flow", "-o", "json", home: home).output)
        #expect(workflow["status"]?["phase"]?.string == "Succeeded")
        #expect(workflow["status"]?["progress"]?.string == "200/200")
        // Nothing of it is left running.
        let uid = try #require(workflow["metadata"]?["uid"]?.string)
        #expect(Home.processes(marked: "SKIFF_POD=\(uid)/").isEmpty)
    }
}
