/// What Kubernetes takes for names, labels and keys.
enum ObjectName {
    /// Lower case letters, digits, `-` and, if allowed, `.`, a letter or digit at both ends, and of each part between dots.
    static func isLegal(_ name: String, longest: Int, allowsDots: Bool) -> Bool {
        guard name.utf8.count <= longest else { return false }
        let parts = allowsDots ? name.split(separator: ".", omittingEmptySubsequences: false) : [name[...]]
        return parts.allSatisfy { part in
            guard let first = part.utf8.first, let last = part.utf8.last, Self.isLowercase(first), Self.isLowercase(last) else {
                return false
            }
            return part.utf8.allSatisfy { Self.isLowercase($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// `team`, `example.com/team`.
    static func isLabelKey(_ key: String) -> Bool {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, parts.count <= 2, !name.isEmpty, Self.isLabelValue(String(name)) else { return false }
        return parts.count == 1 || Self.isLegal(String(parts[0]), longest: 253, allowsDots: true)
    }

    static func isLabelValue(_ value: String) -> Bool {
        guard let first = value.utf8.first, let last = value.utf8.last else { return true }
        return value.utf8.count <= 63 && Self.isPlain(first) && Self.isPlain(last) && value.utf8.allSatisfy(Self.isWord)
    }

    static func isDataKey(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.count <= 253 && key != "." && !key.hasPrefix("..") && key.utf8.allSatisfy(Self.isWord)
    }

    private static func isLowercase(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) }

    private static func isPlain(_ byte: UInt8) -> Bool { Self.isLowercase(byte) || (0x41...0x5A).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool { Self.isPlain(byte) || "-_.".utf8.contains(byte) }
}
