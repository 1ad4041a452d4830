import Diagnostics
import Expressions
import WorkflowModel

/// Conditions that are decided before anything runs.
extension Linter {
    mutating func checkConditions() {
        for linted in self.templates {
            for (step, origin) in linted.template.placedSteps(linted.origin) {
                if let when = step.when { self.check(when, of: step, in: linted.template, origin.field("when")) }
            }
            if let dag = linted.template.dag { self.checkFormulas(of: dag, linted.origin.field("dag").field("tasks")) }
        }
    }

    // MARK: when

    /// How many cases of a condition are tried at most.
    private static let mostCases = 512
    private static let nodePhases = ["Succeeded", "Failed", "Error", "Skipped", "Omitted", "Running", "Pending"]
    private static let workflowPhases = ["Running", "Succeeded", "Failed", "Error", "Pending"]

    private mutating func check(_ when: String, of step: WorkflowStep, in template: Template, _ origin: Origin) {
        guard let text = try? TemplateText(when) else { return }
        // Each piece with the texts that can stand for it.
        var pieces: [[String]] = []
        var cases = 1
        var names: [String] = []
        for segment in text.segments {
            switch segment {
            case .literal(let literal): pieces.append([literal])
            case .simple(let name, _, _):
                guard let values = self.values(of: name, step, template) else { return }
                names.append(name)
                pieces.append(values)
                cases *= values.count
            case .expression, .nested: return
            }
            guard cases > 0, cases <= Self.mostCases else { return }
        }
        guard let answer = Self.constant(pieces, cases) else { return }
        let kind = template.isDAG ? "task" : "step"
        let effect = answer ? "it always runs" : "it never runs"
        // Switching a step off or on by hand is done with open eyes.
        let isSwitch = ["true", "false"].contains(when.trimmed)
        let values = names.first.flatMap { self.values(of: $0, step, template) }
        let listed = values.map { "{{\(names[0])}} is one of \($0.prefix(12).joined(separator: ", "))\($0.count > 12 ? ", …" : "")" }
        self.faults.add(
            .constantCondition, isSwitch ? .hint : .warning, at: origin, "'when' of \(kind) '\(step.name)' is always \(answer): \(effect)",
            hint: listed
                ?? (answer ? "drop the condition" : isSwitch ? "remove the \(kind), or the condition" : "compare with a tag in braces"))
    }

    /// All texts that a name can stand for; nil when nobody can tell.
    private func values(of name: String, _ step: WorkflowStep, _ template: Template) -> [String]? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, ["steps", "tasks"].contains(parts[0]), parts[2] == "status" { return Self.nodePhases }
        if name == "workflow.status" { return Self.workflowPhases }
        if parts.count == 3, parts[1] == "parameters" {
            let parameters =
                parts[0] == "inputs" ? template.inputs.parameters : parts[0] == "workflow" ? self.spec.arguments.parameters : []
            return parameters.first { $0.name == parts[2] }?.enum.flatMap { $0.isEmpty ? nil : $0 }
        }
        guard parts[0] == "item", parts.count <= 2, let items = step.withItems, !items.isEmpty else { return nil }
        let texts = items.compactMap { parts.count == 1 ? $0.scalarText : $0[parts[1]]?.scalarText }
        return texts.count == items.count && !texts.contains { $0.hasTag } ? texts : nil
    }

    /// The answer that all cases have in common; nil when there is none, or when one has no answer.
    private static func constant(_ pieces: [[String]], _ cases: Int) -> Bool? {
        var common: Bool?
        for number in 0..<cases {
            var rest = number
            var text = ""
            for piece in pieces {
                text += piece[rest % piece.count]
                rest /= piece.count
            }
            guard let answer = try? WhenExpression.evaluate(text), common == nil || common == answer else { return nil }
            common = answer
        }
        return common
    }

    // MARK: depends

    private static let mostStates = 1 << 14

    /// All that can be true of one task at its end. A group of items has more to say than a single task.
    private static let states: [Set<DependsFormula.Result>] = [
        [.succeeded], [.succeeded, .anySucceeded], [.failed], [.failed, .anySucceeded], [.failed, .allFailed], [.errored],
        [.errored, .anySucceeded], [.skipped], [.omitted], [.daemoned], [.daemoned, .succeeded], [.daemoned, .failed],
        [.daemoned, .errored],
    ]

    private mutating func checkFormulas(of dag: DAGTemplate, _ origin: Origin) {
        for (at, task) in dag.tasks.enumerated() {
            guard let depends = task.depends, let formula = try? DependsFormula(depends, continueOn: { _ in (false, false) }),
                !Self.canHold(formula)
            else { continue }
            self.faults.add(
                .impossibleDependency, .warning, at: origin.index(at).field("depends"),
                "depends of task '\(task.name)' can never hold: it asks for results that exclude each other",
                hint: "join alternatives with '||', such as A.Succeeded || A.Failed")
        }
        self.checkExitName(of: dag, origin)
    }

    private static func canHold(_ formula: DependsFormula) -> Bool {
        // What is asked of different tasks can all come true, or all not.
        if formula.references.count == formula.tasks.count { return true }
        // Only results that the formula asks for make a difference.
        var asked = [Set<DependsFormula.Result>](repeating: [], count: formula.tasks.count)
        let places = Dictionary(uniqueKeysWithValues: formula.tasks.enumerated().map { ($1, $0) })
        for reference in formula.references {
            guard let at = places[reference.task] else { continue }
            asked[at].formUnion(reference.result.map { [$0] } ?? [.succeeded, .skipped, .daemoned])
        }
        let choices = asked.map { asked in
            var seen: Set<Set<DependsFormula.Result>> = []
            return Self.states.map { $0.intersection(asked) }.filter { seen.insert($0).inserted }
        }
        var count = 1
        for choice in choices {
            count *= choice.count
            if count > Self.mostStates { return true }
        }
        for number in 0..<count {
            var rest = number
            let chosen = choices.map { choice in
                defer { rest /= choice.count }
                return choice[rest % choice.count]
            }
            if formula.evaluate({ chosen[$0].contains($1) }) { return true }
        }
        return false
    }

    /// A dag's exit handler is its node `<dag>.onExit`, and so would a task of that name be.
    private mutating func checkExitName(of dag: DAGTemplate, _ origin: Origin) {
        for (at, task) in dag.tasks.enumerated() where task.name == "onExit" {
            self.faults.add(
                .nameCollision, .warning, at: origin.index(at).field("name"), word: task.name,
                "task 'onExit' has the node name of this dag's exit handler", hint: "rename the task")
        }
    }
}
