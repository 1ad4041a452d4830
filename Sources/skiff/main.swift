// Chooses the adapters and hands them to the command line. The only place that sees all rooms.
import CommandLine
import Doorbell
import FileArtifacts
import Glibc
import LocalOperations
import LocalRuntime
import Operations
import Ports
import ResourceCalls
import SQLiteStore
import WorkflowModel

let version = "0.1.0"

// This program again, started by itself for one filter: nothing else is needed then.
if let verb = Swift.CommandLine.unsafeArgv[1], strcmp(verb, Wiring.jqVerb) == 0 { exit(JQWorker.run()) }

// First of all, while there is only one thread: the process that pods are forked from. Other verbs start none.
let launcher: Result<Launcher, LocalRuntimeError>? =
    Swift.CommandLine.unsafeArgv[1].map { ["run", "submit", "retry", "resubmit", "server"].contains(String(cString: $0)) } == true
    ? Result { () throws(LocalRuntimeError) in try Launcher() } : nil

let opening = Opening(launcher: launcher)
let context = CommandLineContext(
    openOperations: opening.operations, openStarter: opening.starter, openResources: opening.resources, openSubmitter: opening.submitter,
    openLinter: opening.linter, openRepetition: opening.repetition, openCatalog: opening.catalog, openArtifacts: opening.artifacts,
    serve: { request, options in try await Serving(request, Wiring(options), launcher).run() }, openTokens: opening.tokens,
    openCoordination: opening.coordination,
    version: version)

exit(await SkiffCommandLine.run(arguments: Array(Swift.CommandLine.arguments.dropFirst()), context: context))
