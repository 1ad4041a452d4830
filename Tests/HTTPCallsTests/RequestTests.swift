import Engine
import Ports
import Testing
import WorkflowModel

@testable import HTTPCalls

@Suite struct RequestTests {
    @Test func `method, headers and body arrive, and the answer comes back`() async throws {
        let server = try await TestServer { _ in .reply(201, [("x-flavour", "plum"), ("X-Flavour", "pear")], "made") }
        let client = try Client()
        let result = await client.call(
            HTTPCall(
                method: "PUT", url: server.url("/things/1?a=b%20c"),
                headers: [
                    HTTPCall.Header(name: "Content-Type", value: .text("text/plain")), HTTPCall.Header(name: "X-A", value: .text("1")),
                ],
                body: "hello"))
        #expect(result.status == 201)
        #expect(result.result == "made")
        #expect(result.headers["X-Flavour"] == ["plum", "pear"])
        #expect(result.finishedAt == client.clock.now())
        let request = try #require(server.requests.first)
        #expect(request.method == "PUT")
        #expect(request.uri == "/things/1?a=b%20c")
        #expect(request.body == "hello")
        #expect(request.header("content-type") == "text/plain")
        #expect(request.header("x-a") == "1")
        #expect(request.header("user-agent") == "skiff/1.2.3")
        #expect(request.header("host") == "127.0.0.1:\(server.port)")
        await client.runner.close()
    }

    @Test func `a header comes from a secret, and the last of a name counts`() async throws {
        let server = try await TestServer { _ in .reply(200) }
        let header = HTTPCall.Header(name: "authorization", value: .secret(name: "login", key: "token"))
        let call = HTTPCall(
            method: "GET", url: server.url(), headers: [HTTPCall.Header(name: "Authorization", value: .text("none")), header])
        let result = await (try Client()).call(call, secrets: ["login": ["token": Array("Bearer 42".utf8)]])
        #expect(result.status == 200)
        #expect(server.requests.first?.headers.filter { $0.0.lowercased() == "authorization" }.map(\.1) == ["Bearer 42"])
    }

    @Test func `a secret that cannot be a header is not told`() async throws {
        let header = HTTPCall.Header(name: "X-Key", value: .secret(name: "login", key: "token"))
        let call = HTTPCall(method: "GET", url: "http://127.0.0.1:1/", headers: [header])
        let result = await (try Client()).call(call, secrets: ["login": ["token": Array("hush\n".utf8)]])
        #expect(result.failure == "GET http://127.0.0.1:1/: header 'X-Key' holds a line break or another control character")
    }

    @Test func `a body comes in base64`() async throws {
        let server = try await TestServer { .reply(200, [], $0.body) }
        let result = await (try Client()).call(HTTPCall(method: "POST", url: server.url(), bodyBytes: "aGFsbG8="))
        #expect(result.result == "hallo")
        let broken = await (try Client()).call(HTTPCall(method: "POST", url: server.url(), bodyBytes: "*"))
        #expect(broken.failure == "POST \(server.url()): bodyFrom.bytes is not base64")
    }

    @Test func `a password of the address is sent and not told`() async throws {
        let server = try await TestServer { _ in .hangUp }
        let result = await (try Client()).get("http://me:hush@127.0.0.1:\(server.port)/")
        #expect(
            result.failure
                == "GET http://***@127.0.0.1:\(server.port)/: the server closed the connection before its answer was complete")
        #expect(server.requests.first?.header("authorization") == "Basic bWU6aHVzaA==")
    }

    @Test(arguments: [
        ("", "'' is not a URL"),
        ("ftp://127.0.0.1/", "'ftp://127.0.0.1/' does not begin with http:// or https://"),
        ("http+unix://%2Fvar%2Frun%2Fdocker.sock/x", "'http+unix://%2Fvar%2Frun%2Fdocker.sock/x' does not begin with http:// or https://"),
        ("unix:///var/run/docker.sock", "'unix:///var/run/docker.sock' does not begin with http:// or https://"),
        ("http://", "'http://' names no host"),
        ("/path", "'/path' does not begin with http:// or https://"),
        ("http://127.0.0.1:99999/", "'http://127.0.0.1:99999/' has no port between 1 and 65535"),
    ]) func `an address that is none is told`(url: String, reason: String) async throws {
        #expect(await (try Client()).get(url).failure == "GET \(url): \(reason)")
    }

    @Test func `a method that is none is told`() async throws {
        let result = await (try Client()).call(HTTPCall(method: "GET / HTTP/1.1\r\nX: y", url: "http://127.0.0.1:1/"))
        #expect(result.failure?.hasSuffix("is no HTTP method") == true)
    }

    @Test func `a call ends when its task is cancelled`() async throws {
        let server = try await TestServer { _ in .silence }
        let client = try Client()
        let task = Task { await client.get(server.url()) }
        await server.firstRequest()
        task.cancel()
        #expect(await task.value.status == nil)
        await client.runner.close()
    }

    @Test func `nothing is opened for a runner that is never asked`() async throws { await (try Client()).runner.close() }
}
