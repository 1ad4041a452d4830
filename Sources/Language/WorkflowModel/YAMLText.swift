/// Turns YAML text into a value: for rooms that may not know how.
public typealias YAMLReader = @Sendable (String) -> Result<JSONValue, YAMLFault>

/// Why a text cannot be read.
public struct YAMLFault: Error, Sendable, Equatable {
    public var message: String
    public init(_ message: String) { self.message = message }

    /// Reads the part of YAML that is JSON.
    public static let jsonOnly: YAMLReader = { text in
        do { return .success(try JSONValue(json: text)) } catch { return .failure(YAMLFault("\(error)")) }
    }
}
