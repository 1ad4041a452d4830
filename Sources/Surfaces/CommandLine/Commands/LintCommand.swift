import ArgumentParser
import Diagnostics
import Operations
import WorkflowModel

struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Find every fault of files without running anything.",
        discussion: """
            All files of a call are read together: templates, ConfigMaps and Secrets in one file are what references in another are looked \
            up in. What they do not hold is looked up among the stored objects (`skiff apply`). Directories are searched in all their depth for .yaml, .yml and .json. A file may hold any number of documents.

            Errors keep a workflow from running, warnings are probably not what was meant, hints are advice. Each ends with its code; \
            `skiff explain CODE` says more. Nothing is run, stored or asked of a cluster.

            -o pretty shows the line of each fault, simple is a line a fault, json is for programs, sarif for code hosts.

            Exit status: 0 no error; 1 an error was found, or nothing that can be linted; 2 bad usage.
            """)

    @Argument(help: "Files, directories, or - for standard input.", completion: .file())
    var files: [String]

    @Option(name: .shortAndLong, help: "How faults are shown.")
    var output: LintOutput = .pretty

    @Flag(
        name: .long, inversion: .prefixedNo,
        help: "Warnings are errors; with --no-strict, fields that do not exist are warnings.")
    var strict: Bool?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Only faults of these kinds: workflows,cronworkflows (default: all). Objects of other kinds are still read as context.",
            valueName: "kinds"))
    var kinds: String?

    @Flag(name: .long, help: "Look references up among the files given only, not among stored objects.")
    var offline = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    enum LintOutput: String, ExpressibleByArgument, CaseIterable { case pretty, simple, json, sarif }

    func validate() throws {
        if self.files.isEmpty { throw ValidationError("name a file or a directory to lint, or '-' for standard input") }
        _ = try self.wantedKinds()
    }

    func run() async throws {
        let context = CommandLineContext.current
        let linter = try await context.openLinter(self.global)
        let request = LintRequest(
            files: self.files, kinds: try self.wantedKinds(), toleratesUnknownFields: self.strict == false, isOffline: self.offline)
        let view = LintView(try await linter.lint(request), isStrict: self.strict == true)
        _ = context.console.write(self.text(view, context), .output)
        if self.output == .pretty, context.console.isTerminal(.output), let code = view.report.findings.first?.diagnostic.code {
            _ = context.console.write("what a code means: skiff explain \(code)\n", .errors)
        }
        if view.hasFailed { throw ExitCode(ExitStatus.failure) }
    }

    private func text(_ view: LintView, _ context: CommandLineContext) -> String {
        let style = OutputStyle(console: context.console, channel: .output, self.global)
        switch self.output {
        case .pretty: return view.prettyText(style)
        case .simple: return view.simpleText(style)
        case .json: return view.json.json(indent: 4) + "\n"
        case .sarif:
            let report = SARIFReport(findings: view.report.findings, excerpts: view.report.excerpts, version: context.version)
            return report.json.json(indent: 2) + "\n"
        }
    }

    /// nil for all.
    private func wantedKinds() throws -> Set<String>? {
        guard let kinds = self.kinds, kinds != "all" else { return nil }
        return Set(
            try kinds.split(separator: ",").map { name in
                guard let kind = KindName.kind(named: String(name)) else { throw ValidationError(KindName.unknown(String(name))) }
                return kind
            })
    }
}
