import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct WorkflowTreeTests {
    func tree(_ workflow: JSONValue, _ layout: WorkflowTree.Layout = .normal, utf8: Bool = true, filter: NodeFilter = .all) -> String {
        WorkflowTree(workflow, filter: filter).text(layout, style: OutputStyle(usesUTF8: utf8), now: TestConsole.now)
    }

    @Test func `parallel steps are drawn as a bracket`() {
        #expect(
            tree(SampleFlow.steps.workflow()) == """
                STEP            TEMPLATE           PODNAME          DURATION  MESSAGE
                 ✔ flow         hello-hello-hello
                 ├───✔ hello1   whalesay           flow-whalesay-2  2s
                 └─┬─✔ hello2a  whalesay           flow-whalesay-4  3s
                   └─✔ hello2b  whalesay           flow-whalesay-5  1m

                """)
    }

    @Test func `without UTF-8 the tree is ASCII and phases are words`() {
        #expect(
            tree(SampleFlow.steps.workflow(), utf8: false) == """
                STEP                    TEMPLATE           PODNAME          DURATION  MESSAGE
                 Succeeded flow         hello-hello-hello
                 |---Succeeded hello1   whalesay           flow-whalesay-2  2s
                 `-+-Succeeded hello2a  whalesay           flow-whalesay-4  3s
                   `-Succeeded hello2b  whalesay           flow-whalesay-5  1m

                """)
    }

    /// All of it starts in the same second; the order is that of the dependencies.
    static var dag: SampleFlow {
        var flow = SampleFlow()
        flow.add("flow", "flow", "DAG", "Running", template: "main", ran: nil)
        flow.add("flow.z-first", "z-first", "Pod", template: "make", in: "flow", after: ["flow"], ran: 3)
        flow.add("flow.fan", "fan", "TaskGroup", "Running", template: "each", in: "flow", after: ["flow.z-first"], ran: nil)
        flow.add(
            "flow.fan(10:k)", "fan(10:k)", "Pod", "Pending", template: "each", in: "flow", after: ["flow.fan"], ran: nil, message: "waits")
        flow.add("flow.fan(2:c)", "fan(2:c)", "Pod", "Running", template: "each", in: "flow", after: ["flow.fan"], ran: nil)
        flow.add("flow.fan(0:a)", "fan(0:a)", "Pod", template: "each", in: "flow", after: ["flow.fan"])
        flow.add("flow.a-last", "a-last", "Skipped", "Omitted", in: "flow", after: ["flow.fan(0:a)"])
        flow.add(
            "flow.b-when", "b-when", "Skipped", "Skipped", template: "each", in: "flow", after: ["flow.fan(0:a)"],
            message: "when 'no == yes' evaluated false")
        return flow
    }

    @Test func `elements of a fan-out stand in the place of their group, in order, and omitted tasks are left out`() {
        #expect(
            tree(Self.dag.workflow("Running")) == """
                STEP            TEMPLATE  PODNAME      DURATION  MESSAGE
                 ● flow         main
                 ├─✔ z-first    make      flow-make-1  3s
                 ├─✔ fan(0:a)   each      flow-each-5  5s
                 ├─● fan(2:c)   each      flow-each-4  2m
                 ├─◷ fan(10:k)  each      flow-each-3  2m        waits
                 └─○ b-when     each                             when 'no == yes' evaluated false

                """)
    }

    static var retries: SampleFlow {
        var flow = SampleFlow()
        flow.add("flow", "flow", "DAG", "Failed", template: "main", message: "child 'flow-1' failed")
        flow.add("flow.once", "once", "Retry", template: "work", in: "flow", after: ["flow"])
        flow.add(
            "flow.once(0)", "once(0)", "Pod", template: "work", in: "flow", after: ["flow.once"], more: ["nodeFlag": ["retried": true]])
        flow.add(
            "flow.twice", "twice", "Retry", "Failed", template: "work", in: "flow", after: ["flow.once(0)"], start: 6,
            message: "No more retries left")
        flow.add(
            "flow.twice(0)", "twice(0)", "Pod", "Failed", template: "work", in: "flow", after: ["flow.twice"], start: 6,
            message: "exit code 1")
        flow.add(
            "flow.twice(1)", "twice(1)", "Pod", "Error", template: "work", in: "flow", after: ["flow.twice"], start: 12, message: "lost")
        return flow
    }

    @Test func `a retry shows its attempts when there is more than one`() {
        #expect(
            tree(Self.retries.workflow("Failed")) == """
                STEP             TEMPLATE  PODNAME      DURATION  MESSAGE
                 ✖ flow          main                             child 'flow-1' failed
                 ├─✔ once(0)     work      flow-work-2  5s
                 └─✖ twice       work                             No more retries left
                   ├─✖ twice(0)  work      flow-work-4  5s        exit code 1
                   └─⚠ twice(1)  work      flow-work-5  5s        lost

                """)
    }

    static var nested: SampleFlow {
        var flow = SampleFlow()
        flow.add("flow", "flow", "Steps", template: "main")
        flow.add("flow[0]", "[0]", "StepGroup", in: "flow", after: ["flow"])
        flow.add(
            "flow[0].inner", "inner", "DAG", in: "flow", after: ["flow[0]"], more: ["templateRef": ["name": "library", "template": "pair"]])
        flow.add("flow[0].inner.one", "one", "Pod", template: "work", in: "flow[0].inner", after: ["flow[0].inner"])
        flow.add(
            "flow[0].inner.two", "two", "Pod", in: "flow[0].inner", after: ["flow[0].inner.one"], start: 5,
            more: ["templateRef": ["name": "library", "template": "step"], "hostNodeName": "here"])
        flow.add("flow[0].other", "other", "Suspend", "Running", template: "gate", in: "flow", after: ["flow[0]"], ran: nil)
        flow.add("flow[1]", "[1]", "StepGroup", in: "flow", after: ["flow[0].inner.two", "flow[0].other"], start: 10)
        flow.add("flow[1].last", "last", "Pod", "Succeeded", template: "work", in: "flow", after: ["flow[1]"], start: 10)
        flow.add("flow.onExit", "flow.onExit", "Pod", template: "bye", start: 20)
        return flow
    }

    @Test func `templates nest, and the exit handler is a tree of its own`() {
        #expect(
            tree(Self.nested.workflow()) == """
                STEP            TEMPLATE      PODNAME      DURATION  MESSAGE
                 ✔ flow         main
                 ├─┬─✔ inner    library/pair
                 │ │ ├─✔ one    work          flow-work-3  5s
                 │ │ └─✔ two    library/step  flow-step-4  5s
                 │ └─ǁ other    gate
                 └───✔ last     work          flow-work-7  5s

                 ✔ flow.onExit  bye           flow-bye-8   5s

                """)
    }

    @Test func `wide and short tables have more columns`() {
        var flow = SampleFlow()
        flow.add(
            "flow", "flow", "Pod", template: "main", message: "fine",
            more: [
                "hostNodeName": "here", "resourcesDuration": ["memory": 90, "cpu": 3, "nvidia.com/gpu": 60],
                "outputs": ["artifacts": [["name": "a"], ["name": "b"]]],
            ])
        #expect(
            tree(flow.workflow(), .wide) == """
                STEP     TEMPLATE  PODNAME  DURATION  ARTIFACTS  MESSAGE  RESOURCESDURATION                                      NODENAME
                 ✔ flow  main      flow     5s        a,b        fine     3s*(1 cpu),1m30s*(100Mi memory),1m*(1 nvidia.com/gpu)  here

                """)
        #expect(
            tree(flow.workflow(), .short) == """
                STEP     TEMPLATE  PODNAME  DURATION  MESSAGE  NODENAME
                 ✔ flow  main      flow     5s        fine     here

                """)
    }

    @Test func `a filter keeps matching nodes and hoists them to what is left above them`() throws {
        #expect(
            tree(Self.retries.workflow("Failed"), filter: try NodeFilter(phases: "failed,error")) == """
                STEP             TEMPLATE  PODNAME      DURATION  MESSAGE
                 ✖ flow          main                             child 'flow-1' failed
                 └─✖ twice       work                             No more retries left
                   ├─✖ twice(0)  work      flow-work-4  5s        exit code 1
                   └─⚠ twice(1)  work      flow-work-5  5s        lost

                """)
        #expect(
            tree(Self.nested.workflow(), filter: try NodeFilter(selector: "templateName=work,displayName!=last")) == """
                STEP    TEMPLATE  PODNAME      DURATION  MESSAGE
                 ✔ one  work      flow-work-3  5s

                """)
        #expect(tree(Self.nested.workflow(), filter: try NodeFilter(selector: "phase==Error")) == "")
    }

    @Test func `nodes are selected by their inputs`() throws {
        var flow = SampleFlow()
        flow.add("flow", "flow", "Pod", template: "main", more: ["inputs": ["parameters": [["name": "n", "value": "7"]]]])
        #expect(!tree(flow.workflow(), filter: try NodeFilter(selector: "inputs.parameters.n.value=7")).isEmpty)
        #expect(tree(flow.workflow(), filter: try NodeFilter(selector: "inputs.parameters.n.value!=7")).isEmpty)
        #expect(throws: SelectorFault.self) { try NodeFilter(selector: "inputs.parameters..value=7") }
        #expect(throws: SelectorFault.self) { try NodeFilter(selector: "shape=round") }
        #expect(throws: SelectorFault.self) { try NodeFilter(phases: "Happy") }
    }

    @Test func `an empty step group does not swallow the next one`() {
        var flow = SampleFlow()
        flow.add("flow", "flow", "Steps", template: "main")
        flow.add("flow[0]", "[0]", "StepGroup", in: "flow", after: ["flow"])
        flow.add("flow[1]", "[1]", "StepGroup", in: "flow", after: ["flow[0]"])
        flow.add("flow[1].b", "b", "Pod", template: "work", in: "flow", after: ["flow[1]"])
        flow.add("flow[2]", "[2]", "StepGroup", in: "flow", after: ["flow[1].b"])
        #expect(
            tree(flow.workflow()) == """
                STEP      TEMPLATE  PODNAME      DURATION  MESSAGE
                 ✔ flow   main
                 └───✔ b  work      flow-work-3  5s

                """)
    }

    @Test func `text of a manifest cannot reach the terminal as commands or break the table`() {
        var flow = SampleFlow()
        flow.add("flow", "fl\u{1B}[31mow", "Pod", "Failed", template: "main", message: "one\ntwo\u{202E}three")
        #expect(tree(flow.workflow()).contains("✖ fl\u{FFFD}[31mow  main      flow     5s        one two\u{FFFD}three\n"))
    }

    @Test func `colours are by phase`() {
        let text = WorkflowTree(Self.retries.workflow()).text(.normal, style: OutputStyle(usesColor: true), now: TestConsole.now)
        #expect(text.contains("├─\u{1B}[32m✔\u{1B}[0m once(0)  "))
        #expect(text.contains("└─\u{1B}[31m✖\u{1B}[0m twice  "))
    }

    @Test func `a status that goes round in circles is cut`() {
        var flow = SampleFlow()
        flow.add("flow", "flow", "Pod", template: "main")
        flow.add("a", "a", "Steps", in: "b")
        flow.add("b", "b", "Steps", in: "a")
        flow.add("c", "c", "Steps", in: "c")
        #expect(WorkflowTree(flow.workflow()).trees.count == 1)
    }

    @Test func `a run of ten thousand nodes is drawn quickly enough to be watched`() {
        var nodes = JSONObject()
        nodes["flow"] = ["id": "flow", "name": "flow", "displayName": "flow", "type": "DAG", "phase": "Running"]
        for index in 0..<10_000 {
            let id = "flow-\(index)"
            nodes[id] = [
                "id": .string(id), "name": .string("flow.t(\(index):x)"), "displayName": .string("t(\(index):x)"), "type": "Pod",
                "phase": "Running",
                "boundaryID": "flow", "startedAt": "2026-11-21T04:30:00Z",
            ]
        }
        let workflow: JSONValue = ["metadata": ["name": "flow"], "status": ["phase": "Running", "nodes": .object(nodes)]]
        let tree = WorkflowTree(workflow)
        #expect(tree.trees[0].count == 10_001)
        #expect(tree.trees[0][10_000].node.displayName == "t(9999:x)")
        #expect(LiveFrame(columns: 80, rows: 24, style: OutputStyle(), now: TestConsole.now, tick: 0).lines([tree]).count == 23)
    }
}
