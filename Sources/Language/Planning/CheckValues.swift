import Diagnostics
import WorkflowModel

/// Names, arguments and artifacts, one by one.
extension Planner {
    mutating func checkName(_ name: String, _ origin: Origin, what: String) {
        let isSound =
            name.utf8.count <= 128 && name.utf8.first != UInt8(ascii: "-") && name.utf8.allSatisfy { Self.isNameByte($0) }
        if !isSound {
            self.faults.add(
                .badName, at: origin, word: name, "\(what) name '\(name)' is not valid",
                hint: "letters, digits and '-', beginning with a letter or digit, at most 128 characters")
        }
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Names of parameters and artifacts.
    mutating func checkNames(_ names: [String], _ origin: Origin, what: String) {
        var seen: Set<String> = []
        for (at, name) in names.enumerated() {
            if name.isEmpty {
                self.faults.add(.badName, at: origin.index(at), "\(what) without a name: name is required")
            } else if !seen.insert(name).inserted {
                self.faults.add(
                    .duplicateName, at: origin.index(at).field("name"), word: name, "\(what) name '\(name)' is not unique",
                    hint: "rename one of them")
            } else if !name.hasTag, !name.utf8.allSatisfy({ Self.isNameByte($0) || $0 == UInt8(ascii: "_") }) {
                self.faults.add(
                    .badName, at: origin.index(at).field("name"), word: name, "\(what) name '\(name)' is not valid",
                    hint: "letters, digits, '-' and '_'")
            }
        }
    }

    // MARK: Arguments

    /// The workflow's own arguments. Whoever submits the workflow may still give values, so a check lets them be missing.
    mutating func checkWorkflowArguments() {
        let arguments = self.spec.arguments
        for (at, parameter) in arguments.parameters.enumerated() {
            let place = self.argumentOrigin("parameters", parameter.name, at)
            self.checkArgument(parameter, place, mayBeEmpty: true)
            guard self.isWorkflow, parameter.value == nil, parameter.default == nil, parameter.valueFrom == nil else { continue }
            self.faults.add(
                .missingArgument, self.mode == .run ? .error : .warning, at: place,
                "spec.arguments.parameters[\(at)] '\(parameter.name)' has no value",
                hint: "give it with -p \(parameter.name)=VALUE, or write a value here")
        }
        for (at, artifact) in arguments.artifacts.enumerated() {
            self.checkArgument(artifact, self.argumentOrigin("artifacts", artifact.name, at))
        }
    }

    /// Where an argument of the merged spec was written.
    private func argumentOrigin(_ list: String, _ name: String, _ at: Int) -> Origin {
        guard let base = self.base else { return self.specOrigin.field("arguments").field(list).index(at) }
        func place(_ document: PlanningDocument) -> Int? {
            document.workflow.spec.raw["arguments"]?[list]?.array?.firstIndex { $0["name"]?.string == name }
        }
        if let own = place(self.input.workflow) { return self.specOrigin.field("arguments").field(list).index(own) }
        return Origin(document: base, path: FieldPath("spec.arguments").field(list)).index(place(base) ?? at)
    }

    mutating func checkArgument(_ parameter: Parameter, _ place: Origin, mayBeEmpty: Bool) {
        let name = parameter.name
        if parameter.value == nil, parameter.valueFrom == nil, !mayBeEmpty {
            self.faults.add(
                .missingArgument, at: place, "argument '\(name)' has no value: value or valueFrom is required",
                hint: "write 'value:', or leave the argument out so that the template's default holds")
        }
        if let from = parameter.valueFrom {
            let foreign = [
                ("path", from.path), ("jsonPath", from.jsonPath), ("parameter", from.parameter), ("expression", from.expression),
            ]
            if let (field, _) = foreign.first(where: { $0.1 != nil }) {
                self.faults.add(
                    .badArgument, at: place.field("valueFrom").field(field), atKey: true,
                    "argument '\(name)' cannot come from a \(field): valueFrom only allows: default, configMapKeyRef and supplied",
                    hint: "write the value under 'value', as a tag if it is computed")
            } else if from.configMapKeyRef == nil, from.event == nil, !from.isSupplied {
                self.faults.add(
                    .badArgument, at: place.field("valueFrom"), atKey: true,
                    "argument '\(name)' has a valueFrom without a source: valueFrom only allows: default, configMapKeyRef and supplied",
                    hint: "write 'value:', or name a ConfigMap under configMapKeyRef")
            }
        }
        self.checkChoices(parameter, place, mayBeEmpty: mayBeEmpty)
    }

    private mutating func checkChoices(_ parameter: Parameter, _ place: Origin, mayBeEmpty: Bool) {
        guard let choices = parameter.enum else { return }
        let name = parameter.name
        if choices.isEmpty {
            self.faults.add(
                .badArgument, at: place.field("enum"), atKey: true, "enum of '\(name)' should contain at least one value",
                hint: "list the allowed values, or drop enum")
        } else if let value = parameter.value {
            if value.hasTag || choices.contains(value) { return }
            self.faults.add(
                .badArgument, at: place.field("value"), word: value,
                "parameter '\(name)' is '\(value)', which is not in its enum: \(choices.prefix(12).joined(separator: ", "))",
                hint: Spelling.closest(to: value, among: choices).map { "did you mean '\($0)'?" })
        } else if !mayBeEmpty, parameter.valueFrom != nil {
            self.faults.add(.badArgument, at: place.field("enum"), atKey: true, "argument '\(name)' has an enum and no value")
        }
    }

    mutating func checkArgument(_ artifact: Artifact, _ place: Origin) {
        guard artifact.from == nil, artifact.fromExpression == nil, !artifact.hasLocation else { return }
        self.faults.add(
            .badArtifact, at: place, "artifact '\(artifact.name)' comes from nowhere: from, artifact location, or key is required",
            hint: "write 'from: \"{{steps.NAME.outputs.artifacts.NAME}}\"', or say where it is stored")
    }

    // MARK: Artifacts

    mutating func checkArtifact(_ artifact: Artifact, _ origin: Origin) {
        if artifact.from != nil, artifact.fromExpression != nil {
            self.faults.add(
                .badArtifact, at: origin.field("fromExpression"), atKey: true,
                "artifact '\(artifact.name)' has both from and fromExpression", hint: "keep one of them")
        }
        if let path = artifact.path, Self.leavesItsDirectory(path) {
            self.faults.add(
                .badArtifact, at: origin.field("path"), "path '\(path)' of artifact '\(artifact.name)' leaves its directory",
                hint: "write a path without '..'")
        }
        self.checkLocation(artifact.written, of: "artifact '\(artifact.name)'", origin)
    }

    private static func leavesItsDirectory(_ path: String) -> Bool {
        var depth = 0
        for part in path.split(separator: "/") where part != "." {
            depth += part == ".." ? -1 : 1
            if depth < 0 { return true }
        }
        return false
    }

    /// The rules of the stores that have rules beyond their fields' types.
    mutating func checkLocation(_ json: JSONValue, of what: String, _ origin: Origin) {
        if let git = json["git"]?.object, git["repo"]?.string?.isEmpty ?? true {
            self.faults.add(.badArtifact, at: origin.field("git"), atKey: true, "git location of \(what) needs a repo")
        }
        guard let hdfs = json["hdfs"], hdfs.object != nil else { return }
        let place = origin.field("hdfs")
        func isMissing(_ field: String) -> Bool { hdfs[field].map { $0.isNull || $0 == "" || $0 == .array([]) } ?? true }
        var missing: [String] = []
        if isMissing("addresses") { missing.append("addresses") }
        if isMissing("path") { missing.append("path") }
        let hasTicket = !isMissing("krbCCacheSecret")
        let hasKeytab = !isMissing("krbKeytabSecret")
        if isMissing("hdfsUser"), !hasTicket, !hasKeytab { missing.append("one of hdfsUser, krbCCacheSecret and krbKeytabSecret") }
        if hasKeytab { missing += ["krbUsername", "krbRealm"].filter(isMissing) }
        if hasKeytab || hasTicket { missing += ["krbServicePrincipalName", "krbConfigConfigMap"].filter(isMissing) }
        if !missing.isEmpty {
            self.faults.add(
                .badArtifact, at: place, atKey: true, "hdfs location of \(what) needs \(missing.joined(separator: ", "))")
        }
        if let path = hdfs["path"]?.string, !path.isEmpty, !path.hasPrefix("/"), !path.hasPrefix("{{") {
            self.faults.add(
                .badArtifact, at: place.field("path"), "hdfs path '\(path)' of \(what) is not absolute", hint: "write '/\(path)'")
        }
    }
}
