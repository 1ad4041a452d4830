import Diagnostics
public import Operations
public import Ports
public import WorkflowModel

/// Stored objects of a data directory, asked in this process.
public struct LocalResources: ResourceOperations {
    /// What stored objects stand on.
    public struct Place: Sendable {
        /// Opens the store to look. Makes nothing.
        /// - Throws: `JournalError`.
        public var openReader: @Sendable () async throws -> any ResourceReader
        /// - Throws: `JournalError`.
        public var openStore: @Sendable () async throws -> any ResourceStore
        /// Removes the directory of a PersistentVolumeClaim; nothing happens when there is none.
        public var removeClaim: @Sendable (ResourceKey) async throws -> Void
        public var time: any TimeSource

        public init(
            openReader: @escaping @Sendable () async throws -> any ResourceReader,
            openStore: @escaping @Sendable () async throws -> any ResourceStore,
            removeClaim: @escaping @Sendable (ResourceKey) async throws -> Void, time: any TimeSource
        ) {
            self.openReader = openReader
            self.openStore = openStore
            self.removeClaim = removeClaim
            self.time = time
        }
    }

    private let place: Place

    public init(_ place: Place) { self.place = place }

    // MARK: Storing

    public func put(
        _ manifests: [ResourceManifest], _ rule: ResourceWriteRule, namespace: String, isDryRun: Bool
    ) async throws -> ResourceReport {
        let diagnostics = try await self.check(manifests, namespace: namespace)
        let writing = ResourceWriting(store: nil, rule: rule, namespace: namespace, now: self.place.time.now())
        if isDryRun {
            let reader = try await OperationError.translating { try await self.place.openReader() }
            var results: [ResourceResult] = []
            for manifest in manifests { if let result = await writing.preview(manifest, reader) { results.append(result) } }
            return ResourceReport(results: results, diagnostics: diagnostics)
        }
        var carriedOut = writing
        carriedOut.store = try await OperationError.translating { try await self.place.openStore() }
        var results: [ResourceResult] = []
        for manifest in manifests { if let result = await carriedOut.carryOut(manifest) { results.append(result) } }
        return ResourceReport(results: results, diagnostics: diagnostics)
    }

    /// - Returns: warnings and hints.
    /// - Throws: `ManifestFault` when there is an error.
    private func check(_ manifests: [ResourceManifest], namespace: String) async throws -> [Diagnostic] {
        let diagnostics = try await ResourceChecks(manifests: manifests, namespace: namespace, open: self.place.openReader).diagnostics()
        guard diagnostics.contains(where: { $0.severity == .error }) else { return diagnostics }
        var excerpts: [String: [Substring]] = [:]
        for manifest in manifests { excerpts[manifest.source.file] = manifest.source.lines }
        throw ManifestFault(diagnostics: diagnostics, excerpts: excerpts)
    }

    // MARK: Looking

    public func get(_ reference: ResourceReference, namespace: String, withSecrets: Bool) async throws -> JSONValue {
        try await OperationError.translating {
            let key = ResourceKey(reference.kind, namespace: namespace, name: reference.name)
            guard let found = try await self.place.openReader().resource(key, withSecrets: withSecrets) else {
                throw OperationError(ResourceError.notFound(key))
            }
            return found.shown
        }
    }

    public func list(_ query: ResourceListQuery) async throws -> ResourceList {
        try await OperationError.translating {
            let page = try await self.place.openReader().resources(try ResourceQuery(query))
            return ResourceList(items: page.items.map(\.object), resourceVersion: String(page.version), next: page.next.map(\.token))
        }
    }

    public func watch(
        _ query: ResourceListQuery, since resourceVersion: String?
    ) async throws -> AsyncThrowingStream<ResourceChange, any Error> {
        let version = try resourceVersion.map { try OperationError.version($0) }
        // A store that is opened to look knows only of a database that exists.
        let store = try await OperationError.translating { try await self.place.openStore() }
        let watch = ChangeWatch(store.changes(of: try ResourceQuery(query), since: version))
        return AsyncThrowingStream { try await watch.next() }
    }

    // MARK: Deleting

    public func delete(_ reference: ResourceReference, namespace: String, resourceVersion: String?) async throws {
        let version = try resourceVersion.map { try OperationError.version($0) }
        try await OperationError.translating {
            let key = ResourceKey(reference.kind, namespace: namespace, name: reference.name)
            let store = try await self.place.openStore()
            guard key.kind == .persistentVolumeClaim else {
                try await store.remove(key, uid: nil, version: version)
                return
            }
            guard let claim = try await store.resource(key, withSecrets: false) else { throw ResourceError.notFound(key) }
            if let version, version != claim.version { throw ResourceError.conflict(key, current: claim.version) }
            // The files first: a claim whose files are gone can be deleted again, files without a claim nobody would find.
            do { try await self.place.removeClaim(key) } catch {
                throw OperationError(.unavailable, "what claim '\(key.name)' holds cannot be removed: \(error)")
            }
            try await store.remove(key, uid: claim.uid, version: nil)
        }
    }
}

extension ResourceQuery {
    /// - Throws: `OperationError.invalid` for a continuation that no list gave.
    init(_ query: ResourceListQuery) throws {
        self.init(
            query.kind, namespace: query.namespace, labels: query.labels, fields: query.fields, limit: query.limit,
            after: try query.continuation.map { try ResourceCursor(token: $0) })
    }
}

extension ResourceCursor {
    var token: String { "\(self.version).\(self.namespace)/\(self.name)" }

    /// - Throws: `OperationError.invalid`.
    init(token: String) throws {
        let parts = token.split(separator: ".", maxSplits: 1)
        let place = parts.last?.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false) ?? []
        guard parts.count == 2, place.count == 2, let version = Int64(parts[0]) else {
            throw OperationError(.invalid, "'\(token)' does not continue a list", hint: "take 'metadata.continue' of the page before")
        }
        self.init(version: version, namespace: String(place[0]), name: String(place[1]))
    }
}

extension StoredResource {
    /// As people are shown it: with Secret values when they were asked for.
    var shown: JSONValue {
        guard let values = self.secretValues else { return self.object }
        return SecretMask.unmasked(self.object, base64: values.mapValues(Base64Text.encoded))
    }
}

/// Changes of stored objects in the words of operations.
private actor ChangeWatch {
    private var events: AsyncThrowingStream<ResourceEvent, any Error>.Iterator

    init(_ events: AsyncThrowingStream<ResourceEvent, any Error>) { self.events = events.makeAsyncIterator() }

    func next() async throws -> ResourceChange? {
        var events = self.events
        defer { self.events = events }
        do {
            guard let event = try await events.next(isolation: self) else { return nil }
            return ResourceChange(Self.change(event.change), event.resource.object)
        } catch {
            throw OperationError(anyOf: error)
        }
    }

    private static func change(_ change: ResourceEvent.Change) -> ResourceChange.Change {
        switch change {
        case .added: .added
        case .modified: .modified
        case .deleted: .deleted
        }
    }
}
