import Manifests
import Operations
import Ports
import WorkflowModel

/// Stores objects that were checked, one by one. A refusal of one does not keep it from the others.
struct ResourceWriting: Sendable {
    /// nil for looking only.
    var store: (any ResourceStore)?
    let rule: ResourceWriteRule
    /// Of objects that name none.
    let namespace: String
    let now: Timestamp

    /// A generated name that is taken is made anew so many times.
    private static let attempts = 8

    /// - Returns: nil for an object of a kind that is not stored.
    func carryOut(_ manifest: ResourceManifest) async -> ResourceResult? {
        guard let store = self.store else { preconditionFailure("nothing is stored without a store") }
        for attempt in 1... {
            guard let draft = self.draft(manifest) else { return nil }
            do {
                let done = try await store.put(draft, try await self.putRule(manifest, draft.key, store), at: self.now)
                return ResourceResult(draft.key.reference, .success((done.resource.object, Self.outcome(done.outcome))))
            } catch ResourceError.alreadyExists where self.isGenerated(manifest) && attempt < Self.attempts {
                continue
            } catch {
                return ResourceResult(draft.key.reference, .failure(OperationError(anyOf: error)))
            }
        }
        preconditionFailure("the loop above ends by returning")
    }

    /// What would become of an object.
    func preview(_ manifest: ResourceManifest, _ reader: any ResourceReader) async -> ResourceResult? {
        guard let draft = self.draft(manifest) else { return nil }
        do {
            let existing = try await reader.resource(draft.key, withSecrets: true)
            switch (self.rule, existing) {
            case (.create, .some): throw ResourceError.alreadyExists(draft.key)
            case (.update, nil): throw ResourceError.notFound(draft.key)
            default: break
            }
            if let existing, existing.forbids(draft) { throw ResourceError.immutable(draft.key) }
            let merged = StoredResource.putting(draft, over: existing, uid: "", version: existing?.version ?? 0, at: self.now)
            let outcome: ResourceResult.Outcome = existing == nil ? .created : merged == nil ? .unchanged : .configured
            return ResourceResult(draft.key.reference, .success(((merged ?? existing)?.object ?? draft.object, outcome)))
        } catch {
            return ResourceResult(draft.key.reference, .failure(OperationError(anyOf: error)))
        }
    }

    // MARK: From a manifest to a draft

    /// What another system filled in, or knows about an object of its own.
    private static let foreignFields = ["uid", "generation", "creationTimestamp", "managedFields", "selfLink", "resourceVersion"]
    /// Written by kubectl. It repeats the whole object, values of Secrets included.
    private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    /// nil for a kind that is not stored.
    private func draft(_ manifest: ResourceManifest) -> ResourceDraft? {
        guard let kind = manifest.kind else { return nil }
        var object = manifest.object
        for field in Self.foreignFields { object.set(["metadata", field], nil) }
        if object["metadata"]?["annotations"] != nil {
            object.set(["metadata", "annotations", Self.lastApplied], nil)
            if object["metadata"]?["annotations"]?.object?.isEmpty == true { object.set(["metadata", "annotations"], nil) }
        }
        object.set(["status"], nil)
        var name = object["metadata"]?["name"]?.string ?? ""
        if name.isEmpty { name = (object["metadata"]?["generateName"]?.string ?? "") + Identity.nameSuffix() }
        let given = object["metadata"]?["namespace"]?.string ?? ""
        let key = ResourceKey(kind, namespace: given.isEmpty ? self.namespace : given, name: name)
        guard kind == .secret, let secret = SecretManifest(object) else { return ResourceDraft(key: key, object: object) }
        return ResourceDraft(key: key, object: SecretMask.masked(object, secret.data), secretValues: secret.data)
    }

    private func isGenerated(_ manifest: ResourceManifest) -> Bool {
        (manifest.object["metadata"]?["name"]?.string ?? "").isEmpty
    }

    private func putRule(_ manifest: ResourceManifest, _ key: ResourceKey, _ store: any ResourceStore) async throws -> PutRule {
        let metadata = manifest.object["metadata"]
        let given = metadata?["resourceVersion"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        switch self.rule {
        case .create: return .create
        case .update: return .replace(version: try given.map { try OperationError.version($0) })
        case .apply:
            guard let given else { return .apply(version: nil) }
            // An object with a uid that is not known here was written down in a cluster, and so was its version.
            if let uid = metadata?["uid"]?.string, try await store.resource(key, withSecrets: false)?.uid != uid {
                return .apply(version: nil)
            }
            return .apply(version: try OperationError.version(given))
        }
    }

    private static func outcome(_ outcome: PutOutcome) -> ResourceResult.Outcome {
        switch outcome {
        case .created: .created
        case .configured: .configured
        case .unchanged: .unchanged
        }
    }
}

extension ResourceKey {
    var reference: ResourceReference { ResourceReference(self.kind, self.name) }
}
