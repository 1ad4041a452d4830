public import Diagnostics
import Expressions
public import WorkflowModel

extension Planner {
    /// Finds the faults of a WorkflowEventBinding: of its expressions, and of what it gives the template that it submits.
    /// - Parameters:
    ///   - source: where its fields are written.
    ///   - library: what it may refer to. While none of a kind is given, nothing is said about names of that kind.
    public static func check(_ binding: WorkflowEventBinding, source: SourceMap, library: [PlanningDocument] = []) -> [Diagnostic] {
        var checker = EventBindingChecker(binding, source, library)
        checker.check()
        return checker.faults.sorted
    }
}

private struct EventBindingChecker {
    var faults = LintFaults()
    private let binding: WorkflowEventBinding
    private let library: [PlanningDocument]
    private let spec: Origin

    /// What an expression over an event can use.
    private static let variables = ["namespace", "discriminator", "metadata", "payload"]

    init(_ binding: WorkflowEventBinding, _ source: SourceMap, _ library: [PlanningDocument]) {
        self.binding = binding
        self.library = library
        // A place needs a document; only its source is asked.
        let nothing: JSONValue = ["kind": "Workflow"]
        self.spec = Origin(document: PlanningDocument(workflow: Workflow(nothing)!, source: source), path: FieldPath("spec"))
    }

    mutating func check() {
        if let selector = self.binding.selector {
            self.faults.check(selector, Self.variables, at: self.spec.field("event").field("selector"))
        } else {
            self.faults.add(
                .missingArgument, at: self.spec.field("event"), atKey: true, "an event binding needs event.selector",
                hint: "an expression that is true for the events meant: payload.type == \"push\"; 'true' takes all")
        }
        guard let submit = self.binding.submit else { return }
        let place = self.spec.field("submit")
        self.checkMetadata(submit.metadata, place.field("metadata"))
        self.checkArguments(submit.arguments, place.field("arguments").field("parameters"))
        self.checkTemplate(submit, place)
    }

    private mutating func checkMetadata(_ metadata: ObjectMeta, _ origin: Origin) {
        for (field, text) in [("name", metadata.name), ("generateName", metadata.generateName)] {
            if let text { self.faults.check(text, Self.variables, at: origin.field(field)) }
        }
        for (key, text) in metadata.labels { self.faults.check(text, Self.variables, at: origin.field("labels").field(key)) }
        for (key, text) in metadata.annotations { self.faults.check(text, Self.variables, at: origin.field("annotations").field(key)) }
    }

    private mutating func checkArguments(_ arguments: Arguments, _ origin: Origin) {
        for (at, argument) in arguments.parameters.enumerated() {
            let from = self.binding.raw["spec"]?["submit"]?["arguments"]?["parameters"]?[at]?["valueFrom"]
            guard let event = from?["event"]?.string, !event.isEmpty else {
                self.faults.add(
                    .missingArgument, at: origin.index(at), "argument '\(argument.name)' has no valueFrom.event",
                    hint: "say what part of the event it gets: valueFrom: {event: payload.\(argument.name)}")
                continue
            }
            self.faults.check(event, Self.variables, at: origin.index(at).field("valueFrom").field("event"))
        }
    }

    private mutating func checkTemplate(_ submit: WorkflowEventBinding.Submit, _ origin: Origin) {
        guard let reference = submit.workflowTemplateRef, !reference.name.isEmpty else {
            self.faults.add(
                .missingTemplate, at: origin, atKey: true, "submit needs workflowTemplateRef",
                hint: "name the WorkflowTemplate to run: workflowTemplateRef: {name: …}")
            return
        }
        let kind = reference.clusterScope ? WorkflowKind.clusterWorkflowTemplate : .workflowTemplate
        let given = self.library.map(\.workflow).filter { $0.kind == kind }
        guard let template = given.first(where: { $0.metadata.name == reference.name }) else {
            let names = given.compactMap(\.metadata.name).sorted()
            if names.isEmpty { return }
            let guess = self.faults.question(reference.name, among: names)
            self.faults.add(
                .unknownWorkflowTemplate, .warning, at: origin.field("workflowTemplateRef").field("name"), word: reference.name,
                "\(kind.rawValue) '\(reference.name)' is not among the files given",
                hint: "\(guess)given: \(LintFaults.listed(names))")
            return
        }
        self.checkArguments(submit.arguments, against: template, origin.field("arguments").field("parameters"))
    }

    private mutating func checkArguments(_ arguments: Arguments, against template: Workflow, _ origin: Origin) {
        let declared = template.spec.arguments.parameters
        let title = "\(template.kind.rawValue) '\(template.metadata.name ?? "")'"
        let names = declared.map(\.name)
        let known = Set(names)
        let given = Set(arguments.parameters.map(\.name))
        for (at, argument) in arguments.parameters.enumerated() where !known.contains(argument.name) {
            let guess = self.faults.question(argument.name, among: names)
            self.faults.add(
                .badArgument, .warning, at: origin.index(at).field("name"), word: argument.name,
                "\(title) has no parameter '\(argument.name)'",
                hint: declared.isEmpty ? "it declares none" : "\(guess)parameters there: \(LintFaults.listed(names))")
        }
        for parameter in declared where parameter.value == nil && parameter.default == nil && parameter.valueFrom == nil {
            if given.contains(parameter.name) { continue }
            self.faults.add(
                .missingArgument, .warning, at: origin, atKey: true, "parameter '\(parameter.name)' of \(title) was not supplied",
                hint: "give it under submit.arguments.parameters, or give it a value there")
        }
    }
}
