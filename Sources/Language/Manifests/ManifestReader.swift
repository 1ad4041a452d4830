public import Diagnostics
import WorkflowModel

/// Reads manifests: text to objects with positions, and everything that is wrong with the text.
///
/// Safe for text from anywhere: memory and stack are bounded by `ManifestLimits`, and nothing throws.
public struct ManifestReader: Sendable {
    public let limits: ManifestLimits
    /// How bad a field is that the schema does not have. Argo's own command line refuses it too.
    public let unknownFields: Severity

    public init(limits: ManifestLimits = .init(), unknownFields: Severity = .error) {
        self.limits = limits
        self.unknownFields = unknownFields
    }

    /// Reads a text of any number of documents, YAML or JSON.
    /// - Parameter file: the name for messages; nothing is opened.
    public func read(file: String, bytes: [UInt8]) -> ManifestFile {
        self.read(file: file, bytes: bytes, isOneOfMany: false)
    }

    /// - Parameter isOneOfMany: found in a directory, where other YAML may lie about: a document that is no manifest is only a warning.
    func read(file: String, bytes: [UInt8], isOneOfMany: Bool) -> ManifestFile {
        switch TextChecker(file: file, limits: self.limits).check(bytes) {
        case .failure(let fault): return ManifestFile(file: file, diagnostics: [fault.diagnostic])
        case .success(let (text, bytes)):
            let source = SourceText(text: text, bytes: bytes)
            var documents = DocumentReader(file: file, reader: self, source: source, isOneOfMany: isOneOfMany)
            return documents.read()
        }
    }
}

/// Reads the documents of one file.
private struct DocumentReader {
    private let reader: ManifestReader
    private let source: SourceText
    private let isOneOfMany: Bool
    private var result: ManifestFile
    private var remaining: Int

    init(file: String, reader: ManifestReader, source: SourceText, isOneOfMany: Bool) {
        self.reader = reader
        self.source = source
        self.isOneOfMany = isOneOfMany
        self.result = ManifestFile(file: file, lines: source.lines)
        self.remaining = reader.limits.values
    }

    mutating func read() -> ManifestFile {
        if self.source.documents.isEmpty {
            self.report(
                Diagnostic(
                    .emptyFile, self.isOneOfMany ? .warning : .error, file: self.result.file, message: "there is no manifest in this file"))
        }
        for document in self.source.documents {
            do throws(UnreadableDocument) { try self.read(document) } catch { self.report(error.diagnostic) }
        }
        self.result.diagnostics.sort { ($0.position ?? Self.start, $0.message) < ($1.position ?? Self.start, $1.message) }
        self.limitFaults()
        return self.result
    }

    private static let start = SourcePosition(line: 1, column: 1)

    private mutating func report(_ diagnostic: Diagnostic) { self.result.diagnostics.append(diagnostic) }

    private mutating func limitFaults() {
        let most = self.reader.limits.faults
        let more = self.result.diagnostics.count - most
        guard more > 0 else { return }
        // An error must not be cut away behind warnings.
        let errors = self.result.diagnostics.filter { $0.severity == .error }
        self.result.diagnostics = Array((errors.count >= most ? errors : self.result.diagnostics).prefix(most))
        if errors.count < most, let last = errors.last, !self.result.diagnostics.contains(last) { self.result.diagnostics.append(last) }
        self.report(Diagnostic(.tooManyFaults, .warning, file: self.result.file, message: "\(more) more faults of this file are not shown"))
    }

    private mutating func read(_ document: SourceText.Document) throws(UnreadableDocument) {
        let faults = YAMLFaults(
            file: self.result.file, lines: self.source.lines, firstLine: document.firstLine, isSecret: document.isSecret)
        guard let yaml = try YAMLDocument(bytes: self.source.bytes[document.bytes], faults: faults) else { return }
        var builder = ValueBuilder(document: yaml, faults: faults, limits: self.reader.limits, remaining: self.remaining)
        let value = try builder.build()
        self.remaining = builder.remaining
        self.result.diagnostics += builder.diagnostics
        if value.isNull { return }
        self.add(value, builder.source, isSecret: document.isSecret)
    }

    private mutating func add(_ value: JSONValue, _ source: SourceMap, isSecret: Bool) {
        guard case .object(let object) = value else {
            let what = if case .array = value { "a list" } else { "a single text or number" }
            return self.report(
                Diagnostic(
                    .notAManifest, self.severity, file: self.result.file, position: source.value(FieldPath()),
                    message: "this document is \(what), expected a Kubernetes object with 'apiVersion' and 'kind'"))
        }
        if let kind = object["kind"]?.string, kind.hasSuffix("List"), case .array(let items)? = object["items"] {
            return self.addItems(items, ofKind: String(kind.dropLast(4)), apiVersion: object["apiVersion"], source, isSecret: isSecret)
        }
        var manifest = ManifestDocument(value: value, source: source, index: self.result.documents.count)
        var kinds = KindChecker(document: manifest, severity: self.severity)
        let schema = kinds.check()
        self.result.diagnostics += kinds.diagnostics
        guard !kinds.isForeign else { return }
        var checker = SchemaChecker(source: source, unknownFields: self.reader.unknownFields, isSecret: isSecret || schema == "Secret")
        if let schema {
            manifest.value = checker.check(value, as: schema)
        } else {
            checker.checkMetadata(of: value)
        }
        self.result.diagnostics += checker.diagnostics
        self.result.documents.append(manifest)
    }

    private var severity: Severity { self.isOneOfMany ? .warning : .error }

    /// The items of a list are objects of their own. Those of a `WorkflowList` need not repeat their kind.
    private mutating func addItems(_ items: [JSONValue], ofKind kind: String, apiVersion: JSONValue?, _ source: SourceMap, isSecret: Bool) {
        guard let document = source.document,
            let list = source.children(of: document).first(where: { source.name(of: $0) == "items" })
        else { return }
        for (item, place) in zip(items, Array(source.children(of: list))) {
            var item = item
            let rooted = source.rooted(at: place)
            if !kind.isEmpty, case .object(var object) = item {
                if object["kind"] == nil { object["kind"] = .string(kind) }
                if object["apiVersion"] == nil { object["apiVersion"] = apiVersion }
                item = .object(object)
            }
            self.add(item, rooted, isSecret: isSecret)
        }
    }
}

/// Finds out what kind of object a document is, and whether it is written as that kind must be.
private struct KindChecker {
    private let document: ManifestDocument
    /// How bad a document without a kind is.
    private let severity: Severity
    private(set) var diagnostics: [Diagnostic] = []
    /// The document is no Kubernetes object at all.
    private(set) var isForeign = false

    init(document: ManifestDocument, severity: Severity) {
        self.document = document
        self.severity = severity
    }

    /// - Returns: the schema to check the document with; nil for a kind that is not read.
    mutating func check() -> String? {
        let value = self.document.value
        if value["kind"] == nil, value["apiVersion"] == nil {
            self.isForeign = true
            self.report(
                .notAManifest, self.severity, FieldPath(),
                "this document has neither 'apiVersion' nor 'kind', so it is no Kubernetes object",
                hint: "a workflow starts with 'apiVersion: argoproj.io/v1alpha1' and 'kind: Workflow'")
            return nil
        }
        guard let text = self.text("kind", missing: "Workflow") else { return nil }
        guard let kind = ManifestKind.named(text) else {
            self.reportUnknown(text)
            return nil
        }
        guard kind.isRead else {
            self.report(
                .unknownKind, .warning, FieldPath("kind"), "kind '\(text)' is not read and has no effect", hint: nil, length: text.count)
            return nil
        }
        if let version = self.text("apiVersion", missing: kind.apiVersion), version != kind.apiVersion {
            self.report(
                .badValue, .error, FieldPath("apiVersion"), "'apiVersion' of a \(text) is '\(version)', expected '\(kind.apiVersion)'",
                hint: nil, length: version.count)
        }
        return text
    }

    private mutating func text(_ field: String, missing example: String) -> String? {
        switch self.document.value[field] {
        case .string(let text)?: return text
        case nil, .null?:
            self.report(.missingField, .error, FieldPath(), "this document has no '\(field)'", hint: "add '\(field): \(example)'")
        default:
            self.report(.wrongType, .error, FieldPath(field), "'\(field)' is no string", hint: "write '\(field): \(example)'")
        }
        return nil
    }

    private mutating func reportUnknown(_ kind: String) {
        let known = ManifestKind.all.filter(\.isRead).map(\.name)
        if let close = Spelling.closest(to: kind, among: known) {
            self.report(
                .unknownKind, .error, FieldPath("kind"), "unknown kind '\(kind)'", hint: "did you mean '\(close)'?", length: kind.count)
        } else {
            self.report(
                .unknownKind, .warning, FieldPath("kind"), "kind '\(kind)' is not read and has no effect",
                hint: "kinds that are read: \(known.joined(separator: ", "))", length: kind.count)
        }
    }

    private mutating func report(
        _ code: DiagnosticCode, _ severity: Severity, _ path: FieldPath, _ message: String, hint: String?, length: Int = 1
    ) {
        self.diagnostics.append(
            Diagnostic(
                code, severity, file: self.document.source.file, path: path, position: self.document.source.value(path),
                length: max(length, 1),
                message: message, hint: hint))
    }
}
