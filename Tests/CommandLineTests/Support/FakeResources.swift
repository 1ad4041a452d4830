import Diagnostics
import Operations
import Synchronization
import WorkflowModel

/// Stored objects in memory, as far as the command line can see.
final class FakeResources: ResourceOperations {
    struct State {
        var objects: [ResourceReference: JSONValue] = [:]
        var refusals: [ResourceReference: OperationError] = [:]
        var diagnostics: [Diagnostic] = []
        var calls: [String] = []
        var lists: [ResourceListQuery] = []
        var changes: [ResourceChange] = []
    }

    let state = Mutex(State())

    init(_ objects: [JSONValue] = [], refusals: [ResourceReference: OperationError] = [:], changes: [ResourceChange] = []) {
        self.state.withLock { state in
            for object in objects { if let reference = Self.reference(object) { state.objects[reference] = object } }
            state.refusals = refusals
            state.changes = changes
        }
    }

    var calls: [String] { self.state.withLock(\.calls) }

    func object(_ kind: ResourceKind, _ name: String) -> JSONValue? { self.state.withLock { $0.objects[ResourceReference(kind, name)] } }

    private static func reference(_ object: JSONValue) -> ResourceReference? {
        guard let kind = object["kind"]?.string.flatMap({ ResourceKind(rawValue: $0) }) else { return nil }
        return ResourceReference(kind, object["metadata"]?["name"]?.string ?? "")
    }

    func put(
        _ manifests: [ResourceManifest], _ rule: ResourceWriteRule, namespace: String, isDryRun: Bool
    ) async throws -> ResourceReport {
        self.state.withLock { state in
            var results: [ResourceResult] = []
            for manifest in manifests {
                guard let reference = Self.reference(manifest.object) else { continue }
                state.calls.append("\(rule) \(namespace) \(reference.text)\(isDryRun ? " dry" : "")")
                if let refusal = state.refusals[reference] {
                    results.append(ResourceResult(reference, .failure(refusal)))
                    continue
                }
                let existing = state.objects[reference]
                let outcome: ResourceResult.Outcome = existing == nil ? .created : existing == manifest.object ? .unchanged : .configured
                if !isDryRun { state.objects[reference] = manifest.object }
                results.append(ResourceResult(reference, .success((manifest.object, outcome))))
            }
            return ResourceReport(results: results, diagnostics: state.diagnostics)
        }
    }

    func get(_ reference: ResourceReference, namespace: String, withSecrets: Bool) async throws -> JSONValue {
        try self.state.withLock { state in
            state.calls.append("get \(namespace) \(reference.text)\(withSecrets ? " with secrets" : "")")
            guard let object = state.objects[reference] else { throw OperationError(.notFound, "\(reference.text) does not exist") }
            return object
        }
    }

    func list(_ query: ResourceListQuery) async throws -> ResourceList {
        self.state.withLock { state in
            state.lists.append(query)
            let all = state.objects.filter { $0.key.kind == query.kind }.sorted { $0.key.name < $1.key.name }.map(\.value)
            let start = query.continuation.flatMap { Int($0) } ?? 0
            let end = min(all.count, start + query.limit)
            return ResourceList(items: Array(all[start..<end]), resourceVersion: "7", next: end < all.count ? String(end) : nil)
        }
    }

    func delete(_ reference: ResourceReference, namespace: String, resourceVersion: String?) async throws {
        try self.state.withLock { state in
            state.calls.append("delete \(namespace) \(reference.text)")
            guard state.objects.removeValue(forKey: reference) != nil else {
                throw OperationError(.notFound, "\(reference.text) does not exist")
            }
        }
    }

    func watch(
        _ query: ResourceListQuery, since resourceVersion: String?
    ) async throws -> AsyncThrowingStream<ResourceChange, any Error> {
        let changes = self.state.withLock { state in
            state.lists.append(query)
            return state.changes
        }
        return AsyncThrowingStream { continuation in
            for change in changes { continuation.yield(change) }
            continuation.finish()
        }
    }
}

/// Takes submissions as it was told to.
final class FakeSubmitter: RunSubmitter {
    let requests = Mutex<[SubmitRequest]>([])
    private let outcome: Submitted?
    private let previewed: [JSONValue]

    init(_ outcome: Submitted? = nil, preview: [JSONValue] = []) {
        self.outcome = outcome
        self.previewed = preview
    }

    func submit(_ request: SubmitRequest) async throws -> Submitted {
        self.requests.withLock { $0.append(request) }
        return self.outcome!
    }

    func preview(_ request: SubmitRequest) async throws -> [JSONValue] {
        self.requests.withLock { $0.append(request) }
        return self.previewed
    }
}
