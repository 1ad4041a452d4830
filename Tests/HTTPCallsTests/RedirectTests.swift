import Engine
import Ports
import Testing
import WorkflowModel

@testable import HTTPCalls

@Suite struct RedirectTests {
    private static func server(_ status: Int, to location: String) async throws -> TestServer {
        try await TestServer { $0.uri == "/" ? .reply(status, [("Location", location)]) : .reply(200, [], "there") }
    }

    @Test(arguments: [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "body"), (308, "POST", "body")])
    func `a redirect is followed as Go's client does`(status: Int, method: String, body: String) async throws {
        let server = try await Self.server(status, to: "/next?x=1")
        let call = HTTPCall(
            method: "POST", url: server.url(), headers: [HTTPCall.Header(name: "Content-Type", value: .text("text/plain"))], body: "body")
        let result = await (try Client()).call(call)
        #expect(result.result == "there")
        let second = try #require(server.requests.last)
        #expect([second.method, second.uri, second.body] == [method, "/next?x=1", body])
        #expect(second.header("content-type") == (body.isEmpty ? nil : "text/plain"))
    }

    @Test func `a redirect without a place, and any other 3xx, is the answer`() async throws {
        let server = try await TestServer { $0.uri == "/" ? .reply(302) : .reply(304, [("Location", "/")]) }
        #expect(await (try Client()).get(server.url()).status == 302)
        #expect(await (try Client()).get(server.url("/other")).status == 304)
        #expect(server.requests.count == 2)
    }

    @Test func `redirects in a circle come to an end`() async throws {
        let server = try await TestServer { _ in .reply(302, [("Location", "/")]) }
        #expect(await (try Client()).get(server.url()).failure == "GET \(server.url()): stopped after 10 redirects")
        #expect(server.requests.count == 11)
    }

    @Test func `personal headers and secrets stay with the host they were meant for`() async throws {
        let other = try await TestServer { _ in .reply(200) }
        let server = try await TestServer {
            $0.uri == "/" ? .reply(307, [("Location", "/again")]) : .reply(307, [("Location", other.url(host: "localhost"))])
        }
        let headers = [
            HTTPCall.Header(name: "Authorization", value: .text("Basic x")),
            HTTPCall.Header(name: "X-Key", value: .secret(name: "s", key: "k")),
            HTTPCall.Header(name: "X-Plain", value: .text("1")),
        ]
        let result = await (try Client()).call(HTTPCall(method: "GET", url: server.url(), headers: headers), secrets: ["s": ["k": [0x31]]])
        #expect(result.status == 200)
        #expect(server.requests.map { $0.header("authorization") } == ["Basic x", "Basic x"])
        #expect(server.requests.map { $0.header("x-key") } == ["1", "1"])
        let last = try #require(other.requests.last)
        #expect([last.header("authorization"), last.header("x-key"), last.header("x-plain")] == [nil, nil, "1"])
    }

    @Test func `a redirect to a blocked address is not followed`() async throws {
        let server = try await Self.server(302, to: "http://169.254.169.254/latest/meta-data/")
        let result = await (try Client()).get(server.url())
        #expect(
            result.failure
                == "GET \(server.url()): 169.254.169.254 must not be reached: 169.254.0.0/16 is blocked unless http.allow of the configuration file holds a range with it"
        )
    }

    @Test func `a redirect to a host that is not allowed is not followed`() async throws {
        let server = try await Self.server(302, to: "http://localhost:1/")
        let result = await (try Client(allow: ["127.0.0.1", "example.com"], deny: ["localhost"])).get(server.url())
        #expect(
            result.failure?.contains("localhost (127.0.0.1) must not be reached") == true
                || result.failure?.contains("localhost (::1)") == true)
    }

    @Test(arguments: ["ftp://example.com/", "http+unix://%2Ftmp%2Fx/", "file:///etc/passwd"])
    func `a redirect to anything but HTTP is not followed`(location: String) async throws {
        let server = try await Self.server(302, to: location)
        #expect(
            await (try Client()).get(server.url()).failure == "GET \(server.url()): '\(location)' does not begin with http:// or https://")
    }
}
