import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct ArgumentTests {
    @Test(arguments: [
        ["run"], ["run", "a.yaml", "--nonsense"], ["run", "a.yaml", "-p", "novalue"], ["run", "a.yaml", "-p", "=x"], ["frobnicate"],
        ["run", "a.yaml", "--runtime", "docker"], ["run", "a.yaml", "-o", "xml"], ["run", "a.yaml", "--max-parallel", "0"],
        ["run", "a.yaml", "--resume", "x"], ["lint"], ["lint", "a.yaml", "-o", "xml"], ["list", "--completed", "--running"],
        ["list", "--status", "Happy"], ["list", "--since", "soon"], ["list", "-l", "=x"], ["list", "--limit", "0"], ["get"],
        ["get", "x", "--node-field-selector", "shape=round"], ["get", "x", "--status", "Happy"], ["logs"],
        ["logs", "x", "--since", "1h", "--since-time", "2026-11-21T04:32:00Z"], ["logs", "x", "--since-time", "noon"],
        ["logs", "x", "--tail", "-2"],
        ["stop"], ["terminate"], ["delete"], ["delete", "x", "--all"], ["delete", "--older", "x"], ["completion"], ["completion", "tcsh"],
        ["list", "-n", ""],
    ])
    func `bad usage exits 2 and explains itself on standard error`(_ arguments: [String]) async {
        let program = TestProgram()
        let context = CommandLineContext(
            openOperations: { _ in program.operations }, openStarter: { _ in program.starter }, version: "1",
            console: program.console.console)
        #expect(await SkiffCommandLine.run(arguments: arguments, context: context) == 2)
        #expect(program.console.errors.hasPrefix("Error: "))
        #expect(program.console.errors.contains("Usage: "))
        #expect(program.console.output == "")
    }

    @Test func `the whole text of a usage error is kind`() async {
        let program = TestProgram()
        #expect(await program.run("run", "a.yaml", "-p", "color") == 2)
        #expect(program.console.errors.hasPrefix("Error: '-p color' is not of the form name=value\nUsage: skiff run "))
    }

    @Test(arguments: [["--help"], ["run", "--help"], ["help", "get"], []])
    func `help exits 0 on standard output`(_ arguments: [String]) async {
        let program = TestProgram()
        let context = CommandLineContext(
            openOperations: { _ in program.operations }, openStarter: { _ in program.starter }, version: "1",
            console: program.console.console)
        #expect(await SkiffCommandLine.run(arguments: arguments, context: context) == 0)
        #expect(program.console.output.contains("USAGE: skiff"))
        #expect(program.console.errors == "")
    }

    @Test func `version prints the version`() async {
        let program = TestProgram()
        #expect(await program.run("version", "--short") == 0)
        #expect(await program.run("--version") == 0)
        #expect(program.console.output == "skiff: 1.2.3\nskiff: 1.2.3\n")
        let long = TestProgram()
        #expect(await long.run("version") == 0)
        #expect(long.console.output.hasPrefix("skiff: 1.2.3\n  Platform: "))
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completion scripts are printed`(_ shell: String) async {
        let program = TestProgram()
        #expect(await program.run("completion", shell) == 0)
        #expect(program.console.output.contains("skiff"))
    }

    @Test func `the data directory comes from the option, else SKIFF_HOME, else the home`() async {
        for (environment, arguments, expected) in [
            (["HOME": "/home/me", "SKIFF_HOME": "/data"], ["list", "--data-dir", "/mine"], "/mine"),
            (["HOME": "/home/me", "SKIFF_HOME": "/data"], ["list"], "/data"),
            (["HOME": "/home/me", "SKIFF_HOME": ""], ["list"], "/home/me/.skiff"),
        ] {
            let console = TestConsole(environment: environment)
            let seen = Mutex<[String]>([])
            let context = CommandLineContext(
                openOperations: { options in
                    seen.withLock { $0 = [options.dataDirectory, options.namespace, options.config ?? "none"] }
                    return FakeOperations()
                }, openStarter: { _ in FakeStarter() }, version: "1", console: console.console)
            #expect(await SkiffCommandLine.run(arguments: arguments, context: context) == 0)
            #expect(seen.withLock { $0 } == [expected, "default", "none"])
        }
    }

    @Test func `a refused request is told with its hint and exits 1`() async {
        let program = TestProgram()
        #expect(await program.run("get", "missing") == 1)
        #expect(program.console.errors == "error: run 'missing' does not exist\n  hint: see: skiff list\n")
        #expect(program.console.output == "")
    }

    @Test func `an invalid request exits 2`() async {
        let program = TestProgram(starter: FakeStarter(fault: OperationError(.invalid, "'[' is not a regular expression")))
        #expect(await program.run("run", "a.yaml") == 2)
        #expect(program.console.errors == "error: '[' is not a regular expression\n")
    }
}
