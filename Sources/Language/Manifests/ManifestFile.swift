public import Diagnostics
public import WorkflowModel

/// How much of a text is read. The text is not trusted: each limit bounds memory or the stack.
public struct ManifestLimits: Sendable, Equatable {
    /// Bytes of one file. More is refused before it is read.
    public var fileBytes = 32 * 1024 * 1024
    public var lines = 1_000_000
    /// Values (list items, field values) of one file, counted after aliases are expanded.
    public var values = 1_000_000
    /// Lists and maps inside one another.
    public var nesting = 200
    /// Diagnostics of one file; those after are counted, not kept.
    public var faults = 1000

    public init() {}
}

/// One file as read: its objects and all that is wrong with its text.
public struct ManifestFile: Sendable {
    /// As the user named it; `-` for standard input.
    public var file: String
    /// For excerpts. What a Secret holds is left out of them.
    public var lines: [Substring]
    /// The objects in the order of the text, those with faults too. A document that is not YAML, or not an object, is left out.
    public var documents: [ManifestDocument]
    /// In the order of their positions.
    public var diagnostics: [Diagnostic]

    public var hasErrors: Bool { self.diagnostics.contains { $0.severity == .error } }

    init(file: String, lines: [Substring] = [], documents: [ManifestDocument] = [], diagnostics: [Diagnostic] = []) {
        self.file = file
        self.lines = lines
        self.documents = documents
        self.diagnostics = diagnostics
    }
}

/// One object of a file.
public struct ManifestDocument: Sendable {
    /// `Workflow`; empty when the text gives none (which is a fault).
    public var kind: String
    public var apiVersion: String
    /// `metadata.name`, else `metadata.generateName`, else `object #2`.
    public var name: String
    /// The object with scalars as its schema wants them: what must be text is `.string`, even where the author left the quotes out.
    public var value: JSONValue
    /// Positions of the fields of `value`.
    public var source: SourceMap
    /// Counts the objects of the file from 0.
    public var index: Int

    init(value: JSONValue, source: SourceMap, index: Int) {
        self.kind = value["kind"]?.string ?? ""
        self.apiVersion = value["apiVersion"]?.string ?? ""
        let metadata = value["metadata"]
        let name = metadata?["name"]?.string ?? ""
        let prefix = metadata?["generateName"]?.string ?? ""
        self.name = !name.isEmpty ? name : !prefix.isEmpty ? prefix : "object #\(index + 1)"
        self.value = value
        self.source = source
        self.index = index
    }
}
