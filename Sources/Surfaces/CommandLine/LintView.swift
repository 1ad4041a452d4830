import Diagnostics
import Operations
import WorkflowModel

/// What lint found, as text for people and as JSON for programs.
struct LintView {
    let report: LintReport

    /// - Parameter isStrict: warnings are errors.
    init(_ report: LintReport, isStrict: Bool) {
        self.report = isStrict ? Self.strict(report) : report
    }

    private static func strict(_ report: LintReport) -> LintReport {
        var report = report
        for at in report.findings.indices where report.findings[at].diagnostic.severity == .warning {
            report.findings[at].diagnostic.severity = .error
        }
        return report
    }

    var errorCount: Int { self.report.findings.count { $0.diagnostic.severity == .error } }
    /// There was nothing that could have had a fault.
    var isEmpty: Bool { self.report.objectCount == 0 && self.errorCount == 0 }
    var hasFailed: Bool { self.errorCount > 0 || self.isEmpty }

    // MARK: Text

    /// Each fault with its line and a caret below it, then how many errors there were.
    func prettyText(_ style: OutputStyle) -> String {
        DiagnosticList(self.report.findings.map(\.diagnostic), excerpts: self.report.excerpts).text(style) + self.summary(style)
    }

    /// A line for each fault, which names the object as Argo does.
    func simpleText(_ style: OutputStyle) -> String {
        let printer = DiagnosticPrinter(style: .plain)
        let lines = self.report.findings.map { finding in
            var diagnostic = finding.diagnostic
            if let object = finding.object { diagnostic.message = "in \"\(object.name)\" (\(object.kind)): \(diagnostic.message)" }
            return printer.simpleText(diagnostic) + "\n"
        }
        return lines.joined() + (self.errorCount == 0 ? self.summary(style) : "")
    }

    private func summary(_ style: OutputStyle) -> String {
        if self.isEmpty { return "found nothing to lint in the specified paths, failing...\n" }
        let icon = style.usesUTF8 ? style.icon(phase: self.errorCount == 0 ? "Succeeded" : "Failed") + " " : ""
        return self.errorCount == 0 ? "\(icon)no linting errors found!\n" : "\(icon)\(self.errorCount) linting errors found!\n"
    }

    // MARK: JSON

    /// A list with an object for each fault. The names of its fields never change; docs/lint.md describes them.
    var json: JSONValue { .array(self.report.findings.map(Self.json)) }

    private static func json(_ finding: LintFinding) -> JSONValue {
        let diagnostic = finding.diagnostic
        var object = JSONObject()
        object["file"] = .string(diagnostic.file)
        if let position = diagnostic.position {
            object["line"] = .integer(position.line)
            object["column"] = .integer(position.column)
            object["endColumn"] = .integer(position.column + max(1, diagnostic.length))
        }
        object["severity"] = .string(diagnostic.severity.rawValue)
        object["code"] = .string(diagnostic.code.text)
        object["message"] = .string(diagnostic.message)
        object["hint"] = diagnostic.hint.map { .string($0) }
        if !diagnostic.path.text.isEmpty { object["path"] = .string(diagnostic.path.text) }
        object["kind"] = finding.object.map { .string($0.kind) }
        object["name"] = finding.object.map { .string($0.name) }
        return .object(object)
    }
}
