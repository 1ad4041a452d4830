import Diagnostics
import Engine
import LocalOperations
import Operations
import Ports
import SQLiteStore
import TestKit
import Testing
import WorkflowModel

/// Runs on their way from a file to the store.
@Suite(.timeLimit(.minutes(1))) struct StartTests {
    private func faults(_ body: () async throws -> Void) async -> [String] {
        let fault = await #expect(throws: ManifestFault.self) { try await body() }
        return fault?.diagnostics.map { "\($0.code)" } ?? []
    }

    @Test func `a run is recorded with what the command line says of it, and told from its first line to its end`() async throws {
        let house = try House()
        let file = try house.flow(
            "flow", spec: "  arguments: {parameters: [{name: word, value: a}, {name: other, value: b}]}\n")
        let session = try await house.starter().start(
            RunRequest(
                files: [file], parameters: [("word", "x"), ("word", "y")], name: "named", namespace: "team", labels: ["by": "hand"]))
        #expect(session.names == ["named"])
        try await session.wait()
        var updates: [RunUpdate] = []
        for await update in session.updates { updates.append(update) }
        #expect(updates.first == .runtimeChosen("pretended"))
        #expect(updates.contains(.runStarted(run: "named")))
        #expect(updates.last == .runFinished(run: "named", phase: "Succeeded", message: ""))
        let run = try #require(try await house.operations().list(ListQuery(namespace: "team")).first)
        #expect(run.name == "named" && run.phase == "Succeeded" && run.progress == "1/1")
        #expect(run.parameters == ["word": "y", "other": "b"])
        #expect(run.labels["by"] == "hand")
        #expect(try await house.operations().list(ListQuery()).isEmpty)
    }

    @Test func `what another process gets is what this one has`() async throws {
        let house = try House()
        let session = try await house.starter().start(RunRequest(files: [try house.flow("flow", steps: ["a", "b"])]))
        try await session.wait()
        let stored = try await house.operations().get("@latest", namespace: "default")
        #expect(stored == (await session.workflows())[0])
        #expect(stored["status"]?["nodes"]?.object?.count == 5)
    }

    @Test func `what lint warns of is told once, its advice is not, and the run goes on`() async throws {
        let house = try House()
        let file = try house.flow("flow", spec: "  arguments: {parameters: [{name: word, value: a}]}\n")
        let session = try await house.starter().start(RunRequest(files: [file], parameters: [("wrd", "b")]))
        try await session.wait()
        var told: [String] = []
        for await update in session.updates {
            if case .diagnostics(let diagnostics, _) = update { told += diagnostics.map { "\($0.code): \($0.severity)" } }
        }
        #expect(told.sorted() == ["unknown-parameter: warning", "unused-argument: warning"])
    }

    @Test func `a long prefix is cut, so that what is made of it can be a name`() async throws {
        let house = try House()
        let long = String(repeating: "a", count: 70) + "-"
        try await house.carryOut(try house.flow(long))
        let name = try #require(try await house.operations().list(ListQuery()).first?.name)
        #expect(name.count == 63 && name.hasPrefix(String(repeating: "a", count: 58)))
    }

    @Test func `a generated name is made anew for each run, a given one is taken once at a time`() async throws {
        let house = try House()
        let generated = try house.flow("flow-")
        for _ in 0..<2 { try await house.carryOut(generated) }
        let names = try await house.operations().list(ListQuery()).map(\.name)
        #expect(Set(names).count == 2 && names.allSatisfy { $0.hasPrefix("flow-") && $0.count == 10 }, "\(names)")
        let given = try house.flow("fixed")
        let chronicle = Chronicle()
        let session = try await house.starter(ScriptedRuntime(chronicle: chronicle) { _ in nil }).start(RunRequest(files: [given]))
        await chronicle.wait(for: "launch 0")
        let taken = await #expect(throws: OperationError.self) { try await house.carryOut(given) }
        #expect(taken?.code == .alreadyExists)
        #expect(
            taken?.message
                == "an unfinished run is called 'fixed' already; process \(House.livingOwner.processID) carries it out")
        await session.leave()
        let left = await #expect(throws: OperationError.self) { try await house.carryOut(given) }
        #expect(left?.hint == "go on with it with 'skiff run --resume fixed', or choose another name with --name")
    }

    @Test func `of several workflows all are recorded, or none`() async throws {
        let house = try House()
        let chronicle = Chronicle()
        let holder = try await house.starter(ScriptedRuntime(chronicle: chronicle) { _ in nil }).start(
            RunRequest(files: [try house.flow("second")]))
        await chronicle.wait(for: "launch 0")
        let files = [try house.flow("first"), try house.flow("second"), try house.flow("third")]
        await #expect(throws: OperationError.self) { try await house.starter().start(RunRequest(files: files)) }
        #expect(try await house.operations().list(ListQuery()).map(\.name) == ["second"])
        await holder.terminate()
        try await holder.wait()
        let session = try await house.starter().start(RunRequest(files: files))
        #expect(session.names == ["first", "second", "third"])
        try await session.wait()
        #expect(await session.workflows().map { $0["status"]?["phase"]?.string } == ["Succeeded", "Succeeded", "Succeeded"])
        let refusal = await #expect(throws: OperationError.self) {
            try await house.starter().start(RunRequest(files: files, name: "one"))
        }
        #expect(refusal?.message == "--name names one run, and there are 3 Workflows")
    }

    @Test func `what is wrong in the text is told at once, and nothing is recorded`() async throws {
        let house = try House()
        let file = try house.file(
            "wrong.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: Not_A_Name}\nspec:\n  entrypoint: nowhere\n  templtes: []\n"
        )
        let codes = await self.faults { _ = try await house.starter().start(RunRequest(files: [file])) }
        #expect(Set(codes).isSuperset(of: ["bad-value", "unknown-field"]), "\(codes)")
        let missing = await self.faults { _ = try await house.starter().start(RunRequest(files: ["\(house.path)/missing.yaml"])) }
        #expect(missing == ["file-not-found"])
        #expect(!Files.exists(house.data))
    }

    @Test func `templates, ConfigMaps and Secrets of the same call are context, and are stored with the run`() async throws {
        let house = try House()
        let workflow = try house.file(
            "workflow.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: flow}\nspec: {workflowTemplateRef: {name: base}}\n")
        let context = try house.file(
            "context.yaml",
            """
            apiVersion: argoproj.io/v1alpha1
            kind: WorkflowTemplate
            metadata: {name: base}
            spec:
              entrypoint: leaf
              templates:
              - name: leaf
                container:
                  image: busybox
                  command: [run]
                  env:
                  - {name: P, valueFrom: {secretKeyRef: {name: login, key: password}}}
                  - {name: G, valueFrom: {configMapKeyRef: {name: words, key: greeting}}}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: login}
            stringData: {password: open-sesame}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: words}
            data: {greeting: hello}

            """)
        let chronicle = Chronicle()
        let world = PodWorld()
        let session = try await house.starter(ScriptedRuntime(world: world, chronicle: chronicle) { _ in nil }).start(
            RunRequest(files: [workflow, context]))
        await chronicle.wait(for: "launch 0")
        await session.leave()
        // Later edits do not reach the run.
        Files.remove(context)
        let secrets = Chronicle()
        let runtime = ScriptedRuntime { launch in
            secrets.add(String(decoding: launch.secrets["login"]?["password"] ?? [], as: UTF8.self))
            return .exit(launch.request.main.env.contains(.value(name: "G", "hello")) ? 0 : 1)
        }
        let resumed = try await house.starter(runtime).resume("flow", namespace: "default", maxParallel: nil)
        try await resumed.wait()
        #expect(await resumed.workflows()[0]["status"]?["phase"]?.string == "Succeeded")
        #expect(secrets.entries == ["open-sesame"])
    }

    @Test func `lint tells all faults in the order of files and lines, and needs no data directory`() async throws {
        let house = try House()
        let first = try house.file("b.yaml", "just: text\n")
        let second = try house.file(
            "a.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec:\n  entrypoint: main\n  templates:\n"
                + "  - name: main\n    steps:\n    - - {name: s, template: gone}\n    unknown: 1\n")
        let report = try await house.starter().lint(LintRequest(files: [first, second]))
        let diagnostics = report.findings.map(\.diagnostic)
        #expect(diagnostics.map(\.file) == [first] + Array(repeating: second, count: diagnostics.count - 1))
        let lines = diagnostics.dropFirst().compactMap(\.position?.line)
        #expect(lines == lines.sorted() && lines.count >= 2, "\(diagnostics)")
        #expect(report.excerpts[second]?.count ?? 0 > 5)
        // What is no object of Kubernetes is not counted.
        #expect(report.objectCount == 1)
        #expect(!Files.exists(house.data))
    }
}
