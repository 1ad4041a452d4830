public import Diagnostics
public import WorkflowModel

/// An object as it was read, and where its fields are written.
public struct PlanningDocument: Sendable {
    public var workflow: Workflow
    public var source: SourceMap
    public init(workflow: Workflow, source: SourceMap) {
        self.workflow = workflow
        self.source = source
    }
}

/// Everything a plan is made from.
public struct PlanningInput: Sendable {
    /// Name, uid and creation time must be filled in before a plan is run; for checks alone they may be missing.
    public var workflow: PlanningDocument
    /// The WorkflowTemplates and ClusterWorkflowTemplates that references may name.
    public var library: [PlanningDocument]
    public var resources: PlanResources
    /// Reads YAML inside texts: manifests of `resource` templates, podSpecPatch. A pure function, handed in because this room knows JSON only;
    /// without one such texts must be JSON, and are not checked.
    public var readYAML: YAMLReader?
    /// Logs of all steps become artifacts, whatever the workflow says.
    public var archivesLogs: Bool

    public init(
        workflow: PlanningDocument, library: [PlanningDocument] = [], resources: PlanResources = PlanResources(),
        readYAML: YAMLReader? = nil, archivesLogs: Bool = false
    ) {
        self.workflow = workflow
        self.library = library
        self.resources = resources
        self.readYAML = readYAML
        self.archivesLogs = archivesLogs
    }

    /// Why a text is no YAML; nil when it is, or when nobody can tell.
    func yamlFault(_ text: String) -> String? {
        guard case .failure(let fault)? = self.readYAML?(text) else { return nil }
        return fault.message
    }
}

public struct PlanningResult: Sendable {
    /// nil when there is an error among the diagnostics.
    public var plan: Plan?
    /// Sorted by file and position.
    public var diagnostics: [Diagnostic]
}

/// What planning is for, which decides what may be missing.
enum PlanningMode {
    /// `lint`: values of the workflow's own arguments may be missing, and nothing is refused because this engine cannot run it.
    case check
    /// The workflow is to run as it stands.
    case run
}
