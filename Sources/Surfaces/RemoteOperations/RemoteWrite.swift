import Operations
import WorkflowModel

/// One object on its way to a server.
struct RemoteWrite {
    /// How often a change that others got ahead of is tried again.
    private static let attempts = 8

    let reference: ResourceReference
    private let object: JSONValue
    private let path: ResourcePath

    /// nil for an object of a kind that is not stored.
    init?(_ manifest: ResourceManifest, namespace: String) {
        let object = manifest.object
        guard let kind = object["kind"]?.string.flatMap({ ResourceKind(rawValue: $0) }) else { return nil }
        self.object = object
        self.reference = ResourceReference(kind, object["metadata"]?["name"]?.string ?? "")
        let own = object["metadata"]?["namespace"]?.string ?? ""
        self.path = ResourcePath(kind, namespace: own.isEmpty ? namespace : own)
    }

    func carryOut(
        _ rule: ResourceWriteRule, isDryRun: Bool, _ connection: ServerConnection
    ) async throws -> (object: JSONValue, outcome: ResourceResult.Outcome) {
        switch rule {
        case .create: return try await self.create(isDryRun: isDryRun, connection)
        case .update:
            return try await self.update(try await connection.ask(.get, self.path.object(self.reference.name)), isDryRun, connection)
        case .apply:
            for _ in 1..<Self.attempts {
                do {
                    let stored = try await connection.ask(.get, self.path.object(self.reference.name))
                    return try await self.update(stored, isDryRun, connection)
                } catch let error as OperationError where error.code == .conflict && self.givenVersion == nil { continue } catch let error
                    as OperationError where error.code == .notFound && self.givenVersion == nil
                {
                    do { return try await self.create(isDryRun: isDryRun, connection) } catch let error as OperationError
                        where error.code == .alreadyExists
                    { continue }
                }
            }
            throw OperationError(.conflict, "\(self.reference.text) is changed by others all the time", hint: "try again")
        }
    }

    /// The state that the object must be in, as its text says.
    private var givenVersion: String? { WorkflowFields(self.object).resourceVersion }

    private func create(
        isDryRun: Bool, _ connection: ServerConnection
    ) async throws -> (object: JSONValue, outcome: ResourceResult.Outcome) {
        var body = self.path.body(self.object, name: self.reference.name)
        var target = self.path.collection
        if isDryRun {
            if self.path.bodyField == nil { target.add("dryRun", "All") } else { body.add("createOptions", ["dryRun": ["All"]]) }
        }
        return (try await connection.ask(.post, target, body), .created)
    }

    private func update(
        _ stored: JSONValue, _ isDryRun: Bool, _ connection: ServerConnection
    ) async throws -> (object: JSONValue, outcome: ResourceResult.Outcome) {
        let version = WorkflowFields(stored).resourceVersion
        var object = self.object
        // Exactly what was looked at is replaced, unless the text names a state.
        object.add(["metadata", "resourceVersion"], (self.givenVersion ?? version).map { .string($0) })
        var target = self.path.object(self.reference.name)
        if isDryRun { target.add("dryRun", "All") }
        let updated = try await connection.ask(.put, target, self.path.body(object, name: self.reference.name))
        return (updated, WorkflowFields(updated).resourceVersion == version && !isDryRun ? .unchanged : .configured)
    }
}

extension JSONValue {
    fileprivate mutating func add(_ name: String, _ value: JSONValue) { self.add([name], value) }

    /// Sets a field of objects inside objects; nil removes it.
    fileprivate mutating func add(_ path: [String], _ value: JSONValue?) {
        guard let first = path.first else { return }
        var object = self.object ?? JSONObject()
        if path.count == 1 {
            object[first] = value
        } else {
            var inner = object[first] ?? .object(JSONObject())
            inner.add(Array(path.dropFirst()), value)
            object[first] = inner
        }
        self = .object(object)
    }
}
