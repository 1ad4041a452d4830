import Diagnostics
import Manifests
import Operations
import Planning
import Ports
import WorkflowModel

/// What a set of objects must be before any of it is stored: the same as lint asks of files, and what storing asks beside it.
struct ResourceChecks {
    let manifests: [ResourceManifest]
    let namespace: String
    let open: (@Sendable () async throws -> any ResourceReader)?

    /// - Throws: `OperationError`.
    func diagnostics() async throws -> [Diagnostic] {
        var found = self.kindFaults + self.manifests.flatMap { ObjectCheck(manifest: $0).diagnostics }
        var given = ManifestContext()
        for manifest in self.manifests { given.add(manifest) }
        let stored = StoredContexts(given: given, open: self.open, namespace: self.namespace)
        found += try await stored.check()
        for manifest in self.manifests {
            guard let cron = CronDocument(manifest) else { continue }
            var context = given
            let namespace = manifest.object["metadata"]?["namespace"]?.string ?? self.namespace
            context = try await StoredContext(open: self.open, namespace: namespace, withSecrets: false)
                .completing(context, for: [cron.document.workflow.raw])
            let faults = Planner.check(
                PlanningInput(
                    workflow: cron.document, library: context.library, resources: context.resources, readYAML: ManifestReader.value(ofYAML:)
                ))
            found += faults.map { cron.placed($0) }
        }
        return ManifestContext.merged(found)
    }

    /// Objects that cannot be stored: passed over beside others, an error when there is nothing else.
    private var kindFaults: [Diagnostic] {
        let hasOthers = self.manifests.contains { $0.kind != nil }
        return self.manifests.filter { $0.kind == nil }.map { manifest in
            var fault = ObjectCheck(manifest: manifest).wrongKind
            if hasOthers { fault.severity = .warning }
            return fault
        }
    }
}

extension ResourceManifest {
    /// nil for a kind that is not stored.
    var kind: ResourceKind? { self.object["kind"]?.string.flatMap { ResourceKind(rawValue: $0) } }
}

/// The workflow that a CronWorkflow runs, as a document that can be planned.
private struct CronDocument {
    let document: PlanningDocument

    /// nil for another kind, and for a CronWorkflow without a workflow, which its schema has told of.
    init?(_ manifest: ResourceManifest) {
        guard manifest.kind == .cronWorkflow, let spec = manifest.object["spec"]?["workflowSpec"]
        else { return nil }
        let object: JSONValue = [
            "apiVersion": .string(ResourceKind.cronWorkflow.apiVersion), "kind": "Workflow",
            "metadata": manifest.object["metadata"] ?? [:], "spec": spec,
        ]
        guard let workflow = Workflow(object) else { return nil }
        self.document = PlanningDocument(workflow: workflow, source: Self.source(manifest.source))
    }

    /// A map in which `spec` is what `spec.workflowSpec` is in the text.
    private static func source(_ source: SourceMap) -> SourceMap {
        var source = source
        guard let document = source.document,
            let outer = source.children(of: document).first(where: { source.name(of: $0) == "spec" }),
            let inner = source.children(of: outer).first(where: { source.name(of: $0) == "workflowSpec" })
        else { return source }
        let path = FieldPath("spec").field("workflowSpec")
        let root = source.addDocument(at: source.value(FieldPath()))
        let spec = source.addField("spec", of: root, key: source.key(path), value: source.value(path))
        source.shareChildren(of: inner, with: spec)
        return source.rooted(at: root)
    }

    /// The fault with the path that it has in the CronWorkflow.
    func placed(_ diagnostic: Diagnostic) -> Diagnostic {
        var diagnostic = diagnostic
        if diagnostic.file == self.document.source.file, diagnostic.path.text.hasPrefix("spec") {
            diagnostic.path = FieldPath("spec.workflowSpec" + diagnostic.path.text.dropFirst("spec".count))
        }
        return diagnostic
    }
}

/// What one object must be to be stored, whatever else there is.
private struct ObjectCheck {
    let manifest: ResourceManifest

    var diagnostics: [Diagnostic] {
        guard let kind = self.manifest.kind else { return [] }
        return self.nameFaults(kind) + self.labelFaults("labels") + self.secretFaults(kind)
    }

    var wrongKind: Diagnostic {
        let kind = self.manifest.object["kind"]?.string ?? ""
        let kinds = ResourceKind.allCases.map(\.rawValue).joined(separator: ", ")
        return self.fault(
            .notStored, "kind", "kind '\(kind)' cannot be stored",
            hint: kind == "Workflow" ? "run it with: skiff submit FILE, or skiff run FILE" : "kinds that are stored: \(kinds)",
            length: kind.count)
    }

    private func nameFaults(_ kind: ResourceKind) -> [Diagnostic] {
        let metadata = self.manifest.object["metadata"]
        let name = metadata?["name"]?.string ?? ""
        let prefix = metadata?["generateName"]?.string ?? ""
        var faults: [Diagnostic] = []
        if name.isEmpty, prefix.isEmpty {
            let message = "a \(kind.rawValue) needs metadata.name or metadata.generateName"
            faults.append(self.fault(.missingField, "metadata", message, hint: "add 'name: …'"))
        } else {
            let longest = name.isEmpty ? kind.longestName - Identity.suffixLength : kind.longestName
            let shown = name.isEmpty ? prefix + "x" : name
            if !ObjectName.isLegal(shown, longest: longest, allowsDots: kind != .namespace) {
                let message = "'\(name.isEmpty ? prefix : name)' cannot be the name of a \(kind.rawValue)"
                let dots = kind == .namespace ? "and '-'" : "'-' and '.'"
                faults.append(
                    self.fault(
                        .badValue, name.isEmpty ? "metadata.generateName" : "metadata.name", message,
                        hint: "use at most \(longest) lower case letters, digits, \(dots), with a letter or digit at both ends"))
            }
        }
        if kind.isNamespaced, let namespace = metadata?["namespace"]?.string,
            !ObjectName.isLegal(namespace, longest: ResourceKind.namespace.longestName, allowsDots: false)
        {
            faults.append(
                self.fault(
                    .badValue, "metadata.namespace", "'\(namespace)' cannot be the name of a namespace",
                    hint: "use at most 63 lower case letters, digits and '-', with a letter or digit at both ends"))
        }
        return faults
    }

    private func labelFaults(_ field: String) -> [Diagnostic] {
        (self.manifest.object["metadata"]?[field]?.object.map(Array.init) ?? []).compactMap { key, value in
            let path = FieldPath("metadata").field(field).field(key).text
            guard ObjectName.isLabelKey(key) else {
                return self.fault(
                    .badValue, path, "'\(key)' cannot be the key of a label",
                    hint: "use up to 63 letters, digits, '-', '_' and '.', if wanted behind a domain and '/'")
            }
            guard let text = value.scalarText, !ObjectName.isLabelValue(text) else { return nil }
            return self.fault(
                .badValue, path, "'\(text)' cannot be the value of a label",
                hint: "use up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends")
        }
    }

    /// Keys become names of files and variables.
    private func secretFaults(_ kind: ResourceKind) -> [Diagnostic] {
        guard kind == .secret || kind == .configMap else { return [] }
        return ["data", "stringData", "binaryData"].flatMap { field in
            (self.manifest.object[field]?.object?.keys ?? []).filter { !ObjectName.isDataKey($0) }.map { key in
                self.fault(
                    .badValue, FieldPath(field).field(key).text, "'\(key)' cannot be a key of a \(kind.rawValue)",
                    hint: "use up to 253 letters, digits, '-', '_' and '.'")
            }
        }
    }

    private func fault(_ code: DiagnosticCode, _ path: String, _ message: String, hint: String, length: Int = 1) -> Diagnostic {
        let source = self.manifest.source
        let place = FieldPath(path)
        return Diagnostic(
            code, file: source.file, path: place, position: source.document == nil ? nil : source.value(place), length: max(1, length),
            message: message, hint: hint)
    }
}

extension DiagnosticCode {
    /// An object of a kind that is not kept.
    static let notStored = DiagnosticCode("not-stored")
}
