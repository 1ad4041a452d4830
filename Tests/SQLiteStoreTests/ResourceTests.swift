import Foundation
import GRDB
import Ports
import SQLiteStore
import Testing
import WorkflowModel

func key(_ name: String, _ kind: ResourceKind = .configMap, namespace: String = "default") -> ResourceKey {
    ResourceKey(kind, namespace: namespace, name: name)
}

func draft(
    _ name: String, _ kind: ResourceKind = .configMap, namespace: String = "default", labels: [String: String] = [:], data: JSONValue = [:]
) -> ResourceDraft {
    var metadata: [(String, JSONValue)] = [("name", .string(name))]
    if !labels.isEmpty {
        var object = JSONObject()
        for key in labels.keys.sorted() { object[key] = .string(labels[key]!) }
        metadata.append(("labels", .object(object)))
    }
    var fields = JSONObject()
    for (key, value) in metadata { fields[key] = value }
    return ResourceDraft(
        key: key(name, kind, namespace: namespace),
        object: ["kind": .string(kind.rawValue), "metadata": .object(fields), kind.hasGeneration ? "spec" : "data": data])
}

@Suite struct ResourceTests {
    let directory: TemporaryDirectory
    let store: SQLiteStore

    init() async throws {
        self.directory = try TemporaryDirectory()
        self.store = try await self.directory.open()
    }

    @discardableResult private func put(_ draft: ResourceDraft, _ rule: PutRule = .apply(version: nil), at: Timestamp = noon) async throws
        -> StoredResource
    {
        try await self.store.put(draft, rule, at: at).resource
    }

    // MARK: Metadata

    @Test func `a new object gets what Kubernetes fills in, and another process finds it`() async throws {
        let made = try await self.put(draft("build", .workflowTemplate, data: ["entrypoint": "main"]), .create)
        let found = try #require(try await self.directory.open().resource(made.key, withSecrets: false))
        #expect(found == made)
        let metadata = found.object["metadata"]
        #expect(found.object["apiVersion"] == "argoproj.io/v1alpha1")
        #expect(metadata?["namespace"] == "default")
        #expect(metadata?["uid"]?.string == found.uid)
        #expect(UUID(uuidString: found.uid) != nil)
        #expect(metadata?["creationTimestamp"]?.string == noon.rfc3339)
        #expect(metadata?["resourceVersion"]?.string == String(found.version))
        #expect(metadata?["generation"] == 1)
    }

    @Test func `generation counts what an object says, resourceVersion every change`() async throws {
        let one = try await self.put(draft("build", .workflowTemplate, data: ["entrypoint": "main"]))
        let two = try await self.put(
            draft("build", .workflowTemplate, labels: ["a": "b"], data: ["entrypoint": "main"]), at: minutes(5))
        let three = try await self.put(
            draft("build", .workflowTemplate, labels: ["a": "b"], data: ["entrypoint": "other"]), at: minutes(6))
        #expect([one, two, three].map { $0.object["metadata"]?["generation"]?.integer } == [1, 1, 2])
        #expect(one.version < two.version && two.version < three.version)
        #expect(Set([one, two, three].map(\.uid)).count == 1)
        #expect(three.object["metadata"]?["creationTimestamp"]?.string == noon.rfc3339)
        #expect(try await self.put(draft("settings")).object["metadata"]?["generation"] == nil)
    }

    @Test func `what is put again unchanged keeps its version, in whatever order its fields come`() async throws {
        let one = try await self.put(draft("settings", data: ["a": "1", "b": "2"]))
        let (again, outcome) = try await self.store.put(
            draft("settings", data: ["b": "2", "a": "1"]), .apply(version: nil), at: minutes(5))
        #expect(outcome == .unchanged)
        #expect(again == one)
    }

    @Test func `a draft without status leaves the status in place`() async throws {
        var scheduled = draft("nightly", .cronWorkflow, data: ["schedules": ["@daily"]])
        var fields = scheduled.object.object!
        fields["status"] = ["active": []]
        scheduled.object = .object(fields)
        try await self.put(scheduled)
        let changed = try await self.put(draft("nightly", .cronWorkflow, data: ["schedules": ["@hourly"]]))
        #expect(changed.object["status"] == ["active": []])
    }

    // MARK: Rules

    @Test func `create refuses what exists, update what does not`() async throws {
        try await self.put(draft("settings"), .create)
        await #expect(throws: ResourceError.alreadyExists(key("settings"))) { try await self.put(draft("settings"), .create) }
        await #expect(throws: ResourceError.notFound(key("other"))) { try await self.put(draft("other"), .replace(version: nil)) }
        #expect(try await self.store.resource(key("other"), withSecrets: false) == nil)
    }

    @Test func `a version that is not the stored one is a conflict and changes nothing`() async throws {
        let one = try await self.put(draft("settings", data: ["a": "1"]))
        let two = try await self.put(draft("settings", data: ["a": "2"]), .apply(version: one.version))
        for rule in [PutRule.apply(version: one.version), .replace(version: one.version)] {
            await #expect(throws: ResourceError.conflict(key("settings"), current: two.version)) {
                try await self.put(draft("settings", data: ["a": "3"]), rule)
            }
        }
        await #expect(throws: ResourceError.conflict(key("settings"), current: two.version)) {
            try await self.store.remove(key("settings"), uid: nil, version: one.version)
        }
        await #expect(throws: ResourceError.conflict(key("settings"), current: two.version)) {
            try await self.store.remove(key("settings"), uid: "another", version: nil)
        }
        #expect(try await self.store.resource(key("settings"), withSecrets: false) == two)
        await #expect(throws: ResourceError.notFound(key("gone"))) { try await self.put(draft("gone"), .apply(version: 3)) }
    }

    @Test func `of many that change the same version one wins, in whichever process`() async throws {
        let one = try await self.put(draft("counter", data: ["n": "0"]))
        let stores = [self.store, try await self.directory.open()]
        let winners = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    let change = draft("counter", data: ["n": .string("\(number + 1)")])
                    do {
                        _ = try await stores[number % 2].put(change, .replace(version: one.version), at: noon)
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    }

    @Test func `an immutable object keeps what it holds, and its labels may change`() async throws {
        var fixed = draft("fixed", data: ["a": "1"])
        var fields = fixed.object.object!
        fields["immutable"] = true
        fixed.object = .object(fields)
        try await self.put(fixed)
        await #expect(throws: ResourceError.immutable(key("fixed"))) { try await self.put(draft("fixed", data: ["a": "1"])) }
        fields["metadata"] = ["labels": ["a": "b"]]
        fixed.object = .object(fields)
        #expect(try await self.put(fixed).labels == ["a": "b"])
        fields["data"] = ["a": "2"]
        fixed.object = .object(fields)
        await #expect(throws: ResourceError.immutable(key("fixed"))) { try await self.put(fixed) }
    }

    @Test func `a refusal does not keep those it shares a transaction with from being stored`() async throws {
        try await self.put(draft("taken"), .create)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                let name = number % 5 == 0 ? "taken" : "new-\(number)"
                group.addTask { _ = try? await self.store.put(draft(name), .create, at: noon) }
            }
        }
        #expect(try await self.store.resources(ResourceQuery(.configMap)).items.count == 41)
    }

    // MARK: Namespaces

    @Test func `default is there from the beginning, and others come with what is put into them`() async throws {
        func names() async throws -> [String] { try await self.store.resources(ResourceQuery(.namespace)).items.map(\.key.name) }
        #expect(try await names() == ["default"])
        try await self.put(draft("settings", namespace: "team"))
        #expect(try await names() == ["default", "team"])
        await #expect(throws: ResourceError.permanent(key("default", .namespace))) {
            try await self.store.remove(key("default", .namespace), uid: nil, version: nil)
        }
        await #expect(throws: ResourceError.notEmpty(key("team", .namespace), objects: 1)) {
            try await self.store.remove(key("team", .namespace), uid: nil, version: nil)
        }
        try await self.store.remove(key("settings", namespace: "team"), uid: nil, version: nil)
        try await self.store.remove(key("team", .namespace), uid: nil, version: nil)
        #expect(try await names() == ["default"])
    }

    @Test func `kinds and namespaces have names of their own`() async throws {
        for namespace in ["default", "team"] {
            for kind in [ResourceKind.configMap, .workflowTemplate] { try await self.put(draft("x", kind, namespace: namespace)) }
        }
        try await self.store.remove(key("x", namespace: "team"), uid: nil, version: nil)
        #expect(try await self.store.resource(key("x"), withSecrets: false) != nil)
        #expect(try await self.store.resource(key("x", .workflowTemplate, namespace: "team"), withSecrets: false) != nil)
        let cluster = try await self.put(draft("shared", .clusterWorkflowTemplate, namespace: "team"))
        #expect(cluster.object["metadata"]?["namespace"] == nil)
        #expect(try await self.store.resource(key("shared", .clusterWorkflowTemplate), withSecrets: false) == cluster)
    }

    // MARK: Lists

    @Test func `lists select by labels and fields, page by page`() async throws {
        for number in 0..<25 {
            try await self.put(
                draft("map-\(10 + number)", labels: ["parity": number % 2 == 0 ? "even" : "odd", "n": "\(number)"]))
        }
        try await self.put(draft("map-10", namespace: "other", labels: ["parity": "even"]))
        func names(_ labels: String?, _ fields: String? = nil, namespace: String? = "default") async throws -> [String] {
            let query = ResourceQuery(
                .configMap, namespace: namespace, labels: try LabelSelector(labels), fields: try FieldSelector(fields))
            return try await self.store.resources(query).items.map(\.key.name)
        }
        #expect(try await names("parity=even,n in (2,4,5)") == ["map-12", "map-14"])
        #expect(try await names("parity!=even,n notin (1,3)").count == 10)
        #expect(try await names("!parity") == [])
        #expect(try await names(nil, "metadata.name=map-11") == ["map-11"])
        #expect(try await names(nil, "metadata.namespace!=default", namespace: nil) == ["map-10"])
        var query = ResourceQuery(.configMap, labels: try LabelSelector("parity=even"), limit: 4)
        var pages: [[String]] = []
        var first: Int64?
        repeat {
            let page = try await self.store.resources(query)
            first = first ?? page.version
            #expect(page.version == first, "a watch begins at the first page")
            pages.append(page.items.map { "\($0.key.namespace)/\($0.key.name)" })
            query.after = page.next
            // What comes behind the cursor is on a later page, what comes before it on none.
            try await self.put(draft("map-00", labels: ["parity": "even"]))
        } while query.after != nil
        #expect(pages.map(\.count) == [4, 4, 4, 2])
        #expect(Array(pages.joined()) == Array(pages.joined()).sorted())
        #expect(Set(pages.joined()).count == 14)
    }

    // MARK: Durability

    @Test func `an object that is cut off in the log is there whole or not at all`() async throws {
        for number in 0..<6 { try await self.put(draft("settings", data: ["n": .string("\(number)")])) }
        let database = try Data(contentsOf: URL(fileURLWithPath: self.directory.file("skiff.db")))
        let log = try Data(contentsOf: URL(fileURLWithPath: self.directory.file("skiff.db-wal")))
        for cut in stride(from: 1, to: 1024, by: 31) {
            let torn = try TemporaryDirectory(inMemory: true)
            try database.write(to: URL(fileURLWithPath: torn.file("skiff.db")))
            try log.dropLast(cut).write(to: URL(fileURLWithPath: torn.file("skiff.db-wal")))
            let store = try await torn.open()
            let found = try #require(try await store.resource(key("settings"), withSecrets: false))
            #expect(found.object["data"] == ["n": "4"], "cut \(cut)")
            let next = try await store.put(draft("settings", data: ["n": "5"]), .apply(version: found.version), at: noon)
            #expect(next.resource.version == found.version + 1, "cut \(cut)")
        }
    }
}
