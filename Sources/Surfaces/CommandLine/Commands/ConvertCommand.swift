import ArgumentParser
import Diagnostics
import Manifests
import Operations
import WorkflowModel

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Rewrite manifests of Argo Workflows 3 as version 4 wants them.",
        discussion: """
            'schedule' becomes 'schedules', 'mutex' and 'semaphore' become 'mutexes' and 'semaphores', 'ttlSecondsAfterFinished' becomes \
            'ttlStrategy.secondsAfterCompletion'; 'podPriority' and the 'priority' of a template, which nothing reads any more, are left \
            out. Skiff runs the old spellings too: convert what a cluster with version 4 shall read.

            The result goes to standard output, each document after a line '---'; what was changed is told on standard error. Keys keep \
            their order, comments are lost, documents of other kinds pass unchanged. No file is written.

            Exit status: 0 converted, also when there was nothing to do; 2 a file cannot be read, and nothing is printed.
            """)

    @Argument(help: "YAML or JSON files, directories, or - for standard input.", completion: .file(extensions: ["yaml", "yml", "json"]))
    var files: [String]

    @Option(name: .shortAndLong, help: "How the result is written (default: as each file is).")
    var output: ConvertOutput?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    enum ConvertOutput: String, ExpressibleByArgument, CaseIterable { case yaml, json }

    func run() throws {
        let console = CommandLineContext.current.console
        let files = self.files.flatMap { ManifestReader().readFile(path: $0) }
        try Self.refuseUnreadable(files)
        var text = ""
        var notes = ""
        for file in files {
            let output = self.output ?? Self.form(of: file)
            for document in file.documents {
                let (value, changes) = document.normalised()
                text += output == .json ? value.json(indent: 4) + "\n" : "---\n" + (try value.yaml())
                for (change, position) in changes.sorted(by: { $0.position < $1.position }) {
                    notes += TerminalText.safe("\(file.file):\(position.line):\(position.column): \(change.message)") + "\n"
                }
            }
        }
        _ = console.write(notes, .errors)
        _ = console.write(text, .output)
    }

    /// What would be lost, or be something else afterwards. All else that is wrong with a manifest is for lint to tell.
    private static let fatal: Set<DiagnosticCode> = [
        .fileNotFound, .fileUnreadable, .fileTooLarge, .emptyFile, .notYAML, .duplicateKey, .aliasExpansion, .unknownAlias, .tooDeep,
        .notAManifest,
    ]

    private static func refuseUnreadable(_ files: [ManifestFile]) throws {
        let faults = files.flatMap(\.diagnostics).filter { $0.severity == .error && Self.fatal.contains($0.code) }
        guard faults.isEmpty else {
            throw ManifestFault(diagnostics: faults, excerpts: Dictionary(files.map { ($0.file, $0.lines) }) { first, _ in first })
        }
    }

    /// JSON is written as JSON, everything else as YAML.
    private static func form(of file: ManifestFile) -> ConvertOutput {
        let first = file.lines.lazy.compactMap { line in line.first { !$0.isWhitespace } }.first
        return first == "{" || first == "[" ? .json : .yaml
    }
}
