import Engine
import Manifests
import Ports
import Synchronization
import WorkflowModel

@testable import ResourceCalls

/// Never waits, and lets a test do something whenever somebody would.
final class HastyClock: TimeSource {
    private let state = Mutex<(now: Timestamp, sleeps: [Span])>((Timestamp(milliseconds: 1_700_000_000_000), []))
    private let onSleep: @Sendable (Int) async -> Void

    init(_ onSleep: @escaping @Sendable (Int) async -> Void = { _ in }) { self.onSleep = onSleep }

    func now() -> Timestamp { self.state.withLock { $0.now } }

    func sleep(until deadline: Timestamp) async throws {
        try Task.checkCancellation()
        let count = self.state.withLock { state in
            state.sleeps.append(deadline - state.now)
            if deadline > state.now { state.now = deadline }
            return state.sleeps.count
        }
        await self.onSleep(count)
    }

    var sleeps: [Span] { self.state.withLock { $0.sleeps } }
}

/// Objects in memory, with versions.
final class MemoryObjects: ObjectService {
    private let state = Mutex<(objects: [ObjectReference: JSONValue], version: Int64, attended: Int, uids: [String])>(([:], 0, 0, []))
    private let replacements = Mutex(0)
    /// Called before each replacement with how many there have been, this one included.
    private let beforeReplace: @Sendable (MemoryObjects, Int) -> Void

    init(beforeReplace: @escaping @Sendable (MemoryObjects, Int) -> Void = { _, _ in }) { self.beforeReplace = beforeReplace }

    var attended: Int { self.state.withLock { $0.attended } }
    var uids: [String] { self.state.withLock { $0.uids } }
    var names: [String] { self.state.withLock { $0.objects.keys.map(\.name).sorted() } }

    func set(_ reference: ObjectReference, _ object: JSONValue?) {
        self.state.withLock { state in
            state.version += 1
            state.objects[reference] = object.map { Self.versioned($0, state.version) }
        }
    }

    private static func versioned(_ object: JSONValue, _ version: Int64) -> JSONValue {
        var fields = object.object ?? JSONObject()
        var metadata = fields["metadata"]?.object ?? JSONObject()
        metadata["resourceVersion"] = .string(String(version))
        fields["metadata"] = .object(metadata)
        return .object(fields)
    }

    private static func reference(of object: JSONValue) -> ObjectReference {
        ObjectReference(
            ObjectKind.named(object["kind"]?.string ?? "") ?? .workflow, namespace: object["metadata"]?["namespace"]?.string ?? "",
            name: object["metadata"]?["name"]?.string ?? "")
    }

    func object(_ reference: ObjectReference, withSecrets: Bool) async throws -> JSONValue? {
        self.state.withLock { $0.objects[reference] }
    }

    func objects(_ kind: ObjectKind, namespace: String, labels: LabelSelector, limit: Int) async throws -> [ObjectReference] {
        self.state.withLock { state in
            state.objects.filter { reference, object in
                let given = object["metadata"]?["labels"]?.object ?? JSONObject()
                return reference.kind == kind && reference.namespace == namespace
                    && labels.matches(Dictionary(given.map { ($0.0, $0.1.string ?? "") }) { _, last in last })
            }.keys.sorted { $0.name < $1.name }
        }
    }

    func create(_ object: JSONValue, uid: String, for parent: RunID) async throws -> JSONValue {
        let reference = Self.reference(of: object)
        return try self.state.withLock { state in
            state.uids.append(uid)
            if state.objects[reference] != nil { throw ObjectError.alreadyExists(reference) }
            state.version += 1
            let stored = Self.versioned(object, state.version)
            state.objects[reference] = stored
            return stored
        }
    }

    func replace(_ object: JSONValue) async throws -> JSONValue {
        let count = self.replacements.withLock { count in
            count += 1
            return count
        }
        self.beforeReplace(self, count)
        let reference = Self.reference(of: object)
        return try self.state.withLock { state in
            guard let existing = state.objects[reference] else { throw ObjectError.notFound(reference) }
            if let given = object["metadata"]?["resourceVersion"], given != existing["metadata"]?["resourceVersion"] {
                throw ObjectError.conflict(reference)
            }
            state.version += 1
            let stored = Self.versioned(object, state.version)
            state.objects[reference] = stored
            return stored
        }
    }

    func delete(_ reference: ObjectReference) async throws {
        try self.state.withLock { state in
            guard state.objects.removeValue(forKey: reference) != nil else { throw ObjectError.notFound(reference) }
        }
    }

    func attend(_ reference: ObjectReference) async throws { self.state.withLock { $0.attended += 1 } }
}

struct Bench {
    let objects: MemoryObjects
    let clock: HastyClock

    init(_ objects: MemoryObjects = MemoryObjects(), clock: HastyClock = HastyClock()) {
        self.objects = objects
        self.clock = clock
    }

    func run(_ call: ResourceCall, outputs: [CallRequest.Output] = [], inputs: [PlacedInput] = [], node: Int = 3) async -> CallResult {
        let request = CallRequest(
            id: PodID(run: RunID("01926c4e-7b1a-7000-8000-000000000000"), node: NodeID(node), attempt: 0), kind: .resource(call),
            namespace: "default", workflow: "flow", workflowUID: "01926c4e", templateName: "object", podName: "flow-pod", outputs: outputs)
        let runner = ResourceCallRunner(
            objects: self.objects, readYAML: ManifestReader.value(ofYAML:), filter: { try JQFilter.apply($0, to: $1.json) },
            time: self.clock)
        return await runner.carryOut(CallLaunch(request: request, inputs: inputs, secrets: [:]))
    }

    static func workflow(_ name: String) -> ObjectReference { ObjectReference(.workflow, namespace: "default", name: name) }
    static func configMap(_ name: String) -> ObjectReference { ObjectReference(.stored(.configMap), namespace: "default", name: name) }

    static let settings = """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          labels: {team: data}
        data:
          color: blue
        """
}

extension CallResult {
    var failure: String? { if case .failed(let message) = self.end { message } else { nil } }
    var error: String? { if case .error(let message) = self.end { message } else { nil } }
    var hasSucceeded: Bool { if case .succeeded = self.end { true } else { false } }
}
