import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

/// `retry` and `resubmit`.
@Suite struct RepeatTests {
    private func program(_ phase: String, runs: [RunSummary] = []) -> (TestProgram, FakeStarter) {
        let session = FakeSession([SampleFlow.steps.workflow(phase)])
        session.end()
        let starter = FakeStarter(session: session)
        return (TestProgram(operations: FakeOperations(runs: runs), starter: starter), starter)
    }

    @Test func `a retry passes on what was asked for and ends as the run does`() async {
        let (program, starter) = self.program("Succeeded")
        #expect(await program.run("retry", "flow", "--restart-successful", "--node-field-selector", "displayName=a", "-p", "x=1") == 0)
        #expect(starter.orders.withLock { $0 } == ["retry default/flow true displayName=a x=1"])
        let (failing, _) = self.program("Failed")
        #expect(await failing.run("retry", "flow", "-o", "name") == 1)
        #expect(failing.console.output == "flow\n")
    }

    @Test func `a selector without restart-successful is told to choose nothing`() async {
        let (program, _) = self.program("Succeeded")
        #expect(await program.run("retry", "flow", "--node-field-selector", "displayName=a") == 0)
        #expect(program.console.errors.contains("--node-field-selector chooses nothing without --restart-successful"))
    }

    @Test func `a dry run names the nodes that would run again`() async {
        let (program, starter) = self.program("Succeeded")
        #expect(await program.run("retry", "flow", "--dry-run") == 0)
        #expect(
            program.console.output == """
                1 node of flow would run again (dry-run); what never ran because of it is not counted
                NODE     TYPE   TEMPLATE   ENDED
                flow.a   Pod    work       Failed

                """)
        #expect(starter.orders.withLock { $0 } == ["forecast default/flow"])
    }

    @Test func `an exported run is shown, retried and resubmitted from its file`() async {
        for (verb, order) in [
            ("retry", "retry default/flow.json false - "), ("resubmit", "resubmit default/flow.json false 0"),
            ("get", "exported flow.json"),
        ] {
            let (program, starter) = self.program("Succeeded")
            #expect(await program.run(verb, "-f", "flow.json") == 0)
            #expect(starter.orders.withLock { $0 } == [order])
        }
        #expect(await TestProgram().run("get", "flow", "-f", "flow.json") == 2)
        #expect(await TestProgram().run("retry", "flow", "-f", "flow.json") == 2)
    }

    @Test func `why prints each node with its reasons`() async {
        let program = TestProgram()
        #expect(await program.run("why", "flow", "b") == 0)
        #expect(
            program.console.output == """
                flow: Running
                  1 node is under way or awaited
                b: not started
                  waits for a (Pending)
                and 2 more

                """)
        let data = TestProgram()
        #expect(await data.run("why", "flow", "-o", "json") == 0)
        #expect(data.console.output.contains("\"reasons\": ["))
        #expect(await TestProgram().run("why", "flow", "nobody") == 1)
    }

    @Test func `runs are chosen by labels and by fields`() async {
        let runs = [
            RunSummary.sample("one", phase: "Failed", labels: ["team": "data"]), RunSummary.sample("two", phase: "Error"),
            RunSummary.sample("three", labels: ["team": "data"]),
        ]
        for (options, chosen) in [
            (["-l", "team=data", "--field-selector", "status.phase!=Succeeded"], ["one"]),
            (["--field-selector", "metadata.name=two"], ["two"]),
        ] {
            let (program, starter) = self.program("Succeeded", runs: runs)
            #expect(await program.run(["resubmit", "--memoized", "--priority", "3"] + options) == 0)
            #expect(starter.orders.withLock { $0 } == chosen.map { "resubmit default/uid-default-\($0) true 3" })
        }
        let (program, _) = self.program("Succeeded")
        #expect(await program.run("retry", "--field-selector", "spec.color=red") == 2)
        #expect(program.console.errors.contains("there are metadata.name, metadata.namespace and status.phase"))
        #expect(await program.run("retry") == 2)
    }
}
