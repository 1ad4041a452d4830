import ArgumentParser
import Operations
import WorkflowModel

/// One kind of stored objects with verbs of its own, as Argo has them.
protocol KindVerbs {
    static var kind: ResourceKind { get }
    /// The word before the verb: `template`.
    static var word: String { get }
    static var layout: ResourceTable.Layout { get }
}

enum WorkflowTemplateVerbs: KindVerbs {
    static let kind = ResourceKind.workflowTemplate
    static let word = "template"
    static let layout = ResourceTable.Layout.names
}

enum ClusterWorkflowTemplateVerbs: KindVerbs {
    static let kind = ResourceKind.clusterWorkflowTemplate
    static let word = "cluster-template"
    static let layout = ResourceTable.Layout.names
}

enum CronWorkflowVerbs: KindVerbs {
    static let kind = ResourceKind.cronWorkflow
    static let word = "cron"
    static let layout = ResourceTable.Layout.normal
}

struct TemplateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: WorkflowTemplateVerbs.word, abstract: "Stored WorkflowTemplates.",
        subcommands: [
            PutKind<WorkflowTemplateVerbs, CreateRule>.self, PutKind<WorkflowTemplateVerbs, UpdateRule>.self,
            GetKind<WorkflowTemplateVerbs>.self, ListKind<WorkflowTemplateVerbs>.self, LintKind<WorkflowTemplateVerbs>.self,
            DeleteKind<WorkflowTemplateVerbs>.self,
        ])
}

struct ClusterTemplateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ClusterWorkflowTemplateVerbs.word, abstract: "Stored ClusterWorkflowTemplates, which every namespace shares.",
        subcommands: [
            PutKind<ClusterWorkflowTemplateVerbs, CreateRule>.self, PutKind<ClusterWorkflowTemplateVerbs, UpdateRule>.self,
            GetKind<ClusterWorkflowTemplateVerbs>.self, ListKind<ClusterWorkflowTemplateVerbs>.self,
            LintKind<ClusterWorkflowTemplateVerbs>.self, DeleteKind<ClusterWorkflowTemplateVerbs>.self,
        ], aliases: ["cwftmpl", "cwft"])
}

struct CronCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: CronWorkflowVerbs.word, abstract: "Stored CronWorkflows.",
        discussion:
            "They are stored and checked; a schedule does not start runs yet. `skiff submit --from cronwf/NAME` starts one by hand.",
        subcommands: [
            PutCronWorkflow<CreateRule>.self, PutCronWorkflow<UpdateRule>.self, GetKind<CronWorkflowVerbs>.self,
            ListKind<CronWorkflowVerbs>.self, LintKind<CronWorkflowVerbs>.self, DeleteKind<CronWorkflowVerbs>.self,
            SuspendCronWorkflow.self, ResumeCronWorkflow.self,
        ])
}

/// `create` or `update`.
protocol NamedRule {
    static var word: String { get }
    static var rule: ResourceWriteRule { get }
    static var promise: String { get }
}

enum CreateRule: NamedRule {
    static let word = "create"
    static let rule = ResourceWriteRule.create
    static let promise = "that are not there yet"
}

enum UpdateRule: NamedRule {
    static let word = "update"
    static let rule = ResourceWriteRule.update
    static let promise = "in place of the stored ones"
}
