import Doorbell
import Foundation
import Ports
import Testing

final class TemporaryDirectory: Sendable {
    let path: String
    init() throws {
        var template = Array("/tmp/skiff-bell-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    deinit {
        // A remainder in /tmp would harm nobody.
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

@Suite struct DoorbellTests {
    let directory: TemporaryDirectory

    init() throws { self.directory = try TemporaryDirectory() }

    private func doorbell(_ id: String = "one", below: String = "") throws -> DatagramDoorbell {
        try DatagramDoorbell(dataDirectory: self.directory.path + below, id: id)
    }

    private func sockets() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self.directory.path + "/doorbells").sorted()
    }

    @Test func `a ring reaches the one it is meant for`() async throws {
        let (one, two) = (try self.doorbell("one"), try self.doorbell("two"))
        #expect(one.address == self.directory.path + "/doorbells/one.sock")
        #expect(await two.ring(one.address))
        var rings = one.rings.makeAsyncIterator()
        #expect(await rings.next() != nil)
        two.close()
        var none = two.rings.makeAsyncIterator()
        #expect(await none.next() == nil)
    }

    @Test func `a ring that comes before anybody listens to it is kept`() async throws {
        let (one, two) = (try self.doorbell("one"), try self.doorbell("two"))
        for _ in 0..<3 { #expect(await two.ring(one.address)) }
        var rings = one.rings.makeAsyncIterator()
        #expect(await rings.next() != nil)
        #expect(await two.ring(one.address))
        #expect(await rings.next() != nil)
    }

    @Test func `any number of rings at once is answered and wakes the listener`() async throws {
        let (one, two) = (try self.doorbell("one"), try self.doorbell("two"))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2000 { group.addTask { #expect(await two.ring(one.address)) } }
        }
        var rings = one.rings.makeAsyncIterator()
        #expect(await rings.next() != nil)
    }

    @Test func `ringing where nobody listens says so`() async throws {
        let one = try self.doorbell("one")
        #expect(await one.ring(self.directory.path + "/doorbells/none.sock") == false)
        #expect(await one.ring("@skiff-nobody-\(UUID().uuidString)") == false)
        #expect(await one.ring("") == false)
        let two = try self.doorbell("two")
        two.close()
        #expect(await one.ring(two.address) == false)
    }

    @Test func `the socket is its owner's alone and goes when the doorbell closes`() throws {
        let one = try self.doorbell("one")
        let attributes = try FileManager.default.attributesOfItem(atPath: one.address)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.attributesOfItem(atPath: self.directory.path + "/doorbells")[.posixPermissions] as? Int == 0o700)
        one.close()
        one.close()
        #expect(try self.sockets().isEmpty)
    }

    @Test func `a doorbell that is let go closes`() throws {
        try { _ = try self.doorbell("one") }()
        #expect(try self.sockets().isEmpty)
    }

    @Test func `a path too long for a socket works all the same`() async throws {
        let below = "/" + String(repeating: "long-name-", count: 12) + "/" + String(repeating: "d", count: 200)
        try FileManager.default.createDirectory(atPath: self.directory.path + below, withIntermediateDirectories: true)
        let (one, two) = (try self.doorbell("one", below: below), try self.doorbell("two"))
        #expect(one.address.utf8.count > 300)
        #expect(one.address.hasPrefix("/"))
        #expect(await two.ring(one.address))
        var rings = one.rings.makeAsyncIterator()
        #expect(await rings.next() != nil)
        one.close()
        #expect(!FileManager.default.fileExists(atPath: one.address))
        #expect(await two.ring(one.address) == false)
    }

    @Test func `where no socket can be made the doorbell has an abstract name`() async throws {
        let id = UUID().uuidString
        let one = try DatagramDoorbell(dataDirectory: "/proc", id: id)
        #expect(one.address == "@skiff-\(id)")
        #expect(await one.ring(one.address))
        var rings = one.rings.makeAsyncIterator()
        #expect(await rings.next() != nil)
        one.close()
        let two = try self.doorbell("two")
        // The kernel frees an abstract name when the socket closes, which happens on the listener's queue.
        while await two.ring(one.address) { await Task.yield() }
    }

    @Test func `sockets of dead processes are removed, living and young ones are not`() async throws {
        let living = try self.doorbell("living")
        let path = self.directory.path + "/doorbells/"
        for name in ["dead", "young"] {
            let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array((path + name + ".sock").utf8)) }
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
            }
            #expect(result == 0)
            close(socket)
        }
        try Data().write(to: URL(fileURLWithPath: path + "file.sock"))
        for name in ["dead", "living", "file"] {
            var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, path + name + ".sock", &times, 0) == 0)
        }
        let next = try self.doorbell("next")
        #expect(try self.sockets() == ["file.sock", "living.sock", "next.sock", "young.sock"])
        #expect(await next.ring(living.address))
    }
}
