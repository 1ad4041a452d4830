import Glibc
import Testing
import WorkflowModel

/// Runs as another process sees and touches them.
@Suite(.timeLimit(.minutes(3))) struct StoredRunTests {
    private func sleeping(_ home: Home, onExit: Bool = true) throws -> String {
        let spec =
            Flow.volume(home) + (onExit ? "  onExit: bye\n" : "") + "  templates:\n" + Flow.template("main", "sleep 600")
            + Flow.sharing(home, "bye", "echo {{workflow.status}} > \(home.shared)/bye")
        return try home.file("flow.yaml", Flow.workflow("flow", spec))
    }

    @Test func `a run is stopped from another terminal, and its exit handler runs`() async throws {
        let home = try Home()
        let run = try Program(["run", try self.sleeping(home)], home: home)
        await run.shows("flow  flow  Running")
        let stop = try await Program.run("stop", "flow", "--message", "lunch", home: home)
        #expect(stop.status == 0, "\(stop)")
        #expect(stop.output == "workflow flow stopped\n")
        let outcome = await run.outcome()
        #expect(outcome.status == 1, "\(outcome)")
        #expect(home.text("shared/bye") == "Failed\n")
        let again = try await Program.run("stop", "flow", home: home)
        #expect(again.status == 1)
        #expect(again.errors.contains("run 'flow' has ended already: Failed"), "\(again)")
    }

    @Test func `a run is terminated from another terminal, without its exit handler`() async throws {
        let home = try Home()
        let run = try Program(["run", try self.sleeping(home)], home: home)
        await run.shows("flow  flow  Running")
        #expect(try await Program.run("terminate", "@latest", home: home).output == "workflow flow terminated\n")
        #expect(await run.outcome().status == 1)
        #expect(home.text("shared/bye") == nil)
    }

    @Test(arguments: ["stop", "terminate"]) func `a step that is ended from another terminal may tidy up`(verb: String) async throws {
        let home = try Home()
        let command = "trap 'echo tidied > \(home.shared)/bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.02; done"
        let spec = Flow.volume(home) + "  templates:\n" + Flow.sharing(home, "main", command)
        let run = try Program(["run", try home.file("flow.yaml", Flow.workflow("flow", spec))], home: home)
        await run.shows("flow  flow  Running")
        // Before that a signal would find no trap.
        let logs = try Program(["logs", "-f", "flow"], home: home)
        await logs.shows("ready")
        #expect(try await Program.run(verb, "flow", home: home).status == 0)
        #expect(await run.outcome().status == 1)
        #expect(home.text("shared/bye") == "tidied\n")
    }

    @Test func `a run under way is listed, shown and followed, and not deleted`() async throws {
        let home = try Home()
        let spec =
            Flow.volume(home) + "  templates:\n"
            + Flow.sharing(home, "main", "echo first\nwhile [ ! -e \(home.shared)/go ]; do sleep 0.02; done\necho second")
        let run = try Program(["run", try home.file("flow.yaml", Flow.workflow("flow", spec))], home: home)
        await run.shows("flow  flow  Running")
        let list = try await Program.run("list", "--running", "-o", "name", home: home)
        #expect(list.output == "flow\n", "\(list)")
        let get = try await Program.run("get", "flow", "-o", "json", home: home)
        #expect(try JSONValue(json: get.output)["status"]?["phase"]?.string == "Running")
        let deletion = try await Program.run("delete", "flow", home: home)
        #expect(deletion.status == 1)
        #expect(deletion.errors.contains("run 'flow' has not ended"), "\(deletion)")
        let second = try await Program.run("run", "\(home.path)/flow.yaml", home: home)
        #expect(second.status == 1)
        #expect(second.errors.contains("an unfinished run is called 'flow' already"), "\(second)")
        let logs = try Program(["logs", "-f", "flow"], home: home)
        await logs.shows("first")
        try home.file("shared/go", "")
        #expect(await logs.outcome().output == "flow: first\nflow: second\n")
        #expect(await run.outcome().status == 0)
    }

    @Test func `logs are found by node, pattern and tail, merged by time`() async throws {
        let home = try Home()
        let spec =
            "  templates:\n  - name: main\n    steps:\n    - - {name: a, template: say, arguments: {parameters: [{name: word, value: apple}]}}\n"
            + "    - - {name: b, template: say, arguments: {parameters: [{name: word, value: banana}]}}\n"
            + Flow.template("say", "echo {{inputs.parameters.word}} 1; echo {{inputs.parameters.word}} 2", inputs: ["word"])
        #expect(try await Program.run("run", try home.file("flow.yaml", Flow.workflow("flow", spec)), home: home).status == 0)
        func texts(_ arguments: String...) async throws -> [String] {
            let logs = try await Program(["logs", "flow"] + arguments, home: home).outcome()
            #expect(logs.status == 0, "\(logs)")
            return logs.output.split(separator: "\n").map { String($0.split(separator: ":").last?.dropFirst() ?? "") }
        }
        #expect(try await texts() == ["apple 1", "apple 2", "banana 1", "banana 2"])
        #expect(try await texts("b") == ["banana 1", "banana 2"])
        #expect(try await texts("--grep", "^a.*2$") == ["apple 2"])
        #expect(try await texts("--tail", "1") == ["apple 2", "banana 2"])
        let unknown = try await Program.run("logs", "flow", "nobody", home: home)
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("run 'flow' has no pod 'nobody'"), "\(unknown)")
    }

    @Test func `a finished run is deleted with everything it left`() async throws {
        let home = try Home()
        let spec =
            "  templates:\n" + Flow.template("main", "echo x > /tmp/out") + "    outputs: {artifacts: [{name: out, path: /tmp/out}]}\n"
        let file = try home.file("flow.yaml", Flow.workflow("flow", spec))
        let run = try await Program.run("run", file, "-o", "json", home: home)
        #expect(run.status == 0, "\(run)")
        let uid = try #require(try JSONValue(json: run.output)["metadata"]?["uid"]?.string)
        #expect(home.exists("data/artifacts/\(uid)") && home.exists("data/pods/\(uid)"))
        #expect(try await Program.run("delete", "flow", home: home).output == "Workflow 'flow' deleted\n")
        #expect(!home.exists("data/artifacts/\(uid)") && !home.exists("data/pods/\(uid)"))
        #expect(try await Program.run("get", "flow", home: home).status == 1)
        // The name is free again, and was so before.
        #expect(try await Program.run("run", file, home: home).status == 0)
        #expect(try await Program.run("run", file, home: home).status == 0)
    }

    @Test func `the configuration file says how many finished runs are kept`() async throws {
        let home = try Home()
        let configuration = try home.file("config.yaml", "retention: {runs: 1, age: forever}\n")
        for name in ["a", "b", "c"] {
            let file = try home.file("flow.yaml", Flow.shell(name, "true"))
            let run = try await Program.run("run", file, "--config", configuration, home: home)
            #expect(run.status == 0, "\(run)")
        }
        let kept = try await Program.run("list", "-o", "name", home: home).output.split(separator: "\n")
        #expect(kept.first == "c" && !kept.contains("a"), "\(kept)")
        try home.file("config.yaml", "retention: {runs: few, age: 1w, keep: 3}\n")
        let wrong = try await Program.run("run", "\(home.path)/flow.yaml", "--config", configuration, home: home)
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("'retention.runs' is a number of runs, or 'all' [bad-value]"), "\(wrong)")
        #expect(wrong.errors.contains("'retention.age' is a length of time like 90d or 12h, or 'forever' [bad-value]"), "\(wrong)")
        #expect(wrong.errors.contains("unknown key 'keep' [unknown-field]"), "\(wrong)")
    }

    @Test func `there is nothing to find where nothing was`() async throws {
        let home = try Home()
        #expect(try await Program.run("list", "-o", "name", home: home).output == "")
        let get = try await Program.run("get", "@latest", home: home)
        #expect(get.status == 1)
        #expect(get.errors.contains("there are no runs in namespace 'default'"), "\(get)")
        #expect(!home.exists("data/skiff.db"))
    }
}
