// Planning a file of 500 templates that are each called over many items, and making all its nodes at the first event, without running any.
//
// `held` has `parallelism: 1`, where nodes are made and wait; `launched` asks for every pod at once.

import Engine
import Foundation
import Planning
import WorkflowModel

/// Processor time, which is what it takes with nothing else running: all of it is one thread.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let start = now()
    try body()
    return now() - start
}

/// 500 templates, each called by a task with `count / 500` items.
func fannedOut(_ count: Int, parallelism: Int64?) -> JSONValue {
    let templates = (0..<500).map { at -> JSONValue in
        [
            "name": .string("work-\(at)"), "inputs": ["parameters": [["name": "text"]]],
            "container": ["image": "busybox:1", "command": ["echo"], "args": ["{{inputs.parameters.text}}"]],
        ]
    }
    let tasks = (0..<500).map { at -> JSONValue in
        [
            "name": .string("t\(at)"), "template": .string("work-\(at)"), "withSequence": ["count": .string(String(count / 500))],
            "arguments": ["parameters": [["name": "text", "value": "{{workflow.name}} {{item}}"]]],
        ]
    }
    var spec = JSONObject()
    spec["entrypoint"] = "main"
    spec["templates"] = .array([["name": "main", "dag": ["tasks": .array(tasks)]]] + templates)
    if let parallelism { spec["parallelism"] = .integer(parallelism) }
    return [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": "bench", "uid": "0"], "spec": .object(spec),
    ]
}

/// Nodes made at the first event, and how long that takes.
func instantiate(_ plan: Plan) -> (nodes: Int, seconds: Double) {
    var machine = RunMachine(plan: plan, id: RunID("0"))
    let took = seconds { _ = machine.handle(.started, at: Timestamp(milliseconds: 1)) }
    return (machine.nodes.count, took)
}

func plan(_ json: JSONValue) -> Plan {
    let document = PlanningDocument(workflow: Workflow(json)!, source: .init(file: "bench", lines: []))
    return Planner.plan(PlanningInput(workflow: document)).plan!
}

/// Planning and making the nodes of a fan-out, without running them.
func measureFanOut(_ name: String, _ count: Int) {
    let json = fannedOut(count, parallelism: name == "held" ? 1 : nil)
    var planned: Plan?
    let planning = seconds { planned = plan(json) }
    guard let planned else { return }
    let made = instantiate(planned)
    let each = (planning + made.seconds) * 1e6 / Double(made.nodes)
    let numbers = String(format: "%7d  %7.3f  %7.3f  %9.2f", made.nodes, planning, made.seconds, each)
    print("\(name.padding(toLength: 8, withPad: " ", startingAt: 0)) \(numbers)  (nodes, plan s, make s, µs a node)")
}

print("shape      nodes   plan s   make s   µs a node")
for name in ["held", "launched"] {
    for count in [1_000, 10_000, 100_000] { measureFanOut(name, count) }
}
