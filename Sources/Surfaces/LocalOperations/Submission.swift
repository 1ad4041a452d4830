import Diagnostics
import Manifests
import Operations
import Planning
import WorkflowModel

/// A Workflow of a file on its way to a run: with what the command line changes, and the name, id and time that the run gets.
struct Submission {
    let document: ManifestDocument
    private(set) var manifest: JSONValue
    /// Logs of all steps become artifacts, whatever the Workflow says.
    private var archivesLogs = false

    init(_ document: ManifestDocument) {
        self.document = document
        self.manifest = document.value
        // What another system knew about an earlier run of it.
        self.manifest.set(["status"], nil)
        for field in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"] {
            self.manifest.set(["metadata", field], nil)
        }
    }

    var name: String { self.manifest["metadata"]?["name"]?.string ?? "" }
    var generateName: String? {
        guard let prefix = self.manifest["metadata"]?["generateName"]?.string, !prefix.isEmpty else { return nil }
        return prefix
    }
    var namespace: String { self.manifest["metadata"]?["namespace"]?.string ?? "default" }

    /// Names that `-p` may set: of the workflow's own arguments and of those that its template brings.
    func parameterNames(_ library: [PlanningDocument]) -> [String] {
        guard let workflow = Workflow(self.manifest) else { return [] }
        return (workflow.spec.arguments.parameters + (self.template(in: library)?.spec.arguments.parameters ?? [])).map(\.name)
    }

    /// What its workflowTemplateRef names.
    func template(in library: [PlanningDocument]) -> Workflow? {
        guard let reference = Workflow(self.manifest)?.spec.workflowTemplateRef else { return nil }
        let kind: WorkflowKind = reference.clusterScope ? .clusterWorkflowTemplate : .workflowTemplate
        return library.first { $0.workflow.metadata.name == reference.name && $0.workflow.kind == kind }?.workflow
    }

    /// Applies what the command line says.
    mutating func apply(_ request: RunRequest) {
        for (name, value) in request.parameters { self.setParameter(name, value) }
        if let entrypoint = request.entrypoint { self.manifest.set(["spec", "entrypoint"], .string(entrypoint)) }
        if let name = request.name { self.manifest.set(["metadata", "name"], .string(name)) }
        if let prefix = request.generateName {
            self.manifest.set(["metadata", "generateName"], .string(prefix))
            // Asked for is a name that is made.
            if request.name == nil { self.manifest.set(["metadata", "name"], nil) }
        }
        if let account = request.serviceAccount { self.manifest.set(["spec", "serviceAccountName"], .string(account)) }
        if let priority = request.priority { self.manifest.set(["spec", "priority"], .integer(priority)) }
        for (key, value) in request.annotations.sorted(by: { $0.key < $1.key }) {
            self.manifest.set(["metadata", "annotations", key], .string(value))
        }
        for (key, value) in request.labels.sorted(by: { $0.key < $1.key }) {
            self.manifest.set(["metadata", "labels", key], .string(value))
        }
        if self.manifest["metadata"]?["namespace"]?.string?.isEmpty ?? true {
            self.manifest.set(["metadata", "namespace"], .string(request.namespace))
        }
    }

    /// A value from the command line takes the place of whatever the file says the value is.
    private mutating func setParameter(_ name: String, _ value: String) {
        var parameters = self.manifest["spec"]?["arguments"]?["parameters"]?.array ?? []
        if let at = parameters.firstIndex(where: { $0["name"]?.string == name }) {
            parameters[at].set(["value"], .string(value))
            parameters[at].set(["valueFrom"], nil)
        } else {
            parameters.append(["name": .string(name), "value": .string(value)])
        }
        self.manifest.set(["spec", "arguments", "parameters"], .array(parameters))
    }

    /// Makes it one particular run.
    /// - Parameter suffix: what follows `generateName` when there is no name.
    mutating func identify(uid: String, createdAt: Timestamp, suffix: String) {
        if self.isGenerated || self.name.isEmpty, let prefix = self.generateName {
            self.manifest.set(["metadata", "name"], .string(prefix + suffix))
            self.isGenerated = true
        }
        self.manifest.set(["metadata", "uid"], .string(uid))
        self.manifest.set(["metadata", "creationTimestamp"], .string(createdAt.rfc3339))
    }

    /// Its name was made from `generateName`, and another could be made.
    private(set) var isGenerated = false

    /// What is wrong with the name: it must be one that Kubernetes would take.
    var nameFault: Diagnostic? {
        let name = self.manifest["metadata"]?["name"]?.string ?? ""
        if name.isEmpty, self.generateName == nil {
            return self.fault(
                .missingField, "metadata", "a Workflow needs metadata.name or metadata.generateName", hint: "add 'generateName: my-flow-'")
        }
        let shown = name.isEmpty ? (self.generateName ?? "") + "x" : name
        if Self.isLegal(shown) { return nil }
        return self.fault(
            .badValue, name.isEmpty ? "metadata.generateName" : "metadata.name",
            "'\(name.isEmpty ? self.generateName ?? "" : name)' cannot be the name of a run",
            hint: "use at most 63 lower case letters, digits, '-' and '.', with a letter or digit at both ends")
    }

    private static func isLegal(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        func isPlain(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63, isPlain(first), isPlain(last) else { return false }
        return bytes.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private func fault(_ code: DiagnosticCode, _ path: String, _ message: String, hint: String) -> Diagnostic {
        let source = self.document.source
        return Diagnostic(
            code, file: source.file, path: FieldPath(path), position: source.value(FieldPath(path)), message: message, hint: hint)
    }

    func planned(_ context: ManifestContext) -> PlanningResult {
        guard let workflow = Workflow(self.manifest) else { preconditionFailure("a submission is not of kind Workflow") }
        return Planner.plan(
            PlanningInput(
                workflow: PlanningDocument(workflow: workflow, source: self.document.source), library: context.library,
                resources: context.resources, readYAML: ManifestReader.value(ofYAML:), archivesLogs: self.archivesLogs))
    }

    // MARK: Rules

    /// What the rules forbid: a Workflow of its own where only stored templates may run, and fields that would change what a template does.
    func faults(against rules: SubmissionRules) -> [Diagnostic] {
        guard let referencing = rules.templateReferencing else { return [] }
        let rule = "workflowRestrictions.templateReferencing is \(referencing.rawValue)"
        guard self.manifest["spec"]?["workflowTemplateRef"]?["name"] != nil else {
            return [
                self.fault(
                    .restricted, "spec", "the workflow names no stored template: \(rule)",
                    hint: "store it with 'skiff apply', and name it with 'workflowTemplateRef'")
            ]
        }
        let fields = self.manifest["spec"]?.object?.keys.filter { !SubmissionRules.overridable.contains($0) } ?? []
        var paths = fields.map { FieldPath("spec").field($0) }
        let collection = self.manifest["spec"]?["artifactGC"]?.object?.keys ?? []
        paths += collection.filter(SubmissionRules.forbiddenInArtifactGC.contains).map { FieldPath("spec").field("artifactGC").field($0) }
        return paths.map { path in
            self.fault(
                .restricted, path.text, "'\(path.text)' may not be set: \(rule)",
                hint: "what a workflow may set itself: \(SubmissionRules.overridable.sorted().joined(separator: ", "))")
        }
    }

    /// Puts what the rules say of every Workflow below what this one says itself, and below what its template says.
    mutating func apply(_ rules: SubmissionRules, template: Workflow?) {
        self.archivesLogs = rules.archivesLogs
        guard let defaults = rules.defaults else { return }
        if let metadata = defaults["metadata"] {
            self.manifest.set(["metadata"], StrategicMerge.merge(self.manifest["metadata"] ?? [:], onto: metadata))
        }
        for (field, value) in defaults["spec"]?.object ?? JSONObject() {
            let inTemplate = template?.spec.raw[field]
            // It takes its templates from where it refers to.
            if template != nil, field == "templates" || field == "entrypoint" && inTemplate != nil { continue }
            let lower = inTemplate.map { StrategicMerge.merge($0, onto: value, field: field) } ?? value
            let merged = (self.manifest["spec"]?[field]).map { StrategicMerge.merge($0, onto: lower, field: field) } ?? lower
            self.manifest.set(["spec", field], merged)
        }
    }
}

extension DiagnosticCode {
    /// Something that the configuration does not allow.
    static let restricted = DiagnosticCode("restricted")
}

extension SubmissionRules {
    /// What a Workflow may say beside the template that it runs.
    /// - Source: Argo's documentation of workflow restrictions.
    static let overridable: Set<String> = [
        "arguments", "entrypoint", "shutdown", "suspend", "activeDeadlineSeconds", "priority", "ttlStrategy", "podGC", "volumeClaimGC",
        "archiveLogs", "workflowMetadata", "workflowTemplateRef", "metrics", "artifactGC",
    ]
    static let forbiddenInArtifactGC: Set<String> = ["podSpecPatch", "serviceAccountName", "podMetadata"]
}

extension JSONValue {
    /// Sets a field of objects inside objects, which are made where they are missing; nil removes it.
    mutating func set(_ path: [String], _ value: JSONValue?) {
        guard let first = path.first else { return }
        var object = self.object ?? JSONObject()
        if path.count == 1 {
            object[first] = value
        } else {
            if value == nil, object[first] == nil { return }
            var inner = object[first] ?? .object(JSONObject())
            inner.set(Array(path.dropFirst()), value)
            object[first] = inner
        }
        self = .object(object)
    }
}
