import Glibc
import Testing
import WorkflowModel

/// Stored objects, with a process for each thing that is done to them.
@Suite(.timeLimit(.minutes(3))) struct ResourceTests {
    private static let template = """
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata: {name: greet}
        spec:
          entrypoint: main
          arguments: {parameters: [{name: who, value: world}]}
          templates:
          - name: main
            inputs: {parameters: [{name: who}]}
            container:
              image: busybox
              command: [sh, -c, 'echo hello {{inputs.parameters.who}} $COLOR ${#PASSWORD}']
              env:
              - {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
              - {name: PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}

        """

    private static func map(_ name: String, _ key: String, _ value: String) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name)}\ndata: {\(key): '\(value)'}\n"
    }

    private static let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: correct-horse-battery}\n"

    private func apply(_ text: String, home: Home) async throws -> Program.Outcome {
        try await Program.run("apply", "-f", "-", home: home, input: text)
    }

    @Test func `what was applied is found by runs, lint and submissions`() async throws {
        let home = try Home()
        let objects = [Self.template, Self.map("settings", "color", "blue"), Self.secret].joined(separator: "---\n")
        let applied = try await self.apply(objects, home: home)
        #expect(
            applied.output == "workflowtemplate.argoproj.io/greet created\nconfigmap/settings created\nsecret/db created\n", "\(applied)")
        let flow = try home.file(
            "flow.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: flow}\nspec: {workflowTemplateRef: {name: greet}}\n")
        #expect(try await Program.run("lint", flow, home: home).status == 0)
        #expect(try await Program.run("run", flow, "-p", "who=you", home: home).status == 0)
        #expect(try await Program.run("logs", "flow", home: home).output == "flow: hello you blue 21\n")
        let submitted = try await Program.run("submit", "--from", "wftmpl/greet", "--name", "mine", "--log", "-o", "name", home: home)
        #expect(submitted.status == 0, "\(submitted)")
        #expect(submitted.output == "mine\nmine: hello world blue 21\n")
        #expect(submitted.errors.contains("no process owns the data directory: this one carries 'mine' out"))
        // What a run was started with it keeps.
        #expect(try await Program.run("delete", "wftmpl/greet", "cm/settings", home: home).status == 0)
        #expect(try await Program.run("get", "mine", "-o", "json", home: home).status == 0)
        let missing = try await Program.run("run", flow, home: home)
        #expect(missing.status == 2)
        #expect(missing.errors.contains("[unknown-workflow-template]"), "\(missing)")
    }

    @Test func `one process watches what others do`() async throws {
        let home = try Home()
        _ = try await self.apply(Self.map("a", "n", "1"), home: home)
        let watch = try Program(["get", "cm", "-w", "-o", "json"], home: home)
        await watch.shows("ADDED")
        for number in 2...3 { #expect(try await self.apply(Self.map("a", "n", "\(number)"), home: home).status == 0) }
        #expect(try await Program.run("delete", "cm/a", home: home).output == "ConfigMap 'a' deleted\n")
        await watch.shows("DELETED")
        watch.signal(SIGTERM)
        let events = try await watch.outcome().output.split(separator: "\n").map { try JSONValue(json: String($0)) }
        #expect(events.map { $0["type"]?.string } == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"])
        #expect(events.map { $0["object"]?["data"]?["n"]?.string } == ["1", "2", "3", "3"])
        let versions = events.compactMap { $0["object"]?["metadata"]?["resourceVersion"]?.string.flatMap { Int($0) } }
        #expect(versions == versions.sorted() && Set(versions).count == 4)
    }

    @Test func `of two that change the same version one is refused`() async throws {
        let home = try Home()
        _ = try await self.apply(Self.map("a", "n", "1"), home: home)
        let read = try await Program.run("get", "cm/a", "-o", "yaml", home: home).output
        let file = try home.file("read.yaml", read.replacing("\"n\": \"1\"", with: "\"n\": \"2\""))
        #expect(try await Program.run("apply", "-f", file, home: home).output == "configmap/a configured\n")
        let late = try await Program.run(
            "apply", "-f", try home.file("late.yaml", read.replacing("\"n\": \"1\"", with: "\"n\": \"3\"")), home: home)
        #expect(late.status == 1)
        #expect(late.errors.contains("ConfigMap 'a' has changed meanwhile"), "\(late)")
    }

    /// Each file has two keys that are always written alike.
    @Test func `a process that is killed while it applies leaves whole objects`() async throws {
        let home = try Home()
        func objects(_ round: Int) -> String {
            (0..<20).map { number in
                let padding = String(repeating: "x", count: 5000)
                return
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map-\(number)}\ndata: {first: 'r\(round)', padding: \(padding), last: 'r\(round)'}\n"
            }.joined(separator: "---\n")
        }
        _ = try await self.apply(objects(0), home: home)
        for round in 1...8 {
            let program = try Program(["apply", "-f", try home.file("maps.yaml", objects(round))], home: home)
            // After some have been told, at another place each time.
            await program.shows("configured", times: round * 2)
            program.signal(SIGKILL)
            _ = await program.outcome()
            let list = try JSONValue(json: try await Program.run("get", "cm", "-o", "json", home: home).output)
            let items = list["items"]?.array ?? []
            #expect(items.count == 20)
            for item in items { #expect(item["data"]?["first"] == item["data"]?["last"]) }
            // What was told is kept.
            #expect(items.count { $0["data"]?["first"]?.string == "r\(round)" } >= round * 2)
        }
    }

    @Test func `no file of the data directory holds a Secret in plain text`() async throws {
        let home = try Home()
        let encoded = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"
        _ = try await self.apply(Self.secret, home: home)
        _ = try await self.apply(
            Self.secret.replacing("stringData: {password: correct-horse-battery}", with: "data: {other: \(encoded)}"), home: home)
        #expect(try await Program.run("get", "secret", "db", "-o", "yaml", home: home).output.contains("other: <21 bytes, hidden>"))
        #expect(try await Program.run("get", "secret", "db", "--show-secrets", "-o", "yaml", home: home).output.contains(encoded))
        #expect(try await Program.run("delete", "secret", "db", home: home).status == 0)
        let search = try await Program(
            ["-rlaE", "correct-horse-battery|\(encoded)", home.data], home: home, executable: "/usr/bin/grep"
        ).outcome()
        #expect(search.output == "" && search.status == 1, "\(search)")
        var status = stat()
        #expect(stat("\(home.data)/secret.key", &status) == 0 && status.st_mode & 0o777 == 0o600)
    }
}
