/// A place in a file: line and column count from 1, columns in characters.
public struct SourcePosition: Sendable, Hashable, Comparable {
    public var line: Int
    public var column: Int
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
    public static func < (left: SourcePosition, right: SourcePosition) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

/// Where a field stands in a document: `spec.templates[0].dag.tasks[2].depends`. The document itself is the empty path.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    public var text: String
    public init(_ text: String = "") { self.text = text }
    public func field(_ name: String) -> FieldPath { FieldPath(self.text.isEmpty ? name : self.text + "." + name) }
    public func index(_ index: Int) -> FieldPath { FieldPath("\(self.text)[\(index)]") }
    /// The path one level up; nil for the document itself.
    public var parent: FieldPath? {
        guard !self.text.isEmpty else { return nil }
        guard let cut = self.text.lastIndex(where: { $0 == "." || $0 == "[" }) else { return FieldPath() }
        return FieldPath(String(self.text[..<cut]))
    }
    public var description: String { self.text }
}

public enum Severity: String, Sendable, Comparable, CaseIterable {
    case hint, warning, error
    public static func < (left: Severity, right: Severity) -> Bool {
        Severity.allCases.firstIndex(of: left)! < Severity.allCases.firstIndex(of: right)!
    }
}

/// What is wrong, in one word that stays the same for ever: `unknown-field`. Each has a page, `docs/errors/<code>.md`.
public struct DiagnosticCode: Sendable, Hashable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { self.text }
}

/// One fault of a manifest, ready to be shown to its author.
public struct Diagnostic: Sendable, Hashable {
    public var code: DiagnosticCode
    public var severity: Severity
    public var file: String
    public var path: FieldPath
    public var position: SourcePosition?
    /// How many characters the caret line underlines, at least 1.
    public var length: Int
    /// What is, and what was expected: lower case, no full stop, the user's words in single quotes.
    public var message: String
    /// What to do.
    public var hint: String?

    public init(
        _ code: DiagnosticCode, _ severity: Severity = .error, file: String, path: FieldPath = FieldPath(), position: SourcePosition? = nil,
        length: Int = 1, message: String, hint: String? = nil
    ) {
        self.code = code
        self.severity = severity
        self.file = file
        self.path = path
        self.position = position
        self.length = length
        self.message = message
        self.hint = hint
    }
}
