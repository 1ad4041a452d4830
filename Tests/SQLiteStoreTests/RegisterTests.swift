import Engine
import Ports
import SQLiteStore
import Testing
import WorkflowModel

/// What operators see of locks and of the cache.
@Suite struct RegisterTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.store = try await self.directory.open()
    }

    private func ask(_ run: String, _ lock: LockRequest, node: Int? = nil, priority: Int = 0, minute: Int64 = 0) async throws -> LockAnswer
    {
        try await self.store.acquire(
            LockDemand(
                holder: LockHolder(run: RunID("uid-" + run), node: node.map { NodeID($0) }),
                locks: [LockDemand.Lock(request: lock, limit: lock.kind == .mutex ? 1 : nil)], priority: priority,
                createdAt: minutes(minute)))
    }

    @Test func `a limit is created once, changed when it is there, and gone when it is removed`() async throws {
        let limit = LockLimit(namespace: "default", key: "gpu", size: 2)
        #expect(try await !self.store.setLockLimit(limit, isNew: false))
        #expect(try await self.store.setLockLimit(limit, isNew: true))
        #expect(try await !self.store.setLockLimit(LockLimit(namespace: "default", key: "gpu", size: 9), isNew: true))
        #expect(try await self.store.setLockLimit(LockLimit(namespace: "default", key: "gpu", size: 3), isNew: false))
        #expect(try await self.store.setLockLimit(LockLimit(namespace: "other", key: "gpu", size: 1), isNew: true))
        #expect(try await self.store.lockLimit("gpu", namespace: "default") == 3)
        #expect(try await self.store.lockLimits(namespace: nil).map(\.size) == [3, 1])
        #expect(try await self.store.lockLimits(namespace: "other").map(\.size) == [1])
        #expect(try await self.store.removeLockLimit("gpu", namespace: "default"))
        #expect(try await !self.store.removeLockLimit("gpu", namespace: "default"))
        #expect(try await self.store.lockLimit("gpu", namespace: "default") == nil)
    }

    @Test func `a semaphore of the database has the limit that was set, as it is when somebody asks`() async throws {
        for name in ["one", "two"] { _ = try await self.store.create(makeRecord(name)) }
        let lock = LockRequest(kind: .database, namespace: "default", name: "gpu", isInDatabase: true)
        let refused = "the limit of default/Database/gpu is not known: set one with skiff sync create"
        #expect(try await self.ask("one", lock) == .refused(message: refused))
        _ = try await self.store.setLockLimit(LockLimit(namespace: "default", key: "gpu", size: 1), isNew: true)
        #expect(try await self.ask("one", lock) == .granted)
        #expect(try await self.ask("two", lock) == .wait(lock: lock.text, held: 1, limit: 1))
        _ = try await self.store.setLockLimit(LockLimit(namespace: "default", key: "gpu", size: 2), isNew: false)
        #expect(try await self.ask("two", lock) == .granted)
    }

    @Test func `who holds and who waits is told in the order in which they are served`() async throws {
        for name in ["holder", "late", "early", "high"] { _ = try await self.store.create(makeRecord(name)) }
        try await self.store.release(try await self.store.acquire(RunID("uid-late"), owner: makeOwner("x")) { _ in false })
        let lock = LockRequest(kind: .mutex, namespace: "default", name: "one")
        #expect(try await self.ask("holder", lock, node: 3) == .granted)
        _ = try await self.ask("late", lock, minute: 9)
        _ = try await self.ask("early", lock, minute: 1)
        _ = try await self.ask("high", lock, node: 0, priority: 7, minute: 20)
        let states = try await self.store.lockStates(namespace: nil)
        #expect(states.map(\.lock) == ["default/Mutex/one"])
        let state = try #require(states.first)
        #expect(state.limit == 1)
        #expect(state.holders.map(\.runName) == ["holder"])
        #expect(state.holders.map(\.node) == ["3"])
        #expect(state.holders.first?.owner == makeOwner())
        #expect(state.waiters.map(\.runName) == ["high", "early", "late"])
        #expect(state.waiters.map(\.node) == ["0", nil, nil])
        #expect(state.waiters.last?.owner == nil)
        #expect(try await self.store.lockStates(namespace: "defaul").isEmpty)
        #expect(try await self.store.lockStates(namespace: "default").count == 1)
    }

    @Test func `the node of a holder is told by its name`() async throws {
        let ownership = try await self.store.create(makeRecord("holder"))
        try await self.store.commit(
            entry(makeRecord("holder"), 0, rows: [StateRow(ordinal: 3, json: #"{"name":"holder.main"}"#)]), by: ownership, isUrgent: true)
        _ = try await self.ask("holder", LockRequest(kind: .mutex, namespace: "default", name: "one"), node: 3)
        #expect(try await self.store.lockStates(namespace: nil).first?.holders.map(\.node) == ["holder.main"])
    }

    private func outputs(_ value: String) -> NodeOutputs {
        var outputs = NodeOutputs()
        outputs.parameters = [NamedValue(name: "o", value: value)]
        return outputs
    }

    private func remember(_ key: String, cache: String = "c", namespace: String = "default", minute: Int64 = 0) async throws {
        try await self.store.remember(
            MemoRequest(namespace: namespace, cache: cache, key: key), self.outputs(key),
            of: RunID("uid-one"), node: NodeID(0), at: minutes(minute))
    }

    @Test func `the cache is listed page by page and by cache`() async throws {
        for (key, cache, namespace) in [("b", "c", "default"), ("a", "c", "default"), ("a", "d", "default"), ("a", "c", "other")] {
            try await self.remember(key, cache: cache, namespace: namespace)
        }
        var found: [String] = []
        var last: MemoRequest?
        while case let page = try await self.store.memos(matching: MemoFilter(), after: last, limit: 3), !page.isEmpty {
            found += page.map { "\($0.request.namespace)/\($0.request.cache)/\($0.request.key)" }
            last = page.last?.request
        }
        #expect(found == ["default/c/a", "default/c/b", "default/d/a", "other/c/a"])
        let one = try await self.store.memos(matching: MemoFilter(namespace: "default", cache: "c", key: "b"), after: nil, limit: 9)
        #expect(one.map(\.outputs) == [self.outputs("b")])
    }

    @Test func `entries are forgotten by name, by age and by use`() async throws {
        for (key, minute) in [("old", Int64(0)), ("used", 0), ("new", 60), ("kept", 90)] { try await self.remember(key, minute: minute) }
        let used = MemoRequest(namespace: "default", cache: "c", key: "used")
        #expect(try await self.store.recall(used, maxAge: nil, at: minutes(80)) != nil)
        #expect(try await self.store.removeMemos(matching: MemoFilter(namespace: "default", lastHitBefore: minutes(30))) == 1)
        #expect(try await self.store.removeMemos(matching: MemoFilter(namespace: "other")) == 0)
        #expect(try await self.store.removeMemos(matching: MemoFilter(createdBefore: minutes(61))) == 2)
        #expect(try await self.store.removeMemos(matching: MemoFilter(namespace: "default", cache: "c", key: "kept")) == 1)
        #expect(try await self.store.memos(matching: MemoFilter(), after: nil, limit: 9).isEmpty)
    }

    // MARK: owned objects

    private func put(_ name: String, ownedBy owners: [String]) async throws -> String {
        var object = draft(name)
        var fields = object.object.object ?? JSONObject()
        var metadata = fields["metadata"]?.object ?? JSONObject()
        metadata["ownerReferences"] = .array(owners.map { ["apiVersion": "v1", "kind": "Workflow", "name": "x", "uid": .string($0)] })
        fields["metadata"] = .object(metadata)
        object.object = .object(fields)
        return try await self.store.put(object, .apply(version: nil), at: noon).resource.uid
    }

    @Test func `what a run owns is what nobody else owns who is still there`() async throws {
        for name in ["one", "two"] { _ = try await self.store.create(makeRecord(name)) }
        let note = try await self.put("note", ownedBy: ["uid-one"])
        _ = try await self.put("shared", ownedBy: ["uid-one", "uid-two"])
        _ = try await self.put("nested", ownedBy: ["uid-one", note])
        _ = try await self.put("rest", ownedBy: ["uid-one", "uid-of-somebody-long-gone"])
        _ = try await self.put("other", ownedBy: ["uid-two"])
        _ = try await self.put("free", ownedBy: [])
        #expect(try await self.store.resources(ownedBy: RunID("uid-one")).map(\.name) == ["note", "rest"])
        #expect(try await self.store.removeIfThere(key("note")))
        #expect(try await !self.store.removeIfThere(key("note")))
        #expect(try await self.store.resources(ownedBy: RunID("uid-one")).map(\.name) == ["nested", "rest"])
    }
}
