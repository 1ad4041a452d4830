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
    Swift.CommandLine.unsafeArgv[1].map { strcmp($0, "run") == 0 || strcmp($0, "submit") == 0 } == true
    ? Result { () throws(LocalRuntimeError) in try Launcher() } : nil

let context = CommandLineContext(
    openOperations: { options in try await Wiring(options).operations() },
    openStarter: { options in LocalRunStarter(machinery: Wiring(options).machinery(launcher), namespace: options.namespace) },
    openResources: { options in Wiring(options).resources() },
    openSubmitter: { options in
        LocalRunSubmitter(machinery: Wiring(options).machinery(launcher), ring: { DatagramDoorbell.ring(at: $0) })
    },
    openCoordination: { options in Wiring(options).coordination() },
    version: version)

exit(await SkiffCommandLine.run(arguments: Array(Swift.CommandLine.arguments.dropFirst()), context: context))
