import Engine
import LocalOperations
import Operations
import Ports
import TestKit
import Testing
import WorkflowModel

/// Runs that runs make.
@Suite(.timeLimit(.minutes(1))) struct ChildRunTests {
    private static let uid = "01a1fcdc-0000-8000-8000-00000000000c"

    /// A Workflow whose one step is a call.
    private static func caller(_ house: House, more: String = "") throws -> String {
        try house.file(
            "caller.yaml",
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: caller}
            spec:
              entrypoint: main
              templates: [{name: main, http: {url: "http://x.test/"}}]
            \(more)
            """)
    }

    private static func workflow(_ name: String, _ spec: JSONValue) -> JSONValue {
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": .string(name), "namespace": "default"],
            "spec": spec,
        ]
    }

    private static let leaf: JSONValue = [
        "entrypoint": "main", "templates": [["name": "main", "container": ["image": "busybox", "command": ["run"]]]],
    ]

    private static func outcome(_ body: () async throws -> Void) async -> CallResult {
        do {
            try await body()
            return CallResult(end: .succeeded(message: ""), finishedAt: Timestamp(milliseconds: 0))
        } catch {
            return CallResult(end: .failed(message: "\(error)"), finishedAt: Timestamp(milliseconds: 0))
        }
    }

    @Test func `a Workflow that a step creates becomes a run of the session, and only one`() async throws {
        let house = try House()
        let starter = house.starter { objects in
            ScriptedCalls { call in
                await Self.outcome {
                    for _ in 0..<2 {
                        let object = Self.workflow("child", Self.leaf)
                        let made = try await objects.create(object, uid: Self.uid, for: call.request.id.run)
                        #expect(made["metadata"]?["uid"]?.string == Self.uid)
                    }
                    let other = try? await objects.create(Self.workflow("caller", Self.leaf), uid: "other", for: call.request.id.run)
                    #expect(other == nil)
                }
            }
        }
        let session = try await starter.start(RunRequest(files: [try Self.caller(house)]))
        try await session.wait()
        let runs = try await house.operations().list(ListQuery())
        #expect(Set(runs.map(\.name)) == ["caller", "child"])
        #expect(runs.allSatisfy { $0.phase == "Succeeded" }, "\(runs)")
    }

    @Test func `what was given with a run is there for those it makes`() async throws {
        let house = try House()
        let template = """
            ---
            apiVersion: argoproj.io/v1alpha1
            kind: WorkflowTemplate
            metadata: {name: shared}
            spec:
              entrypoint: main
              templates: [{name: main, container: {image: busybox, command: [run]}}]
            """
        let starter = house.starter { objects in
            ScriptedCalls { call in
                await Self.outcome {
                    let spec: JSONValue = ["workflowTemplateRef": ["name": "shared"]]
                    _ = try await objects.create(Self.workflow("child", spec), uid: Self.uid, for: call.request.id.run)
                }
            }
        }
        let uid = try await house.carryOut(try Self.caller(house, more: "  workflowTemplateRef: null\n" + template), by: starter)
        let runs = try await house.operations().list(ListQuery())
        #expect(runs.first { $0.name == "child" }?.phase == "Succeeded", "\(runs)")
        #expect(runs.first { $0.uid == uid }?.phase == "Succeeded")
    }

    @Test func `a Workflow that is not valid is refused with its faults`() async throws {
        let house = try House()
        let chronicle = Chronicle()
        let starter = house.starter { objects in
            ScriptedCalls { call in
                await Self.outcome {
                    do {
                        let spec: JSONValue = ["entrypoint": "nowhere", "templates": []]
                        _ = try await objects.create(Self.workflow("child", spec), uid: Self.uid, for: call.request.id.run)
                    } catch {
                        chronicle.add("\(error)")
                    }
                }
            }
        }
        try await house.carryOut(try Self.caller(house), by: starter)
        #expect(chronicle.entries.count == 1)
        #expect(chronicle.entries.first?.hasPrefix("Workflow 'child' is not valid: ") == true, "\(chronicle.entries)")
    }

    @Test func `of a run only what stops it can be changed`() async throws {
        let house = try House()
        let chronicle = Chronicle()
        let starter = house.starter { objects in
            ScriptedCalls { _ in
                await Self.outcome {
                    let reference = ObjectReference(.workflow, namespace: "default", name: "caller")
                    let own = try #require(try await objects.object(reference, withSecrets: false))
                    for (field, value) in [("entrypoint", JSONValue.string("x")), ("suspend", false), ("shutdown", "Now")] {
                        var spec = try #require(own["spec"]?.object)
                        spec[field] = value
                        var object = try #require(own.object)
                        object["spec"] = .object(spec)
                        do {
                            _ = try await objects.replace(.object(object))
                            chronicle.add("\(field): done")
                        } catch {
                            chronicle.add("\(error)")
                        }
                    }
                }
            }
        }
        try await house.carryOut(try Self.caller(house), by: starter)
        #expect(
            chronicle.entries == [
                "of a run only spec.suspend and spec.shutdown can be changed, and spec.entrypoint differs", "suspend: done",
                "spec.shutdown is 'Now', expected Stop or Terminate",
            ])
    }
}
