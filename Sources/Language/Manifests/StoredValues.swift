public import WorkflowModel

/// What a ConfigMap holds.
public struct ConfigMapManifest: Sendable, Equatable {
    public var name: String
    public var namespace: String?
    public var data: [String: String]
    public var binaryData: [String: [UInt8]]
    public var labels: [String: String]

    /// - Returns: nil for another kind. What is wrong with the object was told when it was read, see `ManifestFile.diagnostics`; entries
    ///   that cannot be decoded are left out here.
    public init?(_ document: ManifestDocument) { self.init(document.value) }

    public init?(_ value: JSONValue) {
        guard value["kind"]?.string == "ConfigMap" else { return nil }
        self.name = value["metadata"]?["name"]?.string ?? ""
        self.namespace = value["metadata"]?["namespace"]?.string
        self.labels = StoredValues.texts(value["metadata"]?["labels"])
        self.data = StoredValues.texts(value["data"])
        self.binaryData = StoredValues.bytes(value["binaryData"])
    }

    /// The text of a key, whichever part holds it; nil when there is none or it is not UTF-8.
    public func text(_ key: String) -> String? {
        self.data[key] ?? self.binaryData[key].flatMap { String(validating: $0, as: UTF8.self) }
    }
}

/// What a Secret holds. Its values never appear in its description.
public struct SecretManifest: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var name: String
    public var namespace: String?
    public var type: String
    /// `data` decoded, with the entries of `stringData` laid over it.
    public var data: [String: [UInt8]]

    /// - Returns: nil for another kind. What is wrong with the object was told when it was read, see `ManifestFile.diagnostics`; entries
    ///   that cannot be decoded are left out here.
    public init?(_ document: ManifestDocument) { self.init(document.value) }

    public init?(_ value: JSONValue) {
        guard value["kind"]?.string == "Secret" else { return nil }
        self.name = value["metadata"]?["name"]?.string ?? ""
        self.namespace = value["metadata"]?["namespace"]?.string
        self.type = value["type"]?.string ?? "Opaque"
        self.data = StoredValues.bytes(value["data"])
        for (key, text) in StoredValues.texts(value["stringData"]) { self.data[key] = Array(text.utf8) }
    }

    /// The text of a key; nil when there is none or it is not UTF-8.
    public func text(_ key: String) -> String? { self.data[key].flatMap { String(validating: $0, as: UTF8.self) } }

    public var description: String { "Secret \(self.name) (\(self.data.keys.sorted().joined(separator: ", ")))" }
    public var debugDescription: String { self.description }
    public var customMirror: Mirror { Mirror(self, children: ["name": self.name, "keys": self.data.keys.sorted()]) }
}

private enum StoredValues {
    static func texts(_ value: JSONValue?) -> [String: String] {
        guard case .object(let object)? = value else { return [:] }
        return Dictionary(uniqueKeysWithValues: object.compactMap { key, value in value.scalarText.map { (key, $0) } })
    }

    static func bytes(_ value: JSONValue?) -> [String: [UInt8]] {
        guard case .object(let object)? = value else { return [:] }
        return Dictionary(uniqueKeysWithValues: object.compactMap { key, value in value.string.flatMap(Base64.decoded).map { (key, $0) } })
    }
}
