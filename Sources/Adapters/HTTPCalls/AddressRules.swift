/// Which addresses HTTP calls of workflows may reach.
///
/// - What an entry of `deny` names is never reached.
/// - Where `allow` is empty, everything else is, but for the addresses at which clouds hand out credentials.
/// - Where it is not, only what one of its entries names is. The clouds' addresses are among that only when a range of `allow` holds them: a
///   name says nothing about where it leads.
public struct AddressRules: Sendable, Equatable {
    /// One entry of a list.
    struct Entry: Sendable, Equatable {
        enum Meaning: Sendable, Equatable {
            case network(IPNetwork)
            case host(String)
            /// `*.example.com`: the names below, not `example.com` itself.
            case hostsBelow(String)
        }
        let meaning: Meaning
        let text: String

        func names(_ host: String, _ address: IPAddress) -> Bool {
            switch self.meaning {
            case .network(let network): network.contains(address)
            case .host(let name): host == name
            case .hostsBelow(let suffix): host.hasSuffix(suffix) && host.count > suffix.count
            }
        }

        func holds(_ address: IPAddress) -> Bool {
            if case .network(let network) = self.meaning { network.contains(address) } else { false }
        }
    }

    /// Link-local addresses, among them 169.254.169.254 of most clouds, and those of AWS (IPv6), Alibaba, Azure and Oracle.
    public static let blockedByDefault = [
        "169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
    ]

    private let allow: [Entry]
    private let deny: [Entry]
    private static let standard = Self.blockedByDefault.compactMap { Self.entry($0) }

    public static let byDefault = AddressRules()

    private init() {
        self.allow = []
        self.deny = []
    }

    /// - Parameters: lists of addresses, ranges (`10.0.0.0/8`), host names and `*.example.com`.
    /// - Returns: nil when one is none of these; `isEntry` tells which.
    public init?(allow: [String], deny: [String]) {
        let allowed = allow.compactMap(Self.entry)
        let denied = deny.compactMap(Self.entry)
        guard allowed.count == allow.count, denied.count == deny.count else { return nil }
        self.allow = allowed
        self.deny = denied
    }

    public static func isEntry(_ text: String) -> Bool { Self.entry(text) != nil }

    private static func entry(_ text: String) -> Entry? {
        if let network = IPNetwork(text) { return Entry(meaning: .network(network), text: text) }
        let isBelow = text.hasPrefix("*.")
        let name = Self.normalized(isBelow ? String(text.dropFirst(2)) : text)
        let isLegal = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || [0x2D, 0x2E, 0x5F].contains(byte)
        }
        // What consists of digits and dots is an address that was written wrongly.
        let isNumeric = name.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        guard !name.isEmpty, isLegal, !isNumeric else { return nil }
        return Entry(meaning: isBelow ? .hostsBelow("." + name) : .host(name), text: text)
    }

    /// Lower case, without the dot that a full name may end with.
    static func normalized(_ host: String) -> String {
        let host = host.lowercased()
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }

    /// Why an address must not be reached; nil when it may be.
    /// - Parameter host: as the request names it.
    func objection(to address: IPAddress, of host: String) -> String? {
        let host = Self.normalized(host)
        if let entry = self.deny.first(where: { $0.names(host, address) }) {
            return "'\(entry.text)' in http.deny of the configuration file forbids it"
        }
        if let entry = Self.standard.first(where: { $0.holds(address) }), !self.allow.contains(where: { $0.holds(address) }) {
            return "\(entry.text) is blocked unless http.allow of the configuration file holds a range with it"
        }
        if self.allow.isEmpty || self.allow.contains(where: { $0.names(host, address) }) { return nil }
        return "http.allow of the configuration file does not name it"
    }
}
