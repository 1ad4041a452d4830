import Diagnostics
import WorkflowModel

/// The fields of a template that depend on what kind of work it is.
extension Planner {
    mutating func checkTemplate(_ template: Template, _ origin: Origin) {
        guard template.types.count == 1, let type = template.types.first else { return }
        self.checkTimes(template, type, origin)
        self.checkPodResources(template.raw["podResources"], origin.field("podResources"), type: type)
        if !type.makesPod, template.raw["resourceClaims"]?.array?.isEmpty == false {
            self.faults.add(
                .badPodResources, at: origin.field("resourceClaims"), atKey: true,
                "resourceClaims is only for templates that make a pod, not for \(type.rawValue)",
                hint: "put it on the templates that run pods")
        }
        for list in ["sidecars", "initContainers"] {
            for (at, container) in (template.raw[list]?.array ?? []).enumerated() {
                let place = origin.field(list).index(at)
                guard let name = container["name"]?.string, !name.isEmpty else {
                    self.faults.add(.badContainer, at: place, "\(list) must all have container name", hint: "give it a name")
                    continue
                }
                if list == "sidecars" { self.checkReserved(name, place.field("name")) }
            }
        }
        self.checkInputs(template, type, origin.field("inputs"))
        self.checkOutputs(template, type, origin.field("outputs"))
    }

    private mutating func checkTimes(_ template: Template, _ type: TemplateType, _ origin: Origin) {
        for name in ["timeout", "pendingTimeout"] where !type.isLeaf && template.raw[name]?.scalarText.map({ !$0.isEmpty }) ?? false {
            self.misplaced(name, type, origin)
        }
        if type == .steps || type == .dag, template.activeDeadlineSeconds != nil { self.misplaced("activeDeadlineSeconds", type, origin) }
        if type.isLeaf, template.parallelism != nil {
            self.faults.add(
                .templateType, at: origin.field("parallelism"), atKey: true, "parallelism is only for steps and dag templates",
                hint: "put it on the template that calls this one")
        }
        if let parallelism = template.parallelism, parallelism < 1 {
            self.faults.add(.badNumber, at: origin.field("parallelism"), "parallelism '\(parallelism)' is not 1 or more")
        }
        if let timeout = template.timeout, Int(timeout) != nil {
            self.faults.add(
                .badNumber, at: origin.field("timeout"), word: timeout, "timeout '\(timeout)' has no unit", hint: "write '\(timeout)s'")
        }
        if let deadline = template.activeDeadlineSeconds, !deadline.hasTag, Int64(deadline).map({ $0 < 0 }) ?? true {
            self.faults.add(
                .badNumber, at: origin.field("activeDeadlineSeconds"), word: deadline,
                "activeDeadlineSeconds '\(deadline)' is not a whole number of 0 or more")
        }
    }

    private mutating func misplaced(_ field: String, _ type: TemplateType, _ origin: Origin) {
        self.faults.add(
            .templateType, at: origin.field(field), atKey: true,
            "\(field) is only for templates that run something themselves, not for \(type.rawValue)",
            hint: "put it on the templates that do the work")
    }

    // MARK: Inputs and outputs

    private mutating func checkInputs(_ template: Template, _ type: TemplateType, _ origin: Origin) {
        for (at, artifact) in template.inputs.artifacts.enumerated() {
            let place = origin.field("artifacts").index(at)
            self.checkPath(of: artifact, type, place, .badInput, "input")
            if artifact.from != nil {
                self.faults.add(
                    .badInput, at: place.field("from"), atKey: true, "from is not valid in inputs",
                    hint: "write it under arguments.artifacts of the step or task that calls this template")
            }
        }
    }

    /// Leaf templates place artifacts at a path; no other template has one.
    private mutating func checkPath(of artifact: Artifact, _ type: TemplateType, _ place: Origin, _ code: DiagnosticCode, _ what: String) {
        if type.isLeaf, artifact.path == nil {
            self.faults.add(
                code, at: place, "\(what) artifact '\(artifact.name)' needs a path",
                hint: "say where it is in the container, such as 'path: /tmp/\(artifact.name)'")
        } else if !type.isLeaf, artifact.path != nil {
            self.faults.add(
                code, at: place.field("path"), atKey: true,
                "\(what) artifact '\(artifact.name)' of \(type.rawValue) has a path, which is only for templates that run something themselves",
                hint: what == "input"
                    ? "drop the path" : "write 'from: \"{{\(type == .dag ? "tasks" : "steps").NAME.outputs.artifacts.NAME}}\"'")
        }
    }

    private mutating func checkOutputs(_ template: Template, _ type: TemplateType, _ origin: Origin) {
        for (at, parameter) in template.outputs.parameters.enumerated() {
            let place = origin.field("parameters").index(at)
            self.checkOutput(parameter, type, place)
            self.checkGlobalName(parameter.globalName, place)
        }
        for (at, artifact) in template.outputs.artifacts.enumerated() {
            let place = origin.field("artifacts").index(at)
            self.checkPath(of: artifact, type, place, .badOutput, "output")
            self.checkGlobalName(artifact.globalName, place)
        }
    }

    private mutating func checkOutput(_ parameter: Parameter, _ type: TemplateType, _ place: Origin) {
        let name = parameter.name
        guard let from = parameter.valueFrom else {
            if parameter.value == nil {
                self.faults.add(
                    .badOutput, at: place, "output parameter '\(name)' has neither value nor valueFrom", hint: Self.sourceHint(type))
            }
            return
        }
        let fault = { (planner: inout Planner, message: String, hint: String?) in
            planner.faults.add(.badOutput, at: place.field("valueFrom"), atKey: true, "output parameter '\(name)' \(message)", hint: hint)
        }
        if parameter.value != nil { return fault(&self, "has both value and valueFrom", "keep one of them") }
        let sources = [
            ("path", from.path != nil), ("jqFilter", from.jqFilter != nil), ("jsonPath", from.jsonPath != nil),
            ("parameter", from.parameter != nil), ("expression", from.expression != nil), ("supplied", from.isSupplied),
        ].filter(\.1).map(\.0)
        if sources.isEmpty { return fault(&self, "says not where its value comes from", Self.sourceHint(type)) }
        if sources.count > 1 { return fault(&self, "has \(sources.joined(separator: " and "))", "keep one of them") }
        switch type {
        case .container, .script, .containerSet:
            if from.path == nil { fault(&self, "needs valueFrom.path in a \(type.rawValue)", Self.sourceHint(type)) }
        case .resource:
            if from.jqFilter == nil, from.jsonPath == nil {
                fault(&self, "needs valueFrom.jqFilter or valueFrom.jsonPath in a resource", nil)
            }
        case .steps, .dag:
            if from.parameter == nil, from.expression == nil {
                fault(&self, "needs valueFrom.parameter or valueFrom.expression in \(type.rawValue)", Self.sourceHint(type))
            }
        case .data, .suspend, .http, .plugin: break
        }
    }

    private static func sourceHint(_ type: TemplateType) -> String {
        switch type {
        case .container, .script, .containerSet: "write 'valueFrom: {path: /tmp/file}'"
        case .resource: "write 'valueFrom: {jsonPath: \"{.status}\"}'"
        case .steps: "write 'valueFrom: {parameter: \"{{steps.NAME.outputs.parameters.NAME}}\"}'"
        case .dag: "write 'valueFrom: {parameter: \"{{tasks.NAME.outputs.parameters.NAME}}\"}'"
        case .suspend: "write 'valueFrom: {supplied: {}}'"
        case .data, .http, .plugin: "write 'value:', or say where it comes from under valueFrom"
        }
    }

    private mutating func checkGlobalName(_ name: String?, _ origin: Origin) {
        guard let name, !name.hasTag, !name.utf8.allSatisfy({ Self.isNameByte($0) || $0 == UInt8(ascii: "_") }) else { return }
        self.faults.add(
            .badName, at: origin.field("globalName"), word: name, "globalName '\(name)' is not valid", hint: "letters, digits, '-' and '_'")
    }

    // MARK: Containers

    /// Paths that are mounted twice, or at which an input artifact is placed too.
    ///
    /// - Parameter template: whose inputs are placed there; nil for one of several containers.
    mutating func checkMounts(of container: JSONValue, _ origin: Origin, _ template: Template?, _ templateOrigin: Origin) {
        var mounted: Set<String> = []
        for (at, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
            guard let path = mount["mountPath"]?.string, !path.isEmpty, !mounted.insert(path).inserted else { continue }
            self.faults.add(
                .badContainer, at: origin.field("volumeMounts").index(at).field("mountPath"), word: path,
                "mountPath '\(path)' is already mounted here", hint: "mount each volume at a path of its own")
        }
        guard let template, !mounted.isEmpty else { return }
        for (at, artifact) in template.inputs.artifacts.enumerated() {
            guard let path = artifact.path, mounted.contains(path) else { continue }
            self.faults.add(
                .badContainer, at: templateOrigin.field("inputs").field("artifacts").index(at).field("path"), word: path,
                "path '\(path)' of input artifact '\(artifact.name)' is already mounted by a volume",
                hint: "place the artifact below the mount, or mount the volume elsewhere")
        }
    }

    /// Names of the containers that Argo adds to a pod.
    mutating func checkReserved(_ name: String, _ origin: Origin) {
        guard name == "wait" || name == "supervisor" || name.hasPrefix("artifact-plugin-") else { return }
        self.faults.add(
            .badContainer, at: origin, word: name, "'\(name)' is a reserved Argo container name", hint: "choose another name")
    }

    /// - Parameter type: nil for the workflow's own field.
    mutating func checkPodResources(_ json: JSONValue?, _ origin: Origin, type: TemplateType?) {
        guard let json, json.object != nil else { return }
        if let type, type == .http || type == .plugin {
            self.faults.add(
                .badPodResources, at: origin, atKey: true, "podResources is not for \(type.rawValue) templates, which make no pod",
                hint: "drop it")
        }
        if json["claims"]?.array?.isEmpty == false {
            self.faults.add(
                .badPodResources, at: origin.field("claims"), atKey: true, "podResources cannot have claims", hint: "use resourceClaims")
        }
        for list in ["requests", "limits"] {
            for (name, _) in json[list]?.object ?? JSONObject() where name != "cpu" && name != "memory" && !name.hasPrefix("hugepages-") {
                self.faults.add(
                    .badPodResources, at: origin.field(list).field(name), atKey: true, "'\(name)' cannot be given for a whole pod",
                    hint: "podResources takes cpu, memory and hugepages-SIZE; put '\(name)' under the container's resources")
            }
        }
    }
}
