import Engine
import LocalOperations
import Operations
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite(.timeLimit(.minutes(1))) struct CatalogTests {
    private static let owner = Owner(id: "test", processID: 1, processStart: 1, bootID: "boot", doorbell: "")

    private static func record(_ number: Int, finished: Bool = false, labels: [String: String] = [:]) -> RunRecord {
        RunRecord(
            id: RunID("uid-\(number)"), namespace: number % 2 == 0 ? "even" : "odd", name: "run-\(number)",
            phase: finished ? "Succeeded" : "Running", createdAt: Timestamp(milliseconds: Int64(number) * 1000),
            startedAt: Timestamp(milliseconds: Int64(number) * 1000),
            finishedAt: finished ? Timestamp(milliseconds: Int64(number) * 1000 + 500) : nil, labels: labels)
    }

    private static let source = RunSource(
        workflow: #"{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"x"},"spec":{}}"#, context: [], secrets: [:],
        options: "{}")

    private func add(_ record: RunRecord, to store: SQLiteStore) async throws {
        _ = try await store.create(record, source: Self.source, owner: Self.owner)
    }

    @Test func `pages follow each other without gap or repetition while runs come and go`() async throws {
        let house = try House()
        let store = try await house.store()
        for number in 0..<25 { try await self.add(Self.record(number, finished: number < 15), to: store) }
        let operations = try await house.operations()
        var names: [String] = []
        var query = RunListQuery(namespace: nil, limit: 4, countsRemaining: true)
        repeat {
            let page = try await operations.page(query)
            names += page.items.compactMap { $0["metadata"]?["name"]?.string }
            #expect(page.remaining == 25 - names.count)
            query.continuation = page.next
            try await self.add(Self.record(100 + names.count), to: store)
        } while query.continuation != nil
        let unfinished = (15..<25).reversed().map { "run-\($0)" }
        #expect(names == unfinished + (0..<15).reversed().map { "run-\($0)" })
    }

    @Test func `a page is filtered by namespace, name, labels and end`() async throws {
        let house = try House()
        let store = try await house.store()
        for number in 0..<10 {
            try await self.add(Self.record(number, finished: number > 5, labels: ["team": number > 3 ? "data" : "web"]), to: store)
        }
        let operations = try await house.operations()
        func names(_ query: RunListQuery) async throws -> [String] {
            try await operations.page(query).items.compactMap { $0["metadata"]?["name"]?.string }
        }
        #expect(try await names(RunListQuery(namespace: "odd", isFinished: true)) == ["run-9", "run-7"])
        #expect(try await names(RunListQuery(namespace: nil, labels: LabelSelector("team=data"), isFinished: false)) == ["run-5", "run-4"])
        #expect(try await names(RunListQuery(namespace: nil, labels: LabelSelector("team!=data"), limit: 2)) == ["run-3", "run-2"])
        #expect(try await names(RunListQuery(namespace: nil, name: .exact("run-3"))) == ["run-3"])
        #expect(try await names(RunListQuery(namespace: nil, name: .contains("-1"))) == ["run-1"])
        #expect(try await operations.locate(uid: "uid-4") == RunLocation(namespace: "even", name: "run-4", uid: "uid-4"))
        #expect(try await operations.labelValues(of: "team", namespace: nil) == ["data"])
        await #expect(throws: OperationError.self) { try await operations.page(RunListQuery(continuation: "nonsense")) }
    }

    @Test func `runs are selected by how they stand, in pages and in lists`() async throws {
        let house = try House()
        let store = try await house.store()
        for number in 0..<4 { try await self.add(Self.record(number, finished: number > 1), to: store) }
        let operations = try await house.operations()
        let (completed, phase) = ("workflows.argoproj.io/completed", "workflows.argoproj.io/phase")
        for (selector, expected) in [
            ("\(completed)=true", ["run-3", "run-2"]), ("\(completed)=false", ["run-1", "run-0"]),
            ("\(completed)!=true", ["run-1", "run-0"]),
            ("\(phase)=Running", ["run-1", "run-0"]), ("\(phase) in (Failed,Succeeded)", ["run-3", "run-2"]), ("\(phase)=Pending", []),
            ("\(completed)=true,\(phase)=Running", []), ("!\(phase)", []),
        ] {
            let labels = try LabelSelector(selector)
            let page = try await operations.page(RunListQuery(namespace: nil, labels: labels))
            #expect(page.items.compactMap { $0["metadata"]?["name"]?.string } == expected, "\(selector)")
            guard labels.isExact else { continue }
            let list = try await operations.list(ListQuery(namespace: nil, labels: labels.exact))
            #expect(list.map(\.name) == expected, "\(selector)")
            #expect(list.allSatisfy { labels.matches($0.labels) })
        }
    }

    @Test func `a watch tells what there is, and then what any process changes`() async throws {
        let house = try House()
        let store = try await house.store()
        let (first, second) = (Self.record(1), Self.record(3))
        let ownership = try await store.create(first, source: Self.source, owner: Self.owner)
        let other = try await house.store()
        let stream = try await house.operations().watch(RunWatchQuery(namespace: "odd", detail: .summary))
        var changes = stream.makeAsyncIterator()
        func next() async throws -> String {
            let change = try await changes.next()
            return "\(change?.change.rawValue ?? "end") \(change?.object["metadata"]?["name"]?.string ?? "") "
                + "\(change?.object["status"]?["phase"]?.string ?? "")"
        }
        #expect(try await next() == "ADDED run-1 Running")
        try await self.add(second, to: other)
        #expect(try await next() == "ADDED run-3 Running")
        var ended = first
        ended.phase = "Failed"
        ended.finishedAt = Timestamp(milliseconds: 9000)
        try await other.commit(JournalEntry(events: [], rows: [], record: ended), by: ownership, isUrgent: true)
        #expect(try await next() == "MODIFIED run-1 Failed")
        try await store.release(ownership)
        try await other.delete(first.id)
        #expect(try await next() == "DELETED run-1 ")
    }

    @Test func `a watch from a page tells what came after it, and a version of another life is refused`() async throws {
        let house = try House()
        let store = try await house.store()
        try await self.add(Self.record(1), to: store)
        let operations = try await house.operations()
        let page = try await operations.page(RunListQuery(namespace: nil))
        try await self.add(Self.record(3), to: store)
        let stream = try await operations.watch(RunWatchQuery(namespace: nil, detail: .summary, since: page.resourceVersion))
        for try await change in stream {
            #expect(change.object["metadata"]?["name"]?.string == "run-3")
            break
        }
        await #expect(throws: OperationError.self) {
            for try await _ in try await operations.watch(RunWatchQuery(namespace: nil, since: "12")) {}
        }
    }

    @Test func `a token opens what it was made for, until it is revoked or its time is over`() async throws {
        let house = try House()
        let tokens = LocalTokens(openReader: { try await house.store() }, openStore: { try await house.store() }, time: house.clock)
        let text = try await tokens.createToken(name: "ci", role: .submitter, namespaces: ["team"], expiresAt: nil)
        #expect(try await tokens.authenticate(token: text) == Principal(name: "ci", role: .submitter, namespaces: ["team"]))
        #expect(try await tokens.authenticate(token: text + "x") == nil)
        #expect(try await tokens.authenticate(token: "") == nil)
        await #expect(throws: OperationError.self) {
            try await tokens.createToken(name: "ci", role: .admin, namespaces: nil, expiresAt: nil)
        }
        let soon = house.clock.now() + Span(milliseconds: 20)
        let short = try await tokens.createToken(name: "short", role: .viewer, namespaces: nil, expiresAt: soon)
        try await house.clock.sleep(until: soon + Span(milliseconds: 1))
        #expect(try await tokens.authenticate(token: short) == nil)
        #expect(try await tokens.tokens().map(\.name) == ["ci", "short"])
        try await tokens.revokeToken(name: "ci")
        #expect(try await tokens.authenticate(token: text) == nil)
        await #expect(throws: OperationError.self) { try await tokens.revokeToken(name: "ci") }
    }
}
