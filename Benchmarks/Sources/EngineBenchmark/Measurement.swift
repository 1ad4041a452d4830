import CInstructionCounter
import Engine
import Foundation
import Planning
import WorkflowModel

/// What one shape and size costs.
struct Measurement: Codable {
    var shape: String
    var nodes = 0
    var events = 0
    var planSeconds = 0.0
    var playSeconds = 0.0
    var rowsSeconds = 0.0
    /// Resident memory that playing has added, for each node.
    var bytesPerNode = 0
    /// All rows that were written, for each event.
    var rowsPerEvent = 0.0
    /// Nodes that were there before an event and were changed by it, at most.
    var mostTouched = 0
    /// In user mode; nil where nobody counts them.
    var instructionsPerEvent: Double?

    var microsecondsPerEvent: Double { self.playSeconds * 1e6 / Double(self.events) }
    var eventsPerSecond: Double { Double(self.events) / self.playSeconds }

    static let header =
        "shape       nodes    plan s    play s   with rows s   events/s   µs/event   bytes/node   rows/event   touched   instructions/event"

    var line: String {
        let instructions = self.instructionsPerEvent.map { String(format: "%.0f", $0) } ?? "not counted here"
        let numbers = String(
            format: "%9d  %8.3f  %8.3f  %12.3f  %9.0f  %9.2f  %11d  %11.2f  %8d   %@", self.nodes, self.planSeconds, self.playSeconds,
            self.rowsSeconds, self.eventsPerSecond, self.microsecondsPerEvent, self.bytesPerNode, self.rowsPerEvent, self.mostTouched,
            instructions)
        return "\(self.shape.padding(toLength: 8, withPad: " ", startingAt: 0)) \(numbers)"
    }
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let took = try ContinuousClock().measure(body)
    return Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
}

/// Resident memory of this process, in bytes.
func residentMemory() -> Int {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)).flatMap { $0.split(separator: " ").dropFirst().first }
    return (pages.flatMap { Int($0) } ?? 0) * Int(getpagesize())
}

/// Plays a plan through without processes or a journal. Pods end in the order in which they were launched.
struct Player {
    private(set) var machine: RunMachine
    private(set) var events = 0
    private(set) var rows = 0
    private(set) var mostTouched = 0
    private let isWritingRows: Bool
    private var now = Timestamp(milliseconds: 0)
    private var queue: [PodID] = []

    init(_ plan: Plan, isWritingRows: Bool) {
        self.machine = RunMachine(plan: plan, id: RunID("0"))
        self.isWritingRows = isWritingRows
    }

    mutating func play() {
        self.handle(.started)
        var next = 0
        while next < self.queue.count {
            let pod = self.queue[next]
            next += 1
            self.handle(.podFinished(pod.node, attempt: pod.attempt, PodResult(end: .exited(code: 0), finishedAt: self.now)))
        }
        precondition(self.machine.run.phase == .succeeded && self.machine.progress.finished == self.machine.progress.all)
    }

    private mutating func handle(_ event: RunMachine.Event) {
        self.events += 1
        self.now.milliseconds += 1
        let before = self.machine.nodes.count
        for case .launch(let request) in self.machine.handle(event, at: self.now) { self.queue.append(request.id) }
        guard self.isWritingRows else { return }
        let changed = self.machine.takeChanges().nodes.count
        self.rows += changed
        self.mostTouched = max(self.mostTouched, changed - (self.machine.nodes.count - before))
    }
}

func measure(_ shape: Shape, _ count: Int) -> Measurement {
    var found = Measurement(shape: shape.rawValue)
    let json = shape.manifest(count)
    var planned: Plan?
    found.planSeconds = seconds {
        let document = PlanningDocument(workflow: Workflow(json)!, source: .init(file: "bench", lines: []))
        planned = Planner.plan(PlanningInput(workflow: document)).plan
    }
    guard let plan = planned else { preconditionFailure("shape \(shape) cannot be planned") }
    let before = residentMemory()
    let counter = instruction_counter_open()
    let start = instruction_counter_read(counter)
    do {
        var player = Player(plan, isWritingRows: false)
        found.playSeconds = seconds { player.play() }
        let instructions = instruction_counter_read(counter) - start
        found.events = player.events
        found.nodes = player.machine.nodes.count
        found.bytesPerNode = max(0, residentMemory() - before) / found.nodes
        if instructions > 0 { found.instructionsPerEvent = Double(instructions) / Double(found.events) }
    }
    var player = Player(plan, isWritingRows: true)
    found.rowsSeconds = seconds { player.play() }
    found.rowsPerEvent = Double(player.rows) / Double(player.events)
    found.mostTouched = player.mostTouched
    return found
}
