import Diagnostics
import Engine
import Planning
public import WorkflowModel

/// All that is tried with one seed: the run without a crash, then with crashes, which must end the same.
public struct Trial: Sendable {
    public let seed: UInt64
    public let document: JSONValue
    let plan: Plan

    public struct Report: Sendable {
        public var runs = 0
        public var events = 0
        public var crashes = 0
        public var nodes = 0

        public init() {}
        public mutating func add(_ other: Report) {
            self.runs += other.runs
            self.events += other.events
            self.crashes += other.crashes
            self.nodes += other.nodes
        }
    }

    public init(seed: UInt64, isSmall: Bool = false) throws {
        self.seed = seed
        var generator = WorkflowGenerator(seed: seed, isSmall: isSmall)
        self.document = generator.workflow()
        guard let workflow = Workflow(self.document) else { throw SimulationFault("the document is no workflow") }
        let limits = PlanResources.ConfigMap(data: WorkflowGenerator.limits, isParameterSource: false)
        let maps = ["leaf", "run", "main", "mid0", "mid1", "mid2"].map { ("limits-\($0)", limits) }
        let planned = Planner.plan(
            PlanningInput(
                workflow: PlanningDocument(workflow: workflow, source: SourceMap(file: "simulated", lines: [])),
                resources: PlanResources(configMaps: Dictionary(uniqueKeysWithValues: maps)), readYAML: YAMLFault.jsonOnly))
        guard let plan = planned.plan else {
            throw SimulationFault("the workflow cannot be planned: \(planned.diagnostics.map(\.message))")
        }
        self.plan = plan
    }

    private func simulation(_ crashes: CrashSchedule, _ options: Simulation.Options) -> Simulation {
        Simulation(seed: self.seed, plan: self.plan, document: self.document, crashes: crashes, options: options)
    }

    /// Every event and action of one run, and how it ends.
    public func story(_ crashes: CrashSchedule) -> [String] {
        var options = Simulation.Options()
        options.isTraced = true
        var simulation = self.simulation(crashes, options)
        do {
            let ending = try simulation.run()
            return simulation.trace + ["== \(ending.phase) with \(ending.outputs)"] + ending.nodes.map { "   \($0)" }
        } catch {
            return simulation.trace + ["== FAULT: \(error)"]
        }
    }

    /// One run without crashes and one with a random schedule of them.
    public func carryOut(rebuildsEvery: Int = 7) throws -> Report {
        var options = Simulation.Options()
        options.rebuildsEvery = rebuildsEvery
        var report = Report()
        let expected = try self.run(.never, options, &report)
        try self.compare(try self.run(.random(seed: self.seed), options, &report), expected, "with random crashes")
        return report
    }

    /// One run for every point at which the process may crash.
    public func carryOutEveryCrash() throws -> Report {
        var options = Simulation.Options()
        var report = Report()
        let expected = try self.run(.never, options, &report)
        options.rebuildsEvery = 1_000_000
        for point in 1...expected.points {
            do {
                try self.compare(try self.run(.at(point), options, &report), expected, "with a crash")
            } catch {
                throw SimulationFault("crashed at point \(point): \(error)")
            }
        }
        return report
    }

    private func run(_ crashes: CrashSchedule, _ options: Simulation.Options, _ report: inout Report) throws -> Simulation.Ending {
        var simulation = self.simulation(crashes, options)
        let ending = try simulation.run()
        report.runs += 1
        report.events += ending.events
        report.crashes += ending.crashes
        report.nodes += ending.nodes.count
        return ending
    }

    private func compare(_ ending: Simulation.Ending, _ expected: Simulation.Ending, _ how: String) throws {
        guard ending.phase == expected.phase else {
            throw SimulationFault("the run is \(expected.phase), and \(ending.phase) \(how)")
        }
        guard ending.outputs == expected.outputs else {
            throw SimulationFault("the run gives \(expected.outputs), and \(ending.outputs) \(how)")
        }
        if ending.nodes != expected.nodes {
            let lost = expected.nodes.filter { !ending.nodes.contains($0) }
            let other = ending.nodes.filter { !expected.nodes.contains($0) }
            throw SimulationFault("\(how) these are missing: \(lost), and these are there: \(other)")
        }
    }
}
