import Operations
import RemoteOperations
import Testing
import WorkflowModel

@Suite struct StreamTests {
    private static func line(_ pod: String, _ second: Int, _ text: String) -> String {
        let content = JSONValue.string("2026-11-21T04:30:0\(second).000000001Z \(text)")
        return #"data: {"result":{"podName":"\#(pod)","content":\#(content.json)}} "# + "\n\n"
    }

    private func logs(_ server: TestServer, _ query: LogsQuery) async throws -> [String] {
        try await server.operations.logs(query).collected().map { "\($0.podName) \($0.nanoseconds % 1_000_000_000_000) \($0.text)" }
    }

    @Test func `log lines come with their times, from events or from lines, in any pieces`() async throws {
        let text = ":\n\n" + Self.line("a", 1, "one two") + Self.line("b", 2, "")
        let events = try await TestServer(.stream(text.map { String($0) }))
        let expected = ["a 401000000001 one two", "b 402000000001 "]
        #expect(try await self.logs(events, LogsQuery(run: "flow")) == expected)
        let lines = try await TestServer(.stream([String(text.split(separator: "data: ").dropFirst().joined().dropLast(2))]))
        #expect(try await self.logs(lines, LogsQuery(run: "flow")) == expected)
    }

    @Test func `the question has everything that was asked for`() async throws {
        let server = try await TestServer(.stream([]))
        let since = Timestamp(milliseconds: 1_700_000_000_250)
        _ = try await self.logs(
            server, LogsQuery(run: "flow", namespace: "n", node: "p", container: "c", follows: false, since: since, tail: 5, pattern: "a b")
        )
        #expect(server.requests[0].path == "/api/v1/workflows/n/flow/log")
        #expect(
            server.requests[0].query
                == "podName=p&grep=a%20b&logOptions.container=c&logOptions.timestamps=true&logOptions.sinceTime.seconds=1700000000"
                + "&logOptions.sinceTime.nanos=250000000&logOptions.tailLines=5")
        #expect(server.requests[0].headers["accept"] == "text/event-stream")
    }

    @Test func `lines that are followed go on where the connection broke, each told once`() async throws {
        let (one, two, three) = (Self.line("a", 1, "1"), Self.line("b", 2, "2"), Self.line("b", 2, "2 again"))
        let server = try await TestServer { _, at in
            at == 0 ? .held([one, two]) : .stream([one, two, three, Self.line("a", 3, "3")])
        }
        var lines: [String] = []
        for try await line in try await server.operations.logs(LogsQuery(run: "flow", follows: true, tail: 9)) {
            lines.append(line.text)
            if line.text == "2" { server.breakConnections() }
        }
        #expect(lines == ["1", "2", "2 again", "3"])
        #expect(server.requests.count == 2)
        #expect(server.requests[1].query.contains("sinceTime") && !server.requests[1].query.contains("tailLines"))
    }

    @Test func `a run that does not exist is refused before anything is printed`() async throws {
        let server = try await TestServer(.json(["code": 5, "message": "there is no run"], status: 404))
        let operations = try server.operations
        await #expect { try await operations.logs(LogsQuery(run: "x", follows: true)) } throws: {
            ($0 as? OperationError)?.code == .notFound
        }
    }

    @Test func `an error inside a stream ends it with what the server says`() async throws {
        let server = try await TestServer(
            .stream([
                Self.line("a", 1, "1"), #"{"error":{"grpc_code":5,"http_code":404,"message":"gone","http_status":"Not Found"}}"# + "\n",
            ]))
        let stream = try await server.operations.logs(LogsQuery(run: "x"))
        await #expect { _ = try await stream.collected() } throws: {
            ($0 as? OperationError) == OperationError(.notFound, "gone")
        }
    }

    @Test func `changes of runs go on after a break, deletions in between are told`() async throws {
        @Sendable func change(_ type: String, _ run: JSONValue) -> String {
            (["result": ["type": .string(type), "object": run]] as JSONValue).json + "\n"
        }
        let server = try await TestServer { request, at in
            if request.path.hasPrefix("/api/v1/workflows/") { return .json(.list([.run("b")])) }
            if at == 0 { return .held([change("ADDED", .run("a")), change("ADDED", .run("b"))]) }
            return .stream([change("ADDED", .run("b", phase: "Failed")), change("DELETED", .run("b"))])
        }
        var told: [String] = []
        for try await news in try await server.operations.watch(RunWatchQuery(labels: try LabelSelector("k in (a,b)"))) {
            told.append("\(news.change.rawValue) \(news.object["metadata"]?["name"]?.string ?? "")")
            if told.count == 2 { server.breakConnections() }
            if told.count == 5 { break }
        }
        #expect(told == ["ADDED a", "ADDED b", "DELETED a", "MODIFIED b", "DELETED b"])
        #expect(server.requests[0].uri == "/api/v1/workflow-events/default?listOptions.labelSelector=k%20in%20%28a%2Cb%29")
    }
}
