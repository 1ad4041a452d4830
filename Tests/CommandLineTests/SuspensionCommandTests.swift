import Testing

@testable import CommandLine

@Suite struct SuspensionCommandTests {
    private func calls(_ arguments: String...) async -> (status: Int32, calls: [String], output: String) {
        let operations = FakeOperations(runs: [.sample("busy", phase: "Running", ran: nil)])
        let program = TestProgram(operations: operations)
        let status = await program.run(arguments)
        return (status, operations.calls, program.console.output)
    }

    @Test func `runs are suspended and resumed by name`() async {
        let suspended = await self.calls("suspend", "busy")
        #expect(suspended.calls == ["suspend default/busy"])
        #expect(suspended.output == "workflow busy suspended\n")
        let resumed = await self.calls("resume", "busy", "--node-field-selector", "displayName=approve", "--message", "by ann")
        #expect(resumed.calls == ["resume default/busy displayName=approve by ann"])
    }

    @Test func `a waiting node is given values and ended`() async {
        let set = await self.calls(
            "node", "set", "busy", "--node-field-selector", "displayName=approve", "-p", "answer=a=b", "--phase", "Succeeded")
        #expect(set.calls == ["set default/busy displayName=approve answer=a=b Succeeded "])
        #expect(set.output == "workflow busy set\n")
    }

    @Test func `setting nothing is bad usage`() async {
        let nothing = await self.calls("node", "set", "busy", "--node-field-selector", "displayName=approve")
        #expect(nothing.status == 2)
        #expect(nothing.calls.isEmpty)
    }
}
