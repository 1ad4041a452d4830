import Driver
import Engine
import Manifests
import Planning
import Ports
import TestKit
import Testing
import WorkflowModel

/// One life of a process that carries one run out, over a journal and a machine that outlive it.
struct Rig: Sendable {
    static let id = RunID("01a1fcdc-0000-7000-8000-000000000001")
    static let owner = Owner(id: "test", processID: 1, processStart: 1, bootID: "boot", doorbell: "test")
    /// Of the machine as it is now.
    var bootID = "boot"

    var plan: Plan
    var journal = MemoryJournal()
    var runtime = ScriptedRuntime()
    var artifacts = MemoryArtifacts()
    var clock: any TimeSource = ManualClock()
    var doorbell = TestDoorbell()
    var coordination = MemoryCoordination()
    var calls = ScriptedCalls()
    var maxParallel: Int?
    var secrets: [String: [String: [UInt8]]] = [:]

    static func plan(_ yaml: String, secrets: [String: Set<String>] = [:]) throws -> Plan {
        let file = ManifestReader().read(file: "test.yaml", bytes: Array(yaml.utf8))
        var workflow = try #require(file.documents.first.flatMap { Workflow($0.value) })
        workflow.metadata.name = "wf"
        workflow.metadata.uid = Self.id.text
        workflow.metadata.creationTimestamp = Timestamp(milliseconds: 1_700_000_000_000)
        let result = Planner.plan(
            PlanningInput(
                workflow: PlanningDocument(workflow: workflow, source: file.documents[0].source), resources: PlanResources(secrets: secrets)
            ))
        return try #require(result.plan, "\(file.diagnostics + result.diagnostics)")
    }

    var record: RunRecord {
        RunRecord(id: Self.id, namespace: "default", name: "wf", phase: "", createdAt: Timestamp(milliseconds: 1_700_000_000_000))
    }

    func driver() -> RunDriver {
        RunDriver(
            ports: DriverPorts(
                journal: self.journal, runtime: self.runtime, artifacts: self.artifacts, secrets: self.journal,
                locks: self.coordination, cache: self.coordination, calls: self.calls, time: self.clock,
                doorbell: self.doorbell, scratch: { "/scratch/\($0)" }),
            capacity: Admission.Capacity(cpuMillis: 100_000, memoryBytes: 1 << 40, maxParallel: self.maxParallel))
    }

    /// Records the run and carries it out while `body` looks on.
    func start<Value: Sendable>(_ body: @Sendable @escaping (RunHandle, RunDriver) async throws -> Value) async throws -> Value {
        let source = RunSource(workflow: "{}", context: [], secrets: self.secrets, options: "{}")
        let ownership = try await self.journal.create(self.record, source: source, owner: Self.owner)
        let driver = self.driver()
        return try await self.during(
            driver, driver.start(RunMachine(plan: self.plan, id: Self.id), record: self.record, ownership: ownership), body)
    }

    /// Takes the run over as another process does.
    func resume<Value: Sendable>(_ body: @Sendable @escaping (RunHandle, RunDriver) async throws -> Value) async throws -> Value {
        var owner = Self.owner
        owner.bootID = self.bootID
        let ownership = try await self.journal.acquire(Self.id, owner: owner) { _ in false }
        let isAfterRestart = try await self.journal.bootID(of: Self.id) != self.bootID
        let rows = try await self.journal.rows(of: Self.id)
        var machine = RunMachine(plan: self.plan, id: Self.id)
        if let run = rows.first {
            machine = try RunMachine(
                plan: self.plan, id: Self.id, run: try JSONValue(json: run.json),
                nodes: try rows.dropFirst().map { try JSONValue(json: $0.json) })
        }
        let record = try #require(try await self.journal.run(named: "wf", namespace: "default"))
        let driver = self.driver()
        return try await self.during(
            driver, driver.resume(machine, record: record, ownership: ownership, isAfterRestart: isAfterRestart), body)
    }

    private func during<Value: Sendable>(
        _ driver: RunDriver, _ handle: RunHandle, _ body: @Sendable @escaping (RunHandle, RunDriver) async throws -> Value
    ) async throws -> Value {
        let driving = Task { await driver.run() }
        defer { driving.cancel() }
        return try await body(handle, driver)
    }

    /// Carries the run to its end.
    func outcome() async throws -> RunHandle.Outcome { try await self.start { handle, _ in await handle.outcome() } }
}

extension RunHandle.Outcome {
    var phase: RunPhase? { if case .finished(let phase) = self { phase } else { nil } }
    var failure: (any Error)? { if case .failed(let error) = self { error } else { nil } }
    var isLeft: Bool { if case .left = self { true } else { false } }
}

enum Manifest {
    static let header = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf}\n"
    static let leaf =
        "  - name: leaf\n    inputs: {parameters: [{name: word, value: x}]}\n    container: {image: busybox, command: [run], args: ['{{inputs.parameters.word}}']}\n"

    static let one = header + "spec:\n  entrypoint: leaf\n  templates:\n" + leaf

    static func chain(_ count: Int) -> String {
        let steps = (0..<count).map { "    - - {name: s\($0), template: leaf}\n" }.joined()
        return header + "spec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:\n" + steps + leaf
    }

    static func fan(_ count: Int) -> String {
        header + "spec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:\n    - - name: s\n        template: leaf\n"
            + "        withSequence: {count: '\(count)'}\n" + leaf
    }

    static let diamond =
        header + "spec:\n  entrypoint: main\n  templates:\n  - name: main\n    dag:\n      tasks:\n      - {name: a, template: leaf}\n"
        + "      - {name: b, template: leaf, depends: a}\n      - {name: c, template: leaf, depends: a}\n"
        + "      - {name: d, template: leaf, depends: b && c}\n" + leaf

    static let retried =
        header + "spec:\n  entrypoint: leaf\n  templates:\n  - name: leaf\n    retryStrategy: {limit: 2, backoff: {duration: 10s}}\n"
        + "    container: {image: busybox, command: [run]}\n"

    static let artifacts =
        header + "spec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:\n    - - {name: make, template: make}\n"
        + "    - - name: use\n        template: use\n        arguments: {artifacts: [{name: in, from: '{{steps.make.outputs.artifacts.out}}'}]}\n"
        + "  - name: make\n    container: {image: busybox, command: [run]}\n    outputs: {artifacts: [{name: out, path: /tmp/out}]}\n"
        + "  - name: use\n    inputs: {artifacts: [{name: in, path: /tmp/in}]}\n    container: {image: busybox, command: [run]}\n"

    static let optionalArtifact = artifacts.replacing("{name: in, path: /tmp/in}", with: "{name: in, path: /tmp/in, optional: true}")

    static let secret =
        header + "spec:\n  entrypoint: leaf\n  templates:\n  - name: leaf\n    container:\n      image: busybox\n      command: [run]\n"
        + "      env:\n      - {name: P, valueFrom: {secretKeyRef: {name: login, key: password}}}\n"
}
