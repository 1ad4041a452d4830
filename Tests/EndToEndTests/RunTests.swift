import Testing
import WorkflowModel

@Suite(.timeLimit(.minutes(3))) struct RunTests {
    @Test(arguments: ["sandbox", "process"]) func `hello world runs, says so, and is remembered`(runtime: String) async throws {
        let home = try Home()
        let file = try home.file("hello.yaml", Flow.shell("hello", "echo hello world"))
        let run = try await Program.run("run", file, "--runtime", runtime, home: home)
        #expect(run.status == 0, "\(run)")
        let lines = run.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("runtime: \(runtime)") ?? false, "\(run)")
        #expect(lines.contains { $0.hasSuffix("hello  hello  Succeeded") }, "\(run)")
        #expect(lines.contains { $0.hasPrefix("✔ hello Succeeded in") || $0.hasPrefix("hello Succeeded in") }, "\(run)")
        #expect(run.errors == "")
        let logs = try await Program.run("logs", "hello", home: home)
        #expect(logs.output == "hello: hello world\n")
        let list = try await Program.run("list", "-o", "name", home: home)
        #expect(list.output == "hello\n")
    }

    @Test func `the final Workflow is all that -o json prints`() async throws {
        let home = try Home()
        let file = try home.file("flow.yaml", Flow.shell("flow", "echo one; echo two"))
        let run = try await Program.run("run", file, "-o", "json", home: home)
        #expect(run.status == 0, "\(run)")
        let workflow = try JSONValue(json: run.output)
        #expect(workflow["status"]?["phase"]?.string == "Succeeded")
        #expect(workflow["status"]?["progress"]?.string == "1/1")
        #expect(workflow["status"]?["nodes"]?["flow"]?["phase"]?.string == "Succeeded")
        #expect(run.errors.contains("runtime: "))
        // Another process tells the same.
        let get = try await Program.run("get", "flow", "-o", "json", home: home)
        #expect(try JSONValue(json: get.output) == workflow)
    }

    @Test func `a failed step fails the run and the program`() async throws {
        let home = try Home()
        let file = try home.file("flow.yaml", Flow.shell("flow", "echo oops >&2; exit 3"))
        let run = try await Program.run("run", file, home: home)
        #expect(run.status == 1)
        #expect(run.output.contains("flow  flow  Failed main: Error (exit code 3)"), "\(run)")
    }

    @Test func `a program that is not there is an error that names it, its image and the remedy`() async throws {
        let home = try Home()
        let spec = "  templates:\n  - name: main\n    container: {image: 'some/image:1', command: [no-such-program]}\n"
        let run = try await Program.run("run", try home.file("flow.yaml", Flow.workflow("flow", spec)), "-o", "json", home: home)
        #expect(run.status == 1)
        let message = try JSONValue(json: run.output)["status"]?["nodes"]?["flow"]?["message"]?.string ?? ""
        #expect(message.contains("no-such-program") && message.contains("some/image:1"), "\(message)")
        #expect(message.contains("install") || message.contains("images:"), "\(message)")
    }

    @Test(arguments: ["sandbox", "process"]) func `parameters and artifacts pass between the steps of a DAG`(runtime: String) async throws {
        let home = try Home()
        // The process runtime works on the paths of the machine.
        let spec = """
              arguments: {parameters: [{name: word, value: unset}]}
              templates:
              - name: main
                dag:
                  tasks:
                  - {name: make, template: make}
                  - name: use
                    template: use
                    depends: make
                    arguments:
                      parameters: [{name: size, value: '{{tasks.make.outputs.parameters.size}}'}]
                      artifacts: [{name: in, from: '{{tasks.make.outputs.artifacts.out}}'}]
              - name: make
                container:
                  image: busybox
                  command: [sh, -c]
                  args: ['mkdir -p \(home.path)/out && echo "{{workflow.parameters.word}}" > \(home.path)/out/word && wc -c < \(home.path)/out/word > \(home.path)/size']
                outputs:
                  parameters: [{name: size, valueFrom: {path: \(home.path)/size}}]
                  artifacts: [{name: out, path: \(home.path)/out}]
              - name: use
                inputs:
                  parameters: [{name: size}]
                  artifacts: [{name: in, path: \(home.path)/in}]
                script:
                  image: busybox
                  command: [sh]
                  source: |
                    echo "{{inputs.parameters.size}} $(cat \(home.path)/in/word)"

            """.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "\($0)" }.joined(separator: "\n")
        let run = try await Program.run(
            "run", try home.file("flow.yaml", Flow.workflow("flow", spec)), "-p", "word=banana", "--runtime", runtime, home: home)
        #expect(run.status == 0, "\(run)")
        let logs = try await Program.run("logs", "flow", "use", home: home)
        #expect(logs.output.hasSuffix(": 7 banana\n"), "\(logs)")
    }

    @Test func `secrets and config maps of the same call reach the steps, and no value reaches the data directory`() async throws {
        let home = try Home()
        let text =
            Flow.workflow(
                "flow",
                """
                  templates:
                  - name: main
                    container:
                      image: busybox
                      command: [sh, -c]
                      args: ['test "${#PASSWORD}" = 11 && test "$GREETING" = hi']
                      env:
                      - {name: PASSWORD, valueFrom: {secretKeyRef: {name: login, key: password}}}
                      - {name: GREETING, valueFrom: {configMapKeyRef: {name: words, key: greeting}}}

                """) + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: open-sesame}\n"
            + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {greeting: hi}\n"
        let run = try await Program.run("run", "-", home: home, input: text)
        #expect(run.status == 0, "\(run)")
        for file in ["skiff.db", "skiff.db-wal"] { #expect(home.text("\(home.data)/\(file)")?.contains("open-sesame") != true) }
    }

    @Test func `several workflows run side by side and come back as a list`() async throws {
        let home = try Home()
        let text = Flow.shell("one", "echo 1") + "---\n" + Flow.shell("two", "exit 1")
        let run = try await Program.run("run", try home.file("flows.yaml", text), "-o", "json", home: home)
        #expect(run.status == 1)
        let items = try JSONValue(json: run.output)["items"]?.array ?? []
        #expect(items.map { $0["metadata"]?["name"]?.string } == ["one", "two"])
        #expect(items.map { $0["status"]?["phase"]?.string } == ["Succeeded", "Failed"])
    }

    @Test func `a wrong parameter name is told, and the run goes on as Argo's does`() async throws {
        let home = try Home()
        let file = try home.file(
            "flow.yaml",
            Flow.shell("flow", "echo {{workflow.parameters.word}}", more: "  arguments: {parameters: [{name: word, value: a}]}\n"))
        let run = try await Program.run("run", file, "-p", "wrod=b", home: home)
        #expect(run.status == 0)
        #expect(
            run.errors == """
                -p wrod: warning: the workflow does not declare parameter 'wrod' [unknown-parameter]
                  hint: did you mean 'word'? declared: word

                """)
    }

    @Test func `images of the configuration file say what runs when a container does not`() async throws {
        let home = try Home()
        let spec = "  templates:\n  - name: main\n    container: {image: 'tools/greeter:v1', args: [hello]}\n"
        let file = try home.file("flow.yaml", Flow.workflow("flow", spec))
        let configuration = try home.file("config.yaml", "images:\n  tools/greeter:v1: {entrypoint: [echo, well]}\n")
        let run = try await Program.run("run", file, "--config", configuration, home: home)
        #expect(run.status == 0, "\(run)")
        #expect(try await Program.run("logs", "flow", home: home).output == "flow: well hello\n")
        try home.file("config.yaml", "imagse: {}\n")
        let wrong = try await Program.run("run", file, "--config", configuration, home: home)
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("config.yaml:1:1: error: unknown key 'imagse' [unknown-field]"), "\(wrong)")
        #expect(wrong.errors.contains("did you mean 'images'?"))
    }

    @Test func `no more steps run at once than --max-parallel says`() async throws {
        let home = try Home()
        let spec =
            Flow.volume(home)
            + "  templates:\n  - name: main\n    steps:\n    - - name: s\n        template: one\n        withSequence: {count: '8'}\n"
            + Flow.sharing(home, "one", "mkdir \(home.shared)/lock || { echo together; exit 1; }\nrmdir \(home.shared)/lock")
        let run = try await Program.run("run", try home.file("flow.yaml", Flow.workflow("flow", spec)), "--max-parallel", "1", home: home)
        #expect(run.status == 0, "\(run)")
    }
}
