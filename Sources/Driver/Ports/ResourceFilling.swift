public import WorkflowModel

/// What stands in place of a Secret's value wherever the value must not be.
public enum SecretMask {
    /// No base64, so that a masked Secret cannot be stored by mistake.
    public static func text(bytes count: Int) -> String { "<\(count) bytes, hidden>" }

    /// A Secret with masks in place of its values, which come from `data` and `stringData` alike.
    public static func masked(_ object: JSONValue, _ values: [String: [UInt8]]) -> JSONValue {
        Self.setting(values.mapValues { Self.text(bytes: $0.count) }, in: object)
    }

    /// A Secret with its values, which the caller has encoded.
    public static func unmasked(_ object: JSONValue, base64 values: [String: String]) -> JSONValue { Self.setting(values, in: object) }

    private static func setting(_ values: [String: String], in object: JSONValue) -> JSONValue {
        guard var secret = object.object else { return object }
        var data = JSONObject()
        for key in values.keys.sorted() { data[key] = values[key].map { .string($0) } }
        secret["stringData"] = nil
        secret["data"] = data.isEmpty ? nil : .object(data)
        return .object(secret)
    }
}

extension StoredResource {
    /// Fields of `metadata` that only the store sets.
    private static let ownFields = ["uid", "resourceVersion", "generation", "creationTimestamp"]

    /// What becomes of an object when a draft is put in its place: as Kubernetes does it.
    /// - Parameters:
    ///   - existing: what is stored now, with the values of a Secret; nil when there is none.
    ///   - uid: for a new object.
    ///   - version: for the object if it changes.
    /// - Returns: nil when nothing would change.
    public static func putting(
        _ draft: ResourceDraft, over existing: StoredResource?, uid: String, version: Int64, at now: Timestamp
    ) -> StoredResource? {
        var object = Self.stripped(draft.object)
        object["apiVersion"] = .string(draft.key.kind.apiVersion)
        object["kind"] = .string(draft.key.kind.rawValue)
        if object["status"] == nil { object["status"] = existing?.object["status"] }
        let values = draft.secretValues
        guard let existing else {
            Self.fill(
                &object, draft.key, uid: uid, createdAt: .string(now.rfc3339), generation: draft.key.kind.hasGeneration ? 1 : nil, version)
            return StoredResource(key: draft.key, uid: uid, version: version, object: .object(object), secretValues: values)
        }
        Self.fill(
            &object, draft.key, uid: existing.uid, createdAt: existing.object["metadata"]?["creationTimestamp"],
            generation: Self.generation(of: object, over: existing), version)
        let resource = StoredResource(
            key: draft.key, uid: existing.uid, version: version, object: .object(object), secretValues: values)
        return resource.saysTheSame(as: existing) ? nil : resource
    }

    /// The object as the version after its last says it: what watchers of its end are shown.
    public func atVersion(_ version: Int64) -> StoredResource {
        guard var object = self.object.object, var metadata = object["metadata"]?.object else { return self }
        metadata["resourceVersion"] = .string(String(version))
        object["metadata"] = .object(metadata)
        return StoredResource(key: self.key, uid: self.uid, version: version, object: .object(object), secretValues: self.secretValues)
    }

    /// Whether an object says that it must not change, and a draft would change what it holds.
    public func forbids(_ draft: ResourceDraft) -> Bool {
        guard self.object["immutable"]?.bool == true else { return false }
        if draft.object["immutable"]?.bool != true || draft.secretValues != self.secretValues { return true }
        return ["data", "binaryData"].contains { field in
            draft.object[field]?.withSortedKeys != self.object[field]?.withSortedKeys
        }
    }

    public var labels: [String: String] { Self.labels(of: self.object) }

    public static func labels(of object: JSONValue) -> [String: String] {
        guard let labels = object["metadata"]?["labels"]?.object else { return [:] }
        return Dictionary(labels.compactMap { key, value in value.scalarText.map { (key, $0) } }) { _, last in last }
    }

    private func saysTheSame(as other: StoredResource) -> Bool {
        guard let one = self.object.object, let two = other.object.object, self.secretValues == other.secretValues else { return false }
        return Self.stripped(.object(one)).withSortedKeys == Self.stripped(.object(two)).withSortedKeys
    }

    /// Counts a change of anything but the metadata.
    private static func generation(of object: JSONObject, over existing: StoredResource) -> Int64? {
        guard existing.key.kind.hasGeneration, var before = existing.object.object else { return nil }
        let count = existing.object["metadata"]?["generation"]?.integer ?? 1
        var after = object
        before["metadata"] = nil
        after["metadata"] = nil
        return before.withSortedKeys == after.withSortedKeys ? count : count + 1
    }

    private static func stripped(_ object: JSONValue) -> JSONObject {
        var fields = object.object ?? JSONObject()
        var metadata = fields["metadata"]?.object ?? JSONObject()
        for field in self.ownFields { metadata[field] = nil }
        fields["metadata"] = .object(metadata)
        return fields
    }

    private static func fill(
        _ object: inout JSONObject, _ key: ResourceKey, uid: String, createdAt: JSONValue?, generation: Int64?, _ version: Int64
    ) {
        var metadata = object["metadata"]?.object ?? JSONObject()
        metadata["name"] = .string(key.name)
        metadata["namespace"] = key.kind.isNamespaced ? .string(key.namespace) : nil
        metadata["uid"] = .string(uid)
        metadata["resourceVersion"] = .string(String(version))
        metadata["generation"] = generation.map { .integer($0) }
        metadata["creationTimestamp"] = createdAt
        object["metadata"] = .object(metadata)
    }
}

extension JSONObject {
    fileprivate var withSortedKeys: JSONObject {
        var sorted = JSONObject()
        for key in self.keys.sorted() { sorted[key] = self[key]?.withSortedKeys }
        return sorted
    }
}

extension JSONValue {
    /// Equal for objects that say the same in another order.
    fileprivate var withSortedKeys: JSONValue {
        switch self {
        case .object(let object): .object(object.withSortedKeys)
        case .array(let items): .array(items.map(\.withSortedKeys))
        case .null, .bool, .number, .string: self
        }
    }
}
