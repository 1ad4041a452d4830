import Glibc

/// The system calls of a doorbell. Sockets are not inherited by steps and never block.
enum DoorbellSocket {
    /// - Parameter address: a path, or `@` and an abstract name.
    static func bound(to address: String) throws(DoorbellError) -> CInt {
        let socket = try Self.make(for: address)
        // Set before binding, so that the socket never exists with other permissions.
        fchmod(socket, 0o600)
        let number = Self.withAddress(address) { bind(socket, $0, $1) }
        guard number == 0 else {
            close(socket)
            throw DoorbellError(address, number)
        }
        return socket
    }

    /// - Returns: false when nobody listens there.
    static func ring(_ address: String) -> Bool {
        guard let socket = try? Self.make(for: address) else {
            // No descriptor is left in this process; the ring is lost, as it would be with nobody at home.
            return false
        }
        defer { close(socket) }
        let number = Self.withAddress(address) { target, length in
            sendto(socket, nil, 0, CInt(MSG_DONTWAIT | MSG_NOSIGNAL), target, length) < 0 ? -1 : 0
        }
        // A full queue means that rings are waiting there already.
        return number == 0 || number == EAGAIN || number == ENOBUFS
    }

    static func isAbandoned(_ path: String) -> Bool {
        guard let socket = try? Self.make(for: path) else { return false }
        defer { close(socket) }
        return Self.withAddress(path) { connect(socket, $0, $1) } == ECONNREFUSED
    }

    /// Reads everything that waits.
    static func drain(_ socket: CInt) {
        var byte: UInt8 = 0
        while recv(socket, &byte, 1, CInt(MSG_DONTWAIT)) >= 0 || errno == EINTR {}
    }

    private static func make(for address: String) throws(DoorbellError) -> CInt {
        let kind = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(AF_UNIX, kind, 0)
        guard socket >= 0 else { throw DoorbellError(address, errno) }
        return socket
    }

    /// Calls `body` with the address as the kernel takes it.
    /// - Returns: 0, or the `errno` of what failed.
    private static func withAddress(_ address: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        if address.hasPrefix("@") { return Self.call(Array("\0".utf8) + Array(address.utf8.dropFirst()), body) }
        let bytes = Array(address.utf8) + [0]
        if bytes.count <= Self.longest { return Self.call(bytes, body) }
        guard let slash = address.lastIndex(of: "/") else { return ENAMETOOLONG }
        let directory = open(String(address[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return errno }
        defer { close(directory) }
        return Self.call(Array("/proc/self/fd/\(directory)\(address[slash...])\0".utf8), body)
    }

    private static var longest: Int { MemoryLayout.size(ofValue: sockaddr_un().sun_path) }

    private static func call(_ path: [UInt8], _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        guard path.count <= Self.longest else { return ENAMETOOLONG }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) == 0 ? 0 : errno }
        }
    }
}
