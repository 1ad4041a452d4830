import ArgumentParser
import Operations
import WorkflowModel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The command line as one function.
public enum SkiffCommandLine {
    /// Parses the arguments (without the program's name), does what they say, and tells how it went.
    /// - Returns: 0 when all went well; 1 when a run, a lint or a target failed; 2 for bad usage, or a manifest that cannot be run; 3 when
    ///   the server cannot be reached.
    public static func run(arguments: [String], context: CommandLineContext) async -> Int32 {
        // A reader that goes away (`skiff list | head`) is seen as a failed write, so that a run does not die of it.
        signal(SIGPIPE, SIG_IGN)
        return await CommandLineContext.$bound.withValue(context) {
            do {
                var command = try RootCommand.parseAsRoot(GoFlags.normalized(arguments))
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
                return ExitStatus.success
            } catch {
                return Self.report(error, to: context.console, refusesColor: GoFlags.normalized(arguments).contains("--no-color"))
            }
        }
    }

    /// Tells the user what went wrong. Returns the exit status.
    private static func report(_ error: any Error, to console: Console, refusesColor: Bool) -> Int32 {
        var style = OutputStyle(console: console, channel: .errors)
        if refusesColor { style.usesColor = false }
        switch error {
        case let code as ExitCode: return code.rawValue
        case let refused as OperationError:
            _ = console.write(style.errorText(refused), .errors)
            return ExitStatus.of(refused)
        case let fault as ManifestFault:
            _ = console.write(DiagnosticList(fault.diagnostics, excerpts: fault.excerpts).text(style), .errors)
            return ExitStatus.badUsage
        case is CancellationError: return ExitStatus.failure
        default: break
        }
        switch RootCommand.exitCode(for: error) {
        case .success:
            _ = console.write(RootCommand.fullMessage(for: error) + "\n", .output)
            return ExitStatus.success
        case .validationFailure:
            _ = console.write(RootCommand.fullMessage(for: error) + "\n", .errors)
            return ExitStatus.badUsage
        default:
            _ = console.write(style.errorText("\(error)", hint: nil), .errors)
            return ExitStatus.failure
        }
    }
}

enum ExitStatus {
    static let success: Int32 = 0
    static let failure: Int32 = 1
    static let badUsage: Int32 = 2
    static let unreachable: Int32 = 3

    static func of(_ error: OperationError) -> Int32 {
        switch error.code {
        case .invalid: Self.badUsage
        case .unreachable: Self.unreachable
        default: Self.failure
        }
    }
}

struct RootCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "skiff",
            abstract: "Runs Argo Workflows on this machine, with no cluster.",
            discussion: """
                Data goes to standard output, everything else to standard error. Exit status: 0 succeeded; 1 the run, the lint or any \
                target failed; 2 bad usage, or a manifest that cannot be run; 3 the server cannot be reached.
                """,
            version: "skiff: \(CommandLineContext.current.version)",
            groupedSubcommands: [
                CommandGroup(
                    name: "Run",
                    subcommands: [
                        RunCommand.self, SubmitCommand.self, ListCommand.self, GetCommand.self, WatchCommand.self, LogsCommand.self,
                        WaitCommand.self, StopCommand.self, TerminateCommand.self, SuspendCommand.self, ResumeCommand.self,
                        NodeCommand.self, RetryCommand.self, ResubmitCommand.self, WhyCommand.self, CopyCommand.self, DeleteCommand.self,
                        ArchiveCommand.self,
                    ]),
                CommandGroup(
                    name: "Stored object",
                    subcommands: [
                        ApplyCommand.self, CreateCommand.self, TemplateCommand.self, ClusterTemplateCommand.self, CronCommand.self,
                        SyncCommand.self, CacheCommand.self,
                    ]),
                CommandGroup(
                    name: "Manifest", subcommands: [LintCommand.self, ExplainCommand.self, ConvertCommand.self, SchemaCommand.self]),
                CommandGroup(name: "Server", subcommands: [ServerCommand.self, AuthCommand.self]),
                CommandGroup(name: "Other", subcommands: [VersionCommand.self, CompletionCommand.self]),
            ])
    }
}
