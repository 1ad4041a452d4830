import Operations
import Synchronization
import Testing
import WorkflowModel

@Suite struct CoordinationTests {
    private let coordination = FakeCoordination(
        locks: [
            LockView(
                lock: "default/Mutex/one", limit: 1,
                holding: [LockView.Party(run: "a", namespace: "default", node: "a.main", process: 4711)],
                waiting: [LockView.Party(run: "b", namespace: "default", node: nil, process: nil)]),
            LockView(
                lock: "default/ConfigMap/limits/two", limit: nil,
                holding: [LockView.Party(run: "c", namespace: "default", node: "c", process: 4711)], waiting: []),
        ],
        entries: [
            CacheEntry(
                namespace: "default", cache: "c", key: "day-1", run: "memo", createdAt: TestConsole.now.earlier(3600),
                lastHitAt: TestConsole.now.earlier(60), outputs: ["parameters": [["name": "o", "value": "1"]]]),
            CacheEntry(
                namespace: "default", cache: "d", key: "day-2", run: "memo", createdAt: TestConsole.now.earlier(7200),
                lastHitAt: TestConsole.now.earlier(7200), outputs: ["result": "x"]),
        ])

    private func program() -> TestProgram { TestProgram(coordination: self.coordination) }

    @Test func `limits are set, shown, changed and removed`() async throws {
        let program = self.program()
        #expect(await program.run("sync", "create", "gpu", "--type", "database", "--limit", "2") == 0)
        #expect(program.console.output == "Sync limit created\nKey: gpu\nType: database\nNamespace: default\nLimit: 2\n")
        #expect(await program.run("sync", "create", "two", "--type", "configmap", "--cm-name", "limits", "--limit", "3", "-n", "team") == 0)
        #expect(
            program.console.output.hasSuffix(
                "Sync limit created\nKey: two\nType: configmap\nConfigMap Name: limits\nNamespace: team\nLimit: 3\n"))
        #expect(await program.run("sync", "update", "gpu", "--type", "database", "--limit", "5") == 0)
        #expect(program.console.output.hasSuffix("Sync limit updated\nKey: gpu\nType: database\nNamespace: default\nLimit: 5\n"))
        #expect(await program.run("sync", "get", "gpu", "--type", "database") == 0)
        #expect(program.console.output.hasSuffix("Key: gpu\nType: database\nNamespace: default\nLimit: 5\n"))
        #expect(await program.run("sync", "delete", "gpu", "--type", "database") == 0)
        #expect(program.console.output.hasSuffix("Sync limit deleted\n"))
        #expect(await program.run("sync", "get", "gpu", "--type", "database") == 1)
    }

    @Test(arguments: [
        ["sync", "get", "k", "--type", "configmap"], ["sync", "get", "k", "--type", "database", "--cm-name", "c"],
        ["sync", "create", "k", "--type", "database"], ["sync", "get", "k"], ["cache", "delete", "c"],
        ["cache", "delete", "c", "k", "--all"],
        ["cache", "prune"], ["cache", "prune", "--older", "soon"],
    ])
    func `what makes no sense is refused`(arguments: [String]) async throws { #expect(await self.program().run(arguments) == 2) }

    @Test func `who holds and who waits is a table, and JSON`() async throws {
        let program = self.program()
        #expect(await program.run("sync", "holders") == 0)
        #expect(
            program.console.output == """
                LOCK                           HELD   STATE     RUN         NODE     PROCESS
                default/Mutex/one              1/1    holding   default/a   a.main   4711
                default/Mutex/one              1/1    waiting   default/b   -        none
                default/ConfigMap/limits/two   1/-    holding   default/c   c        4711

                """)
        let second = self.program()
        #expect(await second.run("sync", "holders", "Mutex", "-o", "json") == 0)
        let json = try JSONValue(json: second.console.output)
        #expect(json.array?.count == 1)
        #expect(json[0]?["waiting"] == [["namespace": "default", "run": "b"]])
    }

    @Test func `the cache is listed, and an entry is shown`() async throws {
        let program = self.program()
        #expect(await program.run("cache", "list") == 0)
        #expect(
            program.console.output == """
                CACHE   KEY     RUN    CREATED       LAST HIT
                c       day-1   memo   1 hour ago    1 minute ago
                d       day-2   memo   2 hours ago   2 hours ago

                """)
        let second = self.program()
        #expect(await second.run("cache", "get", "c", "day-1", "-o", "json") == 0)
        #expect(try JSONValue(json: second.console.output)["outputs"]?["parameters"]?[0]?["value"] == "1")
        #expect(await second.run("cache", "get", "c", "day-2") == 1)
    }

    @Test func `entries are forgotten by name and by age`() async throws {
        let program = self.program()
        #expect(await program.run("cache", "delete", "c", "day-1", "day-9") == 0)
        #expect(program.console.output == "Entry 'day-1' of cache 'c' deleted\nEntry 'day-9' of cache 'c' not found\n")
        #expect(await program.run("cache", "prune", "--unused", "1h", "--older", "30m") == 0)
        #expect(program.console.output.hasSuffix("1 entry deleted\n"))
        let query = self.coordination.state.withLock { $0.deletions.last }
        #expect(query?.lastHitBefore == TestConsole.now.earlier(3600))
        #expect(query?.createdBefore == TestConsole.now.earlier(1800))
        #expect(await program.run("cache", "delete", "c", "--all") == 0)
        #expect(program.console.output.hasSuffix("0 entries of cache 'c' deleted\n"))
    }
}

extension Timestamp {
    fileprivate func earlier(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: self.milliseconds - seconds * 1000) }
}
