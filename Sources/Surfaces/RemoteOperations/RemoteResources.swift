public import Diagnostics
public import Operations
import WireFormat
public import WorkflowModel

/// Stored objects of a server.
public struct RemoteResources: ResourceOperations {
    /// What is wrong with objects, each with the others as its context.
    public typealias Check = @Sendable ([ResourceManifest], _ namespace: String) async throws -> [Diagnostic]

    private let connection: ServerConnection
    private let check: Check

    /// - Parameter check: finds faults before anything is sent, with the lines they stand in, which the server does not have.
    public init(_ connection: ServerConnection, check: @escaping Check = { _, _ in [] }) {
        self.connection = connection
        self.check = check
    }

    // MARK: Storing

    public func put(
        _ manifests: [ResourceManifest], _ rule: ResourceWriteRule, namespace: String, isDryRun: Bool
    ) async throws -> ResourceReport {
        let diagnostics = try await self.check(manifests, namespace)
        if diagnostics.contains(where: { $0.severity == .error }) {
            var excerpts: [String: [Substring]] = [:]
            for manifest in manifests { excerpts[manifest.source.file] = manifest.source.lines }
            throw ManifestFault(diagnostics: diagnostics, excerpts: excerpts)
        }
        let writes = manifests.compactMap { RemoteWrite($0, namespace: namespace) }
        var results: [ResourceResult?] = Array(repeating: nil, count: writes.count)
        var left = Array(writes.indices)
        // One may be refused because it names another that comes only behind it: those are tried again as long as others succeed.
        while true {
            for at in left {
                let result = await self.carryOut(writes[at], rule, isDryRun: isDryRun)
                results[at] = ResourceResult(writes[at].reference, result)
                if case .failure(let error) = result, error.code == .unreachable { throw error }
            }
            let refused = left.filter { if case .failure(let error)? = results[$0]?.result { error.code == .invalid } else { false } }
            if refused.isEmpty || refused.count == left.count { break }
            left = refused
        }
        return ResourceReport(results: results.compactMap { $0 }, diagnostics: diagnostics)
    }

    private func carryOut(
        _ write: RemoteWrite, _ rule: ResourceWriteRule, isDryRun: Bool
    ) async -> Result<(object: JSONValue, outcome: ResourceResult.Outcome), OperationError> {
        do { return .success(try await write.carryOut(rule, isDryRun: isDryRun, self.connection)) } catch let error as OperationError {
            return .failure(error)
        } catch {
            return .failure(OperationError(.unavailable, "\(write.reference.text) was not stored: \(error)"))
        }
    }

    // MARK: Looking

    public func get(_ reference: ResourceReference, namespace: String, withSecrets: Bool) async throws -> JSONValue {
        if withSecrets, reference.kind == .secret {
            throw OperationError(
                .unauthorized, "a server does not tell the values of Secrets", hint: "look on its machine: skiff get --show-secrets")
        }
        return try await self.connection.ask(.get, ResourcePath(reference.kind, namespace: namespace).object(reference.name))
    }

    public func list(_ query: ResourceListQuery) async throws -> ResourceList {
        var target = Self.selected(ResourcePath(query.kind, namespace: query.namespace).collection, query)
        target.add("\(Self.prefix(query.kind))limit", String(query.limit))
        target.add("\(Self.prefix(query.kind))continue", query.continuation)
        var list = ListDocument.objects(try await self.connection.ask(.get, target))
        list.items = list.items.map { Self.completed($0, query.kind) }
        return list
    }

    /// Argo's list options have a prefix, Kubernetes' own have none.
    private static func prefix(_ kind: ResourceKind) -> String {
        ResourcePath(kind, namespace: nil).bodyField == nil ? "" : "listOptions."
    }

    private static func selected(_ target: RequestTarget, _ query: ResourceListQuery) -> RequestTarget {
        let (labels, fields) = (query.labels.text, query.fields.text)
        return target.adding("\(Self.prefix(query.kind))labelSelector", labels.isEmpty ? nil : labels)
            .adding("\(Self.prefix(query.kind))fieldSelector", fields.isEmpty ? nil : fields)
    }

    /// Items of lists may leave out what the list says of all.
    private static func completed(_ item: JSONValue, _ kind: ResourceKind) -> JSONValue {
        guard var fields = item.object, fields["kind"] == nil else { return item }
        fields["apiVersion"] = .string(kind.apiVersion)
        fields["kind"] = .string(kind.rawValue)
        return .object(fields)
    }

    // MARK: Deleting and watching

    public func delete(_ reference: ResourceReference, namespace: String, resourceVersion: String?) async throws {
        let path = ResourcePath(reference.kind, namespace: namespace)
        let field = path.bodyField == nil ? "preconditions.resourceVersion" : "deleteOptions.preconditions.resourceVersion"
        try await self.connection.ask(.delete, path.object(reference.name).adding(field, resourceVersion))
    }

    public func watch(
        _ query: ResourceListQuery, since resourceVersion: String?
    ) async throws -> AsyncThrowingStream<ResourceChange, any Error> {
        let target = Self.selected(ResourcePath(query.kind, namespace: query.namespace).collection, query)
            .adding("watch", "true").adding("resourceVersion", resourceVersion)
        let messages = try await self.connection.messages(target)
        return AsyncThrowingStream {
            while let message = try await messages.next() {
                guard let word = message["type"]?.string, let change = ResourceChange.Change(rawValue: word) else { continue }
                return ResourceChange(change, message["object"] ?? .null)
            }
            return nil
        }
    }
}
