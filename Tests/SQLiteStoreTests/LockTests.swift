import Engine
import Ports
import SQLiteStore
import Testing
import WorkflowModel

@Suite struct LockTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.store = try await self.directory.open()
        for name in ["one", "two", "three"] { _ = try await self.store.create(makeRecord(name)) }
    }

    private func ask(_ name: String, limit: Int?, key: String = "size", namespace: String = "default") async throws -> LockAnswer {
        let request = LockRequest(kind: .configMap, namespace: namespace, name: "limits", key: key)
        return try await self.store.acquire(
            LockDemand(
                holder: LockHolder(run: RunID("uid-" + name), node: nil), locks: [LockDemand.Lock(request: request, limit: limit)],
                priority: 0, createdAt: noon))
    }

    private func setLimit(_ size: String, key: String = "size", namespace: String = "default") async throws {
        var data = JSONObject()
        data[key] = .string(size)
        _ = try await self.store.put(draft("limits", namespace: namespace, data: .object(data)), .apply(version: nil), at: noon)
    }

    private let waiting = LockAnswer.wait(lock: "default/ConfigMap/limits/size", held: 1, limit: 1)

    @Test func `without a stored ConfigMap the limit is the run's own`() async throws {
        try await self.setLimit("5", namespace: "other")
        #expect(try await self.ask("one", limit: 1) == .granted)
        #expect(try await self.ask("two", limit: 1) == self.waiting)
        #expect(try await self.ask("two", limit: 2) == .granted)
    }

    @Test func `the limit of a stored ConfigMap counts as it is when somebody asks`() async throws {
        try await self.setLimit("1")
        #expect(try await self.ask("one", limit: 9) == .granted)
        #expect(try await self.ask("two", limit: 9) == self.waiting)
        try await self.setLimit("2")
        #expect(try await self.ask("two", limit: 9) == .granted)
        _ = try await self.store.remove(key("limits"), uid: nil, version: nil)
        #expect(try await self.ask("three", limit: 3) == .granted)
    }

    @Test func `a stored ConfigMap without the key is no limit`() async throws {
        try await self.setLimit("1", key: "other")
        let message =
            "the limit of default/ConfigMap/limits/size is not known: ConfigMap 'limits' with a number under 'size' is needed"
        #expect(try await self.ask("one", limit: 1) == .refused(message: message))
    }

    /// Number 20 of the oddities in `docs/compatibility.md`.
    @Test func `a limit of 0 is refused, for nobody would ever get a place`() async throws {
        let message = "the limit of default/ConfigMap/limits/size is 0: it must be 1 or more"
        #expect(try await self.ask("one", limit: 0) == .refused(message: message))
    }
}
