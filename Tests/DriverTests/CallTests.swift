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
}
