import Testing
import WorkflowModel

/// What the engine, the driver, the store and the runtime do together.
@Suite(.timeLimit(.minutes(3))) struct FeatureTests {
    private func file(_ home: Home, _ name: String, _ spec: String) throws -> String {
        try home.file(
            "\(name).yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: \(name)}\nspec:\n  entrypoint: main\n" + spec)
    }

    private func workflow(_ outcome: Program.Outcome) throws -> JSONValue { try JSONValue(json: outcome.output) }

    private func node(_ workflow: JSONValue, _ name: String) -> JSONValue? {
        (workflow["status"]?["nodes"]?.object ?? JSONObject()).first { $0.1["displayName"]?.string == name }?.1
    }

    @Test func `a person approves from another terminal, with a value`() async throws {
        let home = try Home()
        let flow = try self.file(
            home, "ask",
            """
              templates:
              - name: main
                steps:
                - - {name: approve, template: approve}
                - - name: after
                    template: say
                    arguments: {parameters: [{name: t, value: "{{steps.approve.outputs.parameters.answer}}"}]}
              - name: approve
                suspend: {}
                outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}
              - name: say
                inputs: {parameters: [{name: t}]}
                container: {image: "b:1", command: [echo, "{{inputs.parameters.t}}"]}
            """)
        let run = try Program(["run", flow], home: home)
        await run.shows("approve  Running")
        let early = try await Program.run("resume", "ask", home: home)
        #expect(early.status == 1)
        #expect(early.errors.contains("'answer' was not supplied"), "\(early)")
        let set = try await Program.run(
            "node", "set", "ask", "--node-field-selector", "displayName=approve", "-p", "answer=yes", "--phase", "Succeeded", home: home)
        #expect(set.output == "workflow ask set\n", "\(set)")
        #expect(await run.outcome().status == 0)
        #expect(try await Program.run("logs", "ask", "after", "--no-color", home: home).output.hasSuffix("yes\n"))
    }

    @Test func `a suspended run starts nothing until it is resumed`() async throws {
        let home = try Home()
        let flow = try self.file(
            home, "later", "  suspend: true\n  templates:\n  - {name: main, container: {image: \"b:1\", command: [echo, hello]}}\n")
        let run = try Program(["run", flow], home: home)
        await run.shows("later  Running")
        #expect(try await Program.run("resume", "later", home: home).output == "workflow later resumed\n")
        let outcome = await run.outcome()
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test func `two runs of two processes never hold one mutex at once`() async throws {
        let home = try Home()
        let spec = """
              volumes: [{name: shared, hostPath: {path: \(home.shared)}}]
              templates:
              - name: main
                synchronization: {mutexes: [{name: one}]}
                container:
                  image: "b:1"
                  command: [sh, -c, "mkdir \(home.shared)/lock && sleep 0.3 && rmdir \(home.shared)/lock"]
                  volumeMounts: [{name: shared, mountPath: \(home.shared)}]
            """
        let runs = try (0..<3).map { try Program(["run", try self.file(home, "run-\($0)", spec)], home: home) }
        for run in runs {
            let outcome = await run.outcome()
            #expect(outcome.status == 0, "\(outcome)")
        }
    }

    @Test func `a lock of a process that was killed goes on with the run that is resumed`() async throws {
        let home = try Home()
        let spec = { (command: String) in
            """
              volumes: [{name: shared, hostPath: {path: \(home.shared)}}]
              templates:
              - name: main
                synchronization: {mutexes: [{name: one}]}
                container:
                  image: "b:1"
                  command: [sh, -c, "\(command)"]
                  volumeMounts: [{name: shared, mountPath: \(home.shared)}]
            """
        }
        let first = try Program(
            ["run", try self.file(home, "first", spec("while [ ! -e \(home.shared)/go ]; do sleep 0.02; done"))], home: home)
        await first.shows("first  first  Running")
        first.signal(9)
        _ = await first.outcome()
        let second = try Program(["run", try self.file(home, "second", spec("true"))], home: home)
        await second.shows("Waiting for default/Mutex/one lock")
        _ = try home.file("shared/go", "")
        #expect(try await Program.run("run", "--resume", "first", home: home).status == 0)
        #expect(await second.outcome().status == 0)
    }

    @Test func `a memoized step is not run twice`() async throws {
        let home = try Home()
        let flow = try self.file(
            home, "memo",
            """
              templates:
              - name: main
                memoize: {key: day-1, maxAge: 1h, cache: {configMap: {name: c}}}
                outputs:
                  parameters: [{name: o, valueFrom: {path: /tmp/o}}]
                  artifacts: [{name: a, path: /tmp/a}]
                container: {image: "b:1", command: [sh, -c, "date +%s%N > /tmp/o; echo kept > /tmp/a"]}
            """)
        let first = try self.workflow(try await Program.run("run", flow, "-o", "json", home: home))
        let second = try self.workflow(try await Program.run("run", flow, "-o", "json", home: home))
        #expect(self.node(second, "memo")?["memoizationStatus"]?["hit"] == true)
        #expect(self.node(first, "memo")?["outputs"]?["parameters"] == self.node(second, "memo")?["outputs"]?["parameters"])
        // The artifact went with the run that made it; what is not there is worked out again.
        let uid = try #require(first["metadata"]?["uid"]?.string)
        #expect(try await Program.run("delete", uid, home: home).status == 0)
        let third = try self.workflow(try await Program.run("run", flow, "-o", "json", home: home))
        #expect(self.node(third, "memo")?["memoizationStatus"]?["hit"] == false)
    }

    @Test func `a daemon serves the next step and ends with its steps`() async throws {
        let home = try Home()
        let flow = try self.file(
            home, "serve",
            """
              volumes: [{name: shared, hostPath: {path: \(home.shared)}}]
              templates:
              - name: main
                steps:
                - - {name: server, template: server}
                - - {name: client, template: client}
              - name: server
                daemon: true
                container:
                  image: "b:1"
                  command: [sh, -c, "trap 'echo ended > \(home.shared)/ended; exit 0' TERM; echo up > \(home.shared)/up; while :; do sleep 0.02; done"]
                  readinessProbe: {exec: {command: [test, -e, \(home.shared)/up]}, periodSeconds: 1}
                  volumeMounts: [{name: shared, mountPath: \(home.shared)}]
              - name: client
                container:
                  image: "b:1"
                  command: [sh, -c, "test -e \(home.shared)/up && test ! -e \(home.shared)/ended"]
                  volumeMounts: [{name: shared, mountPath: \(home.shared)}]
            """)
        let outcome = try await Program.run("run", flow, home: home)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(home.text("shared/ended") == "ended\n")
    }

    @Test func `init containers, a container set and a sidecar share a volume`() async throws {
        let home = try Home()
        let flow = try self.file(
            home, "set",
            """
              templates:
              - name: main
                volumes: [{name: v, emptyDir: {}}]
                initContainers:
                - {name: first, image: "b:1", command: [sh, -c, "echo one > /v/a"], volumeMounts: [{name: v, mountPath: /v}]}
                sidecars:
                - {name: helper, image: "b:1", command: [sleep, "600"]}
                containerSet:
                  volumeMounts: [{name: v, mountPath: /v}]
                  containers:
                  - {name: next, image: "b:1", command: [sh, -c, "cat /v/a > /v/b; echo two >> /v/b"]}
                  - {name: main, image: "b:1", command: [sh, -c, "cat /v/b > /tmp/out"], dependencies: [next]}
                outputs: {parameters: [{name: all, valueFrom: {path: /tmp/out}}]}
            """)
        let outcome = try await Program.run("run", flow, "-o", "json", home: home)
        let done = try self.workflow(outcome)
        #expect(done["status"]?["phase"] == "Succeeded", "\(outcome)")
        #expect(self.node(done, "set")?["outputs"]?["parameters"]?[0]?["value"] == "one\ntwo")
        #expect(self.node(done, "next")?["type"] == "Container" || self.node(done, "set.next")?["type"] == "Container")
    }
}
