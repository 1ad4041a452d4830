public import WorkflowModel

/// What the configuration says about every Workflow that is submitted.
public struct SubmissionRules: Sendable, Equatable {
    /// Argo's `workflowRestrictions.templateReferencing`.
    public enum TemplateReferencing: String, Sendable, CaseIterable {
        /// Only Workflows that name a stored template, and only their own arguments and little else beside.
        case strict = "Strict"
        /// The same. That a run goes on with the template as it was when it was submitted holds here for every run.
        case secure = "Secure"
    }

    /// A Workflow whose metadata and spec go below what each Workflow says itself; nil for none.
    public var defaults: JSONValue?
    public var templateReferencing: TemplateReferencing?
    /// Logs of all steps become artifacts, whatever the Workflow says.
    public var archivesLogs: Bool

    public init(defaults: JSONValue? = nil, templateReferencing: TemplateReferencing? = nil, archivesLogs: Bool = false) {
        self.defaults = defaults
        self.templateReferencing = templateReferencing
        self.archivesLogs = archivesLogs
    }
}
