import Diagnostics
import Manifests
import Operations
import Planning
import Ports
import WorkflowModel

/// Looks up in the store what the given files name and do not hold.
///
/// Only what is named is read, and what that names in turn, so that the snapshot of a run holds what it uses and a large store costs nothing.
struct StoredContext: Sendable {
    /// So many objects of a kind are read at a time.
    private static let pageSize = 200

    /// Opens the store when it is first needed. nil where nothing is stored.
    let open: (@Sendable () async throws -> any ResourceReader)?
    let namespace: String
    /// Whether the values of Secrets are wanted, or only their keys.
    let withSecrets: Bool

    /// - Parameter objects: what is to be run or checked; what the templates of the context name is looked up as well.
    /// - Throws: `OperationError`.
    func completing(_ given: ManifestContext, for objects: [JSONValue]) async throws -> ManifestContext {
        guard let open = self.open else { return given }
        return try await OperationError.translating {
            var search = Search(context: given, place: self)
            for object in objects + given.library.map(\.workflow.raw) { search.look(in: object) }
            guard search.needsStore else { return given }
            try await search.complete(from: try await open())
            return search.context
        }
    }

    /// One walk from object to object.
    private struct Search {
        var context: ManifestContext
        let place: StoredContext
        private var wanted: [ResourceKey] = []
        private var wantedKinds: [ResourceKind] = []
        private var seen: Set<ResourceKey> = []
        private var seenKinds: Set<ResourceKind> = []

        init(context: ManifestContext, place: StoredContext) {
            self.context = context
            self.place = place
        }

        var needsStore: Bool { !self.wanted.isEmpty || !self.wantedKinds.isEmpty }

        mutating func look(in object: JSONValue) {
            let mentions = Mentions(in: object)
            for (kind, names) in mentions.names.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                for name in names.sorted() {
                    let key = ResourceKey(kind, namespace: self.place.namespace, name: name)
                    if self.seen.insert(key).inserted, !self.context.holds(kind, name) { self.wanted.append(key) }
                }
            }
            for kind in mentions.open.sorted(by: { $0.rawValue < $1.rawValue }) { self.wantAll(kind) }
        }

        private mutating func wantAll(_ kind: ResourceKind) {
            if self.seenKinds.insert(kind).inserted { self.wantedKinds.append(kind) }
        }

        mutating func complete(from reader: any ResourceReader) async throws {
            while self.needsStore {
                if let key = self.wanted.popLast() {
                    if let found = try await reader.resource(key, withSecrets: self.place.withSecrets) {
                        self.take(found)
                    } else if key.kind == .workflowTemplate || key.kind == .clusterWorkflowTemplate {
                        // For the hint: which there are.
                        self.wantAll(key.kind)
                    }
                } else if let kind = self.wantedKinds.popLast() {
                    try await self.takeAll(kind, from: reader)
                }
            }
        }

        private mutating func takeAll(_ kind: ResourceKind, from reader: any ResourceReader) async throws {
            var query = ResourceQuery(kind, namespace: self.place.namespace, limit: StoredContext.pageSize)
            repeat {
                let page = try await reader.resources(query)
                for found in page.items where !self.context.holds(kind, found.key.name) {
                    self.seen.insert(found.key)
                    guard kind == .secret, self.place.withSecrets else {
                        self.take(found)
                        continue
                    }
                    if let opened = try await reader.resource(found.key, withSecrets: true) { self.take(opened) }
                }
                query.after = page.next
            } while query.after != nil
        }

        private mutating func take(_ resource: StoredResource) {
            self.context.add(resource)
            if resource.key.kind != .secret, resource.key.kind != .configMap { self.look(in: resource.object) }
        }
    }
}

/// Checks all objects that were given and can be run some day, each in its namespace.
struct StoredContexts {
    let given: ManifestContext
    /// nil where only what was given counts.
    let open: (@Sendable () async throws -> any ResourceReader)?
    /// Of objects that name none.
    let namespace: String
    /// The kinds that are checked; nil for all.
    var kinds: Set<String>?

    /// What is wrong with them beyond their text.
    /// - Throws: `OperationError`.
    func check() async throws -> [Diagnostic] {
        let contexts = try await self.contexts()
        func context(_ namespace: String?) -> ManifestContext { contexts[namespace ?? self.namespace] ?? self.given }
        var found: [Diagnostic] = []
        for document in self.documents where self.wants(document.workflow.kind.rawValue) {
            let context = context(document.workflow.metadata.namespace)
            found += Planner.check(
                PlanningInput(
                    workflow: document, library: context.library, resources: context.resources, readYAML: ManifestReader.value(ofYAML:)))
        }
        for manifest in self.given.cronWorkflows where self.wants(ResourceKind.cronWorkflow.rawValue) {
            guard let cron = CronWorkflow(manifest.object) else { continue }
            let context = context(cron.metadata.namespace)
            found += Planner.check(
                cron, source: manifest.source, library: context.library, resources: context.resources,
                readYAML: ManifestReader.value(ofYAML:))
        }
        for manifest in self.given.eventBindings where self.wants(ResourceKind.workflowEventBinding.rawValue) {
            guard let binding = WorkflowEventBinding(manifest.object) else { continue }
            let context = context(binding.metadata.namespace)
            found += Planner.check(binding, source: manifest.source, library: context.library)
        }
        return found
    }

    private func wants(_ kind: String) -> Bool { self.kinds.map { $0.contains(kind) } ?? true }

    private var documents: [PlanningDocument] {
        let workflows = self.given.workflows.compactMap { document in
            Workflow(document.value).map { PlanningDocument(workflow: $0, source: document.source) }
        }
        return workflows + self.given.library
    }

    /// What was given with what is stored, for each namespace that an object is in.
    private func contexts() async throws -> [String: ManifestContext] {
        let objects =
            self.documents.map(\.workflow.raw) + self.given.cronWorkflows.map(\.object) + self.given.eventBindings.map(\.object)
        var contexts: [String: ManifestContext] = [:]
        for namespace in Set(objects.map { $0["metadata"]?["namespace"]?.string ?? self.namespace }) {
            let stored = StoredContext(open: self.open, namespace: namespace, withSecrets: false)
            contexts[namespace] = try await stored.completing(self.given, for: objects)
        }
        return contexts
    }
}
