/// The part of a URL behind the question mark, its names and values decoded.
public struct QueryString: Sendable, Equatable {
    /// In the order written.
    public private(set) var pairs: [(name: String, value: String)] = []

    public init() {}

    /// - Throws: `WireError` for bytes that are no UTF-8 and escapes that are none.
    public init(_ text: some StringProtocol) throws {
        for part in text.split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try PercentText.decoded(sides[0], plusIsBlank: true)
            let value = sides.count > 1 ? try PercentText.decoded(sides[1], plusIsBlank: true) : ""
            self.pairs.append((name, value))
        }
    }

    /// The last value of that name; nil where there is none, or it is empty.
    public subscript(name: String) -> String? {
        self.pairs.last { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    public mutating func add(_ name: String, _ value: String) { self.pairs.append((name, value)) }

    /// As it stands in a URL.
    public var text: String {
        self.pairs.map { "\(PercentText.encoded($0.name))=\(PercentText.encoded($0.value))" }.joined(separator: "&")
    }

    /// - Throws: `WireError` for what is no whole number.
    public func integer(_ name: String) throws -> Int64? {
        guard let text = self[name] else { return nil }
        guard let value = Int64(text) else { throw WireError.invalid("query parameter '\(name)' is '\(text)', expected a whole number") }
        return value
    }

    /// - Throws: `WireError` for anything but `true`, `false`, `1` and `0`.
    public func bool(_ name: String) throws -> Bool {
        switch self[name] {
        case nil, "false", "0": false
        case "true", "1": true
        case let text?: throw WireError.invalid("query parameter '\(name)' is '\(text)', expected true or false")
        }
    }

    public static func == (left: QueryString, right: QueryString) -> Bool { left.pairs.elementsEqual(right.pairs) { $0 == $1 } }
}

/// Escapes of URLs: `%2F` and the like.
public enum PercentText {
    /// - Throws: `WireError` for an escape that is none, for bytes that are no UTF-8, and for a NUL.
    public static func decoded(_ text: some StringProtocol, plusIsBlank: Bool = false) throws -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(Self.digit), let low = rest.next().flatMap(Self.digit) else {
                    throw WireError.invalid("the URL has a '%' without two hexadecimal digits behind it")
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
            throw WireError.invalid("the URL has bytes that are no text")
        }
        return decoded
    }

    /// Everything escaped that is not a letter, a digit or one of `-._~`.
    public static func encoded(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        let hex = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
