import Diagnostics
import Expressions
import WorkflowModel

/// Conditions that are decided before anything runs.
extension Linter {
    mutating func checkConditions() {
        let arguments = Self.choices(self.spec.arguments.parameters)
        for linted in self.templates {
            let inputs = Self.choices(linted.template.inputs.parameters)
            for (step, origin) in linted.template.placedSteps(linted.origin) {
                guard let when = step.when else { continue }
                self.check(when, of: step, Choices(inputs: inputs, arguments: arguments), linted.template.isDAG, origin.field("when"))
            }
            if let dag = linted.template.dag { self.checkFormulas(of: dag, linted.origin.field("dag").field("tasks")) }
        }
    }

    /// The values of the parameters that have an enum.
    private static func choices(_ parameters: [Parameter]) -> [String: [String]] {
        var choices: [String: [String]] = [:]
        for parameter in parameters {
            if let values = parameter.enum, !values.isEmpty, choices[parameter.name] == nil { choices[parameter.name] = values }
        }
        return choices
    }

    private struct Choices {
        var inputs: [String: [String]]
        var arguments: [String: [String]]
    }

    // MARK: when

    /// How many cases of a condition are tried at most.
    private static let mostCases = 512
    /// How many pieces a condition may have to be tried.
    private static let mostPieces = 64
    private static let nodePhases = ["Succeeded", "Failed", "Error", "Skipped", "Omitted", "Running", "Pending"]
    private static let workflowPhases = ["Running", "Succeeded", "Failed", "Error", "Pending"]

    private mutating func check(_ when: String, of step: WorkflowStep, _ choices: Choices, _ isDAG: Bool, _ origin: Origin) {
        guard self.budget > 0, let text = try? TemplateText(when), text.segments.count <= Self.mostPieces else { return }
        // Each piece with the texts that can stand for it.
        var pieces: [[String]] = []
        var cases = 1
        var names: [String] = []
        for segment in text.segments {
            switch segment {
            case .literal(let literal): pieces.append([literal])
            case .simple(let name, _, _):
                guard let values = Self.values(of: name, step, choices) else { return }
                names.append(name)
                pieces.append(values)
                cases *= values.count
            case .expression, .nested: return
            }
            guard cases > 0, cases <= Self.mostCases else { return }
        }
        guard let answer = self.constant(pieces, cases) else { return }
        let kind = isDAG ? "task" : "step"
        let effect = answer ? "it always runs" : "it never runs"
        // Switching a step off or on by hand is done with open eyes.
        let isSwitch = ["true", "false"].contains(when.trimmed)
        let values = names.first.flatMap { Self.values(of: $0, step, choices) }
        let listed = values.map { "{{\(names[0])}} is one of \($0.prefix(12).joined(separator: ", "))\($0.count > 12 ? ", …" : "")" }
        self.faults.add(
            .constantCondition, isSwitch ? .hint : .warning, at: origin, "'when' of \(kind) '\(step.name)' is always \(answer): \(effect)",
            hint: listed
                ?? (answer ? "drop the condition" : isSwitch ? "remove the \(kind), or the condition" : "compare with a tag in braces"))
    }

    /// All texts that a name can stand for; nil when nobody can tell.
    private static func values(of name: String, _ step: WorkflowStep, _ choices: Choices) -> [String]? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, ["steps", "tasks"].contains(parts[0]), parts[2] == "status" { return Self.nodePhases }
        if name == "workflow.status" { return Self.workflowPhases }
        if parts.count == 3, parts[1] == "parameters" {
            return parts[0] == "inputs" ? choices.inputs[parts[2]] : parts[0] == "workflow" ? choices.arguments[parts[2]] : nil
        }
        guard parts[0] == "item", parts.count <= 2, let items = step.withItems, !items.isEmpty,
            items.count <= Self.mostCases
        else { return nil }
        let texts = items.compactMap { parts.count == 1 ? $0.scalarText : $0[parts[1]]?.scalarText }
        return texts.count == items.count && !texts.contains { $0.hasTag } ? texts : nil
    }

    /// The answer that all cases have in common; nil when there is none, or when one has no answer.
    private mutating func constant(_ pieces: [[String]], _ cases: Int) -> Bool? {
        var common: Bool?
        for number in 0..<cases {
            var rest = number
            var text = ""
            for piece in pieces {
                text += piece[rest % piece.count]
                rest /= piece.count
            }
            self.budget -= text.utf8.count
            guard self.budget > 0 else { return nil }
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
                !self.canHold(formula)
            else { continue }
            self.faults.add(
                .impossibleDependency, .warning, at: origin.index(at).field("depends"),
                "depends of task '\(task.name)' can never hold: it asks for results that exclude each other",
                hint: "join alternatives with '||', such as A.Succeeded || A.Failed")
        }
        self.checkExitName(of: dag, origin)
    }

    private mutating func canHold(_ formula: DependsFormula) -> Bool {
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
        self.budget -= count * choices.count
        guard self.budget > 0 else { return true }
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
