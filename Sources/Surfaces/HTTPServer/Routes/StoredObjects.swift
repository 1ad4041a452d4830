import Manifests
import Operations
import WireFormat
import WorkflowModel

/// Storing objects as requests bring them.
struct StoredObjects: Sendable {
    let resources: any ResourceOperations
    let kind: ResourceKind

    /// Checks an object as strictly as a text, and stores it.
    /// - Throws: `ManifestFault`, `OperationError`.
    func put(_ object: JSONValue, _ rule: ResourceWriteRule, namespace: String, isDryRun: Bool) async throws -> JSONValue {
        let report = try await self.resources.put([try self.manifest(object)], rule, namespace: namespace, isDryRun: isDryRun)
        guard let result = report.results.first else { throw WireError.invalid("there is nothing to store") }
        return try result.result.get().object
    }

    private func manifest(_ object: JSONValue) throws -> ResourceManifest {
        let typed = try TypedObject.completed(object, kind: self.kind.rawValue, apiVersion: self.kind.apiVersion)
        // A body has no lines to point at: paths say where a fault is.
        let file = ManifestReader().read(file: self.kind.singular, bytes: Array(typed.json.utf8))
        guard let document = file.documents.first, !file.hasErrors else {
            throw ManifestFault(diagnostics: file.diagnostics, excerpts: [:])
        }
        return ResourceManifest(object: document.value, source: document.source)
    }

    func get(_ name: String, namespace: String) async throws -> JSONValue {
        try await self.resources.get(ResourceReference(self.kind, name), namespace: namespace, withSecrets: false)
    }

    func delete(_ name: String, namespace: String, resourceVersion: String?) async throws {
        try await self.resources.delete(ResourceReference(self.kind, name), namespace: namespace, resourceVersion: resourceVersion)
    }

    /// - Parameter prefix: of the names of query parameters.
    func list(_ call: Call, prefix: String) throws -> ResourceListQuery {
        let options = try ListOptions(call.query, prefix: prefix)
        return ResourceListQuery(
            self.kind, namespace: call.anyNamespace, labels: options.labels, fields: try FieldSelector(options.fieldSelector),
            limit: options.limit ?? 500, continuation: options.continuation)
    }

    /// Changes, as a watch of Kubernetes tells them.
    func watch(_ query: ResourceListQuery, since version: String?) async throws -> Reply {
        let changes = try await self.resources.watch(query, since: version)
        return Reply(.events(changes.mapped { WatchEvent.message($0.change, $0.object) }))
    }
}
