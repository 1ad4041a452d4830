import Diagnostics
import Operations
import WorkflowModel

/// A ConfigMap whose keys are limits of semaphores. It may hold other things, which stay.
struct LimitConfigMap {
    private let name: String
    private let namespace: String
    private let resources: any ResourceOperations

    init(_ name: String, _ namespace: String, _ resources: any ResourceOperations) {
        self.name = name
        self.namespace = namespace
        self.resources = resources
    }

    private var reference: ResourceReference { ResourceReference(.configMap, self.name) }

    /// - Returns: nil where there is no ConfigMap, no key, or no number under it.
    func limit(of key: String) async throws -> Int? {
        try await self.object()?["data"]?[key]?.scalarText.flatMap { Int($0) }
    }

    /// The ConfigMap is made where there is none.
    func create(_ limit: SemaphoreLimit) async throws {
        guard let object = try await self.object() else {
            let fresh: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(self.name)]]
            return try await self.put(fresh, limit.key, String(limit.limit), .create)
        }
        if object["data"]?[limit.key] != nil { throw LocalCoordination.alreadyExists(limit) }
        try await self.put(object, limit.key, String(limit.limit), .update)
    }

    func update(_ limit: SemaphoreLimit) async throws {
        try await self.put(try await self.existing(limit.key), limit.key, String(limit.limit), .update)
    }

    func delete(_ key: String) async throws { try await self.put(try await self.existing(key), key, nil, .update) }

    private func existing(_ key: String) async throws -> JSONValue {
        guard let object = try await self.object(), object["data"]?[key] != nil else {
            throw LocalCoordination.notFound(key, .configMap(self.name), self.namespace)
        }
        return object
    }

    private func object() async throws -> JSONValue? {
        do { return try await self.resources.get(self.reference, namespace: self.namespace, withSecrets: false) } catch let error
            as OperationError where error.code == .notFound
        { return nil }
    }

    /// The object carries the version it was read in, so that a change in between is refused and not undone.
    private func put(_ object: JSONValue, _ key: String, _ value: String?, _ rule: ResourceWriteRule) async throws {
        var fields = object.object ?? JSONObject()
        var data = fields["data"]?.object ?? JSONObject()
        data[key] = value.map { .string($0) }
        fields["data"] = .object(data)
        let manifest = ResourceManifest(object: .object(fields), source: SourceMap(file: self.reference.text, lines: []))
        for result in try await self.resources.put([manifest], rule, namespace: self.namespace, isDryRun: false).results {
            _ = try result.result.get()
        }
    }
}
