import Diagnostics
import Engine
import FoundationEssentials
import Manifests
import Operations
import Planning
import Ports
public import WorkflowModel

/// A Workflow with its `status`, as it was exported from a cluster or from another data directory.
struct ExportedRun {
    private static let compressedLimit = 64 << 20

    let file: String
    /// With the nodes of its status unpacked.
    private(set) var manifest: JSONValue
    private let context: ManifestContext
    private let unpack: (@Sendable ([UInt8]) throws -> [UInt8])?

    /// - Parameter unpack: for nodes that Argo compressed; nil where nothing can.
    /// - Throws: `ManifestFault`, `OperationError.invalid`.
    static func read(_ file: String, unpack: (@Sendable ([UInt8]) throws -> [UInt8])?) throws -> ExportedRun {
        let context = ManifestContext.read([file])
        if context.diagnostics.contains(where: { $0.severity == .error }) {
            throw ManifestFault(diagnostics: context.diagnostics, excerpts: context.excerpts)
        }
        guard context.workflows.count == 1 else {
            throw OperationError(
                .invalid, "'\(file)' has \(context.workflows.count) Workflows, and one is expected",
                hint: "export one with: argo get NAME -o json, or kubectl get workflow NAME -o yaml")
        }
        var run = ExportedRun(file: file, manifest: context.workflows[0].value, context: context, unpack: unpack)
        guard run.manifest["status"]?.object?.isEmpty == false else {
            throw OperationError(
                .invalid, "the Workflow in '\(file)' has no status: it has not run anywhere", hint: "run it with: skiff run \(file)")
        }
        try run.hydrate()
        return run
    }

    var name: String { self.manifest["metadata"]?["name"]?.string ?? "" }

    /// Argo's compressed nodes: gzip in base64.
    private mutating func hydrate() throws {
        guard let text = self.manifest["status"]?["compressedNodes"]?.string, !text.isEmpty else { return }
        guard text.utf8.count <= Self.compressedLimit, let bytes = Data(base64Encoded: text), let unpack = self.unpack else {
            throw self.unreadable("they are not base64, or more than \(Self.compressedLimit) bytes")
        }
        do {
            let nodes = try JSONValue(json: String(decoding: try unpack(Array(bytes)), as: UTF8.self))
            self.manifest.set(["status", "nodes"], nodes)
            self.manifest.set(["status", "compressedNodes"], nil)
        } catch {
            throw self.unreadable("\(error)")
        }
    }

    private func unreadable(_ reason: String) -> OperationError {
        OperationError(
            .invalid, "the compressed nodes of '\(self.file)' cannot be read: \(reason)",
            hint: "export it through the Argo server, which unpacks them: argo get NAME -o json")
    }

    // MARK: A run

    /// The run it was, as if it had been carried out here under a new uid.
    /// - Throws: `OperationError.invalid` when its workflow cannot be planned or its status does not fit.
    func stored(namespace: String, createdAt: Timestamp, options: RunOptions) throws -> (run: StoredRun, notes: [String]) {
        var manifest = self.manifest
        let status = manifest["status"] ?? .null
        if let merged = status["storedWorkflowTemplateSpec"]?.object, manifest["spec"]?["workflowTemplateRef"] != nil {
            manifest.set(["spec"], .object(merged))
            manifest.set(["spec", "workflowTemplateRef"], nil)
        }
        manifest.set(["status"], nil)
        for field in ["resourceVersion", "generation", "managedFields", "selfLink"] { manifest.set(["metadata", field], nil) }
        for label in ["phase", "completed", "workflow-archiving-status"] {
            manifest.set(["metadata", "labels", "workflows.argoproj.io/\(label)"], nil)
        }
        manifest.set(["spec", "shutdown"], nil)
        manifest.set(["metadata", "uid"], .string(Identity.uuid(at: createdAt)))
        manifest.set(["metadata", "creationTimestamp"], .string(createdAt.rfc3339))
        if manifest["metadata"]?["namespace"]?.string?.isEmpty ?? true { manifest.set(["metadata", "namespace"], .string(namespace)) }
        let source = RunSource(
            workflow: manifest.json, context: self.context.contextTexts + self.storedTemplates(status), secrets: self.context.secrets,
            options: options.json)
        let plan: Plan
        do { plan = try StoredRun.plan(source, name: self.name).0 } catch let error as OperationError {
            throw OperationError(
                .invalid, "the Workflow in '\(self.file)' cannot be run here: \(error.message)",
                hint: "see all of it with: skiff lint \(self.file)")
        }
        var reader = ForeignStatus(plan: plan, workflow: self.name)
        var machine = RunMachine(plan: plan, id: RunID(plan.uid))
        do { _ = machine.handle(.restored(try reader.read(status)), at: createdAt) } catch {
            throw OperationError(.invalid, "the status in '\(self.file)' cannot be taken over: \(error)")
        }
        let arguments = Workflow(manifest)?.spec.arguments.parameters ?? []
        let record = RunRecord(
            id: machine.id, namespace: plan.namespace, name: plan.name, phase: machine.run.phase.rawValue, message: machine.run.message,
            createdAt: createdAt, priority: plan.priority ?? 0,
            labels: Dictionary(plan.labels.map { ($0.key, $0.value) }) { _, last in last },
            parameters: Dictionary(arguments.compactMap { parameter in parameter.value.map { (parameter.name, $0) } }) { _, last in last })
        return (StoredRun(record: record, source: source, manifest: manifest, machine: machine), reader.notes)
    }

    /// Templates that the cluster froze with the run, as the objects they came from; those given in the file win.
    private func storedTemplates(_ status: JSONValue) -> [String] {
        var found: [String: [JSONValue]] = [:]
        for (key, template) in status["storedTemplates"]?.object ?? JSONObject() {
            let parts = key.split(separator: "/", maxSplits: 2).map(String.init)
            guard parts.count == 3, parts[0] != "local", !parts[2].hasPrefix("inline/") else { continue }
            found["\(parts[0])/\(parts[1])", default: []].append(template)
        }
        let given = Set(self.context.library.compactMap(\.workflow.metadata.name))
        return found.sorted { $0.key < $1.key }.compactMap { place, templates in
            let parts = place.split(separator: "/", maxSplits: 1).map(String.init)
            if given.contains(parts[1]) { return nil }
            let object: JSONValue = [
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": parts[0] == "cluster" ? "ClusterWorkflowTemplate" : "WorkflowTemplate", "metadata": ["name": .string(parts[1])],
                "spec": ["templates": .array(templates)],
            ]
            return object.json
        }
    }
}

extension LocalRunStarter {
    public func exported(_ file: String) async throws -> JSONValue { try ExportedRun.read(file, unpack: self.machinery.unpack).manifest }

    /// The run of an exported file, its parameters changed.
    func foreignRun(
        _ file: String, namespace: String, _ parameters: [RetryOrder.Override], _ options: RunOptions
    ) throws -> (run: StoredRun, notes: [String]) {
        var exported = try ExportedRun.read(file, unpack: self.machinery.unpack)
        try exported.setParameters(parameters)
        return try exported.stored(namespace: namespace, createdAt: self.machinery.time.now(), options: options)
    }
}

extension ExportedRun {
    fileprivate mutating func setParameters(_ parameters: [RetryOrder.Override]) throws {
        for parameter in parameters {
            self.manifest.setParameter(parameter.name, parameter.value)
            // The merged spec takes the place of the written one.
            guard var merged = self.manifest["status"]?["storedWorkflowTemplateSpec"], merged.object != nil else { continue }
            var holder: JSONValue = ["spec": merged]
            holder.setParameter(parameter.name, parameter.value)
            merged = holder["spec"] ?? merged
            self.manifest.set(["status", "storedWorkflowTemplateSpec"], merged)
        }
    }
}
