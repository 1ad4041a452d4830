import Diagnostics
import Engine
import Manifests
import Planning
import Testing
import WorkflowModel

/// How a rehearsed pod ends.
struct Ending {
    var code = 0
    var result: String?
    var parameters: [String: String] = [:]
    var notStarted: String?

    static let success = Ending()
    static func exit(_ code: Int) -> Ending { Ending(code: code) }
    static func prints(_ text: String) -> Ending { Ending(result: text) }
    static func writes(_ parameters: [String: String]) -> Ending { Ending(parameters: parameters) }
}

/// Carries a workflow out without processes: pods end as the script says, timers fire at once in order of time. After every event the
/// machine is rebuilt from its rows and must be equal to itself.
struct Rehearsal {
    var machine: RunMachine
    var launched: [PodRequest] = []
    var mostActive = 0
    var stopped: [PodID] = []
    var acquired: [(holder: LockHolder, locks: [LockRequest])] = []
    var released: [LockHolder] = []
    var recalls: [(node: NodeID, request: MemoRequest)] = []
    var remembered: [(request: MemoRequest, outputs: NodeOutputs)] = []
    var calls: [CallRequest] = []
    private var active: [PodRequest] = []
    private var timers: [(id: TimerID, at: Timestamp)] = []
    private var rows: [Int: JSONValue] = [:]
    private var runRow: JSONValue = .null
    private var now = Timestamp(milliseconds: 1_700_000_000_000)

    static func diagnostics(_ yaml: String) -> [Diagnostic] { Self.read(yaml).diagnostics }

    static func read(_ yaml: String) -> (plan: Plan?, diagnostics: [Diagnostic]) {
        let file = ManifestReader().read(file: "test.yaml", bytes: Array(yaml.utf8))
        var workflow: PlanningDocument?
        var library: [PlanningDocument] = []
        var resources = PlanResources()
        for document in file.documents {
            if var object = Workflow(document.value) {
                object.metadata.name = object.metadata.name ?? "wf"
                object.metadata.uid = "uid-1"
                object.metadata.creationTimestamp = Timestamp(milliseconds: 1_700_000_000_000)
                let planned = PlanningDocument(workflow: object, source: document.source)
                if object.kind == .workflow { workflow = planned } else { library.append(planned) }
            } else if document.kind == "ConfigMap" {
                var data: [String: String] = [:]
                for (key, value) in document.value["data"]?.object ?? JSONObject() { data[key] = value.scalarText }
                let name = document.value["metadata"]?["name"]?.string ?? ""
                resources.configMaps[name] = .init(data: data, isParameterSource: true)
            }
        }
        guard let workflow else { return (nil, file.diagnostics) }
        let result = Planner.plan(PlanningInput(workflow: workflow, library: library, resources: resources))
        return (result.plan, file.diagnostics + result.diagnostics)
    }

    init(_ yaml: String) throws {
        let read = Self.read(yaml)
        let errors = read.diagnostics.filter { $0.severity == .error }
        #expect(errors.isEmpty, "\(errors.map(\.message))")
        self.machine = RunMachine(plan: try #require(read.plan), id: RunID("uid-1"))
    }

    /// Runs to the end; `script` says how each pod ends, by node name.
    mutating func run(_ script: (PodRequest, Node) -> Ending = { _, _ in .success }) throws {
        try self.send(.started)
        while !self.machine.run.phase.isFinished {
            if !self.active.isEmpty {
                let request = self.active.removeFirst()
                try self.end(request, script(request, self.machine.nodes[request.id.node.index]))
            } else if let next = self.timers.min(by: { $0.at < $1.at }) {
                self.timers.removeAll { $0.id == next.id && $0.at == next.at }
                self.now = max(self.now, next.at)
                try self.send(.timerFired(next.id))
            } else {
                Issue.record("the run is stuck")
                return
            }
        }
    }

    mutating func start() throws { try self.send(.started) }
    var waitingPods: [PodRequest] { self.active }

    mutating func end(_ request: PodRequest, _ ending: Ending) throws {
        self.active.removeAll { $0.id == request.id }
        self.now = self.now + Span(milliseconds: 10)
        try self.send(.podStarted(request.id.node, attempt: request.id.attempt))
        var result = PodResult(end: ending.notStarted.map { .notStarted(message: $0) } ?? .exited(code: ending.code), finishedAt: self.now)
        result.result = ending.result
        result.parameters = ending.parameters
        try self.send(.podFinished(request.id.node, attempt: request.id.attempt, result))
    }

    /// A pod ends as it was told to.
    mutating func obey(_ pod: PodID) throws {
        self.active.removeAll { $0.id == pod }
        try self.send(.podFinished(pod.node, attempt: pod.attempt, PodResult(end: .exited(code: 143), finishedAt: self.now)))
    }

    mutating func send(_ event: RunMachine.Event) throws {
        #expect(RunMachine.Event(json: event.json) == event)
        for action in self.machine.handle(event, at: self.now) {
            switch action {
            case .launch(let request):
                #expect(!self.launched.contains { $0.id == request.id }, "\(request.id) is launched twice")
                self.launched.append(request)
                self.active.append(request)
            case .schedule(let id, let at): self.timers.append((id, at))
            case .stop(let pod, _):
                self.stopped.append(pod)
            case .acquire(let holder, let locks, _): self.acquired.append((holder, locks))
            case .release(let holder): self.released.append(holder)
            case .recall(let node, let request, _): self.recalls.append((node, request))
            case .remember(_, let request, let outputs): self.remembered.append((request, outputs))
            case .call(let request): self.calls.append(request)
            case .finish: break
            }
        }
        self.mostActive = max(self.mostActive, self.active.count)
        let changes = self.machine.takeChanges()
        if let run = changes.run { self.runRow = run }
        for (id, row) in changes.nodes { self.rows[id.index] = row }
        let rebuilt = try RunMachine(
            plan: self.machine.plan, id: self.machine.id, run: self.runRow,
            nodes: (0..<self.machine.nodes.count).map { self.rows[$0] ?? .null })
        #expect(rebuilt.run == self.machine.run)
        #expect(rebuilt.nodes == self.machine.nodes)
        // A machine that is told again from its rows must want the same things done.
        #expect(rebuilt.outstanding() == self.machine.outstanding())
        #expect(rebuilt == self.machine)
    }

    func node(_ name: String) throws -> Node {
        try #require(self.machine.nodes.first { $0.name == name && !$0.isRetired }, "no node \(name)")
    }
    func phase(_ name: String) throws -> NodePhase { try self.node(name).phase }
    var names: [String] { self.machine.nodes.map(\.name) }
}
