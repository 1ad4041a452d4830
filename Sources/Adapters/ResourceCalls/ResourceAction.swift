import Engine
import Glibc
import Ports
import WorkflowModel

/// The one thing that a resource template does, before anything is waited for.
struct ResourceAction: Sendable {
    /// What is waited for then, and what outputs are read from.
    enum Subject: Sendable {
        case object(ObjectReference)
        /// As the action left it. Nothing else will change it.
        case ownPod(JSONValue)
    }

    /// A change that others got ahead of is made up anew so many times, and so many generated names are tried.
    private static let attempts = 8
    /// Objects that one deletion may name by a selector.
    private static let mostDeleted = 10_000
    private static let largestManifest = 4 << 20
    /// Says of a stored object which attempt of which node made it, so that a creation that is repeated after a crash finds its own.
    private static let mark = "skiff.dev/created-by"

    private let call: ResourceCall
    private let launch: CallLaunch
    private let runner: ResourceCallRunner

    init(_ call: ResourceCall, _ launch: CallLaunch, _ runner: ResourceCallRunner) {
        self.call = call
        self.launch = launch
        self.runner = runner
    }

    /// - Returns: nil when there is nothing to wait for and to read from.
    /// - Throws: `ResourceFault`, `ObjectError`.
    func carryOut() async throws -> Subject? {
        let flags = try ResourceFlags(self.call.flags)
        let manifest = try self.manifest()
        let pod = OwnPod(self.launch.request)
        if ["get", "patch"].contains(self.call.action), pod.isMeant(by: try flags.target(), manifest) {
            guard self.call.action == "patch" else { return .ownPod(pod.object) }
            return .ownPod(try ObjectPatch.apply(manifest ?? .null, to: pod.object, strategy: self.call.mergeStrategy))
        }
        return try await self.act(manifest, flags).map { .object($0) }
    }

    private func act(_ manifest: JSONValue?, _ flags: ResourceFlags) async throws -> ObjectReference? {
        switch self.call.action {
        case "get":
            let reference = try self.single(manifest, flags)
            guard try await self.runner.objects.object(reference, withSecrets: false) != nil else { throw ObjectError.notFound(reference) }
            return reference
        case "create": return try await self.create(try self.whole(manifest, flags))
        case "apply": return try await self.apply(try self.whole(manifest, flags))
        case "replace":
            let object = try self.whole(manifest, flags)
            _ = try await self.runner.objects.replace(object)
            return try self.reference(of: object, flags)
        case "patch":
            let reference = try self.single(manifest, flags)
            try await self.patch(reference, manifest ?? .null)
            return reference
        case "delete":
            try await self.delete(manifest, flags)
            return nil
        default: throw ResourceFault(final: "action '\(self.call.action)' is none of get, create, apply, delete, replace and patch")
        }
    }

    // MARK: What is meant

    /// - Returns: nil when there is no manifest.
    private func manifest() throws -> JSONValue? {
        guard let text = try self.manifestText(), !text.allSatisfy(\.isWhitespace) else { return nil }
        switch self.runner.readYAML(text) {
        case .success(let value): return value
        case .failure(let fault): throw ResourceFault(final: "the manifest cannot be read: \(fault.message)")
        }
    }

    private func manifestText() throws(ResourceFault) -> String? {
        guard let name = self.call.manifestArtifact else { return self.call.manifest }
        guard let input = self.launch.inputs.last(where: { $0.name == name }) else {
            throw ResourceFault("input artifact '\(name)', which holds the manifest, is not there")
        }
        switch input.content {
        case .text(let text): return text
        case .copyOf(let path): return try Self.file(path, name)
        }
    }

    private static func file(_ path: String, _ artifact: String) throws(ResourceFault) -> String {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(artifact, String(cString: strerror(errno)).lowercased()) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.unreadable(artifact, String(cString: strerror(errno)).lowercased()) }
            if count == 0 { break }
            bytes += buffer[..<count]
            if bytes.count > Self.largestManifest { throw Self.unreadable(artifact, "it is larger than \(Self.largestManifest >> 20) MiB") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Self.unreadable(artifact, "it is not UTF-8 text") }
        return text
    }

    private static func unreadable(_ artifact: String, _ reason: String) -> ResourceFault {
        ResourceFault("input artifact '\(artifact)', which holds the manifest, cannot be read: \(reason)")
    }

    private func kind(_ word: String, apiVersion: String? = nil) throws(ResourceFault) -> ObjectKind {
        if let kind = ObjectKind.named(word), apiVersion.map({ $0 == kind.apiVersion }) ?? true { return kind }
        let known = (["Workflow"] + ResourceKind.allCases.map(\.rawValue)).joined(separator: ", ")
        let shown = apiVersion.map { "\(word) (\($0))" } ?? word
        throw ResourceFault(final: "objects of kind \(shown) need a cluster, and there is none; without one there are: \(known)")
    }

    /// The one object that the manifest, or else the flags, name.
    private func single(_ manifest: JSONValue?, _ flags: ResourceFlags) throws(ResourceFault) -> ObjectReference {
        if let target = try flags.target() {
            let kind = try self.kind(target.kind)
            let names = target.names.isEmpty ? [manifest?["metadata"]?["name"]?.string].compactMap { $0 } : target.names
            guard names.count == 1 else {
                throw ResourceFault(final: "'\(self.call.action)' works on one object, and \(names.count) are named")
            }
            return ObjectReference(kind, namespace: self.namespace(manifest, flags), name: names[0])
        }
        guard let manifest else { throw ResourceFault(final: "neither a manifest nor flags say which object is meant") }
        return try self.reference(of: manifest, flags)
    }

    private func reference(of object: JSONValue, _ flags: ResourceFlags) throws(ResourceFault) -> ObjectReference {
        guard let word = object["kind"]?.string, let name = object["metadata"]?["name"]?.string, !name.isEmpty else {
            throw ResourceFault(final: "the manifest names no object: 'kind' and 'metadata.name' are needed")
        }
        let kind = try self.kind(word, apiVersion: object["apiVersion"]?.string)
        return ObjectReference(kind, namespace: self.namespace(object, flags), name: name)
    }

    private func namespace(_ object: JSONValue?, _ flags: ResourceFlags) -> String {
        if let namespace = flags.namespace { return namespace }
        guard let namespace = object?["metadata"]?["namespace"]?.string, !namespace.isEmpty else { return self.launch.request.namespace }
        return namespace
    }

    /// The manifest as an object that can be stored.
    private func whole(_ manifest: JSONValue?, _ flags: ResourceFlags) throws(ResourceFault) -> JSONValue {
        guard let manifest, var object = manifest.object else {
            throw ResourceFault(final: "'\(self.call.action)' needs a manifest of one object")
        }
        let kind = try self.kind(object["kind"]?.string ?? "", apiVersion: object["apiVersion"]?.string)
        object["apiVersion"] = .string(kind.apiVersion)
        var metadata = object["metadata"]?.object ?? JSONObject()
        metadata["namespace"] = .string(self.namespace(manifest, flags))
        if self.call.setsOwnerReference {
            metadata["ownerReferences"] = .array((metadata["ownerReferences"]?.array ?? []) + [self.ownerReference])
        }
        object["metadata"] = .object(metadata)
        return .object(object)
    }

    private var ownerReference: JSONValue {
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": .string(self.launch.request.workflow),
            "uid": .string(self.launch.request.workflowUID), "controller": true, "blockOwnerDeletion": true,
        ]
    }

    // MARK: create and apply

    private func create(_ object: JSONValue) async throws -> ObjectReference {
        let name = object["metadata"]?["name"]?.string ?? ""
        let prefix = object["metadata"]?["generateName"]?.string ?? ""
        if name.isEmpty, prefix.isEmpty { throw ResourceFault(final: "the manifest needs metadata.name or metadata.generateName") }
        let identity = CallIdentity(self.launch.request.id)
        for attempt in 0... {
            let named = self.marked(object, name: name.isEmpty ? prefix + identity.suffix(attempt) : name)
            let reference = try self.reference(of: named, try ResourceFlags(self.call.flags))
            do {
                _ = try await self.runner.objects.create(named, uid: identity.uid, for: self.launch.request.id.run)
                return reference
            } catch ObjectError.alreadyExists(let reference) {
                let existing = try await self.runner.objects.object(reference, withSecrets: false)
                if existing?["metadata"]?["annotations"]?[Self.mark]?.string == identity.text { return reference }
                if !name.isEmpty || attempt >= Self.attempts { throw ObjectError.alreadyExists(reference) }
            }
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }

    private func marked(_ object: JSONValue, name: String) -> JSONValue {
        var fields = object.object ?? JSONObject()
        var metadata = fields["metadata"]?.object ?? JSONObject()
        var annotations = metadata["annotations"]?.object ?? JSONObject()
        annotations[Self.mark] = .string(self.launch.request.id.description)
        metadata["name"] = .string(name)
        metadata["annotations"] = .object(annotations)
        fields["metadata"] = .object(metadata)
        return .object(fields)
    }

    /// The object becomes what the manifest says, whether it was there or not.
    private func apply(_ object: JSONValue) async throws -> ObjectReference {
        let reference = try self.reference(of: object, try ResourceFlags(self.call.flags))
        if try await self.runner.objects.object(reference, withSecrets: false) == nil {
            do { return try await self.create(object) } catch ObjectError.alreadyExists {}
        }
        _ = try await self.runner.objects.replace(object)
        return reference
    }

    // MARK: patch and delete

    private func patch(_ reference: ObjectReference, _ patch: JSONValue) async throws {
        for attempt in 1... {
            guard let object = try await self.runner.objects.object(reference, withSecrets: true) else {
                throw ObjectError.notFound(reference)
            }
            // The object carries the version it was read in, so that a change in between is noticed.
            let changed = try ObjectPatch.apply(patch, to: object, strategy: self.call.mergeStrategy)
            do {
                _ = try await self.runner.objects.replace(changed)
                return
            } catch ObjectError.conflict where attempt < Self.attempts {}
        }
    }

    /// What is not there need not be deleted.
    private func delete(_ manifest: JSONValue?, _ flags: ResourceFlags) async throws {
        for reference in try await self.deleted(manifest, flags) {
            do { try await self.runner.objects.delete(reference) } catch ObjectError.notFound {}
        }
    }

    private func deleted(_ manifest: JSONValue?, _ flags: ResourceFlags) async throws -> [ObjectReference] {
        guard let target = try flags.target() else { return [try self.single(manifest, flags)] }
        let kind = try self.kind(target.kind)
        let namespace = self.namespace(manifest, flags)
        if !target.names.isEmpty { return target.names.map { ObjectReference(kind, namespace: namespace, name: $0) } }
        guard flags.selector != nil || flags.selectsAll else { return [try self.single(manifest, flags)] }
        let labels: LabelSelector
        do { labels = try LabelSelector(flags.selector) } catch { throw ResourceFault(final: "\(error)") }
        return try await self.runner.objects.objects(kind, namespace: namespace, labels: labels, limit: Self.mostDeleted)
    }
}

/// What a creation calls its own, the same each time it is repeated.
struct CallIdentity: Sendable {
    let text: String
    private let run: String

    init(_ id: PodID) {
        self.text = id.description
        self.run = id.run.text
    }

    /// For a generated name: five letters or digits.
    func suffix(_ attempt: Int) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        var number = Self.hash("\(self.text)#\(attempt)", 0xCBF2_9CE4_8422_2325)
        return String(
            (0..<5).map { _ in
                defer { number /= 36 }
                return letters[Int(number % 36)]
            })
    }

    /// For a run that is made: a UUID of version 8 that sorts beside the run that made it.
    var uid: String {
        let time = self.run.filter(\.isHexDigit).prefix(12)
        let head = String(repeating: "0", count: 12 - time.count) + time
        let tail = Self.digits(Self.hash(self.text, 0xCBF2_9CE4_8422_2325)) + Self.digits(Self.hash(self.text, 0x9E37_79B9_7F4A_7C15))
        let body = Array(tail)
        return
            "\(head.prefix(8))-\(head.suffix(4))-8\(String(body[0..<3]))-8\(String(body[3..<6]))-\(String(body[6..<18]))"
    }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// FNV-1a, stirred so that texts that differ at their end differ everywhere.
    private static func hash(_ text: String, _ basis: UInt64) -> UInt64 {
        var hash = text.utf8.reduce(basis) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ hash >> 33
    }
}
