import Diagnostics
import Manifests
import Planning
import WorkflowModel

/// A text of one or more manifests, read: the first Workflow or template is the one in question, the others are its library.
struct Reading {
    let file: ManifestFile
    let input: PlanningInput?

    init(_ text: String, name: String = "flow.yaml") {
        self.file = ManifestReader().read(file: name, bytes: Array(text.utf8))
        let documents = self.file.documents.compactMap { document in
            Workflow(document.value).map { PlanningDocument(workflow: $0, source: document.source) }
        }
        self.input = documents.first.map { first in
            PlanningInput(workflow: first, library: Array(documents.dropFirst()), readYAML: ManifestReader.value(ofYAML:))
        }
    }

    /// What `skiff lint` finds.
    var checked: [Diagnostic] { self.file.diagnostics + (self.input.map { Planner.check($0) } ?? []) }
    /// What `skiff run` finds.
    var planned: [Diagnostic] { self.file.diagnostics + (self.input.map { Planner.plan($0).diagnostics } ?? []) }
    var plan: Plan? { self.input.flatMap { Planner.plan($0).plan } }

    /// As people see them.
    func printed(_ diagnostics: [Diagnostic]) -> String {
        diagnostics.map { diagnostic in
            let line = diagnostic.position.flatMap { at in
                self.file.lines.indices.contains(at.line - 1) ? self.file.lines[at.line - 1] : nil
            }
            return DiagnosticPrinter(style: .plain).text(diagnostic, line: line) + "\n"
        }.joined()
    }
}

/// `line:column code: message`, without hints.
func brief(_ diagnostics: [Diagnostic], from least: Severity = .error) -> [String] {
    diagnostics.filter { $0.severity >= least }.map {
        "\($0.position?.line ?? 0):\($0.position?.column ?? 0) \($0.code): \($0.message)"
    }
}

/// A Workflow around templates, which begin in line 7; the template `say` stands at the end.
func workflow(_ templates: String, entrypoint: String = "main", spec: String = "") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: wf}
    spec:
      entrypoint: \(entrypoint)\(spec)
      templates:
    \(templates)
      - name: say
        inputs: {parameters: [{name: text}]}
        container: {image: "busybox:1", command: [echo], args: ["{{inputs.parameters.text}}"]}
    """
}
