import ArgumentParser
import Diagnostics
import Operations
import WorkflowModel

struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Find every fault of files without running anything.",
        discussion: "Directories are searched for YAML and JSON. Exit status 1 when an error was found, or nothing that can be linted.")

    @Argument(help: "Files, directories, or - for standard input.", completion: .file())
    var files: [String]

    @Option(name: .shortAndLong, help: "How faults are shown.")
    var output: LintOutput = .pretty

    @Flag(name: .long, help: "Fail on warnings too.")
    var strict = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    enum LintOutput: String, ExpressibleByArgument, CaseIterable { case pretty, simple, json }

    func run() async throws {
        let context = CommandLineContext.current
        let starter = try await context.openStarter(self.global)
        let result: (diagnostics: [Diagnostic], excerpts: [String: [Substring]], documents: Int)
        do { result = try await starter.lint(self.files) } catch let fault as ManifestFault {
            result = (fault.diagnostics, fault.excerpts, 1)
        }

        let style = OutputStyle(console: context.console, channel: .output, self.global)
        let count = result.diagnostics.count { $0.severity == .error || (self.strict && $0.severity == .warning) }
        let isEmpty = result.documents == 0 && count == 0
        switch self.output {
        case .pretty:
            self.write(DiagnosticList(result.diagnostics, excerpts: result.excerpts).text(style) + self.summary(count, isEmpty, style))
        case .simple:
            let lines = result.diagnostics.map { DiagnosticPrinter(style: .plain).simpleText($0) + "\n" }.joined()
            self.write(lines + (count == 0 ? self.summary(count, isEmpty, style) : ""))
        case .json: self.write(JSONValue.array(result.diagnostics.map(Self.json)).json(indent: 4) + "\n")
        }
        if count > 0 || isEmpty { throw ExitCode(ExitStatus.failure) }
    }

    private func write(_ text: String) { _ = CommandLineContext.current.console.write(text, .output) }

    private func summary(_ count: Int, _ isEmpty: Bool, _ style: OutputStyle) -> String {
        if isEmpty { return "found nothing to lint in the specified paths, failing...\n" }
        let icon = style.usesUTF8 ? style.icon(phase: count == 0 ? "Succeeded" : "Failed") + " " : ""
        return count == 0 ? "\(icon)no linting errors found!\n" : "\(icon)\(count) linting errors found!\n"
    }

    private static func json(_ diagnostic: Diagnostic) -> JSONValue {
        var object = JSONObject()
        object["code"] = .string(diagnostic.code.text)
        object["severity"] = .string(diagnostic.severity.rawValue)
        object["file"] = .string(diagnostic.file)
        if !diagnostic.path.text.isEmpty { object["path"] = .string(diagnostic.path.text) }
        if let position = diagnostic.position {
            object["line"] = .integer(position.line)
            object["column"] = .integer(position.column)
            object["length"] = .integer(diagnostic.length)
        }
        object["message"] = .string(diagnostic.message)
        object["hint"] = diagnostic.hint.map { .string($0) }
        return .object(object)
    }
}
