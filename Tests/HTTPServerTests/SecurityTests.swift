import HTTPServer
import Logging
import Operations
import Synchronization
import Testing
import WireFormat
import WorkflowModel

@Suite(.serialized) struct SecurityTests {
    let fixture: ServerFixture

    init() throws {
        self.fixture = try ServerFixture()
        self.fixture.runs.add("build")
    }

    private static let suspend = "/api/v1/workflows/default/build/suspend"
    private static let create = "/api/v1/workflows/default"
    private static let workflow = #"{"workflow":{"metadata":{"name":"x"},"spec":{"entrypoint":"main"}}}"#

    // MARK: Web pages

    struct Page: Sendable, CustomTestStringConvertible {
        var what: String
        var method = "POST"
        var headers: [String: String]
        var status: Int
        var testDescription: String { self.what }
    }

    private static let pages = [
        Page(what: "a form", headers: ["Content-Type": "text/plain"], status: 415),
        Page(what: "a form of another kind", headers: ["Content-Type": "application/x-www-form-urlencoded"], status: 415),
        Page(what: "a request without a type", headers: ["Content-Type": ""], status: 415),
        Page(what: "a page of another origin", headers: ["Origin": "https://evil.example"], status: 403),
        Page(what: "a page of another port", headers: ["Origin": "http://localhost:1"], status: 403),
        Page(what: "a page without an origin", headers: ["Origin": "null"], status: 403),
        Page(what: "a page of another site", headers: ["Sec-Fetch-Site": "cross-site"], status: 403),
        Page(what: "a name that leads here", headers: ["Host": "evil.example:2746"], status: 421),
        Page(what: "a name that looks like one of ours", headers: ["Host": "localhost.evil.example"], status: 421),
        Page(what: "a number that looks like loopback", headers: ["Host": "127.0.0.1.evil.example"], status: 421),
        Page(what: "no name at all", headers: ["Host": ""], status: 400),
        Page(what: "looking by a name that leads here", method: "GET", headers: ["Host": "evil.example"], status: 421),
        Page(what: "looking from another origin", method: "GET", headers: ["Origin": "https://evil.example"], status: 403),
        Page(what: "an address of loopback", headers: ["Host": "127.0.0.1:2746"], status: 200),
        Page(what: "an address of loopback by IPv6", headers: ["Host": "[::1]:2746"], status: 200),
        Page(what: "a type with a parameter", headers: ["Content-Type": "application/json; charset=utf-8"], status: 200),
    ]

    @Test(arguments: Self.pages) func `no web page can start a command`(page: Page) async throws {
        try await self.fixture.serve { client in
            let answer = try await client.ask(
                page.method, Self.create, page.headers, body: page.method == "GET" ? nil : Self.workflow)
            #expect(answer.status == page.status, "\(answer.body)")
            #expect(self.fixture.submitted.withLock { $0.count } == (page.status == 200 ? 1 : 0))
        }
    }

    @Test func `a page that this server itself serves may`() async throws {
        try await self.fixture.serve { client in
            let origin = "http://localhost:\(client.port)"
            let workflow = try JSONValue(json: Self.workflow)
            #expect(try await client.post(Self.create, workflow, ["Origin": origin]).status == 200)
        }
    }

    @Test func `an address that others reach is not served without a word about who may`() async throws {
        for address in ["0.0.0.0", "::", "192.168.1.5", "build.example"] {
            #expect(throws: OperationError.self) { try Self.mode(address, nil) }
            #expect(try Self.mode(address, .client) == .client)
            #expect(try Self.mode(address, AuthenticationMode.none) == AuthenticationMode.none)
        }
        for address in ["127.0.0.1", "127.8.9.1", "::1", "localhost"] {
            #expect(try Self.mode(address, nil) == AuthenticationMode.none)
        }
    }

    private static func mode(_ address: String, _ chosen: AuthenticationMode?) throws -> AuthenticationMode {
        let settings = ServerSettings(
            address: address, authentication: chosen, version: VersionDocument(version: "v1"), logger: Logger(label: "test"))
        return try settings.authenticationMode()
    }

    // MARK: Tokens

    struct Access: Sendable, CustomTestStringConvertible {
        var token: String?
        var method: String
        var path: String
        var status: Int
        var testDescription: String { "\(self.token ?? "nobody") \(self.method) \(self.path)" }
    }

    private static let accesses = [
        Access(token: nil, method: "GET", path: "/api/v1/workflows/default", status: 401),
        Access(token: "guess", method: "GET", path: "/api/v1/workflows/default", status: 401),
        Access(token: nil, method: "GET", path: "/healthz", status: 200),
        Access(token: nil, method: "GET", path: "/openapi.json", status: 200),
        Access(token: "viewer-token", method: "GET", path: "/api/v1/workflows/default", status: 200),
        Access(token: "viewer-token", method: "GET", path: "/api/v1/workflows/", status: 200),
        Access(token: "viewer-token", method: "POST", path: "/api/v1/workflows/default", status: 403),
        Access(token: "viewer-token", method: "PUT", path: "/api/v1/workflows/default/build/stop", status: 403),
        Access(token: "viewer-token", method: "DELETE", path: "/api/v1/archived-workflows/uid-build", status: 403),
        Access(token: "viewer-token", method: "GET", path: "/skiff/v1/tokens", status: 403),
        Access(token: "team-token", method: "GET", path: "/api/v1/workflows/team", status: 200),
        Access(token: "team-token", method: "POST", path: "/api/v1/workflows/team", status: 200),
        Access(token: "team-token", method: "GET", path: "/api/v1/workflows/default", status: 403),
        Access(token: "team-token", method: "GET", path: "/api/v1/workflows/", status: 403),
        Access(token: "team-token", method: "POST", path: "/api/v1/workflows/default", status: 403),
        // What is not theirs is not there.
        Access(token: "team-token", method: "GET", path: "/api/v1/archived-workflows/uid-build", status: 404),
        Access(token: "team-token", method: "GET", path: "/artifacts-by-uid/uid-build/n1/out", status: 404),
        Access(token: "team-token", method: "GET", path: "/api/v1/archived-workflows?namespace=default", status: 403),
        Access(token: "team-token", method: "GET", path: "/api/v1/cluster-workflow-templates", status: 200),
        Access(token: "team-token", method: "POST", path: "/api/v1/cluster-workflow-templates", status: 403),
        Access(token: "team-token", method: "POST", path: "/api/v1/namespaces/team/secrets", status: 403),
        Access(token: "team-token", method: "GET", path: "/api/v1/secrets", status: 403),
        Access(token: "admin-token", method: "GET", path: "/skiff/v1/tokens", status: 200),
        Access(token: "admin-token", method: "POST", path: "/api/v1/workflows/default", status: 200),
    ]

    @Test(arguments: Self.accesses) func `a token may what its role may, where it may`(access: Access) async throws {
        try await self.fixture.serve(.client) { client in
            let headers = access.token.map { ["Authorization": "Bearer \($0)"] } ?? [:]
            let answer = try await client.ask(access.method, access.path, headers, body: access.method == "GET" ? nil : Self.workflow)
            #expect(answer.status == access.status, "\(answer.body)")
            if access.status == 401 { #expect(answer.headers["www-authenticate"] == "Bearer") }
            #expect(!answer.body.contains("guess"))
        }
        #expect(!self.fixture.log.withLock { $0.joined() }.contains("token\(access.token == nil ? "?" : "")-"))
    }

    @Test func `tokens are made, listed and revoked, and told once`() async throws {
        try await self.fixture.serve(.client) { client in
            let admin = ["Authorization": "Bearer admin-token"]
            let made = try await client.post("/skiff/v1/tokens", ["name": "ci", "role": "submitter", "namespaces": ["team"]], admin)
            #expect(made.json == ["name": "ci", "token": "secret-ci"])
            let list = try await client.get("/skiff/v1/tokens", admin)
            #expect(list.json["items"]?[0]?["role"]?.string == "submitter")
            #expect(!list.body.contains("secret-ci"))
            #expect(try await client.post("/skiff/v1/tokens", ["name": "x", "role": "king"], admin).status == 400)
            #expect(try await client.delete("/skiff/v1/tokens/ci", admin).status == 200)
            #expect(try await client.delete("/skiff/v1/tokens/ci", admin).status == 404)
        }
        #expect(!self.fixture.log.withLock { $0.joined() }.contains("secret-ci"))
    }

    // MARK: Events

    @Test func `an event is dispatched with its headers, and what it fails by is told`() async throws {
        try await self.fixture.serve { client in
            let answer = try await client.post("/api/v1/events/default/push", ["ref": "main"], ["X-Kind": "push"])
            #expect(answer.body == "{}")
            #expect(try await client.post("/api/v1/events/default/", [:]).status == 200)
            #expect(try await client.post("/api/v1/events/default", [:]).status == 200)
            let events = self.fixture.events.received.withLock { $0 }
            #expect(events.map(\.discriminator) == ["push", "", ""])
            #expect(events[0].metadata["x-kind"] == ["push"])
            #expect(events[0].payload["ref"]?.string == "main")
            #expect(try await client.post("/api/v1/events/default/x", ["fail": true]).status == 400)
        }
    }

    @Test func `an event without a token must be signed by a client of the namespace`() async throws {
        let secret: JSONValue = [
            "metadata": ["name": "argo-workflows-webhook-clients"],
            "stringData": [
                "hub": "type: github\nsecret: \"shh\"", "lab": #"{"type": "gitlab", "secret": "tell"}"#,
                "empty": "type: gitlab\nsecret: ''",
            ],
        ]
        try await self.fixture.serve(.client) { client in
            let path = "/api/v1/events/team/push"
            #expect(
                try await client.post("/api/v1/namespaces/team/secrets", secret, ["Authorization": "Bearer admin-token"]).status == 201)
            // The HMAC of "{}" under "shh".
            let code = "60d1f55a94e0f0d9e0fe1a1ab29a92e5ad9ad3d6e7b0b1d5a7f0b8f0f2d4a6c8"
            let wrong = try await client.ask("POST", path, ["X-Hub-Signature-256": "sha256=\(code)"], body: "{}")
            #expect(wrong.status == 403)
            #expect(wrong.json["message"]?.string == "failed to process webhook request")
            let signed = try await client.ask(
                "POST", path, ["X-Hub-Signature-256": "sha256=\(Self.code)"], body: "{}")
            #expect(signed.status == 200, "\(signed.body)")
            #expect(try await client.ask("POST", path, ["X-Gitlab-Token": "tell"], body: "{}").status == 200)
            #expect(try await client.ask("POST", path, ["X-Gitlab-Token": ""], body: "{}").status == 403)
            #expect(try await client.ask("POST", "/api/v1/events/default/x", ["X-Gitlab-Token": "tell"], body: "{}").status == 403)
            #expect(
                try await client.ask("POST", path, ["Authorization": "Bearer guess", "X-Gitlab-Token": "tell"], body: "{}").status == 401)
        }
    }

    /// HMAC-SHA256 of `{}` under `shh`, by openssl.
    private static let code = "9b7038c05edccf643d722b52dbaf2cea2b159caf339a5e12c0356e0b8b7b0794"

    // MARK: Bad input

    struct Input: Sendable, CustomTestStringConvertible {
        var what: String
        var bytes: String
        var status: Int
        var testDescription: String { self.what }

        init(_ what: String, _ status: Int, _ bytes: String) {
            self.what = what
            self.bytes = bytes
            self.status = status
        }

        static func post(_ what: String, _ status: Int, _ body: String, to path: String = "/api/v1/workflows/default") -> Input {
            Input(
                what, status,
                "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }

        static func get(_ what: String, _ status: Int, _ path: String, _ headers: String = "") -> Input {
            Input(what, status, "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n")
        }
    }

    private static let inputs: [Input] = [
        .post("no JSON", 400, "{"), .post("JSON and more", 400, "{} x"), .post("nothing", 400, ""), .post("a list", 400, "[]"),
        .post("a text", 400, "\"x\""), .post("a workflow that is a number", 400, #"{"workflow":3}"#),
        .post("metadata that is a list", 400, #"{"workflow":{"metadata":[]}}"#),
        .post("a key twice", 400, #"{"workflow":{},"workflow":{}}"#),
        .post("a flag that is a text", 400, #"{"workflow":{},"serverDryRun":"yes"}"#),
        .post("another namespace", 400, #"{"namespace":"other","workflow":{}}"#),
        .post("another kind", 400, #"{"workflow":{"kind":"Pod"}}"#),
        .post("nesting without end", 400, String(repeating: "[", count: 100_000)),
        .post(
            "options of the wrong type", 400, #"{"resourceKind":"wftmpl","resourceName":"x","submitOptions":[]}"#,
            to: "/api/v1/workflows/default/submit"),
        .post(
            "parameters without a value", 400, #"{"resourceKind":"wftmpl","resourceName":"x","submitOptions":{"parameters":["a"]}}"#,
            to: "/api/v1/workflows/default/submit"),
        .post(
            "a kind that cannot be submitted", 400, #"{"resourceKind":"Secret","resourceName":"x"}"#, to: "/api/v1/workflows/default/submit"
        ),
        .post(
            "a priority out of range", 400, #"{"resourceKind":"wftmpl","resourceName":"x","submitOptions":{"priority":99999999999}}"#,
            to: "/api/v1/workflows/default/submit"),
        .get("a path out of it", 400, "/api/v1/workflows/../../etc/passwd"),
        .get("the same in disguise", 400, "/api/v1/workflows/%2e%2e/x"),
        .get("a slash in disguise", 400, "/api/v1/workflows/a%2Fb"), .get("a NUL", 400, "/api/v1/workflows/a%00"),
        .get("bytes that are no text", 400, "/api/v1/workflows/%ff"), .get("half an escape", 400, "/api/v1/workflows/%4"),
        .get("a target that is no path", 400, "api/v1/version"), .get("nothing there", 404, "/api/v2/workflows"),
        .get("the root", 404, "/"), .get("no namespace", 404, "/api/v1/workflows//x"),
        .get("a long path", 414, "/api/v1/workflows/" + String(repeating: "a", count: 20_000)),
        .get("a large header", 400, "/healthz", "X-A: \(String(repeating: "a", count: 40_000))\r\n"),
        .get("many headers", 400, "/healthz", (0..<200).map { "X-\($0): a\r\n" }.joined()),
        Input(
            "a method that is none of the path's", 405,
            "PATCH /api/v1/workflows/default HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        Input("no HTTP", 400, "hello\r\n\r\n"),
        Input("two lengths", 400, "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
        Input(
            "a body that is said to be too large", 413,
            "POST /api/v1/workflows/default HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{"
        ),
    ]

    @Test(arguments: Self.inputs) func `bad input gets an answer that says so`(input: Input) async throws {
        try await self.fixture.serve { client in
            let answer = try await client.send(input.bytes)
            #expect(answer.status == input.status, "\(answer.body)")
            #expect(self.fixture.submitted.withLock { $0.isEmpty })
            // And the server goes on.
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test func `a body that grows too large is refused while it comes`() async throws {
        var limits = ServerLimits()
        limits.bodyBytes = 1000
        try await self.fixture.serve(limits: limits) { client in
            let chunk = "190\r\n\(String(repeating: " ", count: 400))\r\n"
            let answer = try await client.send(
                "POST /api/v1/workflows/default HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk)
            #expect(answer.status == 413)
        }
    }

    @Test func `a body that does not come is not waited for, nor a head`() async throws {
        var limits = ServerLimits()
        limits.bodyTime = .milliseconds(50)
        limits.idleTime = .milliseconds(200)
        try await self.fixture.serve(limits: limits) { client in
            let answer = try await client.send(
                "POST /api/v1/workflows/default HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
            #expect(answer.status == 408)
            let connection = try await client.open()
            defer { connection.close() }
            await connection.write("GET /healthz HTTP/1.1\r\nHost: lo")
            #expect(await connection.read() == nil)
        }
    }

    @Test func `whoever asks too often is told to wait`() async throws {
        var limits = ServerLimits()
        limits.requestsPerSecond = 3
        try await self.fixture.serve(limits: limits) { client in
            var statuses: Set<Int> = []
            for _ in 0..<8 {
                let answer = try await client.get("/healthz")
                statuses.insert(answer.status)
                if answer.status == 429 { #expect(answer.json["code"]?.integer == 8 && answer.headers["retry-after"] == "1") }
            }
            #expect(statuses == [200, 429])
        }
    }

    @Test func `what goes wrong inside is told to the log and not to the client`() async throws {
        self.fixture.runs.state.withLock { $0.refusal = OperationError(.internalFault, "row 7 is broken") }
        try await self.fixture.serve { client in
            let answer = try await client.put(Self.suspend)
            #expect(answer.status == 500)
        }
        let log = self.fixture.log.withLock { $0.joined() }
        #expect(log.contains("row 7 is broken"))
    }
}
