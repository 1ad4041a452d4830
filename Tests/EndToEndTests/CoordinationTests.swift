import Glibc
import Testing
import WorkflowModel

/// What operators see and change of locks, of the cache and of what runs own, with a process for each thing.
@Suite(.timeLimit(.minutes(3))) struct CoordinationTests {
    private func flow(_ home: Home, _ name: String, _ spec: String) throws -> String {
        try home.file("\(name).yaml", Flow.workflow(name, spec.replacing("SHARED", with: home.shared)))
    }

    private static let guarded = """
          volumes: [{name: shared, hostPath: {path: SHARED}}]
          templates:
          - name: main
            synchronization: {semaphores: [{database: {key: gpu}}]}
            container:
              image: busybox
              command: [sh, -c, "until [ -e SHARED/go ]; do sleep 0.02; done"]
              volumeMounts: [{name: shared, mountPath: SHARED}]

        """

    @Test func `the limit of a database semaphore is set, and holders shows who holds and who waits`() async throws {
        let home = try Home()
        let unknown = try await Program.run("run", try self.flow(home, "none", Self.guarded), home: home)
        #expect(unknown.output.contains("the limit of default/Database/gpu is not known: set one with skiff sync create"), "\(unknown)")
        let created = try await Program.run("sync", "create", "gpu", "--type", "database", "--limit", "1", home: home)
        #expect(created.output == "Sync limit created\nKey: gpu\nType: database\nNamespace: default\nLimit: 1\n", "\(created)")
        #expect(try await Program.run("sync", "create", "gpu", "--type", "database", "--limit", "2", home: home).status == 1)

        let first = try Program(["run", try self.flow(home, "first", Self.guarded)], home: home)
        await first.shows("first  first  Running")
        let second = try Program(["run", try self.flow(home, "second", Self.guarded)], home: home)
        await second.shows("Waiting for default/Database/gpu lock")
        let held = try await Program.run("sync", "holders", "-o", "json", home: home)
        let lock = try JSONValue(json: held.output)[0]
        #expect(lock?["lock"] == "default/Database/gpu")
        #expect(lock?["limit"]?.scalarText == "1")
        #expect(lock?["holding"]?[0]?["run"] == "first" && lock?["waiting"]?[0]?["run"] == "second", "\(held)")
        #expect(lock?["holding"]?[0]?["process"]?.scalarText == String(first.process))

        // A run whose process was killed keeps what it holds until it is deleted, and its place goes to the next.
        first.signal(SIGKILL)
        _ = await first.outcome()
        let orphan = try await Program.run("sync", "holders", home: home)
        let row = orphan.output.split(separator: "\n").first { $0.contains("default/first") }
        #expect(row?.hasSuffix("none") == true, "\(orphan)")
        #expect(try await Program.run("delete", "first", home: home).status == 0)
        try home.file("shared/go", "")
        #expect(await second.outcome().status == 0)
        #expect(try await Program.run("sync", "holders", home: home).output == "No locks are held\n")
    }

    @Test func `the limit of a ConfigMap's key is set, changed and removed`() async throws {
        let home = try Home()
        func sync(_ verb: String, _ more: String...) async throws -> Program.Outcome {
            try await Program(["sync", verb, "two", "--type", "configmap", "--cm-name", "limits"] + more, home: home).outcome()
        }
        #expect(try await sync("update", "--limit", "2").status == 1)
        #expect(try await sync("create", "--limit", "2").status == 0)
        #expect(try await sync("create", "--limit", "3").status == 1)
        #expect(try await sync("update", "--limit", "5").status == 0)
        #expect(try await sync("create", "--limit", "0").status == 2)
        #expect(
            try await sync("get").output == "Key: two\nType: configmap\nConfigMap Name: limits\nNamespace: default\nLimit: 5\n")
        let stored = try await Program.run("get", "cm/limits", "-o", "json", home: home)
        #expect(try JSONValue(json: stored.output)["data"] == ["two": "5"])
        #expect(try await sync("delete").output == "Sync limit deleted\n")
        #expect(try await sync("get").status == 1)
    }

    @Test func `the cache is shown, and what is forgotten runs again`() async throws {
        let home = try Home()
        let spec = """
              volumes: [{name: shared, hostPath: {path: SHARED}}]
              templates:
              - name: main
                memoize: {key: day-1, maxAge: 1h, cache: {configMap: {name: c}}}
                outputs: {parameters: [{name: o, valueFrom: {path: /tmp/o}}]}
                container:
                  image: busybox
                  command: [sh, -c, "echo x >> SHARED/runs; echo kept > /tmp/o"]
                  volumeMounts: [{name: shared, mountPath: SHARED}]

            """
        let file = try self.flow(home, "memo", spec)
        for _ in 0..<2 { #expect(try await Program.run("run", file, home: home).status == 0) }
        #expect(home.text("shared/runs") == "x\n")
        let list = try await Program.run("cache", "list", "-o", "name", home: home)
        #expect(list.output == "c/day-1\n", "\(list)")
        let entry = try JSONValue(json: try await Program.run("cache", "get", "c", "day-1", "-o", "json", home: home).output)
        #expect(entry["outputs"]?["parameters"]?[0]?["value"] == "kept" && entry["run"] == "memo")
        #expect(try await Program.run("cache", "prune", "--older", "1h", home: home).output == "0 entries deleted\n")
        #expect(try await Program.run("cache", "delete", "c", "day-1", home: home).output == "Entry 'day-1' of cache 'c' deleted\n")
        #expect(try await Program.run("run", file, home: home).status == 0)
        #expect(home.text("shared/runs") == "x\nx\n")
    }

    @Test func `an object that a run owns is deleted with it`() async throws {
        let home = try Home()
        let make = { (name: String, owns: Bool) in
            "  - - {name: \(name), inline: {resource: {action: create, setOwnerReference: \(owns), "
                + "manifest: '{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name)}}'}}}\n"
        }
        let spec = "  templates:\n  - name: main\n    steps:\n    " + make("mine", true) + "    " + make("free", false)
        let run = try await Program.run("run", try self.flow(home, "maker", spec), home: home)
        #expect(run.status == 0, "\(run)")
        #expect(try await Program.run("get", "cm", "-o", "name", home: home).output == "configmap/free\nconfigmap/mine\n")
        #expect(try await Program.run("delete", "maker", home: home).status == 0)
        #expect(try await Program.run("get", "cm", "-o", "name", home: home).output == "configmap/free\n")
    }

    @Test func `a template or schedule that is given alone is run once`() async throws {
        let home = try Home()
        let template = { (name: String, body: String) in
            "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: \(name)}\nspec:\n  entrypoint: main\n  templates:\n  - name: main\n\(body)"
        }
        let main = template("main-one", "    steps: [[{name: a, templateRef: {name: library, template: main}}]]\n")
        let library = template("library", "    container: {image: busybox, command: [echo, hello]}\n")
        let run = try await Program.run("run", try home.file("two.yaml", main + "---\n" + library), "-o", "json", home: home)
        #expect(run.status == 0, "\(run)")
        let workflow = try JSONValue(json: run.output)
        #expect(workflow["metadata"]?["generateName"] == "main-one-", "\(run)")
        let cron = """
            apiVersion: argoproj.io/v1alpha1
            kind: CronWorkflow
            metadata: {name: nightly}
            spec:
              schedules: ["0 3 * * *"]
              workflowSpec: {entrypoint: main, templates: [{name: main, container: {image: busybox, command: [echo, hello]}}]}

            """
        let scheduled = try await Program.run("run", try home.file("cron.yaml", cron), home: home)
        #expect(scheduled.status == 0, "\(scheduled)")
    }
}
