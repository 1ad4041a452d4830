import Operations
import RemoteOperations
import Testing

@Suite struct AddressTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:2746", nil, "http://127.0.0.1:2746"), ("https://flows.example.com", nil, "https://flows.example.com:2746"),
            ("flows.example.com:443", nil, "https://flows.example.com:443"), ("flows.example.com:80", false, "http://flows.example.com:80"),
            ("localhost:2746", nil, "http://localhost:2746"), ("localhost:2746", true, "https://localhost:2746"),
            ("[::1]", nil, "http://[::1]:2746"),
            ("[::1]:99", nil, "http://[::1]:99"), ("http://h:1/a/b/", nil, "http://h:1/a/b"), ("HTTPS://h:1", false, "https://h:1"),
        ] as [(String, Bool?, String)])
    func `an address is read, and talks TLS everywhere but on loopback`(_ text: String, _ isSecure: Bool?, _ expected: String) throws {
        #expect(try ServerAddress(text, isSecure: isSecure).text == expected)
    }

    @Test(arguments: ["", "http://", "http://user@host", "host:0", "host:70000", "host:x", ":80", "a b", "http://h?x=1"])
    func `what is no address is refused`(_ text: String) {
        #expect(throws: OperationError.self) { try ServerAddress(text) }
    }

    @Test func `a token of one word is a bearer token, a whole value stays as it is`() throws {
        #expect(try ServerAddress("h", token: "abc").authorization == "Bearer abc")
        #expect(try ServerAddress("h", token: "Basic abc").authorization == "Basic abc")
        #expect(try ServerAddress("h", token: "").authorization == nil)
    }

    @Test func `a base path is put in front of every path`() throws {
        #expect(try ServerAddress("http://h:1", basePath: "argo/").text == "http://h:1/argo")
        #expect(try ServerAddress("http://h:1", basePath: "/").text == "http://h:1")
    }
}
