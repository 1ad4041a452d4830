import Testing

@testable import HTTPCalls

@Suite struct AddressRulesTests {
    private static func isPermitted(_ address: String, host: String? = nil, allow: [String] = [], deny: [String] = []) throws -> Bool {
        let rules = try #require(AddressRules(allow: allow, deny: deny))
        return rules.objection(to: try #require(IPAddress(address)), of: host ?? address) == nil
    }

    @Test(arguments: [
        "169.254.169.254", "169.254.0.1", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254",
    ]) func `addresses that hand out credentials are blocked however they are written`(address: String) throws {
        #expect(try !Self.isPermitted(address))
        #expect(try !Self.isPermitted(address, host: "innocent.example.com", allow: ["innocent.example.com"]))
    }

    @Test(arguments: ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "8.8.8.8", "2606:4700::1111", "169.253.255.255", "::"])
    func `everything else is permitted where nobody says otherwise`(address: String) throws { #expect(try Self.isPermitted(address)) }

    @Test(arguments: [("0.0.0.0", "127.0.0.0/8"), ("::", "::1")])
    func `no address in particular is this machine`(address: String, range: String) throws {
        #expect(try !Self.isPermitted(address, deny: [range]))
        #expect(try Self.isPermitted(address, allow: [range]))
    }

    @Test func `a range of the allow list opens what is blocked, and closes what it does not name`() throws {
        #expect(try Self.isPermitted("169.254.169.254", allow: ["169.254.169.254"]))
        #expect(try Self.isPermitted("fe80::5", allow: ["fe80::/16"]))
        #expect(try !Self.isPermitted("10.0.0.1", allow: ["192.168.0.0/16"]))
        #expect(try Self.isPermitted("192.168.255.1", allow: ["192.168.0.0/16"]))
        #expect(try !Self.isPermitted("192.169.0.1", allow: ["192.168.0.0/15", "10.0.0.0/8"], deny: ["192.169.0.0/24"]))
        #expect(try Self.isPermitted("10.129.0.1", allow: ["10.128.0.0/9"]))
        #expect(try !Self.isPermitted("10.127.0.1", allow: ["10.128.0.0/9"]))
    }

    @Test func `names are compared without case, and a star stands for what is below`() throws {
        for host in ["example.com", "EXAMPLE.com", "example.com."] {
            #expect(try Self.isPermitted("8.8.8.8", host: host, allow: ["Example.com"]))
        }
        #expect(try !Self.isPermitted("8.8.8.8", host: "www.example.com", allow: ["example.com"]))
        #expect(try Self.isPermitted("8.8.8.8", host: "a.b.example.com", allow: ["*.example.com"]))
        #expect(try !Self.isPermitted("8.8.8.8", host: "example.com", allow: ["*.example.com"]))
        #expect(try !Self.isPermitted("8.8.8.8", host: "badexample.com", allow: ["*.example.com"]))
    }

    @Test func `the deny list wins`() throws {
        #expect(try !Self.isPermitted("8.8.8.8", host: "a.example.com", allow: ["*.example.com"], deny: ["a.example.com"]))
        #expect(try !Self.isPermitted("10.1.1.1", allow: ["10.1.1.1"], deny: ["10.0.0.0/8"]))
    }

    @Test(arguments: ["10.0.0.0/8", "fe80::/10", "1.2.3.4", "example.com", "*.example.com", "_x.example.com"])
    func `an entry is an address, a range or a name`(text: String) { #expect(AddressRules.isEntry(text)) }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.0/x", "10.0.0", "1.2.3.4.5", "http://example.com", "*", "a b", "*.", "example.com/8", "fe80::/129",
    ])
    func `anything else is no entry`(text: String) { #expect(!AddressRules.isEntry(text)) }
}
