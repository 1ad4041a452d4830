import Diagnostics
import Expressions
import WorkflowModel

/// What can be told only when all templates are compiled.
extension Planner {
    /// Inputs that nobody supplies, and arguments that nobody takes.
    mutating func checkCall(_ call: Call) {
        guard let template = self.templates[call.target.value], let arguments = call.arguments else { return }
        let name = template.isInline ? "the inline template" : "template '\(template.key.name)'"
        let severity = call.isLenient ? Severity.warning : .error
        let parameters = Set(arguments.parameters.map(\.name))
        for input in template.inputs where input.value == nil && input.default == nil && input.valueFrom == nil {
            if parameters.contains(input.name) { continue }
            let guess = Spelling.closest(to: input.name, among: arguments.parameters.prefix(500).map(\.name))
            self.faults.add(
                .missingArgument, severity, at: call.origin, "\(name) inputs.parameters.\(input.name) was not supplied",
                hint: "\(guess.map { "did you mean it by '\($0)'? " } ?? "")give it under arguments.parameters, or give the input a default"
            )
        }
        let artifacts = Set(arguments.artifacts.map(\.name))
        for input in template.inputArtifacts where !input.isOptional && input.raw == nil && input.location == nil {
            if artifacts.contains(input.name) { continue }
            self.faults.add(
                .missingArgument, severity, at: call.origin, "\(name) inputs.artifacts.\(input.name) was not supplied",
                hint: "give it under arguments.artifacts, or make the input optional")
        }
        guard call.tellsExtra else { return }
        let taken = Set(template.inputs.map(\.name))
        let place = call.origin.field("arguments").field("parameters")
        for (at, given) in arguments.parameters.enumerated() where !taken.contains(given.name) {
            self.faults.add(
                .badArgument, .warning, at: place.index(at).field("name"), word: given.name,
                "\(name) has no input parameter '\(given.name)'",
                hint: Spelling.closest(to: given.name, among: taken.sorted().prefix(500)).map { "did you mean '\($0)'?" })
        }
    }

    /// `workflow.failures`, which only hooks of the workflow see, and outputs of the workflow, which any template may export.
    mutating func judgeLateReferences(entrypoint: TemplateIndex?) {
        guard !self.lateReferences.isEmpty else { return }
        let exports = Exports(self.templates)
        let (parameters, artifacts) = (KnownNames(exports.parameters), KnownNames(exports.artifacts))
        let reach = Reach(self.calls, count: self.templates.count)
        for reference in self.lateReferences {
            let name = reference.name.dropFirst("workflow.".count)
            if name == "failures" {
                guard let template = reference.template?.value else { continue }
                let mayBeHook = reach.isReachedByHook[template] || !self.isWorkflow || self.hasExitHandler
                if mayBeHook, !reach.isReachedByMain[template] { continue }
                self.tellLate(reference, hint: "it is known only in exit handlers and hooks of the workflow")
            } else {
                let isArtifact = name.hasPrefix("outputs.artifacts.")
                let wanted = String(name.dropFirst(isArtifact ? 18 : 19))
                let known = isArtifact ? artifacts : parameters
                if known.contains(wanted) || (isArtifact ? exports.hasDynamicArtifacts : exports.hasDynamicParameters) { continue }
                if exports.isIncomplete { continue }
                let what = isArtifact ? "artifact" : "parameter"
                let none = "no template exports an \(isArtifact ? "artifact" : "output parameter") with globalName"
                self.tellLate(reference, hint: known.hint(for: wanted, "exported \(what)s", none: none))
            }
        }
    }

    private var hasExitHandler: Bool { self.spec.onExit?.isEmpty == false || self.spec.hooks.contains { $0.event == "exit" } }

    private mutating func tellLate(_ reference: LateReference, hint: @autoclosure () -> String) {
        let fault = reference.fault
        self.faults.add(
            .unresolvedReference, fault.most, at: fault.origin, word: fault.word, occurrence: fault.occurrence,
            "failed to resolve \(fault.shown)", hint: self.faults.isFull ? nil : hint())
    }
}

/// What the templates export as outputs of the workflow.
private struct Exports {
    var parameters: Set<String> = []
    var artifacts: Set<String> = []
    var hasDynamicParameters = false
    var hasDynamicArtifacts = false
    /// Some template is known only at run time, or could not be read.
    var isIncomplete = false

    init(_ templates: [PlannedTemplate?]) {
        for template in templates {
            guard let template else {
                self.isIncomplete = true
                continue
            }
            for name in template.outputs.compactMap(\.globalName) {
                if name.isLiteral { self.parameters.insert(name.source) } else { self.hasDynamicParameters = true }
            }
            for name in template.outputArtifacts.compactMap(\.globalName) {
                if name.isLiteral { self.artifacts.insert(name.source) } else { self.hasDynamicArtifacts = true }
            }
            let steps: [PlannedStep] =
                switch template.body {
                case .steps(let steps): steps.steps
                case .dag(let dag): dag.tasks
                case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: []
                }
            if steps.contains(where: { if case .dynamic = $0.target { true } else { false } }) { self.isIncomplete = true }
        }
    }
}

/// Which templates are reached from the entry point, and which from the workflow's hooks.
private struct Reach {
    private(set) var isReachedByMain: [Bool]
    private(set) var isReachedByHook: [Bool]

    init(_ calls: [Planner.Call], count: Int) {
        var callees = [[Int]](repeating: [], count: count)
        var main: [Int] = []
        var hooks: [Int] = []
        for call in calls {
            if let caller = call.caller {
                callees[caller.value].append(call.target.value)
            } else if call.isWorkflowHook {
                hooks.append(call.target.value)
            } else {
                main.append(call.target.value)
            }
        }
        self.isReachedByMain = Self.reached(from: main, callees)
        self.isReachedByHook = Self.reached(from: hooks, callees)
    }

    private static func reached(from roots: [Int], _ callees: [[Int]]) -> [Bool] {
        var isReached = [Bool](repeating: false, count: callees.count)
        var queue = roots
        while let next = queue.popLast() {
            if isReached[next] { continue }
            isReached[next] = true
            queue += callees[next]
        }
        return isReached
    }
}
