/// Path and query of a request.
struct RequestTarget: Sendable {
    private(set) var text: String
    private var hasQuery = false

    /// - Parameter segments: parts of the path, as they are; what a path cannot hold is encoded, so that none can lead elsewhere.
    init(_ segments: String...) { self.init(segments: segments) }

    init(segments: [String]) {
        self.text = segments.map { segment in
            // A server would take these for the directory itself and the one above.
            if segment == "." || segment == ".." { return segment.map { _ in "%2E" }.joined() }
            return Self.encoded(segment)
        }.map { "/" + $0 }.joined()
    }

    /// `/api/v1/…`.
    static func api(_ segments: String...) -> RequestTarget { RequestTarget(segments: ["api", "v1"] + segments) }

    /// Adds a parameter; nothing for nil.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        self.text += (self.hasQuery ? "&" : "?") + Self.encoded(name) + "=" + Self.encoded(value)
        self.hasQuery = true
    }

    func adding(_ name: String, _ value: String?) -> RequestTarget {
        var target = self
        target.add(name, value)
        return target
    }

    /// Percent-encodes all but the characters that RFC 3986 calls unreserved.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
