import Diagnostics
import Manifests
import Planning
import WorkflowModel

/// All documents that were given together: the Workflows, and what they may refer to.
struct ManifestContext {
    private(set) var workflows: [ManifestDocument] = []
    private(set) var library: [PlanningDocument] = []
    /// What submits workflows later. It is checked, and takes no part in a run.
    private(set) var cronWorkflows: [ManifestDocument] = []
    private(set) var eventBindings: [ManifestDocument] = []
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
            if let workflow = Workflow(document.value) {
                switch workflow.kind {
                case .workflow: self.workflows.append(document)
                case .workflowTemplate, .clusterWorkflowTemplate:
                    self.library.append(PlanningDocument(workflow: workflow, source: document.source))
                }
            } else if document.kind == "CronWorkflow" {
                self.cronWorkflows.append(document)
            } else if document.kind == "WorkflowEventBinding" {
                self.eventBindings.append(document)
            } else if let configMap = ConfigMapManifest(document) {
                self.configMaps.removeAll { ConfigMapManifest($0)?.name == configMap.name }
                self.configMaps.append(document.value)
            } else if let secret = SecretManifest(document) {
                self.secrets[secret.name] = secret.data
            }
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
