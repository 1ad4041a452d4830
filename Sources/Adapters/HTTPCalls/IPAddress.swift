import Glibc

/// An address as a socket is given it. An IPv4 address that is written inside an IPv6 one counts as the IPv4 address.
struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16, most significant first.
    let bytes: [UInt8]

    init(bytes: [UInt8]) {
        let bytes = Self.embedded(in: bytes) ?? bytes
        self.bytes = bytes.allSatisfy { $0 == 0 } ? Self.loopback(bytes.count) : bytes
    }

    /// Where a connection to no address in particular leads.
    private static func loopback(_ count: Int) -> [UInt8] {
        count == 4 ? [127, 0, 0, 1] : [UInt8](repeating: 0, count: count - 1) + [1]
    }

    /// - Parameter text: `10.1.2.3` or `fe80::1`; nil for anything else, names included.
    init?(_ text: some StringProtocol) {
        var four = in_addr()
        var six = in6_addr()
        let text = String(text)
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(bytes: withUnsafeBytes(of: &four) { Array($0) })
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(bytes: withUnsafeBytes(of: &six) { Array($0) })
        } else {
            return nil
        }
    }

    /// - Returns: nil for a family other than IPv4 and IPv6.
    init?(_ socketAddress: UnsafePointer<sockaddr>) {
        switch CInt(socketAddress.pointee.sa_family) {
        case AF_INET:
            let bytes = socketAddress.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }
            }
            self.init(bytes: bytes)
        case AF_INET6:
            let bytes = socketAddress.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }
            }
            self.init(bytes: bytes)
        default: return nil
        }
    }

    /// Mapped (`::ffff:0:0/96`), compatible (`::/96`), translated (`64:ff9b::/96`) and 6to4 (`2002::/16`) addresses all reach the IPv4 address
    /// that they hold.
    private static func embedded(in bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count == 16 else { return nil }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let translated: [UInt8] = [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
        let head = Array(bytes[..<12])
        if head == mapped || head == translated { return Array(bytes[12...]) }
        if bytes.starts(with: [0x20, 0x02]) { return Array(bytes[2..<6]) }
        // `::` and `::1` are addresses of their own.
        if head.allSatisfy({ $0 == 0 }), bytes[12] != 0 { return Array(bytes[12...]) }
        return nil
    }

    var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = self.bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, self.bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A range of addresses: `169.254.0.0/16`.
struct IPNetwork: Sendable, Hashable, CustomStringConvertible {
    private let address: IPAddress
    private let prefixLength: Int

    /// - Parameter text: an address, alone or with the length of its prefix.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        let longest = address.bytes.count * 8
        self.address = address
        if parts.count == 1 {
            self.prefixLength = longest
        } else {
            guard let length = Int(parts[1]), (0...longest).contains(length) else { return nil }
            self.prefixLength = length
        }
    }

    func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == self.address.bytes.count else { return false }
        let whole = self.prefixLength / 8
        guard other.bytes[..<whole] == self.address.bytes[..<whole] else { return false }
        let rest = self.prefixLength % 8
        if rest == 0 { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return other.bytes[whole] & mask == self.address.bytes[whole] & mask
    }

    var description: String { "\(self.address)/\(self.prefixLength)" }
}
