public import Diagnostics
import Expressions
public import WorkflowModel

extension Planner {
    /// Finds the faults of a CronWorkflow: of its schedule, and of the workflow that it submits.
    /// - Parameters:
    ///   - source: where its fields are written.
    ///   - library: what its workflow may refer to.
    ///   - readYAML: as in `PlanningInput`.
    public static func check(
        _ cron: CronWorkflow, source: SourceMap, library: [PlanningDocument] = [], resources: PlanResources = PlanResources(),
        readYAML: YAMLReader? = nil
    ) -> [Diagnostic] {
        var checker = CronChecker(cron, source)
        checker.check()
        let child = PlanningDocument(
            workflow: cron.workflow, source: source.wrapping(FieldPath("spec.workflowSpec"), as: "spec"))
        let input = PlanningInput(workflow: child, library: library, resources: resources, readYAML: readYAML)
        checker.checkValues(input)
        for fault in Planner.check(input) where !fault.isMissingValue {
            checker.faults.add(fault.moved(from: "spec", to: "spec.workflowSpec", in: child.source.file))
        }
        return checker.faults.sorted
    }
}

extension Diagnostic {
    /// Of a workflow by itself, to which somebody may still give the value.
    fileprivate var isMissingValue: Bool { self.code == .missingArgument && self.path.text.hasPrefix("spec.arguments.") }

    /// The same fault of an object inside another one. Faults of other documents stay as they are.
    fileprivate func moved(from inner: String, to outer: String, in file: String) -> Diagnostic {
        var moved = self
        guard self.file == file, self.path.text == inner || self.path.text.hasPrefix(inner + ".") else { return moved }
        moved.path = FieldPath(outer + self.path.text.dropFirst(inner.count))
        if self.message.hasPrefix(inner + ".") { moved.message = outer + self.message.dropFirst(inner.count) }
        return moved
    }
}

/// Checks what a CronWorkflow says beside its workflow.
private struct CronChecker {
    var faults = LintFaults()
    private let cron: CronWorkflow
    private let spec: Origin
    private let document: PlanningDocument

    init(_ cron: CronWorkflow, _ source: SourceMap) {
        self.cron = cron
        self.document = PlanningDocument(workflow: cron.workflow, source: source)
        self.spec = Origin(document: self.document, path: FieldPath("spec"))
    }

    mutating func check() {
        self.checkName()
        self.checkZone()
        self.checkSchedules()
        self.checkPolicies()
        self.checkExpressions()
    }

    /// The names of its runs end in a dash and ten digits.
    private static let longestName = 52

    private mutating func checkName() {
        guard let name = self.cron.metadata.name, name.utf8.count > Self.longestName else { return }
        self.faults.add(
            .badName, at: Origin(document: self.document, path: FieldPath("metadata.name")), word: name,
            "the name of a CronWorkflow has at most \(Self.longestName) characters, and '\(name)' has \(name.utf8.count)",
            hint: "the time of each run is added to it")
    }

    private mutating func checkZone() {
        guard let zone = self.cron.timezone, zone != "Local", TimeZoneRules(name: zone) == nil else { return }
        self.faults.add(
            .badTimeZone, at: self.spec.field("timezone"), word: zone, "there is no time zone '\(zone)'", hint: Self.zoneHint(zone))
    }

    private static func zoneHint(_ name: String) -> String {
        TimeZoneRules.closestName(to: name).map { "did you mean '\($0)'?" }
            ?? "names are those of the tz database: UTC, Europe/Berlin, America/New_York"
    }

    // MARK: Schedules

    private mutating func checkSchedules() {
        let listed = self.cron.raw["spec"]?["schedules"]?.array ?? []
        for (at, item) in listed.enumerated() {
            if let text = item.string { self.check(text, self.spec.field("schedules").index(at)) }
        }
        if let older = self.cron.raw["spec"]?["schedule"]?.string {
            self.faults.older("schedule", at: self.spec, "was removed in Argo Workflows 4", "schedules: [\"\(older)\"]")
            self.check(older, self.spec.field("schedule"))
        } else if listed.isEmpty, self.cron.raw["spec"]?["schedules"] != nil {
            // Without the field the schema speaks.
            self.faults.add(
                .badSchedule, at: self.spec.field("schedules"), atKey: true, "a CronWorkflow needs at least one schedule",
                hint: "write 'schedules: [\"0 2 * * *\"]' for each night at two")
        }
        var seen: Set<String> = []
        for (at, item) in listed.enumerated() {
            guard let text = item.string, !seen.insert(text).inserted else { continue }
            self.faults.add(
                .badSchedule, .warning, at: self.spec.field("schedules").index(at), word: text,
                "schedule '\(text)' is given twice", hint: "remove one of them")
        }
    }

    private mutating func check(_ text: String, _ origin: Origin) {
        do throws(CronScheduleError) {
            let schedule = try CronSchedule(text)
            self.checkSense(of: schedule, origin)
        } catch {
            let isZone = text.hasPrefix("CRON_TZ=") || text.hasPrefix("TZ=") ? error.message.hasPrefix("there is no time zone") : false
            var hint = error.suggestion.map { "did you mean '\($0)'?" }
            if isZone { hint = hint ?? Self.zoneHint("") }
            self.faults.add(
                isZone ? .badTimeZone : .badSchedule, at: origin, text: text, offset: error.offset, length: error.length,
                text.isEmpty ? error.message : "schedule '\(text)': \(error.message)", hint: hint)
        }
    }

    private mutating func checkSense(of schedule: CronSchedule, _ origin: Origin) {
        if !schedule.everHappens {
            self.faults.add(
                .badSchedule, .warning, at: origin, word: schedule.text,
                "schedule '\(schedule.text)' never happens: no month it names has such a day")
        }
        if schedule.timeZone != nil, let zone = self.cron.timezone {
            // The field is put before the text, where only one zone can stand.
            self.faults.add(
                .badTimeZone, at: origin, word: schedule.text,
                "schedule '\(schedule.text)' names a time zone, and spec.timezone is '\(zone)'",
                hint: "keep spec.timezone")
        }
    }

    // MARK: Policies

    private mutating func checkPolicies() {
        // A wrong concurrencyPolicy is told by the schema.
        if let seconds = self.cron.startingDeadlineSeconds, seconds < 0 {
            self.faults.add(
                .badNumber, at: self.spec.field("startingDeadlineSeconds"), "startingDeadlineSeconds '\(seconds)' is not 0 or more",
                hint: "it says how many seconds late a missed run may still start")
        }
    }

    private mutating func checkExpressions() {
        let names = ["cronworkflow"]
        if let when = self.cron.when {
            do {
                let text = try TemplateText(when)
                for reference in text.expressionReferences {
                    self.faults.unknown(reference, names, at: self.spec.field("when"), text: when)
                }
            } catch {
                self.faults.add(
                    .badTag, at: self.spec.field("when"), text: when, offset: error.offset, length: 2, error.message,
                    hint: "tags are written {{name}} or {{=expression}}")
            }
        }
        if let stop = self.cron.stopExpression {
            self.faults.check(stop, names, at: self.spec.field("stopStrategy").field("expression"))
        }
    }

    // MARK: The workflow

    /// Nobody is there to give values when the time comes.
    mutating func checkValues(_ input: PlanningInput) {
        let own = input.workflow.workflow.spec
        let list = self.spec.field("workflowSpec").field("arguments").field("parameters")
        for (at, argument) in own.arguments.parameters.enumerated() where argument.isMissing {
            self.missing(argument, list.index(at), isWritten: true)
        }
        guard let reference = own.workflowTemplateRef else { return }
        let kind = reference.clusterScope ? WorkflowKind.clusterWorkflowTemplate : .workflowTemplate
        let base = input.library.first { $0.workflow.metadata.name == reference.name && $0.workflow.kind == kind }
        let given = Set(own.arguments.parameters.map(\.name))
        for argument in base?.workflow.spec.arguments.parameters ?? [] where argument.isMissing && !given.contains(argument.name) {
            self.missing(argument, self.spec.field("workflowSpec").field("workflowTemplateRef"), isWritten: false)
        }
    }

    private mutating func missing(_ argument: Parameter, _ origin: Origin, isWritten: Bool) {
        self.faults.add(
            .missingArgument, at: origin, atKey: !isWritten, word: isWritten ? argument.name : nil,
            "parameter '\(argument.name)' has no value",
            hint: "give it one here: nobody is asked when the time comes")
    }
}

extension Parameter {
    fileprivate var isMissing: Bool { self.value == nil && self.default == nil && self.valueFrom == nil }
}
