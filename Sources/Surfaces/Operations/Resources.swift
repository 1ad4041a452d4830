public import Diagnostics
public import WorkflowModel

/// Which stored object is meant.
public struct ResourceReference: Sendable, Hashable {
    public var kind: ResourceKind
    public var name: String
    public init(_ kind: ResourceKind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// `workflowtemplate.argoproj.io/build`.
    public var text: String { "\(self.kind.qualifiedName)/\(self.name)" }
}

/// An object to store, and where it was written.
public struct ResourceManifest: Sendable {
    public var object: JSONValue
    /// Empty for an object that came without a text.
    public var source: SourceMap
    public init(object: JSONValue, source: SourceMap) {
        self.object = object
        self.source = source
    }
}

/// How objects are stored.
public enum ResourceWriteRule: Sendable, Equatable {
    /// Only what is not there yet.
    case create
    /// Only what is there; `metadata.resourceVersion`, when it is given, must be the stored one.
    case update
    /// Whatever is there: the last writer wins, unless `metadata.resourceVersion` is given.
    case apply
}

/// What became of an object that was to be stored.
public struct ResourceResult: Sendable {
    public enum Outcome: String, Sendable, Equatable { case created, configured, unchanged }

    public var reference: ResourceReference
    /// The object as it is stored, Secret values masked, or why it was refused.
    public var result: Result<(object: JSONValue, outcome: Outcome), OperationError>

    public init(_ reference: ResourceReference, _ result: Result<(object: JSONValue, outcome: Outcome), OperationError>) {
        self.reference = reference
        self.result = result
    }
}

/// What became of a set of objects, and what was noticed in them.
public struct ResourceReport: Sendable {
    /// In the order given.
    public var results: [ResourceResult]
    /// Warnings and hints; errors are thrown before anything is stored.
    public var diagnostics: [Diagnostic]
    public init(results: [ResourceResult], diagnostics: [Diagnostic]) {
        self.results = results
        self.diagnostics = diagnostics
    }
}

public struct ResourceListQuery: Sendable, Equatable {
    public var kind: ResourceKind
    /// nil for all namespaces.
    public var namespace: String?
    public var labels: LabelSelector
    public var fields: FieldSelector
    public var limit: Int
    /// `next` of the page before.
    public var continuation: String?

    public init(
        _ kind: ResourceKind, namespace: String? = "default", labels: LabelSelector = .all, fields: FieldSelector = .all, limit: Int = 500,
        continuation: String? = nil
    ) {
        self.kind = kind
        self.namespace = namespace
        self.labels = labels
        self.fields = fields
        self.limit = limit
        self.continuation = continuation
    }
}

public struct ResourceList: Sendable, Equatable {
    /// By namespace and name; Secret values masked.
    public var items: [JSONValue]
    /// To watch from.
    public var resourceVersion: String
    /// For the next page; nil after the last.
    public var next: String?

    public init(items: [JSONValue], resourceVersion: String, next: String?) {
        self.items = items
        self.resourceVersion = resourceVersion
        self.next = next
    }
}

/// A change of a stored object, as Kubernetes tells it.
public struct ResourceChange: Sendable, Equatable {
    public enum Change: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }
    public var change: Change
    /// Secret values masked.
    public var object: JSONValue
    public init(_ change: Change, _ object: JSONValue) {
        self.change = change
        self.object = object
    }
}

/// Everything a surface can ask of stored objects.
public protocol ResourceOperations: Sendable {
    /// Checks all objects, each with the others and the stored ones as its context, and then stores them one by one.
    /// - Parameters:
    ///   - namespace: of objects that name none.
    ///   - isDryRun: check and tell what would become of them, store nothing.
    /// - Throws: `ManifestFault` with everything that is wrong with any of them; nothing is stored then.
    func put(_ manifests: [ResourceManifest], _ rule: ResourceWriteRule, namespace: String, isDryRun: Bool) async throws -> ResourceReport
    /// - Parameter withSecrets: show the values of a Secret, which are masked otherwise.
    func get(_ reference: ResourceReference, namespace: String, withSecrets: Bool) async throws -> JSONValue
    func list(_ query: ResourceListQuery) async throws -> ResourceList
    /// - Parameter resourceVersion: only an object in that state; nil for any.
    func delete(_ reference: ResourceReference, namespace: String, resourceVersion: String?) async throws
    /// Changes as they happen, until the task is cancelled.
    /// - Parameter resourceVersion: only later ones; nil to be told first of every object there is, as added.
    /// - Throws: from the stream, `OperationError.expired` when changes in between are not known any more.
    func watch(_ query: ResourceListQuery, since resourceVersion: String?) async throws -> AsyncThrowingStream<ResourceChange, any Error>
}

extension ResourceOperations {
    /// How often a change that others got ahead of is tried again.
    private static var attempts: Int { 8 }

    /// Stops a CronWorkflow from starting runs, or lets it.
    public func setSuspended(_ isSuspended: Bool, cronWorkflow name: String, namespace: String) async throws {
        let reference = ResourceReference(.cronWorkflow, name)
        for attempt in 1... {
            // Everything else stays as whoever wrote it last wants it: the object carries the version it was read in.
            var object = try await self.get(reference, namespace: namespace, withSecrets: false)
            var spec = object["spec"]?.object ?? JSONObject()
            spec["suspend"] = .bool(isSuspended)
            if var fields = object.object {
                fields["spec"] = .object(spec)
                object = .object(fields)
            }
            let manifest = ResourceManifest(object: object, source: SourceMap(file: reference.text, lines: []))
            do {
                for result in try await self.put([manifest], .update, namespace: namespace, isDryRun: false).results {
                    _ = try result.result.get()
                }
                return
            } catch let error as OperationError where error.code == .conflict && attempt < Self.attempts { continue }
        }
    }
}
