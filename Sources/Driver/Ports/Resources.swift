public import WorkflowModel

/// Which object of a kind.
public struct ResourceKey: Sendable, Hashable {
    public var kind: ResourceKind
    /// Empty for a kind that belongs to no namespace.
    public var namespace: String
    public var name: String

    /// - Parameter namespace: left out for a kind that belongs to none.
    public init(_ kind: ResourceKind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = kind.isNamespaced ? namespace : ""
        self.name = name
    }
}

/// An object as it is stored.
public struct StoredResource: Sendable, Equatable {
    public var key: ResourceKey
    public var uid: String
    /// Grows with every change of any object; equal only for the same state of the same object.
    public var version: Int64
    /// The whole object with `uid`, `creationTimestamp`, `generation` and `resourceVersion`. In place of each value of a Secret stands how long
    /// it is (`SecretMask`).
    public var object: JSONValue
    /// What a Secret holds; nil for another kind, and where the values were not asked for.
    public var secretValues: [String: [UInt8]]?

    public init(key: ResourceKey, uid: String, version: Int64, object: JSONValue, secretValues: [String: [UInt8]]? = nil) {
        self.key = key
        self.uid = uid
        self.version = version
        self.object = object
        self.secretValues = secretValues
    }
}

/// An object as somebody wants it to be.
public struct ResourceDraft: Sendable, Equatable {
    public var key: ResourceKey
    /// Without what the store fills in; of a Secret, with masks in place of its values.
    public var object: JSONValue
    /// What a Secret is to hold; nil for another kind.
    public var secretValues: [String: [UInt8]]?

    public init(key: ResourceKey, object: JSONValue, secretValues: [String: [UInt8]]? = nil) {
        self.key = key
        self.object = object
        self.secretValues = secretValues
    }
}

/// What must hold for a draft to be stored.
public enum PutRule: Sendable, Equatable {
    /// There is no such object yet.
    case create
    /// There is one; when a version is given, exactly that.
    case replace(version: Int64?)
    /// Either. When a version is given there is one, exactly that.
    case apply(version: Int64?)
}

public enum PutOutcome: String, Sendable, Equatable {
    case created, configured
    /// The object is as it was, its version too.
    case unchanged
}

public enum ResourceError: Error, Sendable, Equatable {
    case alreadyExists(ResourceKey)
    case notFound(ResourceKey)
    /// Somebody changed the object since the version that was given; `current` is the one it has now.
    case conflict(ResourceKey, current: Int64)
    /// The object says that it must not change.
    case immutable(ResourceKey)
    /// A namespace that still holds objects.
    case notEmpty(ResourceKey, objects: Int)
    /// `default` stays.
    case permanent(ResourceKey)
    /// The changes right after the version are not kept any more: list anew, and watch from there.
    case tooOld(version: Int64)
}

/// Where a page of a list ended.
public struct ResourceCursor: Sendable, Equatable {
    /// When the first page was read: a watch from there misses nothing that happened while the pages were read.
    public var version: Int64
    public var namespace: String
    public var name: String

    public init(version: Int64, namespace: String, name: String) {
        self.version = version
        self.namespace = namespace
        self.name = name
    }
}

public struct ResourceQuery: Sendable, Equatable {
    public var kind: ResourceKind
    /// nil for all namespaces; of no account for a kind that belongs to none.
    public var namespace: String?
    public var labels: LabelSelector
    public var fields: FieldSelector
    /// At most so many.
    public var limit: Int
    /// Only what comes behind.
    public var after: ResourceCursor?

    public init(
        _ kind: ResourceKind, namespace: String? = nil, labels: LabelSelector = .all, fields: FieldSelector = .all, limit: Int = .max,
        after: ResourceCursor? = nil
    ) {
        self.kind = kind
        self.namespace = namespace
        self.labels = labels
        self.fields = fields
        self.limit = limit
        self.after = after
    }
}

public struct ResourcePage: Sendable, Equatable {
    /// By namespace and name, in the order of their bytes.
    public var items: [StoredResource]
    /// To watch from.
    public var version: Int64
    /// Where to go on; nil after the last page.
    public var next: ResourceCursor?

    public init(items: [StoredResource], version: Int64, next: ResourceCursor?) {
        self.items = items
        self.version = version
        self.next = next
    }
}

/// A change of an object that a watcher asked for.
public struct ResourceEvent: Sendable, Equatable {
    public enum Change: String, Sendable {
        /// Made, or changed so that it is now among those asked for.
        case added
        case modified
        /// Removed, or changed so that it is no longer among those asked for. Comes with the object as it was then.
        case deleted
    }
    public var change: Change
    /// Without Secret values: a change is history, and history holds none.
    public var resource: StoredResource

    public init(_ change: Change, _ resource: StoredResource) {
        self.change = change
        self.resource = resource
    }
}

/// The part of the resource store that only looks.
public protocol ResourceReader: Sendable {
    /// - Parameter withSecrets: whether the values of a Secret are wanted.
    /// - Returns: nil when there is no such object.
    func resource(_ key: ResourceKey, withSecrets: Bool) async throws -> StoredResource?
    /// Objects without Secret values. Pages are read one by one, so that an object that changes in between is on a page as it is then.
    func resources(_ query: ResourceQuery) async throws -> ResourcePage
    /// Changes in the order they were made, whichever process made them, until the task is cancelled. `limit` and `after` are of no account.
    ///
    /// - Parameter version: only later changes are told; nil to be told first of every object there is, as added.
    /// - Throws: from the stream, `ResourceError.tooOld` when changes between the version and now are not kept any more: at the beginning, or
    ///   because the reader did not keep up.
    func changes(of query: ResourceQuery, since version: Int64?) -> AsyncThrowingStream<ResourceEvent, any Error>
}

/// Objects that are kept until somebody deletes them. Each call that changes something has returned only when that survives a power cut.
///
/// A namespace is made when the first object is put into it. `default` is always there.
public protocol ResourceStore: ResourceReader {
    /// Stores an object. `uid`, `creationTimestamp`, `generation` and `resourceVersion` are filled in as Kubernetes does; a draft without
    /// `status` leaves that of the object in place.
    /// - Throws: `ResourceError`; nothing has changed then.
    @discardableResult func put(
        _ draft: ResourceDraft, _ rule: PutRule, at now: Timestamp
    ) async throws -> (resource: StoredResource, outcome: PutOutcome)
    /// Removes an object.
    /// - Parameters:
    ///   - uid: only when it is that very one.
    ///   - version: only when it is in that state.
    /// - Returns: the object as it was.
    /// - Throws: `notFound`, `conflict`, and for namespaces `notEmpty` and `permanent`.
    @discardableResult func remove(_ key: ResourceKey, uid: String?, version: Int64?) async throws -> StoredResource
}
