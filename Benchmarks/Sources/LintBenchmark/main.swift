// The language alone: a file of 10,000 lines with 500 templates is read, planned and linted, each stage timed by itself.
//
// Shapes: `one` is a single Workflow, whose dags call the templates beside them; `library` the same templates spread over 100
// WorkflowTemplates, called by templateRef; `faulty` is `one` with something to say about each template. `LintBenchmark SHAPE`
// measures one of them, `LintBenchmark print SHAPE` writes its text instead.

import Diagnostics
import Glibc
import Manifests
import Planning
import WorkflowModel

/// Writes the files.
struct Generator {
    let shape: String
    private(set) var text = ""

    private static let templates = 500
    /// Every tenth template is a dag that calls the nine before it.
    private static let perDAG = 10

    init(shape: String) {
        self.shape = shape
        let isLibrary = shape == "library"
        self.header("Workflow", "bench")
        self.line("  entrypoint: main")
        self.line("  arguments:")
        self.line("    parameters:")
        self.line("    - {name: environment, value: test, enum: [test, live]}")
        self.line("  volumes:")
        self.line("  - {name: scratch, emptyDir: {}}")
        self.line("  templates:")
        self.line("  - name: main")
        self.line("    dag:")
        self.line("      tasks:")
        for dag in 0..<(Self.templates / Self.perDAG) {
            self.line("      - name: part-\(dag)")
            let name = "group-\(dag * Self.perDAG + Self.perDAG - 1)"
            self.line("        " + (isLibrary ? "templateRef: {name: lib-\(dag), template: \(name)}" : "template: \(name)"))
            if dag > 0 { self.line("        depends: part-\(dag - 1).Succeeded || part-\(dag - 1).Failed") }
        }
        for at in 0..<Self.templates {
            if isLibrary, at % Self.perDAG == 0 {
                self.line("---")
                self.header("WorkflowTemplate", "lib-\(at / Self.perDAG)")
                self.line("  templates:")
            }
            if at % Self.perDAG == Self.perDAG - 1 { self.dag(at) } else { self.leaf(at) }
        }
    }

    private mutating func line(_ text: String) {
        self.text += text
        self.text += "\n"
    }

    private mutating func header(_ kind: String, _ name: String) {
        self.line("apiVersion: argoproj.io/v1alpha1")
        self.line("kind: \(kind)")
        self.line("metadata:")
        self.line("  name: \(name)")
        self.line("spec:")
    }

    private mutating func leaf(_ at: Int) {
        let isFaulty = self.shape == "faulty"
        self.line("  - name: work-\(at)")
        self.line("    inputs:")
        self.line("      parameters:")
        self.line("      - {name: text}")
        self.line("      - {name: size, default: small, enum: [small, large]}")
        if isFaulty { self.line("      - {name: unused, default: x}") }
        self.line("    outputs:")
        self.line("      parameters: [{name: result, valueFrom: {path: /tmp/result}}]")
        self.line("    retryStrategy: {limit: 2}")
        self.line("    container:")
        self.line("      image: registry.example.com/tools/work:\(at)\(isFaulty ? "" : ".1")")
        self.line("      command: [sh, -c]")
        self.line("      args:")
        self.line("      - |")
        self.line(
            "        echo '{{inputs.parameters.text}} {{workflow.parameters.environment}}' '{{=sprig.upper(inputs.parameters.size)}}' > /tmp/result"
        )
        self.line("      resources: {requests: {cpu: 100m, memory: 64Mi}}")
        self.line("      volumeMounts: [{name: \(isFaulty ? "scrach" : "scratch"), mountPath: /work}]")
    }

    private mutating func dag(_ at: Int) {
        let first = at - Self.perDAG + 1
        self.line("  - name: group-\(at)")
        self.line("    dag:")
        self.line("      tasks:")
        for task in first..<at {
            self.line("      - name: t\(task)")
            self.line("        template: work-\(task)")
            if task > first { self.line("        depends: t\(task - 1) && !t\(first).Failed") }
            self.line("        arguments:")
            self.line("          parameters:")
            let text = task > first ? "{{tasks.t\(task - 1).outputs.parameters.result}}" : "first"
            self.line("          - {name: text, value: \"\(text)\"}")
            self.line("          - {name: size, value: \(self.shape == "faulty" ? "big" : "large")}")
            if task > first { self.line("        when: \"{{tasks.t\(first).status}} == Succeeded\"") }
        }
    }
}

/// Processor time so far, in milliseconds: what else the machine does is not in it.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

/// The shortest of several runs, in milliseconds of processor time.
func milliseconds(_ body: () -> Void) -> Double {
    (0..<20).map { _ in
        let start = processorTime()
        body()
        return processorTime() - start
    }.min() ?? 0
}

func padded(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
func tenths(_ value: Double) -> String { "\(Int(value * 10) / 10).\(Int(value * 10) % 10)" }

func measure(_ shape: String) {
    let text = Generator(shape: shape).text
    let bytes = Array(text.utf8)
    var file: ManifestFile?
    let reading = milliseconds { file = ManifestReader().read(file: "bench.yaml", bytes: bytes) }
    guard let documents = file?.documents else { return }
    var inputs: [PlanningInput] = []
    let modelling = milliseconds {
        let planned = documents.compactMap { document in
            Workflow(document.value).map { PlanningDocument(workflow: $0, source: document.source) }
        }
        let library = planned.filter { $0.workflow.kind != .workflow }
        inputs = planned.map { PlanningInput(workflow: $0, library: library) }
    }
    let planning = milliseconds { for input in inputs { _ = Planner.plan(input) } }
    let linting = milliseconds { for input in inputs { _ = Planner.lint(input) } }
    var found = 0
    let checking = milliseconds { found = inputs.reduce(0) { $0 + Planner.check($1).count } }
    let lines = text.utf8.count { $0 == UInt8(ascii: "\n") }
    let columns = [reading, modelling, planning, linting, checking, reading + modelling + checking].map { padded(tenths($0), 9) }.joined()
    print("\(padded(shape, 8))\(padded(String(lines), 8))\(padded(String((file?.diagnostics.count ?? 0) + found), 8))\(columns)")
}

if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "print" {
    print(Generator(shape: CommandLine.arguments[2]).text, terminator: "")
} else {
    print("   shape   lines  faults  read ms    model     plan     lint    check    whole")
    for shape in CommandLine.arguments.count == 2 ? [CommandLine.arguments[1]] : ["one", "library", "faulty"] { measure(shape) }
}
