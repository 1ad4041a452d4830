import Diagnostics
public import WorkflowModel

/// Texts inside manifests that are YAML themselves.
extension ManifestReader {
    /// The first value in the text, whatever it is; the fault says the line inside the text.
    public static func value(ofYAML text: String) -> Result<JSONValue, YAMLFault> {
        let reader = ManifestReader()
        switch TextChecker(file: "", limits: reader.limits).check(Array(text.utf8)) {
        case .failure(let fault): return .failure(YAMLFault(Self.words(of: fault.diagnostic)))
        case .success(let (text, bytes)):
            let source = SourceText(text: text, bytes: bytes)
            do throws(UnreadableDocument) {
                for document in source.documents {
                    let faults = YAMLFaults(file: "", lines: source.lines, firstLine: document.firstLine, isSecret: false)
                    guard let yaml = try YAMLDocument(bytes: source.bytes[document.bytes], faults: faults) else { continue }
                    var builder = ValueBuilder(document: yaml, faults: faults, limits: reader.limits, remaining: reader.limits.values)
                    let value = try builder.build()
                    if let fault = builder.diagnostics.first(where: { $0.severity == .error }) {
                        return .failure(YAMLFault(Self.words(of: fault)))
                    }
                    if !value.isNull { return .success(value) }
                }
                return .success(.null)
            } catch {
                return .failure(YAMLFault(Self.words(of: error.diagnostic)))
            }
        }
    }

    private static func words(of fault: Diagnostic) -> String {
        fault.position.map { "line \($0.line): \(fault.message)" } ?? fault.message
    }
}
