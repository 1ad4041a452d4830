import Engine
import Glibc
import Ports
import Testing
import WorkflowModel

@testable import HTTPCalls

@Suite struct AnswerTests {
    @Test func `a huge body is cut, and the rest is not waited for`() async throws {
        let server = try await TestServer { _ in .long(1 << 30) }
        let result = await (try Client()).get(server.url())
        #expect(result.status == 200)
        #expect(result.result?.utf8.count == HTTPCallRunner.largestBody)
        #expect(result.note == "the body of the answer is cut after 256 KiB")
    }

    @Test func `a body of exactly the largest size is whole`() async throws {
        let server = try await TestServer { _ in .long(HTTPCallRunner.largestBody) }
        let result = await (try Client()).get(server.url())
        #expect(result.result?.utf8.count == HTTPCallRunner.largestBody)
        #expect(result.note == nil)
    }

    @Test func `no character is cut in two`() async throws {
        let text = "x" + String(repeating: "ä", count: HTTPCallRunner.largestBody / 2)
        let server = try await TestServer { _ in .reply(200, [], text) }
        let result = await (try Client()).get(server.url())
        #expect(result.result == String(text.dropLast()))
    }

    @Test func `a slow server is given up after the timeout`() async throws {
        let server = try await TestServer { _ in .silence }
        let call = HTTPCall(method: "GET", url: server.url(), timeout: Span(milliseconds: 100))
        #expect(await (try Client()).call(call).failure == "GET \(server.url()): no answer within 0.1 s")
    }

    @Test func `a server that is not there is told`() async throws {
        let server = try await TestServer { _ in .silence }
        try await server.close()
        #expect(await (try Client()).get(server.url()).failure == "GET \(server.url()): connection refused")
    }

    @Test func `a host that is not there is told`() async throws {
        let result = await (try Client()).get("http://nowhere.invalid/")
        #expect(result.failure?.hasPrefix("GET http://nowhere.invalid/: host 'nowhere.invalid' cannot be found: ") == true)
    }

    @Test func `what is no HTTP is told`() async throws {
        let server = try await TestServer { _ in .garbage }
        let result = await (try Client()).get(server.url())
        #expect(result.failure?.hasPrefix("GET \(server.url()): the answer is not HTTP: ") == true)
    }

    @Test func `a certificate that nobody signed is refused unless that is asked for`() async throws {
        let server = try await TestServer(tls: true) { _ in .reply(200, [], "safe") }
        let refused = await (try Client()).get(server.url(host: "localhost"))
        #expect(refused.failure?.contains("the server's certificate is not trusted") == true)
        #expect(refused.failure?.contains("insecureSkipVerify") == true)
        let skipped = await (try Client()).call(HTTPCall(method: "GET", url: server.url(host: "localhost"), skipsVerification: true))
        #expect(skipped.result == "safe")
    }

    @Test(arguments: ["localhost", "127.0.0.1"]) func `certificates of a file are trusted`(host: String) async throws {
        let server = try await TestServer(tls: true) { _ in .reply(200, [], "safe") }
        let file = try CertificateFile()
        #expect(await (try Client(trustRoots: file.path)).get(server.url(host: host)).result == "safe")
    }
}

/// The test's certificate, in a file for as long as this lives.
final class CertificateFile: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/skiff-certificate-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let bytes = Array(TestCertificate.certificate.utf8)
        guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count else { throw BadRules() }
        close(descriptor)
    }

    deinit { unlink(self.path) }
}
