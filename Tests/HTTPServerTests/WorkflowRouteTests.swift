import HTTPServer
import Operations
import Synchronization
import Testing
import WorkflowModel

@Suite(.serialized) struct WorkflowRouteTests {
    let fixture: ServerFixture

    init() throws {
        self.fixture = try ServerFixture()
        self.fixture.runs.add("build")
    }

    private static let workflow: JSONValue = ["metadata": ["generateName": "hello-"], "spec": ["entrypoint": "main", "templates": []]]

    @Test func `runs are listed as a WorkflowList, and fields choose what of them is told`() async throws {
        try await self.fixture.serve { client in
            let whole = try await client.get("/api/v1/workflows/default?listOptions.limit=1")
            #expect(whole.status == 200)
            #expect(whole.headers["content-type"] == "application/json")
            #expect(whole.headers["grpc-metadata-argo-version"] == "v1.2.3")
            #expect(whole.headers["x-content-type-options"] == "nosniff")
            #expect(whole.json["kind"]?.string == "WorkflowList")
            #expect(whole.json["metadata"] == ["resourceVersion": "7", "continue": "more"])
            #expect(whole.json["items"]?[0]?["status"]?["nodes"] != nil)
            #expect(self.fixture.runs.state.withLock { $0.listQuery?.detail } == .whole)

            let part = try await client.get("/api/v1/workflows/default?fields=items.metadata.name,items.status.phase")
            #expect(part.json == ["items": [["metadata": ["name": "build"], "status": ["phase": "Running"]]]])
            #expect(self.fixture.runs.state.withLock { $0.listQuery?.detail } == .summary)

            let without = try await client.get("/api/v1/workflows/?fields=-items.status.nodes,items.spec")
            #expect(without.json["items"]?[0]?["status"] == ["phase": "Running"])
            #expect(without.json["items"]?[0]?["spec"] == nil)
            #expect(self.fixture.runs.state.withLock { $0.listQuery?.namespace } == nil)
        }
    }

    @Test func `list options reach the question, and wrong ones are refused`() async throws {
        try await self.fixture.serve { client in
            _ = try await client.get(
                "/api/v1/workflows/default?nameFilter=Prefix&listOptions.labelSelector=a%3Db&createdAfter=2026-01-02T03:04:05Z"
                    + "&listOptions.fieldSelector=metadata.name%3Dbu,spec.startedAt%3E2026-01-01T00:00:00Z,ext.showRemainingItemCount%3Dtrue"
            )
            let query = try #require(self.fixture.runs.state.withLock { $0.listQuery })
            #expect(query.name == .prefix("bu"))
            #expect(query.labels.exact == ["a": "b"])
            #expect(query.createdAfter?.rfc3339 == "2026-01-02T03:04:05Z")
            #expect(query.startedAfter?.rfc3339 == "2026-01-01T00:00:00Z")
            #expect(query.countsRemaining)
            for wrong in [
                "listOptions.fieldSelector=spec.x%3D1", "listOptions.limit=many", "listOptions.limit=-1", "createdAfter=yesterday",
                "nameFilter=Like&listOptions.fieldSelector=metadata.name%3Da", "listOptions.labelSelector=a%20b",
                "listOptions.fieldSelector=metadata.namespace%3Dother",
            ] {
                let answer = try await client.get("/api/v1/workflows/default?\(wrong)")
                #expect(answer.status == 400, "\(wrong)")
                #expect(answer.json["code"]?.integer == 3)
                #expect(answer.json["message"] == answer.json["error"])
                #expect(answer.json["details"]?.array != nil)
                #expect(answer.headers["grpc-metadata-argo-version"] == nil)
            }
        }
    }

    @Test func `a Workflow is submitted into the namespace of the path`() async throws {
        try await self.fixture.serve { client in
            let answer = try await client.post("/api/v1/workflows/team", ["namespace": "team", "workflow": Self.workflow])
            #expect(answer.status == 200)
            #expect(answer.json["metadata"]?["namespace"]?.string == "team")
            #expect(answer.json["kind"]?.string == "Workflow")
            #expect(self.fixture.submitted.withLock { $0.count } == 1)

            let dry = try await client.post("/api/v1/workflows/team", ["serverDryRun": true, "workflow": Self.workflow])
            #expect(dry.status == 200)
            let lint = try await client.post("/api/v1/workflows/team/lint", ["workflow": Self.workflow])
            #expect(lint.status == 200)
            #expect(self.fixture.submitted.withLock { $0.count } == 1)

            let other = try await client.post(
                "/api/v1/workflows/team", ["workflow": ["metadata": ["namespace": "else"], "spec": ["entrypoint": "main"]]])
            #expect(other.status == 400)
            #expect(other.json["message"]?.string == "the object is of namespace 'else', and the path says 'team'")
        }
    }

    @Test func `a template is submitted with the options of Argo's request`() async throws {
        try await self.fixture.serve { client in
            let answer = try await client.post(
                "/api/v1/workflows/default/submit",
                [
                    "resourceKind": "WorkflowTemplate", "resourceName": "etl",
                    "submitOptions": ["parameters": ["day=1=2"], "labels": "a=b,c=d", "entryPoint": "x", "priority": 3],
                ])
            #expect(answer.status == 200)
            let request = try #require(self.fixture.submitted.withLock { $0.first })
            #expect(request.from == ResourceReference(.workflowTemplate, "etl"))
            #expect(request.run.parameters.map(\.value) == ["1=2"])
            #expect(request.run.labels == ["a": "b", "c": "d"])
            #expect(request.run.entrypoint == "x")
            #expect(request.run.priority == 3)

            let files = try await client.post(
                "/api/v1/workflows/default/submit",
                ["resourceKind": "wftmpl", "resourceName": "etl", "submitOptions": ["artifacts": ["in=uploads/default/u1/a.csv"]]])
            #expect(files.json["spec"]?["arguments"]?["artifacts"]?[0]?["plugin"]?["key"]?.string == "uploads/default/u1/a.csv")
            for key in ["uploads/other/u1/a.csv", "uploads/default/../x/y", "0190/1/0/out", "uploads/default//a"] {
                let refused = try await client.post(
                    "/api/v1/workflows/default/submit",
                    ["resourceKind": "wftmpl", "resourceName": "etl", "submitOptions": ["artifacts": [.string("in=\(key)")]]])
                #expect(refused.status == 400, "\(key)")
            }
        }
    }

    @Test func `a run is told by its name, its uid and as the latest`() async throws {
        self.fixture.runs.add("newer")
        try await self.fixture.serve { client in
            #expect(try await client.get("/api/v1/workflows/default/build").json["metadata"]?["uid"]?.string == "uid-build")
            #expect(try await client.get("/api/v1/workflows/default/@latest").json["metadata"]?["name"]?.string == "newer")
            #expect(try await client.get("/api/v1/workflows/default/x?uid=uid-build").json["metadata"]?["name"]?.string == "build")
            let fields = try await client.get("/api/v1/workflows/default/build?fields=status.phase")
            #expect(fields.body == #"{"status":{"phase":"Running"}}"#)
            let missing = try await client.get("/api/v1/workflows/default/none")
            #expect(missing.status == 404)
            #expect(missing.json["code"]?.integer == 5)
            #expect(missing.json["hint"]?.string == "skiff list")
        }
    }

    struct Command: Sendable, CustomTestStringConvertible {
        var verb: String
        var body: JSONValue
        var call: String
        var testDescription: String { self.call }
    }

    private static let commands = [
        Command(verb: "suspend", body: [:], call: "suspend build"),
        Command(verb: "resume", body: ["nodeFieldSelector": "id=n1"], call: "resume build id=n1 "),
        Command(verb: "stop", body: ["message": "enough"], call: "stop build enough"),
        Command(verb: "terminate", body: [:], call: "terminate build"),
        Command(verb: "stop", body: ["nodeFieldSelector": "id=n1", "message": "no"], call: "set build id=n1  Failed no"),
        Command(
            verb: "set",
            body: ["nodeFieldSelector": "id=n1", "phase": "Succeeded", "outputParameters": "{\"a\":\"1\"}", "message": "ok"],
            call: "set build id=n1 a=1 Succeeded ok"),
    ]

    @Test(arguments: Self.commands) func `a command reaches the run, which is then told`(command: Command) async throws {
        try await self.fixture.serve { client in
            let answer = try await client.put("/api/v1/workflows/default/build/\(command.verb)", command.body)
            #expect(answer.status == 200)
            #expect(answer.json["metadata"]?["name"]?.string == "build")
            #expect(self.fixture.runs.calls == [command.call])
        }
    }

    @Test func `what a run refuses is a conflict`() async throws {
        self.fixture.runs.state.withLock { $0.refusal = OperationError(.conflict, "run 'build' has ended already: Succeeded") }
        try await self.fixture.serve { client in
            let answer = try await client.put("/api/v1/workflows/default/build/stop")
            #expect(answer.status == 409)
            #expect(answer.json["code"]?.integer == 10)
            #expect(try await client.put("/api/v1/workflows/default/build/set").status == 400)
        }
    }

    @Test func `a run is deleted`() async throws {
        try await self.fixture.serve { client in
            let answer = try await client.delete("/api/v1/workflows/default/build")
            #expect(answer.status == 200)
            #expect(answer.body == "{}")
            #expect(try await client.delete("/api/v1/workflows/default/none").status == 404)
            #expect(self.fixture.runs.calls == ["delete build"])
        }
    }

    @Test func `finished runs are the archive`() async throws {
        try await self.fixture.serve { client in
            #expect(try await client.get("/api/v1/archived-workflows?namePrefix=b&namespace=default").json["items"]?[0] != nil)
            let query = try #require(self.fixture.runs.state.withLock { $0.listQuery })
            #expect(query.isFinished == true && query.name == .prefix("b") && query.detail == .summary)
            #expect(try await client.get("/api/v1/archived-workflows/uid-build").json["metadata"]?["name"]?.string == "build")
            #expect(try await client.get("/api/v1/archived-workflows/uid-build?namespace=else").status == 404)
            #expect(try await client.get("/api/v1/archived-workflows/none").status == 404)
            #expect(try await client.get("/api/v1/archived-workflows-label-keys").json == ["items": ["team"]])
            let values = try await client.get("/api/v1/archived-workflows-label-values?listOptions.labelSelector=team")
            #expect(values.json == ["items": ["data", "web"]])
            #expect(try await client.get("/api/v1/archived-workflows-label-values").status == 400)
            #expect(try await client.delete("/api/v1/archived-workflows/uid-build").body == "{}")
        }
    }

    @Test func `runs are done again by name and by uid`() async throws {
        try await self.fixture.serve { client in
            let run = "/api/v1/workflows/default/build"
            let retried = try await client.put(
                "\(run)/retry", ["restartSuccessful": true, "nodeFieldSelector": "name=a", "parameters": ["x=1"]])
            #expect(retried.json["metadata"]?["name"]?.string == "build", "\(retried.body)")
            #expect(try await client.put("\(run)/resubmit", ["memoized": true]).status == 200)
            #expect(try await client.put("/api/v1/archived-workflows/uid-build/retry").status == 200)
            #expect(try await client.put("/api/v1/archived-workflows/uid-build/resubmit").status == 200)
            #expect(try await client.put("/api/v1/archived-workflows/none/retry").status == 404)
            #expect(
                self.fixture.runs.calls == [
                    "retry build name=a true x=1", "resubmit build true", "retry uid-build - false ", "resubmit uid-build false",
                ])
        }
    }
}
