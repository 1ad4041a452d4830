/// Why something asked of an object cannot be done.
public struct ResourceFault: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// No other try and no other day will change it: the node is in error rather than failed.
    let isFinal: Bool

    public init(_ description: String) {
        self.description = description
        self.isFinal = false
    }

    init(final description: String) {
        self.description = description
        self.isFinal = true
    }
}
