import HTTPServer
import Operations
import Synchronization
import Testing
import WorkflowModel

@Suite(.serialized) struct ObjectRouteTests {
    let fixture: ServerFixture

    init() throws { self.fixture = try ServerFixture() }

    private static let spec: JSONValue = [
        "entrypoint": "main", "templates": [["name": "main", "container": ["image": "busybox:1.36", "command": ["true"]]]],
    ]

    private static func template(_ name: String, _ spec: JSONValue = Self.spec) -> JSONValue {
        ["metadata": ["name": .string(name)], "spec": spec]
    }

    @Test(arguments: [
        ("/api/v1/workflow-templates/default", "template", "WorkflowTemplate"),
        ("/api/v1/cluster-workflow-templates", "template", "ClusterWorkflowTemplate"),
        ("/api/v1/cron-workflows/default", "cronWorkflow", "CronWorkflow"),
    ]) func `templates and schedules are created, told, listed, changed and deleted`(
        path: String, field: String, kind: String
    ) async throws {
        let spec: JSONValue = kind == "CronWorkflow" ? ["schedule": "@daily", "workflowSpec": Self.spec] : Self.spec
        try await self.fixture.serve { client in
            let created = try await client.post(path, [field: Self.template("etl", spec)])
            #expect(created.status == 200, "\(created.body)")
            #expect(created.json["kind"]?.string == kind)
            #expect(created.json["metadata"]?["resourceVersion"]?.string != nil)
            #expect(try await client.post(path, [field: Self.template("etl", spec)]).status == 409)
            #expect(try await client.get("\(path)/etl").json == created.json)
            let list = try await client.get(path)
            #expect(list.json["kind"]?.string == "\(kind)List")
            #expect(list.json["items"]?.array?.count == 1)

            var changed = created.json.object ?? JSONObject()
            var metadata = changed["metadata"]?.object ?? JSONObject()
            metadata["labels"] = ["a": "b"]
            changed["metadata"] = .object(metadata)
            #expect(try await client.put("\(path)/etl", [field: .object(changed)]).json["metadata"]?["labels"] == ["a": "b"])
            // The version is that of before.
            #expect(try await client.put("\(path)/etl", [field: .object(changed)]).status == 409)
            #expect(try await client.put("\(path)/other", [field: .object(changed)]).status == 400)
            #expect(try await client.post("\(path)/lint", [field: Self.template("new", spec)]).status == 200)
            #expect(try await client.get("\(path)/new").status == 404)
            #expect(try await client.delete("\(path)/etl").body == "{}")
            #expect(try await client.delete("\(path)/etl").status == 404)
        }
    }

    @Test func `everything that is wrong with a template is told at once`() async throws {
        try await self.fixture.serve { client in
            let wrong: JSONValue = ["entrypoint": "nowhere", "templates": [["name": "a", "containr": [:]]]]
            let answer = try await client.post("/api/v1/workflow-templates/default", ["template": Self.template("etl", wrong)])
            #expect(answer.status == 400)
            #expect(answer.json["details"]?.array?.contains { $0["code"]?.string == "unknown-field" } == true, "\(answer.body)")
        }
    }

    @Test func `a schedule is suspended and resumed`() async throws {
        try await self.fixture.serve { client in
            let spec: JSONValue = ["schedule": "@daily", "workflowSpec": Self.spec]
            _ = try await client.post("/api/v1/cron-workflows/default", ["cronWorkflow": Self.template("nightly", spec)])
            let suspended = try await client.put("/api/v1/cron-workflows/default/nightly/suspend")
            #expect(suspended.json["spec"]?["suspend"]?.bool == true)
            let resumed = try await client.put("/api/v1/cron-workflows/default/nightly/resume")
            #expect(resumed.json["spec"]?["suspend"]?.bool == false)
        }
    }

    @Test(arguments: ["configmaps", "secrets", "persistentvolumeclaims"])
    func `objects of Kubernetes have its paths`(plural: String) async throws {
        let kind = ["configmaps": "ConfigMap", "secrets": "Secret", "persistentvolumeclaims": "PersistentVolumeClaim"][plural] ?? ""
        let path = "/api/v1/namespaces/team/\(plural)"
        try await self.fixture.serve { client in
            var object: JSONObject = JSONObject()
            object["metadata"] = ["name": "thing"]
            if kind == "Secret" { object["stringData"] = ["password": "hunter2"] }
            if kind == "ConfigMap" { object["data"] = ["a": "1"] }
            let created = try await client.post(path, .object(object))
            #expect(created.status == 201, "\(created.body)")
            #expect(created.json["metadata"]?["namespace"]?.string == "team")
            #expect(!created.body.contains("hunter2") && !created.body.contains("aHVudGVyMg"))
            let told = try await client.get("\(path)/thing")
            #expect(told.json["kind"]?.string == kind)
            #expect(!told.body.contains("hunter2") && !told.body.contains("aHVudGVyMg"))
            #expect(try await client.get(path).json["kind"]?.string == "\(kind)List")
            #expect(try await client.get("/api/v1/\(plural)").json["items"]?.array?.count == 1)
            #expect(try await client.delete("\(path)/thing").json["status"]?.string == "Success")
            #expect(try await client.get("\(path)/thing").status == 404)
        }
        #expect(!self.fixture.log.withLock { $0.joined() }.contains("hunter2"))
    }

    @Test func `event bindings and namespaces are stored, and bindings listed for Argo's clients`() async throws {
        let base = "/apis/argoproj.io/v1alpha1/namespaces/default/workfloweventbindings"
        try await self.fixture.serve { client in
            let binding: JSONValue = ["metadata": ["name": "push"], "spec": ["event": ["selector": "payload.x == 1"]]]
            #expect(try await client.post(base, binding).status == 201)
            let list = try await client.get("/api/v1/workflow-event-bindings/default").json
            #expect(list["items"]?[0]?["metadata"]?["name"]?.string == "push")
            #expect(try await client.post("/api/v1/namespaces", ["metadata": ["name": "team"]]).status == 201)
            #expect(try await client.get("/api/v1/namespaces/team").status == 200)
        }
    }

    @Test func `changes of objects are watched as Kubernetes tells them`() async throws {
        try await self.fixture.serve { client in
            let connection = try await client.open()
            defer { connection.close() }
            await connection.write("GET /api/v1/namespaces/team/configmaps?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = await connection.read(until: "\r\n\r\n")
            _ = try await client.post("/api/v1/namespaces/team/configmaps", ["metadata": ["name": "thing"]])
            #expect(await connection.read(until: "\n\r\n").contains(#"{"type":"ADDED","object":{"#))
        }
    }

    @Test func `limits of semaphores are keys of ConfigMaps`() async throws {
        let body: JSONValue = ["key": "jobs", "type": "CONFIGMAP", "cmName": "limits", "limit": 3]
        try await self.fixture.serve { client in
            let created = try await client.post("/api/v1/sync/default", body)
            #expect(
                created.json == ["key": "jobs", "namespace": "default", "type": "CONFIGMAP", "cmName": "limits", "limit": 3],
                "\(created.body)")
            #expect(try await client.post("/api/v1/sync/default", body).status == 409)
            #expect(try await client.put("/api/v1/sync/default/jobs", ["cmName": "limits", "limit": 5]).json["limit"]?.integer == 5)
            #expect(try await client.get("/api/v1/sync/default/jobs?cmName=limits").json["limit"]?.integer == 5)
            #expect(try await client.get("/api/v1/sync/default/none?cmName=limits").status == 404)
            #expect(try await client.get("/api/v1/sync/default/jobs?cmName=limits&type=DATABASE").status == 400)
            #expect(try await client.put("/api/v1/sync/default/jobs", ["cmName": "limits", "limit": 0]).status == 400)
            #expect(try await client.delete("/api/v1/sync/default/jobs?cmName=limits").body == "{}")
            #expect(try await client.delete("/api/v1/sync/default/jobs?cmName=limits").status == 404)
        }
    }

    @Test func `the server tells about itself`() async throws {
        try await self.fixture.serve { client in
            let version = try await client.get("/api/v1/version").json
            #expect(version["version"]?.string == "v1.2.3" && version["compiler"] != nil)
            #expect(try await client.get("/api/v1/info").json["navColor"]?.string == "red")
            #expect(try await client.get("/api/v1/userinfo").json["subject"]?.string == "")
            #expect(try await client.post("/api/v1/tracking/event", ["name": "opened"]).body == "{}")
            #expect(try await client.get("/healthz").status == 200)
            #expect(try await client.get("/readyz").status == 200)
            for path in ["event-sources/default", "sensors/default", "stream/event-sources/default", "stream/sensors/default"] {
                #expect(try await client.get("/api/v1/\(path)").status == 501)
            }
        }
    }

    @Test func `each route is in the OpenAPI document`() async throws {
        try await self.fixture.serve { client in
            let document = try await client.get("/openapi.json").json
            let paths = try #require(document["paths"]?.object)
            #expect(paths["/api/v1/workflows/{namespace}/{name}/log"]?["get"] != nil)
            #expect(document["components"]?["schemas"]?["WorkflowCreateRequest"] != nil)
            // Every reference leads somewhere.
            for part in document.json.split(separator: "\"#/components/schemas/").dropFirst() {
                let name = String(part.prefix { $0 != "\"" })
                #expect(document["components"]?["schemas"]?[name] != nil, "\(name)")
            }
            let ids = paths.values.flatMap { $0.object?.values ?? [] }.compactMap { $0["operationId"]?.string }
            #expect(Set(ids).count == ids.count && ids.count > 80)
        }
    }

    @Test func `artifacts are sent whole, by file, and as a page`() async throws {
        self.fixture.runs.add("build")
        let files = "/artifact-files/default/workflows/build/n1/outputs/out"
        try await self.fixture.serve { client in
            let whole = try await client.get("/artifacts/default/build/n1/out")
            #expect(whole.body == "packed")
            #expect(whole.headers["content-disposition"] == "filename=\"out.tgz\"")
            #expect(whole.headers["content-type"] == "application/gzip")
            #expect(whole.headers["content-security-policy"]?.hasPrefix("sandbox") == true)
            #expect(whole.headers["x-frame-options"] == "SAMEORIGIN")
            #expect(try await client.get("/input-artifacts/default/build/n1/out").status == 200)
            #expect(try await client.get("/artifacts-by-uid/uid-build/n1/out").body == "packed")
            #expect(try await client.get("/input-artifacts-by-uid/uid-build/n1/out").body == "packed")
            #expect(try await client.get("/artifacts/default/build/n1/none").status == 404)

            #expect(try await client.get(files).headers["location"] == "./out/")
            let page = try await client.get(files + "/")
            #expect(page.body.contains("<a href=\"./a%3Cb.txt\">a&lt;b.txt</a>"))
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(try await client.get(files + "/site").headers["location"] == "./site/")
            #expect(try await client.get(files + "/site/").headers["location"] == "index.html")
            #expect(try await client.get(files + "/site/index.html").body == "<p>hi")
            for path in ["/../out", "/%2e%2e/out", "/site%2findex.html", "//site", "/site/index.html/", "/none", "/a%00b", "/%zz"] {
                let status = try await client.get(files + path).status
                #expect((400..<500).contains(status), "\(path): \(status)")
            }
        }
    }

    @Test func `a file is uploaded for a template`() async throws {
        try await self.fixture.serve { client in
            let body =
                "--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n--XX\r\n"
                + "Content-Disposition: form-data; name=\"file\"; filename=\"../a.csv\"\r\nContent-Type: text/csv\r\n\r\n1,2\r\n3\r\n--XX--\r\n"
            let answer = try await client.ask(
                "POST", "/upload-artifacts/default/etl/input", ["Content-Type": "multipart/form-data; boundary=XX"], body: body)
            #expect(answer.json == ["name": "input", "key": "uploads/default/1/a.csv/1,2\r\n3"], "\(answer.body)")
            let cut = try await client.ask(
                "POST", "/upload-artifacts/default/etl/input", ["Content-Type": "multipart/form-data; boundary=XX"],
                body: "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n1")
            #expect(cut.status == 400)
            #expect(try await client.post("/upload-artifacts/default/etl/input", [:]).status == 415)
        }
    }
}
