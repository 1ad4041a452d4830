import Diagnostics
import Manifests
import Operations
import Planning
import WorkflowModel

/// A Workflow of a file on its way to a run: with what the command line changes, and the name, id and time that the run gets.
struct Submission {
    let document: ManifestDocument
    private(set) var manifest: JSONValue

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
        let reference = workflow.spec.workflowTemplateRef
        let base = library.first {
            $0.workflow.metadata.name == reference?.name
                && $0.workflow.kind == (reference?.clusterScope == true ? .clusterWorkflowTemplate : .workflowTemplate)
        }
        return (workflow.spec.arguments.parameters + (base?.workflow.spec.arguments.parameters ?? [])).map(\.name)
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
        self.manifest.setParameter(name, value)
    }

    /// Makes it one particular run.
    /// - Parameter suffix: what follows `generateName` when there is no name.
    mutating func identify(uid: String, createdAt: Timestamp, suffix: String) {
        if self.isGenerated || self.name.isEmpty, let prefix = self.generateName {
            self.manifest.set(["metadata", "name"], .string(Self.cut(prefix) + suffix))
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
        let shown = name.isEmpty ? Self.cut(self.generateName ?? "") + "x" : name
        if Self.isLegal(shown) { return nil }
        return self.fault(
            .badValue, name.isEmpty ? "metadata.generateName" : "metadata.name",
            "'\(name.isEmpty ? self.generateName ?? "" : name)' cannot be the name of a run",
            hint: "use at most 63 lower case letters, digits, '-' and '.', with a letter or digit at both ends")
    }

    /// A name that is made has at most 63 bytes, five of them what follows the prefix; Kubernetes cuts longer prefixes too.
    private static func cut(_ prefix: String) -> String { String(Substring(prefix.utf8.prefix(58))) }

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

    func planned(_ context: ManifestContext) -> PlanningResult { Planner.plan(self.input(self.manifest, context)) }

    /// What in the text is most likely a mistake, and does not keep it from running. Advice is for `skiff lint` to give.
    func warnings(_ context: ManifestContext) -> [Diagnostic] {
        Planner.lint(self.input(self.document.value, context)).filter { $0.severity == .warning }
    }

    private func input(_ manifest: JSONValue, _ context: ManifestContext) -> PlanningInput {
        guard let workflow = Workflow(manifest) else { preconditionFailure("a submission is not of kind Workflow") }
        return PlanningInput(
            workflow: PlanningDocument(workflow: workflow, source: self.document.source), library: context.library,
            resources: context.resources, readYAML: ManifestReader.value(ofYAML:))
    }
}

extension JSONValue {
    /// Gives a parameter of a Workflow's arguments a value, in place of whatever the object says it is.
    mutating func setParameter(_ name: String, _ value: String) {
        var parameters = self["spec"]?["arguments"]?["parameters"]?.array ?? []
        if let at = parameters.firstIndex(where: { $0["name"]?.string == name }) {
            parameters[at].set(["value"], .string(value))
            parameters[at].set(["valueFrom"], nil)
        } else {
            parameters.append(["name": .string(name), "value": .string(value)])
        }
        self.set(["spec", "arguments", "parameters"], .array(parameters))
    }

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
