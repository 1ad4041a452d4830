import WireFormat

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
            return PercentText.encoded(segment)
        }.map { "/" + $0 }.joined()
    }

    /// `/api/v1/…`.
    static func api(_ segments: String...) -> RequestTarget { RequestTarget(segments: ["api", "v1"] + segments) }

    /// Adds a parameter; nothing for nil.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        self.text += (self.hasQuery ? "&" : "?") + PercentText.encoded(name) + "=" + PercentText.encoded(value)
        self.hasQuery = true
    }

    func adding(_ name: String, _ value: String?) -> RequestTarget {
        var target = self
        target.add(name, value)
        return target
    }
}
