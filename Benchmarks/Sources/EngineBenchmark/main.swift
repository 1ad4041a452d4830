// The engine alone: DAGs of many tasks, planned from YAML and played through without processes or a journal.
//
// Shapes: a chain, a task with all others depending on it, a random DAG in which each task depends on up to three earlier ones, and 500
// tasks with a template each that fan out over a sequence, so that all nodes come to be at the first event. The last one is measured
// twice: with all pods asked for at once, and with `parallelism: 1`, where nodes are made and wait.

import Engine
import Foundation
import Glibc
import Manifests
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

/// Peak resident memory of this process so far, in MiB.
func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss / 1024
}

func manifest(_ dependencies: [[Int]]) -> JSONValue {
    let tasks = dependencies.enumerated().map { task, needs -> JSONValue in
        var object: JSONValue = [
            "name": .string("t\(task)"), "template": "work",
            "arguments": ["parameters": [["name": "text", "value": .string("{{workflow.name}} \(task)")]]],
        ]
        if !needs.isEmpty, case .object(var fields) = object {
            fields["dependencies"] = .array(needs.map { .string("t\($0)") })
            object = .object(fields)
        }
        return object
    }
    return [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": "bench", "uid": "0"],
        "spec": [
            "entrypoint": "main",
            "templates": [
                ["name": "main", "dag": ["tasks": .array(tasks)]],
                [
                    "name": "work", "inputs": ["parameters": [["name": "text"]]],
                    "container": ["image": "busybox:1", "command": ["echo"], "args": ["{{inputs.parameters.text}}"]],
                ],
            ],
        ],
    ]
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

func shape(_ name: String, _ count: Int) -> [[Int]] {
    switch name {
    case "chain": (0..<count).map { $0 == 0 ? [] : [$0 - 1] }
    case "wide": (0..<count).map { $0 == 0 ? [] : [0] }
    default:
        {
            var state: UInt64 = 42
            return (0..<count).map { task in
                Set(
                    (0..<3).map { _ -> Int in
                        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                        return task == 0 ? 0 : Int(state >> 33) % task
                    }
                ).filter { $0 != task }.sorted()
            }
        }()
    }
}

func plan(_ json: JSONValue) -> Plan {
    let document = PlanningDocument(workflow: Workflow(json)!, source: .init(file: "bench", lines: []))
    return Planner.plan(PlanningInput(workflow: document)).plan!
}

func play(_ plan: Plan, writingRows: Bool) -> Int {
    var machine = RunMachine(plan: plan, id: RunID("0"))
    var events = 0
    var now = Timestamp(milliseconds: 0)
    var queue: [PodID] = []
    var next = 0
    func handle(_ event: RunMachine.Event) {
        events += 1
        now.milliseconds += 1
        for case .launch(let request) in machine.handle(event, at: now) { queue.append(request.id) }
        if writingRows { _ = machine.takeChanges() }
    }
    handle(.started)
    while next < queue.count {
        let pod = queue[next]
        next += 1
        handle(.podFinished(pod.node, attempt: pod.attempt, PodResult(end: .exited(code: 0), finishedAt: now)))
    }
    precondition(machine.run.phase == .succeeded && machine.progress.finished == machine.progress.all)
    return events
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

/// One shape and size, measured and printed. Each has a process of its own, so that its peak memory is its own.
func measure(_ name: String, _ count: Int) {
    if name == "held" || name == "launched" { return measureFanOut(name, count) }
    let json = manifest(shape(name, count))
    var planned: Plan?
    let planning = seconds { planned = plan(json) }
    guard let planned else { return }
    let before = peakMemory()
    var events = 0
    let playing = seconds { events = play(planned, writingRows: false) }
    let peak = peakMemory()
    let recording = seconds { _ = play(planned, writingRows: true) }
    let numbers = String(
        format: "%7d  %7.3f  %7.3f  %9.2f  %12.3f  %12d  %9d", count, planning, playing, playing * 1e6 / Double(events), recording, before,
        peak)
    print("\(name.padding(toLength: 8, withPad: " ", startingAt: 0)) \(numbers)")
}

if CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[2]) {
    measure(CommandLine.arguments[1], count)
} else {
    try FileHandle.standardOutput.write(
        contentsOf: Data("shape      tasks   plan s   play s   µs/event   with rows s   planned MiB   peak MiB\n".utf8))
    for name in ["chain", "wide", "random", "held", "launched"] {
        for count in ["1000", "10000", "100000"] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
            process.arguments = [name, count]
            try process.run()
            process.waitUntilExit()
        }
    }
}
