import Driver
import Engine
import Ports
import TestKit
import Testing
import WorkflowModel

@Suite(.timeLimit(.minutes(1))) struct CallTests {
    private static func fan(_ count: Int) -> String {
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: wf}
        spec:
          entrypoint: main
          templates:
          - name: main
            dag:
              tasks:
              - {name: ask, template: ask, withSequence: {count: "\(count)"}}
              - {name: wait, template: wait, withSequence: {count: "\(count)"}}
          - {name: ask, http: {url: "http://x.test/"}}
          - {name: wait, resource: {action: get, manifest: '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}'}}
        """
    }

    @Test func `only so many requests go on at once, and steps that wait for objects keep none of them back`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Self.fan(20)))
        rig.calls = ScriptedCalls { call in
            if case .http = call.request.kind { chronicle.add("ask") } else { chronicle.add("wait") }
            await chronicle.wait(for: "go")
            return CallResult(end: .succeeded(message: ""), finishedAt: Timestamp(milliseconds: 0))
        }
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait { entries in entries.count { $0 == "wait" } == 20 && entries.count { $0 == "ask" } >= 16 }
            #expect(chronicle.entries.count { $0 == "ask" } == 16)
            chronicle.add("go")
            return await handle.outcome()
        }
        #expect(outcome.phase == .succeeded)
        #expect(chronicle.entries.count { $0 == "ask" } == 20)
    }

    private static let cancelled = CallResult(end: .failed(message: "cancelled"), finishedAt: Timestamp(milliseconds: 0))

    @Test func `a run that is stopped ends its calls, and those that wait for their turn are never made`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Self.fan(20)))
        rig.calls = ScriptedCalls { call in
            chronicle.add("call")
            let ended = Chronicle()
            await withTaskCancellationHandler {
                await ended.wait(for: "cancelled")
            } onCancel: {
                ended.add("cancelled")
            }
            chronicle.add("end")
            return Self.cancelled
        }
        let outcome = try await rig.start { handle, _ in
            await chronicle.wait { $0.count == 36 }
            handle.shutDown(.terminate, message: "enough")
            return await handle.outcome()
        }
        #expect(outcome.phase == .failed)
        await chronicle.wait { entries in entries.count { $0 == "end" } == 36 }
        #expect(rig.calls.calls.count == 36)
    }

    @Test func `a run that is left ends its calls without an end, and whoever takes it over makes them again`() async throws {
        let chronicle = Chronicle()
        var rig = Rig(plan: try Rig.plan(Self.fan(2)))
        rig.calls = ScriptedCalls { call in
            chronicle.add("call")
            let ended = Chronicle()
            await withTaskCancellationHandler {
                await ended.wait(for: "cancelled")
            } onCancel: {
                ended.add("cancelled")
            }
            return Self.cancelled
        }
        let left = try await rig.start { handle, _ in
            await chronicle.wait { $0.count == 4 }
            handle.leave()
            return await handle.outcome()
        }
        #expect(left.isLeft)
        rig.calls = ScriptedCalls()
        #expect(try await rig.resume { handle, _ in await handle.outcome() }.phase == .succeeded)
        #expect(Set(rig.calls.calls.map(\.request.id)).count == 4)
        #expect(rig.calls.calls.count == 4)
    }
}
