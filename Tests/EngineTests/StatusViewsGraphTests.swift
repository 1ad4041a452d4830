import StatusViews
import Testing
import WorkflowModel

@testable import Engine

/// Edges between nodes as Argo's clients expect them.
@Suite struct StatusViewsGraphTests {
    static let steps = """
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: a, template: work}
            - {name: b, template: work, withItems: [x, y]}
          - - {name: c, template: work}
          - - {name: d, template: inner}
        - name: inner
          steps:
          - - {name: e, template: work}
        - name: work
          container: {image: alpine, command: ["true"]}
        """

    @Test func `a step group hangs under every end of the group before it`() throws {
        var sketch = try RunSketch(Self.steps)
        let root = sketch.add("flow", .steps, .entry, template: "main")
        let first = sketch.add("flow[0]", .stepGroup, .group(index: 0), owner: root, boundary: root)
        sketch.add("flow[0].a", .pod, .site(0), owner: first, boundary: root, template: "work")
        sketch.add("flow[0].b(0:x)", .pod, .item(site: 1, item: 0), owner: first, boundary: root, template: "work")
        sketch.add("flow[0].b(1:y)", .pod, .item(site: 1, item: 1), owner: first, boundary: root, template: "work")
        let second = sketch.add("flow[1]", .stepGroup, .group(index: 1), owner: root, boundary: root)
        sketch.add("flow[1].c", .skipped, .site(2), owner: second, boundary: root, phase: .skipped)
        let third = sketch.add("flow[2]", .stepGroup, .group(index: 2), owner: root, boundary: root)
        let inner = sketch.add("flow[2].d", .steps, .site(3), owner: third, boundary: root, template: "inner")
        let group = sketch.add("flow[2].d[0]", .stepGroup, .group(index: 0), owner: inner, boundary: inner)
        sketch.add("flow[2].d[0].e", .pod, .site(0), owner: group, boundary: inner, template: "work")
        #expect(
            sketch.graph == """
                flow -> flow[0] => flow[2].d[0].e
                flow[0] -> flow[0].a, flow[0].b(0:x), flow[0].b(1:y)
                flow[0].a -> flow[1]
                flow[0].b(0:x) -> flow[1]
                flow[0].b(1:y) -> flow[1]
                flow[1] -> flow[1].c
                flow[1].c -> flow[2]
                flow[2] -> flow[2].d
                flow[2].d -> flow[2].d[0] => flow[2].d[0].e
                flow[2].d[0] -> flow[2].d[0].e
                flow[2].d[0].e
                """)
    }

    @Test func `a group without steps is followed by the next group itself`() throws {
        var sketch = try RunSketch(Self.steps)
        let root = sketch.add("flow", .steps, .entry, template: "main", phase: .running)
        sketch.add("flow[0]", .stepGroup, .group(index: 0), owner: root, boundary: root)
        sketch.add("flow[1]", .stepGroup, .group(index: 1), owner: root, boundary: root, phase: .running)
        #expect(sketch.graph == "flow -> flow[0]\nflow[0] -> flow[1]\nflow[1]")
    }

    @Test func `the last nodes of a running steps node are not told yet`() throws {
        var sketch = try RunSketch(Self.steps)
        let root = sketch.add("flow", .steps, .entry, template: "main", phase: .running)
        let first = sketch.add("flow[0]", .stepGroup, .group(index: 0), owner: root, boundary: root, phase: .running)
        sketch.add("flow[0].a", .pod, .site(0), owner: first, boundary: root, template: "work", phase: .running)
        #expect(sketch.graph == "flow -> flow[0]\nflow[0] -> flow[0].a\nflow[0].a")
    }

    @Test func `a held node is not shown and nothing refers to it`() throws {
        var sketch = try RunSketch(Self.steps)
        let root = sketch.add("flow", .steps, .entry, template: "main", phase: .running)
        let first = sketch.add("flow[0]", .stepGroup, .group(index: 0), owner: root, boundary: root, phase: .running)
        sketch.add("flow[0].a", .pod, .site(0), owner: first, boundary: root, template: "work", phase: .held)
        sketch.add("flow[0].b(0:x)", .pod, .item(site: 1, item: 0), owner: first, boundary: root, template: "work", phase: .running)
        #expect(sketch.graph == "flow -> flow[0]\nflow[0] -> flow[0].b(0:x)\nflow[0].b(0:x)")
        #expect(sketch.status?["progress"] == "0/1")
    }

    static let dag = """
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: a, template: work}
            - {name: b, template: work, depends: a, withItems: [x, y]}
            - {name: c, template: sub, depends: a}
            - {name: d, template: work, depends: "b && c.Succeeded"}
            - {name: e, template: work, depends: b.Failed}
        - name: sub
          dag:
            tasks:
            - {name: z, template: work}
            - {name: f, template: work}
        - name: work
          container: {image: alpine, command: ["true"]}
        """

    @Test func `a task hangs under every end of its dependencies`() throws {
        var sketch = try RunSketch(Self.dag)
        let root = sketch.add("flow", .dag, .entry, template: "main")
        sketch.add("flow.a", .pod, .site(0), owner: root, boundary: root, template: "work")
        let fan = sketch.add("flow.b", .taskGroup, .site(1), owner: root, boundary: root)
        let sub = sketch.add("flow.c", .dag, .site(2), owner: root, boundary: root, template: "sub")
        sketch.add("flow.b(0:x)", .pod, .item(site: 1, item: 0), owner: fan, boundary: root, template: "work")
        sketch.add("flow.b(1:y)", .pod, .item(site: 1, item: 1), owner: fan, boundary: root, template: "work")
        sketch.add("flow.c.z", .pod, .site(0), owner: sub, boundary: sub, template: "work")
        sketch.add("flow.c.f", .pod, .site(1), owner: sub, boundary: sub, template: "work")
        sketch.add("flow.e", .skipped, .site(4), owner: root, boundary: root, phase: .omitted)
        sketch.add("flow.d", .pod, .site(3), owner: root, boundary: root, template: "work")
        #expect(
            sketch.graph == """
                flow -> flow.a => flow.d, flow.e
                flow.a -> flow.b, flow.c
                flow.b -> flow.b(0:x), flow.b(1:y)
                flow.c -> flow.c.z, flow.c.f => flow.c.f, flow.c.z
                flow.b(0:x) -> flow.e, flow.d
                flow.b(1:y) -> flow.e, flow.d
                flow.c.z -> flow.d
                flow.c.f -> flow.d
                flow.e
                flow.d
                """)
    }

    @Test func `a task group without items is its own end`() throws {
        var sketch = try RunSketch(Self.dag)
        let root = sketch.add("flow", .dag, .entry, template: "main", phase: .running)
        sketch.add("flow.a", .pod, .site(0), owner: root, boundary: root, template: "work")
        sketch.add("flow.b", .taskGroup, .site(1), owner: root, boundary: root)
        sketch.add("flow.e", .skipped, .site(4), owner: root, boundary: root, phase: .omitted)
        #expect(sketch.graph == "flow -> flow.a\nflow.a -> flow.b\nflow.b -> flow.e\nflow.e")
    }

    static let retried = """
        entrypoint: main
        onExit: clean
        templates:
        - name: main
          steps:
          - - {name: a, template: flaky, onExit: clean}
          - - {name: b, template: clean}
        - name: flaky
          retryStrategy: {limit: 2}
          container: {image: alpine, command: ["false"]}
        - name: clean
          container: {image: alpine, command: ["true"]}
        """

    @Test func `what comes after a retried node hangs under its last attempt, and an exit handler under its node`() throws {
        var sketch = try RunSketch(Self.retried)
        let root = sketch.add("flow", .steps, .entry, template: "main")
        let first = sketch.add("flow[0]", .stepGroup, .group(index: 0), owner: root, boundary: root)
        let retry = sketch.add("flow[0].a", .retry, .site(0), owner: first, boundary: root, template: "flaky")
        sketch.add("flow[0].a(0)", .pod, .attempt(index: 0), owner: retry, boundary: root, template: "flaky", phase: .failed)
        sketch.add("flow[0].a(1)", .pod, .attempt(index: 1), owner: retry, boundary: root, template: "flaky")
        sketch.add("flow[0].a.onExit", .pod, .exitHandler, owner: retry, boundary: root, template: "clean")
        let second = sketch.add("flow[1]", .stepGroup, .group(index: 1), owner: root, boundary: root)
        sketch.add("flow[1].b", .pod, .site(1), owner: second, boundary: root, template: "clean")
        sketch.add("flow.onExit", .pod, .exitHandler, template: "clean")
        sketch.finish(.succeeded)
        #expect(
            sketch.graph == """
                flow -> flow[0] => flow[1].b
                flow[0] -> flow[0].a
                flow[0].a -> flow[0].a(0), flow[0].a(1), flow[0].a.onExit
                flow[0].a(0)
                flow[0].a(1) -> flow[1]
                flow[0].a.onExit
                flow[1] -> flow[1].b
                flow[1].b
                flow.onExit
                """)
        #expect(sketch.node("flow[0].a(0)")?["nodeFlag"] == ["retried": true])
        #expect(sketch.node("flow[0].a(1)")?["displayName"] == "a(1)")
        #expect(sketch.node("flow[0].a(1)")?["templateName"] == "flaky")
        #expect(sketch.node("flow[0].a.onExit")?["nodeFlag"] == ["hooked": true])
        #expect(sketch.node("flow[0].a.onExit")?["displayName"] == "a.onExit")
        #expect(sketch.node("flow.onExit")?["displayName"] == "flow.onExit")
        #expect(sketch.node("flow.onExit")?["boundaryID"] == nil)
        #expect(sketch.node("flow.onExit")?["templateScope"] == "local/flow")
        // A failed attempt stays unfinished for ever, as Argo counts.
        #expect(sketch.node("flow[0].a")?["progress"] == "2/3")
        #expect(sketch.node("flow")?["progress"] == "3/4")
        #expect(sketch.status?["progress"] == "4/5")
    }

    @Test func `at every moment of a run each node is reached and each edge leads to a node`() throws {
        var rehearsal = try Rehearsal(
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: wf}
            spec:
              entrypoint: main
              onExit: work
              templates:
              - name: main
                parallelism: 2
                dag:
                  tasks:
                  - {name: a, template: flaky, onExit: work}
                  - {name: b, template: work, depends: a, withItems: [1, 2, 3]}
                  - {name: c, template: inner, depends: a}
                  - {name: d, template: work, depends: "b && c"}
                  - {name: e, template: work, depends: d.Failed}
                  - {name: f, template: work, depends: "e || d", when: "1 == 2"}
              - name: inner
                steps:
                - - {name: x, template: work, withItems: [p, q]}
                  - {name: y, template: work, when: "1 == 2"}
                - - {name: z, template: work, onExit: work}
              - name: flaky
                retryStrategy: {limit: 2}
                container: {image: "busybox:1", command: [echo]}
              - name: work
                container: {image: "busybox:1", command: [echo]}
            """)
        try rehearsal.start()
        try self.expectWhole(rehearsal.machine)
        while let pod = rehearsal.waitingPods.first {
            let name = rehearsal.machine.nodes[pod.id.node.index].name
            try rehearsal.end(pod, name == "wf.a(0)" ? .exit(1) : .success)
            try self.expectWhole(rehearsal.machine)
        }
        #expect(rehearsal.machine.run.phase == .succeeded)
        let view = WorkflowView(machine: rehearsal.machine, manifest: [:]).json
        #expect(view["metadata"]?["name"] == "wf")
        #expect(view["status"]?["nodes"]?.object?.count == rehearsal.machine.nodes.count)
        // All but the failed attempt.
        #expect(view["status"]?["progress"] == "11/12")
    }

    private func expectWhole(_ machine: RunMachine) throws {
        let nodes = WorkflowView(machine: machine, manifest: [:]).json["status"]?["nodes"]?.object ?? JSONObject()
        var reached: Set<String> = []
        var queue = nodes.filter { ["wf", "wf.onExit"].contains($0.1["name"]?.string) }.map(\.0)
        while let id = queue.popLast() {
            let node = try #require(nodes[id], "no node \(id)")
            guard reached.insert(id).inserted else { continue }
            queue += ["children", "outboundNodes"].flatMap { node[$0]?.array ?? [] }.compactMap(\.string)
        }
        #expect(reached.count == nodes.count)
    }
}
