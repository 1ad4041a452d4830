import HTTPServer
import Operations
import Synchronization
import Testing
import WorkflowModel

@Suite(.serialized) struct StreamTests {
    let fixture: ServerFixture

    init() throws {
        self.fixture = try ServerFixture()
        self.fixture.runs.add("build")
        self.fixture.runs.state.withLock {
            $0.lines = [
                PodLogLine(podName: "build", nanoseconds: 1_700_000_000_120_000_000, text: "one"),
                PodLogLine(podName: "build", nanoseconds: 1_700_000_001_000_000_000, text: "two"),
            ]
        }
    }

    @Test func `lines of a log come as events, or one a line`() async throws {
        try await self.fixture.serve { client in
            let events = try await client.get("/api/v1/workflows/default/build/log", ["Accept": "text/event-stream"])
            #expect(events.headers["content-type"] == "text/event-stream")
            #expect(events.headers["x-content-type-options"] == "nosniff")
            #expect(
                events.body == """
                    data: {"result":{"podName":"build","content":"one"}}

                    data: {"result":{"podName":"build","content":"two"}}


                    """)
            let lines = try await client.get("/api/v1/workflows/default/build/log?logOptions.timestamps=true")
            #expect(lines.headers["content-type"] == "application/json")
            #expect(
                lines.body == """
                    {"result":{"podName":"build","content":"2023-11-14T22:13:20.12Z one"}}
                    {"result":{"podName":"build","content":"2023-11-14T22:13:21Z two"}}

                    """)
        }
    }

    @Test func `what is asked of a log reaches the question`() async throws {
        try await self.fixture.serve { client in
            _ = try await client.get(
                "/api/v1/workflows/default/build/pod-1/log?grep=o%2B&logOptions.container=side&logOptions.tailLines=5"
                    + "&logOptions.sinceTime.seconds=100&logOptions.follow=true")
            let query = try #require(self.fixture.runs.state.withLock { $0.logsQuery })
            #expect(query.node == "pod-1" && query.pattern == "o+" && query.container == "side" && query.tail == 5 && query.follows)
            #expect(query.since == Timestamp(milliseconds: 100_000))
            #expect(try await client.get("/api/v1/workflows/default/none/log").status == 404)
            #expect(try await client.get("/api/v1/workflows/default/build/log?grep=(").status == 400)
            #expect(try await client.get("/api/v1/workflows/default/build/log?logOptions.tailLines=-1").status == 400)
            let cut = try await client.get("/api/v1/workflows/default/build/log?logOptions.limitBytes=6")
            #expect(cut.body.contains("\"one\"") && cut.body.contains("\"tw\""))
        }
    }

    @Test func `changes of runs come as they happen, and the stream's head comes first`() async throws {
        try await self.fixture.serve { client in
            let connection = try await client.open()
            defer { connection.close() }
            await connection.write(
                "GET /api/v1/workflow-events/default?fields=result.type,result.object.metadata.name HTTP/1.1\r\nHost: localhost\r\n"
                    + "Accept: text/event-stream\r\n\r\n")
            #expect(await connection.read(until: "\r\n\r\n").contains("200 OK"))
            let watcher = try #require(self.fixture.runs.watchers.first)
            watcher.yield(RunChange(.added, ["metadata": ["name": "a", "uid": "1"]]))
            #expect(
                await connection.read(until: "\n\n").contains(#"data: {"result":{"type":"ADDED","object":{"metadata":{"name":"a"}}}}"#))
            watcher.finish(throwing: OperationError(.expired, "too old"))
            let end = await connection.read(until: "0\r\n\r\n")
            #expect(end.contains(#"{"error":{"grpc_code":11,"http_code":410,"message":"too old","http_status":"Gone""#))
        }
    }

    @Test func `a silent stream of events shows that it lives`() async throws {
        var limits = ServerLimits()
        limits.keepAlive = .milliseconds(20)
        try await self.fixture.serve(limits: limits) { client in
            let connection = try await client.open()
            defer { connection.close() }
            await connection.write(
                "GET /api/v1/workflow-events/default HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
            #expect(await connection.read(until: ":\n\n\r\n3\r\n:\n\n").contains(":\n\n"))
        }
    }

    @Test func `a watch ends when its client goes`() async throws {
        try await self.fixture.serve { client in
            let connection = try await client.open()
            await connection.write("GET /api/v1/workflow-events/default HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = await connection.read(until: "\r\n\r\n")
            let watcher = try #require(self.fixture.runs.watchers.first)
            let (ended, end) = AsyncStream<Void>.makeStream()
            watcher.onTermination = { _ in end.finish() }
            connection.close()
            for await _ in ended {}
        }
    }

    @Test func `beginnings and ends of nodes are told as events`() async throws {
        try await self.fixture.serve { client in
            let connection = try await client.open()
            defer { connection.close() }
            await connection.write(
                "GET /api/v1/stream/events/default?listOptions.fieldSelector=involvedObject.kind%3DWorkflow HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
            _ = await connection.read(until: "\r\n\r\n")
            let later = "2099-01-01T00:00:00Z"
            let node: JSONValue = [
                "id": "n1", "name": "build.x", "type": "Pod", "phase": "Failed", "message": "exit 1", "startedAt": "2000-01-01T00:00:00Z",
                "finishedAt": .string(later),
            ]
            try #require(self.fixture.runs.watchers.first).yield(
                RunChange(
                    .modified,
                    [
                        "metadata": ["name": "build", "namespace": "default", "uid": "u"],
                        "status": ["phase": "Running", "nodes": ["n1": node]],
                    ]))
            let event = await connection.read(until: "\n\r\n")
            #expect(event.contains(#""reason":"WorkflowNodeFailed","message":"node build.x failed: exit 1""#))
            #expect(event.contains(#""type":"Warning""#))
            #expect(!event.contains("WorkflowNodeRunning"))
            #expect(try await client.get("/api/v1/stream/events/default?listOptions.fieldSelector=a!%3Db").status == 400)
        }
    }
}
