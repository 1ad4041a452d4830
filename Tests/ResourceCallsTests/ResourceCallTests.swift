import Engine
import Ports
import Testing
import WorkflowModel

@testable import ResourceCalls

@Suite struct ResourceCallTests {
    // MARK: create

    @Test func `an object is created, and outputs are read from it`() async throws {
        let bench = Bench()
        let result = await bench.run(
            ResourceCall(action: "create", manifest: Bench.settings, setsOwnerReference: true),
            outputs: [
                CallRequest.Output(name: "name", query: .jsonPath("{.metadata.name}")),
                CallRequest.Output(name: "keys", query: .jqFilter(".data | keys")),
            ])
        #expect(result.hasSucceeded)
        #expect(result.parameters == ["name": "settings", "keys": "[\"color\"]"])
        let object = try #require(try await bench.objects.object(Bench.configMap("settings"), withSecrets: true))
        #expect(
            object["metadata"]?["ownerReferences"] == [
                [
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "flow", "uid": "01926c4e", "controller": true,
                    "blockOwnerDeletion": true,
                ]
            ])
    }

    @Test func `a creation that is repeated after a crash finds what it made`() async {
        let bench = Bench()
        let call = ResourceCall(action: "create", manifest: Bench.settings)
        #expect(await bench.run(call).hasSucceeded)
        #expect(await bench.run(call).hasSucceeded)
        #expect(bench.objects.names == ["settings"])
        #expect(Set(bench.objects.uids).count == 1)
        #expect(await bench.run(call, node: 4).failure == "ConfigMap 'settings' exists already in namespace 'default'")
    }

    @Test func `a name is generated, the same for the same attempt`() async {
        let bench = Bench()
        let call = ResourceCall(action: "create", manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: s-}}")
        for node in [1, 1, 2, 3] { #expect(await bench.run(call, node: node).hasSucceeded) }
        #expect(bench.objects.names.count == 3)
        #expect(bench.objects.names.allSatisfy { $0.hasPrefix("s-") && $0.count == 7 })
    }

    @Test func `the identity of a run that is made is a UUID`() {
        let uid = CallIdentity(PodID(run: RunID("01926c4e-7b1a-7000-8000-000000000000"), node: NodeID(3), attempt: 0)).uid
        #expect(uid.hasPrefix("01926c4e-7b1a-8"))
        #expect(uid.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
    }

    @Test func `any other kind needs a cluster`() async {
        let job = "{apiVersion: batch/v1, kind: Job, metadata: {name: j}}"
        for action in ["create", "apply", "get", "replace", "delete"] {
            #expect(
                await Bench().run(ResourceCall(action: action, manifest: job)).error
                    == "objects of kind Job (batch/v1) need a cluster, and there is none; without one there are: Workflow, WorkflowTemplate, ClusterWorkflowTemplate, CronWorkflow, WorkflowEventBinding, ConfigMap, Secret, PersistentVolumeClaim, Namespace"
            )
        }
        #expect(
            await Bench().run(ResourceCall(action: "patch", mergeStrategy: "merge", manifest: "{a: 1}", flags: ["pod", "p"])).error?
                .hasPrefix("objects of kind pod need a cluster") == true)
        #expect(
            await Bench().run(ResourceCall(action: "get", manifest: "{apiVersion: example.com/v1, kind: Secret, metadata: {name: x}}"))
                .error?
                .hasPrefix("objects of kind Secret (example.com/v1) need a cluster") == true)
    }

    // MARK: waiting

    private static let wait = ResourceCall(
        action: "get", manifest: "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: child}}",
        successCondition: "status.phase == Succeeded", failureCondition: "status.phase in (Failed, Error)")

    private static func child(_ phase: String) -> JSONValue {
        ["kind": "Workflow", "metadata": ["name": "child"], "status": ["phase": .string(phase)]]
    }

    @Test func `an object is waited for until the condition holds, more and more seldom`() async {
        let objects = MemoryObjects()
        objects.set(Bench.workflow("child"), Self.child("Running"))
        let clock = HastyClock { count in if count == 14 { objects.set(Bench.workflow("child"), Self.child("Succeeded")) } }
        let result = await Bench(objects, clock: clock).run(
            Self.wait, outputs: [CallRequest.Output(name: "phase", query: .jsonPath("{.status.phase}"))])
        #expect(result.parameters == ["phase": "Succeeded"])
        #expect(clock.sleeps.count == 14)
        #expect(clock.sleeps.first == Span(milliseconds: 100))
        #expect(clock.sleeps.last == .seconds(5))
        #expect(objects.attended == 14)
    }

    @Test func `an object that fails, or goes, fails the step`() async {
        let objects = MemoryObjects()
        objects.set(Bench.workflow("child"), Self.child("Running"))
        let failing = HastyClock { _ in objects.set(Bench.workflow("child"), Self.child("Error")) }
        #expect(
            await Bench(objects, clock: failing).run(Self.wait).failure
                == "failure condition 'status.phase in (Failed, Error)' evaluated true")
        objects.set(Bench.workflow("child"), Self.child("Running"))
        let going = HastyClock { _ in objects.set(Bench.workflow("child"), nil) }
        #expect(await Bench(objects, clock: going).run(Self.wait).failure == "Workflow 'child' is gone while it is waited for")
        #expect(await Bench().run(Self.wait).failure == "Workflow 'child' does not exist in namespace 'default'")
    }

    @Test func `waiting ends when the task is cancelled`() async {
        let objects = MemoryObjects()
        objects.set(Bench.workflow("child"), Self.child("Running"))
        let clock = HastyClock { count in if count == 3 { withUnsafeCurrentTask { $0?.cancel() } } }
        let task = Task { await Bench(objects, clock: clock).run(Self.wait) }
        #expect(await task.value.hasSucceeded == false)
    }

    @Test func `a condition that cannot be read is told before anything is done`() async {
        let bench = Bench()
        let result = await bench.run(ResourceCall(action: "create", manifest: Bench.settings, successCondition: "status.x > many"))
        #expect(result.error?.hasPrefix("successCondition 'status.x > many' cannot be read") == true)
        #expect(bench.objects.names.isEmpty)
    }

    // MARK: apply, replace, patch, delete

    @Test func `apply makes an object or changes it`() async throws {
        let bench = Bench()
        #expect(await bench.run(ResourceCall(action: "apply", manifest: Bench.settings)).hasSucceeded)
        let changed = Bench.settings.replacing("blue", with: "red")
        #expect(await bench.run(ResourceCall(action: "apply", manifest: changed), node: 4).hasSucceeded)
        #expect(try await bench.objects.object(Bench.configMap("settings"), withSecrets: false)?["data"] == ["color": "red"])
    }

    @Test func `replace needs an object that is there`() async throws {
        let bench = Bench()
        let call = ResourceCall(action: "replace", manifest: Bench.settings)
        #expect(await bench.run(call).failure == "ConfigMap 'settings' does not exist in namespace 'default'")
        bench.objects.set(Bench.configMap("settings"), ["kind": "ConfigMap", "metadata": ["name": "settings", "namespace": "default"]])
        #expect(await bench.run(call).hasSucceeded)
    }

    private static func stored() throws -> JSONValue {
        ["kind": "ConfigMap", "metadata": ["name": "settings", "namespace": "default"], "data": ["color": "blue"]]
    }

    @Test(arguments: [
        ("strategic", "{data: {size: large}}"), ("merge", "{data: {size: large}}"), ("json", "[{op: add, path: /data/size, value: large}]"),
    ]) func `an object is patched, and a change in between is not lost`(strategy: String, patch: String) async throws {
        let objects = MemoryObjects { objects, attempt in
            // Somebody else is faster, once.
            guard attempt == 1 else { return }
            objects.set(
                Bench.configMap("settings"),
                ["kind": "ConfigMap", "metadata": ["name": "settings", "namespace": "default"], "data": ["color": "red"]])
        }
        objects.set(Bench.configMap("settings"), try Self.stored())
        let result = await Bench(objects).run(
            ResourceCall(action: "patch", mergeStrategy: strategy, manifest: patch, flags: ["configmap", "settings"]))
        #expect(result.hasSucceeded)
        #expect(
            try await objects.object(Bench.configMap("settings"), withSecrets: false)?["data"] == ["color": "red", "size": "large"])
    }

    @Test func `what is deleted need not be there`() async throws {
        let bench = Bench()
        bench.objects.set(Bench.configMap("settings"), try Self.stored())
        let call = ResourceCall(action: "delete", manifest: Bench.settings)
        for _ in 0..<2 { #expect(await bench.run(call).hasSucceeded) }
        #expect(bench.objects.names.isEmpty)
    }

    @Test(arguments: [
        (["configmap", "--selector", "team=data"], ["c", "d"]), (["cm", "-l", "team"], ["d"]), (["configmaps", "--all"], ["d"]),
        (["configmap/a", "configmap/c"], ["b", "d"]), (["configmap", "a", "--wait=false", "--timeout", "5s"], ["b", "c", "d"]),
        (["configmap", "-n", "other", "d"], ["a", "b", "c"]),
    ]) func `flags name what is deleted`(flags: [String], left: [String]) async {
        let bench = Bench()
        for (name, team) in [("a", "data"), ("b", "data"), ("c", "web")] {
            bench.objects.set(
                Bench.configMap(name), ["kind": "ConfigMap", "metadata": ["name": .string(name), "labels": ["team": .string(team)]]])
        }
        bench.objects.set(ObjectReference(.stored(.configMap), namespace: "other", name: "d"), ["kind": "ConfigMap"])
        #expect(await bench.run(ResourceCall(action: "delete", flags: flags)).hasSucceeded)
        #expect(bench.objects.names == left)
    }

    @Test func `a flag that cannot be honoured is told`() async {
        #expect(
            await Bench().run(ResourceCall(action: "delete", flags: ["configmap", "--field-selector", "a=b"])).error
                == "flag '--field-selector' of a resource template cannot be honoured without kubectl: a kind, names, -n, -l and --all can")
    }

    @Test(arguments: [
        ("merge", "{metadata: {annotations: {foo: bar}}}"), ("strategic", "{metadata: {annotations: {foo: bar}}}"),
        ("json", "[{op: add, path: /metadata/annotations, value: {foo: bar}}]"),
    ]) func `a step may annotate its own pod, and no other`(strategy: String, patch: String) async {
        let output = CallRequest.Output(name: "foo", query: .jsonPath("{.metadata.annotations.foo}"))
        let call = ResourceCall(action: "patch", mergeStrategy: strategy, manifest: patch, flags: ["pod", "flow-pod"])
        #expect(await Bench().run(call, outputs: [output]).parameters == ["foo": "bar"])
        let other = ResourceCall(action: "patch", mergeStrategy: strategy, manifest: patch, flags: ["pod", "other"])
        #expect(await Bench().run(other).error?.hasPrefix("objects of kind pod need a cluster") == true)
    }

    @Test func `a step that waits for its own pod to change fails`() async {
        let call = ResourceCall(action: "get", successCondition: "status.phase == Succeeded", flags: ["pod/flow-pod"])
        #expect(await Bench().run(call).failure == "the step waits for its own pod, which nothing changes meanwhile")
    }

    // MARK: manifests

    @Test func `a manifest comes with an artifact`() async {
        let call = ResourceCall(action: "create", manifestArtifact: "file")
        let bench = Bench()
        let input = PlacedInput(name: "file", path: "/x", content: .text(Bench.settings))
        #expect(await bench.run(call, inputs: [input]).hasSucceeded)
        #expect(await bench.run(call).failure == "input artifact 'file', which holds the manifest, is not there")
        let gone = PlacedInput(name: "file", path: "/x", content: .copyOf(localPath: "/nowhere"))
        #expect(
            await bench.run(call, inputs: [gone]).failure
                == "input artifact 'file', which holds the manifest, cannot be read: no such file or directory")
    }

    @Test(arguments: [
        ("create", "a: [", "the manifest cannot be read: "), ("create", "[1]", "'create' needs a manifest of one object"),
        ("get", "{kind: Workflow}", "the manifest names no object: "), ("fly", "{kind: Workflow}", "action 'fly' is none of "),
        ("create", "{apiVersion: v1, kind: ConfigMap}", "the manifest needs metadata.name or metadata.generateName"),
        ("patch", "{a: 1}", "the manifest names no object: "), ("get", "", "neither a manifest nor flags say which object is meant"),
    ]) func `what is wrong with a manifest is told`(action: String, manifest: String, message: String) async {
        #expect(await Bench().run(ResourceCall(action: action, manifest: manifest)).error?.hasPrefix(message) == true)
    }
}
