import Diagnostics
import LocalOperations
import Operations
import Ports
import Synchronization
import Testing
import WorkflowModel

@Suite struct ResourceOperationsTests {
    let fixture: StoreFixture
    let resources: LocalResources

    init() throws {
        self.fixture = try StoreFixture()
        self.resources = self.fixture.resources()
    }

    private func put(
        _ manifests: [ResourceManifest], _ rule: ResourceWriteRule = .apply, namespace: String = "default", isDryRun: Bool = false
    ) async throws -> [String] {
        try await self.resources.put(manifests, rule, namespace: namespace, isDryRun: isDryRun).texts
    }

    private func faults(_ manifests: [ResourceManifest]) async -> [String] {
        do {
            _ = try await self.put(manifests)
            return []
        } catch let fault as ManifestFault {
            return fault.diagnostics.map { "\($0.code) \($0.path) \($0.message)" }
        } catch { return ["\(error)"] }
    }

    // MARK: Checks

    @Test func `templates of one call may refer to one another, in whatever order`() async throws {
        let caller = manifest(
            "WorkflowTemplate", "caller",
            [
                "spec": [
                    "templates": [
                        ["name": "main", "steps": [[["name": "a", "templateRef": ["name": "leaf", "template": "main"]]]]]
                    ]
                ]
            ])
        #expect(await self.faults([caller]).first?.hasPrefix("unknown-workflow-template") == true)
        #expect(try await self.put([caller, template("leaf")]).count == 2)
        // And to what is stored.
        #expect(try await self.put([caller]) == ["workflowtemplate.argoproj.io/caller unchanged"])
    }

    @Test func `nothing is stored when one object of a call is wrong, and every fault is told`() async throws {
        let wrong = manifest("WorkflowTemplate", "wrong", ["spec": ["entrypoint": "nowhere", "templates": []]])
        let faults = await self.faults([template("right"), wrong, manifest("ConfigMap", "Bad_Name")])
        #expect(faults.contains { $0.hasPrefix("unknown-template") })
        #expect(faults.contains { $0 == "bad-value metadata.name 'Bad_Name' cannot be the name of a ConfigMap" })
        #expect(try await self.resources.list(ResourceListQuery(.workflowTemplate)).items.isEmpty)
    }

    @Test func `the workflow of a CronWorkflow is checked where it stands`() async throws {
        let cron = manifest(
            "CronWorkflow", "nightly", ["spec": ["schedules": ["@daily"], "workflowSpec": ["entrypoint": "main", "templates": []]]])
        let faults = await self.faults([cron])
        #expect(faults.count == 1 && faults[0].hasPrefix("unknown-template spec.workflowSpec.entrypoint"), "\(faults)")
    }

    @Test func `the name of a CronWorkflow, its schedule, and what is stored with it are checked`() async throws {
        _ = try await self.put([template("leaf")])
        func cron(_ name: String, _ schedule: String, _ template: String) -> ResourceManifest {
            manifest(
                "CronWorkflow", name,
                ["spec": ["schedules": [.string(schedule)], "workflowSpec": ["workflowTemplateRef": ["name": .string(template)]]]])
        }
        let faults = await self.faults([cron(String(repeating: "n", count: 53), "61 * * * *", "laef")])
        let places = faults.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
        #expect(
            Set(places) == [
                "bad-name metadata.name", "bad-schedule spec.schedules[0]",
                "unknown-workflow-template spec.workflowSpec.workflowTemplateRef.name",
            ], "\(faults)")
        #expect(try await self.put([cron("nightly", "@daily", "leaf")]) == ["cronworkflow.argoproj.io/nightly created"])
    }

    @Test func `a WorkflowEventBinding is checked when it is stored`() async throws {
        let submit: JSONValue = ["workflowTemplateRef": ["name": "leaf"]]
        func binding(_ selector: String) -> ResourceManifest {
            manifest("WorkflowEventBinding", "push", ["spec": ["event": ["selector": .string(selector)], "submit": submit]])
        }
        let faults = await self.faults([template("leaf"), binding("payload.type ==")])
        #expect(faults.count == 1 && faults[0].contains(" spec.event.selector "), "\(faults)")
        #expect(try await self.put([template("leaf"), binding("payload.type == \"push\"")]).count == 2)
    }

    static let illegal: [(kind: String, name: String, metadata: JSONValue, fields: JSONValue, path: String)] = [
        ("ConfigMap", "x", ["labels": ["a b": "c"]], [:], "metadata.labels.a b"),
        ("ConfigMap", "x", ["labels": ["a": "-c"]], [:], "metadata.labels.a"),
        ("ConfigMap", "x", ["namespace": "Team"], [:], "metadata.namespace"),
        ("ConfigMap", "x", [:], ["data": ["a/b": "c"]], "data.a/b"),
        ("Namespace", "a.b", [:], [:], "metadata.name"),
    ]

    @Test(arguments: illegal) func `names, labels and keys are those that Kubernetes takes`(
        kind: String, name: String, metadata: JSONValue, fields: JSONValue, path: String
    ) async throws {
        let faults = await self.faults([manifest(kind, name, fields, metadata: metadata)])
        #expect(faults.map { $0.hasPrefix("bad-value \(path) ") } == [true], "\(faults)")
    }

    @Test func `a kind that is not stored is passed over beside others and refused alone`() async throws {
        let workflow = manifest("Workflow", "run", ["spec": ["entrypoint": "main"]])
        let report = try await self.resources.put([workflow, template("x")], .apply, namespace: "default", isDryRun: false)
        #expect(report.texts == ["workflowtemplate.argoproj.io/x created"])
        #expect(report.diagnostics.filter { $0.severity != .hint }.map { "\($0.severity) \($0.code)" } == ["warning not-stored"])
        #expect(await self.faults([workflow]) == ["not-stored kind kind 'Workflow' cannot be stored"])
    }

    // MARK: Writing

    @Test func `apply makes, changes, and leaves alone what is as it should be`() async throws {
        let map = manifest("ConfigMap", "settings", ["data": ["a": "1"]])
        #expect(try await self.put([map], isDryRun: true) == ["configmap/settings created"])
        #expect(try await self.put([map]) == ["configmap/settings created"])
        #expect(try await self.put([map]) == ["configmap/settings unchanged"])
        let changed = manifest("ConfigMap", "settings", ["data": ["a": "2"]])
        #expect(try await self.put([changed], isDryRun: true) == ["configmap/settings configured"])
        #expect(try await self.put([changed]) == ["configmap/settings configured"])
        #expect(try await self.put([map], .create) == ["configmap/settings alreadyExists"])
        #expect(try await self.put([manifest("ConfigMap", "other")], .update) == ["configmap/other notFound"])
    }

    @Test func `a refusal of one object does not keep it from the others`() async throws {
        _ = try await self.put([manifest("ConfigMap", "b")])
        let all = ["a", "b", "c"].map { manifest("ConfigMap", $0) }
        #expect(try await self.put(all, .create) == ["configmap/a created", "configmap/b alreadyExists", "configmap/c created"])
    }

    @Test func `a resourceVersion that was read here must still hold, one from a cluster is of no account`() async throws {
        _ = try await self.put([manifest("ConfigMap", "settings", ["data": ["a": "1"]])])
        let read = try await self.resources.get(ResourceReference(.configMap, "settings"), namespace: "default", withSecrets: false)
        _ = try await self.put([manifest("ConfigMap", "settings", ["data": ["a": "2"]])])
        var object = read.object!
        object["data"] = ["a": "3"]
        let stale = ResourceManifest(object: .object(object), source: SourceMap(file: "x", lines: []))
        #expect(try await self.put([stale]) == ["configmap/settings conflict"])
        let foreign = manifest(
            "ConfigMap", "settings", ["data": ["a": "4"]],
            metadata: [
                "uid": "0b5b2f4e-6a5e-4f0e-8a55-3c1c2f6c7d11", "resourceVersion": "123456", "managedFields": [],
                "annotations": ["kubectl.kubernetes.io/last-applied-configuration": "{}"],
            ])
        #expect(try await self.put([foreign]) == ["configmap/settings configured"])
        let now = try await self.resources.get(ResourceReference(.configMap, "settings"), namespace: "default", withSecrets: false)
        #expect(now["metadata"]?["uid"] == read["metadata"]?["uid"])
        #expect(now["metadata"]?["managedFields"] == nil && now["metadata"]?["annotations"] == nil)
    }

    @Test func `generateName makes names`() async throws {
        let draft = manifest("ConfigMap", "", metadata: ["generateName": "map-"])
        let results = try await self.resources.put([draft, draft], .create, namespace: "default", isDryRun: false).results
        let names = results.map(\.reference.name)
        #expect(Set(names).count == 2 && names.allSatisfy { $0.hasPrefix("map-") && $0.count == 9 })
    }

    @Test func `a Secret is shown with its values only on request, and its mask cannot be applied`() async throws {
        _ = try await self.put([manifest("Secret", "db", ["stringData": ["password": "tiger"], "type": "Opaque"])])
        let reference = ResourceReference(.secret, "db")
        let masked = try await self.resources.get(reference, namespace: "default", withSecrets: false)
        #expect(masked["data"] == ["password": "<5 bytes, hidden>"] && masked["stringData"] == nil)
        #expect(try await self.resources.get(reference, namespace: "default", withSecrets: true)["data"] == ["password": "dGlnZXI="])
        #expect(try await self.resources.list(ResourceListQuery(.secret)).items == [masked])
        #expect(
            try await self.put([manifest("Secret", "db", ["data": ["password": "dGlnZXI="], "type": "Opaque"])]) == ["secret/db unchanged"])
    }

    // MARK: Deleting, suspending, watching

    @Test func `a claim's directory goes before the claim`() async throws {
        _ = try await self.put([manifest("PersistentVolumeClaim", "data", ["apiVersion": "v1", "spec": [:]])], namespace: "team")
        let claim = ResourceReference(.persistentVolumeClaim, "data")
        await #expect(throws: OperationError.self) {
            try await self.fixture.resources(claimsResist: true).delete(claim, namespace: "team", resourceVersion: nil)
        }
        _ = try await self.resources.get(claim, namespace: "team", withSecrets: false)
        try await self.resources.delete(claim, namespace: "team", resourceVersion: nil)
        #expect(self.fixture.calls.withLock { $0 } == ["removed team/data"])
        await #expect(throws: OperationError.self) { try await self.resources.get(claim, namespace: "team", withSecrets: false) }
    }

    @Test func `suspending a CronWorkflow changes nothing else`() async throws {
        let cron = manifest(
            "CronWorkflow", "nightly", ["spec": ["schedules": ["@daily"], "workflowSpec": template("x").object["spec"]!]])
        _ = try await self.put([cron])
        try await self.resources.setSuspended(true, cronWorkflow: "nightly", namespace: "default")
        let stored = try await self.resources.get(ResourceReference(.cronWorkflow, "nightly"), namespace: "default", withSecrets: false)
        #expect(stored["spec"]?["suspend"] == true)
        #expect(stored["spec"]?["schedules"] == ["@daily"])
        try await self.resources.setSuspended(false, cronWorkflow: "nightly", namespace: "default")
        await #expect(throws: OperationError.self) {
            try await self.resources.setSuspended(true, cronWorkflow: "other", namespace: "default")
        }
    }

    @Test func `lists continue where they ended, and watches begin where lists were read`() async throws {
        _ = try await self.put((0..<5).map { manifest("ConfigMap", "map-\($0)") })
        var query = ResourceListQuery(.configMap, limit: 2)
        var names: [String] = []
        var version = ""
        repeat {
            let page = try await self.resources.list(query)
            names += page.items.compactMap { $0["metadata"]?["name"]?.string }
            (query.continuation, version) = (page.next, page.resourceVersion)
        } while query.continuation != nil
        #expect(names == (0..<5).map { "map-\($0)" })
        _ = try await self.put([manifest("ConfigMap", "map-0", ["data": ["a": "1"]])])
        query.continuation = nil
        var changes = try await self.resources.watch(query, since: version).makeAsyncIterator()
        let change = try #require(try await changes.next())
        #expect(change.change == .modified && change.object["data"] == ["a": "1"])
        await #expect(throws: OperationError.self) { try await self.resources.list(ResourceListQuery(.configMap, continuation: "x")) }
    }

    @Test func `nothing is made by looking where nothing is`() async throws {
        #expect(try await self.resources.list(ResourceListQuery(.namespace)).items.count == 1)
        await #expect(throws: OperationError.self) {
            try await self.resources.get(ResourceReference(.configMap, "x"), namespace: "default", withSecrets: false)
        }
        #expect(!self.fixture.hasDirectory)
    }
}
