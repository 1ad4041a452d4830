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
    /// Says why a text is no YAML; nil when it is. Planning itself reads no YAML: manifests inside `resource` templates are judged by it.
    public var yamlFault: @Sendable (String) -> String?

    public init(
        workflow: PlanningDocument, library: [PlanningDocument] = [], resources: PlanResources = PlanResources(),
        yamlFault: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.workflow = workflow
        self.library = library
        self.resources = resources
        self.yamlFault = yamlFault
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
