import Diagnostics
import Manifests
import Operations
import Planning
import Ports
import WorkflowModel

/// All documents that were given together: the Workflows, and what they may refer to.
struct ManifestContext {
    private(set) var workflows: [ManifestDocument] = []
    private(set) var library: [PlanningDocument] = []
    /// What submits workflows later. It is checked, and takes no part in a run.
    private(set) var cronWorkflows: [ResourceManifest] = []
    private(set) var eventBindings: [ResourceManifest] = []
    private(set) var configMaps: [JSONValue] = []
    private(set) var secrets: [String: [String: [UInt8]]] = [:]
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var excerpts: [String: [Substring]] = [:]
    /// The files that were read, each once, in the order they were read.
    private(set) var files: [ManifestFile] = []

    /// - Parameter paths: files, directories, or `-` for standard input. A file that is named twice is read once.
    static func read(_ paths: [String], with reader: ManifestReader = ManifestReader()) -> ManifestContext {
        var context = ManifestContext()
        var seen: Set<String> = []
        for path in paths where seen.insert(path).inserted {
            for file in reader.readFile(path: path) where file.file == path || seen.insert(file.file).inserted { context.add(file) }
        }
        return context
    }

    private mutating func add(_ file: ManifestFile) {
        self.files.append(file)
        self.diagnostics += file.diagnostics
        self.excerpts[file.file] = file.lines
        for document in file.documents {
            if document.kind == WorkflowKind.workflow.rawValue { self.workflows.append(document) }
            self.add(ResourceManifest(object: document.value, source: document.source))
        }
    }

    /// Adds what others may refer to, and what submits workflows later.
    mutating func add(_ manifest: ResourceManifest) {
        if let workflow = Workflow(manifest.object) {
            if workflow.kind != .workflow { self.library.append(PlanningDocument(workflow: workflow, source: manifest.source)) }
        } else if manifest.kind == .cronWorkflow {
            self.cronWorkflows.append(manifest)
        } else if manifest.kind == .workflowEventBinding {
            self.eventBindings.append(manifest)
        } else if let configMap = ConfigMapManifest(manifest.object) {
            self.configMaps.removeAll { ConfigMapManifest($0)?.name == configMap.name }
            self.configMaps.append(manifest.object)
        } else if let secret = SecretManifest(manifest.object) {
            self.secrets[secret.name] = secret.data
        }
    }

    /// With the documents of a text that no file holds.
    func with(_ file: ManifestFile) -> ManifestContext {
        var context = self
        context.add(file)
        return context
    }

    /// The documents of a text that no file holds.
    static func of(_ file: ManifestFile) -> ManifestContext {
        var context = ManifestContext()
        context.add(file)
        return context
    }

    // MARK: What is stored

    /// Whether an object of that name was given or added.
    func holds(_ kind: ResourceKind, _ name: String) -> Bool {
        switch kind {
        case .workflowTemplate, .clusterWorkflowTemplate:
            self.library.contains { $0.workflow.kind.rawValue == kind.rawValue && $0.workflow.metadata.name == name }
        case .configMap: self.configMaps.contains { ConfigMapManifest($0)?.name == name }
        case .secret: self.secrets[name] != nil
        case .cronWorkflow, .workflowEventBinding, .persistentVolumeClaim, .namespace: false
        }
    }

    /// Adds a stored object. What was given under its name wins.
    mutating func add(_ resource: StoredResource) {
        guard !self.holds(resource.key.kind, resource.key.name) else { return }
        switch resource.key.kind {
        case .workflowTemplate, .clusterWorkflowTemplate:
            guard let workflow = Workflow(resource.object) else { return }
            let source = SourceMap(file: "\(resource.key.kind.singular)/\(resource.key.name)", lines: [])
            self.library.append(PlanningDocument(workflow: workflow, source: source))
        case .configMap: self.configMaps.append(resource.object)
        case .secret:
            let keys = resource.object["data"]?.object?.keys ?? []
            self.secrets[resource.key.name] =
                resource.secretValues ?? Dictionary(keys.map { ($0, []) }) { first, _ in first }
        case .cronWorkflow, .workflowEventBinding, .persistentVolumeClaim, .namespace: break
        }
    }

    var resources: PlanResources { Self.resources(configMaps: self.configMaps, secrets: self.secrets.mapValues { Set($0.keys) }) }

    /// - Parameter configMaps: objects of any kind; those that are no ConfigMap are left out.
    static func resources(configMaps: [JSONValue], secrets: [String: Set<String>]) -> PlanResources {
        var maps: [String: PlanResources.ConfigMap] = [:]
        for configMap in configMaps.compactMap({ ConfigMapManifest($0) }) {
            var data = configMap.data
            for key in configMap.binaryData.keys where data[key] == nil { data[key] = configMap.text(key) }
            maps[configMap.name] = PlanResources.ConfigMap(
                data: data, isParameterSource: configMap.labels["workflows.argoproj.io/configmap-type"] == "Parameter")
        }
        return PlanResources(configMaps: maps, secrets: secrets)
    }

    /// Texts of what a run's plan is made from beside the workflow and the secrets.
    var contextTexts: [String] { self.library.map(\.workflow.raw.json) + self.configMaps.map(\.json) }

    /// What is wrong in the text and in what it says, each fault once.
    static func merged(_ lists: [Diagnostic]...) -> [Diagnostic] {
        struct Place: Hashable {
            var file: String
            var path: FieldPath
            var code: DiagnosticCode
            var message: String
        }
        var seen: Set<Place> = []
        return lists.joined().filter { seen.insert(Place(file: $0.file, path: $0.path, code: $0.code, message: $0.message)).inserted }
    }
}
