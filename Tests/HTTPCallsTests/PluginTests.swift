import Engine
import Ports
import Synchronization
import Testing
import WorkflowModel

@testable import HTTPCalls

@Suite struct PluginTests {
    private static let payload: JSONValue = ["hello": ["who": "world"]]

    private static func ask(_ client: Client) async -> CallResult {
        let template: JSONValue = ["name": "greet", "inputs": ["parameters": [["name": "who", "value": "world"]]]]
        let request = Client.request(.plugin(Self.payload), template: template)
        return await client.runner.carryOut(CallLaunch(request: request, inputs: [], secrets: [:]))
    }

    private static func service(_ server: TestServer, _ name: String = "hello", token: String? = nil) -> PluginService {
        PluginService(name: name, address: server.url(), token: token)
    }

    private static let done = """
        {"node": {"phase": "Succeeded", "message": "hi", "progress": "1/1",
         "outputs": {"result": "r", "parameters": [{"name": "n", "value": 3}]}}}
        """

    @Test func `a plugin is asked as Argo's agent asks it, and its node is taken over`() async throws {
        let server = try await TestServer { _ in .reply(200, [], Self.done) }
        let client = try Client(plugins: [Self.service(server, token: "hush")])
        let result = await Self.ask(client)
        #expect(result.end == .succeeded(message: "hi"))
        #expect(result.result == "r")
        #expect(result.parameters == ["n": "3"])
        let request = try #require(server.requests.first)
        #expect([request.method, request.uri] == ["POST", "/api/v1/template.execute"])
        #expect(request.header("authorization") == "Bearer hush")
        #expect(
            try JSONValue(json: request.body) == [
                "workflow": ["metadata": ["name": "flow", "namespace": "default", "uid": "0192"]],
                "template": [
                    "name": "greet", "inputs": ["parameters": [["name": "who", "value": "world"]]], "plugin": ["hello": ["who": "world"]],
                ],
            ])
    }

    @Test(arguments: [("Failed", CallResult.End.failed(message: "no")), ("Error", .error(message: "no"))])
    func `a plugin says how a node ended`(phase: String, end: CallResult.End) async throws {
        let server = try await TestServer { _ in .reply(200, [], "{\"node\": {\"phase\": \"\(phase)\", \"message\": \"no\"}}") }
        #expect(await Self.ask(try Client(plugins: [Self.service(server)])).end == end)
    }

    @Test func `a plugin that passes leaves the node to the next, and one that carries out nothing is never asked again`() async throws {
        let first = try await TestServer { _ in .reply(404) }
        let second = try await TestServer { _ in .reply(200, [], "{}") }
        let third = try await TestServer { _ in .reply(200, [], Self.done) }
        let client = try Client(plugins: [Self.service(first, "a"), Self.service(second, "b"), Self.service(third, "c")])
        for _ in 0..<2 { #expect(await Self.ask(client).end == .succeeded(message: "hi")) }
        #expect([first.requests.count, second.requests.count, third.requests.count] == [1, 2, 2])
    }

    @Test func `a node that nobody carries out fails`() async throws {
        let server = try await TestServer { _ in .reply(200, [], "{}") }
        #expect(
            await Self.ask(try Client(plugins: [Self.service(server, "a")])).failure
                == "no plugin executed the template ('hello'; asked: a)")
        #expect(
            await Self.ask(try Client()).failure
                == "no plugin executed the template ('hello'; none is configured: name it under 'plugins' in the configuration file)")
    }

    @Test func `a plugin is asked again when it says so`() async throws {
        let count = Mutex(0)
        let server = try await TestServer { _ in
            let asked = count.withLock { count in
                count += 1
                return count
            }
            return .reply(200, [], asked < 3 ? "{\"node\": {\"phase\": \"Running\"}, \"requeue\": \"2m0s\"}" : Self.done)
        }
        let client = try Client(plugins: [Self.service(server)])
        #expect(await Self.ask(client).end == .succeeded(message: "hi"))
        #expect(client.clock.sleeps == [.seconds(120), .seconds(120)])
    }

    @Test func `a node that goes on without a time to ask again fails`() async throws {
        let server = try await TestServer { _ in .reply(200, [], "{\"node\": {\"phase\": \"Running\"}}") }
        #expect(
            await Self.ask(try Client(plugins: [Self.service(server)])).failure
                == "the plugin says that the node is Running and not when to ask again ('requeue')")
    }

    @Test func `a plugin in trouble is asked again, and given up in the end`() async throws {
        let count = Mutex(0)
        let server = try await TestServer { _ in
            let asked = count.withLock { count in
                count += 1
                return count
            }
            return asked < 3 ? .reply(503) : .reply(200, [], Self.done)
        }
        let client = try Client(plugins: [Self.service(server)])
        #expect(await Self.ask(client).end == .succeeded(message: "hi"))
        #expect(client.clock.sleeps == [.seconds(1), .seconds(2)])

        let broken = try await TestServer { _ in .reply(500) }
        let hopeless = try Client(plugins: [Self.service(broken, "sick")])
        #expect(await Self.ask(hopeless).failure == "plugin 'sick' gave no answer in 5 tries: it answered with status 500")
        #expect(broken.requests.count == 5)
    }

    @Test func `a plugin that answers nonsense fails the node`() async throws {
        let text = try await TestServer { _ in .reply(200, [], "hello") }
        #expect(
            await Self.ask(try Client(plugins: [Self.service(text, "a")])).failure
                == "plugin 'a' answered with what is no JSON, or with too much of it")
        let huge = try await TestServer { _ in .long(4 << 20) }
        #expect(
            await Self.ask(try Client(plugins: [Self.service(huge, "a")])).failure
                == "plugin 'a' answered with what is no JSON, or with too much of it")
        let status = try await TestServer { _ in .reply(401) }
        #expect(await Self.ask(try Client(plugins: [Self.service(status, "a")])).failure == "plugin 'a' answered with status 401")
    }
}
