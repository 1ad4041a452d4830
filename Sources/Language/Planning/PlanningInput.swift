public import Diagnostics
public import WorkflowModel

/// An object as it was read, and where its fields are written.
public struct PlanningDocument: Sendable {
    public var workflow: Workflow
    public var source: SourceMap
    public init(workflow: Workflow, source: SourceMap) {
        self.workflow = workflow
        self.source = source
    }
}

/// Everything a plan is made from.
public struct PlanningInput: Sendable {
    /// Name, uid and creation time must be filled in before a plan is run; for checks alone they may be missing.
    public var workflow: PlanningDocument
    /// The WorkflowTemplates and ClusterWorkflowTemplates that references may name.
    public var library: [PlanningDocument]
    public var resources: PlanResources
    public init(workflow: PlanningDocument, library: [PlanningDocument] = [], resources: PlanResources = PlanResources()) {
        self.workflow = workflow
        self.library = library
        self.resources = resources
    }
}

public struct PlanningResult: Sendable {
    /// nil when there is an error among the diagnostics.
    public var plan: Plan?
    /// Sorted by file and position.
    public var diagnostics: [Diagnostic]
}

extension DiagnosticCode {
    static let badArgument = DiagnosticCode("bad-argument")
    static let badArtifact = DiagnosticCode("bad-artifact")
    static let badDependency = DiagnosticCode("bad-dependency")
    static let badExpression = DiagnosticCode("bad-expression")
    static let badFanOut = DiagnosticCode("bad-fan-out")
    static let badName = DiagnosticCode("bad-name")
    static let badNumber = DiagnosticCode("bad-number")
    static let badOutput = DiagnosticCode("bad-output")
    static let badRetry = DiagnosticCode("bad-retry")
    static let badTag = DiagnosticCode("bad-tag")
    static let duplicateName = DiagnosticCode("duplicate-name")
    static let dependencyCycle = DiagnosticCode("dependency-cycle")
    static let ignoredField = DiagnosticCode("ignored-field")
    static let missingArgument = DiagnosticCode("missing-argument")
    static let missingEntrypoint = DiagnosticCode("missing-entrypoint")
    static let missingTemplate = DiagnosticCode("missing-template")
    static let notSupported = DiagnosticCode("not-supported")
    static let templateType = DiagnosticCode("template-type")
    static let unknownDependency = DiagnosticCode("unknown-dependency")
    static let unknownTemplate = DiagnosticCode("unknown-template")
    static let unknownWorkflowTemplate = DiagnosticCode("unknown-workflow-template")
}

/// Where a piece of a plan was written.
struct Origin {
    var document: PlanningDocument
    var path: FieldPath
    func field(_ name: String) -> Origin { Origin(document: self.document, path: self.path.field(name)) }
    func index(_ index: Int) -> Origin { Origin(document: self.document, path: self.path.index(index)) }
}

/// Gathers what is wrong, so that all of it can be told at once.
struct Faults {
    private(set) var list: [Diagnostic] = []

    var hasErrors: Bool { self.list.contains { $0.severity == .error } }

    /// - Parameter word: the word to underline, when it stands on the line of the value.
    mutating func add(
        _ code: DiagnosticCode, _ severity: Severity = .error, at origin: Origin, atKey: Bool = false, word: String? = nil,
        _ message: String,
        hint: String? = nil
    ) {
        let source = origin.document.source
        var position = atKey ? source.key(origin.path) : source.value(origin.path)
        var length = 1
        if let word, !word.isEmpty, let found = Self.find(word, in: source, from: position) {
            position = found
            length = word.count
        }
        let diagnostic = Diagnostic(
            code, severity, file: source.file, path: origin.path, position: position, length: length, message: message, hint: hint)
        if !self.list.contains(diagnostic) { self.list.append(diagnostic) }
    }

    var sorted: [Diagnostic] {
        self.list.sorted {
            ($0.file, $0.position ?? SourcePosition(line: 0, column: 0)) < ($1.file, $1.position ?? SourcePosition(line: 0, column: 0))
        }
    }

    /// Looks for the word from the position on, in the value's first line and the few after it (block scalars).
    private static func find(_ word: String, in source: SourceMap, from start: SourcePosition) -> SourcePosition? {
        for number in start.line..<start.line + 40 {
            guard number >= 1, number <= source.lines.count else { return nil }
            let line = source.lines[number - 1]
            let skipped = number == start.line ? min(start.column - 1, line.count) : 0
            let rest = Array(line.dropFirst(skipped))
            let wanted = Array(word)
            guard rest.count >= wanted.count else { continue }
            for at in 0...(rest.count - wanted.count) where rest[at] == wanted[0] && rest[at..<at + wanted.count].elementsEqual(wanted) {
                return SourcePosition(line: number, column: skipped + at + 1)
            }
        }
        return nil
    }
}
