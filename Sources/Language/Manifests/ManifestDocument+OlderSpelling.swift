public import Diagnostics
public import WorkflowModel

extension ManifestDocument {
    /// The object in the spelling of Argo Workflows 4, and where each older spelling stands in the text, in the order of the text.
    public func normalised() -> (value: JSONValue, changes: [(change: OlderSpelling.Change, position: SourcePosition)]) {
        let (value, changes) = OlderSpelling.normalised(self.value)
        return (value, changes.map { ($0, self.source.key(FieldPath($0.path))) })
    }
}
