import ArgumentParser
import WorkflowModel

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of manifests, for editors.",
        discussion: """
            An editor with a YAML language server completes fields, shows what they mean and underlines what is wrong while you type:

              skiff schema > skiff.schema.json

            and as the first line of a manifest:

              # yaml-language-server: $schema=./skiff.schema.json

            Without a kind, the schema takes a document of any kind that Skiff reads. It knows fields and types; `skiff lint` also finds \
            what only shows when a workflow is looked at as a whole.
            """)

    @Argument(help: "One kind only: Workflow, WorkflowTemplate, CronWorkflow, …", completion: .list(KindName.known))
    var kind: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if let kind = self.kind, KindName.kind(named: kind) == nil { throw ValidationError(KindName.unknown(kind)) }
    }

    func run() throws {
        let schema = ManifestSchema.document(kind: self.kind.flatMap { KindName.kind(named: $0) })
        _ = CommandLineContext.current.console.write(schema.json(indent: 2) + "\n", .output)
    }
}
