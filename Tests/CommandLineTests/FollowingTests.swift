import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct FollowingTests {
    private func program(_ phase: String, _ environment: [String: String] = [:]) -> TestProgram {
        let object = SampleFlow.steps.workflow(phase)
        return TestProgram(TestConsole(environment: environment), operations: FakeOperations(objects: [object]))
    }

    @Test(arguments: [("Succeeded", Int32(0)), ("Failed", 1), ("Error", 1)])
    func `wait tells each end, and fails with the run`(_ phase: String, _ status: Int32) async {
        let program = self.program(phase)
        #expect(await program.run("wait", "flow") == status)
        #expect(program.console.output == "flow \(phase) at 2026-11-21T04:31:30Z\n")
    }

    @Test func `waiting for a run that does not exist is an error unless it is said to be none`() async {
        let program = self.program("Succeeded")
        #expect(await program.run("wait", "flow", "other") == 1)
        #expect(program.console.output == "flow Succeeded at 2026-11-21T04:31:30Z\n")
        #expect(program.console.errors.contains("run 'other' does not exist"))
        let tolerant = self.program("Succeeded")
        #expect(await tolerant.run("wait", "flow", "other", "--ignore-not-found") == 0)
    }

    @Test(arguments: [("Succeeded", Int32(0)), ("Failed", 1)])
    func `watch shows the run and fails with it`(_ phase: String, _ status: Int32) async {
        let program = self.program(phase)
        #expect(await program.run("watch", "@latest") == status)
        #expect(program.console.output.hasPrefix("Name:                flow\n"))
        #expect(program.console.output.contains("hello2b"))
    }

    @Test func `watch shows only the nodes that are asked for`() async {
        let program = self.program("Succeeded")
        #expect(await program.run("watch", "flow", "--node-field-selector", "displayName=hello1") == 0)
        #expect(program.console.output.contains("hello1"))
        #expect(!program.console.output.contains("hello2b"))
    }

    @Test func `a terminal is cleared before each picture`() async {
        let program = TestProgram(
            TestConsole(terminals: [.output]), operations: FakeOperations(objects: [SampleFlow.steps.workflow("Succeeded")]))
        #expect(await program.run("watch", "flow", "--no-color") == 0)
        #expect(program.console.output.hasPrefix("\u{1B}[H\u{1B}[2JName:"))
    }
}

@Suite struct ArchiveTests {
    private func operations(_ names: String...) -> FakeOperations {
        var runs = names.map { RunSummary.sample($0, labels: ["team": "data"]) }
        for at in runs.indices { runs[at].uid = "uid-\(at)" }
        let objects = runs.map { run -> JSONValue in
            [
                "metadata": ["name": .string(run.name), "namespace": "default"],
                "status": ["phase": "Succeeded", "finishedAt": "2026-11-21T04:31:30Z"],
            ]
        }
        return FakeOperations(runs: runs, objects: objects)
    }

    @Test func `runs that have ended are listed with their uids`() async {
        let operations = self.operations("flow")
        let program = TestProgram(operations: operations)
        #expect(await program.run("archive", "list", "-l", "team=data") == 0)
        #expect(
            program.console.output == """
                NAMESPACE   NAME   STATUS      AGE   DURATION   PRIORITY   MESSAGE   UID
                default     flow   Succeeded   5m    1m         0                    uid-0

                """)
        let query = operations.state.withLock(\.listQueries)
        #expect(query == [ListQuery(isFinished: true, labels: ["team": "data"], limit: 1001)])
    }

    @Test func `a name that was used for several runs is refused with their uids`() async {
        let program = TestProgram(operations: self.operations("flow", "flow"))
        #expect(await program.run("archive", "get", "flow") == 1)
        #expect(program.console.errors.contains("2 runs were called 'flow'"))
        #expect(program.console.errors.contains("uid-0, uid-1"))
    }

    @Test func `a run is shown by name and by uid`() async {
        let program = TestProgram(operations: self.operations("flow"))
        #expect(await program.run("archive", "get", "flow") == 0)
        #expect(program.console.output.hasPrefix("Name:                flow\n"))
        let byUID = TestProgram(operations: self.operations("flow"))
        #expect(await byUID.run("archive", "get", "--uid", "uid-0", "-o", "json") == 0)
        #expect(byUID.console.output.contains(#""name": "flow""#))
    }

    @Test func `deleting removes the very run`() async {
        let operations = self.operations("flow")
        let program = TestProgram(operations: operations)
        #expect(await program.run("archive", "delete", "flow") == 0)
        #expect(program.console.output == "Archived workflow 'flow' deleted\n")
    }
}
