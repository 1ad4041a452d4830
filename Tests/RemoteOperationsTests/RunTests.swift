import Operations
import RemoteOperations
import Testing
import WorkflowModel

@Suite struct RunTests {
    @Test func `a list is read page by page, with only the fields that it shows`() async throws {
        let server = try await TestServer { _, at in
            at == 0 ? .json(.list([.run("a")], next: "5")) : .json(.list([.run("b", phase: "Running", isFinished: false)]))
        }
        let runs = try await server.operations.list(ListQuery(namespace: "team", prefix: "x", labels: ["k": "v"], limit: 10))
        // What does not fit is left out, whatever the server thinks of the question.
        #expect(runs == [])
        let requests = server.requests
        #expect(requests.map(\.path) == ["/api/v1/workflows/team", "/api/v1/workflows/team"])
        #expect(requests[0].query.contains("listOptions.labelSelector=k%3Dv"))
        #expect(requests[0].query.contains("nameFilter=Prefix&listOptions.fieldSelector=metadata.name%3Dx"))
        #expect(requests[0].query.contains("fields=") && !requests[0].query.contains("continue"))
        #expect(requests[1].query.contains("listOptions.continue=5"))
        #expect(requests[0].headers["user-agent"] == "skiff/1.2.3")
    }

    @Test func `a line of a list has what the object says`() async throws {
        let server = try await TestServer(.json(.list([.run("flow")])))
        let run = try #require(try await server.operations.list(ListQuery(namespace: nil)).first)
        #expect(server.requests[0].path == "/api/v1/workflows/")
        let time = { (text: String) in Timestamp(rfc3339: text)! }
        #expect(
            run
                == RunSummary(
                    namespace: "default", name: "flow", uid: "uid-flow", phase: "Succeeded", message: "so it went",
                    createdAt: time("2026-11-21T04:30:00Z"), startedAt: time("2026-11-21T04:30:01Z"),
                    finishedAt: time("2026-11-21T04:31:30Z"), priority: 7, progress: "2/3", labels: ["team": "data"],
                    parameters: ["n": "3"]))
    }

    @Test func `a server that tells the same place for ever does not keep the list for ever`() async throws {
        let server = try await TestServer(.json(.list([.run("a")], next: "5")))
        #expect(try await server.operations.list(ListQuery()).count == 2)
    }

    @Test func `names cannot lead to other paths`() async throws {
        let server = try await TestServer(.json(.run("a")))
        _ = try await server.operations.get("../x/y?z", namespace: "..")
        #expect(server.requests[0].uri == "/api/v1/workflows/%2E%2E/..%2Fx%2Fy%3Fz")
    }

    @Test func `commands are sent as Argo takes them, and tell the real name`() async throws {
        let server = try await TestServer(.json(.run("flow-x")))
        let operations = try server.operations
        #expect(try await operations.stop("@latest", namespace: "n", message: "why") == "flow-x")
        try await operations.terminate("flow", namespace: "n")
        try await operations.suspend("flow", namespace: "n")
        try await operations.resume("flow", namespace: "n", selector: "displayName=a", message: "")
        try await operations.set(
            "flow", namespace: "n", selector: "id=1", NodeSetting(outputs: [("b", "2"), ("a", "x\"y")], phase: "Failed", message: "m"))
        #expect(
            server.requests.map { "\($0.method) \($0.path)" } == [
                "PUT /api/v1/workflows/n/%40latest/stop", "PUT /api/v1/workflows/n/flow/terminate", "PUT /api/v1/workflows/n/flow/suspend",
                "PUT /api/v1/workflows/n/flow/resume", "PUT /api/v1/workflows/n/flow/set",
            ])
        #expect(server.requests.allSatisfy { $0.headers["content-type"] == "application/json" })
        #expect(server.requests[0].json == ["message": "why", "name": "@latest", "namespace": "n"])
        #expect(server.requests[3].json == ["nodeFieldSelector": "displayName=a", "name": "flow", "namespace": "n"])
        #expect(
            server.requests[4].json == [
                "nodeFieldSelector": "id=1", "phase": "Failed", "message": "m", "outputParameters": #"{"b":"2","a":"x\"y"}"#,
                "name": "flow", "namespace": "n",
            ])
    }

    @Test func `a run that goes on is not deleted, though servers would end it`() async throws {
        let server = try await TestServer { request, _ in
            request.method == "DELETE" ? .json([:]) : .json(.run("flow", isFinished: request.path.hasSuffix("done")))
        }
        let operations = try server.operations
        await #expect {
            try await operations.delete("busy", namespace: "n")
        } throws: { ($0 as? OperationError)?.code == .conflict }
        #expect(try await operations.delete("done", namespace: "n") == "flow")
        #expect(server.requests.map(\.method) == ["GET", "GET", "DELETE"])
    }

    @Test(arguments: [
        (400, 3, OperationError.Code.invalid), (401, 16, .unauthorized), (403, 7, .unauthorized), (404, 5, .notFound),
        (409, 6, .alreadyExists), (409, 10, .conflict), (410, 11, .expired), (500, 13, .internalFault), (503, 14, .unavailable),
        (507, 8, .storageFull),
    ])
    func `what a server refuses is what it says`(_ status: Int, _ number: Int, _ code: OperationError.Code) async throws {
        let server = try await TestServer(.json(["code": .integer(number), "message": "so it is", "error": "so it is"], status: status))
        let operations = try server.operations
        await #expect {
            try await operations.get("x", namespace: "n")
        } throws: { error in
            (error as? OperationError)?.code == code && (error as? OperationError)?.message == "so it is"
        }
    }

    @Test func `an answer that is no JSON names the server`() async throws {
        let server = try await TestServer(.reply(200, "<html>"))
        let operations = try server.operations
        await #expect {
            try await operations.get("x", namespace: "n")
        } throws: { ($0 as? OperationError)?.message.contains("no JSON") == true }
    }

    @Test func `a server that is not there is unreachable, with a remedy`() async throws {
        let server = try await TestServer(.hangUp)
        let operations = try server.operations
        try await server.close()
        await #expect {
            try await operations.get("x", namespace: "n")
        } throws: { error in
            let refusal = error as? OperationError
            return refusal?.code == .unreachable && refusal?.hint?.contains("skiff server") == true
                && refusal?.message == "cannot reach the server at \(server.url): connection refused"
        }
    }

    @Test func `a question that the server has no time for is asked again`() async throws {
        let server = try await TestServer { _, at in
            at == 0 ? .reply(429, #"{"code": 8, "message": "slow down"}"#, ["Retry-After": "0"]) : .json(.run("flow"))
        }
        #expect(try await server.operations.suspend("flow", namespace: "n") == "flow")
        #expect(server.requests.count == 2)
    }

    @Test func `the token goes with every request and never into a text`() async throws {
        let server = try await TestServer(.json(["message": "no"], status: 401))
        let operations = RemoteOperations(try server.connection(token: "secret-word"))
        await #expect {
            try await operations.get("x", namespace: "n")
        } throws: { error in !"\(error)".contains("secret-word") && "\(error)".contains("SKIFF_TOKEN") }
        #expect(server.requests[0].headers["authorization"] == "Bearer secret-word")
    }
}
