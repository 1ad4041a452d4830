import Diagnostics

/// Texts inside manifests that must be YAML themselves.
extension ManifestReader {
    /// Why a text is no YAML, in one line with the line inside the text; nil when it is. What the YAML says is not looked at.
    public static func yamlFault(in text: String) -> String? {
        let faults = ManifestReader().read(file: "", bytes: Array(text.utf8)).diagnostics
        guard let fault = faults.first(where: { $0.code == .notYAML }) else { return nil }
        return fault.position.map { "line \($0.line): \(fault.message)" } ?? fault.message
    }
}
