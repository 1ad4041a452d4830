import Diagnostics
import Operations
import RemoteOperations
import Synchronization
import Testing
import WorkflowModel

@Suite struct ResourceTests {
    private static func manifest(_ kind: String, _ name: String, _ more: JSONValue = [:]) -> ResourceManifest {
        var object: JSONObject = (["kind": .string(kind), "metadata": ["name": .string(name)]] as JSONValue).object ?? JSONObject()
        for (key, value) in more.object ?? JSONObject() { object[key] = value }
        return ResourceManifest(object: .object(object), source: SourceMap(file: "f.yaml", lines: []))
    }

    private static func stored(_ version: Int) -> JSONValue { ["metadata": ["name": "x", "resourceVersion": .string(String(version))]] }

    @Test(arguments: [
        (ResourceKind.workflowTemplate, "/api/v1/workflow-templates/n"), (.clusterWorkflowTemplate, "/api/v1/cluster-workflow-templates"),
        (.cronWorkflow, "/api/v1/cron-workflows/n"), (.configMap, "/api/v1/namespaces/n/configmaps"),
        (.secret, "/api/v1/namespaces/n/secrets"), (.persistentVolumeClaim, "/api/v1/namespaces/n/persistentvolumeclaims"),
        (.namespace, "/api/v1/namespaces"), (.workflowEventBinding, "/apis/argoproj.io/v1alpha1/namespaces/n/workfloweventbindings"),
    ])
    func `each kind has its path`(_ kind: ResourceKind, _ path: String) async throws {
        let server = try await TestServer(.json(Self.stored(1)))
        let resources = RemoteResources(try server.connection())
        _ = try await resources.get(ResourceReference(kind, "x"), namespace: "n", withSecrets: false)
        _ = try await resources.list(ResourceListQuery(kind, namespace: "n"))
        #expect(server.requests.map(\.path) == [path + "/x", path])
    }

    @Test func `apply creates what is not there and replaces exactly what it looked at`() async throws {
        let isThere = Mutex(false)
        let server = try await TestServer { request, _ in
            switch request.method {
            case "GET": isThere.withLock { $0 } ? .json(Self.stored(7)) : .json(["code": 5, "message": "no"], status: 404)
            case "POST":
                isThere.withLock {
                    $0 = true
                    return .json(Self.stored(7))
                }
            default: .json(Self.stored(request.body.contains("changed") ? 8 : 7))
            }
        }
        let resources = RemoteResources(try server.connection())
        var outcomes: [ResourceResult.Outcome] = []
        for more in [["spec": [:]], ["spec": [:]], ["spec": "changed"]] as [JSONValue] {
            let report = try await resources.put([Self.manifest("CronWorkflow", "x", more)], .apply, namespace: "n", isDryRun: false)
            for result in report.results { outcomes.append(try result.result.get().outcome) }
        }
        #expect(outcomes == [.created, .unchanged, .configured])
        let last = try #require(server.requests.last)
        #expect("\(last.method) \(last.path)" == "PUT /api/v1/cron-workflows/n/x")
        #expect(last.json?["cronWorkflow"]?["metadata"]?["resourceVersion"] == "7")
    }

    @Test func `an object that names one behind it is stored after it`() async throws {
        let names = Mutex<Set<String>>([])
        let server = try await TestServer { request, _ in
            let name = request.json?["template"]?["metadata"]?["name"]?.string ?? ""
            return names.withLock { names in
                if name == "first", !names.contains("second") { return .json(["code": 3, "message": "no 'second'"], status: 400) }
                names.insert(name)
                return .json(Self.stored(1))
            }
        }
        let resources = RemoteResources(try server.connection())
        let manifests = ["first", "second"].map { Self.manifest("WorkflowTemplate", $0) }
        let report = try await resources.put(manifests, .create, namespace: "n", isDryRun: false)
        #expect(try report.results.map { try $0.result.get().outcome } == [.created, .created])
    }

    @Test func `faults that are found here are told with their lines, and nothing is sent`() async throws {
        let server = try await TestServer(.json([:]))
        let fault = Diagnostic(DiagnosticCode("bad-value"), file: "f.yaml", message: "bad")
        let resources = RemoteResources(try server.connection()) { _, _ in [fault] }
        await #expect {
            try await resources.put([Self.manifest("Secret", "x")], .apply, namespace: "n", isDryRun: false)
        } throws: { ($0 as? ManifestFault)?.diagnostics == [fault] }
        #expect(server.requests.isEmpty)
    }

    @Test func `values of Secrets are not asked for`() async throws {
        let server = try await TestServer(.json([:]))
        let resources = RemoteResources(try server.connection())
        await #expect(throws: OperationError.self) {
            try await resources.get(ResourceReference(.secret, "x"), namespace: "n", withSecrets: true)
        }
        #expect(server.requests.isEmpty)
    }
}

@Suite struct SubmitTests {
    @Test func `workflows of files are sent one by one, as they were prepared`() async throws {
        let server = try await TestServer(.json(.run("flow-abc")))
        let submitter = RemoteRunSubmitter(try server.connection()) { request in
            request.run.files.map { ["kind": "Workflow", "metadata": ["generateName": .string($0)]] }
        }
        let request = SubmitRequest(run: RunRequest(files: ["a-", "b-"], namespace: "n"))
        guard case .handedOver(let workflows, owner: nil) = try await submitter.submit(request) else {
            Issue.record("a server carries runs out itself")
            return
        }
        #expect(workflows.map { $0["metadata"]?["name"] } == ["flow-abc", "flow-abc"])
        _ = try await submitter.preview(SubmitRequest(run: RunRequest(files: ["c-"], namespace: "n")))
        #expect(server.requests.map { "\($0.method) \($0.path)" } == Array(repeating: "POST /api/v1/workflows/n", count: 3))
        #expect(server.requests[1].json == ["namespace": "n", "workflow": ["kind": "Workflow", "metadata": ["generateName": "b-"]]])
        #expect(server.requests[2].json?["serverDryRun"] == true)
    }

    @Test func `a stored template is submitted by name`() async throws {
        let server = try await TestServer(.json(.run("build-x")))
        let submitter = RemoteRunSubmitter(try server.connection()) { _ in [] }
        let run = RunRequest(
            files: [], parameters: [("a", "1=2"), ("b", "")], entrypoint: "main", name: "me", namespace: "n", labels: ["x": "y", "k": "v"],
            priority: 5)
        _ = try await submitter.submit(SubmitRequest(run: run, from: ResourceReference(.workflowTemplate, "build")))
        #expect(server.requests[0].path == "/api/v1/workflows/n/submit")
        #expect(
            server.requests[0].json == [
                "namespace": "n", "resourceKind": "WorkflowTemplate", "resourceName": "build",
                "submitOptions": ["name": "me", "entryPoint": "main", "priority": 5, "parameters": ["a=1=2", "b="], "labels": "k=v,x=y"],
            ])
    }

    @Test func `a refusal says which runs were taken before it`() async throws {
        let server = try await TestServer { _, at in
            at == 0 ? .json(.run("one")) : .json(["code": 6, "message": "there is a run 'two'"], status: 409)
        }
        let submitter = RemoteRunSubmitter(try server.connection()) { _ in [["a": 1], ["a": 2]] }
        await #expect {
            try await submitter.submit(SubmitRequest(run: RunRequest(files: [])))
        } throws: { error in
            (error as? OperationError)?.message == "there is a run 'two'; submitted before it: 'one'"
        }
    }

    @Test func `runs that ended are done again by the server`() async throws {
        let server = try await TestServer(.json(.run("flow")))
        let submitter = RemoteRunSubmitter(try server.connection()) { _ in [] }
        let parameters = [RetryOrder.Override(name: "a", value: "1=2")]
        _ = try await submitter.retry(
            RetryOrder(run: "flow", namespace: "n", nodeSelector: "id=3", restartsSuccessful: true, parameters: parameters))
        _ = try await submitter.resubmit(ResubmitOrder(run: "flow", namespace: "n", isMemoized: true, priority: 5))
        #expect(server.requests.map(\.uri) == ["/api/v1/workflows/n/flow/retry", "/api/v1/workflows/n/flow/resubmit"])
        #expect(
            server.requests.map(\.json) == [
                [
                    "restartSuccessful": true, "nodeFieldSelector": "id=3", "parameters": ["a=1=2"], "name": "flow", "namespace": "n",
                ], ["memoized": true, "priority": 5, "name": "flow", "namespace": "n"],
            ])
        await #expect(throws: OperationError.self) { try await submitter.retry(RetryOrder(run: "f.json", isFile: true)) }
    }
}
