import Diagnostics
import Engine
import Glibc
import LocalOperations
import Operations
import Ports
import SQLiteStore
import Synchronization
import Testing
import WorkflowModel

@Suite struct SubmitTests {
    let fixture: StoreFixture

    init() throws { self.fixture = try StoreFixture() }

    private static let callsBuild = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: run-}
        spec:
          entrypoint: main
          templates:
          - name: main
            steps:
            - - {name: a, templateRef: {name: build, template: main}}
        """

    private func put(_ manifests: [ResourceManifest], namespace: String = "default") async throws {
        let report = try await self.fixture.resources().put(manifests, .apply, namespace: namespace, isDryRun: false)
        for result in report.results { _ = try result.result.get() }
    }

    /// Submits to an owner that adopts nothing.
    private func submit(_ request: SubmitRequest) async throws -> [JSONValue] {
        guard case .handedOver(let workflows, let owner) = try await self.fixture.submitter.submit(request) else { return [] }
        #expect(owner == getpid())
        return workflows
    }

    private func source(of workflow: JSONValue) async throws -> RunSource {
        try await self.fixture.store().source(of: RunID(workflow["metadata"]?["uid"]?.string ?? ""))
    }

    private func names(_ source: RunSource) throws -> Set<String> {
        Set(try source.context.map { try JSONValue(json: $0)["metadata"]?["name"]?.string ?? "" })
    }

    @Test func `a submitted run waits for the owner of the directory, who is rung`() async throws {
        try await self.fixture.claim()
        try await self.put([template("build")])
        let file = try self.fixture.file("flow.yaml", Self.callsBuild)
        let workflows = try await self.submit(SubmitRequest(run: RunRequest(files: [file], labels: ["team": "data"], priority: 7)))
        #expect(self.fixture.calls.withLock { $0 } == ["rang /bell"])
        let waiting = try await self.fixture.store().unownedRuns(limit: 10)
        #expect(waiting.map(\.id.text) == workflows.compactMap { $0["metadata"]?["uid"]?.string })
        #expect(waiting.map(\.priority) == [7])
        #expect(waiting.map { $0.labels["team"] } == ["data"])
        #expect(waiting[0].name.hasPrefix("run-"))
    }

    @Test func `without a living owner this process is to carry it out`() async throws {
        try await self.put([template("build")])
        let file = try self.fixture.file("flow.yaml", Self.callsBuild)
        // There is no runtime here to do it with, and so nothing is recorded.
        await #expect(throws: OperationError(.unavailable, "nothing is carried out here")) {
            try await self.fixture.submitter.submit(SubmitRequest(run: RunRequest(files: [file])))
        }
        #expect(try await self.fixture.store().unownedRuns(limit: 10).isEmpty)
        let dead = Owner(id: "gone", processID: 1, processStart: 1, bootID: "another", doorbell: "/bell")
        try await self.fixture.store().claimDirectory(dead) { _ in true }
        await #expect(throws: OperationError(.unavailable, "nothing is carried out here")) {
            try await self.fixture.submitter.submit(SubmitRequest(run: RunRequest(files: [file])))
        }
    }

    @Test func `a run freezes what it uses of what is stored, and nothing else`() async throws {
        try await self.fixture.claim()
        let environment: JSONValue = [
            ["name": "A", "valueFrom": ["configMapKeyRef": ["name": "settings", "key": "color"]]],
            ["name": "B", "valueFrom": ["secretKeyRef": ["name": "db", "key": "password"]]],
        ]
        let color = { (color: String) in manifest("ConfigMap", "settings", ["data": ["color": .string(color)]]) }
        try await self.put([
            template("build", environment: environment), template("unused"), manifest("ConfigMap", "unused-map"), color("blue"),
            manifest("Secret", "db", ["stringData": ["password": "tiger"]]), manifest("Secret", "unused", ["stringData": ["x": "y"]]),
        ])
        let file = try self.fixture.file("flow.yaml", Self.callsBuild)
        let workflows = try await self.submit(SubmitRequest(run: RunRequest(files: [file])))
        try await self.put([color("red")])
        let source = try await self.source(of: workflows[0])
        #expect(try self.names(source) == ["build", "settings"])
        #expect(source.context.contains { $0.contains("blue") })
        #expect(source.secrets == ["db": ["password": Array("tiger".utf8)]])
    }

    @Test func `what is given wins over what is stored, and what a tag names may be any`() async throws {
        try await self.fixture.claim()
        let open: JSONValue = [["name": "A", "valueFrom": ["configMapKeyRef": ["name": "{{workflow.parameters.map}}", "key": "k"]]]]
        try await self.put([template("build"), manifest("ConfigMap", "one"), manifest("ConfigMap", "two")])
        try await self.put([manifest("ConfigMap", "elsewhere")], namespace: "team")
        let given = try self.fixture.file("build.yaml", template("build", environment: open).object.json)
        let flow = try self.fixture.file(
            "flow.yaml",
            Self.callsBuild.replacing("entrypoint: main", with: "arguments: {parameters: [{name: map, value: one}]}\n  entrypoint: main"))
        let workflows = try await self.submit(SubmitRequest(run: RunRequest(files: [flow, given])))
        let source = try await self.source(of: workflows[0])
        #expect(try self.names(source) == ["build", "one", "two"])
        #expect(source.context.count == 3)
    }

    @Test func `a missing template names those that are stored`() async throws {
        try await self.put([template("built")])
        let file = try self.fixture.file("flow.yaml", Self.callsBuild)
        do {
            _ = try await self.fixture.submitter.preview(SubmitRequest(run: RunRequest(files: [file])))
            Issue.record("it was found")
        } catch let fault as ManifestFault {
            #expect(fault.diagnostics.count == 1)
            #expect(fault.diagnostics.first?.hint?.contains("did you mean 'built'?") == true)
        }
    }

    @Test func `lint knows what is stored in the object's namespace`() async throws {
        try await self.put([template("build")], namespace: "team")
        let file = try self.fixture.file("flow.yaml", Self.callsBuild)
        #expect(
            try await self.fixture.starter.lint(LintRequest(files: [file])).findings.map(\.diagnostic.code.text) == [
                "unknown-workflow-template"
            ])
        let team = try self.fixture.file(
            "team.yaml", Self.callsBuild.replacing("{generateName: run-}", with: "{generateName: run-, namespace: team}"))
        #expect(try await self.fixture.starter.lint(LintRequest(files: [team])).findings.isEmpty)
    }

    @Test func `runs are made from stored templates and schedules`() async throws {
        let cron = manifest(
            "CronWorkflow", "nightly",
            [
                "spec": [
                    "schedules": ["@daily"], "workflowSpec": template("x").object["spec"]!,
                    "workflowMetadata": ["labels": ["team": "data"]],
                ]
            ])
        try await self.put([template("build"), template("shared", kind: "ClusterWorkflowTemplate"), cron])
        func preview(_ kind: ResourceKind, _ name: String) async throws -> JSONValue {
            try await self.fixture.submitter.preview(
                SubmitRequest(run: RunRequest(files: [], annotations: ["a": "b"]), from: ResourceReference(kind, name)))[0]
        }
        let build = try await preview(.workflowTemplate, "build")
        #expect(build["spec"] == ["workflowTemplateRef": ["name": "build"]])
        #expect(build["metadata"]?["generateName"] == "build-")
        #expect(build["metadata"]?["labels"] == ["workflows.argoproj.io/workflow-template": "build"])
        #expect(build["metadata"]?["annotations"] == ["a": "b"])
        let shared = try await preview(.clusterWorkflowTemplate, "shared")
        #expect(shared["spec"] == ["workflowTemplateRef": ["name": "shared", "clusterScope": true]])
        let nightly = try await preview(.cronWorkflow, "nightly")
        #expect(nightly["metadata"]?["labels"] == ["team": "data", "workflows.argoproj.io/cron-workflow": "nightly"])
        #expect(nightly["spec"]?["entrypoint"] == "main")
        await #expect(throws: OperationError.self) { try await preview(.workflowTemplate, "nothing") }
        await #expect(throws: OperationError.self) { try await preview(.configMap, "build") }
    }

    @Test func `the command line's changes reach the run`() async throws {
        try await self.put([template("build")])
        let request = RunRequest(
            files: [], parameters: [("who", "you")], entrypoint: "main", generateName: "mine-", serviceAccount: "robot", priority: 3)
        let preview = try await self.fixture.submitter.preview(
            SubmitRequest(run: request, from: ResourceReference(.workflowTemplate, "build")))[0]
        #expect(preview["metadata"]?["generateName"] == "mine-")
        #expect(preview["spec"]?["serviceAccountName"] == "robot")
        #expect(preview["spec"]?["priority"] == 3)
        #expect(preview["spec"]?["arguments"]?["parameters"] == [["name": "who", "value": "you"]])
    }

    @Test func `a fixed name that is in use refuses the whole submission`() async throws {
        try await self.fixture.claim()
        try await self.put([template("build")])
        func flow(_ name: String) throws -> String {
            try self.fixture.file("\(name).yaml", Self.callsBuild.replacing("generateName: run-", with: "name: \(name)"))
        }
        _ = try await self.submit(SubmitRequest(run: RunRequest(files: [try flow("taken")])))
        await #expect(throws: OperationError.self) {
            try await self.submit(SubmitRequest(run: RunRequest(files: [try flow("fresh"), try flow("taken")])))
        }
        #expect(try await self.fixture.store().unownedRuns(limit: 10).map(\.name) == ["taken"])
    }
}
