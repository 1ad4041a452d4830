public import Diagnostics
public import Operations
import Planning
import Ports
public import WorkflowModel

/// Reads and checks manifests in this process, against objects that are stored elsewhere: with the lines that faults stand in, which nobody
/// but the reader of the files has.
public struct ManifestChecks: ManifestLinter {
    private let machinery: RunMachinery
    private let namespace: String

    /// - Parameters:
    ///   - machinery: only its clock is used.
    ///   - resources: where objects are looked up that the files name and do not hold.
    ///   - namespace: of objects that name none.
    public init(machinery: RunMachinery, resources: any ResourceOperations, namespace: String) {
        var machinery = machinery
        machinery.openResources = { AskedResources(resources) }
        self.machinery = machinery
        self.namespace = namespace
    }

    public func lint(_ request: LintRequest) async throws -> LintReport {
        try await LocalRunStarter(machinery: self.machinery, namespace: self.namespace).lint(request)
    }

    /// The Workflows of files, changed as the request says, before they become particular runs.
    /// - Throws: `ManifestFault`, `OperationError`.
    public func workflows(_ request: SubmitRequest) async throws -> [JSONValue] {
        let starter = LocalRunStarter(machinery: self.machinery, namespace: self.namespace)
        return try await starter.prepare(request.run, ManifestContext.read(request.run.files)).runs.map(\.manifest)
    }

    /// What is wrong with objects that are to be stored, each with the others as its context.
    public func check(_ manifests: [ResourceManifest], namespace: String) async throws -> [Diagnostic] {
        try await ResourceChecks(manifests: manifests, namespace: namespace, open: self.machinery.openResources).diagnostics()
    }
}

/// Stored objects as the checks read them, asked of whoever stores them. Values of Secrets are not told, only their keys.
private struct AskedResources: ResourceReader {
    private let resources: any ResourceOperations

    init(_ resources: any ResourceOperations) { self.resources = resources }

    func resource(_ key: ResourceKey, withSecrets: Bool) async throws -> StoredResource? {
        do {
            let reference = ResourceReference(key.kind, key.name)
            return Self.stored(try await self.resources.get(reference, namespace: key.namespace, withSecrets: false), key.kind)
        } catch let error as OperationError where error.code == .notFound {
            return nil
        }
    }

    func resources(_ query: ResourceQuery) async throws -> ResourcePage {
        var asked = ResourceListQuery(
            query.kind, namespace: query.namespace, labels: query.labels, fields: query.fields, limit: min(query.limit, 500))
        var items: [StoredResource] = []
        // All of them at once: where the next page starts is known to the other side only.
        repeat {
            let page = try await self.resources.list(asked)
            items += page.items.map { Self.stored($0, query.kind) }
            asked.continuation = page.next
        } while asked.continuation != nil && items.count < query.limit
        return ResourcePage(items: items, version: 0, next: nil)
    }

    func changes(of query: ResourceQuery, since version: Int64?) -> AsyncThrowingStream<ResourceEvent, any Error> {
        AsyncThrowingStream { throw OperationError(.unavailable, "checks do not watch what is stored") }
    }

    private static func stored(_ object: JSONValue, _ kind: ResourceKind) -> StoredResource {
        let metadata = object["metadata"]
        let key = ResourceKey(kind, namespace: metadata?["namespace"]?.string ?? "", name: metadata?["name"]?.string ?? "")
        let version = metadata?["resourceVersion"]?.string.flatMap { Int64($0) } ?? 0
        return StoredResource(key: key, uid: metadata?["uid"]?.string ?? "", version: version, object: object)
    }
}
