import ArgumentParser
import Operations

struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Store the objects of files that are not there yet.",
        discussion: "As `skiff apply`, but an object that exists is an error and stays as it is. A generateName is made a name.")

    @OptionGroup var files: ResourceFileArguments

    @Option(name: .shortAndLong, help: "Names only, or the objects.")
    var output: ResourceOutput?

    @Flag(name: .long, help: "Check, and only say what would become of each object.")
    var dryRun = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let putting = ResourcePutting(rule: .create, output: self.output, isDryRun: self.dryRun, options: self.global)
        try await putting.carryOut(try ResourceFiles(self.files.all))
    }
}
