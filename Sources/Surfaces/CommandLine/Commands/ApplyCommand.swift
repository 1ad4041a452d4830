import ArgumentParser
import Operations

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Store the objects of files: make them, or make them what the files say.",
        discussion: """
            WorkflowTemplates, ClusterWorkflowTemplates, CronWorkflows, WorkflowEventBindings, ConfigMaps, Secrets, \
            PersistentVolumeClaims and Namespaces are kept in the data directory, and runs find them there. All objects of a call are \
            checked first, as `skiff lint` does, and none is stored when one is wrong. The last writer wins, unless a file gives \
            metadata.resourceVersion: then the object must not have changed since.
            """)

    @OptionGroup var files: ResourceFileArguments

    @Option(name: .shortAndLong, help: "Names only, or the objects.")
    var output: ResourceOutput?

    @Flag(name: .long, help: "Check, and only say what would become of each object.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let putting = ResourcePutting(rule: .apply, output: self.output, isDryRun: self.dryRun, options: self.global)
        try await putting.carryOut(try ResourceFiles(self.files.all))
    }
}
