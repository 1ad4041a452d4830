import Diagnostics
import Expressions
import WorkflowModel

/// Faults that are told while compiling.
extension Planner {
    mutating func checkSpec(isRunnable: Bool) {
        if let parallelism = self.spec.parallelism, parallelism < 1 {
            self.faults.add(.badNumber, at: self.specField("parallelism"), "parallelism '\(parallelism)' is not 1 or more")
        }
        self.mention(["executorPlugins", "artifactGC", "ttlStrategy", "podGC"], in: self.spec.raw, self.specField)
    }

    mutating func checkTemplate(_ template: Template, _ origin: Origin) {
        let raw = template.raw
        let isLeaf = template.types.first?.isLeaf ?? true
        for name in ["timeout", "activeDeadlineSeconds"] where !isLeaf && !(raw[name]?.isNull ?? true) && template.types.first != .suspend {
            self.faults.add(
                .templateType, at: origin.field(name), atKey: true, "\(name) is only for templates that run something themselves")
        }
        if isLeaf, template.types.count == 1, template.parallelism != nil {
            self.faults.add(.templateType, at: origin.field("parallelism"), atKey: true, "parallelism is only for steps and dag templates")
        }
        if let timeout = template.timeout, Int(timeout) != nil {
            self.faults.add(.badNumber, at: origin.field("timeout"), "timeout '\(timeout)' has no unit", hint: "write '\(timeout)s'")
        }
        if let deadline = template.activeDeadlineSeconds, !deadline.contains("{{"), Int64(deadline).map({ $0 < 0 }) ?? true {
            self.faults.add(
                .badNumber, at: origin.field("activeDeadlineSeconds"),
                "activeDeadlineSeconds '\(deadline)' is not a whole number of 0 or more")
        }
        self.checkOutputs(template, origin.field("outputs"))
    }

    private mutating func checkOutputs(_ template: Template, _ origin: Origin) {
        guard let type = template.types.first, template.types.count == 1 else { return }
        for (at, parameter) in template.outputs.parameters.enumerated() {
            let place = origin.field("parameters").index(at)
            guard let from = parameter.valueFrom else {
                if parameter.value == nil {
                    self.faults.add(.badOutput, at: place, "output parameter '\(parameter.name)' has neither value nor valueFrom")
                }
                continue
            }
            switch type {
            case .container, .script:
                if from.path == nil, from.default == nil, !from.isSupplied {
                    self.faults.add(
                        .badOutput, at: place.field("valueFrom"), atKey: true,
                        "output parameter '\(parameter.name)' needs valueFrom.path in a \(type.rawValue)")
                }
            case .steps, .dag:
                if from.parameter == nil, from.expression == nil {
                    self.faults.add(
                        .badOutput, at: place.field("valueFrom"), atKey: true,
                        "output parameter '\(parameter.name)' needs valueFrom.parameter or valueFrom.expression in \(type.rawValue)")
                } else if from.parameter != nil, from.expression != nil {
                    self.faults.add(
                        .badOutput, at: place.field("valueFrom"), atKey: true,
                        "output parameter '\(parameter.name)' has both parameter and expression")
                }
            case .containerSet, .resource, .data, .suspend, .http, .plugin: break
            }
        }
        for (at, artifact) in template.outputs.artifacts.enumerated() where type == .container || type == .script {
            if artifact.path == nil {
                self.faults.add(.badOutput, at: origin.field("artifacts").index(at), "output artifact '\(artifact.name)' needs a path")
            }
        }
    }

    private mutating func mention(_ names: [String], in raw: JSONValue, _ origin: (String) -> Origin) {
        for name in names where !(raw[name]?.isNull ?? true) {
            self.faults.add(
                .ignoredField, .hint, at: origin(name), atKey: true, "\(name) is not read yet and has no effect here")
        }
    }

    mutating func checkName(_ name: String, _ origin: Origin, what: String) {
        let isSound = name.utf8.count <= 128 && name.utf8.first != UInt8(ascii: "-") && name.utf8.allSatisfy { Self.isNameByte($0) }
        if !isSound {
            self.faults.add(
                .badName, at: origin, "\(what) name '\(name)' is not valid",
                hint: "letters, digits and '-', beginning with a letter or digit, at most 128 characters")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    mutating func checkStepName(_ step: WorkflowStep, _ origin: Origin, isTaken: Bool, what: String) {
        if step.name.isEmpty {
            self.faults.add(.badName, at: origin, "\(origin.path).name is required")
            return
        }
        if !step.name.contains("{{") { self.checkName(step.name, origin.field("name"), what: what) }
        if isTaken {
            self.faults.add(
                .duplicateName, at: origin.field("name"), "\(what) name '\(step.name)' is used twice in this template",
                hint: "rename one of them")
        }
    }

    mutating func checkStep(_ step: WorkflowStep, _ origin: Origin) {
        let ways = [("withItems", step.withItems != nil), ("withParam", step.withParam != nil), ("withSequence", step.withSequence != nil)]
            .filter(\.1)
        if ways.count > 1 {
            self.faults.add(
                .badFanOut, at: origin.field(ways[1].0), atKey: true, "'\(step.name)' has \(ways.map(\.0).joined(separator: " and "))",
                hint: "keep one of them")
        }
        if let range = step.withSequence, (range.count == nil) == (range.end == nil) {
            self.faults.add(
                .badFanOut, at: origin.field("withSequence"), atKey: true, "withSequence needs exactly one of count and end",
                hint: "count says how many, end is the last number")
        }
        if let list = step.withParam, !list.contains("{{") {
            var isList = false
            if case .array? = try? JSONValue(json: list) { isList = true }
            if !isList { self.faults.add(.badFanOut, at: origin.field("withParam"), "withParam is not a JSON list: '\(list.prefix(60))'") }
        }
        if step.depends != nil, step.raw["continueOn"] != nil {
            self.faults.add(
                .badDependency, at: origin.field("continueOn"), atKey: true, "continueOn cannot be used with depends",
                hint: "say it in the depends of those that follow: \(step.name).Succeeded || \(step.name).Failed")
        }
        if let when = step.when, !when.contains("{{") {
            do { _ = try WhenExpression.evaluate(when) } catch { self.faults.add(.badExpression, at: origin.field("when"), error.message) }
        }
    }

    mutating func checkNames(_ names: [String], _ origin: Origin, what: String) {
        var seen: Set<String> = []
        for (at, name) in names.enumerated() {
            let place = origin.index(at).field("name")
            if name.isEmpty {
                self.faults.add(.badName, at: origin.index(at), "\(what) without a name")
            } else if !seen.insert(name).inserted {
                self.faults.add(.duplicateName, at: place, "\(what) name '\(name)' is used twice")
            } else if !name.contains("{{"),
                !name.utf8.allSatisfy({ Self.isNameByte($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") })
            {
                self.faults.add(.badName, at: place, "\(what) name '\(name)' is not valid", hint: "letters, digits, '-' and '_'")
            }
        }
    }

    mutating func checkArtifact(_ artifact: Artifact, _ origin: Origin) {
        if artifact.from != nil, artifact.fromExpression != nil {
            self.faults.add(
                .badArtifact, at: origin, "artifact '\(artifact.name)' has both from and fromExpression", hint: "keep one of them")
        }
        let isOutput = origin.path.text.contains(".outputs.artifacts")
        for location in artifact.remoteLocations {
            self.faults.add(
                isOutput ? .ignoredField : .notSupported, isOutput ? .hint : .error, at: origin.field(location), atKey: true,
                isOutput
                    ? "artifact '\(artifact.name)' is kept in the data directory; its \(location) location is not used here"
                    : "artifacts from '\(location)' are not supported yet",
                hint: isOutput ? nil : "pass the artifact from another step, or give it as raw data")
        }
        if let path = artifact.path {
            var depth = 0
            for part in path.split(separator: "/") where part != "." {
                depth += part == ".." ? -1 : 1
                if depth < 0 {
                    self.faults.add(
                        .badArtifact, at: origin.field("path"), "path '\(path)' of artifact '\(artifact.name)' leaves its directory")
                    break
                }
            }
        }
    }

    /// An expression written without braces.
    mutating func checkExpression(_ text: TemplateText, _ origin: Origin) {
        guard text.isLiteral else { return }
        do { _ = try Expression(text.source) } catch { self.faults.add(.badExpression, at: origin, error.message) }
    }

    /// Inputs that nobody supplies.
    mutating func checkCall(_ target: TemplateIndex, _ arguments: PlannedArguments, _ origin: Origin) {
        guard let template = self.templates[target.value] else { return }
        let name = template.isInline ? "the inline template" : "template '\(template.key.name)'"
        for input in template.inputs where input.value == nil && input.default == nil && input.valueFrom == nil {
            if arguments.parameters.contains(where: { $0.name == input.name }) { continue }
            let guess =
                Spelling.closest(to: input.name, among: arguments.parameters.map(\.name)).map { "did you mean it by '\($0)'? " } ?? ""
            self.faults.add(
                .missingArgument, at: origin, "\(name) inputs.parameters.\(input.name) was not supplied",
                hint: "\(guess)give it under arguments.parameters, or give the input a default")
        }
        for input in template.inputArtifacts where !input.isOptional && input.raw == nil {
            if arguments.artifacts.contains(where: { $0.name == input.name }) { continue }
            self.faults.add(
                .missingArgument, at: origin, "\(name) inputs.artifacts.\(input.name) was not supplied",
                hint: "give it under arguments.artifacts, or make the input optional")
        }
        for given in arguments.parameters
        where !template.inputs.contains(where: { $0.name == given.name }) && origin.path.text != "spec.entrypoint" {
            self.faults.add(
                .badArgument, .warning, at: origin, word: given.name, "\(name) has no input parameter '\(given.name)'",
                hint: Spelling.closest(to: given.name, among: template.inputs.map(\.name)).map { "did you mean '\($0)'?" })
        }
    }

    /// A run needs a value for each of its arguments.
    mutating func checkValues(_ arguments: Arguments) {
        for (at, parameter) in arguments.parameters.enumerated() {
            let place = self.specField("arguments").field("parameters").index(at)
            if parameter.value == nil, parameter.default == nil, parameter.valueFrom == nil {
                self.faults.add(
                    .missingArgument, at: place, "spec.arguments.parameters[\(at)] '\(parameter.name)' has no value",
                    hint: "give it with -p \(parameter.name)=VALUE")
            } else if let allowed = parameter.enum, let value = parameter.value, !value.contains("{{"), !allowed.contains(value) {
                self.faults.add(
                    .badArgument, at: place.field("value"),
                    "parameter '\(parameter.name)' is '\(value)', which is not one of \(allowed.joined(separator: ", "))",
                    hint: Spelling.closest(to: value, among: allowed).map { "did you mean '\($0)'?" })
            }
        }
    }
}
