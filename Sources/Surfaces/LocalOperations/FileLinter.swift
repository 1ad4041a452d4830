import Diagnostics
import Manifests
import Operations
import Planning
import Ports
import WorkflowModel

/// Finds everything that is wrong with a set of files. Each object is checked with all the others as its context.
struct FileLinter {
    private let context: ManifestContext
    private let kinds: Set<String>?
    private let stored: (@Sendable () async throws -> any ResourceReader)?
    private let namespace: String
    /// The objects of each file in the order of the text.
    private let objects: [String: [PlacedObject]]

    private struct PlacedObject {
        var start: SourcePosition
        var object: LintFinding.Object
    }

    /// - Parameters:
    ///   - stored: opens what is stored, for what the files name and do not hold.
    ///   - namespace: of objects that name none.
    init(_ request: LintRequest, stored: (@Sendable () async throws -> any ResourceReader)?, namespace: String) {
        self.stored = stored
        self.namespace = namespace
        let reader = ManifestReader(unknownFields: request.toleratesUnknownFields ? .warning : .error)
        self.context = ManifestContext.read(request.files, with: reader)
        self.kinds = request.kinds
        var objects: [String: [PlacedObject]] = [:]
        for file in self.context.files {
            objects[file.file] = file.documents.map { document in
                PlacedObject(
                    start: document.source.value(FieldPath()), object: LintFinding.Object(kind: document.kind, name: document.name))
            }
        }
        self.objects = objects
    }

    /// - Throws: `OperationError`.
    func report() async throws -> LintReport {
        var planned = try await StoredContexts(given: self.context, open: self.stored, namespace: self.namespace).check(self.wants)
        for document in self.context.cronWorkflows where self.wants(document.kind) {
            guard let cron = CronWorkflow(document.value) else { continue }
            let context = try await self.completed(for: document)
            planned += Planner.check(cron, source: document.source, library: context.library, resources: context.resources)
        }
        for document in self.context.eventBindings where self.wants(document.kind) {
            guard let binding = WorkflowEventBinding(document.value) else { continue }
            planned += Planner.check(binding, source: document.source, library: try await self.completed(for: document).library)
        }
        let findings = ManifestContext.merged(self.context.diagnostics, planned)
            .map { LintFinding($0, in: self.object(of: $0)) }
            .filter { finding in finding.object.map { self.wants($0.kind) } ?? true }
        return LintReport(findings: self.sorted(findings), excerpts: self.context.excerpts, objectCount: self.objectCount)
    }

    /// What was given, with what is stored in the namespace of a document.
    private func completed(for document: ManifestDocument) async throws -> ManifestContext {
        let namespace = document.value["metadata"]?["namespace"]?.string ?? self.namespace
        let stored = StoredContext(open: self.stored, namespace: namespace, withSecrets: false)
        return try await stored.completing(self.context, for: [document.value])
    }

    private func wants(_ kind: String) -> Bool { self.kinds.map { $0.contains(kind) } ?? true }

    /// Objects of kinds that are never looked into do not count: a directory of Deployments has nothing to lint.
    private var objectCount: Int {
        self.objects.values.joined().count { ManifestKind.named($0.object.kind)?.isRead ?? false && self.wants($0.object.kind) }
    }

    /// Text that could not be made an object of.
    private static let textCodes: Set<DiagnosticCode> = [
        .fileNotFound, .fileUnreadable, .fileTooLarge, .emptyFile, .notYAML, .aliasExpansion, .unknownAlias, .tooDeep, .notAManifest,
        .tooManyFaults,
    ]

    /// The object that a fault stands in: the last one that starts before it.
    private func object(of diagnostic: Diagnostic) -> LintFinding.Object? {
        guard let position = diagnostic.position, !Self.textCodes.contains(diagnostic.code) else { return nil }
        return self.objects[diagnostic.file]?.last { $0.start <= position }?.object
    }

    private func sorted(_ findings: [LintFinding]) -> [LintFinding] {
        let order = Dictionary(self.context.files.enumerated().map { ($1.file, $0) }) { first, _ in first }
        let start = SourcePosition(line: 1, column: 1)
        return findings.enumerated().sorted { left, right in
            let (one, other) = (left.element.diagnostic, right.element.diagnostic)
            if one.file != other.file { return (order[one.file] ?? .max, one.file) < (order[other.file] ?? .max, other.file) }
            return (one.position ?? start, left.offset) < (other.position ?? start, right.offset)
        }.map(\.element)
    }
}
